"""The commit that is under way: how long it has taken, and the end of it when that is too long."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Connection

from mo_gateway.errors import StorageError
from mo_gateway.message import Receipt

from . import postgresql

#: Commits that were broken off may wait for a standby, of all hosts together; a few more where they are in a race.
MOST_ABANDONED = 10


class Watch:
    """Watches what one writer does, from any thread."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._busy: tuple[float, Any] | None = None  #: since when, and on which connection of the driver
        self._breaking_off = Lock()
        self._has_broken_off = False

    def admit(self, conn: Connection) -> None:
        """Let a commit begin; or raise StorageError where too many that were broken off wait for a standby still.

        Each of them keeps a connection of the server until the standby is back. In the end nobody would get in.
        """
        if not self._has_broken_off:
            return
        abandoned = postgresql.abandoned_commits(_driver(conn), after=self._deadline)
        if abandoned >= MOST_ABANDONED:
            raise StorageError(f"{abandoned} commits wait for a standby already")
        self._has_broken_off = False

    @contextmanager
    def over(self, conn: Connection) -> Iterator[None]:
        """Let those who wait for too long break off what is done with this connection."""
        self._busy = (monotonic(), _driver(conn))
        try:
            yield
        finally:
            with self._breaking_off:
                self._busy = None

    def waiting_for(self) -> timedelta:
        """Say how long what is under way has taken; nothing where nothing is."""
        busy = self._busy
        return timedelta(seconds=monotonic() - busy[0]) if busy else timedelta()

    def gave_up(self, future: Future[Receipt]) -> StorageError:
        """Give up what somebody has waited for as long as one may, and give the error to answer with."""
        future.cancel()
        self.break_off()
        return StorageError(f"the database took longer than {self._deadline:g} s")

    def break_off(self) -> None:
        """End what somebody has waited for too long, so that the writer can go on without it; on PostgreSQL."""
        with self._breaking_off:  # so that the connection cut is not somebody else's by now
            busy = self._busy
            # half of the deadline: who waits now may have come while the commit before was under way
            is_late = busy is not None and monotonic() - busy[0] >= self._deadline / 2
            if busy and is_late and isinstance(busy[1], psycopg.Connection):
                postgresql.cut_off(busy[1])
                self._has_broken_off = True


def _driver(conn: Connection) -> Any:
    return conn.connection.driver_connection
