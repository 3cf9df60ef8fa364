"""Rejected requests, read once more: those that are valid by the settings of today become messages.

For the day when an operator table has grown, a policy was loosened or a charset was found to be another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, Row

from .errors import FieldError, InvalidRequest
from .message import Outcome, WebhookRequest
from .providers import Reader
from .store import inbox, kept, readmit
from .store.engine import READ_ONLY
from .store.inbox import NewMessage
from .store.selection import Filter

PAGE = 100  # rows, each with its raw bytes, in memory at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of one message of a rejected request."""

    rejection_id: int
    outcome: Outcome  #: stored, duplicate (its message is there already) or rejected (still)
    message_id: int | None = None  #: None where rejected, and where a dry run would store it
    errors: tuple[FieldError, ...] = ()  #: what is wrong by the settings of today


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmission:
    """Reads rejections again."""

    engine: Engine
    readers: Mapping[str, Reader]  #: by provider; rejections of others are left out
    person_secret: bytes = field(repr=False)
    stop_words: tuple[str, ...]
    tries: int  #: for the handlers of what is stored
    charset: str | None  #: instead of the request's own and the configured one

    def count(self, chosen: Filter) -> int:
        """Count the rejections that can be read again."""
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return readmit.count(conn, chosen, self.readers.keys())

    def readings(self, chosen: Filter, *, dry_run: bool) -> Iterator[list[Reading]]:
        """Read rejections again, each with all messages in it; what is valid now is durable when it is given."""
        last = 0
        while rows := self._page(chosen, after=last):
            for row in rows:
                yield self._readings(row, dry_run=dry_run)
            last = rows[-1].id

    def _page(self, chosen: Filter, *, after: int) -> Sequence[Row[Any]]:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return readmit.page(conn, chosen, self.readers.keys(), after=after, size=PAGE)

    def _readings(self, row: Row[Any], *, dry_run: bool) -> list[Reading]:
        read = [self._read(row, piece) for piece in _pieces(self.readers[row.provider], row)]
        bad = [reading for reading in read if isinstance(reading, Reading)]
        batch = {new.key: new for new in read if isinstance(new, NewMessage)}
        if dry_run:
            return [*self._foreseen(row.id, batch), *bad]
        return [*self._stored(row.id, list(batch.values()), is_whole=not bad), *bad]

    def _read(self, row: Row[Any], request: WebhookRequest) -> NewMessage | Reading:
        try:
            message = self.readers[row.provider].parse(request, self.charset)
        except InvalidRequest as exc:
            return Reading(rejection_id=row.id, outcome=Outcome.REJECTED, errors=exc.errors)
        return inbox.new_message(message, request, person_secret=self.person_secret, stop_words=self.stop_words)

    def _stored(self, rejection_id: int, batch: Sequence[NewMessage], *, is_whole: bool) -> list[Reading]:
        """Store messages; where nothing bad is left in their rejection, note on it which one it has become.

        Where the provider's next try was stored meanwhile, that is the message, and nothing was delivered now.
        It is a transaction of its own that touches the messages first, as the writer does: so the two cannot
        deadlock while the provider repeats the same messages.
        """
        if not batch:
            return []
        with self.engine.begin() as conn:
            receipts = inbox.add_messages(conn, batch, attempt_limit=self.tries).values()
            for receipt in receipts:
                if receipt.outcome is Outcome.DUPLICATE:
                    readmit.take_back_delivery(conn, receipt.id)
            if is_whole:
                readmit.mark_replayed(conn, rejection_id, min(receipt.id for receipt in receipts))
        return [
            Reading(rejection_id=rejection_id, outcome=receipt.outcome, message_id=receipt.id)
            for receipt in receipts
        ]

    def _foreseen(self, rejection_id: int, keys: Iterable[bytes]) -> Iterator[Reading]:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            holders = [kept.holder(conn, key) for key in keys]
        for found in holders:
            outcome = Outcome.STORED if found is None else Outcome.DUPLICATE
            yield Reading(rejection_id=rejection_id, outcome=outcome, message_id=found)


def _pieces(reader: Reader, row: Row[Any]) -> list[WebhookRequest]:
    """Take a rejected request apart; what was a piece of one when it was rejected stays as it is."""
    # a media type that the callback does not take says nothing of the charset either
    request = kept.to_request(row, content_type="" if row.status == 415 else row.content_type)
    try:
        return [piece.request for piece in reader.split(request)]
    except InvalidRequest:
        return [request]
