"""The designs that are compared, and how a server of each is started."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from . import naive
from .load import PATIENCE, first_true
from .process import Server, running

BARE, NAIVE, OURS = "bare", "naive", "ours"
DESIGNS = (BARE, NAIVE, OURS)

#: Where each keeps messages; the bare server keeps none.
TABLES = {NAIVE: naive.TABLE, OURS: "mo_message"}


@contextmanager
def serving(design: str, database: URL, folder: Path, *, work: bool = True) -> Iterator[Server]:
    """Start a design on an empty database, as it would be by default, and wait for its first TRUE.

    All have as many server processes as `mo-gateway run` has: two, or one on SQLite; each is kept on one CPU
    where there are enough. `work=False` leaves our worker away; the others have none.
    """
    if design == OURS:
        module, arguments = "mo_gateway", ["run", "--bind", "127.0.0.1:0", "--work" if work else "--no-work"]
    else:
        module, arguments = "benchmarks.serve", [design, *_options(database)]
    if design == NAIVE:
        naive.create_tables(database)
    with running(module, arguments, folder, environ(database)) as pid:
        server = Server(url=_printed_url(folder), pid=pid, folder=folder)
        first_true(server.url)
        yield server


def environ(database: URL) -> dict[str, str]:
    """Give the settings of our processes."""
    return {
        "MO_GATEWAY_DATABASE_URL": database.render_as_string(hide_password=False),
        "MO_GATEWAY_HANDLERS": "benchmarks.handler",
    }


def _options(database: URL) -> list[str]:
    processes = 1 if database.get_backend_name() == "sqlite" else 2
    pin = "--pin" if processes <= len(os.sched_getaffinity(0)) else "--no-pin"
    url = database.render_as_string(hide_password=False)
    return ["--database", url, "--workers", str(processes), pin]


def _printed_url(folder: Path) -> str:
    give_up = time.monotonic() + PATIENCE
    while not (url := (folder / "stdout").read_text().strip()):
        if time.monotonic() > give_up:
            raise SystemExit(f"the server did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.005)
    return url
