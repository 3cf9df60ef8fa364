"""What was measured, for the terminal and for the pages of the project."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import ROOT
from .table import drawn

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
README = ROOT / "README.md"

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one measurement, and what they were measured on."""

    place: str  #: where on the page of results
    about: str
    tables: Mapping[str, Rows]  #: by their headings

    def for_terminal(self) -> str:
        """Write it in columns."""
        parts = [f"{heading}\n\n{drawn(rows, markdown=False)}" for heading, rows in self.tables.items()]
        return "\n\n".join([self.about, *parts])

    def for_page(self) -> str:
        """Write it in Markdown."""
        parts = [f"**{heading}**\n\n{drawn(rows, markdown=True)}" for heading, rows in self.tables.items()]
        return "\n\n".join([*parts, self.about.replace("\n", "  \n")])


def put(page: Path, place: str, content: str) -> None:
    """Write between the marks of a place, `<!-- begin NAME -->` and `<!-- end NAME -->`."""
    begin, end = f"<!-- begin {place} -->", f"<!-- end {place} -->"
    text = page.read_text()
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not between.search(text):
        raise ValueError(f"{page} has no place for {place}")
    page.write_text(between.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text))
