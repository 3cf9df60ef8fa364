"""Replies as people look at them, take them up again by hand, and take them back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, case, func, select, update

from .outbox import Rules, not_before
from .tables import mt_message, mt_report, opt_out
from .types import database_now

STATES = ("queued", "sent", "failed", "unknown", "suppressed")

#: What a person may take up again; what is being sent this moment is left alone.
TAKEN_UP = ("failed", "unknown", "suppressed")

WITHDRAWN = "withdrawn"  # why it was suppressed: somebody has taken it back
_TAKEN_BACK = {"state": "suppressed", "suppressed_reason": WITHDRAWN, "due_at": None}


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

    def conditions(self) -> list[ColumnElement[bool]]:
        """Write them for a WHERE clause."""
        column = mt_message.c
        found: list[ColumnElement[bool]] = [column.id.in_(self.ids)] if self.ids else []
        found += [column.state.in_(self.states)] if self.states else []
        exact = ((column.provider, self.provider), (column.error_code, self.code))
        found += [
            one == value for one, value in (*exact, (column.suppressed_reason, self.reason)) if value is not None
        ]
        found += [column.created_at >= self.since] if self.since else []
        found += [column.created_at < self.until] if self.until else []
        return found


def latest(conn: Connection, chosen: Chosen, *, limit: int | None) -> Sequence[RowMapping]:
    """Give replies, the newest first, each with the last word of its delivery reports."""
    last_word = (
        select(mt_report.c.status)
        .where(mt_report.c.mt_message_id == mt_message.c.id)
        .order_by(mt_report.c.status.in_(("delivered", "failed")).desc(), mt_report.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(mt_message, last_word.label("delivery")).where(*chosen.conditions())
    return conn.execute(query.order_by(mt_message.c.id.desc()).limit(limit)).mappings().all()


def one(conn: Connection, reply_id: int) -> RowMapping | None:
    """Give one reply as it is stored."""
    return conn.execute(select(mt_message).where(mt_message.c.id == reply_id)).mappings().first()


def count(conn: Connection, chosen: Chosen) -> dict[tuple[str, str, str | None], int]:
    """Count what may be taken up: (provider, state, code or reason) → how many."""
    why = func.coalesce(mt_message.c.suppressed_reason, mt_message.c.error_code)
    columns = (mt_message.c.provider, mt_message.c.state, why)
    query = select(*columns, func.count()).where(*chosen.conditions(), *_may_be_taken_up()).group_by(*columns)
    return {(provider, state, cause): n for provider, state, cause, n in conn.execute(query)}


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
    return [mt_message.c.state.in_(TAKEN_UP), mt_message.c.due_at.is_(None)]
