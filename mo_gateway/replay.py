"""Again: stored messages run once more, through the routes of today. A step that somebody asks for."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row

from .message import Message, Question
from .routing import Routes
from .store import queue, replay
from .store.engine import READ_ONLY
from .store.selection import Filter

#: In one transaction; the intake waits for it on SQLite.
CHUNK = 500

USUAL_STATES = ("dead", "unrouted")  #: of what is replayed where nobody names any

#: From one handler to another; None is nobody.
Move = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay would do."""

    messages: int
    moves: Mapping[Move, int]  #: handler that had them and handler that would get them → how many
    replies: Mapping[str, int]  #: state → how many replies to them there are already
    stopped: int = 0  #: senders who have said STOP since, and get no reply whatever is done

    @property
    def gone_out(self) -> int:
        """How many replies people have, or may have."""
        return self.replies.get("sent", 0) + self.replies.get("unknown", 0)

    @property
    def waiting(self) -> int:
        """How many replies wait to be sent."""
        return self.replies.get("queued", 0)


def plan(engine: Engine, routes: Routes, chosen: Filter, limit: int | None) -> Plan:
    """Say what would run again, and who would handle it."""
    with engine.execution_options(**READ_ONLY).begin() as conn:
        return plan_with(conn, routes, chosen, limit)


def plan_with(conn: Connection, routes: Routes, chosen: Filter, limit: int | None) -> Plan:
    """Say the same by a connection that is there already."""
    moves: Counter[Move] = Counter()
    replies: Counter[str] = Counter()
    seen: set[int] = set()  # a message may be there for its handler and for an observer
    stopped: set[bytes] = set()
    for part in replay.planned(conn, chosen, limit):
        moves.update(_move(routes, *one) for one in part)
        unseen = {row.id for row, _ in part} - seen
        replies.update(replay.replies_to(conn, unseen))
        seen |= unseen
        stopped |= replay.stopped(conn, {(row.person_key, row.shortcode) for row, _ in part})
    return Plan(messages=moves.total(), moves=moves, replies=replies, stopped=len(stopped))


def run_again(
    engine: Engine,
    chosen: Filter,
    *,
    limit: int,
    tries: int,
    answers_again: bool = False,
    note: Callable[[Connection, int], None] = lambda _conn, _done: None,
) -> Iterator[int]:
    """Make at most `limit` handlings due again, each with so many new tries; give how many with each commit.

    `note` is called in each transaction, with how many those are.
    """
    last, left = 0, limit
    while left:
        with engine.begin() as conn:
            ids = replay.make_due(
                conn, chosen, after=last, limit=min(left, CHUNK), tries=tries, answers_again=answers_again
            )
            if ids:
                note(conn, len(ids))
        if not ids:
            return
        last, left = max(ids), left - len(ids)
        yield len(ids)


def replies_to(engine: Engine, message_ids: Sequence[int]) -> Counter[str]:
    """Count the replies there are to these messages, by their state."""
    counts: Counter[str] = Counter()
    with engine.execution_options(**READ_ONLY).begin() as conn:
        for start in range(0, len(message_ids), CHUNK):
            counts.update(replay.replies_to(conn, message_ids[start : start + CHUNK]))
    return counts


def _move(routes: Routes, row: Row[Any], question: Question | None) -> Move:
    """Say who had a message, and who would get it; an observer keeps its own."""
    message = queue.to_message(row, question=question)
    return row.handler, row.handler if row.is_observer else handler_of(routes, message)


def handler_of(routes: Routes, message: Message) -> str | None:
    """Name the handler that a message would be routed to."""
    handler = routes.handler_of(message)
    return handler.name if handler else None
