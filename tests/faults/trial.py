"""A run under faults: the provider sends, the test breaks things, and at the end the books are compared."""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from mo_gateway.fakes.server import FakeServer
from mo_gateway.gateway.clock import utc_now
from mo_gateway.simulator.agenda import Pace
from mo_gateway.simulator.book import Book, merged
from mo_gateway.simulator.history import read_history
from mo_gateway.simulator.plan import Plan
from mo_gateway.simulator.provider import News
from mo_gateway.simulator.simulation import Simulation
from mo_gateway.simulator.target import read_target
from mo_gateway.simulator.verdict import compare, stored_rows
from mo_gateway.store.tables import mo_handling, mo_message, mt_message
from tests.conftest import engine_for, settings_for
from tests.waiting import until

from .figures import Figures
from .verdict import Effects, Run

PATIENCE = 120.0  # seconds for everything to be sent, and again for everything to be handled

#: Impatient, so that a run of seconds sees what a day would bring: a retry after 0.3 s instead of a minute.
PACE = Pace(
    interval=timedelta(seconds=0.3),
    day=timedelta(seconds=PATIENCE),
    rate=80.0,
    connections=16,
    timeout=timedelta(seconds=10),
)

#: What lets a gateway send as fast as it can.
UNLIMITED = {"REPLY_LIMIT": "1000000", "LOOP_LIMIT": "1000000", "SPRYNG_RATE": "100000"}

