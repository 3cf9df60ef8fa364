"""The provider's book: how often each message was tried, and which were acknowledged."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

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
