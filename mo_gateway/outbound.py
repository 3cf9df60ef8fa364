"""The loop around send: for each provider a thread that claims, and some that call.

So a provider that is slow, or down, holds back its own replies only.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from math import inf
from threading import BoundedSemaphore, Event, Thread
from time import monotonic, sleep

import structlog

from .providers import Sending
from .send import Sender, Task, Tried
from .store.failures import UNAVAILABLE, in_one_line

CHORES_EVERY = 15.0  # seconds
POLL_EVERY = 1.0  # seconds; wake-ups are hints, this is the net
RECORD_WITHIN = 600.0  # seconds in which a database may come back to take a result
GRACE = 11.0  # seconds for calls that are under way when asked to stop

log = structlog.get_logger()


class Outbound:
    """Sends replies, so many calls at a time for each provider."""

    def __init__(self, sender: Sender, *, threads: int, chores: Sequence[Callable[[], object]] = ()) -> None:
        self._lines = [Line(sender, provider, threads) for provider in sender.providers.values()]
        self._chores = chores  #: what is done every now and then, beside the sending
        self._stopping = Event()
        self._give_up = 0.0  #: monotonic seconds

    def start(self) -> None:
        """Begin, in threads of its own."""
        for line in self._lines:
            line.start()
        Thread(target=self._do_chores, name="send-chores", daemon=True).start()

    def wake(self) -> None:
        """Say that there may be replies."""
        for line in self._lines:
            line.wake()

    def ask_to_stop(self) -> None:
        """Take nothing more; from now on the calls that are under way have GRACE."""
        self._give_up = monotonic() + GRACE
        self._stopping.set()
        for line in self._lines:
            line.ask_to_stop()

    def join(self) -> None:
        """Wait for the calls that are under way, once asked to stop."""
        for line in self._lines:
            line.join(max(0.0, self._give_up - monotonic()))

    def _do_chores(self) -> None:
        while not self._stopping.wait(CHORES_EVERY):
            for chore in self._chores:
                try:
                    chore()
                except Exception as exc:  # noqa: BLE001 - whatever it is, the next round and the other chores come
                    log.warning("not looked after", error=in_one_line(exc))


class Line:
    """The replies of one provider on their way out."""

    def __init__(self, sender: Sender, provider: Sending, threads: int) -> None:
        self._sender = sender
        self._provider = provider
        self._threads = threads
        self._free = BoundedSemaphore(threads)
        self._bell = Event()
        self._stopping = Event()
        self._give_up = inf  #: monotonic seconds; after them no result is kept for the database any more
        self._loop = Thread(target=self._run, name=f"send-{provider.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def wake(self) -> None:
        """Say that there may be replies."""
        self._bell.set()

    def ask_to_stop(self) -> None:
        """Take nothing more."""
        self._give_up = monotonic() + GRACE
        self._stopping.set()
        self._bell.set()

    def join(self, seconds: float) -> None:
        """Wait for the calls that are under way."""
        self._loop.join(seconds)

    def _run(self) -> None:
        calls = ThreadPoolExecutor(self._threads, thread_name_prefix=f"call-{self._provider.name}")
        while not self._stopping.is_set():
            self._bell.clear()
            pause = self._step(calls)
            self._bell.wait(min(pause, POLL_EVERY))
        calls.shutdown()

    def _step(self, calls: ThreadPoolExecutor) -> float:
        """Claim a reply and have it sent; give the seconds after which it is worth looking again."""
        if not self._free.acquire(timeout=POLL_EVERY):
            return 0.0
        claimed = self._claimed()
        if isinstance(claimed, Task):
            calls.submit(self._call, claimed)
            return 0.0
        self._free.release()
        return claimed.total_seconds()

    def _claimed(self) -> Task | timedelta:
        """Claim a reply; or say after what time it is worth looking again."""
        try:
            if self._sender.has_work(self._provider.name):
                return self._sender.claim(self._provider)
        except Exception as exc:  # noqa: BLE001 - a thread that ended would leave its provider's replies for ever
            log.error("cannot take replies", provider=self._provider.name, error=in_one_line(exc))
        return timedelta(seconds=POLL_EVERY)

    def _call(self, task: Task) -> None:
        try:
            tried = self._sender.send(self._provider, task)
            while not self._is_settled(tried) and monotonic() < min(task.since + RECORD_WITHIN, self._give_up):
                sleep(POLL_EVERY)
        finally:
            self._free.release()

    def _is_settled(self, tried: Tried) -> bool:
        """Record a result; False where the database may take it later.

        Until then, and where it never does, the reply stays `unknown`, as its claim left it.
        """
        about = {"reply": tried.task.claim.message.id, "outcome": tried.result.outcome.value}
        try:
            self._sender.record(self._provider, tried)
        except UNAVAILABLE as exc:
            log.error("cannot record a reply yet", error=in_one_line(exc), **about)
            return False
        except Exception as exc:  # noqa: BLE001 - trying again would hold this thread, and bring the same
            log.error("cannot record a reply", error=in_one_line(exc), **about)
        return True
