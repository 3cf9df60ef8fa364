"""What is kept of messages: from a row back to its request, from a dedupe key to its row."""

from typing import Any

from sqlalchemy import Connection, Row, select

from mo_gateway.message import WebhookRequest

from .tables import mo_message


def to_request(row: Row[Any], *, content_type: str) -> WebhookRequest:
    """Turn a row of `mo_message` or `mo_rejection` back into the request that it came as."""
    return WebhookRequest(
        method=row.method,
        raw=row.raw,
        content_type=content_type,
        remote_addr=row.remote_addr,
        received_at=row.received_at,
        is_test=row.is_test,
    )


def holder(conn: Connection, key: bytes) -> int | None:
    """Give the message that has this dedupe key, or None."""
    return conn.scalar(select(mo_message.c.id).where(mo_message.c.dedupe_key == key))
