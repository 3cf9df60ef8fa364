"""The system gives a serving process no more files, or no more memory: it refuses, lives, and heals."""

import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import program
from tests.waiting import until

from .trial import PACE, Trial

pytestmark = pytest.mark.long

SEED = 20261127
IDLE = 200  # connections of somebody who says nothing
STEADY = replace(PACE, rate=40.0, keep_alive=False, timeout=timedelta(seconds=2))


@contextmanager
def limited(pids: list[int], what: int, limit: Callable[[int], int]) -> Iterator[None]:
    """Let processes have no more of something than `limit` says, for a while."""
    before = {pid: resource.prlimit(pid, what) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, what, (limit(pid), hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, what, limits)


def files_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def memory_of(pid: int) -> int:
    """Give the bytes of its address space."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def test_no_more_files_and_no_more_memory(tmp_path: Path, empty_url: str, tell: Callable[[str], None]) -> None:
    trial = Trial(tmp_path, empty_url, SEED, is_endless=True, pace=STEADY)
    with program(tmp_path, empty_url, LEASE="5") as gateway, ExitStack() as idle:
        url = gateway.run()
        address = urlsplit(url)
        with trial.sending(url):
            trial.wait_for(20)
            serving = gateway.serving()
            with limited(serving, resource.RLIMIT_NOFILE, lambda pid: files_of(pid) + 10):
                for _ in range(IDLE):
                    idle.enter_context(socket.create_connection((address.hostname, address.port or 0)))
                trial.wait_for_answers("time-out", 10)
            idle.close()
            trial.broke("no more files")  # counted from its end
            trial.wait_for_more(40)
            with limited(serving, resource.RLIMIT_AS, memory_of):
                before = len(trial.lines())
                until(lambda: len(trial.lines()) >= before + 200, "100 tries without more memory", within=60)
            trial.broke("no more memory")

        tell(trial.verdict())
        assert max(trial.seconds_to_next_true()) < 10
        assert "a part ended by itself" not in gateway.log
        assert set(gateway.serving()) == set(serving), "who serves was exchanged"
