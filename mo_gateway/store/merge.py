"""A part of a table brought to what was counted: only rows that differ are written, some at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, select

from .types import insert_into

Row = dict[str, Any]

CHUNK = 500  # rows that are written in one transaction: SQLite's intake waits for it


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written to a table."""

    table: Table
    counted: list[Row]  #: rows that are new, or no longer what they were
    gone: list[Row]  #: rows that are there and were not counted any more

    def __len__(self) -> int:
        return len(self.counted) + len(self.gone)

    def chunks(self, size: int = CHUNK) -> Iterator["Changes"]:
        """Give them in parts that are quickly written."""
        for begin in range(0, len(self.counted), size):
            yield Changes(self.table, self.counted[begin : begin + size], [])
        for begin in range(0, len(self.gone), size):
            yield Changes(self.table, [], self.gone[begin : begin + size])


def changes(conn: Connection, table: Table, which: ColumnElement[bool], counted: Iterable[Row]) -> Changes:
    """Compare `which` rows of a table with those that were counted, which have all of its columns."""
    names = [column.name for column in table.primary_key]
    there = {_key(row, names): dict(row) for row in conn.execute(select(table).where(which)).mappings()}
    differing = [row for row in counted if there.pop(_key(row, names), None) != row]
    differing.sort(key=lambda row: _key(row, names))  # two who write the same in different orders would deadlock
    return Changes(table, differing, [there[key] for key in sorted(there)])


def write(conn: Connection, some: Changes) -> None:
    """Write a part of changes."""
    table = some.table
    if some.counted:
        statement = insert_into(conn, table)
        others = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
        keys = [column.name for column in table.primary_key]
        conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), some.counted)
    if some.gone:
        is_row = and_(*(column == bindparam(f"old_{column.name}") for column in table.primary_key))
        old = [{f"old_{column.name}": row[column.name] for column in table.primary_key} for row in some.gone]
        conn.execute(delete(table).where(is_row), old)


def _key(row: Any, names: list[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)
