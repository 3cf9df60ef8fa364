"""Numbering: the countries there are, and the mobile networks of the world.

The tables are `data/*.csv`; the operator of a gateway may add networks with a CSV file of their own.
"""

import csv
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from .errors import ConfigError

HEADER = "operator,countries,name"

_CODE = re.compile(r"[0-9]{5}")  # never \d: it takes the digits of every script

#: A row's cells, by the name of their column.
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """What may stand in COUNTRY and OPERATOR, and which belong together."""

    countries: frozenset[str]  #: ISO 3166-1 alpha-3, the officially assigned ones
    operators: Mapping[str, frozenset[str]]  #: five digits → the network's countries, empty where unknown
    mcc_countries: Mapping[str, frozenset[str]]  #: each MCC in use → the countries of all its networks

    def country_differs(self, operator: str, country: str) -> bool:
        """Tell whether the network is known to be of other countries than `country`."""
        mcc = operator[:3]
        if mcc.startswith("9"):  # ITU-T E.212: networks of no country, such as those of satellites
            return False
        known = self.operators.get(operator) or self.mcc_countries.get(mcc, frozenset())
        return bool(known) and country not in known


def load_numbering(operators_file: Path | None = None) -> Numbering:
    """Read the tables and the operator's own file, or raise ConfigError with all the bad lines of that file."""
    shipped = _shipped_numbering()
    return _extended(shipped, _own(operators_file, shipped.countries)) if operators_file else shipped


@functools.cache  # a gateway has several readers, and each asks for it
def _shipped_numbering() -> Numbering:
    # mccs.csv also has those whose networks all have three-digit MNCs
    bare = Numbering(
        countries=frozenset(row["alpha3"] for row in _shipped("countries.csv")),
        operators={},
        mcc_countries={row["mcc"]: _countries(row) for row in _shipped("mccs.csv")},
    )
    return _extended(bare, [*_shipped("operators_spryng.csv"), *_shipped("operators_world.csv")])


def _extended(numbering: Numbering, networks: Iterable[Row]) -> Numbering:
    operators = defaultdict(frozenset, numbering.operators)
    mcc_countries = defaultdict(frozenset, numbering.mcc_countries)
    for row in networks:
        operators[row["operator"]] |= _countries(row)
        mcc_countries[row["operator"][:3]] |= _countries(row)
    return replace(numbering, operators=dict(operators), mcc_countries=dict(mcc_countries))


def _shipped(name: str) -> list[Row]:
    text = resources.files("mo_gateway.data").joinpath(name).read_text(encoding="utf-8")
    (_, header), *lines = _cells(text.splitlines(), name)
    return [dict(zip(header, cells, strict=True)) for _, cells in lines]


def _own(path: Path, countries: frozenset[str]) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a byte order mark
            lines = list(_cells(file, str(path)))
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text ({exc}): save it as CSV in UTF-8") from exc
    if not lines:
        raise ConfigError(f"{path} is empty: its first line must name the columns, {HEADER}")
    (first, header), *lines = lines
    columns = [name.lower() for name in header]
    if "operator" not in columns:
        shown = ",".join(header)
        raise ConfigError(f"{path}, line {first}: {shown!r} must name the columns with commas, {HEADER}")
    faults = [
        f"{path}, line {number}: {fault}"
        for number, cells in lines
        for fault in _faults(cells, columns, countries)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return [dict(zip(columns, cells, strict=False)) for _, cells in lines]


def _cells(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """Give the number and the cells of each line that is neither empty nor a comment."""
    reader = csv.reader(("\n" if line.startswith("#") else line for line in lines), strict=True)
    try:
        for line in reader:
            cells = [cell.strip() for cell in line]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as exc:
        raise ConfigError(f'{name}, line {reader.line_num}: not CSV, most often for a lone " ({exc})') from exc


def _countries(row: Row) -> frozenset[str]:
    return frozenset(f"{row.get('countries', '')} {row.get('country', '')}".split())


def _faults(cells: list[str], columns: list[str], countries: frozenset[str]) -> Iterator[str]:
    row = dict(zip(columns, cells, strict=False))
    code = row.get("operator", "")
    if not _CODE.fullmatch(code):
        yield f"operator {code!r} must be 5 digits 0-9, MCC and MNC, such as 20601"
    for country in sorted(_countries(row) - countries):
        yield f"country {country!r} must be an assigned ISO 3166-1 alpha-3 code in capitals, such as BEL"
    if len(cells) > len(columns):
        yield f"{len(cells)} cells must be {len(columns)}, as in the header: put spaces between countries"
