"""Old messages taken out, with everything that hangs on them; what they came to stays counted."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from . import values
from .report_tables import report_poll_kept
from .tables import (
    metadata,
    mo_attempt,
    mo_handling,
    mo_message,
    mo_question,
    mo_rejection,
    mo_subscription,
    mo_vote,
    mt_message,
    mt_report,
    opt_out,
)
from .types import insert_into

PAGE = 10_000  # messages that are looked at in one transaction, which only reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """What is old enough to go."""

    before: datetime  #: received before this moment
    shortcode: str | None = None  #: of this one only
    but: Collection[str] = ()  #: not of these

    def of(self, column: ColumnElement[str | None]) -> ColumnElement[bool]:
        """Write for a WHERE clause which shortcodes are meant."""
        if self.shortcode is not None:
            return column == self.shortcode
        return or_(column.is_(None), column.not_in(self.but))


def is_alone(conn: Connection) -> bool:
    """Keep everybody else from pruning until the transaction ends; False where somebody else prunes.

    SQLite has one writer anyway.
    """
    if conn.dialect.name == "sqlite":
        return True
    return bool(conn.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('mo_gateway.prune'))")))


def old_messages(
    conn: Connection, old: Old, *, after: tuple[datetime, int] | None, ended: Collection[str]
) -> list[tuple[int, datetime, bool]]:
    """Give the next old messages, the oldest first: number, moment of receipt, and whether it may go."""
    message = mo_message.c
    found = select(message.id, message.received_at, may_go(old.before, ended).label("may_go")).where(
        message.received_at < old.before, old.of(message.shortcode)
    )
    if after:
        moment, last = after
        is_later = or_(message.received_at > moment, message.id > last)
        found = found.where(message.received_at >= moment, is_later)
    page = found.order_by(message.received_at, message.id).limit(PAGE)
    return [(row.id, row.received_at, row.may_go) for row in conn.execute(page)]


def may_go(before: datetime, ended: Collection[str] = ()) -> ColumnElement[bool]:
    """Say that nothing about a message is unfinished, and that it proves nothing that is in force.

    A vote goes when what its poll came to is kept, or will be, since the poll has `ended`.
    """
    message_id = mo_message.c.id
    handling, reply, vote = mo_handling.c, mt_message.c, mo_vote.c
    on_list, question = mo_subscription.c, mo_question.c
    needed = (
        exists().where(handling.message_id == message_id, or_(handling.due_at.is_not(None), handling.may_be_stop)),
        exists().where(reply.message_id == message_id, _is_unsent()),
        exists().where(on_list.message_id == message_id, _is_recent(on_list.until, before)),
        exists().where(on_list.until_message_id == message_id, _is_recent(on_list.until, before)),
        exists().where(question.message_id == message_id, question.ended_at.is_(None)),
        exists().where(vote.message_id == message_id, vote.poll.not_in(ended), _is_not_kept()),
    )
    return and_(*(~one.correlate(mo_message) for one in needed))


def _is_not_kept() -> ColumnElement[bool]:
    return mo_vote.c.id > values.kept_up_to(mo_vote.c.poll)


def _is_unsent() -> ColumnElement[bool]:
    return or_(mt_message.c.state == "queued", mt_message.c.due_at.is_not(None))


def _is_recent(until: ColumnElement[datetime | None], before: datetime) -> ColumnElement[bool]:
    return or_(until.is_(None), until >= before)


def delete_rows(conn: Connection, table: str, ids: Collection[int], before: datetime) -> dict[str, int]:
    """Delete old rows of a table with what hangs on them; give how many rows, by table."""
    if table == mo_message.name:
        return _delete_messages(conn, ids, before)
    if table == mt_message.name:
        return _delete_replies(conn, ids)
    return _deleted(conn, metadata.tables[table], metadata.tables[table].c.id.in_(ids))


def _delete_messages(conn: Connection, ids: Collection[int], before: datetime) -> dict[str, int]:
    """Delete those of these messages that may still go, what hangs on them first; give how many rows, by table.

    An opt-out stays for ever, also without the message that began it.
    """
    locked = select(mo_message.c.id).where(mo_message.c.id.in_(ids)).order_by(mo_message.c.id)
    going = conn.scalars(locked.where(may_go(before)).with_for_update()).all()
    if not going:
        return {}
    handlings = conn.scalars(select(mo_handling.c.id).where(mo_handling.c.message_id.in_(going))).all()
    replies = conn.scalars(select(mt_message.c.id).where(mt_message.c.message_id.in_(going))).all()
    votes = conn.scalars(select(mo_vote.c.id).where(mo_vote.c.message_id.in_(going))).all()
    for table in (opt_out, mo_rejection):
        for column in _pointing(table):
            conn.execute(update(table).where(column.in_(going)).values({column.name: None}))
    deleted = {
        **_deleted(conn, mo_attempt, mo_attempt.c.handling_id.in_(handlings)),
        **_delete_replies(conn, replies),
        **_deleted(conn, mo_handling, mo_handling.c.message_id.in_(going)),
        **{
            name: n
            for table in (mo_vote, mo_question, mo_subscription)
            for name, n in _deleted(conn, table, or_(*(one.in_(going) for one in _pointing(table)))).items()
        },
        **_deleted(conn, mo_message, mo_message.c.id.in_(going)),
    }
    if votes and (conn.scalar(select(func.max(mo_vote.c.id))) or 0) < max(votes):
        _lower_fences(conn)
    return deleted


def _lower_fences(conn: Connection) -> None:
    """Let new votes be counted though SQLite gives them numbers of those that were the newest and are gone."""
    kept = report_poll_kept.c
    left = select(func.max(mo_vote.c.id)).where(mo_vote.c.poll == kept.poll, mo_vote.c.id <= kept.up_to_vote)
    up_to = func.coalesce(left.scalar_subquery(), 0)
    conn.execute(update(report_poll_kept).values(up_to_vote=up_to))


def _delete_replies(conn: Connection, ids: Collection[int]) -> dict[str, int]:
    """Delete replies with their tries and their delivery reports; give how many rows, by table."""
    conn.execute(delete(mo_attempt).where(mo_attempt.c.mt_message_id.in_(ids)))
    return {
        **_deleted(conn, mt_report, mt_report.c.mt_message_id.in_(ids)),
        **_deleted(conn, mt_message, mt_message.c.id.in_(ids)),
    }


def lonely_replies(conn: Connection, old: Old) -> Sequence[int]:
    """Give the old replies that answer no message: they were sent by hand."""
    reply = mt_message.c
    which = (reply.message_id.is_(None), reply.created_at < old.before, ~_is_unsent(), old.of(reply.shortcode))
    return conn.scalars(select(reply.id).where(*which).order_by(reply.id)).all()


def lonely_reports(conn: Connection, before: datetime) -> Sequence[int]:
    """Give the old delivery reports that belong to no reply."""
    which = (mt_report.c.mt_message_id.is_(None), mt_report.c.received_at < before)
    return conn.scalars(select(mt_report.c.id).where(*which).order_by(mt_report.c.id)).all()


def old_rejections(conn: Connection, before: datetime) -> Sequence[int]:
    """Give the rejections that last came before a moment."""
    old = select(mo_rejection.c.id).where(mo_rejection.c.last_received_at < before)
    return conn.scalars(old.order_by(mo_rejection.c.id)).all()


def ended_polls(conn: Connection, before: datetime) -> Sequence[tuple[str, int]]:
    """Give the polls that nobody has voted in since a moment, with its newest vote, if that is not kept yet."""
    newest = func.max(mo_vote.c.id)
    ended = select(mo_vote.c.poll, newest).group_by(mo_vote.c.poll).having(func.max(mo_vote.c.voted_at) < before)
    kept = {row.poll: row.up_to for row in conn.execute(_kept())}
    return [(poll, last) for poll, last in conn.execute(ended) if last > kept.get(poll, 0)]


def newest_vote(conn: Connection, poll: str) -> int | None:
    """Give the number of the newest vote in a poll."""
    newest: int | None = conn.scalar(select(func.max(mo_vote.c.id)).where(mo_vote.c.poll == poll))
    return newest


def keep_poll(conn: Connection, poll: str, rows: Iterable[dict[str, Any]], *, up_to: int) -> None:
    """Keep what a poll came to, votes up to this id included, so that these may go."""
    columns = (*values.KEPT.values(), "unique_people")
    for row in rows:
        figures = {name: row[name] for name in columns} | {"up_to_vote": up_to}
        statement = insert_into(conn, report_poll_kept).values(poll=poll, option=row["option"], **figures)
        conn.execute(statement.on_conflict_do_update(index_elements=["poll", "option"], set_=figures))


def _kept() -> Select[Any]:
    kept = report_poll_kept.c
    return select(kept.poll, func.max(kept.up_to_vote).label("up_to")).group_by(kept.poll)


def _pointing(table: Table) -> Iterator[ColumnElement[Any]]:
    """Give the columns of a table that name a message."""
    yield from (key.parent for key in table.foreign_keys if key.column is mo_message.c.id)


def _deleted(conn: Connection, table: Table, which: ColumnElement[bool]) -> dict[str, int]:
    return {table.name: conn.execute(delete(table).where(which)).rowcount}
