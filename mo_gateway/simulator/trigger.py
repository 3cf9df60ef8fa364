"""One message, sent by hand: whatever its fields hold, right or wrong, goes out as it is."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from mo_gateway.masking import one_line

from .answer import Answer
from .client import Line, NoAnswer
from .target import Target

TIMEOUT = timedelta(seconds=30)

#: What to do about an answer that does not say it itself.
HINTS = {
    403: "The gateway knows no such secret, or lets this address not in: compare the URL with the one that"
    " `mo-gateway run` prints.",
    404: "No callback is at this path: compare the URL with the one that `mo-gateway run` prints.",
    503: "Not stored: the gateway's database does not answer, or too many requests wait for it.",
}

_RECEIPT = re.compile("(stored|duplicate|rejected) ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and what came back."""

    answer: Answer
    milliseconds: int

    @property
    def is_kept(self) -> bool:
        """Acknowledged as a message, and not as a bad request that was set apart."""
        return self.answer.is_acknowledged and self.receipt[0] != "rejected"

    @property
    def hint(self) -> str:
        """What to do about it; empty where there is nothing to do or to say."""
        return HINTS.get(self.answer.status, "")

    def in_words(self) -> str:
        """Write it for a person: one line, and one more for each bad field."""
        outcome, row = self.receipt
        told = f" {outcome}{' of' if outcome == 'duplicate' else ''} #{row}" if outcome else ""
        lines = [f"{self.answer.word} {self.milliseconds} ms{told}"]
        lines += [one_line(f"  {fault['field']} {fault['value']!r} {fault['rule']}") for fault in self.faults]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Write it for a program."""
        outcome, row = self.receipt
        return {
            "status": self.answer.status,
            "acknowledged": self.answer.is_acknowledged,
            "outcome": outcome or None,
            "id": int(row) if row else None,
            "milliseconds": self.milliseconds,
            "errors": self.faults,
        }

    @property
    def receipt(self) -> tuple[str, str]:
        """What the gateway says became of it: `("stored", "812")`; empty where it says nothing."""
        match = _RECEIPT.fullmatch(self.answer.headers.get("mo-gateway-receipt", ""))
        return (match[1], match[2]) if match else ("", "")

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The bad fields that the gateway names: `field`, `value` and the `rule` it broke."""
        if self.answer.headers.get("content-type") != "application/problem+json":
            return []
        return list(json.loads(self.answer.body).get("errors", []))


def send(target: Target, method: str, form: bytes, *, times: int) -> Iterator[Sent]:
    """Send the same form some times, one after another; raise NoAnswer at the first that gets none."""
    with asyncio.Runner() as runner:
        line = Line(target, timeout=TIMEOUT, keep_alive=True)
        try:
            for _ in range(times):
                begin = perf_counter()
                answer = runner.run(line.exchange(method, form))
                yield Sent(answer, round(1000 * (perf_counter() - begin)))
        finally:
            line.close()


def explain(failure: NoAnswer, target: Target) -> str:
    """Say in a sentence why there was no answer."""
    cause = failure.__cause__
    match str(failure):
        case "unreachable" if isinstance(cause, ConnectionRefusedError):
            return f"Nothing answers at {target.origin}: is `mo-gateway run` running?"
        case "unreachable":
            return f"{target.origin} cannot be reached: {cause}"
        case "time-out":
            seconds = TIMEOUT.total_seconds()
            return f"{target.origin} gave no answer in {seconds:.0f} s; the message may be stored or not."
        case "not HTTP":
            return f"What answers at {target.origin} does not speak HTTP."
        case _:
            return f"{target.origin} hung up without an answer; the message may be stored or not."
