"""LibreOffice, without a window: it reads a file of CSV as for whoever opens one, and makes a sheet of it."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

PROGRAM = shutil.which("soffice")

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_FORMULA_IN_EXCEL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}f"

#: What stands for itself within the text of a cell.
_SIGNS = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}

UTF_8 = 76
ENGLISH, DUTCH = 1033, 1043  # of these the decimal sign is a point, and a comma


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as LibreOffice understands it."""

    kind: str  #: `string`, `float`, `date` and others; empty where nothing is in it
    value: str  #: the text of a string; of anything else what it is calculated with
    formula: str | None


EMPTY = Cell("", "", None)


def converted(folder: Path, files: Sequence[Path], form: str, separator: str, language: int) -> list[Path]:
    """Read files with this separator as one who wants all that LibreOffice offers, and save them as `form`.

    Quoted cells are no texts by that alone, numbers and dates of any kind are found, formulas are calculated.
    """
    options = [
        ord(separator),
        ord('"'),
        UTF_8,
        1,
        "",
        language,
        "false",
        "true",
        "false",
        "false",
        "false",
        -1,
        "true",
    ]
    target = folder / f"{form}-{ord(separator)}"
    command: list[str | Path] = [
        str(PROGRAM),
        "--headless",
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        f"--infilter=CSV:{','.join(map(str, options))}",
        *("--convert-to", form, "--outdir", target),
        *files,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return [target / f"{file.stem}.{form}" for file in files]


def cells(sheet: Path) -> list[list[Cell]]:
    """Give the rows of an .ods file, each as wide as its last cell that has something in it."""
    with ZipFile(sheet) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    found: list[list[Cell]] = []
    for row in root.iter(f"{_TABLE}table-row"):
        if line := _line(row):
            found += [line] * int(row.get(f"{_TABLE}number-rows-repeated", "1"))
    return found


def formulas_in_excel(workbook: Path) -> list[str]:
    """Give every formula of an .xlsx file."""
    with ZipFile(workbook) as archive:
        parts = [
            name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")
        ]
        assert parts
        roots = [ElementTree.fromstring(archive.read(name)) for name in parts]
    return [one.text or "" for root in roots for one in root.iter(_FORMULA_IN_EXCEL)]


def _line(row: ElementTree.Element) -> list[Cell]:
    """Give the cells of a row; those that are alike stand in the file once, with their number."""
    found: list[Cell] = []
    empty = 0
    for element in row.findall(f"{_TABLE}table-cell"):
        cell, times = _cell(element), int(element.get(f"{_TABLE}number-columns-repeated", "1"))
        if cell == EMPTY:
            empty += times
        else:
            found += [EMPTY] * empty + [cell] * times
            empty = 0
    return found


def _cell(element: ElementTree.Element) -> Cell:
    values = [element.get(f"{_OFFICE}{name}") for name in ("value", "date-value", "time-value", "boolean-value")]
    shown = "\n".join("".join(_pieces(line)) for line in element.findall(f"{_TEXT}p"))
    value = next((one for one in values if one is not None), shown)
    return Cell(element.get(f"{_OFFICE}value-type", ""), value, element.get(f"{_TABLE}formula"))


def _pieces(element: ElementTree.Element) -> Iterator[str]:
    """Give a paragraph's text, in which some white space stands as elements."""
    if element.tag == f"{_TEXT}s":
        yield " " * int(element.get(f"{_TEXT}c", "1"))
    yield _SIGNS.get(element.tag, element.text or "")
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
