"""1601SMS: texts by `gateway.php`, delivery reports pushed or asked for, its own outbox for later ones.

From 1601SMS's page "SMS Gateway API": the parameters, the errors, the states, the other actions. The numbers that
stand for states are those of Smstools, which is of the same house. How texts beyond the GSM alphabet would be
written, what the list of reports looks like, and which ids come back for a group are in no document.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from html import unescape
from zoneinfo import ZoneInfo

from mo_gateway import wire
from mo_gateway.form import read_form
from mo_gateway.gsm import Alphabet, Sizing, measure
from mo_gateway.masking import plain_word
from mo_gateway.message import WebhookRequest
from mo_gateway.providers import Acknowledgement
from mo_gateway.reply import Code, Delivery, DeliveryReport, MtMessage, SendOutcome, SendResult, Standing
from mo_gateway.wire import Answer, Wire

#: The document's table of errors. What is wrong with the account is so for every message: the others wait.
CODES: Mapping[str, Code] = {
    "100": Code("the user name is empty", SendOutcome.LATER, holds=True),
    "101": Code("the password is empty", SendOutcome.LATER, holds=True),
    "102": Code("the text is empty", SendOutcome.FAILED),
    "103": Code("there is no number", SendOutcome.FAILED),
    "104": Code("user name and password do not belong together", SendOutcome.LATER, holds=True),
    "105": Code("the text is longer than 160 characters", SendOutcome.FAILED),
    "106": Code("the number is not valid: it must begin with its country code", SendOutcome.FAILED),
    "107": Code("the number's country code is not valid, or not open to this account", SendOutcome.FAILED),
    "108": Code("there is not enough credit left", SendOutcome.LATER, holds=True),
    "109": Code("the sender is empty", SendOutcome.FAILED),
    "110": Code("a sender that is a number must begin with +", SendOutcome.FAILED),
    "111": Code("the sender is not valid: at most 12 characters", SendOutcome.FAILED),
    "112": Code("the country code is not valid", SendOutcome.FAILED),
    "113": Code("the sender holds characters that not all networks allow", SendOutcome.FAILED),
    "114": Code("the country is not permitted", SendOutcome.FAILED),
    "115": Code("the account is blocked: it was not paid", SendOutcome.LATER, holds=True),
    "116": Code("the account is blocked", SendOutcome.LATER, holds=True),
    "117": Code("this sender is not allowed", SendOutcome.FAILED),
    "118": Code("a long text has at most 3 parts of 153 characters, 459 together", SendOutcome.FAILED),
    "119": Code("long texts are not possible in this country", SendOutcome.FAILED),
    "120": Code("the gateway has a problem", SendOutcome.LATER, holds=True),
    "121": Code("the time to send it is past, or is no time", SendOutcome.FAILED),
    "122": Code("the outbox holds no such message", SendOutcome.FAILED),
    "123": Code("a list of reports needs a number of them", SendOutcome.FAILED),
    "124": Code("the number of reports is not valid", SendOutcome.FAILED),
    "125": Code("the address book has no such group", SendOutcome.FAILED),
    "126": Code("the group is empty", SendOutcome.FAILED),
    "150": Code("the system is down for maintenance", SendOutcome.LATER, holds=True),
}

#: Any other error. It may be of the account, so the others wait too.
UNDOCUMENTED = Code("an error that is not documented", SendOutcome.LATER, holds=True)

#: The document's table of states, then the numbers of Smstools for them.
STATES: Mapping[str, Delivery] = {
    "DELIVERED": Delivery.DELIVERED,
    "NOT DELIVERED": Delivery.FAILED,
    "BUFFERED": Delivery.PENDING,
    "SUBMITTED": Delivery.PENDING,
    "REJECTED": Delivery.FAILED,
    "NONE": Delivery.UNKNOWN,
    "0": Delivery.PENDING,
    "1": Delivery.DELIVERED,
    "2": Delivery.FAILED,
    "3": Delivery.PENDING,
    "4": Delivery.FAILED,
    "5": Delivery.FAILED,
    "9": Delivery.UNKNOWN,
}

NOTHING_FOUND = "122"
LONGEST_REFERENCE = 75

#: Stands before an outbox id, which could be somebody else's SMS id.
OUTBOX = "outbox:"

_OK = re.compile(r"OK(?:\s+([0-9]{1,20}))?", re.IGNORECASE)
_ERROR = re.compile(r"ERROR(?:\s+([0-9]{1,20}))?", re.IGNORECASE)
_CREDITS = re.compile(r"-?[0-9]{1,12}")
_STATE = re.compile(
    rf"({'|'.join(STATES)})(?: ([0-9]{{2}})/([0-9]{{2}})/([0-9]{{4}}) ([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}}))?"
)
_PUSHED_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_MARKUP = re.compile(r"<br\s*/?>|\ufeff", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the gateway answered to anything but an SMS."""

    is_done: bool
    text: str  #: the number or the list that was asked for, or what the code means
    code: str = ""  #: its error code; empty where there was none


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms1601Sender:
    """Sends by `gateway.php`, and asks `gatewayrapport.php`, in the folder that `url` names."""

    wire: Wire
    timezone: ZoneInfo  #: of the times that are sent and come back; the document names none
    url: str
    username: str
    password: str = field(repr=False)
    hash_password: bool  #: send its SHA-1 instead
    test: bool  #: all checks, no SMS, no credit taken
    schedule: bool  #: hand over a reply for later at once, to its own outbox
    logging: bool  #: keep SMS in the history of its web site
    e_mail: bool  #: confirm scheduled SMS by e-mail
    poll: bool  #: ask for reports that were not pushed
    rate: int
    charset: str = "utf-8"

    name = "sms1601"
    most_parts = 3
    repeats_safely_for = timedelta(0)

    @property
    def is_local(self) -> bool:
        """Whether the URL leads to a fake on this host."""
        return wire.is_local(self.url)

    def send(self, message: MtMessage) -> SendResult:
        """Send one message; or raise NotSent or MaybeSent."""
        sizing = measure(message.text)
        if obstacle := _obstacle(message, sizing):
            return wire.not_asked(obstacle)
        fields = self._fields(message, sizing)
        if character := wire.foreign_to(self.charset, "".join(fields.values())):
            return wire.not_asked(f"{self.charset} (MO_GATEWAY_SMS1601_CHARSET) has no {character}")
        result = read_result(self._call(**fields))
        if result.provider_id and self.schedule and message.at is not None:
            return replace(result, provider_id=f"{OUTBOX}{result.provider_id}")
        return result

    def standing(self) -> Standing:
        """Find out whether the credentials are right, and what credit is left; or raise NotSent or MaybeSent."""
        told = self.credits()
        if told.is_done:
            return Standing(is_right=True, text=f"1601SMS has {told.text} credits for us", credit=told.text)
        return Standing(is_right=False, text=f"1601SMS says {told.code}: {told.text}")

    def credits(self) -> Told:
        """Ask for the credits that are left; or raise NotSent or MaybeSent."""
        answer = self._call(action="credits")
        number = _cleaned(answer)
        if _CREDITS.fullmatch(number):
            return Told(is_done=True, text=number)
        return _not_done(_refused(answer) or wire.unreadable("number of credits"))

    def remove_scheduled(self, outbox_id: str) -> Told:
        """Take one SMS out of the outbox, by the id that sending it gave; or raise NotSent or MaybeSent."""
        return _emptied(self._call(action="verwijderbericht", id=outbox_id.removeprefix(OUTBOX)))

    def remove_scheduled_to(self, msisdn: str) -> Told:
        """Take all to one number out of the outbox; or raise NotSent or MaybeSent."""
        return _emptied(self._call(action="verwijderbericht", naar=msisdn))

    def empty_outbox(self) -> Told:
        """Take everything out of the outbox; or raise NotSent or MaybeSent."""
        return _emptied(self._call(action="verwijderoutbox"))

    def report(self, count: int) -> Told:
        """Ask for the last reports: a text, as no document says how to read it; or raise NotSent or MaybeSent."""
        answer = self._call(action="rapport", aantal=str(count))
        refused = _refused(answer)
        return _not_done(refused) if refused else Told(is_done=True, text=_cleaned(answer))

    def poll_report(self, provider_id: str) -> DeliveryReport | None:
        """Ask what became of one SMS; None where no known state came. Or raise NotSent or MaybeSent."""
        if provider_id.startswith(OUTBOX):  # what is sent from there gets another id, which is not told
            return None
        answer = self.wire.get(self._address("gatewayrapport.php"), [("smsid", provider_id), ("datum", "ja")])
        said = _STATE.fullmatch(" ".join(_cleaned(answer).upper().split()))
        if wire.refusal(answer) or not said:
            return None
        day, month, year, *clock = said.groups()[1:]
        return _report(
            status=said[1],
            provider_id=provider_id,
            reference=None,
            reported_at=_moment((year, month, day, *clock), self.timezone) if year else None,
            raw=answer.body,
        )

    def _call(self, **fields: str) -> Answer:
        password = self.password
        if self.hash_password:
            password = sha1(password.encode(), usedforsecurity=False).hexdigest()
        credentials = {"klantuser": self.username, "klantpwd": password}
        return self.wire.get(self._address("gateway.php"), {**credentials, **fields}.items(), self.charset)

    def _address(self, page: str) -> str:
        return f"{self.url.rstrip('/')}/{page}"

    def _fields(self, message: MtMessage, sizing: Sizing) -> dict[str, str]:
        fields = {
            "bericht": sizing.text,
            "afzender": f"+{message.sender}" if _is_number(message.sender) else message.sender,
            "logging": "ja" if self.logging else "nee",
            "referentie": message.reference,
        }
        if message.group is None:
            fields |= {"naar": message.msisdn, "delivery": "ja"}
        else:  # several ids would come back, in a form that is in no document
            fields |= {"naar": "groep", "groep": message.group}
        if len(sizing.parts) > 1:
            fields |= {"type": "long"}
        if self.schedule and message.at is not None:
            fields |= {"datum": _minute(message.at, self.timezone), "outboxid": "ja"}
            fields |= {} if self.e_mail else {"emailen": "nee"}
        if self.test:
            fields |= {"test": "ja"}
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms1601Reports:
    """Reads the delivery reports that 1601SMS pushes: a GET each."""

    timezone: ZoneInfo  #: of `datum`; the document names none

    name = "sms1601"

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        """Read the one report of a request."""
        form = read_form(request.raw, content_type=request.content_type, charset="utf-8")
        given = {name.lower(): value.strip() for name, value in reversed(form.parameters)}  # the first counts
        time = _PUSHED_TIME.fullmatch(given.get("datum", ""))
        report = _report(
            status=given.get("status", ""),
            provider_id=given.get("smsid"),
            reference=given.get("referentie"),
            reported_at=_moment(time.groups(), self.timezone) if time else None,
            raw=request.raw,
        )
        return [report]

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        """Give an answer; the document asks for none in particular."""
        return Acknowledgement(body=b"OK")


