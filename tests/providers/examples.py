"""An SMS to send, a wire that gives up soon, and what a provider's call is once it has come in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mo_gateway.fakes.server import Call
from mo_gateway.message import WebhookRequest
from mo_gateway.reply import MtMessage
from mo_gateway.wire import Wire

WIRE = Wire(timeout=timedelta(seconds=20))
HASTY_WIRE = Wire(timeout=timedelta(seconds=1))  # a busy host may need half of it to connect
NOW = datetime(2026, 11, 22, 14, 2, 11, 123456, tzinfo=UTC)


def mt_message(text: str = "U doet mee.", **changes: Any) -> MtMessage:
    """Give an SMS to a made-up number, with some fields changed."""
    usual = {"id": 1, "msisdn": "32470123456", "sender": "4414", "reference": "9f86d081884c7d65"}
    return MtMessage(**{**usual, "text": text, **changes})


def request_of(call: Call, *, now: datetime = NOW) -> WebhookRequest:
    """Give a provider's call as the request that it is to the gateway."""
    return webhook_request(call.body or call.query.encode(), call.headers.get("Content-Type", ""), now=now)


def webhook_request(raw: bytes, content_type: str = "", *, now: datetime = NOW) -> WebhookRequest:
    """Give a request with these bytes."""
    return WebhookRequest(
        method="POST", raw=raw, content_type=content_type, remote_addr="192.0.2.1", received_at=now
    )


def json_values(names: SearchStrategy[str]) -> SearchStrategy[Any]:
    """Give whatever JSON can hold, with such names in its objects.

    Not by `st.recursive`, which reads this file again to check itself, and fails if it is being written meanwhile.
    """
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    values: SearchStrategy[Any] = st.deferred(
        lambda: leaves | st.lists(values, max_size=4) | st.dictionaries(names, values, max_size=4)
    )
    return values
