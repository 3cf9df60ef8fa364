"""RapidSMS: its HTTP backend and blocking router, with its message log in PostgreSQL.

It is installed into an environment of its own, because it needs Django and other versions than ours. Django 5.1
is the newest that RapidSMS 2.2 names. It is served by the same gunicorn as the other designs.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import URL

from benchmarks.databases import count
from benchmarks.load import first_true
from benchmarks.process import ROOT, Server, running
from tests.postgres import free_port

HERE = Path(__file__).parent
ENVIRONMENT = ROOT / ".venv-rapidsms"
PACKAGES = (
    "RapidSMS==2.2.0",
    "Django>=5.1,<5.2",
    f"gunicorn=={version('gunicorn')}",
    f"psycopg[binary]=={version('psycopg')}",
)
INSTALLED = ENVIRONMENT / "installed"  # written when all of it is


@dataclass(frozen=True, slots=True, kw_only=True)
class RapidSms:
    """RapidSMS as its settings page shows it."""

    name = "rapidsms"
    databases = ("PostgreSQL",)
    durable = True
    worth = "the message is on disk and was handled; a repeated one is stored and handled once more"

    def missing(self) -> str:
        if INSTALLED.exists() and INSTALLED.read_text() == "\n".join(PACKAGES):
            return ""
        print("installing RapidSMS into an environment of its own", file=sys.stderr)
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
            _run(_program("python"), "-m", "pip", "install", "--quiet", *PACKAGES)
        except subprocess.CalledProcessError as exc:
            return f"RapidSMS can't be installed: {(exc.stderr.strip() or str(exc)).splitlines()[-1]}"
        INSTALLED.write_text("\n".join(PACKAGES))
        return ""

    def version(self) -> str:
        names = "import importlib.metadata as m; print(m.version('RapidSMS'), 'on Django', m.version('Django'))"
        return "RapidSMS " + _run(_program("python"), "-c", names).strip()

    @contextmanager
    def serving(self, database: URL, folder: Path) -> Iterator[Server]:
        port = free_port()
        environ = {
            "PYTHONPATH": str(HERE),
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DATABASE_HOST": database.host or "",
            "DATABASE_PORT": str(database.port),
            "DATABASE_NAME": database.database or "",
            "DATABASE_USER": database.username or "",
        }
        _run(_program("django-admin"), "migrate", "--verbosity=0", environ=environ)
        command = [_program("gunicorn"), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        command += ["--workers=2", "--worker-class=gthread", "--threads=32", "--keep-alive=30"]
        with running([*command, "django.core.wsgi:get_wsgi_application()"], folder, environ) as pid:
            server = Server(url=f"http://127.0.0.1:{port}/backend/spryng/", pids=[pid], folder=folder, answer="OK")
            first_true(server)
            yield server

    def kept(self, server: Server, database: URL) -> int | None:  # noqa: ARG002 - its database says it
        return count(database, "messagelog_message")


def _program(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)


def _run(*command: str, environ: dict[str, str] | None = None) -> str:
    env = os.environ | (environ or {})
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
