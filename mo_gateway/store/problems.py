"""What somebody has to look at, grouped by its cause; only the newest rows are read, however many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, Select, case, exists, func, or_, select

from .problem_index import handling_is, reply_is
from .selection import LONGEST_CAUSE, Filter, cause_of, conditions
from .tables import mo_attempt, mo_handling, mo_message, mo_rejection, mt_message

MOST = 10_000  # rows that are grouped
ENDED = ("done", "unrouted", "dead")  # a try after which there is none, unless somebody replays


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Messages that have the same problem."""

    handler: str | None
    cause: str  #: as `cause_of` gives it; of what is unrouted, the first word
    shortcode: str | None  #: of what is unrouted
    messages: int
    dead: int  #: of them, those that are given up; the others are tried again
    came_back: int  #: of them, those that had ended, were replayed, and are a problem again
    first_at: datetime  #: when the oldest of the messages was received
    last_at: datetime
    last_message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many problems of each kind are open."""

    failed: int  #: failed and dead
    unrouted: int
    unreadable: int
    replies: int


def counts(conn: Connection, only_keywords: tuple[str, ...] | None) -> Counts:
    """Count what is open; for whoever is kept to some keywords only messages with these."""
    rejections = select(func.count()).where(mo_rejection.c.replayed_at.is_(None))
    is_over = or_(mt_message.c.state == "failed", mt_message.c.due_at.is_(None))
    replies = select(func.count()).where(reply_is(("failed", "unknown")), is_over)
    sees_all = only_keywords is None
    return Counts(
        failed=_count(conn, ("failed", "dead"), only_keywords),
        unrouted=_count(conn, ("unrouted",), only_keywords),
        unreadable=(conn.scalar(rejections) or 0) if sees_all else 0,
        replies=(conn.scalar(replies) or 0) if sees_all else 0,
    )


def failed(conn: Connection, only_keywords: tuple[str, ...] | None) -> list[Group]:
    """Group the newest messages that a handler has failed with, by handler and cause."""
    newest = _newest(("failed", "dead"), only_keywords)
    cause = func.substr(newest.c.error, 1, LONGEST_CAUSE)
    rows = conn.execute(_grouped(newest, newest.c.handler, cause.label("cause")))
    return _merged(_group(row, handler=row.handler, cause=cause_of(row.cause)) for row in rows)


def unrouted(conn: Connection, only_keywords: tuple[str, ...] | None) -> list[Group]:
    """Group the newest messages that no handler took, by shortcode and first word."""
    newest = _newest(("unrouted",), only_keywords)
    columns = (newest.c.handler, newest.c.shortcode, newest.c.keyword)
    rows = conn.execute(_grouped(newest, *columns))
    return _merged(_group(row, handler=row.handler, cause=row.keyword, shortcode=row.shortcode) for row in rows)


def rejections(conn: Connection, *, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Give the requests that were rejected and have not become messages, newest first, without what came."""
    column = mo_rejection.c
    shown = (column.id, column.provider, column.received_at, column.last_received_at, column.deliveries)
    query = select(*shown, column.status, column.errors, column.is_test).where(column.replayed_at.is_(None))
    if before is not None:
        query = query.where(column.id < before)
    return conn.execute(query.order_by(column.id.desc()).limit(limit)).mappings().all()


def last_trouble(conn: Connection) -> datetime | None:
    """Give when, of the newest tries of handlers, one last failed, found no handler, or made good such a one."""
    newest = select(mo_attempt).order_by(mo_attempt.c.id.desc()).limit(MOST).subquery()
    is_trouble = or_(newest.c.outcome != "done", newest.c.number > 1)
    of_handlers = newest.c.handling_id.is_not(None)
    found: datetime | None = conn.scalar(select(func.max(newest.c.started_at)).where(of_handlers, is_trouble))
    return found


def _count(conn: Connection, states: tuple[str, ...], only_keywords: tuple[str, ...] | None) -> int:
    query = select(func.count()).select_from(mo_handling).where(handling_is(states))
    if only_keywords is not None:
        query = query.join(mo_message).where(*conditions(Filter(only_keywords=only_keywords)))
    return conn.scalar(query) or 0


def _newest(states: tuple[str, ...], only_keywords: tuple[str, ...] | None) -> Any:
    """Select the newest handlings in these states, each with its message and whether it has come back."""
    chosen = Filter(states=states, only_keywords=only_keywords)
    columns = (mo_message.c.received_at, mo_message.c.shortcode, mo_message.c.keyword)
    query = select(mo_handling, *columns).join(mo_message).where(*conditions(chosen))
    return query.order_by(mo_handling.c.id.desc()).limit(MOST).subquery()


def _grouped(newest: Any, *columns: ColumnElement[Any]) -> Select[Any]:
    ended_before = exists().where(
        mo_attempt.c.handling_id == newest.c.id,
        mo_attempt.c.number < newest.c.attempts,
        mo_attempt.c.outcome.in_(ENDED),
    )
    return select(
        *columns,
        func.count().label("messages"),
        func.sum(case((newest.c.state == "dead", 1), else_=0)).label("dead"),
        func.sum(case((ended_before, 1), else_=0)).label("came_back"),
        func.min(newest.c.received_at).label("first_at"),
        func.max(newest.c.received_at).label("last_at"),
        func.max(newest.c.message_id).label("last_message_id"),
    ).group_by(*columns)


def _group(row: Row[Any], *, handler: str | None, cause: str, shortcode: str | None = None) -> Group:
    return Group(
        handler=handler,
        cause=cause,
        shortcode=shortcode,
        messages=row.messages,
        dead=row.dead,
        came_back=row.came_back,
        first_at=row.first_at,
        last_at=row.last_at,
        last_message_id=row.last_message_id,
    )


def _merged(groups: Iterable[Group]) -> list[Group]:
    """Put together what one filter finds; the largest group first."""
    found: dict[tuple[str | None, str, str | None], Group] = {}
    for one in groups:
        key = (one.handler, _alike(one.cause) if one.shortcode else one.cause, one.shortcode)
        same = found.get(key)
        found[key] = _sum(same, one) if same else one
    return sorted(found.values(), key=lambda group: (-group.messages, group.cause))


def _alike(word: str) -> str:
    """Give what is equal of words that a filter on one of them finds too."""
    return word.lower() if word.isascii() else word


def _sum(one: Group, other: Group) -> Group:
    return replace(
        one,
        messages=one.messages + other.messages,
        dead=one.dead + other.dead,
        came_back=one.came_back + other.came_back,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        last_message_id=max(one.last_message_id, other.last_message_id),
    )
