"""Which dates are to be counted, and the fence between workers that count the same date."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from mo_gateway.errors import LostClaim

from .dates import Day, day_in
from .report_tables import report_counted
from .tables import mo_message
from .types import insert_into

_DATE = report_counted.c


class Due(NamedTuple):
    """A date that is to be counted."""

    day: Day
    number: int  #: what the fence says
    is_counted: bool  #: since everything began, or began anew


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
