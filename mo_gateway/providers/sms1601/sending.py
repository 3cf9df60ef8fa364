"""Sending by 1601SMS's `gateway.php`, and what else is asked of it: credits, its outbox, reports."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha1
from zoneinfo import ZoneInfo

from mo_gateway import results, wire
from mo_gateway.gsm import Alphabet, Sizing, measure
from mo_gateway.reply import DeliveryReport, MtMessage, SendResult, Standing
from mo_gateway.wire import Answer, Wire

from .answers import CODES, Told, cleaned, emptied, not_done, read_result, refused
from .reports import STATES, moment_of, report_of

LONGEST_REFERENCE = 75

#: Stands before an outbox id, which could be somebody else's SMS id.
OUTBOX = "outbox:"

_CREDITS = re.compile(r"-?[0-9]{1,12}")
_STATE = re.compile(
    rf"({'|'.join(STATES)})(?: ([0-9]{{2}})/([0-9]{{2}})/([0-9]{{4}}) ([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}}))?"
)


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
            return results.not_asked(obstacle)
        fields = self._fields(message, sizing)
        if character := wire.foreign_to(self.charset, "".join(fields.values())):
            return results.not_asked(f"{self.charset} (MO_GATEWAY_SMS1601_CHARSET) has no {character}")
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
        number = cleaned(answer)
        if _CREDITS.fullmatch(number):
            return Told(is_done=True, text=number)
        return not_done(refused(answer) or results.unreadable("number of credits"))

    def remove_scheduled(self, outbox_id: str) -> Told:
        """Take one SMS out of the outbox, by the id that sending it gave; or raise NotSent or MaybeSent."""
        return emptied(self._call(action="verwijderbericht", id=outbox_id.removeprefix(OUTBOX)))

    def remove_scheduled_to(self, msisdn: str) -> Told:
        """Take all to one number out of the outbox; or raise NotSent or MaybeSent."""
        return emptied(self._call(action="verwijderbericht", naar=msisdn))

    def empty_outbox(self) -> Told:
        """Take everything out of the outbox; or raise NotSent or MaybeSent."""
        return emptied(self._call(action="verwijderoutbox"))

    def report(self, count: int) -> Told:
        """Ask for the last reports: a text, as no document says how to read it; or raise NotSent or MaybeSent."""
        answer = self._call(action="rapport", aantal=str(count))
        refusal = refused(answer)
        return not_done(refusal) if refusal else Told(is_done=True, text=cleaned(answer))

    def poll_report(self, provider_id: str) -> DeliveryReport | None:
        """Ask what became of one SMS; None where no known state came. Or raise NotSent or MaybeSent."""
        if provider_id.startswith(OUTBOX):  # what is sent from there gets another id, which is not told
            return None
        answer = self.wire.get(self._address("gatewayrapport.php"), [("smsid", provider_id), ("datum", "ja")])
        said = _STATE.fullmatch(" ".join(cleaned(answer).upper().split()))
        if results.refusal(answer) or not said:
            return None
        day, month, year, *clock = said.groups()[1:]
        return report_of(
            status=said[1],
            provider_id=provider_id,
            reference=None,
            reported_at=moment_of((year, month, day, *clock), self.timezone) if year else None,
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


def _minute(moment: datetime, timezone: ZoneInfo) -> str:
    """Write the first whole minute that is not before a moment."""
    full = moment.replace(second=0, microsecond=0)
    later = full if full == moment else full + timedelta(minutes=1)
    return later.astimezone(timezone).strftime("%Y%m%d%H%M")


def _is_number(sender: str) -> bool:
    return sender.isascii() and sender.isdigit()
