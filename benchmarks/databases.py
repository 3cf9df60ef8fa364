"""Databases to measure on: empty ones, as many as are asked for, that survive a loss of power."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from sqlalchemy import URL, create_engine, make_url, text

from tests.postgres import PostgresServer, running_server


class Database(Protocol):
    """A kind of database."""

    name: str
    version: str

    def fresh(self, folder: Path) -> URL:
        """Make an empty database, in `folder` where it is a file, and give its URL."""

    def pids(self) -> list[int]:
        """Give its own processes, if it has any."""


class Sqlite:
    """A file on disk."""

    name = "SQLite"
    version = f"SQLite {sqlite3.sqlite_version}"

    def fresh(self, folder: Path) -> URL:
        return URL.create("sqlite", database=str(folder / "benchmark.db"))

    def pids(self) -> list[int]:
        return []


class PostgreSql:
    """A server of our own, with its usual settings: every COMMIT is on disk when it comes back."""

    name = "PostgreSQL"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        ((version,),) = server.execute("SHOW server_version")
        self.version = f"PostgreSQL {version}"

    def fresh(self, folder: Path) -> URL:  # noqa: ARG002 - its databases live with the server
        name = f"benchmark_{token_hex(4)}"
        self._server.create_database(name)
        return make_url(self._server.url(name))

    def pids(self) -> list[int]:
        return [int((self._server.data / "postmaster.pid").read_text().split()[0])]


@contextmanager
def opened(which: str) -> Iterator[list[Database]]:
    """Give the kinds of databases asked for: sqlite, postgresql or both."""
    if which == "sqlite":
        yield [Sqlite()]
        return
    with running_server(durable=True, shared_buffers="128MB") as server:
        yield [Sqlite(), PostgreSql(server)] if which == "both" else [PostgreSql(server)]


def count(database: URL, table: str, where: str = "true") -> int:
    """Count rows."""
    engine = create_engine(database)
    with engine.connect() as conn:
        n = conn.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}"))
    engine.dispose()
    return int(n or 0)


def run_sql(database: URL, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        for statement in statements:
            conn.execute(text(statement))
    engine.dispose()
