"""Everything that is stored of one person, wherever it lies."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, or_, select

from .access_tables import mo_audit
from .report_tables import report_person
from .tables import (
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

AT_ONCE = 500  # numbers of rows in one question

#: What the tables are called where they are shown to the person; the order in which they are read.
NAMES = {
    "messages": mo_message,
    "handlings": mo_handling,
    "attempts": mo_attempt,
    "replies": mt_message,
    "delivery_reports": mt_report,
    "votes": mo_vote,
    "subscriptions": mo_subscription,
    "questions": mo_question,
    "opt_outs": opt_out,
    "rejected_requests": mo_rejection,
    "days": report_person,
    "audit": mo_audit,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose rows are looked for."""

    msisdn: str
    key: bytes

    def stands_in(self, raw: bytes) -> bool:
        """Tell whether the number stands in a request, also percent-encoded, and not as part of a longer one."""
        whole = re.compile(rb"(?<![0-9])0{0,2}" + self.msisdn.encode() + rb"(?![0-9])")
        return bool(whole.search(raw) or whole.search(unquote_to_bytes(raw.replace(b"+", b" "))))


@dataclass(frozen=True, slots=True)
class Rows:
    """The numbers of a person's rows, by table."""

    of: dict[str, list[int]] = field(default_factory=dict)
    #: Replies to others that a message of this person has led to.
    told_others: list[int] = field(default_factory=list)
    #: Rows of others whose `error` quotes the number, by table.
    quoting: dict[str, list[int]] = field(default_factory=dict)

    def __getitem__(self, table: Table) -> list[int]:
        return self.of[table.name]


def find(conn: Connection, person: Person) -> Rows:
    """Find a person's rows. That reads each message once: no index of so many keys slows the intake down."""
    found = Rows()
    keyed = (mo_message, mt_message, mo_vote, mo_subscription, mo_question, opt_out)
    for table in keyed:
        found.of[table.name] = _ids(conn, table, table.c.person_key == person.key)
    messages, replies = found[mo_message], found[mt_message]
    found.of[mo_handling.name] = _hanging(conn, mo_handling.c.message_id, messages)
    of_handlings = _hanging(conn, mo_attempt.c.handling_id, found[mo_handling])
    found.of[mo_attempt.name] = of_handlings + _hanging(conn, mo_attempt.c.mt_message_id, replies)
    found.told_others.extend(set(_hanging(conn, mt_message.c.message_id, messages)) - set(replies))
    lonely = _quoting(conn, person, mt_report, mt_report.c.mt_message_id.is_(None))
    found.of[mt_report.name] = _hanging(conn, mt_report.c.mt_message_id, replies) + lonely
    replayed = _hanging(conn, mo_rejection.c.message_id, messages)
    found.of[mo_rejection.name] = sorted({*replayed, *_quoting(conn, person, mo_rejection)})
    for table in (mo_handling, mo_attempt, mt_message):
        found.quoting[table.name] = _ids(conn, table, table.c.error.contains(person.msisdn))
    return found


def rows(conn: Connection, person: Person, found: Rows, table: Table) -> Iterator[RowMapping]:
    """Give a person's rows of a table; those without a number of their own are found by the person's key."""
    if table is report_person:
        yield from conn.execute(select(table).where(table.c.person_key == person.key.hex())).mappings()
    elif table is mo_audit:
        yield from conn.execute(select(table).where(table.c.person_key == person.key)).mappings()
    else:
        for some in chunks(sorted(found[table])):
            yield from conn.execute(select(table).where(table.c.id.in_(some)).order_by(table.c.id)).mappings()


def unfinished(conn: Connection, found: Rows) -> Iterator[str]:
    """Say what is still to be done for a person."""
    handling, reply = mo_handling.c, mt_message.c
    for some in chunks(found[mo_message]):
        waiting = select(handling.message_id).where(
            handling.message_id.in_(some), or_(handling.due_at.is_not(None), handling.may_be_stop)
        )
        yield from (f"message {one} is still to be handled" for one in conn.scalars(waiting))
    for some in chunks(found[mt_message] + found.told_others):
        unsent = select(reply.id).where(
            reply.id.in_(some), or_(reply.state == "queued", reply.due_at.is_not(None))
        )
        yield from (f"reply {one} is still to be sent" for one in conn.scalars(unsent))


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Give numbers in parts that fit into one statement."""
    yield from (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _ids(conn: Connection, table: Table, which: ColumnElement[bool]) -> list[int]:
    return list(conn.scalars(select(table.c.id).where(which).order_by(table.c.id)))


def _hanging(conn: Connection, column: ColumnElement[Any], ids: Collection[int]) -> list[int]:
    """Give the rows whose column names any of these."""
    table = column.table
    return [one for some in chunks(list(ids)) for one in _ids(conn, table, column.in_(some))]


def _quoting(conn: Connection, person: Person, table: Table, *which: ColumnElement[bool]) -> list[int]:
    """Give the rows in whose `raw` the number stands."""
    query: Select[Any] = select(table.c.id, table.c.raw).where(*which).order_by(table.c.id)
    found = conn.execute(query.execution_options(yield_per=AT_ONCE))
    return [row.id for row in found if person.stands_in(row.raw)]
