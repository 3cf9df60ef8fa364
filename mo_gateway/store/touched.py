"""What something has happened to since it was counted: found by the new tries and delivery reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select, union, update

from . import values
from .functions import hour_of
from .report_tables import report_poll, report_state
from .tables import mo_attempt, mo_handling, mo_message, mo_vote, mt_message, mt_report


class Seen(NamedTuple):
    """How far tries and delivery reports were looked at, by their ids."""

    attempts: int
    reports: int

    def as_columns(self) -> dict[str, Any]:
        """Give it as report_state has it."""
        return {"attempts_seen": self.attempts, "reports_seen": self.reports}


def newest(conn: Connection) -> Seen:
    """Give the newest tries and delivery reports."""
    attempts, reports = (conn.scalar(select(func.max(table.c.id))) for table in (mo_attempt, mt_report))
    return Seen(attempts or 0, reports or 0)


def newest_at(conn: Connection, moment: datetime) -> Seen:
    """Give the newest tries that had begun, and delivery reports that had come, before a moment."""
    attempts = select(func.max(mo_attempt.c.id)).where(mo_attempt.c.started_at < moment)
    reports = select(func.max(mt_report.c.id)).where(mt_report.c.received_at < moment)
    return Seen(conn.scalar(attempts) or 0, conn.scalar(reports) or 0)


def seen(conn: Connection) -> Seen:
    """Say how far was looked for good."""
    return Seen(*conn.execute(select(report_state.c.attempts_seen, report_state.c.reports_seen)).one())


def note_seen(conn: Connection, seen: Seen) -> None:
    """Note how far was looked for good."""
    conn.execute(update(report_state).values(seen.as_columns()))


def hours(conn: Connection, since: Seen) -> Sequence[datetime]:
    """Give the UTC hours in which messages came to which, or to whose replies, something has happened since."""
    ids = union(
        _tried(mo_handling.c.message_id, since).join(mo_handling, mo_handling.c.id == mo_attempt.c.handling_id),
        _tried(mt_message.c.message_id, since).join(mt_message, mt_message.c.id == mo_attempt.c.mt_message_id),
        select(mt_message.c.message_id)
        .join_from(mt_report, mt_message, mt_report.c.mt_message_id == mt_message.c.id)
        .where(mt_report.c.id > since.reports),
    ).subquery("touched")
    hour = hour_of(mo_message.c.received_at)
    query = select(hour).join_from(mo_message, ids, ids.c[0] == mo_message.c.id)
    return conn.scalars(query.distinct()).all()


def all_polls(conn: Connection) -> Sequence[str]:
    """Name every poll that there is, or that was counted."""
    return sorted({*values.polls(conn), *conn.scalars(select(report_poll.c.poll).distinct())})


def polls(conn: Connection, since: Seen) -> Sequence[str]:
    """Name the polls in which the tries since have voted."""
    query = (
        select(mo_vote.c.poll)
        .join_from(mo_attempt, mo_handling, mo_handling.c.id == mo_attempt.c.handling_id)
        .join(mo_vote, mo_vote.c.message_id == mo_handling.c.message_id)
        .where(mo_attempt.c.id > since.attempts)
    )
    return conn.scalars(query.distinct()).all()


def _tried(message_id: Any, since: Seen) -> Select[Any]:
    return select(message_id).select_from(mo_attempt).where(mo_attempt.c.id > since.attempts)
