"""Handlings that are made due again, and what is known of them before.

`attempts` stays as it is, it is the fence of the claims: new tries are given by moving the limit. The new
`due_at` takes the work from a worker that is at it, so nothing is finished twice.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Update, case, exists, false, func, select, update

from .selection import Filter, conditions
from .tables import mo_handling, mo_message, mt_message
from .types import database_now


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


def by_route(conn: Connection, chosen: Filter, limit: int | None) -> Sequence[Row[Any]]:
    """Count what `chosen` means: rows of handler, shortcode, keyword and n."""
    found = (
        _handlings(chosen, limit)
        .add_columns(mo_handling.c.handler, mo_message.c.shortcode, mo_message.c.keyword)
        .subquery()
    )
    columns = (found.c.handler, found.c.shortcode, found.c.keyword)
    return conn.execute(select(*columns, func.count().label("n")).group_by(*columns)).all()


def replies(conn: Connection, chosen: Filter, limit: int | None) -> dict[str, int]:
    """Count the replies there are to the messages that `chosen` means, by their state."""
    found = _handlings(chosen, limit).add_columns(mo_handling.c.message_id).subquery()
    return _replies(conn, mt_message.c.message_id.in_(select(found.c.message_id)))


def replies_to(conn: Connection, message_ids: Collection[int]) -> dict[str, int]:
    """Count the replies there are to these messages, by their state."""
    return _replies(conn, mt_message.c.message_id.in_(message_ids))


def _handlings(chosen: Filter, limit: int | None, *, after: int = 0) -> Select[Any]:
    return (
        select(mo_handling.c.id)
        .join(mo_message, mo_message.c.id == mo_handling.c.message_id)
        .where(mo_handling.c.id > after, *conditions(chosen))
        .order_by(mo_handling.c.id)
        .limit(limit)
    )


def _due(which: ColumnElement[bool], tries: int, answers_again: bool) -> Update:
    return (
        update(mo_handling)
        .where(which)
        .values(
            state="pending",
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
