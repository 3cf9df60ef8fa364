"""What the kernel knows of the processes under test."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import sysconf
from pathlib import Path

PAGE = sysconf("SC_PAGE_SIZE")
TICKS = sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One operating-system process."""

    pid: int
    parent: int
    words: Sequence[str]  #: its command line
    resident: int  #: bytes of memory
    cpu: float  #: seconds so far


def processes() -> list[Process]:
    """List the processes of this machine that can be seen."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            resident = int((folder / "statm").read_text().split()[1]) * PAGE
            # The second field, the name in brackets, may hold anything; from the third on it is plain.
            state = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        cpu = (int(state[11]) + int(state[12])) / TICKS
        found.append(Process(pid=int(folder.name), parent=int(state[1]), words=words, resident=resident, cpu=cpu))
    return found


def children(pid: int, among: Iterable[Process]) -> list[Process]:
    """Give the processes that one has started."""
    return [process for process in among if process.parent == pid]


def cpu_of_family(pid: int) -> float:
    """Give the CPU seconds that a process and its living descendants have used."""
    everything = processes()
    family = [process for process in everything if process.pid == pid]
    for member in family:  # it grows meanwhile
        family += children(member.pid, everything)
    return sum(member.cpu for member in family)
