"""A message as a handler gets it, and variations on it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mo_gateway.message import Message

MESSAGE = Message(
    provider="spryng",
    msisdn="32412345678",
    keyword="WIN",
    parm="ON",
    operator="20601",
    shortcode="4414",
    country="BEL",
    reference="MARKETING_1",
    timestamp_raw="20040208152544",
    sent_at=datetime(2004, 2, 8, 14, 25, 44, tzinfo=UTC),
    received_at=datetime(2026, 11, 22, 14, 2, 11, 123456, tzinfo=UTC),
    charset="iso-8859-1",
    id=17,
)


def message(**changes: Any) -> Message:
    """Give the documented example, stored as number 17, with some fields changed."""
    return replace(MESSAGE, **changes)
