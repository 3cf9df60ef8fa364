"""Votes and lists: what handlers decided, stored with the message being done, each once."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    case,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy import delete as sql_delete

from mo_gateway.message import Message
from mo_gateway.values import Join, Leave, Timing, Vote

from .report_tables import report_poll_kept
from .tables import mo_subscription, mo_vote
from .types import insert_into

#: How a vote stands, and the column that counts those in `report_poll_kept`.
KEPT = {
    "counted": "votes",
    "late": "rejected_late",
    "early": "rejected_early",
    "double": "rejected_double",
    "unreadable": "unreadable",
}


def vote(conn: Connection, value: Vote, message: Message, *, person_key: bytes) -> None:
    """Store a vote; the same message may be read again, and then its vote is what it is now."""
    read = {"option": value.option, "timing": value.timing.value, "last_counts": value.last_counts}
    row = {
        "poll": value.poll,
        "person_key": person_key,
        "message_id": message.id,
        "voted_at": message.sent_at,
        **read,
    }
    statement = insert_into(conn, mo_vote).values(row)
    conn.execute(statement.on_conflict_do_update(index_elements=["poll", "message_id"], set_=read))


def join(conn: Connection, value: Join, message: Message, *, person_key: bytes, now: datetime) -> None:
    """Put a message's sender on a list; who is on it already stays as they are.

    A message that is handled once more puts nobody back who has left since.
    """
    of_person = (mo_subscription.c.list == value.list, mo_subscription.c.person_key == person_key)
    is_later = or_(mo_subscription.c.message_id >= message.id, mo_subscription.c.until_message_id > message.id)
    if conn.scalar(select(mo_subscription.c.id).where(*of_person, is_later).limit(1)):
        return
    row = {
        "list": value.list,
        "person_key": person_key,
        "msisdn": message.msisdn,
        "shortcode": message.shortcode,
        "since": now,
        "message_id": message.id,
    }
    statement = insert_into(conn, mo_subscription).values(row)
    where = mo_subscription.c.until.is_(None)
    conn.execute(statement.on_conflict_do_nothing(index_elements=["list", "person_key"], index_where=where))


def leave(conn: Connection, value: Leave, message: Message, *, person_key: bytes, now: datetime) -> None:
    """Take a message's sender off a list, or off all of them; what a later message has joined stays."""
    which = [
        mo_subscription.c.person_key == person_key,
        mo_subscription.c.until.is_(None),
        mo_subscription.c.message_id < message.id,
    ]
    if value.list is not None:
        which.append(mo_subscription.c.list == value.list)
    conn.execute(update(mo_subscription).where(*which).values(until=now, until_message_id=message.id))


def polls(conn: Connection) -> Sequence[str]:
    """Name the polls that anybody has voted in."""
    named = union(select(mo_vote.c.poll), select(report_poll_kept.c.poll)).subquery()
    return conn.scalars(select(named.c.poll).order_by(named.c.poll)).all()


def totals(conn: Connection, poll: str) -> list[dict[str, Any]]:
    """Count a poll: rows of option, standing and votes. `counted` is one vote a person; pruned votes are in it.

    Of a person's votes in time that name an option the first one counts, or the last one, as the newest vote of
    the poll says. The others are `double`; those out of time `early` or `late`; those without an option
    `unreadable`.
    """
    found = Counter({(row.option, row.standing): row.votes for row in _of_votes(conn, poll)})
    for row in conn.execute(select(report_poll_kept).where(report_poll_kept.c.poll == poll)).mappings():
        for standing, column in KEPT.items():
            found[row["option"] or None, standing] += row[column]
    by_votes = sorted(found.items(), key=lambda item: (-item[1], item[0][0] or ""))
    return [{"option": option, "standing": standing, "votes": n} for (option, standing), n in by_votes if n]


def senders(conn: Connection, poll: str) -> Counter[str]:
    """Count, by option (empty = none), the different people who sent it, counted or not."""
    people = select(mo_vote.c.option, func.count(mo_vote.c.person_key.distinct()).label("people")).where(
        mo_vote.c.poll == poll, mo_vote.c.id > kept_up_to(poll)
    )
    found = Counter({row.option or "": row.people for row in conn.execute(people.group_by(mo_vote.c.option))})
    of_poll = select(report_poll_kept).where(report_poll_kept.c.poll == poll)
    found.update({row.option: row.unique_people for row in conn.execute(of_poll)})
    return found


def _of_votes(conn: Connection, poll: str) -> Sequence[Row[Any]]:
    of_poll = mo_vote.c.poll == poll
    last_counts = conn.scalar(select(mo_vote.c.last_counts).where(of_poll).order_by(mo_vote.c.id.desc()).limit(1))
    is_valid = (mo_vote.c.timing == "in time") & mo_vote.c.option.is_not(None)
    moment: list[Any] = [mo_vote.c.voted_at, mo_vote.c.message_id]
    order = [column.desc() for column in moment] if last_counts else moment
    place = func.row_number().over(partition_by=[mo_vote.c.person_key, is_valid], order_by=order)
    standing = case(
        (mo_vote.c.timing != "in time", mo_vote.c.timing),
        (mo_vote.c.option.is_(None), "unreadable"),
        (place == 1, "counted"),
        else_="double",
    )
    votes = (
        select(mo_vote.c.option, standing.label("standing"))
        .where(of_poll, mo_vote.c.id > kept_up_to(poll))
        .subquery()
    )
    columns = (votes.c.option, votes.c.standing)
    return conn.execute(select(*columns, func.count().label("votes")).group_by(*columns)).all()


def kept_up_to(poll: str | ColumnElement[str]) -> ColumnElement[int]:
    """Say up to which id the votes of a poll are in `report_poll_kept`, so that they may go."""
    newest = select(func.max(report_poll_kept.c.up_to_vote)).where(report_poll_kept.c.poll == poll)
    return func.coalesce(newest.correlate(mo_vote).scalar_subquery(), 0)


def between(conn: Connection, poll: str, *, after: int, up_to: int) -> dict[int, Vote]:
    """Give the votes in a poll of messages with these numbers, by message."""
    query = select(mo_vote).where(
        mo_vote.c.poll == poll, mo_vote.c.message_id > after, mo_vote.c.message_id <= up_to
    )
    return {
        row.message_id: Vote(
            poll=row.poll, option=row.option, timing=Timing(row.timing), last_counts=row.last_counts
        )
        for row in conn.execute(query)
    }


def take_out(conn: Connection, poll: str, message_ids: Sequence[int]) -> None:
    """Delete the votes of these messages in a poll."""
    if message_ids:
        which = (mo_vote.c.poll == poll, mo_vote.c.message_id.in_(message_ids))
        conn.execute(sql_delete(mo_vote).where(*which))


def lists(conn: Connection) -> Sequence[RowMapping]:
    """Count the lists: rows of list, members and all_time."""
    is_on = mo_subscription.c.until.is_(None)
    columns = (func.count().filter(is_on).label("members"), func.count().label("all_time"))
    query = select(mo_subscription.c.list, *columns).group_by(mo_subscription.c.list)
    return conn.execute(query.order_by(mo_subscription.c.list)).mappings().all()


def members(conn: Connection, name: str, *, former: bool, limit: int | None) -> Sequence[RowMapping]:
    """Give who is on a list, or was; newest first, each with the message that proves it."""
    which = [mo_subscription.c.list == name]
    if not former:
        which.append(mo_subscription.c.until.is_(None))
    query = select(mo_subscription).where(*which).order_by(mo_subscription.c.id.desc())
    return conn.execute(query.limit(limit)).mappings().all()
