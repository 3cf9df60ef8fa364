"""Rows without their person: emptied of number and text, and under a key that leads nowhere.

Each function changes rows that `person.find` has found. What is counted stays as it was: rows of one person are
still of one person, who cannot be told any more.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, case, delete, func, null, select, update

from mo_gateway import keys

from .access_tables import mo_erased_key
from .opt_outs import ERASED_STOP
from .person import Person, Rows, chunks
from .report_tables import metadata
from .tables import (
    mo_attempt,
    mo_handling,
    mo_message,
    mo_question,
    mo_rejection,
    mo_subscription,
    mo_vote,
    mt_message,
    mt_provider,
    mt_report,
    opt_out,
)
from .types import insert_into

REPEATED_FOR = timedelta(hours=25)  # a provider repeats itself for a day
KEY_BYTES = 16
CHUNK = 500  # keys that are made random in one transaction

#: Tables whose rows a provider may repeat.
REPEATED = (mo_message, mo_rejection, mt_report)


def new_key() -> bytes:
    """Give the key that a person's rows have from now on; nobody can come to it from a number."""
    return secrets.token_bytes(KEY_BYTES)


def empty_messages(conn: Connection, person: Person, found: Rows, key: bytes, words: Mapping[int, str]) -> None:
    """Empty messages, with the work on them; `words` has, by message, the first word that it is counted under."""
    for some in chunks(found[mo_message]):
        which = (mo_message.c.id.in_(some), mo_message.c.person_key == person.key)
        shortcodes = dict(conn.execute(select(mo_message.c.id, mo_message.c.shortcode).where(*which)).all())
        word = case({one: words[one] for one in some}, value=mo_message.c.id)
        emptied = {"msisdn": "", "keyword": "", "parm": "", "raw": b"", "reference": None}
        conn.execute(
            update(mo_message).where(*which).values(emptied | {"person_key": key, "keyword_folded": word})
        )
        for shortcode in sorted(set(shortcodes.values())):
            of_it = [one for one, where in shortcodes.items() if where == shortcode]
            line = keys.line_of(key, shortcode)
            conn.execute(update(mo_handling).where(mo_handling.c.message_id.in_(of_it)).values(line=line))
    _update(conn, mo_handling, found[mo_handling], error=None)
    _update(conn, mo_attempt, found[mo_attempt], error=None)
    _update(conn, mo_vote, found[mo_vote], person_key=key)


def empty_replies(conn: Connection, person: Person, found: Rows, key: bytes) -> None:
    """Empty replies and their delivery reports; of replies to others that this person led to, the text."""
    reply, report = mt_message.c, mt_report.c
    texts = {"body": None, "udh": None, "data": None, "options": null(), "error": None}
    names = _without(person, reply.reference, reply.provider_id)
    _update(conn, mt_message, found[mt_message], msisdn="", person_key=key, opt_out_id=None, **texts, **names)
    _update(conn, mt_message, found.told_others, **texts)
    names = _without(person, report.reference, report.provider_id)
    _update(conn, mt_report, found[mt_report], raw=b"", **names)


def empty_the_rest(conn: Connection, person: Person, found: Rows, key: bytes, *, now: datetime) -> None:
    """Empty questions, times on lists, rejected requests, and what quotes the number elsewhere."""
    question, on_list = mo_question.c, mo_subscription.c
    conn.execute(
        update(mo_question)
        .where(question.person_key == person.key)
        .values(
            person_key=key,
            line=int.from_bytes(key[:8], signed=True),
            note="",
            timeout_text="",
            ended_at=func.coalesce(question.ended_at, now),
            outcome=func.coalesce(question.outcome, "stopped"),
        )
    )
    left = func.coalesce(on_list.until, now)
    _update(conn, mo_subscription, found[mo_subscription], msisdn="", person_key=key, until=left)
    _update(conn, mo_rejection, found[mo_rejection], raw=b"", errors=[])
    for table, ids in found.quoting.items():
        _update(conn, metadata.tables[table], ids, error=None)
    quoting = mt_provider.c.error.contains(person.msisdn)
    conn.execute(update(mt_provider).where(quoting).values(error=None))


def empty_opt_outs(conn: Connection, person: Person, key: bytes) -> int:
    """Keep what is in force by the keyed hash alone, bound to no message; give how much that is."""
    out = opt_out.c
    ended = update(opt_out).where(out.person_key == person.key, out.until.is_not(None))
    conn.execute(ended.values(msisdn="", word="", person_key=key))
    in_force = (out.person_key == person.key, out.until.is_(None))
    proofs = conn.scalars(select(out.message_id).where(*in_force, out.message_id.is_not(None)).distinct()).all()
    for row in conn.execute(select(mo_message.c.id, mo_message.c.marks).where(mo_message.c.id.in_(proofs))):
        marked = update(mo_message).where(mo_message.c.id == row.id)
        conn.execute(marked.values(marks=[*row.marks, ERASED_STOP]))
    kept = update(opt_out).where(*in_force).values(msisdn="", word="", message_id=None)
    return conn.execute(kept).rowcount


# Dedupe keys


def queue_keys(conn: Connection, found: Rows) -> None:
    """Note whose dedupe keys are to become random, once no provider repeats what they stand for."""
    for table in REPEATED:
        for some in chunks(found[table]):
            rows = [{"table_name": table.name, "row_id": one} for one in some]
            conn.execute(insert_into(conn, mo_erased_key).on_conflict_do_nothing(), rows)


def make_keys_random(conn: Connection, now: datetime) -> int:
    """Make keys random that recognise no retry any more, some at a time; give how many."""
    done = 0
    for table in REPEATED:
        for ids in (_settled(conn, table, now), _gone(conn, table)):
            for one in ids:
                random = secrets.token_bytes(KEY_BYTES)
                done += conn.execute(update(table).where(table.c.id == one).values(dedupe_key=random)).rowcount
            of_table = mo_erased_key.c.table_name == table.name
            conn.execute(delete(mo_erased_key).where(of_table, mo_erased_key.c.row_id.in_(ids)))
    return done


def _settled(conn: Connection, table: Table, now: datetime) -> list[int]:
    """Give the queued rows of a table that came last so long ago that they come no more."""
    queued = select(mo_erased_key.c.row_id).join(table, table.c.id == mo_erased_key.c.row_id)
    which = (mo_erased_key.c.table_name == table.name, table.c.last_received_at <= now - REPEATED_FOR)
    return list(conn.scalars(queued.where(*which).order_by(mo_erased_key.c.row_id).limit(CHUNK)))


def _gone(conn: Connection, table: Table) -> list[int]:
    """Give the queued rows of a table that were pruned."""
    queued = select(mo_erased_key.c.row_id).outerjoin(table, table.c.id == mo_erased_key.c.row_id)
    which = (mo_erased_key.c.table_name == table.name, table.c.id.is_(None))
    return list(conn.scalars(queued.where(*which).limit(CHUNK)))


def _update(conn: Connection, table: Table, ids: Collection[int], **values: Any) -> None:
    for some in chunks(list(ids)):
        conn.execute(update(table).where(table.c.id.in_(some)).values(values))


def _without(person: Person, *columns: ColumnElement[Any]) -> dict[str, Any]:
    """Give values that leave a column as it is, unless it quotes the number."""
    return {column.name: case((column.contains(person.msisdn), null()), else_=column) for column in columns}
