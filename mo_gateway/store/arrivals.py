"""When something last came, from whom and to which shortcode: cheap to ask, however many messages there are.

The newest messages are looked at themselves, since they may not be counted yet; of a shortcode that is not among
them the counts of the reports know the date, and that date's row the moment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Subquery, func, select, tuple_

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
    found = _recent(conn)
    found += _counted(conn, now, wanted, but={one.shortcode for one in found})
    found.sort(key=lambda one: one.at, reverse=True)
    return found[:MOST_SHORTCODES] + [one for one in found[MOST_SHORTCODES:] if one.shortcode in wanted]


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
    return [Arrival(**row) for row in conn.execute(query.group_by(*which)).mappings()]


def _counted(conn: Connection, now: datetime, wanted: Collection[str], *, but: Collection[str]) -> list[Arrival]:
    """Ask the counts: the last date of each shortcode, then that date for the moment, then who it was."""
    last_date = func.max(report_hour.c.local_date)
    dates = (
        select(last_date, report_hour.c.shortcode)
        .where(report_hour.c.local_date >= (now - WITHIN).date(), report_hour.c.messages > 0)
        .where(report_hour.c.shortcode.not_in(but))
        .group_by(report_hour.c.shortcode)
        .order_by(report_hour.c.shortcode.not_in(wanted), last_date.desc())
        .limit(MOST_SHORTCODES + len(wanted))
    )
    pairs = [tuple(row) for row in conn.execute(dates)]
    if not pairs:
        return []
    is_then = tuple_(report_day.c.local_date, report_day.c.shortcode).in_(pairs)
    moments = select(report_day.c.shortcode, func.max(report_day.c.last_at)).where(is_then, ~report_day.c.is_test)
    rows = conn.execute(moments.group_by(report_day.c.shortcode))
    last: dict[str, datetime] = {shortcode: at for shortcode, at in rows}  # noqa: C416 - a row is no tuple to mypy
    columns = (mo_message.c.shortcode, mo_message.c.received_at, mo_message.c.provider)
    sources = conn.execute(select(*columns).where(mo_message.c.received_at.in_([*last.values()])))
    provider = {(row.shortcode, row.received_at): row.provider for row in sources}
    return [Arrival(provider=provider.get(one, UNKNOWN), shortcode=one[0], at=one[1]) for one in last.items()]
