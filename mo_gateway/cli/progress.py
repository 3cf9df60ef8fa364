"""The bar that shows how far a long command is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

MANY = 500  # rows; fewer are done before anybody could read a bar


@contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], object]]:
    """Show a bar on stderr where a person looks on; what is given is called with each number of rows done."""
    if length < MANY or not sys.stderr.isatty():
        yield lambda _rows: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
