"""The queue of work on messages: claimed under a lease, finished under a fence.

A claim moves `due_at` to the end of its lease and counts the attempt. Whoever finishes must still hold the
claim: the same attempt, the same lease. A dead worker needs no clean-up: its lease runs out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, insert, select, update

from mo_gateway.errors import LostClaim
from mo_gateway.message import Message

from .tables import mo_attempt, mo_handling, mo_message
from .types import database_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message, ours to handle until the lease ends."""

    id: int  #: the row in `mo_handling`
    message: Message
    attempt: int
    attempt_limit: int
    lease_end: datetime  #: by the database's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one try."""

    state: str  #: done, unrouted, failed or dead
    handler: str | None
    started_at: datetime
    duration: timedelta | None  #: None where nobody saw it end
    error: str | None = None
    again_after: timedelta | None = None  #: None = never


def claim(conn: Connection, *, limit: int, lease: timedelta) -> list[Claim]:
    """Take up to `limit` messages that are due, the longest due first.

    Of one line (a sender and a shortcode) only the oldest unfinished message is ever taken: its successors
    wait until it is done or dead.
    """
    earlier = mo_handling.alias("earlier")
    has_predecessor = exists().where(
        earlier.c.line == mo_handling.c.line,
        earlier.c.message_id < mo_handling.c.message_id,
        earlier.c.due_at.is_not(None),
    )
    due = (
        select(mo_handling.c.id)
        .where(mo_handling.c.due_at <= database_now(), ~has_predecessor)
        .order_by(mo_handling.c.due_at, mo_handling.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite has one writer and ignores it
        .cte("due")
    )
    taken = conn.execute(
        update(mo_handling)
        .where(mo_handling.c.id.in_(select(due.c.id)))
        .values(attempts=mo_handling.c.attempts + 1, due_at=database_now(lease))
        .returning(
            mo_handling.c.id,
            mo_handling.c.message_id,
            mo_handling.c.attempts,
            mo_handling.c.attempt_limit,
            mo_handling.c.due_at,
        )
    ).all()
    if not taken:
        return []
    rows = conn.execute(select(mo_message).where(mo_message.c.id.in_([row.message_id for row in taken])))
    messages = {row.id: row for row in rows}
    return [
        Claim(
            id=row.id,
            message=to_message(messages[row.message_id], attempt=row.attempts),
            attempt=row.attempts,
            attempt_limit=row.attempt_limit,
            lease_end=row.due_at,
        )
        for row in sorted(taken, key=lambda row: row.message_id)
    ]


def finish(conn: Connection, claim: Claim, result: Result) -> None:
    """Record what became of a try; or raise LostClaim, which undoes all that was done under the claim."""
    ended = result.again_after is None
    moved = conn.execute(
        update(mo_handling)
        .where(
            mo_handling.c.id == claim.id,
            mo_handling.c.attempts == claim.attempt,
            mo_handling.c.due_at == claim.lease_end,
        )
        .values(
            state=result.state,
            handler=result.handler,
            error=result.error,
            due_at=database_now(result.again_after) if result.again_after else None,
            finished_at=database_now() if ended else None,
        )
    )
    if moved.rowcount != 1:
        raise LostClaim(f"the lease of handling {claim.id}, attempt {claim.attempt}, is over")
    conn.execute(
        insert(mo_attempt).values(
            handling_id=claim.id,
            number=claim.attempt,
            started_at=result.started_at,
            duration_ms=None if result.duration is None else round(result.duration.total_seconds() * 1000),
            outcome=result.state,
            error=result.error,
        )
    )


def to_message(row: Any, *, attempt: int = 1) -> Message:
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
    )
