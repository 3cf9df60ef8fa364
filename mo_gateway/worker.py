"""The worker: the loop around dispatch. It claims as many messages as it has free hands, and waits to be woken."""

from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock, Thread
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from .dispatch import Dispatcher
from .errors import UnsafeDatabase
from .store.queue import Claim

POLL_EVERY = 1.0  # seconds; wake-ups are hints, this is the net
GRACE = 10.0  # seconds for the running handlers when asked to stop

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One handler at work."""

    claim: Claim
    since: float  #: monotonic seconds
    started_at: datetime


class Worker:
    """Runs handlers, each in a thread of its own, `threads` at a time.

    A thread cannot be stopped. A handler that takes longer than its limit is counted as failed and left
    behind; what it returns in the end is refused by the fence. When half of the hands are stuck like that,
    `run` ends, so that the process can begin anew.
    """

    def __init__(self, dispatcher: Dispatcher, *, threads: int, limit: float) -> None:
        self._dispatcher = dispatcher
        self._threads = threads
        self._limit = limit  #: seconds that one try of a handler may take
        self._bell = Event()
        self._stopping = Event()
        self._lock = Lock()
        self._busy: set[Hand] = set()
        self._stuck: set[Hand] = set()

    def wake(self) -> None:
        """Say that there may be work."""
        self._bell.set()

    def stop(self) -> None:
        """Claim nothing more and end when the running handlers have."""
        self._stopping.set()
        self._bell.set()

    def run(self) -> bool:
        """Work until asked to stop; True when it stopped because half of its hands are stuck."""
        while not self._stopping.is_set() and not self._too_many_stuck():
            self._bell.clear()
            if not self._take_some():
                self._bell.wait(POLL_EVERY)
            self._leave_slow_ones_behind()
        self._wait_for_the_others()
        return self._too_many_stuck()

    def _take_some(self) -> bool:
        """Claim as much as there are free hands; False when there is nothing left to do but wait."""
        free = self._threads - len(self._busy) - len(self._stuck)
        if free <= 0:
            return False
        try:
            claims = self._dispatcher.claim(free)
        except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
            log.error("cannot claim", error=type(exc).__name__)
            self._stopping.wait(POLL_EVERY)
            return False
        for claim in claims:
            hand = Hand(claim, monotonic(), self._dispatcher.clock())
            with self._lock:
                self._busy.add(hand)
            Thread(target=self._handle, args=(hand,), name=f"handler-{claim.id}", daemon=True).start()
        return len(claims) == free

    def _handle(self, hand: Hand) -> None:
        try:
            self._dispatcher.handle(hand.claim)
        except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
            # the result could not be stored; the lease runs out and the message is tried again
            log.error("result not stored", id=hand.claim.message.id, error=type(exc).__name__)
        finally:
            with self._lock:
                self._busy.discard(hand)
                self._stuck.discard(hand)
            self._bell.set()

    def _leave_slow_ones_behind(self) -> None:
        with self._lock:
            slow = {hand for hand in self._busy if monotonic() - hand.since > self._limit}
            self._busy -= slow
            self._stuck |= slow
        for hand in slow:
            route = self._dispatcher.routes.find(hand.claim.message.shortcode, hand.claim.message.keyword)
            handler = route.handler.name if route else ""
            self._dispatcher.failed(hand.claim, handler, hand.started_at, f"took longer than {self._limit:g} s")

    def _too_many_stuck(self) -> bool:
        return len(self._stuck) * 2 >= self._threads

    def _wait_for_the_others(self) -> None:
        give_up = monotonic() + GRACE
        while self._busy and monotonic() < give_up:
            self._bell.clear()
            if self._busy:
                self._bell.wait(0.1)
