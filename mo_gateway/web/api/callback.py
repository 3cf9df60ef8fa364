"""The provider's callback in the OpenAPI document: the fields by the schema that reads them, and the answers."""

from typing import Any

from marshmallow.fields import Field

from mo_gateway.mo_fields import Digits, Msisdn, Text
from mo_gateway.providers.spryng.inbound import Country, Operator, Time
from mo_gateway.settings import Settings
from mo_gateway.web.answers import MOST_RECEIPTS
from mo_gateway.web.endpoints import FORM

#: What stands for each field on the provider's page.
MEANINGS = {
    "MSISDN": "The sender: country code first; one leading + is left out.",
    "KEYWORD": "The first word of the SMS.",
    "PARM": "All text after the keyword.",
    "OPERATOR": "The sender's network, MCC and MNC; empty is the default. Which codes are taken is a setting.",
    "TIMESTAMP": "YYYYMMDDHHMMSS, a time that exists, in the zone of MO_GATEWAY_TIMEZONE.",
    "SHORTCODE": "The number that the SMS was sent to, in national format.",
    "COUNTRY": "ISO 3166-1 alpha-3.",
    "REFERENCE": "The provider's reference; empty is the same as none.",
}

_REJECTED = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"const": 400},
        "detail": {"type": "string", "description": "Under which number the request is kept"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "value", "rule"],
                "properties": {
                    "field": {"type": "string"},
                    "value": {"type": "string", "description": "What came, cut to a readable length"},
                    "rule": {"type": "string", "description": "What would be right"},
                },
            },
        },
    },
}

_RECEIPT = {
    "MO-Gateway-Receipt": {
        "description": f"What became of it and its number, such as `stored 812`; at most {MOST_RECEIPTS} of them.",
        "schema": {"type": "string", "pattern": "^(stored|duplicate|rejected) [0-9]+"},
    }
}


def rules(_converter: Any, field: Field[Any], **_kwargs: Any) -> dict[str, Any]:
    """Say in JSON Schema what a field of the callback takes; of any other field nothing."""
    written = _rules(field)
    if written and field.name in MEANINGS:
        written["description"] = MEANINGS[field.name]
    return written


def _rules(field: Field[Any]) -> dict[str, Any]:
    match field:
        case Text(shortest=shortest, longest=longest, control=control):
            most = {} if longest is None else {"maxLength": longest}
            forbidden = control.pattern.removeprefix("[").removesuffix("]")
            return {"type": "string", "minLength": shortest, **most, "pattern": f"^[^{forbidden}]*$"}
        case Operator():
            return {"type": "string", "pattern": "^([0-9]{5})?$"}
        case Digits(shortest=shortest, longest=longest):
            return {"type": "string", "pattern": f"^[0-9]{{{shortest},{longest}}}$"}
        case Msisdn():
            return {"type": "string", "pattern": "^[+ ]?[1-9][0-9]{5,14}$"}
        case Time():
            return {"type": "string", "pattern": "^[0-9]{14}$"}
        case Country(countries=countries):
            return {"type": "string", "enum": sorted(countries)}
        case _:
            return {}


def webhooks(parameters: list[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """Describe the call: a POST with a form, or a GET with the same in its query."""
    call = {"summary": "Bring one SMS", "security": []}  # the secret in the path is what admits it
    form = {"required": True, "content": {FORM: {"schema": {"$ref": "#/components/schemas/Callback"}}}}
    unread = {"415": _text("The body is no form, or is packed; the request is kept.", "Send ", _RECEIPT)}
    answers = _answers(settings)
    post = {**call, "requestBody": form, "responses": dict(sorted({**answers, **unread}.items()))}
    return {"message": {"post": post, "get": {**call, "parameters": parameters, "responses": answers}}}


def _answers(settings: Settings) -> dict[str, Any]:
    stored = "Stored, or known already, and durable: it need not be sent again."
    if settings.rejected_answer == 200:
        stored += " So are messages that break a rule: they are kept as rejections."
    return {
        "200": _text(stored, "TRUE$", _RECEIPT),
        "400": {
            "description": "Fields break a rule, each is named; the request is kept. Or the body was cut short.",
            "headers": _RECEIPT,
            "content": {
                "application/problem+json": {"schema": _REJECTED},
                "text/plain": {"schema": {"type": "string"}},
            },
        },
        "403": _text("The secret in the path or the address is wrong.", "Forbidden"),
        "413": _text(
            f"It is longer than {settings.max_body_bytes} bytes; its beginning is kept.", "A req", _RECEIPT
        ),
        "503": _text("It is not stored: send it again.", "Not stored", _try_again()),
    }


def _text(description: str, beginning: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe an answer in plain text."""
    content = {"text/plain": {"schema": {"type": "string", "pattern": f"^{beginning}"}}}
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


def _try_again() -> dict[str, Any]:
    return {"Retry-After": {"description": "Seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}}
