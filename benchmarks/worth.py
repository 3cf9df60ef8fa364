"""What an acknowledgement is worth: whether the disk was told to keep the message before it was given.

strace watches every process of a design and of its database, while single messages are sent one after another. A
message counts where an fsync or a like call came back between its request and its answer.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .databases import Database
from .designs import Design, new_folder
from .load import send_one
from .process import Server, wait_until
from .processes import family

MESSAGES = 20
PAUSE = 0.05  # seconds between them, so that what is synced later is not taken for the next one's
SYNCS = "fsync,fdatasync,sync_file_range,msync,sync,syncfs"
GRACE = 10.0  # seconds for strace to let go


def missing() -> str:
    """Say in a sentence what has to be installed first, or nothing."""
    return (
        ""
        if shutil.which("strace")
        else "what a TRUE is worth is seen by strace, which is not here: apt install strace"
    )


def measure(designs: Sequence[Design], databases: Sequence[Database]) -> Iterator[dict[str, str]]:
    """Give a row for each design on each of its databases."""
    for design in designs:
        for database in databases:
            if database.name in design.databases:
                yield {
                    "design": design.name,
                    "database": database.name,
                    "synced before the answer": f"{_synced(design, database)} of {MESSAGES}",
                    "TRUE means": design.worth,
                }


def _synced(design: Design, database: Database) -> int:
    """Count the messages that were on disk before they were acknowledged."""
    with new_folder() as folder:
        url = database.fresh(folder)
        with design.serving(url, folder) as server:
            pids = [process.pid for process in family([*server.pids, *database.pids()])]
            trace = folder / "strace"
            with _watching(pids, trace):
                times = list(_sent(server))
            synced = list(_moments(trace))
    return sum(any(begin < moment < end for moment in synced) for begin, end in times)


def _sent(server: Server) -> Iterator[tuple[float, float]]:
    """Send messages; give for each when it was sent and when it was acknowledged."""
    for number in range(MESSAGES):
        time.sleep(PAUSE)
        begin = time.time()
        if send_one(server, f"WORTH-{number}", "WIN"):
            yield begin, time.time()


@contextmanager
def _watching(pids: Sequence[int], trace: Path) -> Iterator[None]:
    command = ["strace", "-f", "-ttt", "-e", f"trace={SYNCS}", "-e", "signal=none", "-o", str(trace)]
    for pid in pids:
        command += ["-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr
        said: list[str] = []
        wait_until(lambda: _attached(strace, said) >= len(pids), lambda: f"strace does not watch: {said}")
        try:
            yield
        finally:
            strace.terminate()
            strace.communicate(timeout=GRACE)


def _attached(strace: subprocess.Popen[str], said: list[str]) -> int:
    """Read one more line of strace, and count the processes that it watches."""
    assert strace.stderr
    said.append(strace.stderr.readline())
    return sum("attached" in line for line in said)


def _moments(trace: Path) -> Iterator[float]:
    """Give when calls that sync came back; lines read `PID SECONDS fsync(5) = 0`, or `<... fsync resumed>`."""
    for line in trace.read_text().splitlines():
        if line.rstrip().endswith("= 0"):
            yield float(line.split()[1])
