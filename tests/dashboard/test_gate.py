"""Who is let in: no user, no dashboard; no log-in, no page; no permission, no way in; no form of another site."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mo_gateway.gateway import Gateway
from mo_gateway.store import audit
from mo_gateway.store.audit import Actor
from mo_gateway.users import MOST_OF_BOTH, Role, Users
from mo_gateway.web import create_app
from mo_gateway.web.dashboard import session
from mo_gateway.web.dashboard.gate import Route
from mo_gateway.web.dashboard.roles import OF_ROLE, May
from mo_gateway.web.dashboard.routes import ROUTES

from .visiting import Visitor, log_in, proof_of, visitor

PASSWORD = "correct horse battery"
BY = Actor(name="test")
FORMS = [route for route in ROUTES if "POST" in route.methods]


def filled(route: Route) -> str:
    """Write an address of a route."""
    parts = [
        ("812" if part.startswith("<int:") else "x") if part.startswith("<") else part
        for part in route.path.split("/")
    ]
    return f"/dashboard{'/'.join(parts)}"


@dataclass(frozen=True, slots=True)
class Door:
    """One application, at which each route is tried by a browser of its own: some routes end a session."""

    gateway: Gateway
    app: Flask

    def visitor(self, role: Role, route: Route) -> Visitor:
        """Give somebody who is logged in for one route."""
        keywords = ["win"] if role is Role.MANAGER else []
        token = log_in(self.gateway.engine, f"{role} at {route.name}", role, *keywords, at=self.gateway.clock())
        return Visitor(self.client(token), token)

    def client(self, token: str) -> FlaskClient:
        """Give a browser with something in its cookie."""
        client = self.app.test_client()
        client.set_cookie(session.COOKIE, token, path="/dashboard")
        return client


@pytest.fixture
def door(gateway: Gateway) -> Door:
    """The way in, of a dashboard that has a user."""
    log_in(gateway.engine, "an", "admin", at=gateway.clock())
    return Door(gateway, create_app(gateway))


@pytest.mark.parametrize("role", Role)
def test_a_role_gets_in_where_the_route_is_for_it_and_nowhere_else(role: Role, door: Door) -> None:
    def status(route: Route) -> int:
        somebody = door.visitor(role, route)
        form = {session.FIELD: proof_of(somebody.token)} if route in FORMS else {}
        with somebody.client.open(filled(route), method=route.methods[0], data=form) as response:
            return response.status_code  # a file is under way until it is closed

    tried = [route for route in ROUTES if route.may is not May.LOG_IN]
    let_in = {route.name for route in tried if status(route) != 403}

    assert let_in == {route.name for route in tried if route.may in OF_ROLE[role]}


def test_nobody_gets_anywhere_without_logging_in_but_to_the_log_in(door: Door) -> None:
    def answer(route: Route) -> tuple[int, str]:
        form = {session.FIELD: proof_of("guessed")} if route in FORMS else {}
        response = door.client("guessed").open(filled(route), method=route.methods[0], data=form)
        return response.status_code, (response.location or "").partition("?")[0]

    answers = {route.name: answer(route) for route in ROUTES if route.may is not May.LOG_IN}

    assert set(answers.values()) == {(302, "/dashboard/login")}, answers
    assert "Log in" in door.client("guessed").get("/dashboard/login").text


@pytest.mark.parametrize("proof", [None, "", "0" * 64], ids=["none", "empty", "wrong"])
def test_nothing_is_changed_by_a_form_that_is_not_ours(proof: str | None, door: Door) -> None:
    somebody = door.visitor(Role.ADMIN, ROUTES[0])
    field = {} if proof is None else {session.FIELD: proof}

    answers = {route.name: somebody.client.post(filled(route), data=field) for route in FORMS}

    refused = {name for name, response in answers.items() if "not of this page" in response.text}
    assert refused == answers.keys()
    assert {response.status_code for response in answers.values()} == {403}


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
@pytest.mark.parametrize("role", Role)
def test_nothing_is_changed_by_a_form_that_another_site_sends(role: Role, origin: str, door: Door) -> None:
    somebody = door.visitor(role, ROUTES[0])
    form = {session.FIELD: proof_of(somebody.token)}
    sent_by = {"Sec-Fetch-Site": origin}

    answers = {route.name: somebody.client.post(filled(route), data=form, headers=sent_by) for route in FORMS}

    refused = {name for name, response in answers.items() if "not of this page" in response.text}
    assert refused == answers.keys()
    assert somebody.get("/nowhere").status_code == 404  # which only somebody who is logged in is told


def test_nothing_is_done_by_a_route_that_only_shows(door: Door) -> None:
    somebody = door.visitor(Role.ADMIN, ROUTES[0])
    form = {session.FIELD: proof_of(somebody.token)}
    forms = {route.path for route in FORMS}
    shown = [route for route in ROUTES if route.path not in forms]

    statuses = {route.name: somebody.client.post(filled(route), data=form).status_code for route in shown}

    assert set(statuses.values()) == {405}, statuses


def test_there_is_no_dashboard_until_there_is_a_user(gateway: Gateway) -> None:
    response = create_app(gateway).test_client().get("/dashboard/audit")

    assert response.status_code == 404
    assert "mo-gateway user add" in response.text


def test_who_logs_in_gets_a_new_token_and_comes_to_the_page_that_was_asked_for(gateway: Gateway) -> None:
    Users(gateway.engine).add("an", PASSWORD, Role.ADMIN, (), BY, gateway.clock())
    client = create_app(gateway).test_client()
    asked = client.get("/dashboard/audit?actor=an", follow_redirects=True)
    before = client.get_cookie(session.COOKIE, path="/dashboard")
    assert before

    fields = {"name": "an", "password": PASSWORD, "next": "/dashboard/audit?actor=an"}
    form = {session.FIELD: proof_of(before.value), **fields}
    response = client.post("/dashboard/login", data=form)

    after = client.get_cookie(session.COOKIE, path="/dashboard")
    assert asked.status_code == 200
    assert response.location == "/dashboard/audit?actor=an"
    assert after
    assert after.value != before.value
    assert after.http_only
    assert after.same_site == "Lax"
    assert client.get("/dashboard/audit").status_code == 200


def test_a_cookie_that_somebody_else_has_put_into_a_browser_is_no_session_after_the_log_in(
    gateway: Gateway,
) -> None:
    Users(gateway.engine).add("an", PASSWORD, Role.ADMIN, (), BY, gateway.clock())
    victim, attacker = create_app(gateway).test_client(), create_app(gateway).test_client()
    for client in (victim, attacker):
        client.set_cookie(session.COOKIE, "planted", path="/dashboard")

    form = {session.FIELD: proof_of("planted"), "name": "an", "password": PASSWORD}
    victim.post("/dashboard/login", data=form)

    assert victim.get("/dashboard/audit").status_code == 200
    assert attacker.get("/dashboard/audit").status_code == 302


@pytest.mark.attacks
def test_of_a_thousand_guesses_few_are_looked_at_and_none_tells_whether_the_name_is_known(
    gateway: Gateway,
) -> None:
    Users(gateway.engine).add("an", PASSWORD, Role.ADMIN, (), BY, gateway.clock())
    answers = {}
    for name in ("an", "nobody"):
        client = create_app(gateway).test_client()
        client.set_cookie(session.COOKIE, "before", path="/dashboard")
        address = {"REMOTE_ADDR": f"192.0.2.{len(name)}"}
        form = {session.FIELD: proof_of("before"), "name": name}
        guesses = [
            client.post("/dashboard/login", data={**form, "password": f"{n:012}"}, environ_base=address)
            for n in range(500)
        ]
        answers[name] = [(guess.status_code, guess.text.replace(f'value="{name}"', "")) for guess in guesses]

    assert [status for status, _ in answers["an"]] == [403] * MOST_OF_BOTH + [429] * (500 - MOST_OF_BOTH)
    assert answers["an"] == answers["nobody"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "/spryng/mo"])
def test_a_log_in_leads_to_a_page_of_the_dashboard_and_nowhere_else(elsewhere: str, gateway: Gateway) -> None:
    Users(gateway.engine).add("an", PASSWORD, Role.ADMIN, (), BY, gateway.clock())
    client = create_app(gateway).test_client()
    client.set_cookie(session.COOKIE, "before", path="/dashboard")

    form = {session.FIELD: proof_of("before"), "name": "an", "password": PASSWORD, "next": elsewhere}
    response = client.post("/dashboard/login", data=form)

    assert response.location == "/dashboard/"


def test_after_some_wrong_passwords_even_the_right_one_is_not_looked_at_for_a_while(gateway: Gateway) -> None:
    Users(gateway.engine).add("an", PASSWORD, Role.ADMIN, (), BY, gateway.clock())
    client = create_app(gateway).test_client()
    client.set_cookie(session.COOKIE, "before", path="/dashboard")

    def tried(password: str) -> int:
        form = {session.FIELD: proof_of("before"), "name": "an", "password": password}
        return client.post("/dashboard/login", data=form).status_code

    wrong = [tried(f"wrong {n}") for n in range(MOST_OF_BOTH)]
    then = tried(PASSWORD)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16)):
        later = tried(PASSWORD)

    assert (set(wrong), then, later) == ({403}, 429, 302)


def test_a_session_ends_when_it_is_not_used_when_it_is_old_and_when_somebody_logs_out(gateway: Gateway) -> None:
    somebody = visitor(gateway)
    statuses = []
    for hours in (0.9, 1.8, 3.0):
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours)):
            statuses.append(somebody.get("/audit").status_code)

    assert statuses == [200, 200, 302]

    other = visitor(gateway, "admin", name="bob")
    assert other.post("/logout").status_code == 302
    other.client.set_cookie(session.COOKIE, other.token, path="/dashboard")
    assert other.get("/audit").status_code == 302


def test_no_page_is_kept_by_anybody_and_none_runs_what_is_not_ours(gateway: Gateway) -> None:
    response = visitor(gateway).get("/audit")

    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "<script>" not in response.text
    assert " style=" not in response.text


def test_the_trail_cannot_be_changed_by_anybody(gateway: Gateway) -> None:
    visitor(gateway)
    with gateway.engine.begin() as conn:
        audit.add(conn, BY, audit.Deed(action="reveal"), gateway.clock())

    for statement in ("UPDATE mo_audit SET reason = 'x'", "DELETE FROM mo_audit"):
        with pytest.raises(Exception, match="neither changed nor deleted"), gateway.engine.begin() as conn:
            conn.execute(text(statement))


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("OPTIONS", 405), ("PUT", 405), ("DELETE", 405), ("TRACE", 405)]
)
def test_a_page_is_looked_at_and_nothing_else(method: str, status: int, gateway: Gateway) -> None:
    assert visitor(gateway).client.open("/dashboard/audit", method=method).status_code == status
