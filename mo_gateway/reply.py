"""The words of the sending side: what is sent, what a provider said to it, what became of it."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .values import Ask

_MSISDN = re.compile(r"[1-9][0-9]{5,14}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_YEARS = range(2000, 3000)  # what every database and every time zone can hold
LONGEST_REFERENCE = 200  # characters; it is in an index


def is_msisdn(number: str) -> bool:
    """Tell whether a text is an MSISDN as we write it: 6 to 15 digits, country code first, no `+`."""
    return bool(_MSISDN.fullmatch(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class VCard:
    """A visiting card; only some providers send one."""

    name: str
    mobile: str = ""
    phone: str = ""
    email: str = ""
    fax: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS that a handler wants sent; queued in the transaction that marks the message handled.

    It holds a text, or a visiting card, or the bytes `udh` and `data` as hex digits.
    """

    text: str = ""
    to: str | None = None  #: an MSISDN; None = who sent the message
    sender: str | None = None  #: None = MO_GATEWAY_REPLY_SENDER, or else the shortcode the message came to
    provider: str | None = None  #: None = MO_GATEWAY_REPLY_PROVIDER, or else the provider the message came from
    reference: str | None = None  #: None = one is made; a delivery report names it
    at: datetime | None = None  #: not before this moment
    vcard: VCard | None = None
    udh: str = ""  #: user data header, hex
    data: str = ""  #: binary content, hex
    group: str | None = None  #: instead of `to`: a group in the provider's own address book
    expect: str | Ask | None = None  #: it is a question; the name of what takes the answer, or an `Ask` with more

    def __post_init__(self) -> None:
        for wrong in self._wrong_types():
            raise ValueError(wrong)
        if sum(map(bool, (self.text, self.vcard, self.data))) != 1:
            raise ValueError("a Reply needs a text that is not empty, or a vcard, or data: one of them")
        if self.to is not None and not is_msisdn(self.to):
            raise ValueError("a Reply goes to an MSISDN: 6 to 15 digits, country code first, without +")
        if self.to is not None and self.group is not None:
            raise ValueError("a Reply goes to an MSISDN or to a group, not to both")
        if not (_HEX.fullmatch(self.udh) and _HEX.fullmatch(self.data)) or (self.udh and not self.data):
            raise ValueError("udh and data of a Reply are hex digits, two a byte; udh stands before data")
        if self.at is not None and self.at.utcoffset() is None:
            raise ValueError("the moment `at` of a Reply needs its time zone")
        if self.at is not None and self.at.year not in _YEARS:
            raise ValueError("the moment `at` of a Reply is in the years 2000 to 2999")
        if self.expect is not None and not isinstance(self.expect, str | Ask):
            raise ValueError(f"expect of a Reply is str, Ask or None, not {type(self.expect).__name__}")
        self._check_signs()

    @property
    def ask(self) -> Ask | None:
        """What it asks, where it is a question."""
        return Ask(self.expect) if isinstance(self.expect, str) else self.expect

    def _wrong_types(self) -> Iterator[str]:
        """Say of each field that has a wrong type what would be right: handlers need not be type-checked."""
        for name in ("text", "udh", "data"):
            if not isinstance(value := getattr(self, name), str):
                yield f"{name} of a Reply is str, not {type(value).__name__}"
        for name, right in _OPTIONAL.items():
            if not isinstance(value := getattr(self, name), right | None):
                yield f"{name} of a Reply is {right.__name__} or None, not {type(value).__name__}"

    def _check_signs(self) -> None:
        """Refuse what a database, or a provider's form, cannot hold."""
        if "\x00" in self.text:
            raise ValueError("the text of a Reply holds no NUL")
        for name in ("sender", "provider", "reference", "group"):
            if not (getattr(self, name) or "").isprintable():
                raise ValueError(f"the {name} of a Reply holds no control characters")
        if len(self.reference or "") > LONGEST_REFERENCE:
            raise ValueError(f"the reference of a Reply has at most {LONGEST_REFERENCE} characters")
        fields = asdict(self.vcard).values() if self.vcard else ()
        if not all(isinstance(one, str) and one.isprintable() for one in fields):
            raise ValueError("the fields of a VCard are str without control characters")


_OPTIONAL: dict[str, type] = {
    "to": str,
    "sender": str,
    "provider": str,
    "reference": str,
    "at": datetime,
    "vcard": VCard,
    "group": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MtMessage:
    """One mobile-terminated SMS, as a provider's client gets it to send."""

    id: int  #: the row in `mt_message`
    msisdn: str  #: digits, country code first, no `+`; empty where a group gets it
    sender: str
    reference: str  #: ours; a delivery report names it
    text: str = ""
    vcard: VCard | None = None
    udh: str = ""  #: hex
    data: str = ""  #: hex
    at: datetime | None = None  #: aware; for the provider to send it then; None = now
    group: str | None = None  #: in the provider's own address book


class SendOutcome(StrEnum):
    """What became of one try to send."""

    SENT = "sent"  #: the provider has it
    FAILED = "failed"  #: the provider will never take this message
    LATER = "later"  #: the provider has not taken it, and may yet; with `holds`, once what is wrong is mended
    UNKNOWN = "unknown"  #: it may have gone through, and must not be sent again by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """A provider's answer to one try, in its words and in ours."""

    outcome: SendOutcome
    code: str = ""  #: the provider's code
    text: str = ""  #: what the code means, in a sentence or less
    provider_id: str | None = None  #: the provider's own id of it
    again_after: timedelta | None = None  #: not before, where the provider said so
    holds: bool = False  #: True where the next message would fare no better, so that the whole queue waits
    was_asked: bool = True  #: False where it never came to a call, so that it says nothing of the provider


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a provider's table of codes."""

    meaning: str
    outcome: SendOutcome
    holds: bool = False


class Delivery(StrEnum):
    """Our class of what a delivery report says."""

    DELIVERED = "delivered"
    FAILED = "failed"  #: it will not arrive
    PENDING = "pending"  #: on its way; another report may follow
    UNKNOWN = "unknown"  #: the provider does not know, or its word is in no table of ours


#: After these no other report changes anything.
FINAL = (Delivery.DELIVERED, Delivery.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A provider's later word on an MT message."""

    provider: str
    status: Delivery
    provider_status: str  #: the provider's own word or code
    reference: str | None  #: ours, as it was sent along
    provider_id: str | None  #: the provider's own id of the message
    reported_at: datetime | None  #: aware UTC, where it says
    raw: bytes  #: this report's part of the request


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How we stand with a provider, found out without sending an SMS."""

    is_right: bool
    text: str  #: one sentence for the operator: the credit left, or what is wrong
    credit: str | None = None  #: as the provider writes it
    was_asked: bool = True  #: False where the provider has no way to ask without sending
