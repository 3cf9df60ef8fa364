"""The program under attack: `mo-gateway run` with few threads, on either front, before a SQLite file."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

from tests.running import Program, program

FEW_THREADS = 4


@dataclass(frozen=True, slots=True)
class Front:
    """A gateway that takes callbacks on one of its fronts."""

    name: str
    program: Program
    url: str

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port
        return port

    @property
    def path(self) -> str:
        """The path of its callback, with the secret."""
        return urlsplit(self.url).path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask its database."""
        with closing(sqlite3.connect(self.program.folder / "mo-gateway.db")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]


@contextmanager
def running_front(name: str, folder: Path, **environ: str) -> Iterator[Front]:
    """Run a gateway on the front `asgi` or `flask`; `environ` are settings without MO_GATEWAY_."""
    with program(folder, f"sqlite:///{folder}/mo-gateway.db", **environ) as started:
        url = started.run("--front", name, "--workers", "1", "--threads", str(FEW_THREADS), "--no-work")
        urlopen(urljoin(url, "/healthz"), timeout=20).close()  # the first request waits for its process to start
        yield Front(name, started, url)