def read_result(answer: Answer) -> SendResult:
    """Read the answer to an SMS, whatever came."""
    said = _OK.fullmatch(_cleaned(answer))
    if said:
        result = SendResult(outcome=SendOutcome.SENT, text="taken", provider_id=said[1])
        return wire.believed(result, answer)
    return _refused(answer) or wire.unreadable("OK, and no ERROR with a number")


def _refused(answer: Answer) -> SendResult | None:
    """Read an ERROR, or else the HTTP status; None where neither refuses anything."""
    said = _ERROR.fullmatch(_cleaned(answer))
    if not said:
        return wire.refusal(answer)
    row = CODES.get(said[1] or "", UNDOCUMENTED)
    return SendResult(outcome=row.outcome, code=said[1] or "ERROR", text=row.meaning, holds=row.holds)


def _obstacle(message: MtMessage, sizing: Sizing) -> str:
    """Say why 1601SMS cannot send a message; empty where it can."""
    if message.vcard or message.data:
        return "1601SMS sends texts only, no visiting cards and no binary messages"
    if sizing.alphabet is not Alphabet.GSM:
        return (
            "1601SMS takes the GSM alphabet only, and the text has other characters:"
            " MO_GATEWAY_TRANSLITERATE=1 replaces those that have a likeness"
        )
    if len(sizing.parts) > Sms1601Sender.most_parts:
        return f"{CODES['118'].meaning}, and this one has {len(sizing.parts)}"
    if len(message.reference) > LONGEST_REFERENCE:
        return f"a reference has at most {LONGEST_REFERENCE} characters, not {len(message.reference)}"
    return ""


