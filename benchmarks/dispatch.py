"""Handling: messages a second with a handler that does nothing, and the way from TRUE to a handler at rest."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import URL, create_engine, func, select

from mo_gateway.store.tables import mo_handling

from .databases import Database, count
from .designs import OURS, environ, serving
from .handler import CALLS
from .load import percentile, send, send_one
from .process import running

MESSAGES_AT_REST = 200
PAUSE = 0.05  # seconds on average between them
LOOK_EVERY = 0.5  # seconds
PATIENCE = 600.0  # seconds


def measure(databases: Sequence[Database], *, seconds: float, connections: int) -> Iterator[dict[str, str]]:
    """Measure both on each database."""
    for database in databases:
        handled, rate = _backlog(database, seconds=seconds, connections=connections)
        delays = _delays_at_rest(database)
        yield {
            "database": database.name,
            "backlog": f"{handled:,}",
            "handled/s": f"{rate:,.0f}",
            "TRUE to handler, p50 ms": f"{percentile(delays, 50):.1f}",
            "p99 ms": f"{percentile(delays, 99):.1f}",
        }


def _backlog(database: Database, *, seconds: float, connections: int) -> tuple[int, float]:
    """Store messages with no worker there, then start one; give how many it handled, and how many a second."""
    with TemporaryDirectory(prefix="mo-gateway-benchmark-") as path:
        url = database.fresh(Path(path))
        with serving(OURS, url, Path(path), work=False) as server:
            send(server.url, run="backlog", seconds=seconds, connections=connections)
        with running("mo_gateway", ["work"], Path(path), environ(url)):
            give_up = time.monotonic() + PATIENCE
            while count(url, mo_handling.name, "state = 'pending'"):
                if time.monotonic() > give_up:
                    raise SystemExit(f"the backlog was not handled in {PATIENCE:g} s")
                time.sleep(LOOK_EVERY)
        first, last, handled = _finished(url)
        return handled, handled / (last - first).total_seconds()


def _finished(url: URL) -> tuple[datetime, datetime, int]:
    """Say when the first and the last message were done, and how many there are."""
    engine = create_engine(url)
    at = mo_handling.c.finished_at
    with engine.connect() as conn:
        first, last, handled = conn.execute(select(func.min(at), func.max(at), func.count(at))).one()
    engine.dispose()
    return first, last, handled


def _delays_at_rest(database: Database) -> list[float]:
    """Send single messages with pauses; give the milliseconds from each TRUE to the call of its handler."""
    dice = Random()
    with TemporaryDirectory(prefix="mo-gateway-benchmark-") as path:
        acknowledged = {}
        with serving(OURS, database.fresh(Path(path)), Path(path)) as server:
            for number in range(MESSAGES_AT_REST):
                time.sleep(dice.uniform(0, 2 * PAUSE))
                if send_one(server.url, f"REST-{number}", "CLOCK"):
                    acknowledged[f"REST-{number}"] = time.time_ns()
            calls = _calls(Path(path) / CALLS, len(acknowledged))
    return [(calls[reference] - moment) / 1e6 for reference, moment in acknowledged.items()]


def _calls(path: Path, expected: int) -> dict[str, int]:
    """Read what the handler wrote, once it has been called for every message."""
    give_up = time.monotonic() + PATIENCE
    while True:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= expected:
            return {reference: int(at) for reference, at in (line.split() for line in lines)}
        if time.monotonic() > give_up:
            raise SystemExit(f"the handler was called for {len(lines)} of {expected} messages")
        time.sleep(LOOK_EVERY)
