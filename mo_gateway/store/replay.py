"""Handlings that are made due again, and what is known of them before.

`attempts` stays as it is, it is the fence of the claims: new tries are given by moving the limit. The new
`due_at` takes the work from a worker that is at it, so nothing is finished twice.
"""

from collections.abc import Collection, Iterator, Sequence
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


def planned(
    conn: Connection, chosen: Filter, limit: int | None
) -> Iterator[Sequence[tuple[Row[Any], Question | None]]]:
    """Give what `chosen` means, part by part: the message, its handler, and whether that is an observer.

    Beside each is the question that the message answered.
    """
    columns = (mo_handling.c.handler, mo_handling.c.is_observer)
    found = _handlings(chosen, limit).with_only_columns(mo_message, *columns)
    with conn.execute(found.execution_options(yield_per=CHUNK)) as rows:
        for part in rows.partitions():
            answered = questions.answered_by(conn, [row.id for row in part])
            yield [(row, answered.get(row.id)) for row in part]


def stopped(conn: Connection, senders: Collection[tuple[bytes, str]]) -> set[bytes]:
    """Give, of some people and the shortcodes that they wrote to, who has said STOP to that or to everything."""
    people = {person for person, _ in senders}
    query = select(opt_out.c.person_key, opt_out.c.shortcode).where(
        opt_out.c.person_key.in_(people), opt_out.c.until.is_(None)
    )
    return {
        row.person_key
        for row in conn.execute(query)
        if row.shortcode is None or (row.person_key, row.shortcode) in senders
    }


def replies_to(conn: Connection, message_ids: Collection[int]) -> dict[str, int]:
    """Count the replies there are to these messages, by their state."""
    of_messages = mt_message.c.message_id.in_(message_ids)
    query = select(mt_message.c.state, func.count().label("n")).where(of_messages)
    return {row.state: row.n for row in conn.execute(query.group_by(mt_message.c.state))}


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
