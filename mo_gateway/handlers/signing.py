"""Signatures of what is sent to a target, as Standard Webhooks has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime

from mo_gateway.errors import ConfigError

PREFIX = "whsec_"
LENGTHS = range(24, 65)  # bytes


def read_secrets(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Read secrets as they are written down; or raise ConfigError, which does not quote them."""
    return tuple(_read(secret) for secret in secrets)


def signed(secrets: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Give the headers of a body: its id and time and, by each secret, a signature of all three.

    So secrets can be exchanged one after another. The id is the same whenever the same message is sent again.
    """
    timestamp = str(int(at.timestamp()))
    given = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    if not secrets:
        return given
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {**given, "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures)}


def _read(secret: str) -> bytes:
    try:
        read = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        read = b""
    if not secret.startswith(PREFIX) or len(read) not in LENGTHS:
        raise ConfigError(f"a secret is {PREFIX} and the base64 of 24 to 64 bytes, and one of these is not")
    return read
