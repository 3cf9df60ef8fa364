"""How the gateway stands, counted: what waits, what went wrong and why."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, literal, or_, select

from mo_gateway.message import Outcome

from .problem_index import handling_is, reply_is
from .selection import LONGEST_CAUSE, cause_of
from .tables import mo_handling, mo_intake, mo_message, mo_rejection, mt_message, mt_provider
from .types import database_now

_WAITS = (mo_handling.c.state == "pending", mo_handling.c.due_at.is_not(None))
_OLDEST_WAITING = (
    select(mo_message.c.received_at)
    .join_from(mo_handling, mo_message, mo_message.c.id == mo_handling.c.message_id)
    .where(*_WAITS)
    .order_by(mo_handling.c.due_at)
    .limit(1)
)
_IS_QUEUED = (mt_message.c.state == "queued", mt_message.c.due_at.is_not(None))


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
class Figures:
    """What waits and what went wrong, in numbers: the same for commands, pages and metrics."""

    waiting: int
    oldest_waiting_at: datetime | None  #: when the message that waits longest was received
    failed: int
    dead: int
    unrouted: int
    rejected: int  #: rejections that no replay has turned into a message
    replies_queued: int
    oldest_reply_at: datetime | None  #: since when the reply that waits longest could have gone out
    replies_failed: int
    replies_unknown: int  #: may have gone out; those being sent this moment are not counted

    @property
    def open_problems(self) -> dict[str, int]:
        """Give by kind what somebody has to look at, as `report_problems` does but for what is tried again."""
        return {
            "failed": self.dead,
            "unrouted": self.unrouted,
            "unreadable": self.rejected,
            "reply": self.replies_failed + self.replies_unknown,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Figures):
    """The same, with what is behind it."""

    standing: tuple[ProviderStanding, ...]  #: providers that are paused or in trouble; `*` is all of them
    refused: int  #: requests since the moment asked for
    last_message_at: datetime | None
    problems: tuple[Problem, ...]  #: the most frequent first


def overview(conn: Connection, *, refused_since: datetime) -> Overview:
    """Count what waits and what went wrong, and say why."""
    refused = select(func.sum(mo_intake.c.n)).where(
        mo_intake.c.outcome == Outcome.REFUSED.value, mo_intake.c.minute >= refused_since
    )
    return Overview(
        **asdict(figures(conn)),
        standing=_standing(conn),
        refused=conn.scalar(refused) or 0,
        last_message_at=conn.scalar(select(func.max(mo_message.c.received_at))),
        problems=_problems(conn),
    )


def figures(conn: Connection, *, most: int | None = None) -> Figures:
    """Count what waits and what went wrong, each up to `most`: an index is read for as long as that takes."""

    def count(*which: ColumnElement[bool]) -> int:
        found = select(literal(1)).where(*which).limit(most).subquery()
        return conn.scalar(select(func.count()).select_from(found)) or 0

    return Figures(
        waiting=count(*_WAITS),
        oldest_waiting_at=conn.scalar(_OLDEST_WAITING),
        failed=count(handling_is(["failed"])),
        dead=count(handling_is(["dead"])),
        unrouted=count(handling_is(["unrouted"])),
        rejected=count(mo_rejection.c.replayed_at.is_(None)),
        replies_queued=count(*_IS_QUEUED),
        oldest_reply_at=_oldest_reply_at(conn),
        replies_failed=count(reply_is(["failed"])),
        replies_unknown=count(reply_is(["unknown"]), mt_message.c.due_at.is_(None)),
    )


def _oldest_reply_at(conn: Connection) -> datetime | None:
    could_go_since = func.coalesce(mt_message.c.first_tried_at, mt_message.c.due_at)
    return conn.scalar(select(func.min(could_go_since)).where(*_IS_QUEUED, could_go_since <= database_now()))


def _standing(conn: Connection) -> tuple[ProviderStanding, ...]:
    columns = (mt_provider.c.provider, mt_provider.c.paused_at, mt_provider.c.held_until, mt_provider.c.error)
    troubled = or_(mt_provider.c.paused_at.is_not(None), mt_provider.c.failures > 0)
    rows = conn.execute(select(*columns).where(troubled).order_by(mt_provider.c.provider)).mappings()
    return tuple(ProviderStanding(**row) for row in rows)


def _problems(conn: Connection) -> tuple[Problem, ...]:
    """Group what failed; SQL groups by the beginning of the error, and only its first words are kept here."""
    beginning = func.substr(mo_handling.c.error, 1, LONGEST_CAUSE)
    columns = (mo_handling.c.state, mo_handling.c.handler, beginning)
    query = select(*columns, func.count()).where(handling_is(("failed", "dead"))).group_by(*columns)
    groups: Counter[tuple[str, str | None, str]] = Counter()
    for state, handler, error, count in conn.execute(query):
        groups[state, handler, cause_of(error)] += count
    return tuple(
        Problem(state=state, handler=handler, cause=cause, count=count)
        for (state, handler, cause), count in groups.most_common()
    )
