"""The tables of the pages as files have them: all rows of the filter, and columns that keep their names.

Columns are named as those of the reports where they mean the same. Numbers are masked, also within a text.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping

from mo_gateway.masking import masked, without_number
from mo_gateway.store import exports

PART = 1000  # rows that are read at a time

#: Rows below a number, at most so many, the newest first.
Find = Callable[[int | None, int], Sequence[RowMapping]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that somebody takes along, and what of them was asked for."""

    name: str  #: what the name of the file begins with, and what the audit trail has
    columns: Mapping[str, str]  #: with their kinds, as views have them
    rows: Callable[[Connection, bool], Generator[Sequence[object]]]  #: True asks for whole numbers
    named: Sequence[str] = ()  #: words of the filter, for the file's name
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)  #: the filter, for the trail
    person_key: bytes | None = None  #: whom the filter names
    since: datetime | None = None
    until: datetime | None = None
    zone: ZoneInfo

    @property
    def first_date(self) -> date | None:
        """The date on which it begins."""
        return exports.first_date(self.since, self.zone)

    @property
    def last_date(self) -> date | None:
        """The date on which it ends."""
        return exports.last_date(self.until, self.zone)

    def file_name(self, form: str, today: date) -> str:
        """Name the file after what is in it: `messages-4414-win-2026-11-01-to-2026-11-30.csv`."""
        dates = exports.dates_of(self.first_date, self.last_date, today)
        return exports.name_of([self.name, *self.named], [dates], form)


def all_rows(find: Find, number: str = "id") -> Generator[RowMapping]:
    """Give all rows, the newest first, a part of which is here at a time.

    Rows of the same number come one after the other; they are asked for again together where a part ends in them.
    """
    below = None
    while True:
        rows = find(below, PART + 1)
        if len(rows) <= PART:
            yield from rows
            return
        last = rows[PART][number]
        yield from (row for row in rows[:PART] if row[number] > last)
        below = last + 1


def cells(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Any], *quoting: str, is_whole: bool) -> Any:
    """Give the values of these columns; of `msisdn`, and where `quoting` may quote it, as is allowed."""
    for row in rows:
        shown = row if is_whole else _masked(row, quoting)
        yield [shown[name] for name in columns]


def narrowed(given: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Put the conditions of an address together by their names, times and persons aside."""
    only: dict[str, list[str]] = {}
    for name, value in given:
        if name not in ("since", "until", "person"):
            only.setdefault(name, []).append(value)
    return only


def words_of(given: Iterable[tuple[str, str]]) -> list[str]:
    """Give what the name of a file says of a filter: its values, with what a row's number is, and nobody's key."""
    return [_word(name, value) for name, value in given if name not in ("since", "until")]


def _word(name: str, value: str) -> str:
    match name:
        case "person":
            return "one-number"
        case "id":
            return f"id-{value}"
        case _:
            return value


def _masked(row: Mapping[str, Any], quoting: Sequence[str]) -> dict[str, Any]:
    msisdn = row["msisdn"] or ""
    hidden = {name: without_number(row[name], msisdn) for name in quoting if row[name]}
    return {**row, **hidden, "msisdn": masked(msisdn)}
