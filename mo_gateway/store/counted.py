"""Rows that are stored once and counted when they come again: the insert that recognises a retry.

The unique key in the insert itself does it. A look before the insert, or a cache in front, loses races.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from mo_gateway.message import Outcome, Receipt

from . import sqlite
from .types import to_sqlite

Row = dict[str, Any]


class Stored(NamedTuple):
    """What the database says of an inserted row."""

    id: int
    dedupe_key: bytes
    deliveries: int


def folded(rows: Iterable[Row]) -> list[Row]:
    """Make one row of those with the same key, counting them, and sort all by key.

    PostgreSQL refuses to update a row twice in one statement; and two processes that write the same keys
    deadlock unless both do it in the same order.
    """
    by_key: dict[bytes, Row] = {}
    for row in rows:
        first = by_key.setdefault(row["dedupe_key"], row)
        if first is not row:
            first["deliveries"] += row["deliveries"]
            first["last_received_at"] = max(first["last_received_at"], row["last_received_at"])
    return [by_key[key] for key in sorted(by_key)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedTable:
    """A table with `dedupe_key`, `deliveries` and `last_received_at`, and how rows are put into it."""

    name: str
    columns: Mapping[str, str]  #: column → PostgreSQL type
    refreshed: tuple[str, ...] = ()  #: columns that take the newest delivery's value
    completed: tuple[str, ...] = ()  #: columns that take a later delivery's value while they have none

    def on_postgresql(self, source: str) -> str:
        """Write the insert from `source`, a name in the FROM clause, in key order."""
        return (
            f"INSERT INTO {self.name} ({self._names}) SELECT {self._names} FROM {source} ORDER BY dedupe_key"
            f" {self._count_up('greatest')}"
        )

    def on_sqlite(self) -> str:
        """Write the insert of one row, its values bound by name."""
        values = ", ".join(f":{column}" for column in self.columns)
        return f"INSERT INTO {self.name} ({self._names}) VALUES ({values}) {self._count_up('max')}"

    @property
    def _names(self) -> str:
        return ", ".join(self.columns)

    def _count_up(self, greatest: str) -> str:
        changed = [
            f", {column} = CASE WHEN length({self.name}.raw) = 0 THEN {self.name}.{column}"  # it may be erased
            f" ELSE excluded.{column} END"
            for column in self.refreshed
        ]
        changed += [f", {column} = coalesce({self.name}.{column}, excluded.{column})" for column in self.completed]
        return (
            "ON CONFLICT (dedupe_key) DO UPDATE SET"
            f" deliveries = {self.name}.deliveries + excluded.deliveries,"
            f" last_received_at = {greatest}({self.name}.last_received_at, excluded.last_received_at)"
            f"{''.join(changed)} RETURNING id, dedupe_key, deliveries"
        )


def recordset(columns: Mapping[str, str]) -> str:
    """Write a FROM item that reads rows from one JSON text, bound as `rows`.

    One array a column would do too, but psycopg writes arrays in Python, and that is time in which nobody else of
    this process gets on.
    """
    named = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return f"json_to_recordset(%(rows)s::json) AS given({named})"


def as_json(rows: Sequence[Row]) -> str:
    """Write rows as the JSON that `recordset` reads: bytes in PostgreSQL's hex form, moments in ISO 8601."""
    return json.dumps(rows, default=_as_text)


def _as_text(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value.isoformat()


def insert(conn: Connection, table: CountedTable, rows: Sequence[Row]) -> list[Stored]:
    """Insert rows that are folded, or count them up where they are there."""
    if conn.dialect.name != "postgresql":
        return insert_each(conn, table, rows)
    statement = f"WITH given AS (SELECT * FROM {recordset(table.columns)}) {table.on_postgresql('given')}"
    return [Stored(*row) for row in conn.exec_driver_sql(statement, {"rows": as_json(rows)})]


def insert_each(conn: Connection, table: CountedTable, rows: Iterable[Row]) -> list[Stored]:
    """Insert row by row, for SQLite: inside one process a statement costs little, and the commit is shared.

    It goes round SQLAlchemy, which would cost several times the statement.
    """
    sqlite.begin(conn)
    driver: sqlite3.Connection = conn.connection.driver_connection  # type: ignore[assignment] # it is sqlite3's
    statement = table.on_sqlite()
    return [
        Stored(*driver.execute(statement, {name: to_sqlite(row[name]) for name in table.columns}).fetchone())
        for row in rows
    ]


def receipts(rows: Iterable[Row], stored: Iterable[Stored]) -> dict[bytes, Receipt]:
    """Give a receipt for each dedupe key; a row is new exactly when its count is the batch's own."""
    came = {row["dedupe_key"]: row["deliveries"] for row in rows}
    return {
        row.dedupe_key: Receipt(
            outcome=Outcome.STORED if row.deliveries == came[row.dedupe_key] else Outcome.DUPLICATE,
            id=row.id,
            deliveries=row.deliveries,
        )
        for row in stored
    }
