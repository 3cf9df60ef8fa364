"""The power fails: whatever the disk has kept of a SQLite file, each message that was acknowledged is there.

To kill a process proves nothing here, since the kernel still writes what it was given. So the gateway's calls are
written down, and from them the files are made anew as a power loss at each fsync could have left them.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import post, program

from .answers import started
from .crash_states import CALLS, Acknowledged, CrashState, Event, SyncBegins, crash_states, read_events
from .strace import recorded

SEED = 20261122

#: Weakens each connection of the gateway: what a reader of SQLite's manual might do for speed.
WEAKENED = """
from mo_gateway.store import sqlite

settle = sqlite._settle

def weakened(connection, record):
    settle(connection, record)
    connection.execute("PRAGMA synchronous = NORMAL")

sqlite._settle = weakened
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What was recorded."""

    database: Path
    before: dict[str, bytes]  #: the files before the first of the events
    events: list[Event]

    def states(self, seed: int = SEED) -> Iterator[CrashState]:
        return crash_states(self.events, self.before, random.Random(seed))

    def syncs(self) -> Counter[str]:
        """Count the fsyncs of each file."""
        return Counter(event.file for event in self.events if isinstance(event, SyncBegins))

    def violation(self, state: CrashState, folder: Path) -> str:
        """Start on what is left of the files, and say what is wrong with it; nothing where all is as promised."""
        for name, image in state.images.items():
            (folder / name).write_bytes(image)
        (folder / f"{self.database.name}-shm").unlink(missing_ok=True)
        with closing(sqlite3.connect(folder / self.database.name)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # nobody will cut this one's power
            sound = connection.execute("PRAGMA integrity_check").fetchall()
            stored = {number for (number,) in connection.execute("SELECT id FROM mo_message")}
            queued = {number for (number,) in connection.execute("SELECT message_id FROM mo_handling")}
        if sound != [("ok",)]:
            return f"the file is broken: {sound}"
        if lost := state.acknowledged - stored:
            return f"{len(lost)} of {len(state.acknowledged)} acknowledged messages are lost"
        return "" if stored == queued else "a message without its work item, or the other way round"


def record(folder: Path, messages: int = 480) -> Run:
    """Have a gateway take messages, and write down what it asks of the kernel.

    The second half comes one by one: how many of the first share a commit is chance, and so would be a checkpoint.
    """

    def answer(number: int) -> str:
        return post(url, MSISDN=f"32400{number:06}").body

    database = folder / "mo-gateway.db"
    with program(folder, f"sqlite:///{database}", COMMIT_DEADLINE="30") as gateway:  # strace is slow
        url = started(gateway, "--no-work")
        post(url)  # and now all connections are there
        with recorded(gateway.family(), CALLS, folder / "calls"):
            files = [database, Path(f"{database}-wal")]
            before = {file.name: file.read_bytes() for file in files}
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(answer, range(messages // 2)))
            answers += map(answer, range(messages // 2, messages))
    events = list(read_events(folder / "calls", database))

    assert answers == ["TRUE"] * messages
    assert sum(isinstance(event, Acknowledged) for event in events) == messages
    return Run(database, before, events)


@pytest.mark.parametrize(
    ("runs", "enough"),
    [pytest.param(1, 500, marks=pytest.mark.storage), pytest.param(20, 10_000, marks=pytest.mark.long)],
)
def test_after_a_power_loss_at_any_moment_sqlite_has_all_that_was_acknowledged(
    tmp_path: Path, runs: int, enough: int, tell: Callable[[str], None]
) -> None:
    looked_at, syncs = 0, Counter[str]()
    for number in range(runs):
        folder = tmp_path / f"{number}"
        scratch = folder / "scratch"
        scratch.mkdir(parents=True)
        run = record(folder)

        states = [(state.kept, run.violation(state, scratch)) for state in run.states(SEED + number)]

        assert [state for state in states if state[1]] == []
        looked_at += len(states)
        syncs += run.syncs()
    tell(f"{looked_at} crash states at {syncs.total()} fsyncs, {syncs['mo-gateway.db']} of them of checkpoints")
    assert looked_at >= enough
    assert syncs["mo-gateway.db"], "no checkpoint among them"


@pytest.mark.storage
def test_with_less_than_full_synchronous_the_same_look_finds_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WEAKENED)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
    run = record(tmp_path)

    violations = [found for state in run.states() if (found := run.violation(state, site))]

    losses = [found for found in violations if "acknowledged messages are lost" in found]
    assert losses
    tell(f"with synchronous=NORMAL: {len(violations)} violations, such as: {losses[0]}")
