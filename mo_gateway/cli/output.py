"""How commands print: aligned tables for people, JSON for programs, never what a stranger's text would draw."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from tabulate import tabulate

from mo_gateway import masking
from mo_gateway.masking import masked, one_line

NOTHING = "–"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON; its times are UTC.")
reveal_option = click.option("--reveal", is_flag=True, help="Show phone numbers whole.")


class Table:
    """Rows under headers; those added later line up with what stands above."""

    def __init__(self, *headers: str, zone: ZoneInfo) -> None:
        self._headers: Sequence[str] = headers
        self._zone = zone
        self._is_begun = False

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Print rows, and before the first ones the headers."""
        cells = [[cell(value, self._zone) for value in row] for row in rows]
        lines = _aligned([self._headers, *cells]).splitlines()
        for line in lines[1:] if self._is_begun else lines:
            click.echo(line)
        self._is_begun = True
        # as wide as its column has become
        columns = zip(self._headers, *cells, strict=True)
        self._headers = [column[0].ljust(max(map(len, column))) for column in columns]


def print_fields(fields: Iterable[tuple[str, object]], zone: ZoneInfo) -> None:
    """Print names with their values, one a line."""
    click.echo(_aligned([[name, cell(value, zone)] for name, value in fields]))


def print_json(thing: object) -> None:
    """Print one thing as a JSON document."""
    click.echo(json.dumps(thing, indent=2, default=_plain))


def print_json_lines(things: Iterable[object]) -> None:
    """Print things as JSON, each on a line of its own."""
    for thing in things:
        click.echo(json.dumps(thing, default=_plain))


def cell(value: object, zone: ZoneInfo) -> str:
    """Write a value for a person, on one line."""
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        case list() | tuple():
            return cell(", ".join(map(str, value)), zone)
        case bytes():
            return value.hex()
        case _:
            return one_line(str(value))


def in_zone(header: str, zone: ZoneInfo) -> str:
    """Name the zone in the header of a column of times: `RECEIVED (Amsterdam)`."""
    return f"{header} ({zone.key.rpartition('/')[2].replace('_', ' ')})"


def number(msisdn: str, *, reveal: bool) -> str:
    """Write a phone number, masked unless it was asked for."""
    return msisdn if reveal else masked(msisdn)


def without_number(text: str, msisdn: str, *, reveal: bool) -> str:
    """Mask a number inside a text, such as the error of a handler that quotes its message."""
    return text if reveal else masking.without_number(text, msisdn)


def reply_state(state: str, due_at: datetime | None) -> str:
    """Name the state of a reply; one that is being sent counts as unknown until that is over."""
    return "being sent" if state == "unknown" and due_at else state


def shortened(text: str, longest: int) -> str:
    """Cut a text for a column."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    return str(tabulate(rows, tablefmt="plain", disable_numparse=True, preserve_whitespace=True))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else value.hex()
