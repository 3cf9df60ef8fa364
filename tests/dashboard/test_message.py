"""Message: its whole way, what was assumed, a number that is shown for a reason, and the same as a test."""

import re
from pathlib import Path

import pytest

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.web.dashboard.pages.message import MARKS
from tests.conftest import settings_for
from tests.examples import FORM
from tests.replaying import receive
from tests.reporting import NOON, store_at
from tests.sending import Script, add_report, send_all, sender_of

from .plugin import came, gateway, noon, somebody, trail
from .visiting import Visitor, links, visitor, words

__all__ = ["gateway", "noon", "somebody"]

NUMBER = FORM["MSISDN"]
DOCS = Path(__file__).parents[2] / "docs"


def test_the_way_of_a_message_is_told_from_the_callback_to_the_delivery_report(
    gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway, PARM="blue")
    came(gateway, PARM="blue")
    script = Script()
    send_all(sender_of(gateway, script), script)
    add_report(gateway, 1)

    told = words(somebody.text(f"/messages/{number}"))

    parts = (
        "Callback 22 nov 2026 13:00:00 Amsterdam (UTC+1) by POST from 192.0.2.1. It came 2 times",
        f"Stored As message {number}, before it was answered.",
        "Routed By the routes of today tests.dashboard.plugin.enter gets it",
        "WIN on any shortcode tests.dashboard.plugin.enter",
        "● wins the most specific route that fits",
        "○ loses not the same word: BOOM",
        "Handled Try Began Took (ms) Outcome Error 1",
        "● sent by spryng",
        "You are in with blue.",
        "Delivery report",
        "● delivered",
    )
    assert [part for part in parts if part not in told] == []
    assert sorted(parts, key=told.index) == list(parts)


def test_the_time_as_it_came_and_as_it_was_read_stand_side_by_side(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway)

    told = words(somebody.text(f"/messages/{number}"))

    assert "Time, as it came 20261122130000 Time, as it was read 22 nov 2026 13:00:00 Amsterdam (UTC+1)" in told
    assert "Europe/Amsterdam is assumed" in told
    assert "Charset iso-8859-1" in told


def test_an_error_is_named_and_its_words_are_folded_without_the_number(
    gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway, KEYWORD="BOOM")

    page = somebody.text(f"/messages/{number}")

    assert "✕ dead tests.dashboard.plugin.fail" in words(page)
    assert "<summary>What it said</summary><pre>" in page
    assert "ConnectionError: the CRM knows no 324••••••78" in page
    assert NUMBER not in page


def test_the_number_is_masked_in_everything_that_quotes_it(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway, PARM=f"call {NUMBER}")

    assert NUMBER not in somebody.text(f"/messages/{number}")


def test_a_form_that_writes_the_number_in_another_way_is_shown_with_the_number_only(
    gateway: Gateway, somebody: Visitor
) -> None:
    number = receive(gateway, at=NOON, MSISDN="324123456%378").id

    assert "bytes that are shown with the number only" in somebody.text(f"/messages/{number}")
    assert "MSISDN=324123456%378" in somebody.post(f"/messages/{number}/reveal", reason="to see").text


def test_the_number_is_shown_to_whoever_says_why_and_that_is_kept(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway)

    response = somebody.post(f"/messages/{number}/reveal", reason="the winner is to be called")

    assert f"+{NUMBER}" in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert f'http-equiv="refresh" content="60; url=/dashboard/messages/{number}"' in response.text
    assert trail(gateway)[-1] == ("the admin", "reveal", f"message {number}", {})
    assert NUMBER not in somebody.text(f"/messages/{number}")
    assert "the winner is to be called" in somebody.text("/audit")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_without_a_reason_no_number_is_shown_and_nothing_is_kept(
    reason: str, gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway)

    response = somebody.post(f"/messages/{number}/reveal", reason=reason)

    assert response.status_code == 400
    assert "Say why" in response.text
    assert NUMBER not in response.text
    assert trail(gateway) == []


@pytest.mark.parametrize("role", ["viewer", "operator", "manager"])
def test_who_may_not_see_people_is_offered_no_number_and_gets_none(role: str, gateway: Gateway) -> None:
    number = came(gateway)
    other = visitor(gateway, role, *(["win"] if role == "manager" else []))

    assert "Reveal" not in other.text(f"/messages/{number}")
    assert other.post(f"/messages/{number}/reveal", reason="curious").status_code == 403
    assert trail(gateway) == []


