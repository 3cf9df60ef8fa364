"""Subscribers and STOP: who joined and left, who wants no more, the proof of it, and entries made by hand."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from mo_gateway import Join, Leave, Message, keys, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.handling import consent_with
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.metrics import Metrics
from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.routing import Routes
from mo_gateway.store.tables import mo_message, mo_subscription, mt_message, opt_out
from tests.commands import HOSTILE, RAW_HOSTILE
from tests.handling import dispatcher_of, handle_all
from tests.sending import Script, add_report, queue, send_all, sender_of
from tests.stored import rows, store

from .visiting import Visitor, visitor, words

PHONE = "32412345678"
OTHER = "32400000001"


@keyword("JOIN")
def join(_message: Message) -> Any:
    """Join the list of news."""
    return [Join("news"), "Welcome to the news"]


@keyword("LEAVE")
def leave(_message: Message) -> Any:
    """Leave it."""
    return Leave("news")


def receive(gateway: Gateway, word: str, parm: str = "", msisdn: str = PHONE) -> int:
    """Let a message come, and everything happen that it leads to."""
    message_id = store(gateway, KEYWORD=word, PARM=parm, MSISDN=msisdn)
    routes = Routes(handler for function in (join, leave) for handler in handlers_in(function))
    while consent_with(routes, gateway.settings, gateway.engine, metrics=Metrics()).record():
        pass
    handle_all(dispatcher_of(gateway, join, leave))
    provider = Script(answers=[SendResult(outcome=SendOutcome.SENT)])
    send_all(sender_of(gateway, provider), provider)
    return message_id


def key_of(gateway: Gateway, msisdn: str = PHONE) -> bytes:
    return keys.person_key(gateway.settings.person_secret, msisdn)


def audited(gateway: Gateway) -> list[tuple[str, bytes | None, str]]:
    return [(row.action, row.person_key, row.reason) for row in rows(gateway.engine, "mo_audit")]


def proof(somebody: Visitor, number: str = f"+{PHONE}") -> str:
    response = somebody.post("/subscribers/proof", number=number)
    assert response.status_code == 200, response.text
    return response.text


@pytest.fixture
def somebody(gateway: Gateway) -> Visitor:
    """Who has to prove things."""
    return visitor(gateway, "compliance")


# lists and opt-outs


def test_before_anybody_joins_or_leaves_the_page_says_so(somebody: Visitor) -> None:
    page = words(somebody.text("/subscribers"))

    assert "Nobody has joined a list yet." in page
    assert "Nobody unsubscribed." in page


def test_a_list_is_counted_and_its_members_are_shown_with_the_messages_that_prove_it(
    gateway: Gateway, somebody: Visitor
) -> None:
    joined = receive(gateway, "JOIN")
    receive(gateway, "JOIN", msisdn=OTHER)
    left = receive(gateway, "LEAVE", msisdn=OTHER)

    page = words(somebody.text("/subscribers"))
    members = words(somebody.text("/subscribers?list=news"))
    former = words(somebody.text("/subscribers?list=news&state=left"))

    assert "news 1 1" in page
    assert "+324••••••78 number ending in 78 4414" in members
    assert f"message {joined}" in members
    assert "ending in 01" not in members
    assert "number ending in 01" in former
    assert f"message {left}" in former


def test_an_opt_out_is_shown_with_its_scope_its_word_its_message_and_how_fast_it_was_confirmed(
    gateway: Gateway, somebody: Visitor
) -> None:
    stopped = receive(gateway, "STOP")
    (entry,) = rows(gateway.engine, "opt_out")
    moment = gateway.clock() - timedelta(days=1)
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).values(received_at=moment))
        since, confirmed = moment + timedelta(seconds=1), moment + timedelta(seconds=2.5)
        conn.execute(update(opt_out).values(confirmed_at=confirmed, since=since))

    page = words(somebody.text("/subscribers"))
    detail = words(somebody.text(f"/subscribers/opt-outs/{entry.id}"))

    assert "1 in force now" in page
    assert "everything on 4414 STOP" in page
    assert f"message {stopped} ● after 2.5 s" in page
    assert "after 1.0 s" in detail
    assert "Sent in spite of it ● nothing" in detail


def test_opt_outs_of_one_keyword_and_of_everything_say_so(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "STOP", "JOIN")
    somebody.post("/subscribers/opt-outs", number=OTHER, word="letter")

    page = words(somebody.text("/subscribers"))

    assert "join on 4414 only" in page
    assert "everything letter" in page
    assert "no message –" in page


def test_what_has_ended_is_kept_apart(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "STOP")
    started = receive(gateway, "START")

    page = words(somebody.text("/subscribers"))
    ended = words(somebody.text("/subscribers?optouts=ended"))

    assert "Nobody unsubscribed." in page
    assert "1 ended, all time" in page
    assert f"message {started}" in ended


def test_older_rows_are_on_the_next_page(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (PHONE, OTHER):
        receive(gateway, "JOIN", msisdn=number)
        receive(gateway, "STOP", msisdn=number)
    monkeypatch.setattr("mo_gateway.web.dashboard.pages.subscribers.ROWS", 1)

    for path in ("/subscribers", "/subscribers?list=news"):
        page = somebody.text(path)
        (older,) = re.findall(r'href="/dashboard(/subscribers\?[^"#]*before=\d+)', page)
        assert "number ending in 01" in words(page)
        assert "number ending in 78" in words(somebody.text(older.replace("&amp;", "&")))


def test_a_list_that_nobody_is_on_says_so(somebody: Visitor) -> None:
    assert "Nobody is on this list." in words(somebody.text("/subscribers?list=%3Cb%3E"))
    assert "Nobody has left this list." in words(somebody.text("/subscribers?list=x&state=left"))


def test_what_was_sent_in_spite_of_a_stop_is_shown_where_that_ever_happens(
    gateway: Gateway, somebody: Visitor
) -> None:
    receive(gateway, "STOP")
    (reply_id,) = queue(gateway)
    with gateway.engine.begin() as conn:  # as no sender does
        entry = conn.execute(select(opt_out)).one()
        sent = update(mt_message).where(mt_message.c.id == reply_id)
        conn.execute(sent.values(state="sent", due_at=None, tried_at=entry.since + timedelta(seconds=1)))

    detail, card = somebody.text(f"/subscribers/opt-outs/{entry.id}"), proof(somebody)

    assert f"Sent in spite of it ✕ reply {reply_id}" in words(detail)
    assert f"Sent in spite of it ✕ reply {reply_id}" in words(card)


@pytest.mark.parametrize("number", ["0", "812", str(2**63), "9" * 40])
def test_an_opt_out_that_is_not_there_is_a_page_that_says_so(number: str, somebody: Visitor) -> None:
    assert somebody.get(f"/subscribers/opt-outs/{number}").status_code == 404
    assert somebody.post(f"/subscribers/opt-outs/{number}/end", reason="asked").status_code == 404


def test_every_link_leads_to_a_page(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "JOIN")
    receive(gateway, "STOP")
    (entry,) = rows(gateway.engine, "opt_out")

    pages = [somebody.text(path) for path in ("/subscribers", f"/subscribers/opt-outs/{entry.id}")]
    for page in (*pages, somebody.text("/subscribers?list=news"), proof(somebody)):
        for address in set(re.findall('href="/dashboard(/(?:subscribers|replies|person)[^"#]*)', page)):
            assert somebody.get(address.replace("&amp;", "&")).status_code == 200, address


# proof


def test_the_proof_says_who_joined_with_which_text_what_was_answered_and_when_stop_came(
    gateway: Gateway, somebody: Visitor
) -> None:
    joined = receive(gateway, "JOIN", "please")
    (reply,) = rows(gateway.engine, "mt_message")
    add_report(gateway, reply.id)
    left = receive(gateway, "LEAVE")
    stopped = receive(gateway, "Stop", "now")

    page = words(proof(somebody))

    assert "Proof of consent of +324••••••78" in page
    assert f"Joined with “ JOIN please ” to 4414, message {joined}" in page
    assert "Answered “ Welcome to the news ” ● sent" in page
    assert "● delivered" in page
    assert f"Left with “ LEAVE ” to 4414, message {left}" in page
    assert f"Said with “ Stop now ” to 4414, message {stopped}" in page
    assert "You will get no more" in page or "geen berichten meer" in page
    assert "Sent in spite of it ● nothing" in page


def test_a_number_is_typed_as_people_write_it(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "JOIN")

    for written in ("+32 412 34 56 78", "0032-412/345.678", "32412345678", " 32 (412) 345678 "):
        assert "Welcome to the news" in proof(somebody, written)


def test_each_look_at_a_proof_is_in_the_audit_trail_and_the_number_is_nowhere(
    gateway: Gateway, somebody: Visitor
) -> None:
    receive(gateway, "JOIN", f"it is {PHONE}")
    receive(gateway, "STOP")
    (entry,) = rows(gateway.engine, "opt_out")

    paths = ("/subscribers", "/subscribers?list=news", f"/subscribers/opt-outs/{entry.id}")
    pages = [proof(somebody), *map(somebody.text, paths)]

    assert all(PHONE not in page for page in pages)
    assert "JOIN it is 324••••••78" in words(pages[0])
    assert audited(gateway) == [("proof", key_of(gateway), "")]
    assert all(PHONE not in str(row) for row in rows(gateway.engine, "mo_audit"))


def test_the_proof_of_somebody_unknown_says_so_and_is_in_the_trail_too(
    gateway: Gateway, somebody: Visitor
) -> None:
    page = words(proof(somebody))

    assert "This number has joined no list, and never said STOP." in page
    assert audited(gateway) == [("proof", key_of(gateway), "")]


@pytest.mark.parametrize("fields", [{}, {"number": "0412345678x"}, {"number": "12"}, {"person_key": "x"}])
def test_no_proof_without_a_number(fields: dict[str, str], gateway: Gateway, somebody: Visitor) -> None:
    response = somebody.post("/subscribers/proof", **fields)

    assert response.status_code == 400
    assert "0412345678x" not in response.text
    assert audited(gateway) == []


def test_the_proof_of_an_erased_person_shows_what_is_left(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "STOP")
    (entry,) = rows(gateway.engine, "opt_out")
    with gateway.engine.begin() as conn:
        conn.execute(update(opt_out).values(msisdn="", message_id=None))
        conn.execute(update(mo_subscription).values(msisdn=""))

    response = somebody.post("/subscribers/proof", person_key=entry.person_key.hex())

    assert "(erased)" in response.text
    assert "Word, or how it was entered STOP" in words(response.text)


def test_hostile_texts_draw_nothing(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "JOIN")
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).values(parm=f"<script>alert(1)</script>{HOSTILE}"))
    somebody.post("/subscribers/opt-outs", number=PHONE, word="<script>alert(2)</script>")
    (entry,) = rows(gateway.engine, "opt_out")

    for page in (proof(somebody), *map(somebody.text, ("/subscribers", f"/subscribers/opt-outs/{entry.id}"))):
        assert "<script>alert" not in page
        assert not any(sign in page for sign in RAW_HOSTILE)


# by hand


def test_an_opt_out_is_entered_by_hand_and_no_reply_goes_out_then(gateway: Gateway, somebody: Visitor) -> None:
    response = somebody.post(
        "/subscribers/opt-outs", number="+32 412 345678", shortcode="4414", keywords="Win quiz", word="letter"
    )
    entries = rows(gateway.engine, "opt_out")

    assert response.location == f"/dashboard/subscribers/opt-outs/{entries[0].id}"
    assert [(row.msisdn, row.shortcode, row.keyword, row.word) for row in entries] == [
        (PHONE, "4414", "quiz", "letter"),
        (PHONE, "4414", "win", "letter"),
    ]
    assert audited(gateway) == [("optout-add", key_of(gateway), "")]
    assert PHONE not in str(rows(gateway.engine, "mo_audit"))


def test_an_opt_out_that_is_in_force_already_is_not_entered_again(gateway: Gateway, somebody: Visitor) -> None:
    for _ in range(2):
        response = somebody.post("/subscribers/opt-outs", number=PHONE, word="letter")

    assert response.status_code == 409
    assert "It was in force already" in response.text
    assert len(rows(gateway.engine, "opt_out")) == len(audited(gateway)) == 1


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("number", "12", "an MSISDN is 6 to 15 digits"),
        ("number", "", "an MSISDN is 6 to 15 digits"),
        ("shortcode", "44x", "a shortcode is 3 to 15 digits"),
        ("keywords", "…", "a keyword is one word"),
        ("word", "", "A reason is needed, of at most 200 characters."),
        ("word", "a\0b", "A reason is needed"),
        ("word", "a\u202eb", "the origin is a text of 1 to 200 printable characters"),
        ("word", "a" * 201, "A reason is needed"),
        ("word", "call from 0412/34.56.78", "No number may stand in the reason"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_and_nothing_is_entered(
    field: str, value: str, fault: str, gateway: Gateway, somebody: Visitor
) -> None:
    fields = {"number": PHONE, "shortcode": "", "keywords": "", "word": "letter", field: value}

    response = somebody.post("/subscribers/opt-outs", **fields)

    assert response.status_code == 400
    assert fault in response.text
    assert PHONE not in response.text
    assert rows(gateway.engine, "opt_out") == []


def test_an_opt_out_ends_by_hand_for_a_reason(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "STOP")
    (entry,) = rows(gateway.engine, "opt_out")
    path = f"/subscribers/opt-outs/{entry.id}/end"

    without = somebody.post(path)
    with_number = somebody.post(path, reason=f"called from +{PHONE}")
    ended = somebody.post(path, reason="called on 3 November")
    again = somebody.post(path, reason="called again")

    responses = (without, with_number, ended, again)
    assert [response.status_code for response in responses] == [400, 400, 302, 404]
    assert audited(gateway) == [("optout-end", key_of(gateway), "called on 3 November")]
    assert "End this opt-out" not in somebody.text(f"/subscribers/opt-outs/{entry.id}")
    assert rows(gateway.engine, "opt_out")[0].until is not None
