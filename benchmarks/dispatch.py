"""Handling: messages a second with a handler that does nothing, and the way from TRUE to a handler at rest."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import median

from sqlalchemy import URL, create_engine, func, select

from mo_gateway.store.tables import mo_handling

from .databases import Database, count
from .designs import ASGI, new_folder
from .handler import CALLS
from .load import percentile, send, send_one
from .own import Ours, environ
from .process import Failed, python, running

WORKERS = (1, 2)
MESSAGES_AT_REST = 200
PAUSE = 0.05  # seconds on average between them
LOOK_EVERY = 0.2  # seconds
PATIENCE = 600.0  # seconds


def measure(
    databases: Sequence[Database], *, rounds: int, seconds: int, connections: int
) -> Iterator[dict[str, str]]:
    """Give a row for each database and number of worker processes; all are measured in each round."""
    cases = [(database, workers) for database in databases for workers in WORKERS]
    rates: dict[tuple[str, int], list[float]] = {(database.name, workers): [] for database, workers in cases}
    dice = Random()
    for _ in range(rounds):
        for database, workers in dice.sample(cases, len(cases)):
            rate = _handled_a_second(database, workers=workers, seconds=seconds, connections=connections)
            rates[database.name, workers].append(rate)
    for database, workers in cases:
        values = rates[database.name, workers]
        delays = _delays_at_rest(database, workers=workers)
        yield {
            "database": database.name,
            "worker processes": str(workers),
            "handled/s": f"{median(values):,.0f}",
            "lowest–highest": f"{min(values):,.0f}–{max(values):,.0f}",
            "TRUE to handler, p50 ms": f"{percentile(delays, 50):.1f}",
            "p99 ms": f"{percentile(delays, 99):.1f}",
        }


def _handled_a_second(database: Database, *, workers: int, seconds: int, connections: int) -> float:
    """Store messages with no worker there, then start some; give how many they handled a second."""
    with new_folder() as folder:
        url = database.fresh(folder)
        with Ours(front="asgi", work=False).serving(url, folder) as server:
            send(server, run="backlog", seconds=seconds, connections=connections)
        with _working(url, folder, workers=workers):
            give_up = time.monotonic() + PATIENCE
            while count(url, mo_handling.name, "state = 'pending'"):
                if time.monotonic() > give_up:
                    raise Failed(f"the backlog was not handled in {PATIENCE:g} s")
                time.sleep(LOOK_EVERY)
        first, last, handled = _finished(url)
        return handled / (last - first).total_seconds()


def _working(database: URL, folder: Path, *, workers: int) -> ExitStack:
    """Start worker processes of their own, as on hosts that take no messages."""
    stack = ExitStack()
    for number in range(workers):
        work = python("mo_gateway", "work")
        stack.enter_context(running(work, folder, environ(database), name=f"worker-{number}"))
    return stack


def _finished(url: URL) -> tuple[datetime, datetime, int]:
    """Say when the first and the last message were done, and how many there are."""
    engine = create_engine(url)
    at = mo_handling.c.finished_at
    with engine.connect() as conn:
        first, last, handled = conn.execute(select(func.min(at), func.max(at), func.count(at))).one()
    engine.dispose()
    return first, last, handled


def _delays_at_rest(database: Database, *, workers: int) -> list[float]:
    """Send single messages with pauses; give the milliseconds from each TRUE to the call of its handler."""
    dice = Random()
    acknowledged = {}
    with new_folder() as folder:
        url = database.fresh(folder)
        # the first worker is a child of `run`, as it is on one host
        with ASGI.serving(url, folder) as server, _working(url, folder, workers=workers - 1):
            for number in range(MESSAGES_AT_REST):
                time.sleep(dice.uniform(0, 2 * PAUSE))
                if send_one(server, f"REST-{number}", "CLOCK"):
                    acknowledged[f"REST-{number}"] = time.time_ns()
            calls = _calls(folder / CALLS, len(acknowledged))
    return [(calls[reference] - moment) / 1e6 for reference, moment in acknowledged.items()]


def _calls(path: Path, expected: int) -> dict[str, int]:
    """Read what the handler wrote, once it has been called for every message."""
    give_up = time.monotonic() + PATIENCE
    while True:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= expected:
            return {reference: int(at) for reference, at in (line.split() for line in lines)}
        if time.monotonic() > give_up:
            raise Failed(f"the handler was called for {len(lines)} of {expected} messages")
        time.sleep(LOOK_EVERY)
