"""The words of the receiving side: what comes in, what a handler gets, what is proof of its being stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .errors import FieldError


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
class Question:
    """What a handler asked a sender, and a message answers."""

    expect: str  #: the name of what takes the answer
    note: str  #: what the asking handler wanted remembered
    asked_at: datetime  #: aware UTC
    message_id: int  #: the message that was answered with the question


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One inbound (mobile-originated) SMS: the wire's own names in lower case, validated."""

    provider: str
    provider_id: str | None = None  #: the provider's own id of it; with one, the dedupe key is time and id
    msisdn: str  #: digits, country code first, no `+`
    keyword: str  #: the first word, as received; empty where the SMS is
    parm: str  #: all text after the keyword; may be empty
    operator: str  #: MCC and MNC of the subscriber's network, five digits; empty where it was not said
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
    question: Question | None = None  #: what it answers, where its sender was asked something

    @property
    def text(self) -> str:
        """The whole SMS: keyword and parm."""
        return f"{self.keyword} {self.parm}" if self.parm else self.keyword


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
