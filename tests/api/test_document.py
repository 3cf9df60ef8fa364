"""The OpenAPI document: it is valid, and says what the program does; each answer in it is provoked once."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from sqlalchemy import text
from werkzeug.test import TestResponse

from mo_gateway.errors import StorageError
from mo_gateway.gateway import Gateway
from mo_gateway.web import create_app
from mo_gateway.web.api.document import document
from tests.commands import invoke
from tests.examples import FORM, FORM_TYPE, form
from tests.stored import store

from .asking import Asker, asker

CALLBACK = "/spryng/mo/geheim"


@pytest.fixture
def written(gateway: Gateway) -> dict[str, Any]:
    """The document of a gateway."""
    return document(gateway.settings)


def described(written: dict[str, Any], kind: str, path: str, method: str = "get") -> dict[str, Any]:
    """Give the answers that an operation has."""
    answers: dict[str, Any] = written[kind][path][method]["responses"]
    return answers


def check(written: dict[str, Any], answers: dict[str, Any], response: TestResponse) -> str:
    """Demand that an answer is as it is described, and give its status."""
    status = str(response.status_code)
    content = answers[status]["content"][response.mimetype]["schema"]
    body = response.json if response.is_json else response.text
    OAS31Validator({**written, **content}).validate(body)
    for name, header in answers[status].get("headers", {}).items():
        OAS31Validator(header["schema"]).validate(response.headers[name])
    return status


def test_the_document_is_valid_openapi_3_1(written: dict[str, Any]) -> None:
    validate(written)

    assert written["openapi"] == "3.1.0"


def test_the_command_and_the_api_give_the_same_document(gateway: Gateway) -> None:
    printed = json.loads(invoke(gateway, "openapi").stdout)

    assert printed == asker(gateway).found("/openapi.json")


def test_every_address_is_documented_with_every_answer_that_it_gives(
    gateway: Gateway, written: dict[str, Any]
) -> None:
    message_id = store(gateway)
    client = create_app(gateway).test_client()
    off = {path: client.get(path) for path in written["paths"]}
    known = asker(gateway)
    concrete = {path: path.removeprefix("/api").replace("{id}", str(message_id)) for path in written["paths"]}
    seen: dict[str, set[str]] = {path: set() for path in written["paths"]}

    def see(path: str, response: TestResponse) -> None:
        seen[path].add(check(written, described(written, "paths", path), response))

    for path, short in concrete.items():
        see(path, off[path])
        see(path, known.ask(short))
        see(path, known.client.get(path))
    see("/api/messages/{id}", known.ask("/messages/0"))
    see("/api/messages", known.ask("/messages?limit=0"))
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mo_token RENAME TO gone"))
    for path, short in concrete.items():
        see(path, known.ask(short))

    assert seen == {path: set(described(written, "paths", path)) for path in seen}


def _get(client: FlaskClient, path: str = CALLBACK, **changes: str) -> TestResponse:
    return client.get(f"{path}?{form(**changes)}")


def _post(
    client: FlaskClient, path: str = CALLBACK, content_type: str = FORM_TYPE, **changes: str
) -> TestResponse:
    return client.post(path, data=form(**changes), content_type=content_type)


@pytest.mark.parametrize(("method", "call"), [("get", _get), ("post", _post)])
def test_every_answer_to_the_provider_is_documented(
    method: str,
    call: Callable[..., TestResponse],
    gateway: Gateway,
    written: dict[str, Any],
) -> None:
    client = create_app(gateway).test_client()
    answers = described(written, "webhooks", "message", method)

    def refuse(*_arguments: object, **_named: object) -> None:
        raise StorageError("no disk")

    responses = [
        call(client),
        call(client, MSISDN="1"),
        call(client, "/spryng/mo/wrong"),
        call(client, PARM="x" * gateway.settings.max_body_bytes),
        *([_post(client, content_type="application/json")] if method == "post" else []),
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(gateway.receiver), "receive", refuse)
        responses.append(call(client))

    assert {check(written, answers, response) for response in responses} == set(answers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MSISDN", "32412345678"),
        ("MSISDN", "+32412345678"),
        ("MSISDN", "0032412345678"),
        ("MSISDN", "12345"),
        ("MSISDN", "1234567890123456"),
        ("KEYWORD", "W"),
        ("KEYWORD", "WI"),
        ("KEYWORD", "x" * 15),
        ("KEYWORD", "x" * 16),
        ("KEYWORD", "a\tb"),
        ("PARM", ""),
        ("PARM", "a\tb\r\nc"),
        ("PARM", "a\0b"),
        ("OPERATOR", ""),
        ("OPERATOR", "2060"),
        ("OPERATOR", "206010"),
        ("TIMESTAMP", "2004020815254"),
        ("TIMESTAMP", "200402081525440"),
        ("SHORTCODE", ""),
        ("SHORTCODE", "1" * 20),
        ("SHORTCODE", "1" * 21),
        ("COUNTRY", "BEL"),
        ("COUNTRY", "bel"),
        ("COUNTRY", "XXX"),
        ("REFERENCE", ""),
        ("REFERENCE", "x" * 100),
        ("REFERENCE", "x" * 101),
    ],
)
def test_the_documented_rule_of_a_field_takes_what_the_callback_takes(
    name: str, value: str, gateway: Gateway, written: dict[str, Any]
) -> None:
    schema = written["components"]["schemas"]["Callback"]

    is_documented = OAS31Validator(schema).is_valid(FORM | {name: value})
    response = create_app(gateway).test_client().post(CALLBACK, data=form(**{name: value}), content_type=FORM_TYPE)

    assert is_documented == (response.status_code == 200)


def test_every_field_of_the_callback_has_its_rule_and_its_meaning(
    gateway: Gateway, written: dict[str, Any]
) -> None:
    documented = written["components"]["schemas"]["Callback"]
    in_query = {one["name"]: one for one in written["webhooks"]["message"]["get"]["parameters"]}

    assert documented["properties"].keys() == in_query.keys() == gateway.spryng.schema.fields.keys()
    for name, field in documented["properties"].items():
        assert field["description"] == in_query[name]["description"]
        assert {"pattern", "enum"} & field.keys()
        re.compile(field.get("pattern", ""))
    assert set(documented["required"]) == {name for name, one in in_query.items() if one["required"]}


def test_the_document_needs_a_token_as_everything_does(gateway: Gateway) -> None:
    known: Asker = asker(gateway)

    assert known.client.get("/api/openapi.json").status_code == 401
