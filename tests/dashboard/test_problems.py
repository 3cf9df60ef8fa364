"""Problems: grouped by cause, each count leads to its messages, what came back is told from what is new."""

import re
from datetime import timedelta

import pytest

from mo_gateway import replay
from mo_gateway.gateway import Gateway
from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.store import problems
from mo_gateway.store.selection import Filter
from tests.replaying import receive
from tests.reporting import NOON
from tests.sending import Script, queue, send_all, sender_of

from .plugin import came, gateway, handle, noon, somebody
from .visiting import Visitor, links, visitor, words

__all__ = ["gateway", "noon", "somebody"]

HOUR = timedelta(hours=1)


def test_what_failed_is_grouped_by_handler_and_error_with_its_oldest_and_newest_message(
    gateway: Gateway, somebody: Visitor
) -> None:
    came(gateway, NOON - 3 * HOUR, KEYWORD="BOOM")
    newest = came(gateway, NOON - HOUR, KEYWORD="BOOM", MSISDN="32400000001")

    page = somebody.text("/problems")

    assert (
        "ConnectionError tests.dashboard.plugin.fail 2 2 dead"
        " 22 nov 2026 10:00:00 Amsterdam (UTC+1) 3 hours ago 22 nov 2026 12:00:00 Amsterdam (UTC+1)"
    ) in words(page)
    assert f"/messages/{newest}" in links(page)
    assert "came back" not in page


def test_what_no_handler_took_is_grouped_by_shortcode_and_word(gateway: Gateway, somebody: Visitor) -> None:
    for word, sender in (("winn", "32400000001"), ("WINN", "32400000002"), ("other", "32400000003")):
        came(gateway, KEYWORD=word, MSISDN=sender)

    told = words(somebody.text("/problems?kind=unrouted"))

    assert re.search(r"winn 4414 2 .* other 4414 1 ", told, re.IGNORECASE)


@pytest.mark.parametrize("kind", ["failed", "unrouted"])
def test_each_count_leads_to_as_many_messages_whenever_they_came(
    kind: str, gateway: Gateway, somebody: Visitor
) -> None:
    for at in (NOON - 50 * HOUR, NOON):
        came(gateway, at, KEYWORD="BOOM")
        came(gateway, at, KEYWORD="WINN")
        came(gateway, at, KEYWORD="Winn", MSISDN="32400000001")
    page = somebody.text(f"/problems?kind={kind}")

    counts = re.findall(r'href="/dashboard(/messages\?[^"]+)">([0-9]+)</a>', page)

    assert [n for _, n in counts] == {"failed": ["2"], "unrouted": ["4"]}[kind]
    for address, n in counts:
        assert somebody.text(address.replace("&amp;", "&")).count('class="whole"') == int(n)


def test_what_fails_again_after_a_replay_came_back(gateway: Gateway, somebody: Visitor) -> None:
    first = came(gateway, KEYWORD="BOOM")
    came(gateway, KEYWORD="BOOM", MSISDN="32400000001")
    list(replay.run_again(gateway.engine, Filter(ids=(first,)), limit=1, tries=1))
    while_it_waits = somebody.text("/problems")
    handle(gateway)

    assert "came back" not in while_it_waits
    assert "↺ 1 came back after a replay" in words(somebody.text("/problems"))


def test_what_no_handler_takes_after_a_replay_either_came_back(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, KEYWORD="WINN")
    list(replay.run_again(gateway.engine, Filter(states=("unrouted",)), limit=1, tries=1))
    handle(gateway)

    assert "1 came back after a replay" in somebody.text("/problems?kind=unrouted")


def test_without_a_problem_it_says_since_when(gateway: Gateway, somebody: Visitor) -> None:
    before = somebody.text("/problems")
    came(gateway, KEYWORD="WINN")

    assert "No open problems." in before
    assert "No open problems since 22 nov 2026 13:00:00 Amsterdam (UTC+1)." in words(somebody.text("/problems"))


def test_only_the_newest_are_grouped_where_there_are_very_many(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "MOST", 1)
    came(gateway, KEYWORD="WINN")
    came(gateway, KEYWORD="OTHER", MSISDN="32400000001")

    page = somebody.text("/problems?kind=unrouted")

    assert "Only the newest 1 are grouped here." in page
    assert "OTHER" in page
    assert "WINN" not in page


def test_a_rejected_request_is_listed_with_what_is_wrong_and_no_number(
    gateway: Gateway, somebody: Visitor
) -> None:
    receive(gateway, MSISDN="0032412345678")

    page = somebody.text("/problems/unreadable")

    assert "MSISDN &#34;003••••••••78&#34; must be 6 to 15 digits" in page
    assert "32412345678" not in page
    assert "unreadable 1" in words(page)


def test_rejected_requests_are_paged(gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mo_gateway.web.dashboard.pages.problems.ROWS", 2)
    for n in range(3):
        receive(gateway, MSISDN=f"003241234567{n}")
    page = somebody.text("/problems/unreadable")

    (older,) = [link for link in links(page) if "before=" in link]

    assert "003••••••••70" not in page
    assert "003••••••••70" in somebody.text(older)


def test_replies_that_failed_are_counted_by_provider_and_code(gateway: Gateway, somebody: Visitor) -> None:
    queue(gateway)
    refused = Script([SendResult(outcome=SendOutcome.FAILED, code="203", text="no route")])
    send_all(sender_of(gateway, refused), refused)

    page = somebody.text("/problems/replies")

    assert "spryng ✕ failed 203 1" in words(page)
    assert "/replies?state=failed&provider=spryng&code=203" in links(page)
    assert "hello" in somebody.text("/replies?state=failed&provider=spryng&code=203")


def test_empty_tabs_say_so(somebody: Visitor) -> None:
    assert "Every request could be read" in somebody.text("/problems/unreadable")
    assert "No reply has failed" in somebody.text("/problems/replies")
    assert "No open problems." in somebody.text("/problems?kind=unrouted")


def test_a_manager_sees_the_problems_of_the_own_keywords_only(gateway: Gateway) -> None:
    came(gateway, KEYWORD="BOOM")
    came(gateway, KEYWORD="WINN", MSISDN="32400000001")
    receive(gateway, MSISDN="0032412345678")
    manager = visitor(gateway, "manager", "boom")

    page = words(manager.text("/problems"))

    assert "failed or dead 1 unrouted 0" in page
    assert "unreadable" not in page
    assert "Plan a replay" not in page
    assert manager.get("/problems/unreadable").status_code == 403


@pytest.mark.parametrize("path", ["/problems", "/problems?kind=unrouted", "/problems/unreadable"])
def test_every_link_leads_to_a_page_that_is_there(path: str, gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, KEYWORD="BOOM")
    came(gateway, KEYWORD="<i>Ünrouted", MSISDN="32400000001")
    receive(gateway, MSISDN="0032412345678")

    for address in links(somebody.text(path)):
        assert somebody.get(address).status_code == 200, address
