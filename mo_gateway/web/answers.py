"""What callers are answered: plain text, a problem, an acknowledgement, and the receipts that prove it."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from werkzeug.wrappers import Response

from mo_gateway.message import Receipt

MOST_RECEIPTS = 50  # a proxy gives up on an answer whose head is too long, and what is stored would come again


def text(status: int, sentence: str, **headers: str) -> Response:
    """Make an answer for whoever reads the provider's log."""
    response = plain(status, f"{sentence}\n".encode() if sentence else b"", "text/plain")
    response.headers.update(headers)
    return response


def problem(*rejected: Receipt) -> Response:
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


def plain(status: int, body: bytes, content_type: str) -> Response:
    """Make an answer that nobody keeps and nobody takes for anything else."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 503:
        headers["Retry-After"] = "60"
    return Response(body, status, headers, content_type=content_type)


def with_receipts(response: Response, receipts: Sequence[Receipt]) -> Response:
    """Say in a header what has become of the request, message by message."""
    if receipts:
        words = [f"{receipt.outcome} {receipt.id}" for receipt in receipts[:MOST_RECEIPTS]]
        response.headers["MO-Gateway-Receipt"] = ", ".join(words)
    return response
