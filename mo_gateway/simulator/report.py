"""The figures of a run and what is wrong with them, for programs and for people."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .book import Book
from .plan import Plan
from .verdict import MEANINGS, Verdict

#: How many references of one kind a person is shown; JSON has them all.
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a run."""

    plan: Plan
    book: Book
    verdict: Verdict | None  #: None where the database was not read
    bad_may_be_true: bool  #: the gateway answers TRUE to what it rejects (MO_GATEWAY_REJECTED_ANSWER=200)

    def problems(self) -> list[str]:
        """Give every reason not to be content, as a sentence."""
        book = self.book
        bad_acknowledged = book.bad & book.acknowledged
        found = []
        if not book.acknowledged - book.bad:
            found.append("nothing was acknowledged, so this run proves nothing")
        if book.dropped:
            found.append(f"{len(book.dropped)} dropped: never acknowledged in a day, lost for their senders")
        if bad_acknowledged and not self.bad_may_be_true:
            found.append(f"{len(bad_acknowledged)} acknowledged, though a field was bad")
        for name, meaning in MEANINGS.items() if self.verdict else ():
            if references := getattr(self.verdict, name):
                found.append(f"{len(references)} {meaning}: {_some(references)}")
        return found

    def figures(self) -> dict[str, Any]:
        """Give everything, as JSON holds it."""
        book = self.book
        good = book.tries.keys() - book.bad
        tries = sum(book.tries.values())
        return {
            "run": self.plan.run,
            "seed": self.plan.seed,
            "seconds": round(book.seconds, 3),
            "messages": len(good),
            "acknowledged": len(book.acknowledged - book.bad),
            "dropped": len(book.dropped),
            "bad_messages": len(book.bad),
            "bad_acknowledged": len(book.bad & book.acknowledged),
            "tries": tries,
            "retried": book.retried,
            "repeated": book.repeated,
            "tries_per_second": _rate(tries, book.seconds),
            "true_per_second": _rate(len(book.latencies), book.seconds),
            "true_latency_ms": _latencies(book.latencies),
            "answers": dict(book.results.most_common()),
            "messages_by_tries": dict(sorted(Counter(book.tries[n] for n in good).items())),
            "interrupted": book.is_interrupted,
            "database": asdict(self.verdict) if self.verdict else None,
            "problems": self.problems(),
        }


def in_words(figures: Mapping[str, Any]) -> str:
    """Write the figures for a person, one idea a line."""
    lines = ["{messages:,} messages: {acknowledged:,} acknowledged, {dropped:,} dropped"]
    if figures["bad_messages"]:
        lines.append("{bad_messages:,} bad messages besides: {bad_acknowledged:,} acknowledged")
    lines += [
        "{tries:,} tries in {seconds:,} s: {retried:,} retries, {repeated:,} repeated after a TRUE",
        "{tries_per_second:,} tries a second, {true_per_second:,} TRUE a second",
    ]
    if figures["true_latency_ms"]:
        lines.append("TRUE after {true_latency_ms[p50]} ms (p50), {true_latency_ms[p99]} ms (p99)")
    words = [line.format(**figures) for line in lines]
    words.append("answers: " + ", ".join(f"{word} {n:,}" for word, n in figures["answers"].items()))
    by_tries = figures["messages_by_tries"].items()
    words.append("messages by tries: " + ", ".join(f"{tries}: {n:,}" for tries, n in by_tries))
    if figures["interrupted"]:
        words.append("interrupted: what was not acknowledged would have been tried again")
    if database := figures["database"]:
        found = ", ".join(f"{len(database[name]):,} {name.replace('_', ' ')}" for name in MEANINGS)
        words.append(f"database: {database['stored']:,} stored, {found}")
    return "\n".join(words + [f"✗ {problem}" for problem in figures["problems"]])


def _latencies(seconds: Sequence[float]) -> dict[str, float] | None:
    if not seconds:
        return None
    ordered = sorted(seconds)

    def quantile(share: float) -> float:
        return round(1000 * ordered[math.ceil(share * len(ordered)) - 1], 1)

    return {"p50": quantile(0.5), "p99": quantile(0.99), "max": quantile(1.0)}


def _rate(n: int, seconds: float) -> float:
    return round(n / seconds, 1) if seconds else 0.0


def _some(references: Sequence[str]) -> str:
    return ", ".join(references[:MOST_SHOWN]) + (", …" if len(references) > MOST_SHOWN else "")
