"""The outbox: replies, from the handler's transaction on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert

from mo_gateway import keys
from mo_gateway.message import Message, Reply

from .tables import mt_message
from .types import database_now


def add(
    conn: Connection,
    message: Message,
    replies: Sequence[Reply],
    *,
    handler: str,
    person_secret: bytes,
    now: datetime,
) -> None:
    """Queue the replies to a message; they exist exactly when the message is marked done."""
    if not replies:
        return
    recipients = [reply.to or message.msisdn for reply in replies]
    conn.execute(
        insert(mt_message).values(due_at=database_now()),
        [
            {
                "message_id": message.id,
                "handler": handler,
                "provider": reply.provider or message.provider,
                "msisdn": msisdn,
                "person_key": keys.person_key(person_secret, msisdn),
                "sender": reply.sender or message.shortcode,
                "body": reply.text,
                "reference": reply.reference,
                "created_at": now,
            }
            for reply, msisdn in zip(replies, recipients, strict=True)
        ],
    )
