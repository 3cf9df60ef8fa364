"""The history: the provider's book line by line, as it happened, in a file that outlives the simulator.

Its first line is the `plan` of the run, so that everything that was sent can be written anew. Then there is for
each try an `invoke` before the request is sent, and after it `ok` (200 and TRUE), `fail` (answered otherwise) or
`info` (no answer: the message may be stored or not). An `invoke` without any of them belongs to a try that ended
with the simulator.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from .book import Book, Result
from .plan import Plan, Sms


class History:
    """A file of JSON lines that several processes may write at once; without a path it keeps nothing."""

    def __init__(self, path: Path | None, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        # Not buffered, and appended in one write each: lines of two processes never mix, and what happened
        # before a kill is there.
        self._file = path.open("ab", buffering=0) if path else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def begin(self, plan: Plan) -> None:
        """Write what is going to be sent."""
        values = {**asdict(plan), "zone": plan.zone.key, "spread": plan.spread.total_seconds()}
        self._write("plan", plan=values)

    def invoke(self, sms: Sms, number: int) -> None:
        """Write that try `number` of a message is about to be sent."""
        self._write("invoke", key=sms.reference, **{"try": number})

    def end(self, sms: Sms, number: int, result: Result, seconds: float) -> None:
        """Write how it ended."""
        more = {"try": number, "result": result.word, "seconds": round(seconds, 6)}
        self._write(result.type, key=sms.reference, **more)

    def _write(self, line_type: str, **values: Any) -> None:
        if self._file:
            line = {"t": self._clock().timestamp(), "type": line_type, **values}
            self._file.write(json.dumps(line).encode() + b"\n")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Give the lines of a history so far, without one that is being written."""
    with path.open() as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)


def read_history(path: Path) -> tuple[Plan, Book]:
    """Give what was sent and what the provider knew of it at the end, or raise ValueError."""
    lines = read_lines(path)
    first = next(lines, {})
    if first.get("type") != "plan":
        raise ValueError(f"{path} is not a history: its first line has no plan")
    plan = _plan(first["plan"])
    return plan, _book(plan, lines, float(first["t"]))


def _plan(values: Mapping[str, Any]) -> Plan:
    of_other_types = {
        "zone": ZoneInfo(values["zone"]),
        "spread": timedelta(seconds=values["spread"]),
        "keywords": tuple(values["keywords"]),
        "texts": tuple(values["texts"]),
    }
    return Plan(**{**values, **of_other_types})


def _book(plan: Plan, lines: Iterator[dict[str, Any]], start: float) -> Book:
    book, under_way, now = Book(), 0, datetime.fromtimestamp(start, UTC)
    for line in lines:
        sms = plan.sms(int(line["key"].removeprefix(plan.prefix)), now)
        if line["type"] == "invoke":
            under_way += 1
            book.begin_try(sms)
        else:
            under_way -= 1
            book.end_try(sms, Result(line["type"], line["result"]), line["seconds"])
        book.seconds = line["t"] - start
    book.is_interrupted = under_way > 0
    return book
