"""`messages`: what came in and what became of it, as a list."""

from collections.abc import Iterator, Mapping, Sequence
from time import sleep
from typing import Any

import click
from sqlalchemy import Engine, RowMapping

from mo_gateway.about import NOT_LISTED
from mo_gateway.settings import Settings
from mo_gateway.store import reading
from mo_gateway.store.selection import Filter

from . import output
from .filters import filter_options
from .trail import opened

LONGEST_TEXT = 40  # characters of a column
LONGEST_ERROR = 60
LOOK_AGAIN_AFTER = 1.0  # seconds

#: Two receivers may commit out of turn, so this many numbers below the newest are looked at again.
LOOK_BACK = 1000


@click.command()
@filter_options(limit=50)
@click.option("--follow", "-f", is_flag=True, help="Newest last, and go on with new ones; Ctrl-C ends it.")
@output.json_option
@output.reveal_option
def messages(
    *,
    settings: Settings,
    chosen: Filter,
    limit: int,
    follow: bool,
    as_json: bool,
    reveal: bool,
) -> None:
    """List stored messages, newest first.

    \b
    mo-gateway messages --state dead --since 24h
    mo-gateway messages --follow --shortcode 4414
    """
    printer = _Printer(settings, as_json=as_json, reveal=reveal)
    with opened(settings) as engine:
        if follow:
            for batch in _batches(engine, chosen, limit):  # until Ctrl-C
                printer.add(batch)
        with engine.begin() as conn:
            rows = reading.latest(conn, chosen, limit=limit)
    printer.add(rows)
    if not rows:
        click.echo("No message is like that.", err=True)


class _Printer:
    """Prints messages for a person, or for a program."""

    def __init__(self, settings: Settings, *, as_json: bool, reveal: bool) -> None:
        zone = settings.timezone
        received = output.in_zone("RECEIVED", zone)
        columns = ("ID", received, "FROM", "TO", "KEYWORD", "TEXT", "STATE", "HANDLER", "TRIES", "ERROR")
        self._table = output.Table(*columns, zone=zone)
        self._as_json = as_json
        self._reveal = reveal

    def add(self, rows: Sequence[RowMapping]) -> None:
        found = [self._fields(row) for row in rows]
        if self._as_json:
            output.print_json_lines(found)
        else:
            self._table.add(map(_cells, found))

    def _fields(self, row: RowMapping) -> dict[str, Any]:
        msisdn, error = row["msisdn"], row["error"]
        return {
            **{name: value for name, value in row.items() if name not in NOT_LISTED},
            "msisdn": output.number(msisdn, reveal=self._reveal),
            "error": error and output.without_number(error, msisdn, reveal=self._reveal),
        }


def _cells(fields: Mapping[str, Any]) -> list[object]:
    return [
        fields["id"],
        fields["received_at"],
        fields["msisdn"],
        fields["shortcode"],
        fields["keyword"],
        output.shortened(fields["parm"], LONGEST_TEXT),
        fields["state"],
        fields["handler"],
        fields["attempts"],
        output.shortened(fields["error"] or "", LONGEST_ERROR),
    ]


def _batches(engine: Engine, chosen: Filter, limit: int) -> Iterator[Sequence[RowMapping]]:
    """Give the last messages, then for ever those that are new since, each once and in the order stored."""
    with engine.begin() as conn:
        start = newest = reading.newest_id(conn)
        rows = reading.latest(conn, chosen, limit=limit, up_to=start)[::-1]
    yield rows
    seen: set[int] = set()
    while True:
        sleep(LOOK_AGAIN_AFTER)
        with engine.begin() as conn:
            rows = reading.stored_after(conn, chosen, max(start, newest - LOOK_BACK))
        yield [row for row in rows if row["id"] not in seen]
        seen = {row["id"] for row in rows}
        newest = max(seen, default=newest)
