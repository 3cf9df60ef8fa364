"""The PHP script of the provider's document, on nginx and php-fpm, storing in PostgreSQL.

`receive.php` says in what it differs from the document's. The programs are Debian's, with Debian's settings:
opcache on, a Unix socket between the two, and as many processes as the gateway has threads.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from sqlalchemy import URL

from benchmarks.databases import count, run_sql
from benchmarks.load import first_true
from benchmarks.process import Server, running
from tests.postgres import free_port

HERE = Path(__file__).parent
TABLE = "texts"
CREATE = f"""
    CREATE TABLE {TABLE} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        msisdn text, keyword text, parm text, operator text, sent_at text, shortcode text, country text
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Php:
    """One process a request, which connects to the database anew, or keeps its connection."""

    persistent: bool
    databases = ("PostgreSQL",)
    durable = True
    worth = "the message is on disk; a repeated one is stored once more"

    @property
    def name(self) -> str:
        return "php-persistent" if self.persistent else "php-connecting"

    def missing(self) -> str:
        if _php() and shutil.which("nginx") and "pdo_pgsql" in _said_by(_php(), "-m"):
            return ""
        return "php-fpm with pdo_pgsql and nginx are not all here: apt install php-fpm php-pgsql nginx"

    def version(self) -> str:
        nginx = _said_by("nginx", "-v").strip().rpartition("/")[2]
        return f"PHP {_said_by(_php(), '-v').split()[1]} behind nginx {nginx}"

    @contextmanager
    def serving(self, database: URL, folder: Path) -> Iterator[Server]:
        run_sql(database, CREATE)
        port = free_port()
        script = Path(shutil.copy(HERE / "receive.php", folder))
        script.chmod(0o644)  # php-fpm may run under another account
        values = {
            "folder": folder,
            "port": port,
            "dsn": f"pgsql:host={database.host};port={database.port};dbname={database.database}",
            "user": database.username,
            "persistent": int(self.persistent),
            "account": "user = nobody\ngroup = nogroup" if os.geteuid() == 0 else "",
        }
        for name in ("php-fpm.conf", "nginx.conf"):
            (folder / name).write_text(Template((HERE / name).read_text()).substitute(values))
        fpm = [_php(), "--nodaemonize", "--fpm-config", "php-fpm.conf"]
        nginx = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "nginx-error.log"]
        with (
            running(fpm, folder, name="php-fpm") as fpm_pid,
            running(nginx, folder, name="nginx") as nginx_pid,
        ):
            server = Server(url=f"http://127.0.0.1:{port}/", pids=[fpm_pid, nginx_pid], folder=folder)
            first_true(server)
            yield server

    def kept(self, server: Server, database: URL) -> int | None:  # noqa: ARG002 - its database says it
        return count(database, TABLE)


def _php() -> str:
    """Give the path of php-fpm, which Debian gives a name with a version; empty where there is none."""
    found = [str(path) for folder in os.get_exec_path() for path in Path(folder).glob("php-fpm*")]
    return max(found, default="")


def _said_by(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr
