"""strace: what processes ask of the kernel, written down, or answered as by a disk that is broken or slow."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.waiting import until


@contextmanager
def recorded(pids: Iterable[int], calls: str, path: Path) -> Iterator[None]:
    """Write down these calls of some processes, whole and with the paths of their files."""
    with _attached(pids, "-y", "-xx", "-s", "99999", "-e", f"trace={calls}", "-o", str(path)):
        yield


@contextmanager
def injected(pids: Iterable[int], calls: str, fault: str) -> Iterator[None]:
    """Have these calls of some processes fail or be late, such as by `error=EIO:when=2`."""
    with _attached(pids, "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}", "-o", "/dev/null"):
        yield


@contextmanager
def _attached(pids: Iterable[int], *options: str) -> Iterator[None]:
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    numbers = list(pids)
    processes = [("-p", str(pid)) for pid in numbers]
    with tempfile.TemporaryFile() as complaints:
        command = ["strace", "-f", *options, *(word for process in processes for word in process)]
        strace = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=complaints)
        try:
            until(
                lambda: strace.poll() is not None or all(_is_seen_to(pid, complaints) for pid in numbers),
                "strace",
            )
            if strace.poll() is not None:
                pytest.skip(f"strace may not look at other processes here: {_said(complaints).decode().strip()}")
            yield
        finally:
            strace.terminate()  # and the processes go on without it
            strace.wait()


def _is_seen_to(pid: int, complaints: IO[bytes]) -> bool:
    """Tell whether strace has a process, or could not have it: one of PostgreSQL's may have ended meanwhile."""
    return re.search(rb"Process %d attached|attach: .*\b%d\b" % (pid, pid), _said(complaints)) is not None


def _said(complaints: IO[bytes]) -> bytes:
    return os.pread(complaints.fileno(), 100_000, 0)
