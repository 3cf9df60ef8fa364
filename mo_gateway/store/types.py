"""Column types and functions that mean the same on PostgreSQL and on SQLite."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, Connection, Dialect, Float, Integer, Table, Text, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

#: SQLite counts rows up by itself only where the type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

LARGEST = 2**63 - 1  # that fits into a column of numbers

#: A JSON list or object that SQL can look into on both databases.
Json = JSON().with_variant(JSONB(), "postgresql")

_DIGITS = re.compile(r"[0-9]{1,19}")


def is_row_number(value: str) -> bool:
    """Tell whether a text that somebody typed is a number, in digits alone, which a database can be asked for."""
    return _DIGITS.fullmatch(value) is not None and int(value) <= LARGEST


def to_text(moment: datetime) -> str:
    """Write an aware datetime the way SQLite keeps it: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def to_sqlite(value: Any) -> Any:
    """Give a value as the SQLite driver takes it, for statements that go round SQLAlchemy's types."""
    if isinstance(value, datetime):
        return to_text(value)
    return json.dumps(value) if isinstance(value, list) else value


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: `timestamptz` on PostgreSQL, sortable UTC text on SQLite; always aware UTC in Python.

    SQLite has no type for moments, and drivers drop the zone silently (15:25+01:00 comes back as 15:25).
    """

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its time zone, and {value} has none")
        return to_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        moment: datetime = value
        return moment.astimezone(UTC)


def insert_into(conn: Connection, table: Table) -> Any:
    """Begin an insert that knows ON CONFLICT, which both databases write alike and SQLAlchemy does not."""
    return (postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert)(table)


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The database's own clock, moved by some seconds: what leases and due times are measured with."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds_later: ColumnElement[float] | float = 0.0) -> None:
        moved = literal(seconds_later, Float()) if isinstance(seconds_later, float) else seconds_later
        super().__init__(moved)


@compiles(database_now, "postgresql")
def _now_on_postgresql(element: database_now, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"(now() + make_interval(secs => {compiler.process(element.clauses, **kwargs)}))"


@compiles(database_now, "sqlite")
def _now_on_sqlite(element: database_now, compiler: SQLCompiler, **kwargs: Any) -> str:
    seconds = compiler.process(element.clauses, **kwargs)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%+.3f seconds', {seconds}))"
