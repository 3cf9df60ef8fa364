"""Places in every step where a process can be made to die, or to stand still: the table, and the traps.

The code of the gateway knows nothing of them: `injected/sitecustomize.py` sets the traps in the processes that a
test starts. The test arms one point at a time, by a file; the first process that comes by takes the file away and
is hit.
"""

import importlib
import inspect
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from tests.waiting import until

VARIABLE = "MO_TEST_CRASH_POINTS"
ROOT = Path(__file__).parent.parent.parent

#: Makes a Python process import `injected/sitecustomize.py`, and that these tests.
INJECTED = {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "faults" / "injected"), str(ROOT)])}
PATIENCE = 120.0  # seconds for somebody to come by; a worker that was hit before starts anew in two


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place before or behind a function."""

    name: str
    part: Literal["run", "server", "worker"]  #: who comes by
    side: Literal["before", "behind"]
    function: str  #: MODULE:NAME within `mo_gateway`, as the code around it calls it
    only_on: str | None = None  #: the one database where it is
    differs: bool = False  #: between the databases, so that it is always tried on both

    def is_on(self, database: str) -> bool:
        """Tell whether the code for that database comes by."""
        return self.only_on in (None, database)


_server = partial(Point, part="server")
_on_sqlite = partial(_server, only_on="sqlite")
_on_postgresql = partial(_server, only_on="postgresql")
_worker = partial(Point, part="worker")

#: In the order of a message's way.
POINTS = (
    Point(name="no tables yet", part="run", side="before", function="preparation:make_ready"),
    Point(name="tables made", part="run", side="behind", function="preparation:make_ready"),
    _server(name="request is there", side="before", function="receive:Receiver.prepare"),
    _server(name="request is read", side="behind", function="receive:Receiver.prepare"),
    _on_sqlite(name="in the writer's line", side="behind", function="store.writer:Writer.submit"),
    _on_sqlite(name="writer is to insert", side="before", function="store.writer:add_messages"),
    _on_sqlite(name="writer has inserted", side="behind", function="store.writer:add_messages"),
    _on_sqlite(name="writer has committed", side="behind", function="store.writer:Writer._stored"),
    _on_postgresql(name="in the loop's line", side="behind", function="store.loop_writer:LoopWriter.submit"),
    _on_postgresql(name="loop is to store", side="before", function="store.loop_writer:LoopWriter._stored"),
    _on_postgresql(name="loop is to send its statement", side="before", function="store.asking:Statement.send"),
    _on_postgresql(name="loop has sent its statement", side="behind", function="store.asking:Statement.send"),
    _on_postgresql(name="loop has committed", side="behind", function="store.loop_writer:LoopWriter._stored"),
    _server(name="worker is to be woken", side="before", function="store.wake:Notifier.notify"),
    _server(name="receipt is known", side="behind", function="receive:Receiver.accepted"),
    _server(name="answer is to be written", side="before", function="web.asgi:_written"),
    _server(name="answered", side="behind", function="web.asgi:Front.__call__"),
    _server(name="bad request inserted", side="behind", function="store.writer:add_rejections"),
    _server(name="counts are to be saved", side="before", function="store.intake:Intake.save"),
    _server(name="counts saved", side="behind", function="store.intake:Intake.save"),
    _server(name="report is to be stored", side="before", function="store.writer:add_reports"),
    _server(name="report has settled its reply", side="behind", function="store.reports:_settle"),
    _server(name="report inserted", side="behind", function="store.writer:add_reports"),
    _worker(name="STOP is to be looked for", side="before", function="store.opt_outs:next_messages"),
    _worker(name="STOP recorded", side="behind", function="store.opt_outs:add", differs=True),
    _worker(name="STOP confirmed", side="behind", function="consent:Consent._confirm"),
    _worker(name="message looked at", side="behind", function="store.opt_outs:looked_at"),
    _worker(name="STOP committed", side="before", function="consent:Consent._tell"),
    _worker(name="messages are to be claimed", side="before", function="store.queue:claim"),
    _worker(name="messages claimed", side="behind", function="store.queue:claim", differs=True),
    _worker(name="observers' work queued", side="behind", function="store.queue:add_observers"),
    _worker(name="claims committed", side="behind", function="dispatch:Dispatcher.exchange", differs=True),
    _worker(name="handler is to begin", side="before", function="dispatch:Dispatcher.run"),
    _worker(name="handler has returned", side="before", function="dispatch:Dispatcher._result"),
    _worker(name="handler is over", side="behind", function="dispatch:Dispatcher.run"),
    _worker(name="handler's transaction begun", side="before", function="dispatch:_no_commit"),
    _worker(name="handler's transaction over", side="behind", function="dispatch:Dispatcher._run_in_transaction"),
    _worker(name="result is to be written", side="before", function="store.queue:finish"),
    _worker(name="result written", side="behind", function="store.queue:finish", differs=True),
    _worker(name="reply queued", side="behind", function="store.outbox:add"),
    _worker(name="result and reply committed", side="before", function="dispatch:Dispatcher._tell"),
    _worker(name="reply is to be claimed", side="before", function="send:Sender.claim"),
    _worker(name="reply claimed", side="behind", function="store.outbox:claim", differs=True),
    _worker(name="claim of a reply committed", side="behind", function="send:Sender.claim"),
    _worker(name="call is to begin", side="before", function="wire:Wire.call"),
    _worker(name="call under way", side="before", function="wire:Wire._read", differs=True),
    _worker(name="call answered", side="behind", function="wire:Wire.call", differs=True),
    _worker(name="result of a call is to be written", side="before", function="send:Sender.record"),
    _worker(name="result of a call written", side="behind", function="store.outbox:finish", differs=True),
    _worker(name="attempt written", side="behind", function="store.outbox:add_attempt"),
    _worker(name="result of a call committed", side="behind", function="send:Sender.record"),
)


def point(name: str) -> Point:
    """Give the point of that name."""
    return next(one for one in POINTS if one.name == name)


class Traps:
    """The test's side: which point is armed, and who was hit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("armed", "hit"):
            (folder / name).mkdir(parents=True)

    @property
    def variables(self) -> dict[str, str]:
        """What the processes of a gateway need to have the traps."""
        return {VARIABLE: str(self._folder), **INJECTED}

    def arm(self, point: Point, *, passes: int = 0, stands_still: bool = False) -> None:
        """Have the next process that comes by die, or stand still; so many times it passes unharmed before."""
        (self._folder / "hit" / point.name).unlink(missing_ok=True)
        draft = self._folder / "draft"
        draft.write_text(f"{'stop' if stands_still else 'die'} {passes}")
        draft.rename(self._folder / "armed" / point.name)

    def hit(self, point: Point) -> int:
        """Wait until a process was hit, and give its number."""
        return int(until(lambda: self._victim(point), f"somebody to come by: {point.name}", within=PATIENCE))

    def _victim(self, point: Point) -> str:
        hit = self._folder / "hit" / point.name
        return hit.read_text() if hit.exists() else ""


