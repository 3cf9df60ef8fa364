"""What a message looks like to those outside: the wire's own names in lower case, and a few of ours."""

import json
from datetime import UTC
from typing import Any

from mo_gateway.message import Message


def id_of(message: Message) -> str:
    """Give the id by which a target recognises a message that it gets again."""
    return f"mo_{message.id}"


def fields_of(message: Message) -> dict[str, Any]:
    """Give all that is said of a message, ready for JSON."""
    return {
        "id": id_of(message),
        "attempt": message.attempt,
        "provider": message.provider,
        "provider_id": message.provider_id,
        "msisdn": message.msisdn,
        "keyword": message.keyword,
        "parm": message.parm,
        "text": message.text,
        "operator": message.operator,
        "operator_defaulted": message.operator_defaulted,
        "timestamp": message.timestamp_raw,
        "sent_at": message.sent_at.astimezone(UTC).isoformat(),
        "received_at": message.received_at.astimezone(UTC).isoformat(),
        "shortcode": message.shortcode,
        "country": message.country,
        "reference": message.reference,
        "charset": message.charset,
        "marks": list(message.marks),
        "question": message.question.expect if message.question else None,
        "is_test": message.is_test,
    }


def as_json(message: Message) -> bytes:
    """Write a message as JSON, in ASCII: half an emoji, which UTF-8 cannot hold, stands there as an escape."""
    return json.dumps(fields_of(message), separators=(",", ":")).encode("ascii")


def as_fields(message: Message) -> list[tuple[str, str]]:
    """Write a message as fields of a form: the same names; nothing is empty, true and false are words."""
    return [(name, _in_form(value)) for name, value in fields_of(message).items()]


def as_spryng(message: Message) -> list[tuple[str, str]]:
    """Write a message as Spryng does: the fields of its callback, in its order."""
    fields = [
        ("MSISDN", message.msisdn),
        ("KEYWORD", message.keyword),
        ("PARM", message.parm),
        ("OPERATOR", message.operator),
        ("TIMESTAMP", message.timestamp_raw),
        ("SHORTCODE", message.shortcode),
        ("COUNTRY", message.country),
    ]
    return [*fields, ("REFERENCE", message.reference)] if message.reference else fields


def _in_form(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)