def _emptied(answer: Answer) -> Told:
    """Read the answer to a removal: where there was nothing to remove, it is done too."""
    result = read_result(answer)
    if result.outcome is SendOutcome.SENT:
        return Told(is_done=True, text="removed")
    return Told(is_done=result.code == NOTHING_FOUND, code=result.code, text=result.text)


def _not_done(result: SendResult) -> Told:
    return Told(is_done=False, code=result.code, text=result.text)


def _report(
    *, status: str, provider_id: str | None, reference: str | None, reported_at: datetime | None, raw: bytes
) -> DeliveryReport:
    return DeliveryReport(
        provider=Sms1601Reports.name,
        status=STATES.get(" ".join(status.upper().split()), Delivery.UNKNOWN),
        provider_status=plain_word(status),
        reference=plain_word(reference or "") or None,
        provider_id=plain_word(provider_id or "") or None,
        reported_at=reported_at,
        raw=raw,
    )


def _moment(parts: Sequence[str], timezone: ZoneInfo) -> datetime | None:
    """Read year, month, day, hour, minute and second of a clock in a zone; None where no calendar has them."""
    year, month, day, hour, minute, second = map(int, parts)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _minute(moment: datetime, timezone: ZoneInfo) -> str:
    """Write the first whole minute that is not before a moment."""
    full = moment.replace(second=0, microsecond=0)
    later = full if full == moment else full + timedelta(minutes=1)
    return later.astimezone(timezone).strftime("%Y%m%d%H%M")


def _cleaned(answer: Answer) -> str:
    """Give the words of an answer, without what HTML and editors put round them."""
    return _MARKUP.sub("\n", unescape(answer.text())).strip()


def _is_number(sender: str) -> bool:
    return sender.isascii() and sender.isdigit()