def test_the_same_as_a_test_has_another_number_and_does_what_the_handler_did(
    gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway, PARM=f"it's {NUMBER}")
    page = somebody.text(f"/messages/{number}")
    *_, trigger, case = re.findall("<pre data-copy[^>]*>(.*?)</pre>", page, re.DOTALL)
    text = case.replace("&#39;", "'").replace("&#34;", '"')
    handled: list[dict[str, str]] = []

    def send_sms(sms: str, **fields: str) -> object:
        handled.append({"sms": sms, **fields})
        return type("Handled", (), {"replies": [f"You are in with {sms.partition(' ')[2]}."]})

    scope: dict[str, object] = {}
    exec(text, scope)
    scope[f"test_message_{number}"](send_sms)  # type: ignore[operator] # it is a function

    assert trigger.startswith("mo-gateway trigger --shortcode 4414 --from 32400000000 --keyword WIN --parm")
    assert handled[0]["sms"] == "WIN it's 32400000000"
    assert (handled[0]["msisdn"], handled[0]["shortcode"]) == ("32400000000", "4414")


def test_a_message_that_failed_becomes_a_test_that_fails_until_the_handler_is_right(
    gateway: Gateway, somebody: Visitor
) -> None:
    page = somebody.text(f"/messages/{came(gateway, KEYWORD='BOOM')}")

    assert "assert handled.state == &#34;done&#34;" in page
    assert "handlers=[tests.dashboard.plugin]" in page


def test_routes_with_a_fault_are_told_in_words(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text("[[route]]\nkeyword = 3\n")
    gateway = open_gateway(settings_for(database_url, ROUTES=str(file)))
    number = store_at(gateway, NOON)

    page = visitor(gateway).text(f"/messages/{number}")
    gateway.close()

    assert "The routes of today cannot be loaded" in page
    assert "routes.toml" in page


def test_every_mark_that_is_documented_is_explained() -> None:
    pages = [DOCS / "callback.md", *(DOCS / "providers" / f"{name}.md" for name in ("pswincom", "intelecom"))]
    tables = [page.read_text().partition("| mark |")[2].partition("\n\n")[0] for page in pages]
    documented = {mark for table in tables for mark in re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)}

    assert documented == MARKS.keys()


def test_a_mark_is_explained_beside_its_name(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway, COUNTRY="NLD")

    assert "operator-country-differs The operator is a network of another country" in words(
        somebody.text(f"/messages/{number}")
    )


@pytest.mark.parametrize("number", ["812", "9223372036854775808", "0"])
def test_a_message_that_is_not_there_is_said_to_be_none(number: str, somebody: Visitor) -> None:
    for response in (
        somebody.get(f"/messages/{number}"),
        somebody.post(f"/messages/{number}/reveal", reason="to see"),
    ):
        assert (response.status_code, f"There is no message {number}" in response.text) == (404, True)


def test_a_manager_sees_no_message_with_anothers_keyword(gateway: Gateway) -> None:
    number = came(gateway, KEYWORD="BOOM")

    assert visitor(gateway, "manager", "win").get(f"/messages/{number}").status_code == 404
    assert visitor(gateway, "manager", "boom", name="bo").get(f"/messages/{number}").status_code == 200


def test_a_manager_sees_why_the_own_routes_win_or_lose_and_no_others(gateway: Gateway) -> None:
    number = came(gateway)

    all_routes = words(visitor(gateway, "operator").text(f"/messages/{number}"))
    own_routes = words(visitor(gateway, "manager", "win", name="bo").text(f"/messages/{number}"))

    assert "tests.dashboard.plugin.fail" in all_routes
    assert "tests.dashboard.plugin.fail" not in own_routes
    assert "tests.dashboard.plugin.enter" in own_routes
    assert "● wins the most specific route that fits" in own_routes


def test_every_link_leads_to_a_page_that_is_there(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway, KEYWORD="BOOM", PARM="<script>alert(1)</script>")
    page = somebody.text(f"/messages/{number}")

    assert f"/replay?id={number}&state=dead" in links(page)
    assert "<script>alert" not in page
    for address in links(page):
        assert somebody.get(address).status_code == 200, address
