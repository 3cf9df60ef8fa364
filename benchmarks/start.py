"""Seconds from `mo-gateway run` in an empty folder to the first TRUE: schema, server and worker included."""

import time
from collections.abc import Iterator, Sequence
from statistics import median

from .databases import Database
from .designs import ASGI, new_folder


def measure(databases: Sequence[Database], *, rounds: int) -> Iterator[dict[str, str]]:
    """Start on each database as often as there are rounds."""
    seconds: dict[str, list[float]] = {database.name: [] for database in databases}
    for _ in range(rounds):
        for database in databases:
            seconds[database.name].append(_start(database))
    for name, values in seconds.items():
        yield {
            "database": name,
            "first TRUE after s": f"{median(values):.2f}",
            "lowest–highest": f"{min(values):.2f}–{max(values):.2f}",
            "starts": str(len(values)),
        }


def _start(database: Database) -> float:
    with new_folder() as folder:
        url = database.fresh(folder)
        begin = time.monotonic()
        with ASGI.serving(url, folder):
            return time.monotonic() - begin
