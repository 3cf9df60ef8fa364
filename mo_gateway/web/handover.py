"""Between an event loop's requests and the writers: what is to be stored there, and the receipts back."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from mo_gateway.errors import Overloaded, StorageError
from mo_gateway.message import Receipt
from mo_gateway.providers import Provider
from mo_gateway.receive import New, Receiver
from mo_gateway.store.inbox import NewMessage
from mo_gateway.store.loop_writer import LoopWriter

GiveUp = Callable[[Future[Receipt]], StorageError]


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A request that waits in the loop until its row is durable."""

    provider: Provider
    new: New
    row: Future[Receipt]  #: the writer's word
    gave_up: GiveUp  #: tells the writer that nobody waits any more
    receipt: asyncio.Future[Receipt]  #: what the request awaits


@dataclass(slots=True)
class Handover:
    """Lets requests of one event loop await what the writers do.

    The loop is woken once for each commit, not once for each message: under load that would be most of its work.
    What became of a row is counted whether or not its caller is still there.
    """

    receiver: Receiver
    messages: (
        LoopWriter | None
    )  #: for messages, where the database is PostgreSQL; the writer's thread does the rest
    _done: deque[Waiting] = field(default_factory=deque)
    _is_told: bool = False  #: the loop knows that something is done

    async def stored(self, provider: Provider, new: New) -> Receipt:
        """Wait until the row is durable; or raise StorageError, and then it must not be acknowledged."""
        loop = asyncio.get_running_loop()
        try:
            row, gave_up = self._submitted(new)
        except Overloaded as exc:
            self.receiver.refused(provider, new.request, exc)
            raise
        waiting = Waiting(provider, new, row, gave_up, loop.create_future())
        deadline = loop.call_later(self.receiver.writer.deadline, self._give_up, waiting)
        row.add_done_callback(lambda _row: self._tell(loop, waiting))
        try:
            return await waiting.receipt
        finally:
            deadline.cancel()

    def _submitted(self, new: New) -> tuple[Future[Receipt], GiveUp]:
        if self.messages and isinstance(new, NewMessage):
            return self.messages.submit(new), self.messages.gave_up
        return self.receiver.writer.submit(new), self.receiver.writer.gave_up

    def _tell(self, loop: asyncio.AbstractEventLoop, waiting: Waiting) -> None:
        """Have the loop look; it may be the writer's thread that comes here."""
        self._done.append(waiting)
        if not self._is_told:
            self._is_told = True
            with suppress(RuntimeError):  # the loop has ended: who awaited this is gone
                loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._is_told = False  # before looking: what is done from now on is told anew
        while self._done:
            self._settle(self._done.popleft())

    def _settle(self, waiting: Waiting) -> None:
        """Count and log what became of a row, and tell who awaits it."""
        is_awaited = not waiting.receipt.done()
        if not is_awaited and not waiting.receipt.cancelled():
            return  # it was refused at its deadline
        try:
            receipt = self.receiver.accepted(waiting.provider, waiting.new, waiting.row.result())
        except StorageError as exc:
            self.receiver.refused(waiting.provider, waiting.new.request, exc)
            if is_awaited:
                waiting.receipt.set_exception(exc)
        else:
            if is_awaited:
                waiting.receipt.set_result(receipt)

    def _give_up(self, waiting: Waiting) -> None:
        if not waiting.receipt.done():
            error = waiting.gave_up(waiting.row)
            self.receiver.refused(waiting.provider, waiting.new.request, error)
            waiting.receipt.set_exception(error)
