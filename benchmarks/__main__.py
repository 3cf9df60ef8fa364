"""`python -m benchmarks`: measure, print tables, and with `--write` put them on the pages."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from . import dispatch, growth, intake, memory, pages, reports, routing, start, summary, worth
from .databases import Database, opened
from .designs import DESIGNS, Design
from .intake import Setting
from .machine import describe
from .report import README, RESULTS, Report, put
from .table import drawn

SIZES = (1_000_000,)  # ten times as many take minutes to fill in

positive = click.IntRange(1)
rounds_option = click.option("--rounds", type=positive, default=3, show_default=True)
seconds_option = click.option(
    "--seconds", type=positive, default=3, show_default=True, help="How long each load lasts."
)
connections_option = click.option("--connections", type=positive, default=32, show_default=True)
design_option = click.option(
    "--design", "names", multiple=True, help="One design, by its name; may be repeated.  [default: all]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What holds for each measurement."""

    database: str  #: sqlite, postgresql or both
    write: bool


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--database", type=click.Choice(["sqlite", "postgresql", "both"]), default="both", show_default=True)
@click.option("--write", is_flag=True, help="Put the figures into benchmarks/RESULTS.md and README.md.")
@click.pass_context
def main(context: click.Context, database: str, *, write: bool) -> None:
    """Measure the intake, what a TRUE is worth, the handling and the growth: ten minutes in all.

    Or name one of them, or of the others.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers under test end with us
    context.obj = Choice(database=database, write=write)
    if context.invoked_subcommand is None:
        for command in (measure_intake, measure_worth, measure_dispatch, measure_growth):
            context.invoke(command)


@main.command("intake")
@design_option
@click.option("--rounds", type=positive, default=2, show_default=True)
@click.option("--seconds", type=positive, default=2, show_default=True, help="How long each load lasts.")
@click.option(
    "--kept",
    type=positive,
    multiple=True,
    default=(1, 32, 256),
    show_default=True,
    help="So many connections, which are kept; may be repeated.",
)
@click.option(
    "--closed",
    type=positive,
    multiple=True,
    default=(32,),
    show_default=True,
    help="So many at a time, each closed after one message; may be repeated.",
)
@click.pass_obj
def measure_intake(
    choice: Choice, *, names: Sequence[str], rounds: int, seconds: int, kept: Sequence[int], closed: Sequence[int]
) -> None:
    """Messages acknowledged a second: ours, beside the limit, the naive design and the peers."""
    designs = list(_present(names))
    settings = sorted([*(Setting(n, kept=True) for n in kept), *(Setting(n, kept=False) for n in closed)])
    with opened(choice.database) as databases:
        about = _about(databases, designs)
        results = intake.compare(designs, databases, settings, rounds=rounds, seconds=seconds)
        tables = {f"On {database.name}": list(intake.rows(results, database.name)) for database in databases}
    _publish(choice, Report(place="intake", about=about, tables=tables))
    if choice.write and (lines := list(summary.lines(results, designs))):
        summary.CHART.write_text(summary.chart(results, designs))
        put(RESULTS, "chart", f"![Messages acknowledged a second, by design]({summary.CHART.name})")
        put(README, "benchmarks", drawn(lines, markdown=True))


@main.command("worth")
@design_option
@click.pass_obj
def measure_worth(choice: Choice, *, names: Sequence[str]) -> None:
    """Whether a message is synced to disk before it is acknowledged, as strace sees it."""
    if missing := worth.missing():
        click.echo(missing, err=True)
        return
    designs = list(_present(names))
    _measure(choice, "worth", "What TRUE is worth", lambda databases: worth.measure(designs, databases))


@main.command("dispatch")
@click.option("--rounds", type=positive, default=1, show_default=True)
@seconds_option
@connections_option
@click.pass_obj
def measure_dispatch(choice: Choice, *, rounds: int, seconds: int, connections: int) -> None:
    """Messages handled a second by one worker and by two, and the time from TRUE to the handler."""

    def rows(databases: Sequence[Database]) -> Iterator[dict[str, str]]:
        return dispatch.measure(databases, rounds=rounds, seconds=seconds, connections=connections)

    _measure(choice, "dispatch", "Handling", rows)


@main.command("growth")
@click.option("--rounds", type=positive, default=9, show_default=True)
@click.option(
    "--rows",
    "sizes",
    type=positive,
    multiple=True,
    default=SIZES,
    show_default=True,
    help="So many messages to begin with; may be repeated.",
)
@click.pass_obj
def measure_growth(choice: Choice, *, rounds: int, sizes: Sequence[int]) -> None:
    """Messages stored a second in a table with millions of rows, beside an empty one."""

    def rows(databases: Sequence[Database]) -> Iterator[dict[str, str]]:
        return growth.measure(databases, sizes=sizes, rounds=rounds)

    _measure(choice, "growth", "Growth", rows)


@main.command("reports")
@click.option(
    "--rows", type=positive, default=1_000_000, show_default=True, help="So many messages, one a second up to now."
)
@click.pass_obj
def measure_reports(choice: Choice, *, rows: int) -> None:
    """Milliseconds to count that many messages, to ask each view its question, and to make each page."""
    tables: dict[str, list[dict[str, str]]] = {"Reports": [], "Pages": []}
    with opened(choice.database) as databases:
        about = _about(databases)
        for database in databases:
            with reports.counted(database, rows) as (gateway, seconds):
                counting = (f"counting {rows:,} messages anew", seconds)
                tables["Reports"] += _timed(database, [counting, *reports.measure(gateway)])
                tables["Pages"] += _timed(database, pages.measure(gateway))
    _publish(choice, Report(place="reports", about=about, tables=tables))


@main.command("memory")
@rounds_option
@seconds_option
@connections_option
@click.pass_obj
def measure_memory(choice: Choice, *, rounds: int, seconds: int, connections: int) -> None:
    """Memory of the gateway's processes while messages go through."""

    def rows(databases: Sequence[Database]) -> Iterator[dict[str, str]]:
        return memory.measure(databases, rounds=rounds, seconds=seconds, connections=connections)

    _measure(choice, "", "Memory", rows)


