"""Tables for people, or for a page in Markdown."""

from collections.abc import Iterable, Mapping

from tabulate import tabulate


def drawn(rows: Iterable[Mapping[str, object]], *, markdown: bool) -> str:
    """Draw rows under the names of their columns."""
    form = "github" if markdown else "simple"
    text: str = tabulate(list(rows), headers="keys", tablefmt=form, disable_numparse=True, stralign="right")
    return text
