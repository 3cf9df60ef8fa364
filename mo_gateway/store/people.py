"""One person's messages and replies, found by the key of the number.

No index of `mo_message` is in the order of people: it would slow the intake down. On dates that are closed the
worker has noted when each person wrote (tests aside); on the others every message is looked at.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, union

from . import consents
from .replies import last_word
from .report_tables import report_counted, report_person
from .tables import mo_handling, mo_message, mo_vote, mt_message

_EVER = datetime(1, 1, 1, tzinfo=UTC)


def messages_of(conn: Connection, person_key: bytes, *, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Give a person's messages with what became of them, the newest first; `before` is a message's number."""
    query = (
        select(mo_message, mo_handling.c.state, mo_handling.c.handler)
        .join_from(mo_message, mo_handling)
        .where(mo_message.c.id.in_(_ids_of(conn, person_key)), ~mo_handling.c.is_observer)
        .order_by(mo_message.c.id.desc())
        .limit(limit)
    )
    return conn.execute(query if before is None else query.where(mo_message.c.id < before)).mappings().all()


def replies_of(conn: Connection, person_key: bytes, *, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Give what was to be sent to a person, the newest first; `before` is a reply's number."""
    query = (
        select(mt_message, last_word.label("delivery"))
        .where(mt_message.c.person_key == person_key)
        .order_by(mt_message.c.id.desc())
        .limit(limit)
    )
    return conn.execute(query if before is None else query.where(mt_message.c.id < before)).mappings().all()


def votes_of(conn: Connection, person_key: bytes, limit: int) -> Sequence[RowMapping]:
    """Give a person's votes, the newest first."""
    of_person = select(mo_vote).where(
        mo_vote.c.message_id.in_(_ids_of(conn, person_key)), mo_vote.c.person_key == person_key
    )
    return conn.execute(of_person.order_by(mo_vote.c.id.desc()).limit(limit)).mappings().all()


def number_of(conn: Connection, person_key: bytes) -> str:
    """Give the number under which anything of a person is stored, or nothing where it is erased."""
    newest = (
        messages_of(conn, person_key, before=None, limit=1),
        replies_of(conn, person_key, before=None, limit=1),
        consents.subscriptions_of(conn, person_key),
        consents.opt_outs_of(conn, person_key),
    )
    return next((str(row["msisdn"]) for rows in newest for row in rows if row["msisdn"]), "")


def _ids_of(conn: Connection, person_key: bytes) -> Select[Any]:
    """Select the numbers of a person's messages."""
    message, day = mo_message.c, report_person.c
    first_open = select(func.min(report_counted.c.starts_at)).where(~report_counted.c.is_closed)
    noted = (
        select(message.id)
        .join_from(report_person, mo_message, message.received_at.between(day.first_at, day.last_at))
        .where(day.person_key == person_key.hex(), message.person_key == person_key)
    )
    since = select(message.id).where(
        message.received_at >= (conn.scalar(first_open) or _EVER), message.person_key == person_key
    )
    found = union(noted, since).subquery()
    return select(found.c.id)
