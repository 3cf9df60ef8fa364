"""A desk at which the commands of a page are typed: a folder with a gateway that has seen messages."""

import contextlib
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .pages import ROOT
from .postgres import free_port
from .running import get
from .waiting import until

PASSWORD = "correct horse battery"
SECRET = "q7ZpX2mK9vT4sB8nR1dL6wYc"

PROGRAMS = Path(sys.executable).parent

#: Not seen on the screen, but in the database.
WORKING = "SELECT 1 FROM mo_worker WHERE process LIKE '%{}'"

#: Nor is this: it answers, whatever it says.
ANSWERING = r"--bind (\S+)"

#: Commands that go on until somebody ends them, and what is seen of them once they do what they are for.
LASTING = {
    r"mo-gateway run\b": ANSWERING,
    r"mo-gateway work\b": WORKING,
    r"mo-gateway fake\b": ANSWERING,
    r"mo-gateway messages .*--follow": "RECEIVED",
    r"gunicorn\b": ANSWERING,
}


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    printed: str
    complaints: str


class Desk:
    """Somebody at a prepared folder, with a shell; the gateway is started when a command needs it."""

    def __init__(self, folder: Path, environ: Mapping[str, str], database_server: str) -> None:
        self.folder = folder
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._bind = f"127.0.0.1:{port}"
        self._gateway: subprocess.Popen[bytes] | None = None
        self._exports: dict[str, str] = {}
        self._environ = {
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([f"{folder}/bin", f"{folder}/postgres", f"{PROGRAMS}", os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "MO_GATEWAY_CALLBACK_SECRET": SECRET,
            "MO_GATEWAY_LOG_FORMAT": "json",
            "MO_GATEWAY_PUBLIC_URL": self.url,
            **environ,
        }
        #: What the pages write for something that is another one at each desk.
        self._placeholders: dict[str, Callable[[], str]] = {
            r"(?<=--bind )[\d.]+:\d+": lambda: f"127.0.0.1:{free_port()}",
            r"(?<=mo-gateway fake )": lambda: f"--bind 127.0.0.1:{free_port()} ",
            r"(?<=mo-gateway run)$": lambda: f" --bind 127.0.0.1:{free_port()}",
            r"(?<=gunicorn )(?=.*wsgi:app)": lambda: "--workers 1 ",  # as the page says for SQLite
            r"(?<=--count )5000": lambda: "30",  # each is answered too, which on a busy host takes its time
            r"https://sms\.example\.com|http://127\.0\.0\.1:8000": lambda: self.url,
            r"\bSECRET\b": lambda: SECRET,
            r"/run/secrets\b": lambda: f"{folder / 'secrets'}",
            r"/run/mo-gateway\b": lambda: f"{folder / 'counters'}",
            r"/opt/mo-gateway\b": lambda: f"{folder / '.venv'}",
            r"postgresql://mo_gateway(:…)?@(HOST|localhost)": lambda: database_server,
        }

    def type(self, line: str, questions: Mapping[str, str]) -> Done:
        """Type a line, answer what it asks, and let it end: by itself, or by Ctrl-C once it is at work."""
        line = self._meant(line)
        sign = next((sign for command, sign in LASTING.items() if re.search(command, line)), None)
        if sign:
            return self._watch(line, sign)
        if questions:
            return self._talk(line, questions)
        process = self._shell(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        printed, complaints = process.communicate(timeout=90)
        return Done(process.returncode, printed.decode(), complaints.decode())

    def export(self, line: str) -> None:
        """Set a variable for the commands that are typed in the same shell."""
        name, _, value = line.removeprefix("export ").partition("=")
        self._exports[name] = self._meant(value)

    def know(self, name: str, value: str) -> None:
        """Remember a value under the name that a page has for it."""
        self._environ[name] = value

    def open_shell(self) -> None:
        """Begin anew, without what was exported in the shell before."""
        if self._exports:
            self.stop_gateway()
        self._exports = {}

    def start_gateway(self) -> None:
        """Start the gateway in this folder, as the variables of the shell say."""
        if self._gateway:
            return
        screen = self.folder / "gateway.out"
        with screen.open("wb") as stdout, (self.folder / "gateway.log").open("ab") as log:
            command = f"python -m mo_gateway run --bind {self._bind}"
            self._gateway = self._shell(f"exec {command}", stdin=subprocess.DEVNULL, stdout=stdout, stderr=log)
        until(lambda: "/spryng/mo/" in screen.read_text(), "the gateway", within=60)

    def stop_gateway(self) -> None:
        """End the gateway, and wait until all of it is gone."""
        if self._gateway:
            self._gateway.terminate()
            self._gateway.wait(20)
        self._gateway = None

    def ids(self, query: str) -> list[int]:
        """Ask the gateway's database for numbers of rows."""
        with contextlib.closing(sqlite3.connect(self.folder / "mo-gateway.db")) as connection:
            return [number for (number,) in connection.execute(query)]

    def _meant(self, text: str) -> str:
        for placeholder, meant in self._placeholders.items():
            text = re.sub(placeholder, lambda _found, meant=meant: meant(), text)  # type: ignore[misc]
        return text

    def _shell(self, line: str, **files: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            ["bash", "-c", line],
            cwd=self.folder,
            env=self._environ | self._exports,
            start_new_session=True,
            **files,
        )

    def _talk(self, line: str, questions: Mapping[str, str]) -> Done:
        terminal, other_end = pty.openpty()  # without a terminal nobody is asked
        process = self._shell(line, stdin=other_end, stdout=other_end, stderr=other_end)
        os.close(other_end)
        said = ""
        with open(terminal, "r+b", buffering=0) as screen:  # noqa: PTH123 - it has no path
            for question, answer in questions.items():
                while question not in said:
                    said += screen.read(1000).decode(errors="replace")
                screen.write(f"{answer}\n".encode())
            with contextlib.suppress(OSError):  # so Linux says that nobody is at the other end any more
                while True:
                    said += screen.read(1000).decode(errors="replace")
        return Done(process.wait(20), said, said)

    def _watch(self, line: str, sign: str) -> Done:
        out, err = self.folder / "terminal.out", self.folder / "terminal.err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = self._shell(f"exec env {line}", stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)

        def is_up() -> bool:
            assert process.poll() is None, f"{line} has ended: {err.read_text()}"
            if sign == WORKING:
                return bool(self.ids(WORKING.format(process.pid)))
            if sign == ANSWERING:
                return _answers(re.findall(ANSWERING, line)[0])
            return sign in out.read_text() + err.read_text()

        try:
            until(is_up, f"{sign} of {line}", within=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            process.wait(20)
        return Done(process.returncode, out.read_text(), err.read_text())


def _answers(address: str) -> bool:
    """Tell whether a server answers there."""
    with contextlib.suppress(OSError):
        get(f"http://{address}/")
        return True
    return False