@main.command("start")
@rounds_option
@click.pass_obj
def measure_start(choice: Choice, *, rounds: int) -> None:
    """Seconds from `mo-gateway run` in an empty folder to the first TRUE."""
    _measure(choice, "", "Start", lambda databases: start.measure(databases, rounds=rounds))


@main.command("routing")
@rounds_option
def measure_routing(*, rounds: int) -> None:
    """Microseconds to route one message among 10,000 routes."""
    click.echo(f"{describe()}\n\n{drawn(routing.measure(rounds=rounds), markdown=False)}")


def _measure(
    choice: Choice,
    place: str,
    heading: str,
    rows: Callable[[Sequence[Database]], Iterable[dict[str, str]]],
) -> None:
    """Measure on the databases that were chosen, and publish one table."""
    with opened(choice.database) as databases:
        about = _about(databases)
        _publish(choice, Report(place=place, about=about, tables={heading: list(rows(databases))}))


def _timed(database: Database, measured: Iterable[tuple[str, float]]) -> Iterator[dict[str, str]]:
    """Write what was measured in seconds as rows in milliseconds."""
    for what, seconds in measured:
        yield {"database": database.name, "what": what, "ms": f"{seconds * 1000:,.0f}"}


def _publish(choice: Choice, report: Report) -> None:
    click.echo(f"\n{report.for_terminal()}")
    if choice.write and report.place:
        put(RESULTS, report.place, report.for_page())


def _present(names: Sequence[str]) -> Iterator[Design]:
    """Give the designs that were asked for and can run here; say what the others lack."""
    for design in DESIGNS:
        if names and design.name not in names:
            continue
        if missing := design.missing():
            click.echo(f"without {design.name}: {missing}", err=True)
        else:
            yield design


def _about(databases: Sequence[Database], designs: Sequence[Design] = ()) -> str:
    """Say when, on what and with which versions."""
    versions = [database.version for database in databases]
    versions += dict.fromkeys(version for design in designs if (version := design.version()))
    return f"{datetime.now(UTC):%Y-%m-%d}: {describe()}\n{', '.join(versions)}"


if __name__ == "__main__":
    main()
