"""The writer: one thread that commits whatever waits, in one transaction, and then tells all who wait.

The price of one fsync is shared by everybody who came during the last one: load makes the batch longer, not
the wait. This is the one part of the store that commits by itself, because the acknowledgement hangs on it.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import Overloaded, StorageError, UnsafeDatabase
from mo_gateway.message import Receipt

from . import rejections
from .failures import in_one_line
from .inbox import NewMessage, add_messages
from .intake import Intake
from .rejections import NewRejection, add_rejections
from .reports import NewReport, add_reports
from .waiters import LARGEST_BATCH, New, Waiter, is_unavailable, tell_failure, tell_success
from .watch import Watch

ODD_JOBS_EVERY = 5.0  # seconds

log = structlog.get_logger()


class Writer:
    """Takes rows from any thread of one process and makes them durable together.

    Its thread starts at the first use, and again in a child after a fork: threads, queues and connections
    must not cross one.
    """

    def __init__(
        self,
        engine: Engine,
        intake: Intake,
        *,
        deadline: timedelta,
        max_waiting: int,
        attempt_limit: int,
        max_rejections: int,
        on_stored: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._intake = intake
        self.deadline = deadline.total_seconds()  #: how long anybody waits for a commit
        self._max_waiting = max_waiting
        self._attempt_limit = attempt_limit
        self._max_rejections = max_rejections
        self._on_stored = on_stored  #: called after new messages were committed; wakes the worker
        self._starting = Lock()
        self._pid = 0
        self._thread: Thread  #: and with it `_queue`, `_watch` and `_rejected`: made at the first use

    def start(self) -> None:
        """Start the thread where it does not run in this process yet."""
        if self._pid == os.getpid() and self._thread.is_alive():
            return
        with self._starting:
            if self._pid != os.getpid():
                if self._pid:  # a fork: the parent's connections stay the parent's
                    self._engine.dispose(close=False)
                self._queue: SimpleQueue[Waiter | None] = SimpleQueue()
                self._watch = Watch(self.deadline)
                self._rejected = False
            elif self._thread.is_alive():  # somebody else was quicker
                return
            self._thread = Thread(target=self._run, name="writer", daemon=True)
            self._pid = os.getpid()
            self._thread.start()

    def store(self, new: New) -> Receipt:
        """Wait until the row is durable; or raise StorageError, and then it must not be acknowledged.

        After the deadline the row may still become durable: the provider's retry will be recognised.
        """
        return self._receipt(self.submit(new), until=monotonic() + self.deadline)

    def store_all(self, batch: Sequence[New]) -> list[Receipt | StorageError]:
        """Wait until rows are durable; for each give its receipt, or why it must not be acknowledged.

        They share commits. What is more than may wait in line comes after the others.
        """
        outcomes: list[Receipt | StorageError] = []
        most = min(LARGEST_BATCH, self._max_waiting)
        for start in range(0, len(batch), most):
            until = monotonic() + self.deadline
            futures = [self._submitted(new) for new in batch[start : start + most]]
            outcomes += [self._outcome(future, until=until) for future in futures]
        return outcomes

    def submit(self, new: New) -> Future[Receipt]:
        """Put a row in line and give what will hold its receipt; or raise Overloaded at once."""
        self.start()
        if self._queue.qsize() >= self._max_waiting:
            raise Overloaded(f"{self._max_waiting} requests wait for the database already")
        waiter = Waiter(new)
        self._queue.put(waiter)
        return waiter.future

    def gave_up(self, future: Future[Receipt]) -> StorageError:
        """Give up what was submitted once it took longer than `deadline`, and give the error to answer with."""
        return self._watch.gave_up(future)

    def waiting_for(self) -> timedelta:
        """Say how long the commit that is under way has taken; nothing where none is."""
        return self._watch.waiting_for() if self._pid == os.getpid() else timedelta()

    def close(self) -> None:
        """Commit what waits, save the counts, and stop."""
        if self._pid == os.getpid():
            self._queue.put(None)
            self._thread.join(self.deadline)

    def _submitted(self, new: New) -> Future[Receipt]:
        """Put a row in line; where the line is full, the future says so."""
        try:
            return self.submit(new)
        except Overloaded as exc:
            full: Future[Receipt] = Future()
            full.set_exception(exc)
            return full

    def _outcome(self, future: Future[Receipt], *, until: float) -> Receipt | StorageError:
        try:
            return self._receipt(future, until=until)
        except StorageError as exc:
            return exc

    def _receipt(self, future: Future[Receipt], *, until: float) -> Receipt:
        try:
            return future.result(until - monotonic())
        except TimeoutError:
            raise self.gave_up(future) from None

    def _run(self) -> None:
        next_odd_jobs = monotonic() + ODD_JOBS_EVERY
        closing = False
        while not closing:
            batch, closing = self._next_batch()
            for kind in (NewMessage, NewReport, NewRejection):  # each its own transaction: none pays for another
                if of_kind := [waiter for waiter in batch if isinstance(waiter.new, kind)]:
                    self._commit(of_kind)
            if closing or monotonic() >= next_odd_jobs:
                self._do_odd_jobs()
                next_odd_jobs = monotonic() + ODD_JOBS_EVERY

    def _next_batch(self) -> tuple[list[Waiter], bool]:
        """Wait for somebody, then take all who came meanwhile; True where the writer is to close."""
        batch: list[Waiter] = []
        try:
            waiter = self._queue.get(timeout=ODD_JOBS_EVERY)
            while waiter is not None:
                if waiter.future.set_running_or_notify_cancel():  # else it gave up waiting
                    batch.append(waiter)
                if len(batch) >= LARGEST_BATCH:
                    return batch, False
                waiter = self._queue.get_nowait()
        except Empty:
            return batch, False
        return batch, True

    def _commit(self, batch: Sequence[Waiter]) -> None:
        """Store a batch of one kind and tell its waiters; a row that the database refuses fails alone."""
        try:
            receipts = self._stored([waiter.new for waiter in batch])
        except Exception as exc:  # noqa: BLE001 - whatever one row may provoke must not take its neighbours along
            if len(batch) > 1 and not is_unavailable(exc):
                for waiter in batch:
                    self._commit([waiter])
            else:
                tell_failure(batch, exc)
        else:
            tell_success(batch, receipts)
            if isinstance(batch[0].new, NewMessage):
                self._on_stored()

    def _stored(self, batch: Sequence[New]) -> dict[bytes, Receipt]:
        """Make a batch of one kind durable, in one transaction; when this returns, it is."""
        with self._connection(batch[0]) as conn, self._watch.over(conn):
            self._watch.admit(conn)
            warnings = conn.info.get("warnings", [])
            warnings.clear()
            with conn.begin():
                receipts = self._add(conn, batch)
            if warnings:
                conn.invalidate()
                raise StorageError(f"the database answered with a warning: {warnings[0]}")
        return receipts

    def _add(self, conn: Connection, batch: Sequence[New]) -> dict[bytes, Receipt]:
        if messages := [new for new in batch if isinstance(new, NewMessage)]:
            return add_messages(conn, messages, attempt_limit=self._attempt_limit)
        if reports := [new for new in batch if isinstance(new, NewReport)]:
            return add_reports(conn, reports)
        self._rejected = True
        return add_rejections(conn, [new for new in batch if isinstance(new, NewRejection)])

    def _connection(self, first: New) -> Connection:
        """Give a connection for a batch whose first row is this.

        On PostgreSQL the one statement that stores messages or rejections is its own transaction. That takes one
        round trip to the server instead of three, and each is a wait for a turn in this process. Reports take
        several statements.
        """
        conn = self._engine.connect()
        if conn.dialect.name == "postgresql" and not isinstance(first, NewReport):
            return conn.execution_options(isolation_level="AUTOCOMMIT")
        return conn

    def _do_odd_jobs(self) -> None:
        """Save the counts and keep the rejections bounded; nobody waits for either."""
        try:
            with self._engine.connect() as conn, self._watch.over(conn):
                self._watch.admit(conn)
                with conn.begin():
                    counts = self._intake.save(conn)
                self._intake.forget(counts)
                if self._rejected:
                    with conn.begin():
                        rejections.trim(conn, keep=self._max_rejections)
                    self._rejected = False
        except (SQLAlchemyError, StorageError, UnsafeDatabase, OSError) as exc:
            log.warning("counts not saved yet", error=in_one_line(exc))
