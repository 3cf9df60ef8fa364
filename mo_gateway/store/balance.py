"""Does it add up? What was answered against what is stored, and what is stored against what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, select

from mo_gateway.message import Outcome

from .dates import Day, day_in
from .problem_index import handling_is
from .report_tables import report_counted, report_day, report_hour
from .tables import mo_handling, mo_intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What callers were told on one date, tests included, and what is in the database of it."""

    date: date
    stored: int
    duplicates: int
    rejected: int
    refused: int
    messages: int | None  #: of this date, in the database; None = they are not counted yet
    is_over: bool  #: and everything of it is counted

    @property
    def answered(self) -> int:
        """Requests that were answered for good."""
        return self.stored + self.duplicates + self.rejected

    @property
    def missing(self) -> int:
        """Messages that were acknowledged as new and are not in the database: always 0.

        More rows than requests are no loss: a process that is killed takes the last seconds of its counts along.
        """
        return max(0, self.stored - (self.messages or 0)) if self.is_over else 0


def answered(conn: Connection, zone: ZoneInfo, dates: Sequence[date]) -> list[Answered]:
    """Give these dates, each with what was answered and what is stored."""
    counted = _counted(conn, dates)
    return [_answered_on(conn, day_in(zone, one), counted.get(one)) for one in dates]


def handed_on(conn: Connection, dates: Sequence[date]) -> Sequence[RowMapping]:
    """Give what became of the messages of these dates, tests aside: a row for each date and shortcode."""
    figures = ("callbacks", "messages", "handled", "unrouted", "failed", "waiting")
    sums = [func.sum(report_day.c[name]).label(name) for name in figures]
    query = (
        select(report_day.c.local_date, report_day.c.shortcode, *sums)
        .where(report_day.c.local_date.in_(dates), ~report_day.c.is_test)
        .group_by(report_day.c.local_date, report_day.c.shortcode)
    )
    return conn.execute(query.order_by(report_day.c.local_date.desc(), report_day.c.shortcode)).mappings().all()


def hours(conn: Connection, since: datetime) -> Sequence[RowMapping]:
    """Give the hours from a moment on, tests aside: what came, what is new, what is handled."""
    figures = ("callbacks", "messages", "handled")
    sums = [func.sum(report_hour.c[name]).label(name) for name in figures]
    query = select(report_hour.c.hour_at, *sums).where(report_hour.c.hour_at >= since)
    return conn.execute(query.group_by(report_hour.c.hour_at).order_by(report_hour.c.hour_at)).mappings().all()


def last_by_shortcode(conn: Connection, since: date, limit: int) -> Sequence[RowMapping]:
    """Give when each shortcode last got a message, tests aside, the latest first."""
    last_at = func.max(report_day.c.last_at).label("last_at")
    recent = (report_day.c.local_date >= since, ~report_day.c.is_test)
    query = select(report_day.c.shortcode, last_at).where(*recent).group_by(report_day.c.shortcode)
    return conn.execute(query.order_by(last_at.desc()).limit(limit)).mappings().all()


def oldest_dead(conn: Connection) -> int | None:
    """Give the message that was given up first and is still so."""
    dead = select(mo_handling.c.message_id).where(handling_is(["dead"]))
    return conn.scalar(dead.order_by(mo_handling.c.id).limit(1))


def _counted(conn: Connection, dates: Sequence[date]) -> dict[date, tuple[datetime, int]]:
    """Give of each date that is counted when that was, and how many messages it has, tests included."""
    messages = func.coalesce(func.sum(report_day.c.messages), 0)
    query = (
        select(report_counted.c.local_date, report_counted.c.counted_at, messages)
        .outerjoin_from(report_counted, report_day, report_day.c.local_date == report_counted.c.local_date)
        .where(report_counted.c.local_date.in_(dates), report_counted.c.counted_at.is_not(None))
        .group_by(report_counted.c.local_date, report_counted.c.counted_at)
    )
    return {local: (at, n) for local, at, n in conn.execute(query)}


def _answered_on(conn: Connection, day: Day, counted: tuple[datetime, int] | None) -> Answered:
    is_then = (mo_intake.c.minute >= day.starts_at, mo_intake.c.minute < day.ends_at)
    query = select(mo_intake.c.outcome, func.sum(mo_intake.c.n)).where(*is_then).group_by(mo_intake.c.outcome)
    n = {Outcome(outcome): int(total) for outcome, total in conn.execute(query)}
    return Answered(
        date=day.date,
        stored=n.get(Outcome.STORED, 0),
        duplicates=n.get(Outcome.DUPLICATE, 0),
        rejected=n.get(Outcome.REJECTED, 0),
        refused=n.get(Outcome.REFUSED, 0),
        messages=counted[1] if counted else None,
        is_over=counted is not None and counted[0] >= day.ends_at,
    )


def latest_dates(zone: ZoneInfo, now: datetime, n: int) -> list[date]:
    """Give the last dates, today first."""
    today = now.astimezone(zone).date()
    return [today - timedelta(days=back) for back in range(n)]
