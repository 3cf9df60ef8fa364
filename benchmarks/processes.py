"""What the kernel knows of the processes under test."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import sysconf
from pathlib import Path

PAGE = sysconf("SC_PAGE_SIZE")
TICKS = sysconf("SC_CLK_TCK")
GONE = (FileNotFoundError, ProcessLookupError)  # it has ended meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One operating-system process."""

    pid: int
    parent: int
    words: Sequence[str]  #: its command line
    resident: int  #: bytes of memory
    cpu: float  #: seconds so far, those of its children that have ended included


def processes() -> list[Process]:
    """List the processes of this machine that can be seen."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            resident = int((folder / "statm").read_text().split()[1]) * PAGE
            # The second field, the name in brackets, may hold anything; from the third on it is plain.
            state = (folder / "stat").read_text().rpartition(")")[2].split()
        except GONE:
            continue
        cpu = sum(map(int, state[11:15])) / TICKS
        found.append(Process(pid=int(folder.name), parent=int(state[1]), words=words, resident=resident, cpu=cpu))
    return found


def children(pid: int, among: Iterable[Process]) -> list[Process]:
    """Give the processes that one has started."""
    return [process for process in among if process.parent == pid]


def family(pids: Iterable[int]) -> list[Process]:
    """Give processes and their living descendants."""
    everything = processes()
    members = [process for process in everything if process.pid in set(pids)]
    for member in members:  # it grows meanwhile
        members += children(member.pid, everything)
    return members


def cpu_of_family(pids: Iterable[int]) -> float:
    """Give the CPU seconds that processes and their descendants have used."""
    return sum(member.cpu for member in family(pids))


def memory_of_family(pids: Iterable[int]) -> int:
    """Give the bytes that are resident for processes and their descendants; what they share counts once."""
    return sum(_proportional(member.pid) for member in family(pids))


def _proportional(pid: int) -> int:
    """Give the bytes that are resident for a process, its share of those that others use too."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except GONE:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
