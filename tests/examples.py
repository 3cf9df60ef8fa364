"""The documented example of a callback, and variations on it."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from mo_gateway.message import WebhookRequest

FORM = {
    "MSISDN": "32412345678",
    "KEYWORD": "WIN",
    "PARM": "ON",
    "OPERATOR": "20601",
    "TIMESTAMP": "20040208152544",
    "SHORTCODE": "4414",
    "COUNTRY": "BEL",
    "REFERENCE": "MARKETING_1",
}
FORM_TYPE = "application/x-www-form-urlencoded"
NOW = datetime(2026, 11, 22, 14, 2, 11, 123456, tzinfo=UTC)


def form(**changes: str) -> str:
    """Give the example as a form body, with some fields changed."""
    return urlencode(FORM | changes, encoding="iso-8859-1")


def webhook(*, now: datetime = NOW, method: str = "POST", **changes: str) -> WebhookRequest:
    """Give the example as a request, with some fields changed."""
    return WebhookRequest(
        method=method,
        raw=form(**changes).encode("ascii"),
        content_type=FORM_TYPE if method == "POST" else "",
        remote_addr="192.0.2.1",
        received_at=now,
    )
