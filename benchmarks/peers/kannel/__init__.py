"""Kannel: its bearerbox takes the message by HTTP, spools it, and hands it to a service of its smsbox.

It reads the query of a GET and no form. The spool is a file for each message until the smsbox has handled it, by
the manual "no SMS messages are lost in Kannel even by crash". There is no database.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from re import search
from string import Template
from urllib.request import urlopen

from sqlalchemy import URL

from benchmarks.load import first_true
from benchmarks.process import Server, running, wait_until
from tests.postgres import free_port

HERE = Path(__file__).parent
QUIET = ["--verbosity", "4"]  # errors; else each message would be several lines on the terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Kannel:
    """bearerbox and smsbox with a service that does nothing."""

    name = "kannel"
    databases = ("PostgreSQL",)  # it has none, and stands beside those that do as much
    durable = False
    worth = "the message is in a file that was not synced: a crash of Kannel keeps it, a loss of power may not"

    def missing(self) -> str:
        if shutil.which("bearerbox") and shutil.which("smsbox"):
            return ""
        return "Kannel's bearerbox and smsbox are not here: apt install kannel"

    def version(self) -> str:
        said = subprocess.run(["bearerbox", "--version"], capture_output=True, text=True, check=False)
        return "Kannel " + (said.stdout + said.stderr).split("`")[1].partition("'")[0]

    @contextmanager
    def serving(self, database: URL, folder: Path) -> Iterator[Server]:  # noqa: ARG002 - it has none
        port, admin_port, box_port = free_port(), free_port(), free_port()
        values = {"folder": folder, "port": port, "admin_port": admin_port, "box_port": box_port}
        (folder / "spool").mkdir()
        (folder / "kannel.conf").write_text(Template((HERE / "kannel.conf").read_text()).substitute(values))
        with running(["bearerbox", *QUIET, "kannel.conf"], folder, name="bearerbox") as bearerbox:
            wait_until(lambda: _status(folder) is not None, lambda: (folder / "bearerbox.log").read_text())
            with running(["smsbox", *QUIET, "kannel.conf"], folder, name="smsbox") as smsbox:
                server = Server(
                    url=f"http://127.0.0.1:{port}/spryng",
                    pids=[bearerbox, smsbox],
                    folder=folder,
                    reads_query=True,
                )
                first_true(server)
                yield server

    def kept(self, server: Server, database: URL) -> int | None:  # noqa: ARG002 - it counts them itself
        counted = search(r"SMS: received (\d+)", _status(server.folder) or "")
        return int(counted[1]) if counted else 0


def _status(folder: Path) -> str | None:
    """Read the page on which bearerbox says what it has done; None while it does not answer."""
    port = search(r"admin-port = (\d+)", (folder / "kannel.conf").read_text())
    assert port
    try:
        with urlopen(f"http://127.0.0.1:{port[1]}/status.txt?password=benchmark") as page:
            return str(page.read().decode())
    except OSError:
        return None
