"""Messages: any is found by a filter in the address, a number by no address, and new ones are told of."""

import re
from datetime import timedelta

import pytest

from mo_gateway.errors import TooSlow
from mo_gateway.gateway import Gateway
from mo_gateway.store import paging
from mo_gateway.web.dashboard.pages import messages
from tests.examples import FORM
from tests.reporting import NOON, store_at

from .plugin import came, gateway, noon, somebody
from .visiting import Visitor, links, visitor, words

__all__ = ["gateway", "noon", "somebody"]

HOUR = timedelta(hours=1)
NUMBER = FORM["MSISDN"]


def shown(page: str) -> list[int]:
    """Give the numbers of the messages in the table, in its order."""
    return [int(number) for number in re.findall(r'class="whole" href="/dashboard/messages/([0-9]+)"', page)]


def test_the_own_number_as_first_word_is_masked(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, NOON, KEYWORD=NUMBER)

    page = somebody.text("/messages")

    assert NUMBER not in page
    assert page.count("324••••••78") == 2


def test_the_newest_messages_of_a_day_are_shown_with_masked_numbers_and_what_became_of_them(
    gateway: Gateway, somebody: Visitor
) -> None:
    came(gateway, NOON - 25 * HOUR)
    first = came(gateway, NOON - HOUR, PARM=f"blue {NUMBER}")
    failed = came(gateway, NOON, KEYWORD="BOOM")

    page = somebody.text("/messages")

    assert shown(page) == [failed, first]
    assert NUMBER not in page
    assert "✕ dead ConnectionError: the CRM knows no 324••••••78 tests.dashboard.plugin.fail" in words(page)
    assert "WIN blue 324••••••78 ● done tests.dashboard.plugin.enter" in words(page)
    assert "Received in the 24 hours up to now" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=dead", ["boom"]),
        ("state=dead&state=unrouted", ["unrouted", "boom"]),
        ("keyword=win", ["win"]),
        ("keyword=win&keyword=boom!", ["boom", "win"]),
        ("keyword=win&only=real", ["win"]),
        ("handler=tests.dashboard.plugin.fail", ["boom"]),
        ("shortcode=4414", ["unrouted", "boom", "win"]),
        ("shortcode=4415", []),
        ("since=90m", ["unrouted", "boom"]),
        ("until=2026-11-22T11:30", ["win"]),
        ("error=ConnectionError", ["boom"]),
        ("error=Connection", []),
        ("only=redelivered", ["win"]),
        ("only=retried", []),
    ],
)
def test_a_filter_in_the_address_finds_what_it_says(
    query: str, found: list[str], gateway: Gateway, somebody: Visitor
) -> None:
    numbers = {
        "win": came(gateway, NOON - 2 * HOUR),
        "boom": came(gateway, NOON - HOUR, KEYWORD="BOOM"),
        "unrouted": came(gateway, NOON, KEYWORD="NOBODY"),
    }
    came(gateway, NOON - 2 * HOUR)  # once more

    page = somebody.text(f"/messages?{query}")

    assert shown(page) == [numbers[name] for name in found]
    assert found or "Nothing matches." in page


def test_each_filter_that_is_on_is_a_chip_that_can_be_taken_off(somebody: Visitor) -> None:
    page = somebody.text("/messages?state=dead&keyword=win&since=2h")

    assert "3 filters are on" in page
    assert "/messages?since=2h&keyword=win" in links(page)
    assert "/messages?state=dead&keyword=win&since=7d" in links(page)
    assert "/messages" in links(page)


def test_what_makes_no_sense_in_an_address_is_said_and_left_out(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway)

    page = somebody.text("/messages?state=broken&since=yesterday&person=x&id=y&only=z&keyword=WIN")

    assert shown(page) == [number]
    assert "1 filter is on" in page
    for sentence in (
        "&#39;broken&#39; is none of pending",
        "&#39;yesterday&#39; is no time",
        "&#39;y&#39; is no number",
    ):
        assert sentence in page


def test_a_page_goes_on_where_the_one_before_ended(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "ROWS", 2)
    numbers = [came(gateway, NOON - n * HOUR) for n in range(5)]

    seen, address = [], "/messages"
    while address:
        page = somebody.text(address)
        seen.append(shown(page))
        address = next((link for link in links(page) if "before=" in link), "")

    assert seen == [numbers[4:2:-1], numbers[2:0:-1], numbers[:1]]


