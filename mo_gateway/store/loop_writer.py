"""The writer of an event loop on PostgreSQL: commits whatever messages wait, without a thread.

It does what `writer.py` does, by the same statement. There the loop and the writer's thread take turns at the
interpreter, several times for each commit; that costs more than all the rest of the way. Here the loop sends the
statement and goes on with other requests until the answer is there.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Engine

from mo_gateway.errors import Overloaded, StorageError
from mo_gateway.message import Receipt

from . import postgresql
from .asking import Statement, answer_to
from .counted import Stored, as_json, receipts
from .inbox import PREPARED, NewMessage, rows_of
from .waiters import LARGEST_BATCH, Waiter, is_unavailable, tell_failure, tell_success
from .watch import Watch

STORE = Statement("mo_gateway_store", PREPARED)


class LoopWriter:
    """Takes messages in one event loop and makes them durable together, on a connection that it keeps."""

    def __init__(
        self,
        engine: Engine,
        *,
        deadline: timedelta,
        max_waiting: int,
        attempt_limit: int,
        on_stored: Callable[[], None],
    ) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.deadline = deadline.total_seconds()  #: how long anybody waits for a commit
        self._max_waiting = max_waiting
        self._attempt_limit = attempt_limit
        self._on_stored = on_stored  #: called after new messages were committed; wakes the worker
        self._line: deque[Waiter] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._watch = Watch(self.deadline)
        self._connection: Connection | None = None

    def submit(self, new: NewMessage) -> Future[Receipt]:
        """Put a message in line and give what will hold its receipt; or raise Overloaded at once."""
        if len(self._line) >= self._max_waiting:
            raise Overloaded(f"{self._max_waiting} requests wait for the database already")
        waiter = Waiter(new)
        self._line.append(waiter)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return waiter.future

    def gave_up(self, future: Future[Receipt]) -> StorageError:
        """Give up what was submitted once it took longer than `deadline`, and give the error to answer with."""
        return self._watch.gave_up(future)

    def waiting_for(self) -> timedelta:
        """Say how long the commit that is under way has taken; nothing where none is."""
        return self._watch.waiting_for()

    def close(self) -> None:
        """Let go of the connection; the loop has ended."""
        self._drop()

    async def _write(self) -> None:
        """Commit batch after batch until nobody is in line."""
        while batch := self._next_batch():
            await self._commit(batch)

    def _next_batch(self) -> list[Waiter]:
        """Take all who came meanwhile and have not given up."""
        batch: list[Waiter] = []
        while self._line and len(batch) < LARGEST_BATCH:
            waiter = self._line.popleft()
            if waiter.future.set_running_or_notify_cancel():
                batch.append(waiter)
        return batch

    async def _commit(self, batch: Sequence[Waiter]) -> None:
        """Store a batch and tell its waiters; a row that the database refuses fails alone."""
        try:
            stored = await self._stored([waiter.new for waiter in batch if isinstance(waiter.new, NewMessage)])
        except Exception as exc:  # noqa: BLE001 - whatever one row may provoke must not take its neighbours along
            if len(batch) > 1 and not is_unavailable(exc):
                for waiter in batch:
                    await self._commit([waiter])
            else:
                tell_failure(batch, exc)
        else:
            tell_success(batch, stored)
            self._on_stored()

    async def _stored(self, batch: Sequence[NewMessage]) -> dict[bytes, Receipt]:
        """Make a batch durable: the one statement is its own transaction; when this returns, it is."""
        conn = await self._connected()
        warnings = conn.info["warnings"]
        warnings.clear()
        rows = rows_of(batch)
        values = [as_json(rows).encode(), str(self._attempt_limit).encode()]
        try:
            with self._watch.over(conn):
                answer = await answer_to(STORE, values, _driver(conn))
        except ReadOnlySqlTransaction:
            self._drop()  # a new connection looks for the server that takes writes
            raise
        if warnings:
            self._drop()
            raise StorageError(f"the database answered with a warning: {warnings[0]}")
        return receipts(rows, _stored(answer))

    async def _connected(self) -> Connection:
        """Give the connection, a new one where there is none or the server has ended it."""
        if self._connection and postgresql.is_ended(_driver(self._connection)):
            self._drop()
        if not self._connection:
            self._connection = await asyncio.get_running_loop().run_in_executor(None, self._connect)
        return self._connection

    def _connect(self) -> Connection:
        conn = self._engine.connect()
        try:
            with self._watch.over(conn):
                self._watch.admit(conn)
                STORE.prepare(_driver(conn))
        except (psycopg.Error, StorageError):
            conn.close()
            raise
        return conn

    def _drop(self) -> None:
        if self._connection:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _driver(conn: Connection) -> psycopg.Connection[Any]:
    return conn.connection.driver_connection  # type: ignore[return-value] # it is psycopg's


def _stored(answer: PGresult) -> Iterator[Stored]:
    """Read the rows of the answer as the server writes them: numbers as digits, bytes in its hex form."""
    for row in range(answer.ntuples):
        row_id, key, deliveries = (answer.get_value(row, column) or b"" for column in range(3))
        yield Stored(int(row_id), bytes.fromhex(key[2:].decode()), int(deliveries))
