"""What stands before a target that handlers call: a few calls at a time, and none while it is down.

So a target that is slow or down holds back its own route and no other, and its messages do not run out of tries:
who is sent away gets `TryLater`, whose try does not count, with the time at which its turn is to be expected.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from time import monotonic

from mo_gateway.errors import MoGatewayError, TryLater

AT_ONCE = 2  # calls, of the worker's eight threads
FAILURES = 5  # in a row, after which the target is taken to be down
FIRST_REST = 30.0  # seconds without a call; doubled each time
LONGEST_REST = 600.0  # seconds
LONGEST_LINE = 300.0  # seconds that somebody is sent away for, beside a rest
SPREAD = 0.25  # of a pause, either way
QUICKEST = 0.01  # seconds that a call is taken to last at least
MEMORY = 0.3  # how much the last call says about how long the next one lasts


class TargetFailed(MoGatewayError):
    """A call that failed by the target's fault; the next message would most likely fare no better."""

    def __init__(self, reason: str, *, counts: bool = True, pause: timedelta | None = None) -> None:
        super().__init__(reason)
        self.counts = counts  #: False = it cannot be the message's fault, so the try does not count in any case
        self.pause = pause  #: what the target asks for


class Gate:
    """Lets calls through to one target, or raises TryLater; of one process, for all of its threads."""

    def __init__(
        self,
        name: str,
        *,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._name = name  #: of the target, for errors
        self._at_once = at_once
        self._clock = clock
        self._random = random
        self._lock = Lock()
        self._inside = 0
        self._failures = 0  #: in a row
        self._rests = 0  #: in a row; from the first one on, calls go one by one until one succeeds
        self._closed_until = clock()
        self._next_turn = clock()  #: when whoever is sent away next may come
        self._usual = 0.1  #: seconds that calls last

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Let one call through, or raise TryLater.

        A call that raises `TargetFailed` counts against the target. While that makes the gate close, or closes it
        again, it becomes TryLater: the target is down, whatever the message says.
        """
        since = self._enter()
        try:
            yield
        except TargetFailed as exc:
            pause = self._failed(exc)
            if pause is None:
                raise
            raise TryLater(str(exc), after=pause) from exc
        else:
            self._succeeded()
        finally:
            self._leave(since)

    def _enter(self) -> float:
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                raise TryLater(f"{self._name} is down; nothing is sent for now", self._turn(self._closed_until))
            if self._inside >= (1 if self._rests else self._at_once):
                raise TryLater(f"{self._name} is busy with other messages", self._turn(now))
            self._inside += 1
            return now

    def _turn(self, earliest: float) -> timedelta:
        """Give the time until the next free place in the line: one for each call that can be expected."""
        self._next_turn = max(self._next_turn, earliest) + self._usual / self._at_once
        self._next_turn = min(self._next_turn, earliest + LONGEST_LINE)
        in_line = (self._next_turn - earliest) * self._jitter()
        return timedelta(seconds=earliest - self._clock() + in_line)

    def _leave(self, since: float) -> None:
        with self._lock:
            self._inside -= 1
            self._usual += MEMORY * (max(self._clock() - since, QUICKEST) - self._usual)

    def _succeeded(self) -> None:
        with self._lock:
            self._failures = self._rests = 0
            self._closed_until = self._clock()

    def _failed(self, failure: TargetFailed) -> timedelta | None:
        """Count a failure, and give the time until the next try; None where the try counts."""
        with self._lock:
            now = self._clock()
            self._failures += 1
            if failure.pause is not None:
                self._closed_until = max(self._closed_until, now + max(failure.pause.total_seconds(), 1.0))
            elif self._failures >= FAILURES and now >= self._closed_until:
                rest = min(FIRST_REST * 2 ** min(self._rests, 10), LONGEST_REST / (1 + SPREAD))
                self._closed_until = now + rest * self._jitter()
                self._rests += 1
            if now < self._closed_until:
                return self._turn(self._closed_until)
            if failure.counts:
                return None
            return timedelta(seconds=2.0**self._failures * self._jitter())

    def _jitter(self) -> float:
        return 1 - SPREAD + 2 * SPREAD * self._random()