def set_traps() -> None:
    """Set all traps, in the process of a gateway."""
    folder = os.environ.get(VARIABLE)
    if folder:
        by_function = sorted(POINTS, key=attrgetter("function"))
        for function, points in groupby(by_function, key=attrgetter("function")):
            _set(function, {one.side: _trap(Path(folder), one.name) for one in points})


def _set(function: str, traps: dict[str, Callable[[], None]]) -> None:
    """Put traps around a function, where it is looked up when it is called."""
    module, _, path = function.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(f"mo_gateway.{module}")
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, _around(getattr(owner, name), **traps))


def _around(
    function: Callable[..., Any],
    before: Callable[[], None] | None = None,
    behind: Callable[[], None] | None = None,
) -> Callable[..., Any]:
    def reach(trap: Callable[[], None] | None) -> None:
        if trap:
            trap()

    @wraps(function)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        reach(before)
        result = function(*args, **kwargs)
        reach(behind)
        return result

    @wraps(function)
    async def trapped_in_a_loop(*args: Any, **kwargs: Any) -> Any:
        reach(before)
        result = await function(*args, **kwargs)
        reach(behind)
        return result

    return trapped_in_a_loop if inspect.iscoroutinefunction(function) else trapped


def _trap(folder: Path, name: str) -> Callable[[], None]:
    armed, hit = folder / "armed" / name, folder / "hit" / name
    passed: Counter[int] = Counter()  # by the moment of arming

    def reached() -> None:
        try:
            armed_at = armed.stat().st_mtime_ns
            what, passes = armed.read_text().split()
            passed[armed_at] += 1
            if passed[armed_at] <= int(passes):
                return
            armed.unlink()
        except FileNotFoundError:  # not armed, or another process was quicker
            return
        draft = hit.with_suffix(f".{os.getpid()}")
        draft.write_text(str(os.getpid()))
        draft.rename(hit)
        if what == "die":
            os._exit(9)
        os.kill(os.getpid(), signal.SIGSTOP)

    return reached
