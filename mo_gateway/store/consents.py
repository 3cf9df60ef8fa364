"""Who joined and left, who said STOP, and the messages that prove it: for the people who have to prove it."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, func, or_, select

from .replies import last_word
from .tables import mo_message, mo_subscription, mt_message, opt_out

_BEGAN = mo_message.alias("began")
_ENDED = mo_message.alias("ended")


def members(conn: Connection, name: str, *, is_on: bool, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Give who is on a list, or who has left it, the newest first."""
    state = mo_subscription.c.until.is_(None) if is_on else mo_subscription.c.until.is_not(None)
    query = select(mo_subscription).where(mo_subscription.c.list == name, state)
    return _newest(conn, query, mo_subscription.c.id, before, limit)


def opt_outs(conn: Connection, *, in_force: bool, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Give opt-outs in force, or those that have ended, the newest first; each with when its STOP was received."""
    state = opt_out.c.until.is_(None) if in_force else opt_out.c.until.is_not(None)
    return _newest(conn, _with_messages(opt_out).where(state), opt_out.c.id, before, limit)


def opt_out_counts(conn: Connection) -> RowMapping:
    """Count the opt-outs: in_force and ended."""
    in_force = func.count().filter(opt_out.c.until.is_(None))
    ended = func.count().filter(opt_out.c.until.is_not(None))
    query = select(in_force.label("in_force"), ended.label("ended")).select_from(opt_out)
    return conn.execute(query).mappings().one()


def one_opt_out(conn: Connection, opt_out_id: int) -> RowMapping | None:
    """Give one opt-out with the messages that began and ended it."""
    return conn.execute(_with_messages(opt_out).where(opt_out.c.id == opt_out_id)).mappings().first()


def opt_outs_of(conn: Connection, person_key: bytes) -> Sequence[RowMapping]:
    """Give all that one person has said STOP to, the first one first, each with its messages."""
    of_person = _with_messages(opt_out).where(opt_out.c.person_key == person_key)
    return conn.execute(of_person.order_by(opt_out.c.id)).mappings().all()


def subscriptions_of(conn: Connection, person_key: bytes) -> Sequence[RowMapping]:
    """Give all of one person's times on lists, the first one first, each with its messages."""
    of_person = _with_messages(mo_subscription).where(mo_subscription.c.person_key == person_key)
    return conn.execute(of_person.order_by(mo_subscription.c.id)).mappings().all()


def answers(conn: Connection, message_ids: Collection[int]) -> Sequence[RowMapping]:
    """Give the replies to these messages, the first one first, each with what its delivery reports say."""
    query = select(mt_message, last_word.label("delivery")).where(mt_message.c.message_id.in_(message_ids))
    return conn.execute(query.order_by(mt_message.c.id)).mappings().all()


def tried_in_spite_of(conn: Connection, entry: RowMapping) -> Sequence[RowMapping]:
    """Give the replies that a STOP stood against, and that somebody began to send all the same."""
    reply = mt_message.c
    which: list[ColumnElement[bool]] = [
        reply.person_key == entry["person_key"],
        reply.tried_at > entry["since"],
        reply.state.in_(("sent", "unknown")),
        reply.opt_out_id.is_(None),
    ]
    if entry["until"]:
        which.append(reply.tried_at < entry["until"])
    if entry["shortcode"] is not None:
        said_to = func.coalesce(func.nullif(reply.shortcode, ""), reply.sender)
        which.append(or_(reply.message_id.is_(None), said_to == entry["shortcode"]))
    if entry["keyword"] is not None:
        which.append(reply.keyword == entry["keyword"])
    return conn.execute(select(mt_message).where(*which).order_by(mt_message.c.id)).mappings().all()


def _with_messages(table: Any) -> Select[Any]:
    """Select rows of a table with the messages that began (began_…) and ended them (ended_…)."""
    joined = table.outerjoin(_BEGAN, _BEGAN.c.id == table.c.message_id).outerjoin(
        _ENDED, _ENDED.c.id == table.c.until_message_id
    )
    return select(table, *_columns(_BEGAN, "began"), *_columns(_ENDED, "ended")).select_from(joined)


def _columns(message: FromClause, prefix: str) -> list[ColumnElement[Any]]:
    return [message.c[name].label(f"{prefix}_{name}") for name in ("keyword", "parm", "sent_at", "received_at")]


def _newest(
    conn: Connection, query: Select[Any], number: ColumnElement[int], before: int | None, limit: int
) -> Sequence[RowMapping]:
    """Give a page of rows, the newest first; `before` is the number of the last one of the page before."""
    rows = query if before is None else query.where(number < before)
    return conn.execute(rows.order_by(number.desc()).limit(limit)).mappings().all()
