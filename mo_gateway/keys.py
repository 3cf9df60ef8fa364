"""Keys: what makes two requests the same message, two messages the same person, two people the same line."""

import hmac
from hashlib import blake2b

from .message import Message, WebhookRequest


def message_key(message: Message) -> bytes:
    """Give the key that is equal when the provider repeats itself: 16 bytes.

    The TIMESTAMP's digits come first, so that new rows land at the end of the unique index and the insert
    rate does not fall as the table grows; then a hash of the provider and its own id of the message. Without
    such an id it is a hash of the provider and all eight fields, each with its length before it. Neither HTTP
    method nor charset is in it.
    """
    time = int(message.timestamp_raw).to_bytes(6)
    if message.provider_id is not None:
        return time + _hash(message.provider.encode(), message.provider_id.encode(), size=10)
    fields = (
        message.provider,
        message.msisdn,
        message.keyword,
        message.parm,
        message.operator,
        message.timestamp_raw,
        message.shortcode,
        message.country,
        message.reference or "",
    )
    return time + _hash(*(field.encode() for field in fields), size=10)


def rejection_key(provider: str, request: WebhookRequest) -> bytes:
    """Give the key that is equal when the same bad request comes again: 16 bytes."""
    parts = (provider.encode(), request.method.encode(), request.content_type.encode(), request.raw)
    return _hash(*parts, size=16)


def person_key(secret: bytes, msisdn: str) -> bytes:
    """Give the keyed hash of an MSISDN: 16 bytes; without the secret nobody can list the numbers back."""
    return hmac.digest(secret, msisdn.encode(), "sha256")[:16]


def line_of(person: bytes, shortcode: str) -> int:
    """Give the queue that a message waits in: one sender to one shortcode, as a signed 64-bit number."""
    return int.from_bytes(_hash(person, shortcode.encode(), size=8), signed=True)


def _hash(*parts: bytes, size: int) -> bytes:
    return blake2b(b"".join([len(part).to_bytes(4) + part for part in parts]), digest_size=size).digest()
