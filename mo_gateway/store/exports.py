"""The rows of a view as they are taken elsewhere: streamed, in the view's own order, from one snapshot."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, Select, TableClause, func, select

from mo_gateway import sheets
from mo_gateway.errors import SchemaError

from .engine import READ_ONLY
from .views import making
from .views.view import View, ViewColumn

CHUNK = 1000  # rows fetched at a time
LONGEST_NAME = 100  # characters of a file's name that tell what was chosen

_NOT_FOR_A_NAME = re.compile(r"[^a-z0-9]+")

#: Columns that say when a row was, the one that is asked first.
TIMES = (
    "received_at",
    "started_at",
    "queued_at",
    "hour_at",
    "local_date",
    "voted_at",
    "since_at",
    "at",
    "last_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a view is wanted."""

    view: View
    is_revealed: bool = False  #: with its personal columns
    since: datetime | None = None  #: from this moment on; of dates also the one that it lies in
    until: datetime | None = None  #: before this moment; of dates also the one that it lies in
    zone: ZoneInfo  #: whose dates they are
    limit: int | None = None
    only: Mapping[str, Sequence[object]] = field(default_factory=dict)  #: of these columns only these values

    @property
    def columns(self) -> tuple[ViewColumn, ...]:
        """The columns that are given."""
        return tuple(one for one in self.view.columns if self.is_revealed or not one.is_personal)

    @property
    def left_out(self) -> tuple[ViewColumn, ...]:
        """The columns that are not."""
        return tuple(one for one in self.view.columns if one not in self.columns)

    @property
    def first_date(self) -> date | None:
        """The date on which it begins."""
        return first_date(self.since, self.zone)

    @property
    def last_date(self) -> date | None:
        """The date on which it ends."""
        return last_date(self.until, self.zone)


def file_name(chosen: Choice, form: str, today: date, named: Sequence[str] = ()) -> str:
    """Name a file after what is in it: `report_daily-4414-win-2026-11-01-to-2026-11-30.csv`."""
    limited = [f"first-{chosen.limit}"] if chosen.limit else []
    dates = dates_of(chosen.first_date, chosen.last_date, today)
    return name_of([chosen.view.name, *named], [dates, *limited], form)


def name_of(words: Sequence[str], dates: Sequence[str], form: str) -> str:
    """Name a file after words, of which what is too long for a name is left out, and after its dates."""
    plain = [word for word in (_NOT_FOR_A_NAME.sub("-", one.lower()).strip("-") for one in words[1:]) if word]
    told = "-".join(plain)[:LONGEST_NAME].rstrip("-")
    return f"{'-'.join([words[0], *([told] if told else []), *dates])}.{sheets.extension(form)}"


def dates_of(first: date | None, last: date | None, today: date) -> str:
    """Write between which dates rows are."""
    if first:
        return f"{first}-to-{last or today}"
    return f"to-{last}" if last else f"{today}"


def first_date(since: datetime | None, zone: ZoneInfo) -> date | None:
    """Give the date on which a time begins."""
    return since and since.astimezone(zone).date()


def last_date(until: datetime | None, zone: ZoneInfo) -> date | None:
    """Give the date on which a time ends; midnight is the end of the date before."""
    return until and (until - timedelta.resolution).astimezone(zone).date()


def time_column(view: View) -> ViewColumn | None:
    """Give the column that says when a row was, where there is one."""
    times = [one for one in view.columns if one.name in TIMES and one.kind in ("moment", "date")]
    return min(times, key=lambda one: TIMES.index(one.name), default=None)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that sees the database as it is now, however long it takes, and changes nothing."""
    looking = engine.execution_options(**READ_ONLY)
    if engine.dialect.name == "postgresql":  # SQLite has no other
        looking = looking.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with looking.begin() as conn:
        yield conn


def check(conn: Connection, view: View) -> None:
    """Raise SchemaError where the database has not this view."""
    if view.name in making.missing(conn):
        raise SchemaError(f"the database has no view {view.name}: `mo-gateway db upgrade` makes it")


def count(conn: Connection, chosen: Choice) -> int:
    """Count the rows."""
    return conn.scalar(select(func.count()).select_from(_query(chosen).subquery())) or 0


def rows(
    conn: Connection, chosen: Choice, *, tell: Callable[[int], object] = lambda _rows: None
) -> Generator[Sequence[Any]]:
    """Give the rows, a chunk of which is here at a time; `tell` is called with the size of each that is done."""
    with conn.execute(_query(chosen), execution_options={"yield_per": CHUNK}) as found:
        for part in found.partitions():
            yield from part
            tell(len(part))


def _query(chosen: Choice) -> Select[Any]:
    view = chosen.view.table
    columns = [view.c[one.name] for one in chosen.columns]
    order = [view.c[name] for name in chosen.view.order]
    only = [view.c[name].in_(values) for name, values in chosen.only.items()]
    return select(*columns).where(*_within(view, chosen), *only).order_by(*order).limit(chosen.limit)


def _within(view: TableClause, chosen: Choice) -> list[ColumnElement[bool]]:
    time = time_column(chosen.view)
    if not time:
        return []
    at = view.c[time.name]
    if time.kind == "date":
        first, last = chosen.first_date, chosen.last_date
        return [*([at >= first] if first else []), *([at <= last] if last else [])]
    since, until = chosen.since, chosen.until
    return [*([at >= since] if since else []), *([at < until] if until else [])]
