"""A run under faults: the provider sends, the test breaks things, and at the end the books are compared.

lost = acknowledged - stored; phantom = stored - sent; twice = a message on two rows, or with two replies.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from mo_gateway.gateway import utc_now
from mo_gateway.simulator.agenda import Pace
from mo_gateway.simulator.book import Book, merged
from mo_gateway.simulator.plan import Plan
from mo_gateway.simulator.provider import News
from mo_gateway.simulator.simulation import Simulation
from mo_gateway.simulator.target import read_target
from mo_gateway.simulator.verdict import compare, stored_rows
from mo_gateway.store.engine import open_engine
from mo_gateway.store.tables import mo_handling, mo_message, mt_message
from tests.conftest import settings_for
from tests.waiting import until

PATIENCE = 60.0  # seconds for everything to be sent, and again for everything to be handled

#: Impatient, so that a run of seconds sees what a day would bring: a retry after 0.3 s instead of a minute.
PACE = Pace(
    interval=timedelta(seconds=0.3),
    day=timedelta(seconds=PATIENCE),
    rate=80.0,
    connections=16,
    timeout=timedelta(seconds=10),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was broken."""

    what: str
    at: float  #: when it was broken, or, where it was broken for a while, when it was whole again


@dataclass
class Trial:
    """One provider against one database, by one gateway or several."""

    folder: Path
    database_url: str
    seed: int
    messages: int = 500
    pace: Pace = PACE
    copies: float = 0.05
    clock: Callable[[], datetime] = utc_now
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = Plan(
            run=secrets.token_hex(4),
            seed=self.seed,
            zone=ZoneInfo("Europe/Amsterdam"),
            copies=self.copies,
            repeat=0.05,
        )
        self._histories: list[Path] = []
        self._news = News()
        self._books: list[Book] = []

    @contextmanager
    def sending(self, *urls: str) -> Iterator[None]:
        """Send meanwhile, the same to each; the block ends when all is acknowledged, or dropped after PATIENCE."""
        threads = [Thread(target=self._send, args=(url, n), daemon=True) for n, url in enumerate(urls)]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join(PATIENCE * 2)

    @property
    def book(self) -> Book:
        """The provider's own, once it has sent everything."""
        return merged(self._books)

    def wait_for(self, settled: int) -> None:
        """Wait until so many messages are settled: faults come by progress, not by the clock."""
        until(lambda: self._news.settled >= settled, f"{settled} messages to be settled", within=PATIENCE)

    def wait_for_answers(self, word: str, how_many: int) -> None:
        """Wait until so many tries have ended so, such as with `503`."""
        until(lambda: self.answers(word) >= how_many, f"{how_many} x {word}", within=PATIENCE)

    def answers(self, word: str) -> int:
        """Count the answers so far, such as those of `503`."""
        return sum(line.get("result") == word for line in self.lines())

    def broke(self, what: str) -> None:
        """Note a fault; to be called when it fired, or when its end came."""
        self.faults.append(Fault(what, time.time()))

    def lines(self) -> list[dict[str, object]]:
        """Give the history so far."""
        texts = [history.read_text() for history in self._histories if history.exists()]
        lines = [line for text in texts for line in text.splitlines(keepends=True)]
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def verdict(self, *, dead: int = 0) -> str:
        """Wait until everything is handled, compare the books, and give a line of figures."""
        settings = settings_for(self.database_url)
        engine = open_engine(settings)
        self.wait_until_handled(engine)
        compared = compare(self.plan, self.book, stored_rows(settings, self.plan))
        states, replies = self._states(engine), self._replies(engine)
        engine.dispose()

        assert self.faults, "no fault fired, so this run proves nothing"
        assert self.book.acknowledged, "nothing was acknowledged, so this run proves nothing"
        assert compared.lost == compared.phantom == compared.twice == compared.changed == ()
        assert self.book.dropped == set()
        assert states == Counter(done=len(self.book.tries) - dead, **({"dead": dead} if dead else {}))
        assert replies == Counter({1: states["done"]}), "a message without its one reply"
        return self._figures()

    def wait_until_handled(self, engine: Engine) -> None:
        """Wait until no message waits for a worker."""
        until(lambda: not self._unhandled(engine), "everything to be handled", within=PATIENCE)

    def seconds_to_next_true(self) -> list[float]:
        """Give for each fault how long the provider then waited for the next TRUE."""
        taken = sorted(float(str(line["t"])) for line in self.lines() if line["type"] == "ok")
        return [next((at for at in taken if at > fault.at), fault.at) - fault.at for fault in self.faults]

    def _figures(self) -> str:
        book, faults = self.book, self.faults
        kinds = ", ".join(f"{n} x {what}" for what, n in Counter(fault.what for fault in faults).items())
        return (
            f"seed {self.seed}: {len(book.acknowledged)} acknowledged in {sum(book.results.values())} tries,"
            f" {len(faults)} faults ({kinds}), 0 lost, 0 phantom, 0 twice,"
            f" next TRUE after at most {max(self.seconds_to_next_true()):.2f} s"
        )

    def _send(self, url: str, number: int) -> None:
        history = self.folder / f"history-{self.plan.run}-{number}"
        self._histories.append(history)
        simulation = Simulation(
            plan=self.plan,
            pace=self.pace,
            target=read_target(url),
            clock=self.clock,
            messages=self.messages,
            history=history,
        )
        self._books.append(simulation.run(self._hear))

    def _hear(self, news: News) -> None:
        self._news = news

    def _unhandled(self, engine: Engine) -> int:
        with engine.connect() as conn:
            return conn.scalar(select(func.count()).where(mo_handling.c.due_at.is_not(None))) or 0

    def _states(self, engine: Engine) -> Counter[str]:
        of_this_run = mo_message.c.reference.startswith(self.plan.prefix)
        query = select(mo_handling.c.state).select_from(mo_handling.join(mo_message)).where(of_this_run)
        with engine.connect() as conn:
            return Counter(conn.scalars(query))

    def _replies(self, engine: Engine) -> Counter[int]:
        """Give how many messages have how many replies."""
        of_this_run = mo_message.c.reference.startswith(self.plan.prefix)
        query = select(func.count()).select_from(mt_message.join(mo_message)).where(of_this_run)
        with engine.connect() as conn:
            return Counter(conn.scalars(query.group_by(mt_message.c.message_id)))
