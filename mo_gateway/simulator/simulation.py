"""A whole run of the simulator: one provider, or several processes that share its messages."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path

from .agenda import Pace
from .book import Book
from .children import Tell, run_in_children
from .history import History
from .plan import Plan
from .provider import Provider
from .target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Everything a run is made of."""

    plan: Plan
    pace: Pace
    target: Target
    clock: Callable[[], datetime]  #: for TIMESTAMP and the history; children must be able to import it
    messages: int | None = None  #: None = as many as the pace's duration allows
    processes: int = 1
    history: Path | None = None

    def run(self, tell: Tell) -> Book:
        """Send everything and give the book; Ctrl-C ends it early. `tell` often hears how far it is."""
        if self.history:
            self.history.write_bytes(b"")  # of an earlier run
            with History(self.history, self.clock) as history:
                history.begin(self.plan)
        if self.processes == 1:
            return asyncio.run(self.run_share(0, tell))
        return run_in_children(self.processes, self.run_share, tell)

    async def run_share(self, share: int, tell: Tell) -> Book:
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
            return await provider.run()

    def _numbers(self, share: int) -> Iterator[int]:
        if self.messages is None:
            return count(share, self.processes)
        return iter(range(share, self.messages, self.processes))
