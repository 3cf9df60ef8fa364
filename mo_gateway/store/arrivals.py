"""When something last came, from whom and to which shortcode: cheap to ask, however many messages there are.

The newest messages are looked at themselves, since they may not be counted yet; of a shortcode that is not among
them the counts of the reports know the date, and that date's row the moment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Subquery, and_, func, select

from .report_tables import report_day, report_hour
from .tables import mo_message

RECENT = 2000  # messages that are looked at themselves
WITHIN = timedelta(days=32)  # that the counts are asked for; no silence that is allowed is longer
MOST_SHORTCODES = 50  # the latest; whoever calls may send any

#: Who brought a message whose row is not there any more.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When a provider last brought something for a shortcode, tests aside."""

    provider: str
    shortcode: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A shortcode to which nothing has come for longer than its operator takes for normal."""

    shortcode: str
    last_at: datetime | None  #: None = nothing ever came, or not for a month
    allowed: timedelta


def last_arrivals(conn: Connection, now: datetime, *, wanted: Collection[str] = ()) -> list[Arrival]:
    """Give the latest arrivals, and those at `wanted` shortcodes however long ago, the latest first."""
    found = {(one.provider, one.shortcode): one for one in _counted(conn, now, wanted)}
    found |= {(one.provider, one.shortcode): one for one in _recent(conn)}
    arrivals = sorted(found.values(), key=lambda one: one.at, reverse=True)
    return arrivals[:MOST_SHORTCODES] + [one for one in arrivals[MOST_SHORTCODES:] if one.shortcode in wanted]


def silences(arrivals: Sequence[Arrival], allowed: Mapping[str, timedelta], now: datetime) -> list[Silence]:
    """Name the shortcodes that are silent for longer than they may be."""
    last: dict[str, datetime] = {}
    for one in arrivals:
        last[one.shortcode] = max(one.at, last.get(one.shortcode, one.at))
    return [
        Silence(shortcode=shortcode, last_at=last.get(shortcode), allowed=time)
        for shortcode, time in allowed.items()
        if shortcode not in last or now - last[shortcode] > time
    ]


def clock_skews(conn: Connection) -> dict[str, timedelta]:
    """Give, for each provider of recent messages, how long before its receipt the newest says it was sent."""
    recent = _newest()
    newest = select(func.max(recent.c.id)).where(~recent.c.is_test).group_by(recent.c.provider)
    columns = (mo_message.c.provider, mo_message.c.received_at, mo_message.c.sent_at)
    rows = conn.execute(select(*columns).where(mo_message.c.id.in_(newest)))
    return {row.provider: row.received_at - row.sent_at for row in rows}


def _newest() -> Subquery:
    columns = (
        *(mo_message.c.id, mo_message.c.provider, mo_message.c.shortcode),
        *(mo_message.c.last_received_at, mo_message.c.is_test),
    )
    return select(*columns).order_by(mo_message.c.id.desc()).limit(RECENT).subquery("newest")


def _recent(conn: Connection) -> list[Arrival]:
    newest = _newest()
    which = (newest.c.provider, newest.c.shortcode)
    query = select(*which, func.max(newest.c.last_received_at).label("at")).where(~newest.c.is_test)
    return _arrivals(conn, query.group_by(*which))


def _counted(conn: Connection, now: datetime, wanted: Collection[str]) -> list[Arrival]:
    """Ask the counts: the last date of each shortcode, then that date for the moment, then who it was."""
    since = (now - WITHIN).date()
    dates = (
        select(report_hour.c.shortcode, func.max(report_hour.c.local_date).label("local_date"))
        .where(report_hour.c.local_date >= since, report_hour.c.messages > 0)
        .group_by(report_hour.c.shortcode)
        .order_by(report_hour.c.shortcode.not_in(wanted), func.max(report_hour.c.local_date).desc())
        .limit(MOST_SHORTCODES + len(wanted))
        .subquery("dates")
    )
    is_that_date = and_(report_day.c.local_date == dates.c.local_date, report_day.c.shortcode == dates.c.shortcode)
    last = (
        select(report_day.c.shortcode, func.max(report_day.c.last_at).label("at"))
        .join_from(dates, report_day, is_that_date)
        .where(~report_day.c.is_test)
        .group_by(report_day.c.shortcode)
        .subquery("last")
    )
    is_that_message = and_(mo_message.c.received_at == last.c.at, mo_message.c.shortcode == last.c.shortcode)
    provider = func.coalesce(mo_message.c.provider, UNKNOWN).label("provider")
    return _arrivals(
        conn, select(provider, last.c.shortcode, last.c.at).outerjoin_from(last, mo_message, is_that_message)
    )


def _arrivals(conn: Connection, query: Any) -> list[Arrival]:
    return [Arrival(**row) for row in conn.execute(query).mappings()]
