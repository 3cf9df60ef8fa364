"""The OpenAPI 3.1 document: the read API, and under `webhooks` the call that the provider makes."""

from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.readers import open_spryng
from mo_gateway.numbering import load_numbering
from mo_gateway.settings import Settings
from mo_gateway.store.types import LARGEST

from . import callback
from .problems import TRY_AGAIN_AFTER
from .schemas import ApiProblem, Message, Messages, Query, Status

Answers = dict[str, Any]

ABOUT = """Messages (SMS) that a provider brought, and what became of them; read only, numbers masked.
Moments are ISO 8601 in UTC."""

SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "description": "`mo-gateway token add NAME` makes one.",
}


def document(settings: Settings) -> dict[str, Any]:
    """Write the document, the callback's rules as these settings have them."""
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title="mo_gateway",
        version=version("mo_gateway"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        security=[{"token": []}],
    )
    assert plugin.converter  # apispec makes it when it takes the plugin
    plugin.converter.add_attribute_function(callback.rules)  # type: ignore[no-untyped-call] # the library says no type
    spec.components.security_scheme("token", SECURITY)
    _add_paths(spec, settings)
    schema = open_spryng(settings, load_numbering(settings.operators_file)).schema
    spec.components.schema("Callback", schema=schema)
    parameters = plugin.converter.schema2parameters(schema, location="query")
    return {**spec.to_dict(), "webhooks": callback.webhooks(parameters, settings)}


def _add_paths(spec: APISpec, settings: Settings) -> None:
    query = {"in": "query", "schema": Query(settings.timezone, utc_now())}
    number = {
        "in": "path",
        "name": "id",
        "required": True,
        "description": "Number of the message",
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST},
    }
    bad_query = _problem("A parameter breaks a rule; each is named.")
    _add_path(spec, "/api/messages", "List messages, newest first", Messages, {"400": bad_query}, [query])
    missing = _problem("There is no message of this number.")
    _add_path(spec, "/api/messages/{id}", "Show one message whole", Message, {"404": missing}, [number])
    _add_path(spec, "/api/status", "Say what waits and what went wrong", Status)
    _add_path(spec, "/api/openapi.json", "Give this document", None)


def _add_path(
    spec: APISpec,
    path: str,
    summary: str,
    answer: type[Schema] | None,
    more: Answers | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> None:
    found: dict[str, Any] = {"schema": answer or {"type": "object"}}
    answers = {
        "200": {"description": "It is there.", "content": {"application/json": found}},
        "401": {
            **_problem("No token came, or none that is known."),
            "headers": {"WWW-Authenticate": {"schema": {"type": "string", "const": "Bearer"}}},
        },
        "404": _problem("There is no token, and so no API."),
        "503": {
            **_problem("The database does not answer, or not in time; or too many ask at once."),
            "headers": {"Retry-After": {"schema": {"type": "string", "const": TRY_AGAIN_AFTER}}},
        },
        **(more or {}),
    }
    operation = {"summary": summary, "parameters": parameters or [], "responses": dict(sorted(answers.items()))}
    spec.path(path=path, operations={"get": operation})


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": ApiProblem}}}
