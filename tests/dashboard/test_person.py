"""Person: all that there is of one number, in both directions, and the number itself nowhere."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from mo_gateway import Message, Vote, keys, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.store.tables import mo_message, mt_message
from tests.commands import HOSTILE, RAW_HOSTILE
from tests.handling import dispatcher_of, handle_all
from tests.reporting import DAY, NOON, Clock, store_at, tally_with
from tests.sending import Script, send_all, sender_of
from tests.stored import rows, store

from .visiting import Visitor, visitor, words

PHONE = "32412345678"
OTHER = "32400000001"


@keyword("SONG")
def vote(message: Message) -> tuple[Vote, str]:
    """Take a vote."""
    return Vote(poll="song", option=message.parm or None), f"Thanks for {message.parm}"


def handle_of(gateway: Gateway, msisdn: str = PHONE) -> str:
    return keys.person_key(gateway.settings.person_secret, msisdn).hex()


def shown_messages(page: str) -> list[int]:
    section = page.partition('aria-labelledby="messages"')[2].partition("</section>")[0]
    return [int(found) for found in re.findall(r'<th scope="row"><a href="/dashboard/messages/(\d+)"', section)]


@pytest.fixture
def somebody(gateway: Gateway) -> Visitor:
    """Who may see people."""
    return visitor(gateway, "compliance")


def test_a_number_leads_to_a_page_in_whose_address_it_does_not_stand(gateway: Gateway, somebody: Visitor) -> None:
    store(gateway)

    response = somebody.post("/person", number=f"+{PHONE}")

    assert response.location == f"/dashboard/person/{handle_of(gateway)}"
    assert PHONE not in somebody.text(f"/person/{handle_of(gateway)}")


@pytest.mark.parametrize("number", ["", "12", "+32 412 <b>", "9" * 16, "\0"])
def test_what_is_no_number_is_not_looked_for(number: str, somebody: Visitor) -> None:
    response = somebody.post("/person", number=number)

    assert response.status_code == 400
    assert "A number has 6 to 15 digits, its country code first." in response.text
    assert "<b>" not in response.text


def test_a_number_that_never_wrote_is_told(gateway: Gateway, somebody: Visitor) -> None:
    assert "This number never wrote to us" in somebody.text(f"/person/{handle_of(gateway)}")


@pytest.mark.parametrize("handle", ["x", "0" * 31, "0" * 33, "G" * 32, PHONE])
def test_what_is_no_handle_is_a_page_that_is_not_there(handle: str, somebody: Visitor) -> None:
    assert somebody.get(f"/person/{handle}").status_code == 404


def test_messages_votes_and_replies_of_one_number_are_shown_and_nobody_elses(
    gateway: Gateway, somebody: Visitor
) -> None:
    mine = store(gateway, KEYWORD="SONG", PARM="Thriller")
    others = store(gateway, KEYWORD="SONG", PARM="Hello", MSISDN=OTHER)
    handle_all(dispatcher_of(gateway, vote))

    page = somebody.text(f"/person/{handle_of(gateway)}")

    assert shown_messages(page) == [mine]
    assert f"message {others}" not in words(page)
    assert "song Thriller" in words(page)
    assert "Thanks for Thriller" in page
    assert "Hello" not in page


def test_messages_of_closed_dates_are_found_by_what_the_worker_has_noted(
    gateway: Gateway, somebody: Visitor
) -> None:
    old = [store_at(gateway, NOON - 9 * DAY + timedelta(hours=n), PARM=str(n)) for n in range(3)]
    store_at(gateway, NOON - 9 * DAY + timedelta(hours=1), MSISDN=OTHER)
    new = store_at(gateway, NOON, PARM="new")
    tally = tally_with(gateway, vote, clock=Clock(NOON))
    for _ in range(20):
        tally.round()
    assert [row for row in rows(gateway.engine, "report_person") if row.person_key == handle_of(gateway)]

    assert shown_messages(somebody.text(f"/person/{handle_of(gateway)}")) == [new, *reversed(old)]


def test_older_messages_and_replies_are_on_the_next_page(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store(gateway, KEYWORD="SONG", PARM=str(n)) for n in range(2)]
    handle_all(dispatcher_of(gateway, vote))
    monkeypatch.setattr("mo_gateway.web.dashboard.pages.person.ROWS", 1)

    page = somebody.text(f"/person/{handle_of(gateway)}")
    older, older_replies = re.findall(r'href="/dashboard(/person/[^"#]*before=\d+)', page)

    assert shown_messages(page) == [ids[1]]
    assert shown_messages(somebody.text(older)) == [ids[0]]
    assert "Thanks for 1" in page
    assert "Thanks for 0" in somebody.text(older_replies)


def test_the_number_is_masked_in_texts_too_and_hostile_ones_draw_nothing(
    gateway: Gateway, somebody: Visitor
) -> None:
    store(gateway, KEYWORD="SONG", PARM="Thriller")
    handle_all(dispatcher_of(gateway, vote))
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).values(parm=f"<script>alert(1)</script>{PHONE}{HOSTILE}"))
        conn.execute(update(mt_message).values(body=f"You are {PHONE}"))

    page = somebody.text(f"/person/{handle_of(gateway)}")

    assert PHONE not in page
    assert "You are 324••••••78" in page
    assert "<script>alert" not in page
    assert not any(sign in page for sign in RAW_HOSTILE)


# what a person may ask for


def fill(gateway: Gateway) -> None:
    """Let somebody vote and be answered, and somebody else too."""
    for number in (PHONE, OTHER):
        store(gateway, KEYWORD="SONG", PARM="Thriller", MSISDN=number)
    handle_all(dispatcher_of(gateway, vote))
    provider = Script()
    send_all(sender_of(gateway, provider), provider)


def audited(gateway: Gateway) -> list[tuple[str, str, str]]:
    entries = rows(gateway.engine, "mo_audit")
    return [(row.action, row.person_key.hex(), row.reason) for row in entries]


def test_everything_of_a_person_is_exported_as_a_file_whose_name_tells_no_number(
    gateway: Gateway, somebody: Visitor
) -> None:
    fill(gateway)
    handle = handle_of(gateway)

    response = somebody.post(f"/person/{handle}/export", reason="request of 3 March")

    document = json.loads(response.text)
    assert document["msisdn"] == PHONE
    assert [message["parm"] for message in document["messages"]] == ["Thriller"]
    assert OTHER not in response.text
    assert re.search(
        rf'^attachment; filename="person-{handle[:8]}-[0-9-]{{10}}\.json"$',
        response.headers["Content-Disposition"],
    )
    assert audited(gateway) == [("export", handle, "request of 3 March")]


def test_what_would_be_erased_is_shown_first_and_nothing_is_changed(gateway: Gateway, somebody: Visitor) -> None:
    fill(gateway)
    before = rows(gateway.engine, "mo_message")

    page = somebody.post(f"/person/{handle_of(gateway)}/erase").text

    assert "Messages 1 Replies 1" in words(page)
    assert "Votes 1, kept as count" in words(page)
    assert PHONE not in page
    assert PHONE[-4:] not in words(page)
    assert rows(gateway.engine, "mo_message") == before
    assert audited(gateway) == []


def test_a_person_is_erased_once_the_last_digits_and_a_reason_are_given(
    gateway: Gateway, somebody: Visitor
) -> None:
    fill(gateway)
    handle = handle_of(gateway)

    page = words(somebody.post(f"/person/{handle}/erase", last="5678", reason="asked by letter").text)

    assert "Erased Messages 1 Replies 1" in page
    assert sorted(row.msisdn for row in rows(gateway.engine, "mo_message")) == ["", OTHER]
    assert ("forget", handle, "asked by letter") in audited(gateway)
    assert "This number never wrote to us" in somebody.text(f"/person/{handle}")
    assert somebody.post(f"/person/{handle}/erase").status_code == 404
    assert somebody.post(f"/person/{handle}/export", reason="again").status_code == 404


@pytest.mark.parametrize(
    ("last", "reason", "fault"),
    [
        ("1234", "asked", "not the last four digits"),
        ("", "asked", "not the last four digits"),
        ("5678", "", "A reason is needed"),
        ("5678", "a" * 201, "A reason is needed"),
        ("5678", "for +32 412 34 56 78", "No number may stand in the reason"),
    ],
)
def test_nobody_is_erased_by_mistake(
    last: str, reason: str, fault: str, gateway: Gateway, somebody: Visitor
) -> None:
    fill(gateway)

    response = somebody.post(f"/person/{handle_of(gateway)}/erase", last=last, reason=reason)

    assert response.status_code == 400
    assert fault in response.text
    assert sorted(row.msisdn for row in rows(gateway.engine, "mo_message")) == [OTHER, PHONE]
    assert audited(gateway) == []


def test_nothing_is_exported_without_a_reason(gateway: Gateway, somebody: Visitor) -> None:
    fill(gateway)

    response = somebody.post(f"/person/{handle_of(gateway)}/export")

    assert response.status_code == 400
    assert audited(gateway) == []


def test_an_erasure_that_must_wait_says_for_what(gateway: Gateway, somebody: Visitor) -> None:
    message_id = store(gateway)
    path = f"/person/{handle_of(gateway)}/erase"

    planned = somebody.post(path)
    tried = somebody.post(path, last="5678", reason="asked")

    for page in (planned, tried):
        assert f"message {message_id} is still to be handled" in page.text
        assert "Erase for good" not in page.text
    assert (planned.status_code, tried.status_code) == (200, 409)
    assert rows(gateway.engine, "mo_message")[0].msisdn == PHONE


@pytest.mark.parametrize("what", ["export", "erase"])
@pytest.mark.parametrize("handle", ["x", "0" * 32])
def test_nothing_is_done_for_nobody(what: str, handle: str, somebody: Visitor) -> None:
    assert somebody.post(f"/person/{handle}/{what}", reason="asked", last="5678").status_code == 404


def test_who_may_not_see_people_sees_none(gateway: Gateway) -> None:
    fill(gateway)
    operator = visitor(gateway, "operator")

    assert operator.get(f"/person/{handle_of(gateway)}").status_code == 403
    assert operator.post(f"/person/{handle_of(gateway)}/export", reason="x").status_code == 403
