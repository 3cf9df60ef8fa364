"""The queue of work on messages: claimed under a lease, finished under a fence.

A claim moves `due_at` to the end of its lease and counts the attempt. Whoever finishes must still hold the
claim: the same attempt, the same lease. A dead worker needs no clean-up: its lease runs out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Float, Integer, bindparam, case, cast, exists, insert, select, update

from mo_gateway.message import Message, Question
from mo_gateway.reply import Reply
from mo_gateway.values import Value

from . import questions
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


_EARLIER = mo_handling.alias("earlier")
_DUE = (
    select(mo_handling.c.id)
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
# One of the messages that a dying worker leaves behind may be what killed it. They are due together once; from
# then on their leases differ in length, so that it does not take the others along at each try until all are dead.
_LONGER = case((mo_handling.c.attempts > 0, 1 + mo_handling.c.id % 16 / 16.0), else_=1)
_CLAIM = (
    update(mo_handling)
    .where(mo_handling.c.id.in_(select(_DUE.c.id)))
    .values(
        attempts=mo_handling.c.attempts + 1,
        due_at=database_now(bindparam("lease", type_=Float) * cast(_LONGER, Float)),
    )
    .returning(
        mo_handling.c.id,
        mo_handling.c.message_id,
        mo_handling.c.attempts,
        mo_handling.c.attempt_limit,
        mo_handling.c.due_at,
        mo_handling.c.line,
        mo_handling.c.handler,
        mo_handling.c.is_observer,
        mo_handling.c.is_mute,
    )
)
_FINISH = (
    update(mo_handling)
    .where(
        mo_handling.c.id == bindparam("claim_id"),
        mo_handling.c.attempts == bindparam("claim_attempt"),
        mo_handling.c.due_at == bindparam("claim_lease_end"),
    )
    .values(state=bindparam("state"), handler=bindparam("handler"), error=bindparam("error"))
)
_END = _FINISH.values(due_at=None, finished_at=database_now())
_TRY_AGAIN = _FINISH.values(due_at=database_now(bindparam("again_after", type_=Float)), finished_at=None)
_PUT_OFF = _TRY_AGAIN.values(attempt_limit=mo_handling.c.attempt_limit + 1)


def claim(conn: Connection, *, limit: int, lease: timedelta) -> list[Claim]:
    """Take up to `limit` messages that are due, the longest due first.

    Of one line (a sender and a shortcode) only the oldest unfinished message is ever taken: its successors
    wait until it is done or dead.
    """
    taken = conn.execute(_CLAIM, {"most": limit, "lease": lease.total_seconds()}).all()
    if not taken:
        return []
    rows = conn.execute(select(mo_message).where(mo_message.c.id.in_([row.message_id for row in taken])))
    messages = {row.id: row for row in rows}
    asked = questions.waiting(conn, [(row.line, messages[row.message_id]) for row in taken if not row.is_observer])
    return [
        Claim(
            id=row.id,
            message=to_message(messages[row.message_id], attempt=row.attempts, question=asked.get(row.message_id)),
            attempt=row.attempts,
            attempt_limit=row.attempt_limit,
            lease_end=row.due_at,
            observer=row.handler if row.is_observer else None,
            is_mute=row.is_mute,
        )
        for row in sorted(taken, key=lambda row: row.message_id)
    ]


def finish(conn: Connection, claim: Claim, result: Result) -> bool:
    """Record what became of a try; False where the claim was lost, and nothing of that try may stay."""
    again_after = result.again_after
    moved = conn.execute(
        _END if not again_after else _TRY_AGAIN if result.counts else _PUT_OFF,
        {
            "claim_id": claim.id,
            "claim_attempt": claim.attempt,
            "claim_lease_end": claim.lease_end,
            "state": result.state,
            "handler": result.handler,
            "error": result.error,
            **({"again_after": again_after.total_seconds()} if again_after else {}),
        },
    )
    if moved.rowcount != 1:
        return False
    if not result.counts:
        return True
    conn.execute(
        insert(mo_attempt),
        {
            "handling_id": claim.id,
            "number": claim.attempt,
            "started_at": result.started_at,
            "duration_ms": None if result.duration is None else round(result.duration.total_seconds() * 1000),
            "outcome": result.state,
            "error": result.error,
        },
    )
    return True


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
