"""Rehearsal: what would become of stored messages under another routes file; nothing runs, nothing changes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from .message import Message
from .routing import Routes
from .store import reading
from .store.engine import READ_ONLY
from .store.selection import Filter

CHUNK = 1000  # messages read at a time

#: From one handler to another; None is nobody.
Move = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What the routes of today and others make of the same messages."""

    read: int
    moves: Mapping[Move, int]  #: handler by the routes of today and by the others → messages
    examples: Mapping[Move, int]  #: the newest message of each move

    @property
    def changed(self) -> int:
        """How many messages would go elsewhere."""
        return sum(n for (before, after), n in self.moves.items() if before != after)


def rehearse(engine: Engine, before: Routes, after: Routes, chosen: Filter, *, limit: int | None) -> Rehearsal:
    """Route stored messages both ways."""
    moves: Counter[Move] = Counter()
    examples: dict[Move, int] = {}
    for message in _messages(engine, chosen, limit):
        handlers = before.handler_of(message), after.handler_of(message)
        move = handlers[0].name if handlers[0] else None, handlers[1].name if handlers[1] else None
        moves[move] += 1
        examples[move] = message.id or 0
    return Rehearsal(read=moves.total(), moves=moves, examples=examples)


def _messages(engine: Engine, chosen: Filter, limit: int | None) -> Iterator[Message]:
    last, left = 0, limit
    while left is None or left > 0:
        with engine.execution_options(**READ_ONLY).begin() as conn:
            some = reading.messages_after(conn, last, limit=min(left or CHUNK, CHUNK), chosen=chosen)
        if not some:
            return
        last = some[-1].id or last
        left = left if left is None else left - len(some)
        yield from some
