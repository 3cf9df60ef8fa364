"""The words of the gateway: what comes in, what is stored, what a handler gets and gives back."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .errors import FieldError

_MSISDN = re.compile(r"[1-9][0-9]{5,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One HTTP request of a provider, as bytes, before anything was decoded."""

    method: str  #: `POST` or `GET`
    raw: bytes  #: the form: the body of a POST, the query string of a GET
    content_type: str  #: as sent; empty where none was
    remote_addr: str  #: the caller's address, behind the trusted proxies
    received_at: datetime  #: aware UTC, the host's clock
    is_test: bool = False  #: sent by `trigger`, `simulate` or a probe, not by the provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One inbound (mobile-originated) SMS: the wire's own names in lower case, validated."""

    provider: str
    msisdn: str  #: digits, country code first, no `+`
    keyword: str  #: the first word, as received
    parm: str  #: all text after the keyword; may be empty
    operator: str  #: MCC and MNC of the subscriber's network, five digits
    shortcode: str
    country: str  #: ISO 3166-1 alpha-3
    reference: str | None
    timestamp_raw: str  #: the provider's 14 digits
    sent_at: datetime  #: the same as aware UTC
    received_at: datetime  #: when this gateway got it, aware UTC
    charset: str  #: how the bytes were read
    operator_defaulted: bool = False  #: OPERATOR did not come and has its documented default
    marks: tuple[str, ...] = ()  #: named oddities, such as `clock-repeated`
    is_test: bool = False
    id: int | None = None  #: the row in `mo_message`; None before it is stored
    attempt: int = 1  #: which try of its handler this is, from 1

    @property
    def text(self) -> str:
        """The whole SMS: keyword and parm."""
        return f"{self.keyword} {self.parm}" if self.parm else self.keyword


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS that a handler wants sent; queued in the transaction that marks the message handled."""

    text: str
    to: str | None = None  #: an MSISDN; None = who sent the message
    sender: str | None = None  #: None = the shortcode the message came to
    provider: str | None = None  #: None = the provider the message came from
    reference: str | None = None

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("a Reply needs a text that is not empty")
        if self.to is not None and not _MSISDN.fullmatch(self.to):
            raise ValueError("a Reply goes to an MSISDN: 6 to 15 digits, country code first, without +")


class Outcome(StrEnum):
    """What became of a request; `refused` means that the provider will repeat it."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The result of a durable commit: proof that a request may be answered."""

    outcome: Outcome
    id: int  #: the row in `mo_message`, or in `mo_rejection` where rejected
    deliveries: int  #: how often it came, this time included
    errors: tuple[FieldError, ...] = ()  #: what was wrong, where rejected
