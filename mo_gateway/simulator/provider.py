"""The provider at work, in one operating-system process: a loop that hands out tries to its connections."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from .agenda import Agenda, Delivery, Pace
from .book import Book, Result
from .client import Line, NoAnswer
from .history import History
from .plan import Plan, Sms
from .target import Target

SECONDS_BETWEEN_NEWS = 0.2


@dataclass(frozen=True, slots=True)
class News:
    """How far a provider has got."""

    settled: int = 0  #: messages that will not be sent again
    seconds: float = 0.0
    trouble: str = ""  #: how the last unacknowledged try of a good message ended


class Provider:
    """Sends messages and repeats them until each is acknowledged, dropped or, being bad, given up."""

    def __init__(
        self,
        plan: Plan,
        pace: Pace,
        target: Target,
        *,
        numbers: Iterator[int],
        history: History,
        clock: Callable[[], datetime],
        tell: Callable[[News], None],
    ) -> None:
        self._plan, self._pace, self._target = plan, pace, target
        self._numbers, self._history, self._clock, self._tell = numbers, history, clock, tell
        self._book = Book()
        self._trouble = ""

    async def run(self) -> Book:
        """Send everything; where the task is cancelled (Ctrl-C), give the book as it is then."""
        loop = asyncio.get_running_loop()
        self._start = loop.time()
        self._agenda = Agenda(self._messages(), self._pace, start=self._start)
        self._ready: asyncio.Queue[Delivery | None] = asyncio.Queue(self._pace.connections)
        self._changed = asyncio.Event()  # an answer came: there may be more to do, or nothing at all
        try:
            await self._work()
        except asyncio.CancelledError:
            self._book.is_interrupted = True
            if task := asyncio.current_task():
                task.uncancel()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # a connection's task failed: say why, not that a group did
        self._book.seconds = loop.time() - self._start
        self._book.dropped.update(self._agenda.dropped)
        self._book.retried = self._agenda.retried
        self._tell(self._news())
        return self._book

    def _messages(self) -> Iterator[Sms]:
        return (self._plan.sms(n, self._clock()) for n in self._numbers)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            news = group.create_task(self._tell_now_and_then())
            for _ in range(self._pace.connections):
                group.create_task(self._send())
            await self._hand_out()
            for _ in range(self._pace.connections):
                await self._ready.put(None)
            news.cancel()

    async def _hand_out(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._agenda.is_finished:
            delivery = self._agenda.take(loop.time())
            if delivery:
                await self._ready.put(delivery)
            elif not self._agenda.is_finished:  # it may just have seen that nothing fresh will come
                await self._pause(self._agenda.next_at())

    async def _pause(self, until: float | None) -> None:
        """Wait for a moment, or for an answer before it."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._changed.wait()

    async def _send(self) -> None:
        line = Line(self._target, timeout=self._pace.timeout, keep_alive=self._pace.keep_alive)
        try:
            while delivery := await self._ready.get():
                await self._try(delivery, line)
        finally:
            line.close()

    async def _try(self, delivery: Delivery, line: Line) -> None:
        sms, loop = delivery.sms, asyncio.get_running_loop()
        number = self._book.begin_try(sms)
        method, cut = self._plan.manner(sms.n, number)
        self._history.invoke(sms, number)
        begin = loop.time()
        delivery.begin_try(begin)
        try:
            if cut:
                await line.send_and_cut(method, sms.form)
                result = Result("info", "cut")
            else:
                answer = await line.exchange(method, sms.form)
                result = Result("ok" if answer.is_acknowledged else "fail", answer.word)
        except NoAnswer as exc:
            result = Result("info", str(exc))
        seconds = loop.time() - begin
        self._history.end(sms, number, result, seconds)
        self._book.end_try(sms, result, seconds)
        if result.type == "ok":
            delivery.is_acknowledged = True
        elif not (sms.is_bad or cut):
            self._trouble = result.word
        self._agenda.end_try(delivery)
        self._changed.set()

    async def _tell_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_NEWS)
            self._tell(self._news())

    def _news(self) -> News:
        seconds = asyncio.get_running_loop().time() - self._start
        return News(self._agenda.settled, seconds, self._trouble)
