"""The queue of work on messages: claimed under a lease, finished under a fence.

A claim moves `due_at` to the end of its lease and counts the attempt. Whoever finishes must still hold the
claim: the same attempt, the same lease. A dead worker needs no clean-up: its lease runs out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Float,
    Integer,
    Row,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    select,
    update,
)

from mo_gateway.message import Message, Question
from mo_gateway.reply import Reply
from mo_gateway.values import Value

from . import questions
from .counted import as_json, recordset
from .tables import mo_attempt, mo_handling, mo_message
from .types import database_now, insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message, ours to handle until the lease ends."""

    id: int  #: the row in `mo_handling`
    message: Message
    attempt: int
    attempt_limit: int
    lease_end: datetime  #: by the database's clock
    observer: str | None = None  #: whose work it is, where it is an observer's
    is_mute: bool = False  #: its replies went out before, and must not again
    is_replay: bool = False  #: it was finished before, and was made due again


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one observer has to do for one message."""

    message_id: int
    observer: str
    line: int  #: its own, so that it holds nobody back and nobody holds it


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one try."""

    state: str  #: done, unrouted, failed or dead
    handler: str | None
    started_at: datetime
    duration: timedelta | None  #: None where nobody saw it end
    error: str | None = None
    again_after: timedelta | None = None  #: None = never
    replies: tuple[Reply, ...] = ()
    values: tuple[Value, ...] = ()
    counts: bool = True  #: False where the try was put off, and is not one of the tries it has


@dataclass(frozen=True, slots=True)
class Finished:
    """A try that is over, and whose result is to be recorded."""

    claim: Claim
    result: Result


