"""Acknowledged messages a second: ours between the limit, the naive design and what others offer, side by side.

Each round starts every design afresh on an empty database, in shuffled order, so that a busy neighbour or a
hot processor hits all alike. On each started server the loads follow one another, few connections first: a
latency at one connection must not be measured while our worker still handles what 256 brought.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from sqlalchemy import URL

from .databases import Database
from .designs import BARE, NAIVE, Design, new_folder
from .load import Load, send
from .process import Failed, Server
from .processes import cpu_of_family, memory_of_family

WARM_UP = 1  # seconds
WARMING = 32  # connections
MIB = 2**20


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A way in which the provider calls."""

    connections: int
    kept: bool  #: or each is closed after one answer

    def __str__(self) -> str:
        return f"{self.connections} {'kept' if self.kept else 'closed'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One design's figures under one load."""

    load: Load
    cpu: float  #: seconds that all processes of the design used
    database_cpu: float  #: seconds that all processes of the database used; SQLite has none
    memory: int  #: bytes, after the load


@dataclass(frozen=True, slots=True)
class Case:
    """A design on a database under a load."""

    database: str
    design: str
    setting: Setting


Results = Mapping[Case, Sequence[Measured]]


def compare(
    designs: Sequence[Design],
    databases: Sequence[Database],
    settings: Sequence[Setting],
    *,
    rounds: int,
    seconds: int,
) -> Results:
    """Measure all designs on all databases under all loads.

    What can't be started or reached has no figures; where an acknowledged message was lost, the benchmark ends.
    """
    pairs = [
        (design, database) for database in databases for design in designs if database.name in design.databases
    ]
    results: dict[Case, list[Measured]] = {
        Case(database.name, design.name, setting): [] for setting in settings for design, database in pairs
    }
    dice = Random()
    for number in range(1, rounds + 1):
        for design, database in dice.sample(pairs, len(pairs)):
            print(f"round {number} of {rounds}: {design.name} on {database.name}", file=sys.stderr)
            try:
                for setting, measured in _measure(design, database, settings, seconds=seconds, dice=dice):
                    results[Case(database.name, design.name, setting)].append(measured)
            except Failed as exc:  # the others are measured all the same
                print(f"{design.name} on {database.name} failed: {exc}", file=sys.stderr)
    return results


def rows(results: Results, database: str) -> Iterator[dict[str, str]]:
    """Give a row for each design and load on one database."""
    for case, measured in results.items():
        if case.database == database and measured:
            yield _row(case, measured, results)


def rate_of(results: Results, case: Case) -> float:
    """Give the median of the rounds, in messages a second; 0 where it was not measured."""
    measured = results.get(case)
    return median(one.load.rate for one in measured) if measured else 0.0


def _measure(
    design: Design, database: Database, settings: Sequence[Setting], *, seconds: int, dice: Random
) -> Iterator[tuple[Setting, Measured]]:
    """Put one fresh server under one load after the other, then look whether it has kept all messages."""
    with new_folder() as folder:
        url = database.fresh(folder)
        with design.serving(url, folder) as server:
            warm = send(server, run="warm", seconds=WARM_UP, connections=WARMING)
            acknowledged = 1 + warm.acknowledged  # the one that it started with
            for setting in sorted(settings, key=lambda one: (one.connections, dice.random())):
                measured = _under_load(server, database, setting, seconds=seconds)
                acknowledged += measured.load.acknowledged
                yield setting, measured
            _look_for_losses(design, server, url, acknowledged)


def _under_load(server: Server, database: Database, setting: Setting, *, seconds: int) -> Measured:
    before, database_before = cpu_of_family(server.pids), cpu_of_family(database.pids())
    load = send(
        server,
        run=str(setting).replace(" ", "-"),
        seconds=seconds,
        connections=setting.connections,
        kept=setting.kept,
    )
    return Measured(
        load=load,
        cpu=cpu_of_family(server.pids) - before,
        database_cpu=cpu_of_family(database.pids()) - database_before,
        memory=memory_of_family(server.pids),
    )


def _look_for_losses(design: Design, server: Server, url: URL, acknowledged: int) -> None:
    """End the benchmark where fewer messages are there than were acknowledged; more are no harm."""
    kept = design.kept(server, url)
    if kept is not None and kept < acknowledged:
        raise SystemExit(f"{design.name} lost {acknowledged - kept} of {acknowledged} acknowledged messages")


def _row(case: Case, measured: Sequence[Measured], results: Results) -> dict[str, str]:
    spread = [one.load.rate for one in measured]
    rate = median(spread)
    return {
        "connections": str(case.setting),
        "design": case.design,
        "TRUE/s": f"{rate:,.0f}",
        "lowest–highest": f"{min(spread):,.0f}–{max(spread):,.0f}",
        "p50 ms": f"{median(one.load.p50 for one in measured):.1f}",
        "p99 ms": f"{median(one.load.p99 for one in measured):.1f}",
        "CPU ms each": f"{median(_milliseconds_each(one.cpu, one) for one in measured):.2f}",
        "database's": f"{median(_milliseconds_each(one.database_cpu, one) for one in measured):.2f}",
        "memory MiB": f"{median(one.memory for one in measured) / MIB:,.0f}",
        "of bare": _ratio(rate, results, Case(case.database, BARE.name, case.setting), digits=2),
        "times naive": _ratio(rate, results, Case(case.database, NAIVE.name, case.setting), digits=1),
        "not TRUE": f"{sum(one.load.failed for one in measured):,}",
    }


def _milliseconds_each(seconds: float, measured: Measured) -> float:
    return 1000 * seconds / max(1, measured.load.acknowledged)


def _ratio(rate: float, results: Results, base: Case, *, digits: int) -> str:
    other = rate_of(results, base)
    return f"{rate / other:.{digits}f}" if other else ""
