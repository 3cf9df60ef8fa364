"""How the gateway stands, counted: what waits, what went wrong and why."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, or_, select

from mo_gateway.message import Outcome

from .selection import LONGEST_CAUSE, cause_of
from .tables import mo_handling, mo_intake, mo_message, mo_rejection, mt_message, mt_provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Handlings that went wrong in the same way."""

    state: str  #: failed or dead
    handler: str | None
    cause: str  #: as `cause_of` gives it
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStanding:
    """Why no reply goes out by a provider at the moment."""

    provider: str
    paused_at: datetime | None
    held_until: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What waits and what went wrong, counted."""

    waiting: int
    oldest_waiting_at: datetime | None  #: when the message that waits longest was received
    failed: int
    dead: int
    unrouted: int
    rejected: int  #: rejections that no replay has turned into a message
    replies_queued: int
    replies_failed: int
    replies_unknown: int  #: may have gone out; those being sent this moment are not counted
    standing: tuple[ProviderStanding, ...]  #: providers that are paused or in trouble; `*` is all of them
    refused: int  #: requests since the moment asked for
    last_message_at: datetime | None
    problems: tuple[Problem, ...]  #: the most frequent first


def overview(conn: Connection, *, refused_since: datetime) -> Overview:
    """Count what waits and what went wrong."""
    waiting, first = conn.execute(
        select(func.count(), func.min(mo_handling.c.message_id)).where(
            mo_handling.c.state == "pending", mo_handling.c.due_at.is_not(None)
        )
    ).one()
    oldest = conn.scalar(select(mo_message.c.received_at).where(mo_message.c.id == first))
    states = _count_of_states(conn)
    refused = select(func.coalesce(func.sum(mo_intake.c.n), 0)).where(
        mo_intake.c.outcome == Outcome.REFUSED.value, mo_intake.c.minute >= refused_since
    )
    return Overview(
        waiting=waiting,
        oldest_waiting_at=oldest,
        failed=states["failed"],
        dead=states["dead"],
        unrouted=states["unrouted"],
        rejected=_count(conn, select(func.count()).where(mo_rejection.c.replayed_at.is_(None))),
        replies_queued=_count(conn, select(func.count()).where(mt_message.c.state == "queued")),
        replies_failed=_count(conn, select(func.count()).where(mt_message.c.state == "failed")),
        replies_unknown=_count(
            conn, select(func.count()).where(mt_message.c.state == "unknown", mt_message.c.due_at.is_(None))
        ),
        standing=_standing(conn),
        refused=_count(conn, refused),
        last_message_at=conn.scalar(select(func.max(mo_message.c.received_at))),
        problems=_problems(conn),
    )


def _count(conn: Connection, query: Select[int]) -> int:
    return conn.scalar(query) or 0


def _count_of_states(conn: Connection) -> Counter[str]:
    of_state = select(mo_handling.c.state, func.count()).where(
        mo_handling.c.state.in_(("failed", "dead", "unrouted"))
    )
    return Counter(dict(conn.execute(of_state.group_by(mo_handling.c.state)).all()))


def _standing(conn: Connection) -> tuple[ProviderStanding, ...]:
    columns = (mt_provider.c.provider, mt_provider.c.paused_at, mt_provider.c.held_until, mt_provider.c.error)
    troubled = or_(mt_provider.c.paused_at.is_not(None), mt_provider.c.failures > 0)
    rows = conn.execute(select(*columns).where(troubled).order_by(mt_provider.c.provider)).mappings()
    return tuple(ProviderStanding(**row) for row in rows)


def _problems(conn: Connection) -> tuple[Problem, ...]:
    """Group what failed; SQL groups by the beginning of the error, and only its first words are kept here."""
    beginning = func.substr(mo_handling.c.error, 1, LONGEST_CAUSE)
    columns = (mo_handling.c.state, mo_handling.c.handler, beginning)
    query = select(*columns, func.count()).where(mo_handling.c.state.in_(("failed", "dead"))).group_by(*columns)
    groups: Counter[tuple[str, str | None, str]] = Counter()
    for state, handler, error, count in conn.execute(query):
        groups[state, handler, cause_of(error)] += count
    return tuple(
        Problem(state=state, handler=handler, cause=cause, count=count)
        for (state, handler, cause), count in groups.most_common()
    )
