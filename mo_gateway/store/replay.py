"""Handlings that are made due again, and what is known of them before.

`attempts` stays as it is, it is the fence of the claims: new tries are given by moving the limit. The new
`due_at` takes the work from a worker that is at it, so nothing is finished twice.
"""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    case,
    exists,
    false,
    func,
    or_,
    select,
    update,
)

from mo_gateway.message import Question

from . import questions
from .selection import Filter, conditions
from .tables import mo_handling, mo_message, mt_message, opt_out
from .types import database_now

CHUNK = 1000  # rows fetched at a time


def make_due(
    conn: Connection, chosen: Filter, *, after: int, limit: int, tries: int, answers_again: bool
) -> list[int]:
    """Make the next `limit` handlings that `chosen` means due again; give their ids, all greater than `after`.

    Whoever has a reply to a message gets no second one, unless it `answers_again`.
    """
    found = _handlings(chosen, limit, after=after)
    # Locked in the order of their ids, so that two replays cannot deadlock; SQLite has one writer and ignores it.
    again = found.with_for_update(of=mo_handling).cte("again")
    due = _due(mo_handling.c.id.in_(select(again.c.id)), tries, answers_again)
    return list(conn.scalars(due.returning(mo_handling.c.id)))


def make_message_due(conn: Connection, message_id: int, *, tries: int, answers_again: bool) -> None:
    """Make all handlings of one message due again, whose text is another now, and may be a STOP."""
    due = _due(mo_handling.c.message_id == message_id, tries, answers_again)
    conn.execute(due.values(may_be_stop=~mo_handling.c.is_observer))


def planned(conn: Connection, chosen: Filter, limit: int | None) -> Iterator[tuple[Row[Any], Question | None]]:
    """Give what `chosen` means, row by row: the message, its handler, and whether that is an observer.

    Beside each is the question that the message answered.
    """
    columns = (mo_handling.c.handler, mo_handling.c.is_observer)
    found = _handlings(chosen, limit).with_only_columns(mo_message, *columns)
    with conn.execute(found.execution_options(yield_per=CHUNK)) as rows:
        for part in rows.partitions():
            answered = questions.answered_by(conn, [row.id for row in part])
            yield from ((row, answered.get(row.id)) for row in part)


def replies(conn: Connection, chosen: Filter, limit: int | None) -> dict[str, int]:
    """Count the replies there are to the messages that `chosen` means, by their state."""
    found = _handlings(chosen, limit).add_columns(mo_handling.c.message_id).subquery()
    return _replies(conn, mt_message.c.message_id.in_(select(found.c.message_id)))


def stopped(conn: Connection, chosen: Filter, limit: int | None) -> int:
    """Count the senders of what `chosen` means who have said STOP to the shortcode or to everything."""
    found = _handlings(chosen, limit).add_columns(mo_message.c.person_key, mo_message.c.shortcode).subquery()
    in_force = exists().where(
        opt_out.c.person_key == found.c.person_key,
        opt_out.c.until.is_(None),
        or_(opt_out.c.shortcode.is_(None), opt_out.c.shortcode == found.c.shortcode),
    )
    return conn.scalar(select(func.count(found.c.person_key.distinct())).where(in_force)) or 0


def replies_to(conn: Connection, message_ids: Collection[int]) -> dict[str, int]:
    """Count the replies there are to these messages, by their state."""
    return _replies(conn, mt_message.c.message_id.in_(message_ids))


def _handlings(chosen: Filter, limit: int | None, *, after: int = 0) -> Select[Any]:
    return (
        select(mo_handling.c.id)
        .join(mo_message, mo_message.c.id == mo_handling.c.message_id)
        .where(mo_handling.c.id > after, mo_message.c.msisdn != "", *conditions(chosen))  # but what is erased
        .order_by(mo_handling.c.id)
        .limit(limit)
    )


def _due(which: ColumnElement[bool], tries: int, answers_again: bool) -> Update:
    return (
        update(mo_handling)
        .where(which)
        .values(
            state="pending",
            is_claimed=False,
            handler=case((mo_handling.c.is_observer, mo_handling.c.handler), else_=None),  # routed anew
            is_mute=false() if answers_again else _is_answered(),
            error=None,
            due_at=database_now(),
            finished_at=None,
            attempt_limit=mo_handling.c.attempts + tries,
        )
    )


def _is_answered() -> ColumnElement[bool]:
    """Say that there is a reply to a message, which has gone out, or may have, or will."""
    return exists().where(
        mt_message.c.message_id == mo_handling.c.message_id,
        mt_message.c.handler.is_not(None),
        mt_message.c.state.in_(("queued", "sent", "unknown")),
    )


def _replies(conn: Connection, which: ColumnElement[bool]) -> dict[str, int]:
    counts = select(mt_message.c.state, func.count().label("n")).where(which).group_by(mt_message.c.state)
    return {row.state: row.n for row in conn.execute(counts)}
