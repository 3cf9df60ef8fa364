"""A server under test, in an operating-system process with a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
GRACE = 20.0  # seconds to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One that listens."""

    url: str  #: where the provider calls
    pid: int
    folder: Path


@contextmanager
def running(module: str, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """Run `python -m module` with its output in files of `folder`; give its process id."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("MO_GATEWAY_")}
    with (folder / "stdout").open("w") as stdout, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env=settings | {"PYTHONPATH": str(ROOT)} | dict(environ),
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
