"""The provider's book: how often each message was tried, and which were acknowledged.

The history is the same, line by line as it happened: `invoke` before a request is sent, then `ok` (200 and
TRUE), `fail` (answered otherwise) or `info` (no answer: the message may be stored or not). An `invoke`
without any of them belongs to a try that ended with the simulator.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .plan import Sms


@dataclass(frozen=True, slots=True)
class Result:
    """How a try ended."""

    type: Literal["ok", "fail", "info"]
    word: str  #: such as `200 TRUE`, `503` or `reset`


@dataclass(slots=True)
class Book:
    """What one provider knows at the end; messages by their number."""

    tries: dict[int, int] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    bad: set[int] = field(default_factory=set)  #: sent with a bad field
    dropped: set[int] = field(default_factory=set)
    retried: int = 0  #: tries of good messages that were not acknowledged before
    repeated: int = 0  #: tries of messages that had been acknowledged
    results: Counter[str] = field(default_factory=Counter)  #: word → tries that ended so
    latencies: list[float] = field(default_factory=list)  #: seconds to each TRUE
    seconds: float = 0.0
    is_interrupted: bool = False

    def begin_try(self, sms: Sms) -> int:
        """Note that a request is about to be sent, and give its number."""
        number = self.tries.get(sms.n, 0) + 1
        self.tries[sms.n] = number
        if sms.is_bad:
            self.bad.add(sms.n)
        if sms.n in self.acknowledged:
            self.repeated += 1
        return number

    def end_try(self, sms: Sms, result: Result, seconds: float) -> None:
        """Note how it ended."""
        self.results[result.word] += 1
        if result.type == "ok":
            self.acknowledged.add(sms.n)
            self.latencies.append(seconds)


def merged(books: Iterable[Book]) -> Book:
    """Put the books of providers that sent at the same time together."""
    whole = Book()
    for book in books:
        whole.tries |= book.tries
        whole.acknowledged |= book.acknowledged
        whole.bad |= book.bad
        whole.dropped |= book.dropped
        whole.retried += book.retried
        whole.repeated += book.repeated
        whole.results += book.results
        whole.latencies += book.latencies
        whole.seconds = max(whole.seconds, book.seconds)
        whole.is_interrupted |= book.is_interrupted
    return whole


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

    def invoke(self, sms: Sms, number: int) -> None:
        """Write that try `number` of a message is about to be sent."""
        self._write("invoke", sms, number)

    def end(self, sms: Sms, number: int, result: Result, seconds: float) -> None:
        """Write how it ended."""
        self._write(result.type, sms, number, result=result.word, seconds=round(seconds, 6))

    def _write(self, line_type: str, sms: Sms, number: int, **more: str | float) -> None:
        if not self._file:
            return
        line = {
            "t": self._clock().timestamp(),
            "type": line_type,
            "key": sms.reference,
            "try": number,
            **more,
        }
        self._file.write(json.dumps(line).encode() + b"\n")
