"""Questions: the next SMS goes to whoever waits for the answer, once, and by the provider's clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from mo_gateway import Ask, Message, Reply, answer, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.sending import reply_rules
from mo_gateway.questions import Questions
from mo_gateway.replay import plan, run_again
from mo_gateway.store.selection import Filter

from .handling import NOON, consent_of, dispatcher_of, handle_all
from .stored import make_due, replies, rows, store

JUST_NOW, LATER = "20261122125900", "20261122133000"  # in Amsterdam: a minute before NOON, half an hour after it


@keyword("JOIN")
def join(message: Message) -> Reply:
    return Reply(
        "Your postcode?",
        expect=Ask("postcode", within=timedelta(minutes=10), timeout_text="Too late.", note=message.parm),
    )


@keyword("QUIZ")
def quiz(message: Message) -> list[Ask | str]:
    return ["Blue or red?", Ask("colour")]


@answer("postcode")
def take_postcode(message: Message) -> str:
    assert message.question
    return f"{message.question.note} lives in {message.text}."


@answer("colour")
def take_colour(message: Message) -> str:
    return f"{message.text} it is."


@keyword("HELP", always=True)
def help_always(message: Message) -> str:
    return "Help is near."


@keyword("WIN")
def win(message: Message) -> str:
    return "You are in."


HANDLERS: list[Callable[..., Any]] = [join, quiz, take_postcode, take_colour, help_always, win]


def say(
    gateway: Gateway, text: str, *, at: str = JUST_NOW, handlers: list[Any] | None = None, **changes: str
) -> int:
    """Send an SMS and handle whatever is due, STOP included; give its number."""
    word, _, rest = text.partition(" ")
    number = store(gateway, KEYWORD=word, PARM=rest, TIMESTAMP=at, **changes)
    work(gateway, handlers)
    return number


def work(gateway: Gateway, handlers: list[Any] | None = None) -> None:
    chosen = HANDLERS if handlers is None else handlers
    consent_of(gateway, *chosen).record()
    handle_all(dispatcher_of(gateway, *chosen))


def questions(gateway: Gateway) -> list[tuple[str, str | None]]:
    return [(row.expect, row.outcome) for row in rows(gateway.engine, "mo_question")]


def look_after(gateway: Gateway, now: datetime = NOON) -> None:
    rules = reply_rules(gateway.settings)
    Questions(engine=gateway.engine, reply_rules=rules, clock=lambda: now).look_after()


def test_the_next_sms_is_the_answer_whatever_its_first_word(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    number = say(gateway, "WIN 1234")

    assert replies(gateway.engine) == ["Your postcode?", "Ann lives in WIN 1234."]
    (row,) = rows(gateway.engine, "mo_question")
    assert (row.expect, row.outcome, row.answer_message_id) == ("postcode", "answered", number)


def test_the_sms_after_the_answer_is_an_ordinary_one(gateway: Gateway) -> None:
    for text in ("JOIN Ann", "1234", "WIN blue"):
        say(gateway, text)

    assert replies(gateway.engine)[2:] == ["You are in."]


def test_a_stop_is_no_answer_and_ends_the_question(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "STOP")
    say(gateway, "1234")

    assert questions(gateway) == [("postcode", "stopped")]
    assert not [text for text in replies(gateway.engine) if "lives in" in text]


def test_a_keyword_that_always_wins_is_no_answer_and_the_question_waits_on(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "HELP")
    say(gateway, "1234")

    assert replies(gateway.engine)[1:] == ["Help is near.", "Ann lives in 1234."]


def test_only_the_same_person_on_the_same_shortcode_answers(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "WIN blue", MSISDN="32487654321")
    say(gateway, "WIN blue", SHORTCODE="5515")

    assert replies(gateway.engine)[1:] == ["You are in.", "You are in."]
    assert questions(gateway) == [("postcode", None)]


def test_a_later_question_takes_the_place_of_an_earlier_one(gateway: Gateway) -> None:
    @answer("postcode")
    def ask_more(message: Message) -> list[Ask | str]:
        return ["And the colour?", Ask("colour")]

    handlers = [join, ask_more, take_colour]
    for text in ("JOIN Ann", "1234", "blue"):
        say(gateway, text, handlers=handlers)

    assert replies(gateway.engine) == ["Your postcode?", "And the colour?", "blue it is."]
    assert questions(gateway) == [("postcode", "replaced"), ("colour", "answered")]


def test_an_answer_that_was_sent_too_late_is_an_ordinary_sms(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "WIN blue", at=LATER)

    assert replies(gateway.engine)[1:] == ["You are in."]


def test_what_was_sent_before_the_time_was_up_is_an_answer_though_it_comes_after_it(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    look_after(gateway)
    say(gateway, "1234")

    assert replies(gateway.engine) == ["Your postcode?", "Too late.", "Ann lives in 1234."]
    assert questions(gateway) == [("postcode", "answered")]


def test_whoever_does_not_answer_is_told_once(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "QUIZ", MSISDN="32487654321")  # whose question has no such text

    look_after(gateway)
    look_after(gateway)

    assert replies(gateway.engine)[2:] == ["Too late."]
    assert questions(gateway) == [("postcode", "timed out"), ("colour", "timed out")]


def test_nobody_is_told_while_an_sms_of_theirs_waits_to_be_handled(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    store(gateway, KEYWORD="1234", PARM="", TIMESTAMP=JUST_NOW)

    look_after(gateway)

    assert questions(gateway) == [("postcode", None)]


def test_an_answer_whose_handler_fails_keeps_the_question_until_it_is_handled(gateway: Gateway) -> None:
    fails = iter([True])

    @answer("postcode")
    def fail_first(message: Message) -> str:
        if next(fails, False):
            raise ValueError("not yet")
        return "Got it."

    say(gateway, "JOIN Ann", handlers=[join, fail_first])
    say(gateway, "1234", handlers=[join, fail_first])
    waiting = questions(gateway)
    make_due(gateway.engine)
    work(gateway, [join, fail_first])

    assert waiting == [("postcode", None)]
    assert questions(gateway) == [("postcode", "answered")]
    assert replies(gateway.engine) == ["Your postcode?", "Got it."]


def test_an_answer_that_is_replayed_answers_the_same_question(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    number = say(gateway, "WIN 1234")

    chosen = Filter(ids=(number,))
    assert list(run_again(gateway.engine, chosen, limit=9, tries=3, answers_again=True)) == [1]
    work(gateway)

    assert replies(gateway.engine)[1:] == ["Ann lives in WIN 1234."] * 2


def test_a_replay_that_is_mute_asks_nothing(gateway: Gateway) -> None:
    number = say(gateway, "JOIN Ann")

    list(run_again(gateway.engine, Filter(ids=(number,)), limit=9, tries=3))
    work(gateway)

    assert questions(gateway) == [("postcode", None)]


def test_a_question_whose_try_lost_its_claim_is_not_there(gateway: Gateway) -> None:
    store(gateway, KEYWORD="JOIN", PARM="", TIMESTAMP=JUST_NOW)
    dispatcher = dispatcher_of(gateway, *HANDLERS)
    (claim,) = dispatcher.claim(1)

    dispatcher.handle(replace(claim, attempt=claim.attempt + 1))

    assert questions(gateway) == []
    assert replies(gateway.engine) == []


def test_where_nobody_takes_the_answer_any_more_it_is_an_ordinary_sms(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "WIN blue", handlers=[join, win])

    assert replies(gateway.engine)[1:] == ["You are in."]


def test_what_was_sent_before_the_question_was_led_to_is_no_answer(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    say(gateway, "WIN blue", at="20261122125859")  # an outage held it back

    assert replies(gateway.engine)[1:] == ["You are in."]
    assert questions(gateway) == [("postcode", None)]


def test_of_a_question_that_was_asked_again_the_newest_is_answered(gateway: Gateway) -> None:
    number = say(gateway, "JOIN Ann")
    look_after(gateway)
    list(run_again(gateway.engine, Filter(ids=(number,)), limit=9, tries=3, answers_again=True))
    work(gateway)

    say(gateway, "1234")

    assert questions(gateway) == [("postcode", "timed out"), ("postcode", "answered")]


def test_whoever_does_not_answer_a_second_time_is_told_a_second_time(gateway: Gateway) -> None:
    number = say(gateway, "JOIN Ann")
    look_after(gateway)
    list(run_again(gateway.engine, Filter(ids=(number,)), limit=9, tries=3, answers_again=True))
    work(gateway)

    look_after(gateway)

    assert replies(gateway.engine) == ["Your postcode?", "Too late."] * 2


def test_of_two_sms_that_were_late_for_the_time_out_the_first_is_the_answer(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    look_after(gateway)
    say(gateway, "1234")
    say(gateway, "WIN blue")

    assert replies(gateway.engine)[2:] == ["Ann lives in 1234.", "You are in."]


def test_a_replay_that_is_only_planned_knows_who_took_the_answer(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")
    number = say(gateway, "WIN 1234")

    routes = dispatcher_of(gateway, *HANDLERS).routes
    found = plan(gateway.engine, routes, Filter(ids=(number,)), None)

    taker = f"{__name__}.take_postcode"
    assert found.moves == {(taker, taker): 1}


def test_a_question_is_asked_once_though_two_workers_had_the_message(gateway: Gateway) -> None:
    store(gateway, KEYWORD="JOIN", PARM="", TIMESTAMP=JUST_NOW)
    dispatcher = dispatcher_of(gateway, *HANDLERS)
    (first,) = dispatcher.claim(1)
    make_due(gateway.engine)
    (second,) = dispatcher.claim(1)

    dispatcher.handle(second)
    dispatcher.handle(first)

    assert questions(gateway) == [("postcode", None)]
    assert replies(gateway.engine) == ["Your postcode?"]


def test_an_answer_that_is_dead_leaves_the_question_to_the_next_sms(gateway: Gateway) -> None:
    @answer("postcode")
    def refuse(message: Message) -> None:
        raise ValueError("never")

    say(gateway, "JOIN Ann", handlers=[join, refuse])
    say(gateway, "1234", handlers=[join, refuse])
    for _ in range(gateway.settings.max_attempts):
        make_due(gateway.engine)
        work(gateway, [join, refuse])

    say(gateway, "5678")

    assert replies(gateway.engine)[1:] == ["Ann lives in 5678."]


def test_a_handler_in_the_transaction_may_ask_and_take_the_answer(gateway: Gateway) -> None:
    @keyword("JOIN", transaction=True)
    def ask(message: Message, conn: Connection) -> Reply:
        return Reply("Who?", expect="name")

    @answer("name", transaction=True)
    def take(message: Message, conn: Connection) -> str:
        return f"Hello {message.text}."

    for text in ("JOIN", "Ann"):
        say(gateway, text, handlers=[ask, take])

    assert replies(gateway.engine) == ["Who?", "Hello Ann."]
    assert questions(gateway) == [("name", "answered")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"expect": ""},
        {"expect": "a\nb"},
        {"expect": "x" * 81},
        {"within": timedelta(0)},
        {"within": timedelta(days=31)},
        {"note": "x" * 1001},
        {"timeout_text": "NUL\0"},
    ],
)
def test_a_question_that_cannot_be_kept_is_refused_where_it_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"of an? "):
        Ask(**{"expect": "postcode", **wrong})


def test_moments_of_a_question_are_utc(gateway: Gateway) -> None:
    say(gateway, "JOIN Ann")

    (row,) = rows(gateway.engine, "mo_question")
    asked = row.asked_at if isinstance(row.asked_at, datetime) else datetime.fromisoformat(f"{row.asked_at}+00:00")
    assert asked.astimezone(UTC) == NOON
