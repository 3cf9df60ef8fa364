"""Waking workers on other hosts by PostgreSQL's NOTIFY: a hint, nothing more; a worker also looks by itself."""

import contextlib
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import UnsafeDatabase

CHANNEL = "mo_gateway"
LEAST_PAUSE = 0.02  # seconds between two NOTIFYs: each takes a lock that the whole database shares


class Notifier:
    """Tells all listening workers, on a connection of its own, that there is work; nothing on SQLite.

    Inside the storing transaction a NOTIFY would make all commits wait for one another.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine if engine.dialect.name == "postgresql" else None
        self._wanted = Event()
        self._closing = Event()
        self._thread: Thread | None = None

    def notify(self) -> None:
        """Ask for a NOTIFY soon; never waits and never fails."""
        if self._engine is None:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._run, name="notifier", daemon=True)
            self._thread.start()
        self._wanted.set()

    def close(self) -> None:
        """Stop."""
        self._closing.set()
        self._wanted.set()
        if self._thread:
            self._thread.join(1)

    def _run(self) -> None:
        assert self._engine is not None
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        while self._wanted.wait() and not self._closing.is_set():
            self._wanted.clear()
            with contextlib.suppress(SQLAlchemyError, UnsafeDatabase), engine.connect() as conn:
                conn.exec_driver_sql(f"NOTIFY {CHANNEL}")
            self._closing.wait(LEAST_PAUSE)


class Listener:
    """Calls `on_wake` for every NOTIFY; nothing on SQLite. When its connection is lost it makes a new one."""

    def __init__(self, engine: Engine, on_wake: Callable[[], None]) -> None:
        self._engine = engine
        self._on_wake = on_wake
        self._closing = Event()
        self._thread = Thread(target=self._run, name="listener", daemon=True)
        if engine.dialect.name == "postgresql":
            self._thread.start()

    def close(self) -> None:
        """Stop within a second."""
        self._closing.set()

    def _run(self) -> None:
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        while not self._closing.is_set():
            with (
                contextlib.suppress(SQLAlchemyError, UnsafeDatabase, psycopg.Error),
                engine.connect() as conn,
            ):
                self._listen(conn)
            self._closing.wait(1)

    def _listen(self, conn: Connection) -> None:
        conn.exec_driver_sql(f"LISTEN {CHANNEL}")
        driver: psycopg.Connection[Any] = conn.connection.driver_connection  # type: ignore[assignment] # it is psycopg's
        try:
            while not self._closing.is_set():
                for _ in driver.notifies(timeout=1.0, stop_after=1):
                    self._on_wake()
        finally:
            conn.invalidate()  # a connection that listens must not go back to the pool
