"""Which dates and polls are to be counted, and the fence between workers that count the same date."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, union, update

from mo_gateway.errors import LostClaim

from . import values
from .counting import Day, day_in
from .functions import hour_of
from .report_tables import report_counted, report_offset, report_poll, report_state
from .tables import mo_attempt, mo_handling, mo_message, mo_vote, mt_message, mt_report
from .types import insert_into

#: The changes of the clocks in these years are kept.
FIRST_YEAR, LAST_YEAR = 2000, 2100

_DATE = report_counted.c


class Seen(NamedTuple):
    """How far tries and delivery reports were looked at, by their ids."""

    attempts: int
    reports: int

    def as_columns(self) -> dict[str, Any]:
        """Give it as report_state has it."""
        return {"attempts_seen": self.attempts, "reports_seen": self.reports}


class Due(NamedTuple):
    """A date that is to be counted."""

    day: Day
    number: int  #: what the fence says
    is_counted: bool  #: since everything began, or began anew


# The zone


def zone_name(conn: Connection) -> str | None:
    """Name the zone that everything is counted in; None while nothing is."""
    return conn.scalar(select(report_state.c.zone))


def begin(
    conn: Connection, zone: ZoneInfo, offsets: Sequence[tuple[datetime, int]], *, settled_at: datetime
) -> None:
    """Count in this zone from now on; what has begun after `settled_at` may still be under way."""
    row = {"id": 1, "zone": zone.key}
    if zone_name(conn) is None:  # every date is still to be counted, with all that has happened until then
        row |= _newest_at(conn, settled_at).as_columns()
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


# Dates


def add_dates(conn: Connection, zone: ZoneInfo, *, today: date) -> None:
    """Put every date on the agenda, from that of the first message, or from the last one there, up to today."""
    newest_date = conn.scalar(select(func.max(_DATE.local_date)))
    if newest_date:
        first = newest_date + timedelta(days=1)
    else:
        received_at = conn.scalar(select(func.min(mo_message.c.received_at)))
        first = received_at.astimezone(zone).date() if received_at else today
    _add(conn, zone, [first + timedelta(days=n) for n in range((today - first).days + 1)])


def _add(conn: Connection, zone: ZoneInfo, dates: Collection[date]) -> None:
    rows = [{"local_date": local, "starts_at": day_in(zone, local).starts_at} for local in sorted(dates)]
    if rows:
        conn.execute(insert_into(conn, report_counted).on_conflict_do_nothing(), rows)


def due(conn: Connection, zone: ZoneInfo) -> list[Due]:
    """Give the dates that are to be counted: those that never were, then those that wait for the longest."""
    query = select(report_counted).where(or_(_DATE.is_due, ~_DATE.is_closed), ~_DATE.is_pruned)
    rows = conn.execute(query.order_by(_DATE.counted_at.nulls_first(), _DATE.local_date))
    return [Due(day_in(zone, row.local_date), row.number, row.counted_at is not None) for row in rows]


def begin_anew(conn: Connection, zone: ZoneInfo, *, today: date) -> None:
    """Have every date of which there are messages counted again in this zone, as if it never had been.

    Those of which messages were pruned stay as they are.

    That of the first message in the zone of before is one of them: in this one it may be empty.
    """
    received_at = conn.scalar(select(func.min(mo_message.c.received_at)))
    first = received_at.astimezone(zone).date() if received_at else today
    _add(conn, zone, [first])
    if received_at:
        before = conn.scalar(select(func.max(_DATE.local_date)).where(_DATE.starts_at <= received_at))
        first = min(first, before or first)
    for local in conn.scalars(select(_DATE.local_date).where(_DATE.local_date >= first, ~_DATE.is_pruned)).all():
        fresh = {"is_due": True, "is_closed": False, "counted_at": None, "number": _DATE.number + 1}
        values = {"starts_at": day_in(zone, local).starts_at, **fresh}
        conn.execute(update(report_counted).where(_DATE.local_date == local).values(values))
    add_dates(conn, zone, today=today)


def progress(conn: Connection) -> tuple[int, int]:
    """Give how many dates are counted, and how many there are."""
    counted, all_of_them = conn.execute(select(func.count(_DATE.counted_at), func.count())).one()
    return counted, all_of_them


def mark_due(conn: Connection, zone: ZoneInfo, dates: Collection[date], *, over: Collection[date]) -> None:
    """Have those of these dates counted again that are closed, or `over`: somebody may be about to close them.

    Whoever counts one of them at this moment begins anew. The others are counted again and again anyway.
    """
    _add(conn, zone, dates)  # a message may be older than any before it
    _count_again(conn, _DATE.local_date.in_(dates), or_(_DATE.is_closed, _DATE.local_date.in_(over)))


def mark_due_after(conn: Connection, local: date) -> None:
    """Have every closed date after this one counted again."""
    _count_again(conn, _DATE.local_date > local, _DATE.is_closed)


def _count_again(conn: Connection, *which: ColumnElement[bool]) -> None:
    again = update(report_counted).where(*which, ~_DATE.is_pruned)
    conn.execute(again.values(is_due=True, number=_DATE.number + 1))


def are_closed_before(conn: Connection, local: date) -> bool:
    """Tell whether every date before this one is closed."""
    is_open = (~_DATE.is_closed, _DATE.local_date < local)
    return conn.scalar(select(_DATE.local_date).where(*is_open).limit(1)) is None


def check_closed_before(conn: Connection, local: date) -> None:
    """Raise LostClaim where a date before this one is open, since it came up meanwhile."""
    if not are_closed_before(conn, local):
        raise LostClaim(f"a date before {local} is open again")


def dates_that_stay(conn: Connection, *, before: date) -> frozenset[date]:
    """Give the dates that may be pruned: they are closed, and nothing has happened to them since."""
    stays = (_DATE.local_date < before, _may_be_pruned())
    return frozenset(conn.scalars(select(_DATE.local_date).where(*stays)))


def mark_pruned(conn: Connection, local: date) -> None:
    """Have a date counted no more, since its messages go; or raise LostClaim where it is still to be counted."""
    pruned = update(report_counted).where(_DATE.local_date == local, _may_be_pruned())
    if conn.execute(pruned.values(is_pruned=True, number=_DATE.number + 1)).rowcount != 1:
        raise LostClaim(f"{local} is to be counted again before its messages are pruned")


def pruned_dates(conn: Connection) -> int:
    """Count the dates that are counted no more, since messages of theirs were pruned."""
    return conn.scalar(select(func.count()).select_from(report_counted).where(_DATE.is_pruned)) or 0


def _may_be_pruned() -> ColumnElement[bool]:
    return or_(_DATE.is_pruned, and_(_DATE.is_closed, ~_DATE.is_due))


def check(conn: Connection, local: date, number: int) -> None:
    """Raise LostClaim where somebody has gone on with a date; to look in time saves the counting."""
    if conn.scalar(select(_DATE.number).where(_DATE.local_date == local)) != number:
        raise _lost(local)


def step(conn: Connection, local: date, number: int) -> None:
    """Go one number on, to write a part of a date; or raise LostClaim where somebody else has counted it."""
    _change(conn, local, number, {})


def finish(conn: Connection, local: date, number: int, *, counted_at: datetime, is_closed: bool) -> None:
    """Note that a date is counted; or raise LostClaim where something has happened to it since."""
    _change(conn, local, number, {"counted_at": counted_at, "is_due": False, "is_closed": is_closed})


def _change(conn: Connection, local: date, number: int, values: dict[str, Any]) -> None:
    which = (_DATE.local_date == local, _DATE.number == number)
    changed = conn.execute(update(report_counted).where(*which).values(number=number + 1, **values))
    if changed.rowcount != 1:
        raise _lost(local)


def _lost(local: date) -> LostClaim:
    return LostClaim(f"{local} is counted by somebody else too, or has changed")


# What has happened since


def newest(conn: Connection) -> Seen:
    """Give the newest tries and delivery reports."""
    attempts, reports = (conn.scalar(select(func.max(table.c.id))) for table in (mo_attempt, mt_report))
    return Seen(attempts or 0, reports or 0)


def _newest_at(conn: Connection, moment: datetime) -> Seen:
    attempts = select(func.max(mo_attempt.c.id)).where(mo_attempt.c.started_at < moment)
    reports = select(func.max(mt_report.c.id)).where(mt_report.c.received_at < moment)
    return Seen(conn.scalar(attempts) or 0, conn.scalar(reports) or 0)


def seen(conn: Connection) -> Seen:
    """Say how far was looked for good."""
    return Seen(*conn.execute(select(report_state.c.attempts_seen, report_state.c.reports_seen)).one())


def note_seen(conn: Connection, seen: Seen) -> None:
    """Note how far was looked for good."""
    conn.execute(update(report_state).values(seen.as_columns()))


def hours_touched(conn: Connection, since: Seen) -> Sequence[datetime]:
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


def polls(conn: Connection) -> Sequence[str]:
    """Name every poll that there is, or that was counted."""
    return sorted({*values.polls(conn), *conn.scalars(select(report_poll.c.poll).distinct())})


def polls_touched(conn: Connection, since: Seen) -> Sequence[str]:
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