#: What each trial of this process has seen, for the sum at the end.
SEEN: list[Figures] = []


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was broken."""

    what: str
    at: float  #: when it was broken, or, where it was broken for a while, when it was whole again


@dataclass(frozen=True, kw_only=True)
class SendingUntil(Simulation):
    """A simulation that, with no number of messages given, sends fresh ones until a test has seen enough."""

    enough: Event

    def _numbers(self, share: int) -> Iterator[int]:
        numbers = super()._numbers(share)
        return numbers if self.messages else takewhile(lambda _n: not self.enough.is_set(), numbers)


class Tail:
    """Reads what is new in a history."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def more(self) -> Iterator[dict[str, Any]]:
        """Give the lines about tries that came since the last time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                event = json.loads(line)
                if event["type"] != "plan":
                    yield event


@dataclass
class Trial:
    """One provider against one database, by one gateway or several."""

    folder: Path
    database_url: str
    seed: int
    messages: int = 500
    is_endless: bool = False  #: fresh ones come until the block of `sending` ends
    pace: Pace = PACE
    copies: float = 0.05
    clock: Callable[[], datetime] = utc_now
    fake: FakeServer | None = None  #: the provider that sends the replies
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = Plan(
            run=secrets.token_hex(4),
            seed=self.seed,
            zone=ZoneInfo("Europe/Amsterdam"),
            copies=self.copies,
            repeat=0.05,
        )
        self._histories: dict[Path, Tail] = {}
        self._lines: list[dict[str, Any]] = []
        self._news = News()
        self._enough = Event()

    @contextmanager
    def sending(self, *urls: str) -> Iterator[None]:
        """Send meanwhile, the same to each; the block ends when all is acknowledged, or dropped after PATIENCE."""
        threads = [Thread(target=self._send, args=(url, n), daemon=True) for n, url in enumerate(urls)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._enough.set()
        for thread in threads:
            thread.join(PATIENCE * 2)

    @property
    def book(self) -> Book:
        """The provider's own, as its history tells it."""
        return merged(read_history(path)[1] for path in self._histories)

    def wait_for(self, settled: int) -> None:
        """Wait until so many messages are settled: faults come by progress, not by the clock."""
        until(lambda: self._news.settled >= settled, f"{settled} messages to be settled", within=PATIENCE)

    def wait_for_more(self, acknowledged: int) -> None:
        """Wait until so many more are acknowledged than by now, so that the next fault breaks what works again."""
        self.wait_for_answers("200 TRUE", self.answers("200 TRUE") + acknowledged)

    def wait_for_answers(self, word: str, how_many: int) -> None:
        """Wait until so many tries have ended so, such as with `503`."""
        until(lambda: self.answers(word) >= how_many, f"{how_many} x {word}", within=PATIENCE)

    def answers(self, word: str) -> int:
        """Count the answers so far, such as those of `503`."""
        return sum(line.get("result") == word for line in self.lines())

    def broke(self, what: str) -> None:
        """Note a fault; to be called when it fired, or when its end came."""
        self.faults.append(Fault(what, self.clock().timestamp()))

    def lines(self) -> list[dict[str, Any]]:
        """Give what the histories say of tries so far."""
        for tail in self._histories.values():
            self._lines += tail.more()
        return self._lines

    def verdict(self, *, dead: int = 0) -> str:
        """Wait until everything is handled, compare the books, and give a line of figures."""
        with engine_for(self.database_url) as engine:
            self.wait_until_handled(engine)
            if self.fake:
                until(lambda: not unsettled(engine), "every reply to be settled", within=PATIENCE)
            run = Run(
                faults=[fault.what for fault in self.faults],
                book=self.book,
                compared=compare(self.plan, self.book, stored_rows(settings_for(self.database_url), self.plan)),
                states=self._states(engine),
                replies=self._replies(engine),
                dead=dead,
                effects=effects(engine, self.fake) if self.fake else None,
            )

        problems = run.problems()
        assert not problems, "; ".join(problems)
        figures = self._figures(run)
        SEEN.append(figures)
        return str(figures)

    def wait_until_handled(self, engine: Engine) -> None:
        """Wait until no message waits for a worker."""
        until(lambda: not self._unhandled(engine), "everything to be handled", within=PATIENCE)

    def seconds_to_next_true(self) -> list[float]:
        """Give for each fault how long the provider then waited for the next TRUE."""
        taken = sorted(float(line["t"]) for line in self.lines() if line["type"] == "ok")
        return [next((at for at in taken if at > fault.at), fault.at) - fault.at for fault in self.faults]

    def _figures(self, run: Run) -> Figures:
        states = Counter(run.effects.states.values()) if run.effects else Counter[str]()
        return Figures(
            seeds=(self.seed,),
            acknowledged=len(run.book.acknowledged),
            tries=sum(run.book.results.values()),
            faults=dict(Counter(run.faults)),
            seconds_to_next_true=max(self.seconds_to_next_true()),
            replies=states.total(),
            taken=run.effects.taken.total() if run.effects else 0,
            unknown=states["unknown"],
        )

    def _send(self, url: str, number: int) -> None:
        history = self.folder / f"history-{self.plan.run}-{number}"
        self._histories[history] = Tail(history)
        SendingUntil(
            plan=self.plan,
            pace=self.pace,
            target=read_target(url),
            clock=self.clock,
            messages=None if self.is_endless else self.messages,
            history=history,
            enough=self._enough,
        ).run(self._hear)

    def _hear(self, news: News) -> None:
        self._news = news

    def _unhandled(self, engine: Engine) -> int:
        with engine.connect() as conn:
            return conn.scalar(select(func.count()).where(mo_handling.c.due_at.is_not(None))) or 0

    def _states(self, engine: Engine) -> Counter[str]:
        of_this_run = mo_message.c.reference.startswith(self.plan.prefix) & ~mo_handling.c.is_observer
        query = select(mo_handling.c.state).select_from(mo_handling.join(mo_message)).where(of_this_run)
        with engine.connect() as conn:
            return Counter(conn.scalars(query))

    def _replies(self, engine: Engine) -> Counter[int]:
        """Give how many messages have how many replies."""
        of_this_run = mo_message.c.reference.startswith(self.plan.prefix)
        query = select(func.count()).select_from(mt_message.join(mo_message)).where(of_this_run)
        with engine.connect() as conn:
            return Counter(conn.scalars(query.group_by(mt_message.c.message_id)))


def sending_by(fake: FakeServer) -> dict[str, str]:
    """Give the settings of a gateway that sends its replies by a fake of Spryng, as fast as it can."""
    account = {"SPRYNG_USERNAME": "user", "SPRYNG_PASSWORD": "geheim-wachtwoord"}
    return {"SPRYNG_URL": f"{fake.url}/api/simple/message", **account, **UNLIMITED}


def unsettled(engine: Engine) -> int:
    """Count the replies that somebody has still to do something about."""
    with engine.connect() as conn:
        return conn.scalar(select(func.count()).where(mt_message.c.due_at.is_not(None))) or 0


def effects(engine: Engine, fake: FakeServer) -> Effects:
    """Read the replies in our book and in the provider's."""
    with engine.connect() as conn:
        rows = conn.execute(select(mt_message.c.reference, mt_message.c.state)).all()
    taken = Counter(sms.reference for sms in fake.fake.taken)
    return Effects(states={row.reference: row.state for row in rows}, taken=taken)
