"""Step 1: from a provider's request to a committed row and its receipt.

Nothing else is on this way: no routing, no plugin, no look-up. It knows no web framework, so that any front
can use it: `receive` where a thread may wait; `prepare` or `rejection`, `Writer.submit`, `accepted` and `refused`
where none may.
"""

from dataclasses import dataclass, field, replace

import structlog

from . import keys
from .errors import FieldError, InvalidRequest, StorageError
from .loss_clock import LossClock
from .masking import masked
from .message import Outcome, Receipt, WebhookRequest
from .metrics import Metrics
from .providers import Piece, Provider, Reader
from .store.inbox import NewMessage, new_message
from .store.intake import Intake
from .store.rejections import NewRejection
from .store.writer import Writer

log = structlog.get_logger()

New = NewMessage | NewRejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Turns requests into receipts; a receipt is proof of a durable commit."""

    writer: Writer
    intake: Intake
    metrics: Metrics
    person_secret: bytes = field(repr=False)
    stop_words: tuple[str, ...]  #: beside those of `stop.py`
    loss_clock: LossClock

    def receive(self, provider: Reader, request: WebhookRequest) -> Receipt:
        """Store one request; or raise StorageError, and then the provider is to repeat it."""
        return self._store(provider, request, self.prepare(provider, request))

    def receive_all(self, provider: Reader, request: WebhookRequest) -> list[tuple[Piece, Receipt | None]]:
        """Store each message of a request; what has no receipt is not stored, and the provider is to repeat it.

        Raises InvalidRequest where the request cannot be taken apart.
        """
        pieces = provider.split(request)
        batch = [self.prepare(provider, piece.request) for piece in pieces]
        outcomes = self.writer.store_all(batch)
        receipts = [self._receipt(provider, *stored) for stored in zip(batch, outcomes, strict=True)]
        return list(zip(pieces, receipts, strict=True))

    def reject(
        self, provider: Provider, request: WebhookRequest, status: int, errors: tuple[FieldError, ...]
    ) -> Receipt:
        """Keep a request that cannot even be read, for the HTTP `status` it gets; or raise StorageError."""
        return self._store(provider, request, rejection(provider, request, status, errors))

    def prepare(self, provider: Reader, request: WebhookRequest) -> New:
        """Read a request: the message in it, or what is wrong with it."""
        try:
            message = provider.parse(request)
        except InvalidRequest as exc:
            return rejection(provider, request, 400, exc.errors)
        return new_message(message, request, person_secret=self.person_secret, stop_words=self.stop_words)

    def accepted(self, provider: Provider, new: New, receipt: Receipt) -> Receipt:
        """Count and log what is durable now."""
        self.loss_clock.stored(new.request.received_at)
        self._count(provider, receipt.outcome, new.request)
        if isinstance(new, NewRejection):
            fields = [error.field for error in new.errors]
            log.warning("rejected", id=receipt.id, status=new.status, fields=fields, deliveries=receipt.deliveries)
            return replace(receipt, errors=new.errors)
        log.info(
            receipt.outcome.value,
            id=receipt.id,
            shortcode=new.message.shortcode,
            msisdn=masked(new.message.msisdn),
            deliveries=receipt.deliveries,
        )
        return receipt

    def refused(self, provider: Provider, request: WebhookRequest, cause: StorageError) -> None:
        """Count and log what the provider is to send again."""
        self.loss_clock.refused(request.received_at)
        self._count(provider, Outcome.REFUSED, request)
        log.error("refused", provider=provider.name, reason=str(cause))

    def _store(self, provider: Provider, request: WebhookRequest, new: New) -> Receipt:
        try:
            receipt = self.writer.store(new)
        except StorageError as exc:
            self.refused(provider, request, exc)
            raise
        return self.accepted(provider, new, receipt)

    def _receipt(self, provider: Provider, new: New, outcome: Receipt | StorageError) -> Receipt | None:
        if isinstance(outcome, StorageError):
            self.refused(provider, new.request, outcome)
            return None
        return self.accepted(provider, new, outcome)

    def _count(self, provider: Provider, outcome: Outcome, request: WebhookRequest) -> None:
        self.intake.count(provider.name, outcome, request.received_at)
        self.metrics.callbacks.labels(provider.name, outcome.value).inc()


def rejection(
    provider: Provider, request: WebhookRequest, status: int, errors: tuple[FieldError, ...]
) -> NewRejection:
    """Make what is kept of a bad request, and of why it was answered with that HTTP status."""
    key = keys.rejection_key(provider.name, request)
    return NewRejection(key=key, provider=provider.name, request=request, status=status, errors=errors)
