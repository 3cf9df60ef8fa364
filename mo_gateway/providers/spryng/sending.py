"""Spryng's sending side: texts by one of its three APIs, and the credit.

`send` and `simple` take a form and answer a return code; `rest` takes and answers JSON. The return codes are those
of OpenWave's page on Spryng, in its order. Spryng's .NET client has 101 and 102, and 109 and 110, the other way
round, so both codes of such a pair mean the same here. The parameters are those of Spryng's own clients;
`docs/providers/spryng.md` says what was decided where its pages are silent.
"""

import re
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, replace
from datetime import timedelta
from json import dumps
from typing import Any
from urllib.parse import urljoin

from mo_gateway import results, wire
from mo_gateway.errors import ConfigError
from mo_gateway.gsm import Alphabet, Sizing, measure
from mo_gateway.reply import Code, MtMessage, SendOutcome, SendResult, Standing
from mo_gateway.wire import Answer, Wire

#: Where messages go, by `api`.
ADDRESSES = {
    "send": "https://api.spryngsms.com/api/send.php",
    "simple": "https://rest.spryngsms.com/api/simple/message",
    "rest": "https://rest.spryngsms.com/v1/messages",
}
#: What is asked for the credit; it lies beside.
CREDIT_PAGES = {"send": "check.php", "simple": "balance", "rest": "balance"}

#: The return codes. What is wrong with the account is so for every message: the others wait.
CODES: Mapping[str, Code] = {
    "1": Code("received", SendOutcome.SENT),
    "100": Code("a parameter is missing", SendOutcome.FAILED),
    "101": Code("the user name is too long or too short", SendOutcome.LATER, holds=True),
    "102": Code("the user name is too long or too short", SendOutcome.LATER, holds=True),
    "103": Code("the password is too short", SendOutcome.LATER, holds=True),
    "104": Code("the password is too long", SendOutcome.LATER, holds=True),
    "105": Code("the destination is too short", SendOutcome.FAILED),
    "106": Code("the destination is too long", SendOutcome.FAILED),
    "107": Code("the sender is too long", SendOutcome.FAILED),
    "108": Code("the sender is too short", SendOutcome.FAILED),
    "109": Code("the text is too long or too short", SendOutcome.FAILED),
    "110": Code("the text is too long or too short", SendOutcome.FAILED),
    "200": Code("security error: the user name or the password is wrong", SendOutcome.LATER, holds=True),
    "201": Code("unknown route", SendOutcome.LATER, holds=True),
    "202": Code("this account may not use the route", SendOutcome.LATER, holds=True),
    "203": Code("not enough credits", SendOutcome.LATER, holds=True),
    "800": Code("technical error", SendOutcome.LATER, holds=True),
}

#: HTTP statuses that the pages of `simple` and `rest` explain; the others are read as everywhere.
STATUSES: Mapping[int, Code] = {
    401: Code("the token or the password is wrong", SendOutcome.LATER, holds=True),
    404: Code("there is nothing at this address", SendOutcome.LATER, holds=True),
    405: Code("this address takes no messages", SendOutcome.LATER, holds=True),
    422: Code("a parameter is missing or wrong", SendOutcome.FAILED),
}

#: How `send.php` writes the routes that have a name.
ROUTES_OF_SEND = {"business": "BUSINESS", "economy": "ECONOMY"}
#: What `rest` takes; an error may name one.
PARAMETERS = ("body", "originator", "recipients", "encoding", "route", "reference")
MOST_PARTS = 4  # 612 characters
LONGEST_REFERENCE = 256