@pytest.mark.parametrize("part", [1, 2, 3])
def test_no_message_is_left_out_between_the_parts_in_which_they_are_found(
    part: int, gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "FIRST_PART", part)
    numbers = [came(gateway, NOON - n * HOUR) for n in range(7)]

    assert shown(somebody.text("/messages")) == numbers[::-1]


def test_what_waits_is_found_whenever_it_came(gateway: Gateway, somebody: Visitor) -> None:
    nothing = somebody.text("/messages?state=pending")
    came(gateway, MSISDN="32400000001", KEYWORD="BOOM")
    waiting = [store_at(gateway, NOON - 50 * HOUR), store_at(gateway, NOON)]

    assert shown(nothing) == []
    assert shown(somebody.text("/messages?state=pending&state=failed")) == waiting[::-1]


def test_a_filter_that_takes_too_long_shows_what_was_found_until_then(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = came(gateway)
    whole = paging.newest_first

    def slow(*args: object, **kwargs: object) -> object:
        yield from whole(*args, **kwargs)  # type: ignore[arg-type] # as they came
        raise TooSlow("the database needs more than 5 s for this")

    monkeypatch.setattr(paging, "newest_first", slow)
    page = somebody.text("/messages")

    assert shown(page) == [number]
    assert "narrow the time down for the rest" in page


def test_a_number_is_searched_by_its_key_and_stands_in_no_address_and_on_no_page(
    gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway)
    came(gateway, MSISDN="32400000001")

    response = somebody.post("/messages/person", number="+32 412 34 56 78", keyword="WIN")
    page = somebody.text(response.location.removeprefix("/dashboard"))

    assert shown(page) == [number]
    assert NUMBER not in response.location + page
    assert "keyword: WIN" in words(page)


def test_what_is_no_number_is_not_searched_for(somebody: Visitor) -> None:
    response = somebody.post("/messages/person", number="WIN")

    assert response.status_code == 400
    assert "A number is 6 to 15 digits" in response.text


def test_new_messages_are_told_of_once_and_only_those_of_the_filter(gateway: Gateway, somebody: Visitor) -> None:
    first = came(gateway)
    address = f"/messages/news?after={first}&keyword=WIN"
    nothing = somebody.get(address)
    came(gateway, MSISDN="32400000001")
    came(gateway, MSISDN="32400000002", KEYWORD="BOOM")

    news = somebody.get(address)
    again = somebody.get(f"{address}&told=1")

    assert (nothing.status_code, again.status_code) == (204, 204)
    assert "1 new message –" in news.text
    assert 'href="/dashboard/messages?keyword=WIN"' in news.text
    assert "<main" not in news.text


def test_the_page_looks_for_news_of_what_is_newer_than_everything_it_knows(
    gateway: Gateway, somebody: Visitor
) -> None:
    newest = came(gateway, NOON - 30 * HOUR)

    page = somebody.text("/messages?keyword=WIN")

    assert f'hx-get="/dashboard/messages/news?keyword=WIN&amp;after={newest}"' in page
    assert "hx-get" not in somebody.text("/messages?before=5")


def test_before_the_first_message_it_leads_to_what_is_missing(somebody: Visitor) -> None:
    assert "No message yet." in somebody.text("/messages")


def test_a_text_from_a_phone_stays_a_text(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, KEYWORD="<b>x", PARM="\xad<script>alert(1)</script>")

    page = somebody.text("/messages")

    assert "\\xad&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;x" in page


def test_a_message_without_a_text_says_so(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, PARM="")

    assert "(empty text)" in somebody.text("/messages")


def test_a_manager_sees_messages_with_the_own_keywords_and_cannot_replay(gateway: Gateway) -> None:
    number = came(gateway)
    came(gateway, KEYWORD="BOOM", MSISDN="32400000001")
    manager = visitor(gateway, "manager", "win")

    assert shown(manager.text("/messages")) == [number]
    assert shown(manager.text("/messages?keyword=BOOM")) == []
    assert not [address for address in links(manager.text("/messages")) if "replay" in address]
    assert manager.get(f"/messages/news?after={number}").status_code == 204


def test_every_link_leads_to_a_page_that_is_there(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, KEYWORD="BOOM")
    came(gateway, MSISDN="32400000001")

    for address in links(somebody.text("/messages?state=dead&state=done&since=24h")):
        assert somebody.get(address).status_code == 200, address
