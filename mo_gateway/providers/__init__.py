"""Providers: the companies between us and the operators, one package or module each, that only translate.

A provider's module turns the bytes of a `WebhookRequest` into a `Message` or a `DeliveryReport`, and an
`MtMessage` into a call of the provider's API and its answer into a `SendResult`. It never stores, routes,
retries, reads the environment or knows another provider. What it may be is said by the protocols below; a class
needs none of them to inherit from.

To add one: capture real requests and answers first; write its fake in `mo_gateway/fakes/`, with the provider's
documented errors; write the client with its table of codes (code → meaning → class), its schema in
`provider_settings.py`, its page in `docs/providers/`; then name it in `gateway/`, where `readers.py` and
`sending.py` make them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from mo_gateway.message import Message, WebhookRequest
from mo_gateway.reply import DeliveryReport, MtMessage, SendResult, Standing


class Sending(Protocol):
    """Sends replies by a provider's API."""

    @property
    def name(self) -> str:
        """The provider's name, as in `mt_message.provider`."""

    @property
    def rate(self) -> int:
        """Messages a minute that the provider takes."""

    @property
    def most_parts(self) -> int:
        """Parts that one text may have."""

    @property
    def repeats_safely_for(self) -> timedelta:
        """How long the provider recognises a message sent twice by its reference; 0 where it does not."""

    @property
    def is_local(self) -> bool:
        """Whether it is a fake on this host, so that a test message costs nothing."""

    def send(self, message: MtMessage) -> SendResult:
        """Send one message; or raise NotSent or MaybeSent."""

    def standing(self) -> Standing:
        """Find out without sending an SMS whether the credentials are right, and what credit is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a provider wants to be answered, once everything is durable."""

    body: bytes
    content_type: str = "text/plain"
    status: int = 200


class Provider(Protocol):
    """Anyone who calls us."""

    @property
    def name(self) -> str:
        """The provider's name: the first part of the path."""


class Reporting(Provider, Protocol):
    """Reads a provider's delivery reports."""

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        """Read what came; what cannot be read is one report of status `unknown`, so that it is kept."""

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        """Give the answer that ends the provider's tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message of a request that may hold several."""

    id: str  #: as the acknowledgement has to name it
    request: WebhookRequest  #: with this message's own part of the bytes


class Reader(Provider, Protocol):
    """Reads a provider's inbound messages."""

    def split(self, request: WebhookRequest) -> Sequence[Piece]:
        """Take a request apart; or raise InvalidRequest where not even that can be done."""

    def parse(self, request: WebhookRequest, charset: str | None = None) -> Message:
        """Read one piece, or raise InvalidRequest with every bad field; `charset` overrides the usual one."""


class Inbound(Reader, Protocol):
    """Reads the inbound messages of a provider that may send several at once, and answers as it wants."""

    @property
    def media_types(self) -> Sequence[str]:
        """What may stand in Content-Type; the empty string is none."""

    def acknowledge(self, request: WebhookRequest, accepted: Sequence[tuple[Piece, bool]]) -> Acknowledgement:
        """Give the answer: which pieces the provider need not send again."""
