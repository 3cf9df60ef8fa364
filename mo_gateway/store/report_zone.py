"""The zone that the reports are counted in, and when its clocks change: the views, in SQL, go by that."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from . import touched
from .report_tables import report_offset, report_state
from .types import insert_into

#: The changes of the clocks in these years are kept.
FIRST_YEAR, LAST_YEAR = 2000, 2100


def zone_name(conn: Connection) -> str | None:
    """Name the zone that everything is counted in; None while nothing is."""
    return conn.scalar(select(report_state.c.zone))


def begin(
    conn: Connection, zone: ZoneInfo, offsets: Sequence[tuple[datetime, int]], *, settled_at: datetime
) -> None:
    """Count in this zone from now on; what has begun after `settled_at` may still be under way."""
    row = {"id": 1, "zone": zone.key}
    if zone_name(conn) is None:  # every date is still to be counted, with all that has happened until then
        row |= touched.newest_at(conn, settled_at).as_columns()
    statement = insert_into(conn, report_state).values(row)
    conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
    conn.execute(delete(report_offset))
    conn.execute(insert(report_offset), [{"from_at": at, "seconds": seconds} for at, seconds in offsets])


def offsets(zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """Give the moments at which a zone's clocks change, with the seconds ahead of UTC from then on."""
    at, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    found = [(at, _ahead(at, zone))]
    while (following := at + timedelta(days=1)) < end:
        if _ahead(following, zone) != _ahead(at, zone):
            change = _change_between(at, following, zone)
            found.append((change, _ahead(change, zone)))
        at = following
    return found


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the first second of a new offset; there is one change in a day."""
    while (apart := after - before) > timedelta(seconds=1):
        middle = before + timedelta(seconds=apart.total_seconds() // 2)
        if _ahead(middle, zone) == _ahead(before, zone):
            before = middle
        else:
            after = middle
    return after


def _ahead(moment: datetime, zone: ZoneInfo) -> int:
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())
