"""When the provider sends: what must be tried again at its moment, fresh messages at their rate.

It knows no clock: moments are numbers of seconds that the caller hands in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf

from .plan import Sms

#: A bad message stays bad; a real provider would repeat it for a day.
BAD_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the provider is, and how patient."""

    interval: timedelta = timedelta(minutes=1)  #: from the start of a try to the start of the next
    day: timedelta | None = None  #: after which a message is dropped; None = 1440 intervals
    rate: float | None = None  #: fresh messages a second; None = as fast as answers come
    duration: timedelta | None = None  #: after which nothing fresh is sent
    connections: int = 32
    timeout: timedelta = timedelta(seconds=30)
    keep_alive: bool = True

    @property
    def patience(self) -> float:
        """Seconds from the first try to the moment a message is dropped."""
        return (self.day or self.interval * 1440).total_seconds()


@dataclass(slots=True)
class Delivery:
    """One message on its way: what is known between its tries."""

    sms: Sms
    first_at: float
    repeats_left: int
    pending: int = 0  #: tries that are planned or under way
    last_at: float = 0.0
    tries: int = 0
    is_acknowledged: bool = False

    def begin_try(self, now: float) -> None:
        """Note that a try of it begins."""
        self.tries += 1
        self.last_at = now


class Agenda:
    """Hands out what is to be tried now, and plans the next try of what was not acknowledged."""

    def __init__(self, messages: Iterator[Sms], pace: Pace, *, start: float) -> None:
        self._messages = messages
        self._pace = pace
        self._start = start
        self._end = start + pace.duration.total_seconds() if pace.duration else inf
        self._due: list[tuple[float, int, Delivery]] = []
        self._order = count()  # a tie-break: deliveries have no order of their own
        self._fresh_count = 0
        self._fresh_is_over = False
        self._open = 0
        self.settled = 0
        self.retried = 0  #: tries of good messages, planned because the one before was not acknowledged
        self.dropped: list[int] = []

    @property
    def is_finished(self) -> bool:
        """Nothing fresh will come and everything sent is settled."""
        return self._fresh_is_over and not self._open

    def take(self, now: float) -> Delivery | None:
        """Give a delivery whose next try is due: first what comes again, then what is fresh."""
        if not (self._due and self._due[0][0] <= now):
            self._add_fresh(now)
        if self._due and self._due[0][0] <= now:
            return heappop(self._due)[2]
        return None

    def next_at(self) -> float | None:
        """Say when there will be something to take; None = only an answer can change that."""
        moments = [at for at, _, _ in self._due[:1]]
        if not self._fresh_is_over:
            moments.append(self._fresh_at())
        return min(moments, default=None)

    def end_try(self, delivery: Delivery) -> None:
        """Plan what follows a try: another one, or nothing any more."""
        delivery.pending -= 1
        if delivery.pending:
            return  # a copy is still under way
        again_at = delivery.last_at + self._pace.interval.total_seconds()
        if delivery.is_acknowledged and delivery.repeats_left:
            delivery.repeats_left -= 1
            self._plan(delivery, again_at)
        elif delivery.is_acknowledged or (delivery.sms.is_bad and delivery.tries >= BAD_TRIES):
            self._settle()
        elif again_at > delivery.first_at + self._pace.patience:
            self.dropped.append(delivery.sms.n)
            self._settle()
        else:
            if not delivery.sms.is_bad:
                self.retried += 1
            self._plan(delivery, again_at)

    def _add_fresh(self, now: float) -> None:
        if self._fresh_is_over or self._fresh_at() > now:
            return
        sms = next(self._messages, None) if now < self._end else None
        if sms is None:
            self._fresh_is_over = True
            return
        self._fresh_count += 1
        self._open += 1
        delivery = Delivery(sms, first_at=now, repeats_left=sms.repeats)
        for _ in range(sms.copies):
            self._plan(delivery, now)

    def _fresh_at(self) -> float:
        if not self._pace.rate:
            return self._start
        return min(self._start + self._fresh_count / self._pace.rate, self._end)

    def _plan(self, delivery: Delivery, at: float) -> None:
        delivery.pending += 1
        heappush(self._due, (at, next(self._order), delivery))

    def _settle(self) -> None:
        self._open -= 1
        self.settled += 1
