"""Copying everything from SQLite to PostgreSQL, for the day when one host is not enough: all of it or nothing.

Rows go through the types of `tables`, so on both sides each value is the same in Python. Whoever calls holds
one transaction on each side: the source does not move meanwhile, and the target keeps everything or nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, Table, func, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DatabaseError, DataError

from mo_gateway.errors import ConfigError, MoGatewayError, SchemaError

from . import schema, sqlite
from .engine import READ_ONLY
from .report_tables import metadata, report_state

CHUNK = 1000  # rows
PATIENCE = timedelta(seconds=5)  # for whoever else is at the source


@contextmanager
def opened_source(path: Path) -> Iterator[Connection]:
    """Open a SQLite file for one reading transaction; or raise an error where it has not this program's schema."""
    if not path.is_file():
        raise ConfigError(f"there is no SQLite database {path}")
    url = URL.create("sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    engine = sqlite.open_engine(url, patience=PATIENCE, most_connections=5).execution_options(**READ_ONLY)
    try:
        _check_source(engine, path)
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def tables() -> list[Table]:
    """Give all tables, each after those that it points to; `copy_state` copies the one that is never empty."""
    return [table for table in metadata.sorted_tables if table is not report_state]


def count(conn: Connection, table: Table) -> int:
    """Count the rows of a table."""
    return conn.scalar(select(func.count()).select_from(table)) or 0


def reserve(target: Connection) -> None:
    """Keep everybody else from writing until the transaction ends.

    Raise SchemaError where the tables are not those of this program, another error where there is a row in them.
    """
    schema.check(target)
    names = ", ".join(table.name for table in (*tables(), report_state))
    target.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
    filled = [table.name for table in tables() if count(target, table)]
    if filled:
        raise MoGatewayError(f"there are rows already in {', '.join(filled)}: copy into an empty database")


def copy_rows(source: Connection, target: Connection, table: Table, *, tell: Callable[[int], object]) -> int:
    """Copy the rows of a table, ids and all, and give how many; `tell` is called with the size of each chunk.

    The ids that PostgreSQL gives from now on come after them.
    """
    in_order = select(table).order_by(*table.primary_key.columns)
    found = source.execute(in_order, execution_options={"yield_per": CHUNK})
    for chunk in found.mappings().partitions():
        try:
            target.execute(insert(table), [dict(row) for row in chunk])
        except DataError as exc:
            raise MoGatewayError(f"a row of {table.name} does not fit into PostgreSQL: {exc.orig}") from exc
        tell(len(chunk))
    _count_on(target, table)
    target.execute(text(f"ANALYZE {table.name}"))  # else PostgreSQL plans the first minutes as if it were empty
    copied, wanted = count(target, table), count(source, table)
    if copied != wanted:
        raise MoGatewayError(f"{copied} of {wanted} rows of {table.name} arrived, so nothing is kept")
    return copied


def copy_state(source: Connection, target: Connection) -> None:
    """Let the reports be counted on as they were; which views there are is the target's own."""
    row = source.execute(select(report_state.c.zone, report_state.c.attempts_seen, report_state.c.reports_seen))
    if state := row.mappings().first():
        statement = postgresql.insert(report_state).values(id=1, **state)
        target.execute(statement.on_conflict_do_update(index_elements=["id"], set_=dict(state)))


def _check_source(engine: Engine, path: Path) -> None:
    try:
        with engine.begin() as conn:
            found = schema.version(conn)
    except DatabaseError as exc:
        raise ConfigError(f"{path} is no database of this program ({exc.orig})") from exc
    wanted = schema.newest_version()
    if found != wanted:
        raise SchemaError(
            f"{path} has schema {found or 'none'} and this program needs {wanted}: start the gateway on it once,"
            f" or run `mo-gateway db upgrade` with MO_GATEWAY_DATABASE_URL=sqlite:///{path}"
        )


def _count_on(target: Connection, table: Table) -> None:
    column = table.autoincrement_column
    if column is None:
        return
    highest = func.max(column)
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    target.execute(select(func.setval(sequence, highest)).having(highest.is_not(None)))
