"""What the API says of messages and of the gateway: what the commands say, masked, page by page."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from mo_gateway import Message, Reply, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.store.tables import mo_handling, mo_message
from mo_gateway.web.api import schemas
from tests.commands import invoke
from tests.examples import FORM, NOW
from tests.handling import dispatcher_of, handle_all
from tests.stored import rows, store, store_senders

from .asking import asker

MSISDN = FORM["MSISDN"]


@keyword("WIN")
def win(message: Message) -> Reply:
    return Reply(f"Thanks, {message.msisdn}")


@keyword("FAIL")
def fail(message: Message) -> Reply:
    raise ValueError(f"no room for {message.msisdn}")


def handle(gateway: Gateway) -> None:
    """Handle everything that is due."""
    handle_all(dispatcher_of(gateway, win, fail))


def ids(found: Any) -> list[int]:
    """Give the numbers of the messages of an answer."""
    return [message["id"] for message in found["messages"]]


def test_messages_come_newest_first_and_page_by_page_each_once(gateway: Gateway) -> None:
    stored = store_senders(gateway, 7)
    known = asker(gateway)

    pages, before = [], ""
    while True:
        found = known.found(f"/messages?limit=3{before}")
        pages.append(ids(found))
        if found["before"] is None:
            break
        before = f"&before={found['before']}"

    assert pages == [stored[:3:-1], stored[3:0:-1], stored[:1]]


def test_a_page_has_fifty_messages_unless_it_is_said_otherwise(gateway: Gateway) -> None:
    store_senders(gateway, 51)
    known = asker(gateway)

    assert len(ids(known.found("/messages"))) == 50
    assert len(ids(known.found("/messages?limit=500"))) == 51


def test_the_latest_message_that_matches_is_one_call_away(gateway: Gateway) -> None:
    latest = [store(gateway, KEYWORD="WIN", PARM=colour) for colour in ("red", "blue")][-1]
    store(gateway, KEYWORD="QUIZ")

    (found,) = asker(gateway).found("/messages?keyword=win&limit=1")["messages"]

    assert (found["id"], found["parm"]) == (latest, "blue")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("keyword=quiz", ["QUIZ"]),
        ("keyword=caf%C3%A9", ["café"]),
        ("shortcode=9999", ["OTHER"]),
        ("state=dead", ["DEAD"]),
        ("state=dead&state=unrouted", ["DEAD", "LOST"]),
        ("handler=plugin.win", ["WIN"]),
        ("since=2026-11-22&until=2026-11-22", ["DEAD", "LOST", "OTHER", "QUIZ", "WIN", "café"]),
        ("since=2026-11-22T14:02:12Z", []),
        ("until=2026-11-22T15:02:11%2B01:00", []),  # a moment before the first
        ("since=1s", []),
        ("keyword=NOTHING", []),
    ],
)
def test_messages_are_chosen_as_on_the_command_line(query: str, expected: list[str], gateway: Gateway) -> None:
    words = {word: store(gateway, KEYWORD=word) for word in ("WIN", "QUIZ", "café", "DEAD", "LOST")}
    store(gateway, KEYWORD="OTHER", SHORTCODE="9999")
    with gateway.engine.begin() as conn:
        for word, values in {
            "DEAD": {"state": "dead"},
            "LOST": {"state": "unrouted"},
            "WIN": {"handler": "plugin.win"},
        }.items():
            conn.execute(update(mo_handling).where(mo_handling.c.message_id == words[word]).values(**values))

    found = asker(gateway).found(f"/messages?{query}")

    assert sorted(message["keyword"] for message in found["messages"]) == expected


@pytest.mark.parametrize(
    ("query", "bad"),
    [
        ("limit=0", {"limit": "Must be greater than or equal to 1 and less than or equal to 500."}),
        ("limit=501&before=0", {"limit": "Must be", "before": "Must be"}),
        ("limit=%D9%A5", {"limit": "must be a whole number in digits"}),
        ("limit=1_0", {"limit": "must be a whole number in digits"}),
        ("before=9223372036854775808", {"before": "Must be"}),
        ("state=lost&state=dead", {"state": "Must be one of: pending, done, unrouted, failed, dead."}),
        ("since=yesterday&until=soon", {"since": "must be a moment: 2h (ago)", "until": "must be a moment"}),
        ("since=0001-01-01T00:00%2B12:00", {"since": "must be a moment"}),
        ("keyword=", {"keyword": "Length must be between 1 and 200."}),
        (f"handler={'x' * 201}", {"handler": "Length must be"}),
        ("shortcode=44%00", {"shortcode": "may hold no NUL"}),
        ("limit=1&limit=2", {"limit": "may be given once, not 2 times"}),
        ("keywrod=WIN", {"keywrod": "is no parameter of this address"}),
    ],
)
def test_a_bad_query_is_answered_by_every_bad_parameter_and_its_rule(
    query: str, bad: dict[str, str], gateway: Gateway
) -> None:
    response = asker(gateway).ask(f"/messages?{query}")

    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    errors = {error["parameter"]: error["rule"] for error in response.json["errors"]}  # type: ignore[index]
    assert errors.keys() == bad.keys()
    for name, rule in bad.items():
        assert errors[name].startswith(rule)


def test_a_message_with_observers_is_one_message_with_several_handlings(gateway: Gateway) -> None:
    stored = store_senders(gateway, 3)
    with gateway.engine.begin() as conn:
        for message_id in stored:
            values = {
                "message_id": message_id,
                "line": 1,
                "attempt_limit": 1,
                "handler": "watcher",
                "state": "dead",
            }
            conn.execute(mo_handling.insert().values(**values, is_observer=True))

    found = asker(gateway).found("/messages?limit=2")

    assert ids(found) == stored[:0:-1]
    assert [handling["state"] for handling in found["messages"][0]["handlings"]] == ["pending", "dead"]


def test_no_number_stands_anywhere_and_nothing_reveals_one(gateway: Gateway) -> None:
    numbers = store(gateway, KEYWORD="WIN", PARM=f"call {MSISDN}", REFERENCE=MSISDN)
    store(gateway, KEYWORD=MSISDN, PARM="")
    store(gateway, KEYWORD="FAIL", PARM=MSISDN)
    handle(gateway)
    known = asker(gateway)

    answers = [known.ask("/messages"), known.ask("/status")]
    answers += [known.ask(f"/messages/{row.id}") for row in rows(gateway.engine, "mo_message")]

    assert [response.status_code for response in answers] == [200] * 5
    assert [MSISDN in response.text for response in answers] == [False] * 5
    assert known.ask(f"/messages/{numbers}?reveal=1").json == known.found(f"/messages/{numbers}")
    assert known.found("/messages")["messages"][-1]["parm"] == "call 324••••••78"


def test_a_message_is_told_whole_as_show_tells_it(gateway: Gateway) -> None:
    message_id = store(gateway, KEYWORD="WIN", PARM='<b>caf\xe9\x85"</b>')
    handle(gateway)

    found = asker(gateway).found(f"/messages/{message_id}")

    assert found == json.loads(invoke(gateway, "show", message_id, "--json").stdout)


def test_how_it_stands_is_told_as_status_tells_it(gateway: Gateway) -> None:
    store(gateway, KEYWORD="FAIL")
    store(gateway, KEYWORD="NOBODY", MSISDN="32499999999")
    handle(gateway)

    found = asker(gateway).found("/status")

    assert found == json.loads(invoke(gateway, "status", "--json").stdout)
    assert (found["unrouted"], found["problems"][0]["count"]) == (1, 1)


@pytest.mark.parametrize(
    "number", ["0", "812", "x", "-1", "1.0", "٥", "9223372036854775808", "1e3", quote("1 OR 1=1")]
)
def test_a_message_that_is_not_there_is_a_404(number: str, gateway: Gateway) -> None:
    response = asker(gateway).ask(f"/messages/{number}")

    assert (response.status_code, response.content_type) == (404, "application/problem+json")


def test_moments_are_in_utc_and_have_their_offset(gateway: Gateway) -> None:
    store(gateway)

    (found,) = asker(gateway).found("/messages")["messages"]

    assert found["received_at"] == NOW.isoformat()
    assert NOW.utcoffset() == timedelta(0)


def test_what_is_answered_is_what_is_documented_and_no_more(gateway: Gateway) -> None:
    message_id = store(gateway, KEYWORD="FAIL")
    handle(gateway)
    known = asker(gateway)

    assert schemas.Messages().validate(known.found("/messages")) == {}
    assert schemas.Message().fields.keys() == known.found(f"/messages/{message_id}").keys()
    assert schemas.Status().validate(known.found("/status")) == {}
    assert rows(gateway.engine, "mo_message")[0]._fields == tuple(mo_message.c.keys())
    stored = known.found(f"/messages/{message_id}")["message"]
    assert list(stored) == mo_message.c.keys()
