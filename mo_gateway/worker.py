"""The worker: the loop around consent and dispatch.

It takes as many messages as it has free hands, and waits to be woken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic, sleep

import structlog
from sqlalchemy.exc import SQLAlchemyError

from .consent import Consent
from .dispatch import Dispatcher
from .errors import UnsafeDatabase
from .store.failures import in_one_line, way_to
from .store.queue import Claim, Finished

POLL_EVERY = 1.0  # seconds; wake-ups are hints, this is the net
GATHERING = 0.002  # seconds at most that a result waits for the others, to share one commit with them
GRACE = 10.0  # seconds for the running handlers when asked to stop

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One message in somebody's hands."""

    claim: Claim
    since: float  #: monotonic seconds
    started_at: datetime


class Worker:
    """Runs handlers, `threads` at a time, and records what became of them in groups.

    A thread cannot be stopped. A handler that takes longer than its limit is counted as failed and left
    behind; what it returns in the end is refused by the fence. When half of the threads are stuck like that,
    `run` ends, so that the process can begin anew.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        consent: Consent,
        *,
        threads: int,
        limit: float,
        on_replies: Callable[[], None] = lambda: None,
        on_stopping: Callable[[], None] = lambda: None,
    ) -> None:
        self._dispatcher = dispatcher
        self._consent = consent
        self._on_replies = on_replies  #: called, by any thread, when replies may have been queued
        self._on_stopping = on_stopping  #: called when nothing more is taken
        self._threads = threads
        self._limit = limit  #: seconds that one try of a handler may take
        self._bell = Event()
        self._stopping = False
        self._line: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = Lock()
        self._running: set[Task] = set()
        self._stuck: set[Task] = set()
        self._finished: list[Finished] = []

    def wake(self) -> None:
        """Say that there may be work."""
        self._bell.set()

    def stop(self) -> None:
        """Take nothing more, and end when the running handlers have; it may be called by a signal handler.

        So it touches no lock, which the interrupted thread may hold: the loop looks once in POLL_EVERY.
        """
        self._stopping = True

    def run(self) -> bool:
        """Work until asked to stop; True when it stopped because half of its threads are stuck instead."""
        for number in range(self._threads):
            Thread(target=self._work, name=f"handler-{number}", daemon=True).start()
        while not self._stopping and not self._too_many_stuck():
            self._bell.clear()
            self._gather()
            if not self._exchange(self._threads - len(self._running) - len(self._stuck)):
                self._bell.wait(POLL_EVERY)
            self._leave_slow_ones_behind()
        self._on_stopping()
        self._wait_for_the_others()
        for _ in range(self._threads):
            self._line.put(None)
        return not self._stopping

    def _exchange(self, free: int) -> bool:
        """Record what is finished and take as many messages as there are free threads; True = look again."""
        with self._lock:
            finished = self._finished
            self._finished = []
        try:
            looked_at = self._record_consent()
            claims = self._dispatcher.exchange(finished, free) if finished or free else []
        except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
            log.error("cannot record or take messages", error=in_one_line(exc))
            with self._lock:
                self._finished = finished + self._finished
            sleep(POLL_EVERY)
            return False
        tasks = [Task(claim, monotonic(), self._dispatcher.clock()) for claim in claims]
        with self._lock:
            self._running.update(tasks)
        for task in tasks:
            self._line.put(task)
        if finished or looked_at:
            self._on_replies()
        return looked_at or (bool(finished) and len(claims) < free)

    def _gather(self) -> None:
        """Let those that are nearly done share a commit with the first: of quick handlers it costs the most."""
        give_up = monotonic() + GATHERING
        while self._finished and self._running and (left := give_up - monotonic()) > 0:
            self._bell.wait(left)
            self._bell.clear()

    def _record_consent(self) -> bool:
        """Record STOP and START; True = look again."""
        try:
            return self._consent.record()
        except (SQLAlchemyError, UnsafeDatabase, OSError):
            raise
        except Exception as exc:  # noqa: BLE001 - whatever is wrong with it, the other messages are handled
            log.error("cannot record STOP and START", exception=way_to(exc))
            return False

    def _work(self) -> None:
        while task := self._line.get():
            finished = self._dispatcher.run(task.claim)
            with self._lock:
                self._running.discard(task)
                self._stuck.discard(task)
                if finished:
                    self._finished.append(finished)
            if not finished:  # a transaction of the handler's own has queued them
                self._on_replies()
            self._bell.set()

    def _leave_slow_ones_behind(self) -> None:
        with self._lock:
            slow = {task for task in self._running if monotonic() - task.since > self._limit}
            self._running -= slow
            self._stuck |= slow
            self._finished += [self._too_slow(task) for task in slow]

    def _too_slow(self, task: Task) -> Finished:
        handler = self._dispatcher.routes.handler_of(task.claim.message)
        return self._dispatcher.failed(
            task.claim, handler.name if handler else None, task.started_at, f"took longer than {self._limit:g} s"
        )

    def _too_many_stuck(self) -> bool:
        return len(self._stuck) * 2 >= self._threads

    def _wait_for_the_others(self) -> None:
        give_up = monotonic() + GRACE
        while monotonic() < give_up:
            self._bell.clear()
            if self._finished:
                self._exchange(0)
            elif not self._running:
                return
            else:
                self._bell.wait(0.1)
