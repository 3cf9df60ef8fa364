"""What callers are answered: plain text, a problem, an acknowledgement, and the receipts that prove it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from mo_gateway.message import Receipt

MOST_RECEIPTS = 50  # a proxy gives up on an answer whose head is too long, and what is stored would come again

Headers = tuple[tuple[str, str], ...]

#: No answer is kept by anybody, or taken for anything else.
OF_EVERY_ANSWER: Headers = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that any front can give."""

    status: int
    body: bytes
    content_type: str
    more: Headers = ()  #: headers beside those of every answer

    @property
    def headers(self) -> Headers:
        """All headers but the server's own."""
        of_the_body = (("Content-Type", self.content_type), ("Content-Length", str(len(self.body))))
        return (*of_the_body, *OF_EVERY_ANSWER, *self.more)


def text(status: int, sentence: str, *more: tuple[str, str]) -> Answer:
    """Make an answer for whoever reads the provider's log."""
    return plain(status, f"{sentence}\n".encode() if sentence else b"", "text/plain", *more)


def problem(*rejected: Receipt) -> Answer:
    """Name every bad field of a request that is kept; of a long list, those of its first bad messages."""
    named = rejected[:MOST_RECEIPTS]
    errors = [asdict(error) for receipt in named for error in receipt.errors]
    rejections = ", ".join(str(receipt.id) for receipt in named)
    content = {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": f"{len(errors)} field{'s break' if len(errors) > 1 else ' breaks'} a rule of the callback;"
        f" the request is kept as rejection{'s' if len(named) > 1 else ''} {rejections}.",
        "errors": errors,
    }
    return plain(400, json.dumps(content).encode(), "application/problem+json")


def plain(status: int, body: bytes, content_type: str, *more: tuple[str, str]) -> Answer:
    """Make an answer; one that asks to try again says when."""
    try_again = (("Retry-After", "60"),) if status == 503 else ()
    return Answer(status=status, body=body, content_type=content_type, more=(*try_again, *more))


def with_receipts(answer: Answer, receipts: Sequence[Receipt]) -> Answer:
    """Say in a header what has become of the request, message by message."""
    return replace(answer, more=(*answer.more, header_of(receipts))) if receipts else answer


def header_of(receipts: Sequence[Receipt]) -> tuple[str, str]:
    """Write receipts, the first of a long list, as a header."""
    words = ", ".join(f"{receipt.outcome} {receipt.id}" for receipt in receipts[:MOST_RECEIPTS])
    return "MO-Gateway-Receipt", words
