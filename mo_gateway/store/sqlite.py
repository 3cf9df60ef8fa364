"""Connections to SQLite: durable, one writer at a time, nobody starved, no transaction held too long.

SQLite has one writer, and its own way of waiting for it (sleeping longer and longer) lets some wait for over
a second. So each writing transaction of this program first takes a file lock beside the database, where the
kernel keeps the waiters in line, and then begins at once as a writer: a reader that turns into a writer in
the middle would fail, however long the busy time-out is.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock, Timer
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from mo_gateway.errors import StorageError

from .pool import ClosingPool


class LockedCursor(sqlite3.Cursor):
    """Runs no statement beside the timer's roll-back, nor after it: it would be committed by itself."""

    connection: "LockedConnection"

    def execute(self, *statement: Any) -> "LockedCursor":
        with self.connection.not_ending():
            super().execute(*statement)
        return self

    def executemany(self, *statement: Any) -> "LockedCursor":
        with self.connection.not_ending():
            super().executemany(*statement)
        return self


class LockedConnection(sqlite3.Connection):
    """A connection that holds the file lock from a writing transaction's first statement to its end."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(database, *args, **kwargs)
        self._lock_path = f"{database}.lock"
        self._lock_file: int | None = None
        self._timer: Timer | None = None
        self._overdue = False
        self._ending = Lock()  # between what this thread does and the timer's roll-back

    def cursor(self, factory: Any = LockedCursor) -> Any:
        return super().cursor(factory)

    @contextmanager
    def not_ending(self) -> Iterator[None]:
        """Keep the timer from ending the transaction meanwhile; or raise where it has."""
        with self._ending:
            if self._overdue:
                raise sqlite3.OperationalError(
                    "the transaction was rolled back: it held up the intake for too long"
                )
            yield

    def begin_writing(self, limit: timedelta | None) -> None:
        """Begin as the one writer; with a `limit` the transaction is rolled back when it takes longer."""
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.execute("BEGIN IMMEDIATE")
        except BaseException:
            os.close(descriptor)
            raise
        self._lock_file = descriptor
        if limit:
            self._timer = timer = Timer(limit.total_seconds(), lambda: self._give_up(timer))
            timer.start()

    def vacuum(self, limit: timedelta) -> bool:
        """Write the file anew, as its one writer, and empty the log; False where that takes longer than `limit`.

        Without it pages may hold copies of rows that moved before they were erased.
        """
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        timer = Timer(limit.total_seconds(), self.interrupt)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            timer.start()
            self.execute("VACUUM")
            is_busy, _, _ = self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        finally:
            timer.cancel()
            os.close(descriptor)
        return not is_busy

    def commit(self) -> None:
        with self.not_ending():
            super().commit()
            self._unlock()

    def rollback(self) -> None:
        with self._ending:
            self._overdue = False
            try:
                super().rollback()
            finally:
                self._unlock()

    def close(self) -> None:
        self._unlock()
        super().close()

    def _give_up(self, timer: Timer) -> None:
        if self._timer is timer:
            self.interrupt()  # a statement that runs for long; it would hold up the roll-back too
        with self._ending:
            if self._timer is timer:  # else the transaction ended meanwhile, and this may be the next one
                self._overdue = True
                super().rollback()
                self._unlock()

    def _unlock(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def open_engine(url: URL, *, patience: timedelta, most_connections: int) -> Engine:
    """Make an engine that waits at most `patience` for a writer that is not of this program."""
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=ClosingPool,
        pool_size=5,
        max_overflow=most_connections - 5,
        pool_timeout=patience.total_seconds(),
        connect_args={
            "factory": LockedConnection,
            "timeout": patience.total_seconds(),
            "isolation_level": None,  # transactions begin below, not in the driver
            "check_same_thread": False,  # the pool hands a connection from thread to thread
        },
    )
    event.listen(engine, "connect", _settle)
    event.listen(engine, "before_cursor_execute", _begin_at_first_statement)
    return engine


def _settle(connection: LockedConnection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses the last commits when the power fails
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased or pruned is written over with zeros


def check_writable(conn: Connection) -> None:
    """Begin to write, out of line and only for a moment; or raise StorageError."""
    connection: sqlite3.Connection = conn.connection.driver_connection  # type: ignore[assignment] # it is sqlite3's
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.OperationalError as exc:
        raise StorageError(f"the database cannot be written to: {exc}") from exc


def begin(conn: Connection) -> None:
    """Begin a transaction where none is running: a writing one, unless `conn` is marked as read-only."""
    connection = conn.connection.driver_connection
    if not isinstance(connection, LockedConnection) or connection.in_transaction:
        return
    options = conn.get_execution_options()
    if options.get("mo_gateway_read_only"):
        connection.execute("BEGIN")
    else:
        connection.begin_writing(options.get("mo_gateway_time_limit"))


def _begin_at_first_statement(conn: Connection, *_statement: Any) -> None:
    # Not in the `begin` event: a handler that was given its connection holds up the intake from the moment
    # it uses it, not from the moment it has it.
    begin(conn)
