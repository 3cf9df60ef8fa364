"""Rejected requests, read once more: those that are valid by the settings of today become messages.

For the day when an operator table has grown, a policy was loosened or a charset was found to be another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row

from .errors import FieldError, InvalidRequest
from .message import Outcome
from .providers.spryng import Spryng
from .store import inbox, kept, readmit
from .store.engine import READ_ONLY
from .store.selection import Filter

PAGE = 100  # rows, each with its raw bytes, in memory at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of one rejection."""

    rejection_id: int
    outcome: Outcome  #: stored, duplicate (its message is there already) or rejected (still)
    message_id: int | None = None  #: None where rejected, and where a dry run would store it
    errors: tuple[FieldError, ...] = ()  #: what is wrong by the settings of today


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmission:
    """Reads rejections again."""

    engine: Engine
    provider: Spryng
    person_secret: bytes
    tries: int  #: for the handlers of what is stored
    charset: str | None  #: instead of the request's own and the configured one

    def count(self, chosen: Filter) -> int:
        """Count the rejections that can be read again."""
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return readmit.count(conn, chosen, self.provider.name)

    def readings(self, chosen: Filter, *, dry_run: bool) -> Iterator[Reading]:
        """Read rejections again, and store what is valid now; when a reading is given, it is durable."""
        last = 0
        while rows := self._page(chosen, after=last):
            for row in rows:
                yield self._reading(row, dry_run=dry_run)
            last = rows[-1].id

    def _page(self, chosen: Filter, *, after: int) -> Sequence[Row[Any]]:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return readmit.page(conn, chosen, self.provider.name, after=after, size=PAGE)

    def _reading(self, row: Row[Any], *, dry_run: bool) -> Reading:
        # a media type that is no form says nothing of the form's charset either
        request = kept.to_request(row, content_type="" if row.status == 415 else row.content_type)
        try:
            message = self.provider.parse(request, self.charset)
        except InvalidRequest as exc:
            return Reading(rejection_id=row.id, outcome=Outcome.REJECTED, errors=exc.errors)
        new = inbox.new_message(message, request, person_secret=self.person_secret)
        if dry_run:
            return self._foreseen(row.id, new)
        return self._stored(row.id, new)

    def _stored(self, rejection_id: int, new: inbox.NewMessage) -> Reading:
        """Store a message and note on its rejection which one it is.

        Where the provider's next try was stored meanwhile, that is the message, and nothing was delivered now.
        It is a transaction of its own that touches the message first, as the writer does: so the two cannot
        deadlock while the provider repeats the same messages.
        """
        with self.engine.begin() as conn:
            receipt = inbox.add_messages(conn, [new], attempt_limit=self.tries)[new.key]
            if receipt.outcome is Outcome.DUPLICATE:
                readmit.take_back_delivery(conn, receipt.id)
            readmit.mark_replayed(conn, rejection_id, receipt.id)
        return Reading(rejection_id=rejection_id, outcome=receipt.outcome, message_id=receipt.id)

    def _foreseen(self, rejection_id: int, new: inbox.NewMessage) -> Reading:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            found = kept.holder(conn, new.key)
        outcome = Outcome.STORED if found is None else Outcome.DUPLICATE
        return Reading(rejection_id=rejection_id, outcome=outcome, message_id=found)
