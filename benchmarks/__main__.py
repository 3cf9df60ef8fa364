"""`python -m benchmarks`: measure, and print a table."""

import click

from . import dispatch, intake, memory, routing, start
from .databases import opened
from .load import sender
from .machine import describe
from .table import drawn


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dispatch", "mode", flag_value="dispatch", help="Measure the handling instead of the intake.")
@click.option(
    "--memory", "mode", flag_value="memory", help="Measure the memory of the server's processes instead."
)
@click.option("--start", "mode", flag_value="start", help="Measure the time to the first TRUE instead.")
@click.option("--routing", "mode", flag_value="routing", help="Measure the routing of one message instead.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--seconds", type=float, default=5.0, show_default=True, help="How long each measurement lasts.")
@click.option("--connections", type=click.IntRange(1), default=32, show_default=True)
@click.option("--database", type=click.Choice(["sqlite", "postgresql", "both"]), default="both", show_default=True)
@click.option("--work/--no-work", default=True, help="Run our handlers during the intake.  [default: --work]")
@click.option("--markdown", is_flag=True, help="Print the table in Markdown.")
def main(
    mode: str | None, rounds: int, seconds: float, connections: int, database: str, *, work: bool, markdown: bool
) -> None:
    """Measure durable TRUEs a second: ours, the naive design, and a server that does nothing."""
    about = describe()
    if mode == "routing":
        click.echo(f"{about}\n\n{drawn(list(routing.measure(rounds=rounds)), markdown=markdown)}")
        return
    with opened(database) as databases:
        if mode == "start":
            rows = list(start.measure(databases, rounds=rounds))
        elif mode == "memory":
            rows = list(memory.measure(databases, rounds=rounds, seconds=seconds, connections=connections))
        elif mode == "dispatch":
            rows = list(dispatch.measure(databases, seconds=seconds, connections=connections))
        else:
            rows = list(
                intake.compare(databases, rounds=rounds, seconds=seconds, connections=connections, work=work)
            )
        versions = ", ".join(one.version for one in databases)
    click.echo(f"{about}, {versions}\n{connections} connections, sent by {sender()}\n")
    click.echo(drawn(rows, markdown=markdown))


if __name__ == "__main__":
    main()
