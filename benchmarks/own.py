"""Our own servers: the gateway with either front, between the naive design and a server that does nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from . import naive
from .databases import count
from .load import first_true
from .process import Server, last_words, python, running, wait_until

BOTH = ("PostgreSQL", "SQLite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A gunicorn that says TRUE and stores nothing."""

    name = "bare"
    databases = BOTH
    durable = False
    worth = "nothing: no message is stored"

    def missing(self) -> str:
        return ""

    def version(self) -> str:
        return ""

    @contextmanager
    def serving(self, database: URL, folder: Path) -> Iterator[Server]:
        with _served("bare", database, folder) as server:
            yield server

    def kept(self, server: Server, database: URL) -> int | None:  # noqa: ARG002 - it keeps nothing
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """Flask, an ORM session and a commit for each request."""

    name = "naive"
    databases = BOTH
    durable = True
    worth = "the message is on disk"

    def missing(self) -> str:
        return ""

    def version(self) -> str:
        return ""

    @contextmanager
    def serving(self, database: URL, folder: Path) -> Iterator[Server]:
        naive.create_tables(database)
        with _served("naive", database, folder) as server:
            yield server

    def kept(self, server: Server, database: URL) -> int | None:  # noqa: ARG002 - its database says it
        return count(database, naive.TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """`mo-gateway run` as it is by default but for the front, with a handler that does nothing."""

    front: str
    work: bool = True  #: run the handlers too
    databases = BOTH
    durable = True
    worth = "the message and its work item are on disk"

    @property
    def name(self) -> str:
        return f"ours-{self.front}" if self.work else f"ours-{self.front}-no-work"

    def missing(self) -> str:
        return ""

    def version(self) -> str:
        return ""

    @contextmanager
    def serving(self, database: URL, folder: Path) -> Iterator[Server]:
        options = ["--bind", "127.0.0.1:0", "--front", self.front, "--work" if self.work else "--no-work"]
        with running(python("mo_gateway", "run", *options), folder, environ(database)) as pid:
            yield _ready(pid, folder)

    def kept(self, server: Server, database: URL) -> int | None:  # noqa: ARG002 - its database says it
        return count(database, "mo_message")


def environ(database: URL) -> dict[str, str]:
    """Give the settings of the gateway's processes."""
    return {
        "MO_GATEWAY_DATABASE_URL": database.render_as_string(hide_password=False),
        "MO_GATEWAY_HANDLERS": "benchmarks.handler",
    }


@contextmanager
def _served(design: str, database: URL, folder: Path) -> Iterator[Server]:
    """Serve with as many processes as `mo-gateway run` has, each kept on one CPU where there are enough."""
    processes = 1 if database.get_backend_name() == "sqlite" else 2
    pin = "--pin" if processes <= len(os.sched_getaffinity(0)) else "--no-pin"
    url = database.render_as_string(hide_password=False)
    options = ["--database", url, "--workers", str(processes), pin]
    with running(python("benchmarks.serve", design, *options), folder) as pid:
        yield _ready(pid, folder)


def _ready(pid: int, folder: Path) -> Server:
    """Wait for the URL that a server prints, and for its first TRUE."""
    out = folder / "server.out"
    wait_until(lambda: out.read_text().endswith("\n"), lambda: f"the server did not start\n{last_words(folder)}")
    server = Server(url=out.read_text().strip(), pids=[pid], folder=folder)
    first_true(server)
    return server
