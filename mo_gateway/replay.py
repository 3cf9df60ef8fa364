"""Again: stored messages run once more, through the routes of today. A step that somebody asks for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from .message import Message
from .routing import Routes, Sms
from .store import replay
from .store.engine import READ_ONLY
from .store.selection import Filter

#: In one transaction; the intake waits for it on SQLite.
CHUNK = 500

#: From one handler to another; None is nobody.
Move = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay would do."""

    messages: int
    moves: Mapping[Move, int]  #: handler that had them and handler that would get them → how many
    replies: Mapping[str, int]  #: state → how many replies to them there are already

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
        rows = replay.by_route(conn, chosen, limit)
        replies = replay.replies(conn, chosen, limit)
    moves: Counter[Move] = Counter()
    for row in rows:
        moves[row.handler, handler_of(routes, Sms(shortcode=row.shortcode, keyword=row.keyword))] += row.n
    return Plan(messages=moves.total(), moves=moves, replies=replies)


def run_again(
    engine: Engine, chosen: Filter, *, limit: int, tries: int, answers_again: bool = False
) -> Iterator[int]:
    """Make at most `limit` handlings due again, each with so many new tries; give how many with each commit."""
    last, left = 0, limit
    while left:
        with engine.begin() as conn:
            ids = replay.make_due(
                conn, chosen, after=last, limit=min(left, CHUNK), tries=tries, answers_again=answers_again
            )
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


def handler_of(routes: Routes, sms: Sms | Message) -> str | None:
    """Name the handler that a message would be routed to."""
    route = routes.find(sms)
    return route.handler.name if route else None
