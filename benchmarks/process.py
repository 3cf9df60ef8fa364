"""A program under test, in an operating-system process with a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click import ClickException

ROOT = Path(__file__).parent.parent
GRACE = 20.0  # seconds to stop
PATIENCE = 60.0  # seconds for a server to start


class Failed(ClickException):
    """A program under test did not do what it was started for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One that listens."""

    url: str  #: where the provider calls
    pids: Sequence[int]  #: its processes, each with whatever it starts
    folder: Path
    answer: str = "TRUE"  #: what it says, with a 200, to a message that it takes
    reads_query: bool = False  #: it reads the query of a GET and no form


def python(module: str, *arguments: str) -> list[str]:
    """Give the command that runs a module of this environment."""
    return [sys.executable, "-m", module, *arguments]


@contextmanager
def running(
    command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None, *, name: str = "server"
) -> Iterator[int]:
    """Run a command in `folder`, with its output in `name`.out and `name`.log there; give its process id."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith("MO_GATEWAY_")}
    with (folder / f"{name}.out").open("w") as stdout, (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=settings | {"PYTHONPATH": str(ROOT)} | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def last_words(folder: Path) -> str:
    """Give the end of what programs have logged in a folder that will not be there for long."""
    return "\n".join(f"{log.name}: {log.read_text()[-1000:]}" for log in sorted(folder.glob("*.log")))


def wait_until(condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Wait for a program; or raise Failed with what `otherwise` says."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise Failed(otherwise())
        time.sleep(0.005)
