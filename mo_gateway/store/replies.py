"""Replies as people look at them, take them up again by hand, and take them back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, case, func, select, update

from . import opt_outs
from .outbox import Rules, not_before
from .problem_index import OF_REPLIES, reply_is
from .tables import mo_attempt, mt_message, mt_report, opt_out
from .types import database_now

STATES = ("queued", "sent", "failed", "unknown", "suppressed")
DELIVERIES = ("delivered", "failed", "pending", "unknown")

#: What a person may take up again; what is being sent this moment is left alone.
TAKEN_UP = OF_REPLIES

WITHDRAWN = "withdrawn"  # why it was suppressed: somebody has taken it back
_TAKEN_BACK = {"state": "suppressed", "suppressed_reason": WITHDRAWN, "due_at": None}


#: What the delivery reports of a reply say: how it ended, or else the newest.
last_word = (
    select(mt_report.c.status)
    .where(mt_report.c.mt_message_id == mt_message.c.id)
    .order_by(mt_report.c.status.in_(("delivered", "failed")).desc(), mt_report.c.id.desc())
    .limit(1)
    .correlate(mt_message)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which replies are meant; what is empty or None chooses all."""

    ids: tuple[int, ...] = ()
    states: tuple[str, ...] = ()
    provider: str | None = None
    code: str | None = None  #: the provider's
    reason: str | None = None  #: why it was suppressed
    since: datetime | None = None
    until: datetime | None = None
    delivery: str | None = None  #: the last word of the delivery reports

    def conditions(self) -> list[ColumnElement[bool]]:
        """Write them for a WHERE clause."""
        column = mt_message.c
        found: list[ColumnElement[bool]] = [column.id.in_(self.ids)] if self.ids else []
        found += [reply_is(self.states)] if self.states else []
        exact = ((column.provider, self.provider), (column.error_code, self.code))
        found += [
            one == value for one, value in (*exact, (column.suppressed_reason, self.reason)) if value is not None
        ]
        found += [column.created_at >= self.since] if self.since else []
        found += [column.created_at < self.until] if self.until else []
        found += [last_word == self.delivery] if self.delivery else []
        if self.states == ("queued",):  # there is an index of what is due
            found.append(column.due_at.is_not(None))
        return found


def latest(
    conn: Connection, chosen: Chosen, *, limit: int | None, before: int | None = None
) -> Sequence[RowMapping]:
    """Give replies, the newest first, each with the last word of its delivery reports; `before` is a number."""
    query = select(mt_message, last_word.label("delivery")).where(*chosen.conditions())
    if before is not None:
        query = query.where(mt_message.c.id < before)
    return conn.execute(query.order_by(mt_message.c.id.desc()).limit(limit)).mappings().all()


def totals(conn: Connection, chosen: Chosen) -> Sequence[RowMapping]:
    """Count replies: rows of state, suppressed_reason, delivery and replies."""
    columns = (mt_message.c.state, mt_message.c.suppressed_reason, last_word.label("delivery"))
    found = select(*columns).where(*chosen.conditions()).subquery()
    return conn.execute(select(*found.c, func.count().label("replies")).group_by(*found.c)).mappings().all()


def open_now(conn: Connection) -> dict[str, int]:
    """Count, by state, what somebody may have to act on; what is being sent this moment is left out."""
    what = (reply_is(("failed", "unknown")), mt_message.c.due_at.is_(None))
    counts = select(mt_message.c.state, func.count()).where(*what).group_by(mt_message.c.state)
    return dict(conn.execute(counts).all())


def waiting(conn: Connection) -> dict[str, int]:
    """Count, by provider, the replies that are queued."""
    queued = Chosen(states=("queued",)).conditions()
    counts = select(mt_message.c.provider, func.count()).where(*queued).group_by(mt_message.c.provider)
    return dict(conn.execute(counts).all())


def is_any(conn: Connection) -> bool:
    """Tell whether a reply was ever asked for."""
    return conn.scalar(select(mt_message.c.id).limit(1)) is not None


def one(conn: Connection, reply_id: int) -> RowMapping | None:
    """Give one reply as it is stored."""
    return conn.execute(select(mt_message).where(mt_message.c.id == reply_id)).mappings().first()


def tries(conn: Connection, reply_id: int) -> Sequence[RowMapping]:
    """Give every try to send one reply, the first one first."""
    of_reply = select(mo_attempt).where(mo_attempt.c.mt_message_id == reply_id)
    return conn.execute(of_reply.order_by(mo_attempt.c.id)).mappings().all()


def reports_of(conn: Connection, reply_id: int) -> Sequence[RowMapping]:
    """Give the delivery reports on one reply, the first one first."""
    of_reply = select(mt_report).where(mt_report.c.mt_message_id == reply_id)
    return conn.execute(of_reply.order_by(mt_report.c.id)).mappings().all()


