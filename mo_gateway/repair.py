"""Texts that were read as the wrong charset: the stored bytes are read again, and what differs is put right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from sqlalchemy import Engine, Row
from sqlalchemy.exc import IntegrityError

from . import keys
from .errors import InvalidRequest, LostClaim
from .message import Message
from .providers import Reader
from .store import kept, queue, repair, replay
from .store.engine import READ_ONLY
from .store.selection import Filter

PAGE = 100  # rows, each with its raw bytes, in memory at a time
MARK = "charset-repaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Another reading of one message."""

    before: Message
    after: Message
    handler: str | None  #: who had the message
    obstacle: str = ""  #: why the row stays as it is

    @property
    def is_change(self) -> bool:
        """Tell whether the row was changed, or in a dry run would be."""
        return not self.obstacle and _texts(self.before) != _texts(self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """Reads messages again as `charset`."""

    engine: Engine
    readers: Mapping[str, Reader]  #: by provider; messages of others are left out
    charset: str
    tries: int  #: for the handlers of what is changed
    answers_again: bool = False  #: whoever has a reply already gets another one

    def count(self, chosen: Filter) -> int:
        """Count the messages that would be read."""
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return repair.count(conn, chosen, self.readers.keys())

    def made(self, chosen: Filter, *, limit: int | None, dry_run: bool) -> Iterator[Repair]:
        """Read messages again, until `limit` are changed and due again; each is durable when it is given."""
        last, changes = 0, 0
        while rows := self._page(chosen, after=last):
            for row in rows:
                one = self._repair(row, dry_run=dry_run)
                yield one
                changes += one.is_change
                if changes == limit:
                    return
            last = rows[-1].handling_id

    def _page(self, chosen: Filter, *, after: int) -> Sequence[Row[Any]]:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return repair.page(conn, chosen, self.readers.keys(), after=after, size=PAGE)

    def _repair(self, row: Row[Any], *, dry_run: bool) -> Repair:
        message = queue.to_message(row)
        unchanged = Repair(before=message, after=message, handler=row.handler)
        if unquote_to_bytes(row.raw).isascii():  # any charset reads it the same
            return unchanged
        try:
            read = self.readers[row.provider].parse(kept.to_request(row, content_type=""), self.charset)
        except InvalidRequest as exc:
            return replace(unchanged, obstacle=f"as {self.charset} it breaks a rule: {exc}")
        if _texts(read) == _texts(message):
            return unchanged
        found = replace(unchanged, after=_with_texts(message, read))
        if "undecodable-bytes" in read.marks:
            return replace(found, obstacle=f"its bytes are not all {self.charset}")
        key = keys.message_key(found.after)
        if not dry_run:
            return self._stored(row, found, key)
        other = self._holder(key)
        return found if other is None else replace(found, obstacle=_taken_by(other))

    def _stored(self, row: Row[Any], found: Repair, key: bytes) -> Repair:
        try:
            with self.engine.begin() as conn:
                # first the handling, then the message: so does a worker that finishes, and neither deadlocks
                replay.make_message_due(conn, row.id, tries=self.tries, answers_again=self.answers_again)
                repair.put_right(conn, row, found.after, key)
        except IntegrityError:  # the key is unique
            return replace(found, obstacle=_taken_by(self._holder(key)))
        except LostClaim as exc:
            return replace(found, obstacle=str(exc))
        return found

    def _holder(self, key: bytes) -> int | None:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return kept.holder(conn, key)


def _texts(message: Message) -> tuple[str, str, str | None]:
    return message.keyword, message.parm, message.reference


def _with_texts(message: Message, read: Message) -> Message:
    """Give a message as it is stored, with the texts of another reading, and marked for it."""
    kept = [mark for mark in message.marks if mark not in ("undecodable-bytes", MARK)]
    return replace(
        message,
        provider_id=read.provider_id,  # no column holds it, and the dedupe key is made of it
        keyword=read.keyword,
        parm=read.parm,
        reference=read.reference,
        charset=read.charset,
        marks=(*kept, MARK),
    )


def _taken_by(message_id: int | None) -> str:
    return f"message {message_id} reads like that already"
