"""Replay: first what it would do, over the whole filter; then, once it is confirmed, that and not one more."""

import re
from datetime import timedelta

import pytest
import time_machine

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.web.dashboard.pages import replay
from tests.conftest import settings_for
from tests.replaying import receive
from tests.reporting import NOON
from tests.stored import replies as bodies

from .plugin import came, gateway, handle, noon, somebody, states, trail
from .visiting import Visitor, links, visitor, words

__all__ = ["gateway", "noon", "somebody"]

HOUR = timedelta(hours=1)


def form_of(page: str) -> dict[str, str]:
    """Give the hidden fields of the form that does it."""
    form = page.partition('action="/dashboard/replay')[2].partition("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">', form)
    return {name: value for name, value in fields if name != "form"}


def test_a_plan_says_how_many_run_through_whom_and_changes_nothing(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, NOON - 50 * HOUR, KEYWORD="BOOM")
    came(gateway, KEYWORD="WINN")

    told = words(somebody.text("/replay"))

    assert "state: dead state: unrouted received before 22 nov 2026 13:01:00" in told
    assert "2 messages would run again." in told
    assert "tests.dashboard.plugin.fail as before 1" in told
    assert "nobody as before 1" in told
    assert states(gateway) == ["dead", "unrouted"]
    assert trail(gateway) == []


def test_a_plan_leads_to_the_messages_that_would_run(gateway: Gateway, somebody: Visitor) -> None:
    number = came(gateway, NOON - 50 * HOUR, KEYWORD="BOOM")
    came(gateway)

    (address,) = [link for link in links(somebody.text("/replay")) if link.startswith("/messages")]

    assert re.findall("/messages/([0-9]+)", somebody.text(address)) == [str(number)]


def test_a_plan_says_what_people_were_answered_and_who_has_said_stop_since(
    gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway)
    came(gateway, MSISDN="32400000001")
    came(gateway, NOON + HOUR, KEYWORD="STOP", PARM="")

    told = words(somebody.text(f"/replay?id={number}&state=done"))

    assert "1 message would run again." in told
    assert "Replies to them so far: 0 gone out, 1 waiting to be sent." in told
    assert "1 sender has said STOP: no reply goes there, whatever is done." in told


def test_what_was_confirmed_is_due_again_and_stands_in_the_trail(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, KEYWORD="BOOM")
    came(gateway, KEYWORD="WINN")
    plan = form_of(somebody.text("/replay?state=dead"))

    page = somebody.post("/replay", **plan, confirmed="on").text

    assert "1 message is due again." in page
    assert states(gateway) == ["pending", "unrouted"]
    ((actor, action, subject, details),) = trail(gateway)
    assert (actor, action, subject) == ("the admin", "replay", "messages")
    assert (details["due_again"], details["answers_again"]) == (1, False)
    assert "state=dead" in str(details["filter"])


@pytest.mark.parametrize("left_out", ["confirmed", "limit"])
def test_without_a_confirmation_of_a_count_nothing_is_done(
    left_out: str, gateway: Gateway, somebody: Visitor
) -> None:
    came(gateway, KEYWORD="BOOM")
    fields = {**form_of(somebody.text("/replay?state=dead")), "confirmed": "on"}
    del fields[left_out]

    response = somebody.post("/replay", **fields)

    assert response.status_code == 400
    assert "Nothing was done" in response.text
    assert states(gateway) == ["dead"]
    assert trail(gateway) == []


def test_no_more_run_than_were_shown_and_none_that_came_later(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, NOON - HOUR, KEYWORD="BOOM")
    plan = form_of(somebody.text("/replay?state=dead"))
    came(gateway, NOON + timedelta(minutes=10), KEYWORD="BOOM", MSISDN="32400000001")
    came(gateway, NOON - HOUR, KEYWORD="BOOM", MSISDN="32400000002")

    with time_machine.travel(NOON + timedelta(minutes=30), tick=False):
        somebody.post("/replay", **plan, confirmed="on")

    assert states(gateway) == ["pending", "dead", "dead"]


def test_since_means_the_same_when_it_is_done_as_when_it_was_planned(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, NOON - HOUR, KEYWORD="BOOM")
    plan = form_of(somebody.text("/replay?state=dead&since=65m"))

    with time_machine.travel(NOON + timedelta(minutes=50), tick=False):
        somebody.post("/replay", **plan, confirmed="on")

    assert states(gateway) == ["pending"]


def test_it_goes_over_the_whole_filter_and_not_over_the_page_in_view(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mo_gateway.web.dashboard.pages.messages.ROWS", 1)
    for n in range(3):
        came(gateway, KEYWORD="BOOM", MSISDN=f"3240000000{n}")
    (address,) = [link for link in links(somebody.text("/messages?state=dead")) if link.startswith("/replay")]

    somebody.post("/replay", **form_of(somebody.text(address)), confirmed="on")

    assert states(gateway) == ["pending"] * 3


def test_at_most_so_many_run_at_once_and_that_is_said(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST", 1)
    for n in range(2):
        came(gateway, KEYWORD="BOOM", MSISDN=f"3240000000{n}")
    page = somebody.text("/replay?state=dead")

    response = somebody.post("/replay", **{**form_of(page), "limit": "2"}, confirmed="on")

    assert "there may be more" in page
    assert response.status_code == 400


def test_when_more_may_be_left_the_way_leads_on_to_the_rest(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST", 1)
    for n in range(2):
        came(gateway, KEYWORD="BOOM", MSISDN=f"3240000000{n}")

    done = somebody.post("/replay", **form_of(somebody.text("/replay?state=dead")), confirmed="on").text
    (rest,) = [link for link in links(done) if link.startswith("/replay")]
    done = somebody.post("/replay", **form_of(somebody.text(rest)), confirmed="on").text
    (rest,) = [link for link in links(done) if link.startswith("/replay")]

    assert states(gateway) == ["pending"] * 2
    assert "none would run again" in somebody.text(rest)


@pytest.mark.parametrize(("answers_again", "replies"), [({}, 1), ({"answers_again": "on"}, 2)])
def test_nobody_is_answered_again_unless_that_is_ticked(
    answers_again: dict[str, str], replies: int, gateway: Gateway, somebody: Visitor
) -> None:
    number = came(gateway)
    plan = form_of(somebody.text(f"/replay?id={number}&state=done"))

    somebody.post("/replay", **plan, **answers_again, confirmed="on")
    handle(gateway)

    assert bodies(gateway.engine) == ["You are in with ON."] * replies


@pytest.mark.parametrize("query", ["id=x", "state=dead&since=yesterday", "person=x", "state=done"])
def test_what_cannot_be_read_or_means_everything_is_not_replayed(
    query: str, gateway: Gateway, somebody: Visitor
) -> None:
    came(gateway)
    came(gateway, KEYWORD="BOOM")
    fields = dict(pair.split("=") for pair in query.split("&"))

    planned, done = somebody.get(f"/replay?{query}"), somebody.post("/replay", **fields, limit="5", confirmed="on")

    assert (planned.status_code, done.status_code) == (400, 400)
    assert states(gateway) == ["done", "dead"]


def test_a_filter_that_nothing_matches_offers_nothing_to_run(somebody: Visitor) -> None:
    page = somebody.text("/replay")

    assert "No message is like that" in page
    assert "confirmed" not in page


def test_routes_with_a_fault_are_told_in_words(database_url: str) -> None:
    gateway = open_gateway(settings_for(database_url, HANDLERS="no_such_module"))

    response = visitor(gateway).get("/replay")
    gateway.close()

    assert response.status_code == 409
    assert "The module no_such_module of MO_GATEWAY_HANDLERS cannot be imported" in response.text


@pytest.mark.parametrize("role", ["viewer", "manager", "compliance"])
def test_who_may_not_act_neither_plans_nor_replays(role: str, gateway: Gateway) -> None:
    came(gateway, KEYWORD="BOOM")
    other = visitor(gateway, role, *(["boom"] if role == "manager" else []))

    assert other.get("/replay").status_code == 403
    assert other.post("/replay", state="dead", limit="1", confirmed="on").status_code == 403
    assert states(gateway) == ["dead"]


def test_rejected_requests_are_read_again_once_that_is_confirmed(database_url: str) -> None:
    strict = open_gateway(settings_for(database_url, OPERATOR_POLICY="listed"))
    receive(strict, at=NOON - HOUR, OPERATOR="99999")
    receive(strict, at=NOON - HOUR, MSISDN="0032412345678")
    strict.close()
    gateway = open_gateway(settings_for(database_url, OPERATOR_POLICY="any"))
    somebody = visitor(gateway)

    plan = somebody.text("/replay/rejected")
    refused = somebody.post("/replay/rejected", **form_of(plan))
    page = somebody.post("/replay/rejected", **form_of(plan), confirmed="on").text
    entries = trail(gateway)
    left = words(somebody.text("/problems/unreadable"))
    gateway.close()

    assert "2 requests would be read again" in plan
    assert (refused.status_code, "Nothing was done" in refused.text) == (400, True)
    assert "stored as new messages 1 there already 0 still bad 1" in words(page)
    assert "MSISDN &#34;003••••••••78&#34;" in page
    assert "/messages?id=1" in links(page)
    assert entries == [("the admin", "replay", "rejected requests", {"at_most": 2})]
    assert "unreadable 1" in left


def test_without_a_rejected_request_there_is_nothing_to_read_again(somebody: Visitor) -> None:
    assert "No rejected request can be read again." in somebody.text("/replay/rejected")


def test_every_link_leads_to_a_page_that_is_there(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, KEYWORD="BOOM")
    plan = somebody.text("/replay?state=dead&keyword=BOOM")
    done = somebody.post("/replay", **form_of(plan), confirmed="on").text

    for address in {*links(plan), *links(done)}:
        assert somebody.get(address).status_code == 200, address
