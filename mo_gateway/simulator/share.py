"""One provider in several operating-system processes, each with its share of the messages."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import cast

from mo_gateway.errors import MoGatewayError

from .agenda import Pace
from .book import Book, History, merged
from .plan import Plan
from .provider import News, Provider
from .target import Target

Tell = Callable[[News], None]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Everything a run is made of."""

    plan: Plan
    pace: Pace
    target: Target
    clock: Clock  #: for TIMESTAMP and the history; a function of a module, where there are several processes
    messages: int | None = None  #: None = as many as the pace's duration allows
    processes: int = 1
    history: Path | None = None

    def run(self, tell: Tell) -> Book:
        """Send everything and give the book; `tell` hears a few times a second how far it is."""
        if self.history:
            self.history.write_bytes(b"")
        if self.processes == 1:
            return self.run_share(0, tell)
        return _run_in_processes(self, tell)

    def run_share(self, share: int, tell: Tell) -> Book:
        """Send every message whose number leaves `share` when divided by the number of processes."""
        pace = replace(
            self.pace,
            rate=self.pace.rate and self.pace.rate / self.processes,
            connections=max(1, len(range(share, self.pace.connections, self.processes))),
        )
        with History(self.history, self.clock) as history:
            provider = Provider(
                self.plan,
                pace,
                self.target,
                numbers=self._numbers(share),
                history=history,
                clock=self.clock,
                tell=tell,
            )
            return asyncio.run(provider.run())

    def _numbers(self, share: int) -> Iterator[int]:
        if self.messages is None:
            return count(share, self.processes)
        return iter(range(share, self.messages, self.processes))


def _run_in_processes(simulation: Simulation, tell: Tell) -> Book:
    context = get_context("spawn")  # a fork would copy threads and database connections of the caller
    shares: dict[Connection, int] = {}  # those that still work
    for share in range(simulation.processes):
        ours, theirs = context.Pipe(duplex=False)
        context.Process(target=_child, args=(simulation, share, theirs), daemon=True).start()
        theirs.close()
        shares[ours] = share
    news, books = [News()] * simulation.processes, []
    while shares:
        try:
            ready = cast("list[Connection]", wait(list(shares)))
        except KeyboardInterrupt:
            continue  # the children have had it too, and give their books
        for connection in ready:
            thing = _received(connection)
            if isinstance(thing, Book):
                books.append(thing)
                del shares[connection]
            else:
                news[shares[connection]] = thing
        tell(_together(news))
    return merged(books)


def _child(simulation: Simulation, share: int, parent: Connection) -> None:
    parent.send(simulation.run_share(share, parent.send))


def _received(child: Connection) -> Book | News:
    try:
        return cast("Book | News", child.recv())
    except EOFError as exc:
        raise MoGatewayError("A process of the simulator ended without giving its book.") from exc


def _together(news: list[News]) -> News:
    return News(
        settled=sum(each.settled for each in news),
        seconds=max(each.seconds for each in news),
        trouble=next((each.trouble for each in news if each.trouble), ""),
    )
