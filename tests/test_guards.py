"""Guards at the moment of sending: each suppression is stored with its reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from mo_gateway import Message, Reply, keyword
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.send import Task
from mo_gateway.store.tables import mt_message, mt_provider
from mo_gateway.store.types import database_now

from .conftest import MakeSettings
from .handling import consent_of, dispatcher_of, handle_all
from .sending import Script, claimed, make_replies_due, queue, send_all, sender_of
from .stored import rows, store


@keyword("*")
def _answer_with_umlaut(_message: Message) -> str:
    return "Noël"


def reasons(gateway: Gateway) -> list[str | None]:
    """Give why each reply was suppressed; None where it was not."""
    table = rows(gateway.engine, "mt_message")
    assert all((row.state == "suppressed") == bool(row.suppressed_reason) for row in table)
    assert all(row.due_at is None for row in table)
    return [row.suppressed_reason for row in table]


@pytest.fixture(params=["sqlite", "postgresql"])
def strict(request: pytest.FixtureRequest, make_settings: MakeSettings) -> Any:
    """A gateway that sends three replies an hour to a person, the same text twice, and ten parts a day."""
    url = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    gateway = open_gateway(make_settings(url, REPLY_LIMIT="3", LOOP_LIMIT="2", DAILY_BUDGET="10"))
    yield gateway
    gateway.close()


def test_a_person_gets_so_many_replies_in_an_hour_on_a_shortcode(strict: Gateway) -> None:
    provider = Script()
    queue(strict, *(Reply(f"number {n}") for n in range(5)))

    send_all(sender_of(strict, provider), provider)

    assert reasons(strict) == [None, None, None, "limit", "limit"]


def test_an_hour_later_there_is_room_again(strict: Gateway) -> None:
    provider = Script()
    sender = sender_of(strict, provider)
    queue(strict, *(Reply(f"number {n}") for n in range(3)))
    send_all(sender, provider)
    with strict.engine.begin() as conn:
        conn.execute(update(mt_message).values(tried_at=database_now(-3601.0)))

    queue(strict, Reply("one more"))
    send_all(sender, provider)

    assert reasons(strict) == [None] * 4


def test_who_gets_too_much_already_is_told_that_stop_was_heard(strict: Gateway) -> None:
    provider = Script()
    sender = sender_of(strict, provider)
    queue(strict, *(Reply(f"number {n}") for n in range(5)))
    send_all(sender, provider)

    store(strict, KEYWORD="STOP", PARM="")
    consent_of(strict, _answer_with_umlaut).record()
    send_all(sender, provider)

    assert reasons(strict) == [None, None, None, "limit", "limit", None]


def test_a_machine_that_says_stop_and_start_for_ever_is_not_confirmed_for_ever(strict: Gateway) -> None:
    provider = Script()
    sender = sender_of(strict, provider)
    for second in range(8):
        word = "START" if second % 2 else "STOP"
        store(strict, KEYWORD=word, PARM="", TIMESTAMP=f"2004020815250{second}")
        consent_of(strict, _answer_with_umlaut).record()
        send_all(sender, provider)

    assert reasons(strict) == [None, None, *["loop"] * 6]


def test_other_people_are_not_counted(strict: Gateway) -> None:
    provider = Script()
    queue(strict, *(Reply(f"number {n}", to=f"3240000000{n}") for n in range(5)))

    send_all(sender_of(strict, provider), provider)

    assert reasons(strict) == [None] * 5


def test_two_machines_that_answer_each_other_are_cut_off(strict: Gateway) -> None:
    provider = Script()
    queue(strict, *(Reply("Thank you for your message") for _ in range(4)))

    send_all(sender_of(strict, provider), provider)

    assert reasons(strict) == [None, None, "loop", "loop"]


def test_the_budget_of_a_day_is_counted_in_parts_over_all_providers(strict: Gateway) -> None:
    one, other = Script(), Script(name="pswincom")
    sender = sender_of(strict, one, other)
    long = "x" * 459  # three parts
    queue(strict, *(Reply(long, to=f"3240000000{n}") for n in range(2)))
    queue(strict, *(Reply(long, to=f"3240000001{n}", provider="pswincom") for n in range(2)))

    send_all(sender, one)
    send_all(sender, other)

    assert reasons(strict) == [None, None, None, "budget"]


def test_a_try_that_sent_nothing_costs_nothing(strict: Gateway) -> None:
    away = SendResult(outcome=SendOutcome.LATER, holds=True)
    provider = Script([*[away] * 5, SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(strict, provider)
    queue(strict, Reply("x" * 459))

    for _ in range(6):
        make_replies_due(strict)
        send_all(sender, provider)

    assert reasons(strict) == [None]
    assert [row.parts for row in rows(strict.engine, "mt_provider") if row.provider == "*"] == [3]


def test_hosts_whose_clocks_differ_share_one_budget(strict: Gateway) -> None:
    provider = Script()
    today = datetime.now(UTC)
    yesterday = today - timedelta(days=1)
    one = sender_of(strict, provider, clock=lambda: today)
    other = sender_of(strict, provider, clock=lambda: yesterday)
    queue(strict, *(Reply("x" * 459, to=f"3240000000{n}") for n in range(6)))

    for sender in (one, other) * 3:
        task = sender.claim(provider)
        if isinstance(task, Task):
            sender.record(provider, sender.send(provider, task))

    assert reasons(strict) == [None, None, None, "budget", "budget", "budget"]


def test_limits_count_when_a_reply_went_out_and_not_when_it_was_first_tried(strict: Gateway) -> None:
    provider = Script([SendResult(outcome=SendOutcome.LATER, holds=True), SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(strict, provider)
    queue(strict, *(Reply(f"number {n}") for n in range(5)))
    send_all(sender, provider)
    with strict.engine.begin() as conn:
        conn.execute(update(mt_message).values(first_tried_at=database_now(-7200.0)))

    make_replies_due(strict)
    send_all(sender, provider)

    assert sorted(map(str, reasons(strict))) == ["None", "None", "None", "limit", "limit"]


def test_groups_are_not_one_person(strict: Gateway) -> None:
    provider = Script()
    queue(strict, *(Reply(f"number {n}", group=f"group {n}") for n in range(5)))

    send_all(sender_of(strict, provider), provider)

    assert reasons(strict) == [None] * 5


def test_what_a_try_of_yesterday_gives_back_is_no_part_of_today(strict: Gateway) -> None:
    provider = Script([SendResult(outcome=SendOutcome.FAILED, code="105")])
    sender = sender_of(strict, provider)
    queue(strict, Reply("x" * 459))
    task = claimed(sender, provider)
    tried = sender.send(provider, replace(task, day="2000-01-01"))  # it was claimed just before midnight

    sender.record(provider, tried)

    assert [row.parts for row in rows(strict.engine, "mt_provider") if row.provider == "*"] == [3]


def test_the_next_day_has_a_budget_of_its_own(strict: Gateway) -> None:
    provider = Script()
    sender = sender_of(strict, provider)
    queue(strict, Reply("x" * 459, to="32400000001"))
    send_all(sender, provider)
    with strict.engine.begin() as conn:
        conn.execute(update(mt_provider).values(day="2026-01-01", parts=10))

    queue(strict, Reply("x" * 459, to="32400000002"))
    send_all(sender, provider)

    assert reasons(strict) == [None, None]


def test_a_reply_that_is_too_old_does_not_go_out(gateway: Gateway) -> None:
    provider = Script()
    queue(gateway)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(expires_at=database_now(-1.0)))

    send_all(sender_of(gateway, provider), provider)

    assert reasons(gateway) == ["expired"]


@pytest.mark.parametrize(("is_local", "reason"), [(True, None), (False, "test")])
def test_the_answer_to_a_test_message_goes_to_a_fake_only(
    gateway: Gateway, is_local: bool, reason: str | None
) -> None:
    provider = Script(is_local=is_local)
    queue(gateway)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(is_test=True))

    send_all(sender_of(gateway, provider), provider)

    assert reasons(gateway) == [reason]


def test_hundreds_of_suppressed_replies_do_not_hold_up_the_one_behind_them(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway, *(Reply(f"old {n}") for n in range(150)))
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(expires_at=database_now(-1.0)))
    queue(gateway, Reply("new"))

    while not provider.sent:
        make_replies_due(gateway)
        send_all(sender, provider)

    assert [message.text for message in provider.sent] == ["new"]
    assert reasons(gateway).count("expired") == 150


def test_the_settings_choose_provider_sender_and_letters(sqlite_url: str, make_settings: MakeSettings) -> None:
    chosen = {"REPLY_PROVIDER": "sms1601", "REPLY_SENDER": "Radio", "TRANSLITERATE": "1"}
    gateway = open_gateway(make_settings(sqlite_url, **chosen))
    store(gateway)

    handle_all(dispatcher_of(gateway, _answer_with_umlaut))

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.provider, row.sender, row.body, row.parts) == ("sms1601", "Radio", "Noel", 1)
    assert (row.shortcode, row.keyword) == ("4414", "win")
    gateway.close()
