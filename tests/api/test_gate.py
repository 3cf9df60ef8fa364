"""Who may ask: no token, no API; without the right one, the same answer byte for byte; and nothing but looking."""

from contextlib import ExitStack

import pytest
from sqlalchemy import text

from mo_gateway.gateway import Gateway
from mo_gateway.store.audit import Actor
from mo_gateway.tokens import Tokens
from mo_gateway.web import create_app
from mo_gateway.web.dashboard.desk import Desk
from mo_gateway.web.source import AT_ONCE

from .asking import asker

PATHS = ("/api/messages", "/api/messages/1", "/api/status", "/api/openapi.json", "/api/nothing", "/api/a/b")


def test_there_is_no_api_until_there_is_a_token(gateway: Gateway) -> None:
    client = create_app(gateway).test_client()

    answers = {client.get(path).data for path in PATHS}

    assert client.get("/api/status").status_code == 404
    assert len(answers) == 1
    assert b"mo-gateway token add NAME" in answers.pop()


def test_whoever_has_not_the_token_gets_the_same_answer_to_everything(gateway: Gateway) -> None:
    known = asker(gateway)
    wrong = [
        None,
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {known.token[:-1]}",
        f"Bearer {known.token}x",
        f"Basic {known.token}",
        known.token,
        "Bearer \xe9",
    ]

    answers = {
        (response.status_code, response.data, tuple(response.headers))
        for given in wrong
        for path in PATHS
        for method in ("GET", "POST", "DELETE", "OPTIONS", "TRACE")
        for response in [known.client.open(path, method=method, headers={"Authorization": given} if given else {})]
    }

    assert len(answers) == 1
    status, _, headers = answers.pop()
    assert (status, dict(headers)["WWW-Authenticate"]) == (401, "Bearer")


def test_no_answer_is_kept_by_anybody(gateway: Gateway) -> None:
    known = asker(gateway)

    answers = [known.ask("/status"), known.ask("/messages/1"), known.client.get("/api/status")]

    assert [response.headers["Cache-Control"] for response in answers] == ["no-store"] * 3
    assert [response.status_code for response in answers] == [200, 404, 401]


def test_a_token_opens_nothing_once_it_is_taken_away(gateway: Gateway) -> None:
    known = asker(gateway)
    tokens, by = Tokens(gateway.engine), Actor(name="test")
    tokens.add("another", by, gateway.clock())
    before = known.ask("/status").status_code
    tokens.remove("tests", by, gateway.clock())

    assert (before, known.ask("/status").status_code) == (200, 401)


@pytest.mark.parametrize("path", ["/messages", "/messages/1", "/status", "/openapi.json"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_there_is_nothing_to_do_but_to_look(path: str, method: str, gateway: Gateway) -> None:
    response = asker(gateway).ask(path, method)

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert response.content_type == "application/problem+json"


def test_an_address_where_nothing_is_says_where_to_look(gateway: Gateway) -> None:
    response = asker(gateway).ask("/nothing")

    assert response.status_code == 404
    assert "/api/openapi.json" in response.json["detail"]  # type: ignore[index] # it is a problem


def test_pages_and_answers_share_the_places_that_there_are(gateway: Gateway) -> None:
    known = asker(gateway)
    desk = known.client.application.extensions["mo_gateway_dashboard"]
    assert isinstance(desk, Desk)

    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(desk.places)
        busy = known.ask("/status")

    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert known.ask("/status").status_code == 200


def test_without_the_database_it_says_so_and_nothing_of_it(gateway: Gateway) -> None:
    known = asker(gateway)
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mo_token RENAME TO gone"))

    response = known.ask("/status")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.json == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The database does not answer.",
    }