_SENDER = re.compile(r"[0-9]{1,14}|[ -~]{1,11}")
_NUMBER = re.compile(r"[0-9]{1,5}")
_CREDIT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_ID = re.compile(r"[!-~]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpryngSender:
    """Sends texts by the API that the settings name."""

    wire: Wire
    api: str  #: send, simple or rest
    url: str  #: where messages go; empty = Spryng's own address of that API
    username: str
    password: str = field(repr=False)
    secret: str = field(repr=False)  #: goes before the password
    token: str = field(repr=False)  #: of `rest`, which needs nothing else
    route: str
    service: str
    raw_encoding: bool  #: forms are always UTF-8
    report_codes: InitVar[Mapping[str, str]]  #: stands among the settings; SpryngReports is who needs it
    rate: int

    name = "spryng"
    most_parts = MOST_PARTS
    repeats_safely_for = timedelta(0)

    def __post_init__(self, report_codes: Mapping[str, str]) -> None:
        if self.api == "rest" and not self.token:
            raise ConfigError("MO_GATEWAY_SPRYNG_API=rest needs MO_GATEWAY_SPRYNG_TOKEN.")
        if self.api != "rest" and not (self.username and (self.secret or self.password)):
            raise ConfigError(
                f"MO_GATEWAY_SPRYNG_API={self.api} needs MO_GATEWAY_SPRYNG_USERNAME, and"
                " MO_GATEWAY_SPRYNG_SECRET or MO_GATEWAY_SPRYNG_PASSWORD."
            )

    @property
    def address(self) -> str:
        """Where messages go."""
        return self.url or ADDRESSES[self.api]

    @property
    def is_local(self) -> bool:
        """Whether the address is that of a fake on this host."""
        return wire.is_local(self.address)

    def send(self, message: MtMessage) -> SendResult:
        """Send one message; or raise NotSent or MaybeSent."""
        sizing = measure(message.text)
        if obstacle := _obstacle(message, sizing):
            return results.not_asked(obstacle)
        if self.api == "rest":
            return read_document(self._post_document(message, sizing))
        return read_code(self._post_form(message, sizing))

    def standing(self) -> Standing:
        """Ask for the credit, which needs the same credentials; or raise NotSent or MaybeSent."""
        if self.api == "send" and not self.password:
            text = "Spryng's check.php takes the password only, and what is set is the secret"
            return Standing(is_right=True, text=text, was_asked=False)
        answer = self._ask_credit()
        if refused := _refused(answer):
            return Standing(is_right=False, text=f"Spryng says {refused.code}: {refused.text}")
        credit = _amount(answer) if self.api == "rest" else answer.text("latin-1").strip()
        if self.api != "rest" and credit in ("", "-1"):
            return Standing(is_right=False, text="Spryng does not accept the user name or the password")
        if not _CREDIT.fullmatch(credit):
            return Standing(is_right=False, text="Spryng's answer is no credit: is the URL right?")
        return Standing(is_right=True, text=f"Spryng has {credit} credits for us", credit=credit)

    def _post_form(self, message: MtMessage, sizing: Sizing) -> Answer:
        is_unicode = sizing.alphabet is Alphabet.UCS2
        is_raw = self.raw_encoding or is_unicode or not _is_latin_1(sizing.text)
        fields = [
            *([("OPERATION", "send")] if self.api == "send" else []),
            ("USERNAME", self.username),
            ("SECRET", self.secret) if self.secret else ("PASSWORD", self.password),
            ("DESTINATION", message.msisdn),
            ("SENDER", message.sender),
            ("BODY", sizing.text),
            ("ROUTE", ROUTES_OF_SEND.get(self.route, self.route) if self.api == "send" else self.route),
            ("ALLOWLONG", "1" if len(sizing.parts) > 1 else ""),
            ("REFERENCE", message.reference),
            ("SERVICE", self.service),
            ("RAWENCODING", "1" if is_raw else ""),
            ("UNICODE", "1" if is_unicode else ""),
        ]
        given = [(self._written(name), value) for name, value in fields if value]
        return self.wire.post_form(self.address, given, "utf-8" if is_raw else "iso-8859-1")

    def _post_document(self, message: MtMessage, sizing: Sizing) -> Answer:
        document = {
            "body": sizing.text,
            "originator": message.sender,
            "recipients": [message.msisdn],
            "encoding": "unicode" if sizing.alphabet is Alphabet.UCS2 else "plain",
            "route": self.route,
            "reference": message.reference,
        }
        return self.wire.call("POST", self.address, dumps(document).encode(), self._headers())

    def _ask_credit(self) -> Answer:
        address = urljoin(self.address, CREDIT_PAGES[self.api])
        if self.api == "rest":
            return self.wire.call("GET", address, headers=self._headers())
        is_by_secret = self.api == "simple" and self.secret
        proof = ("SECRET", self.secret) if is_by_secret else ("PASSWORD", self.password)
        return self.wire.post_form(
            address, [(self._written(name), value) for name, value in (("USERNAME", self.username), proof)]
        )

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def _written(self, name: str) -> str:
        """Write a parameter's name as Spryng's own client of that API does."""
        return name.lower() if self.api == "simple" else name


def read_code(answer: Answer) -> SendResult:
    """Read what `send` or `simple` answered to a message: a return code, with whatever HTTP status."""
    word = answer.text("latin-1").strip()
    code = word.removeprefix("0")  # an old page of Spryng's has 01 for 1
    row, refused = CODES.get(code), _refused(answer)
    if row is None and _NUMBER.fullmatch(word) and not refused:
        text = "a return code that is not documented"
        return SendResult(outcome=SendOutcome.UNKNOWN, code=word, text=text, holds=True)
    if row is None:
        return refused or results.unreadable("return code")
    result = SendResult(outcome=row.outcome, code=code, text=row.meaning, holds=row.holds)
    return results.believed(result, answer)


def read_document(answer: Answer) -> SendResult:
    """Read what `rest` answered to a message: its object, or the parameters that are wrong."""
    document = _object(answer)
    if refused := _refused(answer):
        return _explained(refused, document)
    provider_id = document.get("id")
    if not isinstance(provider_id, str) or not _ID.fullmatch(provider_id):
        return results.unreadable("JSON with the id of a message")
    return SendResult(outcome=SendOutcome.SENT, provider_id=provider_id)


def _obstacle(message: MtMessage, sizing: Sizing) -> str:
    """Say what Spryng cannot send; nothing where it can."""
    if message.group is not None:
        return "Spryng has no groups: name an MSISDN"
    if not message.text:
        return "Spryng sends texts only, no visiting cards and no binary messages"
    if not _SENDER.fullmatch(message.sender):
        return "a sender has at most 11 characters of ASCII, or 14 digits"
    if len(message.reference) > LONGEST_REFERENCE:
        return f"a reference has at most {LONGEST_REFERENCE} characters"
    if len(sizing.parts) > MOST_PARTS:
        return f"the text has {len(sizing.parts)} parts, and Spryng takes {MOST_PARTS}"
    return ""


def _is_latin_1(text: str) -> bool:
    return all(character <= "\xff" for character in text)


def _refused(answer: Answer) -> SendResult | None:
    """Read the HTTP status; None where it is 2xx."""
    row = STATUSES.get(answer.status)
    if row is None:
        return results.refusal(answer)
    return SendResult(outcome=row.outcome, code=f"HTTP {answer.status}", text=row.meaning, holds=row.holds)


def _explained(refused: SendResult, document: Mapping[str, Any]) -> SendResult:
    """Add the names of the parameters that an answer of 422 complains about; `credits` is none of ours."""
    errors = document.get("errors")
    keys = errors if isinstance(errors, dict) else {}
    wrong = {key.partition(".")[0] for key in keys}  # a key may be recipients.0
    if "credits" in wrong:
        row = CODES["203"]
        return replace(refused, outcome=row.outcome, text=row.meaning, holds=row.holds)
    names = [name for name in PARAMETERS if name in wrong]
    return replace(refused, text=f"{refused.text}: {', '.join(names)}") if names else refused


def _object(answer: Answer) -> Mapping[str, Any]:
    """Read a JSON object; an empty one where the answer is none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _amount(answer: Answer) -> str:
    amount = _object(answer).get("amount")
    return str(amount) if isinstance(amount, int | float | str) else ""
