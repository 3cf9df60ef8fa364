"""The ledger of opt-outs as a CSV file: written so that a spreadsheet does no harm, read with each fault named."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any, TextIO

import click
from sqlalchemy import RowMapping

from mo_gateway.errors import MoGatewayError
from mo_gateway.masking import one_line
from mo_gateway.sheets import neutral, plain

from . import types

COLUMNS = ("msisdn", "shortcode", "keyword", "word", "since", "until")
SEPARATORS = ",;\t"  # a spreadsheet of the Low Countries writes semicolons
MOST_FAULTS = 20  # that are printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line of a file says."""

    msisdn: str
    shortcode: str | None
    keyword: str | None  #: folded
    word: str | None
    since: datetime | None
    has_ended: bool


def write(rows: Iterable[RowMapping], file: TextIO) -> None:
    """Write rows of the ledger, numbers whole."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])


def read(file: TextIO, read_moment: Callable[[str], datetime]) -> list[Line]:
    """Read a file whole; or raise an error that names the lines that are wrong."""
    try:
        text = file.read()
    except UnicodeDecodeError as exc:
        raise MoGatewayError("the file is not UTF-8: save it as CSV in UTF-8") from exc
    lines: list[Line] = []
    faults: list[str] = []
    for number, cells in _cells(text):
        try:
            lines.append(_line(cells, read_moment))
        except click.BadParameter as exc:
            faults.append(f"line {number}: {exc.message}")
    if faults:
        more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
        raise MoGatewayError(f"nothing was entered: {'; '.join(faults[:MOST_FAULTS] + more)}")
    return lines


def _cells(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the number of each line that is not empty, and its cells by the names of their columns."""
    header = text.partition("\n")[0]
    separator = max(SEPARATORS, key=header.count)
    reader = csv.reader(StringIO(text), delimiter=separator, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if "msisdn" not in names:
            raise MoGatewayError("the file has no column msisdn: its first line names the columns")
        for cells in reader:
            values = [plain(cell.strip()) for cell in cells]
            if any(values):
                yield reader.line_num, dict(zip(names, values, strict=False))
    except csv.Error as exc:
        raise MoGatewayError(f"nothing was entered: line {reader.line_num}: {exc}") from exc


def _line(cells: Mapping[str, str], read_moment: Callable[[str], datetime]) -> Line:
    """Read one line; or raise BadParameter."""

    def optional(name: str, read: Callable[[str], Any]) -> Any:
        return read(cells[name]) if cells.get(name) else None

    return Line(
        msisdn=types.msisdn(cells.get("msisdn", "")),
        shortcode=optional("shortcode", types.shortcode),
        keyword=optional("keyword", types.keyword),
        word=optional("word", types.text),
        since=optional("since", read_moment),
        has_ended=bool(cells.get("until")),
    )


def _cell(value: Any) -> str:
    return neutral(one_line(value.isoformat() if isinstance(value, datetime) else value or ""))