def count(conn: Connection, chosen: Chosen) -> dict[tuple[str, str, str | None], int]:
    """Count what may be taken up: (provider, state, code or reason) → how many."""
    why = func.coalesce(mt_message.c.suppressed_reason, mt_message.c.error_code)
    columns = (mt_message.c.provider, mt_message.c.state, why)
    query = select(*columns, func.count()).where(*chosen.conditions(), *_may_be_taken_up()).group_by(*columns)
    return {(provider, state, cause): n for provider, state, cause, n in conn.execute(query)}


def stopped(conn: Connection, chosen: Chosen) -> int:
    """Count the people of what may be taken up who have said STOP to it: nothing goes out to them."""
    query = select(func.count(mt_message.c.person_key.distinct())).where(
        *chosen.conditions(), *_may_be_taken_up(), mt_message.c.opt_out_id.is_(None), opt_outs.stands_against_any()
    )
    return conn.scalar(query) or 0


def take_up(conn: Connection, chosen: Chosen, rules: Rules, *, now: datetime) -> list[int]:
    """Queue replies again that failed, were suppressed, or are unknown, each for its time; give their ids."""
    again = update(mt_message).where(*chosen.conditions(), *_may_be_taken_up())
    values = {
        "state": "queued",
        "suppressed_reason": None,
        "error": None,
        "error_code": None,
        "due_at": database_now(),
        "expires_at": database_now(rules.max_age.total_seconds()),
        "attempt_limit": mt_message.c.attempts + rules.tries,
        # a provider that knows references remembers an unknown one from its first try on
        "first_tried_at": case((mt_message.c.state == "unknown", mt_message.c.first_tried_at), else_=None),
    }
    columns = (mt_message.c.id, mt_message.c.provider, mt_message.c.options)
    rows = conn.execute(again.values(values).returning(*columns)).all()
    for row in rows:
        at = not_before(row.provider, row.options, rules)
        if at and at > now:
            later = update(mt_message).where(mt_message.c.id == row.id)
            conn.execute(later.values(due_at=at, expires_at=at + rules.max_age))
    return sorted(row.id for row in rows)


def wait_no_longer(conn: Connection, provider: str | None) -> None:
    """Make the replies due that wait for another try, of one provider or of all."""
    tried = [mt_message.c.state == "queued", mt_message.c.attempts > 0, mt_message.c.due_at > database_now()]
    tried += [mt_message.c.provider == provider] if provider else []
    conn.execute(update(mt_message).where(*tried).values(due_at=database_now()))


def reports(conn: Connection, *, only_unknown: bool, limit: int) -> Sequence[RowMapping]:
    """Give delivery reports, the newest first; those that belong to no reply of ours where asked for."""
    query = select(mt_report).order_by(mt_report.c.id.desc()).limit(limit)
    wanted = query.where(mt_report.c.mt_message_id.is_(None)) if only_unknown else query
    return conn.execute(wanted).mappings().all()


def withdraw(conn: Connection, ids: Collection[int]) -> list[int]:
    """Take back those that have not gone out, may not have, and are not on their way; give their ids."""
    waiting = update(mt_message).where(mt_message.c.id.in_(ids), mt_message.c.state == "queued")
    return sorted(conn.scalars(waiting.values(_TAKEN_BACK).returning(mt_message.c.id)))


def kept_by(conn: Connection, provider: str, *, ids_begin: str) -> Sequence[RowMapping]:
    """Give what a provider was handed for its own outbox, known by the beginning of its ids; the newest first."""
    handed = select(mt_message).where(
        mt_message.c.provider == provider,
        mt_message.c.state == "sent",
        mt_message.c.provider_id.startswith(ids_begin, autoescape=True),
    )
    return conn.execute(handed.order_by(mt_message.c.id.desc())).mappings().all()


def kept_for_opted_out(
    conn: Connection, provider: str, *, ids_begin: str, stopped_since: datetime
) -> Sequence[Row[Any]]:
    """Give, of what a provider was handed for its own outbox, that for people who have said some STOP lately."""
    stopped = select(opt_out.c.person_key).where(opt_out.c.until.is_(None), opt_out.c.since > stopped_since)
    handed = select(mt_message).where(
        mt_message.c.provider == provider,
        mt_message.c.state == "sent",
        mt_message.c.provider_id.startswith(ids_begin, autoescape=True),
        mt_message.c.opt_out_id.is_(None),
        mt_message.c.person_key.in_(stopped),
    )
    return conn.execute(handed.order_by(mt_message.c.id)).all()


def taken_out(conn: Connection, ids: Collection[int]) -> None:
    """Note that a provider has taken these out of its own outbox."""
    handed = update(mt_message).where(mt_message.c.id.in_(ids), mt_message.c.state == "sent")
    conn.execute(handed.values(_TAKEN_BACK))


def _may_be_taken_up() -> list[ColumnElement[bool]]:
    return [reply_is(TAKEN_UP), mt_message.c.due_at.is_(None)]
