"""The screen Connection: what the provider has to call, the first steps, the checks, and a test."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urljoin

import pytest
import urllib3
from sqlalchemy import insert

from mo_gateway.gateway import Gateway
from mo_gateway.message import Outcome, WebhookRequest
from mo_gateway.store import audit, presence
from mo_gateway.store.presence import Loaded
from mo_gateway.store.tables import mo_intake
from mo_gateway.web.dashboard import session
from mo_gateway.web.dashboard.pages.connection import DOCS, EXAMPLE
from tests.conftest import MakeSettings
from tests.examples import FORM_TYPE
from tests.postgres import free_port
from tests.serving import served
from tests.stored import rows, store

from .visiting import Visitor, proof_of, visitor

DOCS_FOLDER = Path(__file__).parents[2]


def tried(somebody: Visitor, url: str, headers: Mapping[str, str] | None = None, **fields: str) -> str:
    """Press Test in a real browser's way, on the gateway whose callback is at `url`."""
    given = {"msisdn": "32412345678", "text": "WIN blue", "shortcode": "4414", **fields}
    response = urllib3.request(
        "POST",
        urljoin(url, "/dashboard/connection/test"),
        body=urlencode({session.FIELD: proof_of(somebody.token), **given}),
        headers={"Cookie": f"{session.COOKIE}={somebody.token}", "Content-Type": FORM_TYPE, **(headers or {})},
        timeout=30,
    )
    return response.data.decode()


def deeds(gateway: Gateway, action: str) -> list[tuple[str, str, dict[str, str]]]:
    with gateway.engine.begin() as conn:
        found = audit.latest(conn, action=action, limit=10)
    return [(entry["actor"], entry["subject"], entry["details"]) for entry in found]


def test_on_the_first_day_it_says_what_to_do_and_shows_no_secret(gateway: Gateway) -> None:
    page = visitor(gateway).text("/connection")

    assert "/spryng/mo/•••" in page
    assert "geheim" not in page
    assert page.count("◐ to do") == 4
    assert "No callback has come yet." in page
    assert "none is there, and messages wait" in page


def test_an_admin_may_see_the_secret_and_that_is_noted(gateway: Gateway) -> None:
    page = visitor(gateway).post("/connection/secret").text

    assert "/spryng/mo/geheim" in page
    assert deeds(gateway, "reveal") == [("the admin", "callback URL", {})]


def test_who_is_no_admin_is_not_offered_it(gateway: Gateway) -> None:
    assert "/connection/secret" not in visitor(gateway, "operator").text("/connection")


def test_steps_are_ticked_by_what_happens(gateway: Gateway) -> None:
    store(gateway)

    page = visitor(gateway).text("/connection")

    assert page.count("◐ to do") == 2  # nothing is handled yet, and no reply was sent


def test_the_last_callbacks_are_there_with_those_that_were_rejected_or_refused(gateway: Gateway) -> None:
    store(gateway)
    bad = WebhookRequest(
        method="GET", raw=b"MSISDN=x", content_type=FORM_TYPE, remote_addr="192.0.2.9", received_at=gateway.clock()
    )
    assert gateway.receiver.receive(gateway.spryng, bad).outcome is Outcome.REJECTED
    refused = {"minute": gateway.clock() - timedelta(hours=1), "process": "host:1", "provider": "spryng", "n": 17}
    with gateway.engine.begin() as conn:
        conn.execute(insert(mo_intake).values(outcome="refused", **refused))

    page = visitor(gateway).text("/connection")

    assert "17 refused" in page
    assert "What is refused is not stored" in page
    assert "192.0.2.9" in page
    assert "rejected" in page
    assert 'href="/dashboard/messages/1"' in page
    assert "POST (1)" in page


def test_a_worker_whose_routes_are_wrong_is_told_of_with_the_page_that_helps(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        presence.arrive(conn, "host:7", Loaded(routes=3))
        presence.loaded(conn, "host:7", Loaded(routes=3, error="<b>line 4</b>"), asked_at=None)

    page = visitor(gateway).text("/connection")

    assert "host:7 keeps its old ones, as the new ones are wrong: &lt;b&gt;line 4&lt;/b&gt;" in page
    assert "docs/routes.md" in page


def test_each_page_of_the_docs_that_it_names_is_there() -> None:
    assert [page for page in DOCS.values() if not (DOCS_FOLDER / page).is_file()] == []


def test_no_credential_is_on_it(database_url: str, make_settings: MakeSettings, gateway: Gateway) -> None:
    settings = make_settings(database_url, SPRYNG_USERNAME="name-of-us", SPRYNG_PASSWORD="quite-secret")
    page = visitor(replace(gateway, settings=settings)).text("/connection")

    assert page.count("● configured") == 1
    assert "quite-secret" not in page
    assert "name-of-us" not in page


def test_a_test_goes_through_the_callback_and_is_stored_as_one(gateway: Gateway) -> None:
    somebody = visitor(gateway, "operator")
    with served(gateway) as url:
        first = tried(somebody, url)

    (message,) = rows(gateway.engine, "mo_message")
    assert (message.msisdn, message.keyword, message.parm) == ("32412345678", "WIN", "blue")
    assert message.is_test
    assert "200 TRUE" in first
    assert f'href="/dashboard/messages/{message.id}"' in first
    details = {"shortcode": "4414", "answer": "200 TRUE"}
    assert deeds(gateway, "test") == [("the operator", f"message {message.id}", details)]


def test_what_is_wrong_with_a_test_is_said_field_by_field(gateway: Gateway) -> None:
    with served(gateway) as url:
        page = tried(visitor(gateway), url, msisdn="<i>12</i>")

    assert "✕ 400" in page
    assert "MSISDN" in page
    assert "&lt;i&gt;12&lt;/i&gt;" in page
    assert rows(gateway.engine, "mo_message") == []


def test_a_text_that_the_providers_charset_cannot_say_is_not_sent(gateway: Gateway) -> None:
    page = visitor(gateway).post("/connection/test", msisdn="32412345678", text="WIN 👋", shortcode="4414").text

    assert "iso-8859-1, which MO_GATEWAY_CHARSET says the provider sends, has no 👋." in page


def test_where_nothing_answers_that_is_said(
    gateway: Gateway, database_url: str, make_settings: MakeSettings
) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    settings = make_settings(database_url, PUBLIC_URL=elsewhere)

    page = visitor(replace(gateway, settings=settings)).post("/connection/test", **EXAMPLE).text

    assert f"Nothing answers at {elsewhere}" in page
    assert deeds(gateway, "test") == [("the admin", "", {"shortcode": "4414", "answer": "none"})]


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Server", "Forwarded"])
def test_nothing_that_a_browser_sends_leads_a_test_elsewhere(header: str, gateway: Gateway) -> None:
    elsewhere = f"127.0.0.1:{free_port()}"
    with served(gateway) as url:
        page = tried(visitor(gateway), url, {header: f"host={elsewhere}" if header == "Forwarded" else elsewhere})

    assert "200 TRUE" in page