_EARLIER = mo_handling.alias("earlier")
# One of the messages that a dead worker leaves behind, still claimed, may be what killed it. Each of them is taken
# alone, so that the one that kills does not take the others along until all are dead.
_DUE = (
    select(mo_handling.c.id, mo_handling.c.due_at, mo_handling.c.is_claimed)
    .where(
        mo_handling.c.due_at <= database_now(),
        ~mo_handling.c.may_be_stop,  # no handler answers somebody whose STOP is not recorded yet
        ~exists().where(
            _EARLIER.c.line == mo_handling.c.line,
            _EARLIER.c.message_id < mo_handling.c.message_id,
            _EARLIER.c.due_at.is_not(None),
        ),
    )
    .order_by(mo_handling.c.due_at, mo_handling.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)  # SQLite has one writer and ignores it
    .cte("due")
)
_ORDER = (_DUE.c.due_at, _DUE.c.id)
_PLACES = select(
    _DUE.c.id,
    _DUE.c.is_claimed,
    func.row_number().over(order_by=_ORDER).label("place"),
    func.first_value(_DUE.c.is_claimed).over(order_by=_ORDER).label("is_alone"),
).cte("places")
_CLAIM = (
    update(mo_handling)
    .where(
        mo_handling.c.id.in_(
            select(_PLACES.c.id).where(
                case((_PLACES.c.is_alone, _PLACES.c.place == 1), else_=~_PLACES.c.is_claimed)
            )
        )
    )
    .values(
        is_claimed=True,
        attempts=mo_handling.c.attempts + 1,
        due_at=database_now(bindparam("lease", type_=Float)),
    )
    .returning(mo_handling.c.id)
)
_WAS_FINISHED = (
    exists()
    .where(mo_attempt.c.handling_id == mo_handling.c.id, mo_attempt.c.outcome != "failed")
    .correlate(mo_handling)
)
_TAKEN = questions.beside_messages(
    select(
        mo_handling.c.id.label("handling_id"),
        mo_handling.c.attempts,
        mo_handling.c.attempt_limit,
        mo_handling.c.due_at,
        mo_handling.c.handler,
        mo_handling.c.is_observer,
        mo_handling.c.is_mute,
        case((mo_handling.c.attempts > 1, _WAS_FINISHED), else_=false()).label("is_replay"),
        *(column for column in mo_message.c if column is not mo_message.c.raw),  # it may be long
    )
    .join(mo_handling, mo_handling.c.message_id == mo_message.c.id)
    .where(mo_handling.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(mo_message.c.id)
)

_GIVEN = {
    "claim_id": "bigint",
    "claim_attempt": "integer",
    "claim_lease_end": "timestamptz",
    "state": "text",
    "handler": "text",
    "error": "text",
    "again_after": "double precision",
    "more_tries": "integer",
    "started_at": "timestamptz",
    "duration_ms": "integer",
}
# Locked in the order of their ids, as a replay does, so that the two cannot deadlock.
_FINISH_ALL = f"""
    WITH given AS (SELECT * FROM {recordset(_GIVEN)}),
    held AS (
        SELECT id FROM mo_handling
        JOIN given ON id = claim_id AND attempts = claim_attempt AND due_at = claim_lease_end
        ORDER BY id FOR UPDATE OF mo_handling
    ),
    moved AS (
        UPDATE mo_handling
        SET state = given.state, handler = given.handler, error = given.error,
            due_at = now() + make_interval(secs => again_after),
            finished_at = CASE WHEN again_after IS NULL THEN now() END, is_claimed = false,
            attempt_limit = attempt_limit + more_tries
        FROM held JOIN given ON held.id = claim_id WHERE mo_handling.id = held.id
    ),
    noted AS (
        INSERT INTO mo_attempt (handling_id, number, started_at, duration_ms, outcome, error)
        SELECT id, claim_attempt, started_at, duration_ms, state, error FROM held JOIN given ON id = claim_id
        WHERE more_tries = 0 ORDER BY id
    )
    SELECT id FROM held
"""
_AGAIN_AFTER = bindparam("again_after", type_=Float)
_FINISH = (
    update(mo_handling)
    .where(
        mo_handling.c.id == bindparam("claim_id"),
        mo_handling.c.attempts == bindparam("claim_attempt"),
        mo_handling.c.due_at == bindparam("claim_lease_end"),
    )
    .values(
        state=bindparam("state"),
        handler=bindparam("handler"),
        error=bindparam("error"),
        due_at=case((_AGAIN_AFTER.is_not(None), database_now(_AGAIN_AFTER))),
        finished_at=case((_AGAIN_AFTER.is_(None), database_now())),
        is_claimed=False,
        attempt_limit=mo_handling.c.attempt_limit + bindparam("more_tries", type_=Integer),
    )
)


def claim(conn: Connection, *, limit: int, lease: timedelta) -> list[Claim]:
    """Take up to `limit` messages that are due, the longest due first.

    Of one line (a sender and a shortcode) only the oldest unfinished message is ever taken: its successors
    wait until it is done or dead.
    """
    ids = conn.scalars(_CLAIM, {"most": limit, "lease": lease.total_seconds()}).all()
    return [_claim(row) for row in conn.execute(_TAKEN, {"ids": ids})] if ids else []


def finish(conn: Connection, finished: Sequence[Finished]) -> set[int]:
    """Record what became of tries, at most one of a claim; give the claims that were held.

    Where a claim was lost, nothing of that try may stay.
    """
    rows = [_row(one) for one in finished]
    if conn.dialect.name == "postgresql":
        return set(conn.exec_driver_sql(_FINISH_ALL, {"rows": as_json(rows)}).scalars()) if rows else set()
    return {row["claim_id"] for row in rows if _finish(conn, row)}


def add_observers(conn: Connection, work: Sequence[Work], *, attempt_limit: int) -> None:
    """Queue what observers have to do for messages, once, however often they are taken."""
    if work:
        rows = [
            {
                "message_id": one.message_id,
                "handler": one.observer,
                "line": one.line,
                "may_be_stop": False,
                "is_observer": True,
                "attempt_limit": attempt_limit,
                "due_at": database_now(),
            }
            for one in work
        ]
        conn.execute(insert_into(conn, mo_handling).values(rows).on_conflict_do_nothing())


def to_message(row: Any, *, attempt: int = 1, question: Question | None = None) -> Message:
    """Turn a row of `mo_message` back into the words."""
    return Message(
        provider=row.provider,
        msisdn=row.msisdn,
        keyword=row.keyword,
        parm=row.parm,
        operator=row.operator,
        operator_defaulted=row.operator_defaulted,
        shortcode=row.shortcode,
        country=row.country,
        reference=row.reference,
        timestamp_raw=row.timestamp_raw,
        sent_at=row.sent_at,
        received_at=row.received_at,
        charset=row.charset,
        marks=tuple(row.marks),
        is_test=row.is_test,
        id=row.id,
        attempt=attempt,
        question=question,
    )


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        id=row.handling_id,
        message=to_message(row, attempt=row.attempts, question=questions.beside(row)),
        attempt=row.attempts,
        attempt_limit=row.attempt_limit,
        lease_end=row.due_at,
        observer=row.handler if row.is_observer else None,
        is_mute=row.is_mute,
        is_replay=bool(row.is_replay),
    )


def _row(finished: Finished) -> dict[str, Any]:
    claim, result = finished.claim, finished.result
    return {
        "claim_id": claim.id,
        "claim_attempt": claim.attempt,
        "claim_lease_end": claim.lease_end,
        "state": result.state,
        "handler": result.handler,
        "error": result.error,
        "again_after": result.again_after and result.again_after.total_seconds(),
        "more_tries": 0 if result.counts else 1,
        "started_at": result.started_at,
        "duration_ms": None if result.duration is None else round(result.duration.total_seconds() * 1000),
    }


def _finish(conn: Connection, row: dict[str, Any]) -> bool:
    """Record one try on SQLite; False where its claim was lost."""
    if conn.execute(_FINISH, row).rowcount != 1:
        return False
    if row["more_tries"] == 0:
        attempt = {
            "handling_id": row["claim_id"],
            "number": row["claim_attempt"],
            "started_at": row["started_at"],
            "duration_ms": row["duration_ms"],
            "outcome": row["state"],
            "error": row["error"],
        }
        conn.execute(insert(mo_attempt), attempt)
    return True
