"""What a SQLite database may look like after a power loss, rebuilt from the calls that its program made.

What was written before an fsync that has returned is on the disk. Of what was written since, the kernel may have
put down all, nothing or any part, in any order and cut at any sector.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: What SQLite calls to change files, what a server calls to answer, and what would be news to this module.
CALLS = "pwrite64,ftruncate,fsync,fdatasync,write,writev,sendto,sendmsg,pwritev,rename,unlink"

SECTOR = 512  # bytes

_BEGUN = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<rest>.*)")
_ENDED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>.* = (?P<result>-?\d+)")
_FILE = re.compile(r'\d+<([^>]*)>(?:, "[^"]*", \d+)?(?:, (\d+))?')
_TEXT = re.compile(r'"([^"]*)"')
_ANSWER = re.compile(rb"HTTP/1\.1 200 .*\r\nmo-gateway-receipt: \w+ (\d+)\r\n.*TRUE", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes for a file, or, with None, its end."""

    file: str
    at: int
    written: bytes | None

    def applied(self, image: bytearray) -> None:
        """Bring it to the disk."""
        if self.written is None:
            del image[self.at :]
            return
        image.extend(bytes(max(0, self.at - len(image))))
        image[self.at : self.at + len(self.written)] = self.written

    def torn(self, dice: random.Random) -> "Write":
        """Give what is left of it when the power fails in its middle."""
        sectors = len(self.written or b"") // SECTOR
        if not sectors:
            return self
        return Write(self.file, self.at, (self.written or b"")[: SECTOR * dice.randrange(sectors)])


@dataclass(frozen=True, slots=True)
class SyncBegins:
    """An fsync of a file was asked for."""

    file: str
    thread: str


@dataclass(frozen=True, slots=True)
class SyncEnds:
    """It has come back, with success."""

    thread: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """TRUE was said for a message."""

    id: int


Event = Write | SyncBegins | SyncEnds | Acknowledged


@dataclass(frozen=True, slots=True)
class CrashState:
    """The files after a power loss at one moment."""

    images: dict[str, bytearray]
    acknowledged: frozenset[int]  #: before that moment
    kept: str  #: of what was not synced


@dataclass(slots=True)
class Disk:
    """What is on the disk for certain, and what may be there besides."""

    images: dict[str, bytearray]
    unsynced: list[Write] = field(default_factory=list)
    _covered: dict[str, list[Write]] = field(default_factory=dict)  #: by each thread's fsync that is under way

    def sync_begins(self, sync: SyncBegins) -> None:
        self._covered[sync.thread] = [write for write in self.unsynced if write.file == sync.file]

    def sync_ends(self, sync: SyncEnds) -> None:
        for write in self._covered.pop(sync.thread):
            write.applied(self.images[write.file])
            self.unsynced.remove(write)

    def after_power_loss(self, kept: Iterable[Write]) -> dict[str, bytearray]:
        """Give the files when of the unsynced writes these reached the disk."""
        images = {name: bytearray(image) for name, image in self.images.items()}
        for write in kept:
            write.applied(images[write.file])
        return images


def crash_states(
    events: Iterable[Event], before: Mapping[str, bytes], dice: random.Random
) -> Iterator[CrashState]:
    """Give for each fsync what a power loss just before it may leave behind; `before` = the files at the start."""
    disk = Disk({name: bytearray(image) for name, image in before.items()})
    acknowledged = set[int]()
    for event in events:
        match event:
            case Write():
                disk.unsynced.append(event)
            case Acknowledged():
                acknowledged.add(event.id)
            case SyncEnds():
                disk.sync_ends(event)
            case SyncBegins():
                for kept, writes in _leftovers(disk.unsynced, dice).items():
                    yield CrashState(disk.after_power_loss(writes), frozenset(acknowledged), kept)
                disk.sync_begins(event)


def _leftovers(unsynced: list[Write], dice: random.Random) -> dict[str, list[Write]]:
    some = [write for write in unsynced if dice.random() < 0.5]
    return {
        "none": [],
        "all": unsynced,
        "some": dice.sample(some, len(some)),
        "torn": [write.torn(dice) if dice.random() < 0.5 else write for write in unsynced],
    }


def read_events(recording: Path, database: Path) -> Iterator[Event]:
    """Read what strace wrote down, in the order in which it was asked of the kernel."""
    with recording.open() as lines:
        for line in lines:
            if begun := _BEGUN.match(line):
                yield from _begun(begun["thread"], begun["call"], begun["rest"], database)
            elif (ended := _ENDED.match(line)) and "sync" in ended["call"] and ended["result"] == "0":
                yield SyncEnds(ended["thread"])


def _begun(thread: str, call: str, rest: str, database: Path) -> Iterator[Event]:
    if call in ("write", "writev", "sendto", "sendmsg"):
        if answer := _ANSWER.match(b"".join(_bytes(text) for text in _TEXT.findall(rest))):
            yield Acknowledged(int(answer[1]))
        return
    found = _FILE.match(rest)
    name = Path(_bytes(found[1]).decode()).name if found else ""
    if name not in (database.name, f"{database.name}-wal"):
        if call in ("pwritev", "rename", "unlink"):
            raise NotImplementedError(f"{call} is not replayed")
        return
    assert found
    if call == "pwrite64":
        (text,) = _TEXT.findall(rest)
        yield Write(name, int(found[2]), _bytes(text))
    elif call == "ftruncate":
        yield Write(name, int(found[2]), None)
    else:
        yield SyncBegins(name, thread)
        if rest.endswith(" = 0"):
            yield SyncEnds(thread)


def _bytes(text: str) -> bytes:
    """Read what strace has written as `\\x41\\x42`."""
    return bytes.fromhex(text.replace("\\x", ""))
