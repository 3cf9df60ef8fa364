"""Durable TRUEs a second, ours between the limit and the naive design, measured side by side.

Each round starts every design afresh on an empty database, in shuffled order, so that a busy neighbour or a
hot processor hits all alike. Ours runs its handlers meanwhile, as it would; the naive design has none.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from .databases import Database, count
from .designs import BARE, DESIGNS, NAIVE, OURS, TABLES, serving
from .load import Load, send
from .processes import cpu_of_family

WARM_UP = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One design's figures in one round."""

    load: Load
    stored: int  #: rows at the end, or 0 where the design stores nothing
    acknowledged: int  #: in the warm-up too
    handled: float | None  #: messages a second that handlers were done with meanwhile
    cpu: float  #: seconds that all processes of the design used, those of the database not counted

    @property
    def lost(self) -> int:
        """Messages acknowledged but not there; rows whose TRUE nobody waited for are no harm."""
        return max(0, self.acknowledged - self.stored)


def compare(
    databases: Sequence[Database], *, rounds: int, seconds: float, connections: int, work: bool
) -> Iterator[dict[str, str]]:
    """Measure all designs on all databases and give a row for each; stop where a message was lost.

    `work=False` leaves our worker away, to see what it costs.
    """
    cases = [(database, design) for database in databases for design in DESIGNS]
    results: dict[tuple[str, str], list[Round]] = {(database.name, design): [] for database, design in cases}
    dice = Random()
    for number in range(1, rounds + 1):
        for database, design in dice.sample(cases, len(cases)):
            print(f"round {number} of {rounds}: {design} on {database.name}", file=sys.stderr)
            measured = measure(design, database, seconds=seconds, connections=connections, work=work)
            if design in TABLES and measured.lost:
                raise SystemExit(f"{design} on {database.name} lost {measured.lost} acknowledged messages")
            results[database.name, design].append(measured)
    for database in databases:
        rates = {design: _median_rate(results[database.name, design]) for design in DESIGNS}
        for design in DESIGNS:
            yield _row(database.name, design, rates, results[database.name, design])


def measure(design: str, database: Database, *, seconds: float, connections: int, work: bool) -> Round:
    """Put one fresh server under load."""
    with TemporaryDirectory(prefix="mo-gateway-benchmark-") as path:
        folder = Path(path)
        url = database.fresh(folder)
        with serving(design, url, folder, work=work) as server:
            warm = send(server.url, run="warm", seconds=WARM_UP, connections=connections)
            done, cpu = _done(design, url), cpu_of_family(server.pid)
            load = send(server.url, run="measured", seconds=seconds, connections=connections)
            done, cpu = _done(design, url) - done, cpu_of_family(server.pid) - cpu
        return Round(
            load=load,
            stored=count(url, TABLES[design]) if design in TABLES else 0,
            acknowledged=warm.acknowledged + load.acknowledged + 1,  # and the one that it started with
            handled=done / load.seconds if design == OURS else None,
            cpu=cpu,
        )


def _done(design: str, url: URL) -> int:
    return count(url, "mo_handling", "state = 'done'") if design == OURS else 0


def _median_rate(rounds: Sequence[Round]) -> float:
    return median(one.load.rate for one in rounds)


def _row(database: str, design: str, rates: dict[str, float], rounds: Sequence[Round]) -> dict[str, str]:
    spread = [one.load.rate for one in rounds]
    handled = [one.handled for one in rounds if one.handled is not None]
    return {
        "database": database,
        "design": design,
        "TRUE/s": f"{rates[design]:,.0f}",
        "lowest–highest": f"{min(spread):,.0f}–{max(spread):,.0f}",
        "p50 ms": f"{median(one.load.p50 for one in rounds):.1f}",
        "p99 ms": f"{median(one.load.p99 for one in rounds):.1f}",
        "of bare": f"{rates[design] / rates[BARE]:.2f}",
        "times naive": f"{rates[design] / rates[NAIVE]:.1f}",
        "CPU µs each": f"{median(1e6 * one.cpu / one.load.acknowledged for one in rounds):,.0f}",
        "not TRUE": f"{sum(one.load.failed for one in rounds):,}",
        "handled/s": f"{median(handled):,.0f}" if handled else "",
    }
