"""Observers: each sees every message once, beside the handler that wins, with tries of its own."""

from typing import Any

import pytest

from mo_gateway import Message, Reply, Vote, every_message, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.replay import run_again
from mo_gateway.store import reading
from mo_gateway.store.selection import Filter

from .handling import consent_of, dispatcher_of, handle_all
from .stored import make_due, replies, rows, store

NAME = f"{__name__}.watch"


@every_message
def watch(message: Message) -> str:
    return f"saw {message.text}"


@every_message
def fail(message: Message) -> None:
    raise ValueError("not today")


@keyword("WIN")
def enter(message: Message) -> str:
    return "You are in."


def handlings(gateway: Gateway) -> set[tuple[Any, ...]]:
    found = rows(gateway.engine, "mo_handling")
    return {(row.message_id, row.handler, row.state, bool(row.is_observer)) for row in found}


def test_every_message_is_seen_beside_the_handler_that_wins_and_without_one(gateway: Gateway) -> None:
    first, second = store(gateway), store(gateway, KEYWORD="HELLO")

    handle_all(dispatcher_of(gateway, watch, enter))

    assert handlings(gateway) == {
        (first, f"{__name__}.enter", "done", False),
        (first, NAME, "done", True),
        (second, None, "unrouted", False),
        (second, NAME, "done", True),
    }
    assert sorted(replies(gateway.engine)) == ["You are in.", "saw HELLO ON", "saw WIN ON"]


def test_an_observer_that_fails_has_its_own_tries_and_holds_nobody_back(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, fail, enter)
    handle_all(dispatcher)
    store(gateway, PARM="again")  # of the same person

    handle_all(dispatcher)

    states = [(state, observes) for _, _, state, observes in sorted(handlings(gateway), key=str)]
    assert sorted(states) == [("done", False), ("done", False), ("failed", True), ("pending", True)]


def test_a_failing_handler_holds_no_observer_back(gateway: Gateway) -> None:
    @keyword("WIN")
    def refuse(message: Message) -> None:
        raise ValueError("no")

    store(gateway)

    handle_all(dispatcher_of(gateway, watch, refuse))

    assert {(state, observes) for _, _, state, observes in handlings(gateway)} == {
        ("failed", False),
        ("done", True),
    }


def test_a_message_that_is_taken_again_is_not_seen_twice(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, watch, enter)
    dispatcher.claim(1)  # and its worker dies
    make_due(gateway.engine)

    handle_all(dispatcher)

    assert sorted(replies(gateway.engine)) == ["You are in.", "saw WIN ON"]


def test_a_replay_by_name_runs_the_observer_and_nobody_else(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, watch, enter)
    handle_all(dispatcher)

    again = run_again(gateway.engine, Filter(handler=NAME), limit=9, tries=3, answers_again=True)
    assert list(again) == [1]
    handle_all(dispatcher)

    assert sorted(replies(gateway.engine)) == ["You are in.", "saw WIN ON", "saw WIN ON"]


def test_a_replay_of_a_message_leaves_observers_that_are_done_alone(gateway: Gateway) -> None:
    number = store(gateway)
    dispatcher = dispatcher_of(gateway, watch, enter)
    handle_all(dispatcher)

    assert list(run_again(gateway.engine, Filter(ids=(number,)), limit=9, tries=3)) == [1]


def test_an_observer_that_is_gone_leaves_its_work_unrouted(gateway: Gateway) -> None:
    store(gateway)
    dispatcher_of(gateway, watch, enter).claim(1)
    make_due(gateway.engine)

    handle_all(dispatcher_of(gateway, enter))

    assert [(name, state) for _, name, state, observes in handlings(gateway) if observes] == [(NAME, "unrouted")]


def test_an_observer_that_is_back_does_what_it_missed_when_it_is_replayed(gateway: Gateway) -> None:
    store(gateway, KEYWORD="STOP", PARM="")
    consent_of(gateway, watch).record()
    dispatcher_of(gateway, watch).claim(1)
    make_due(gateway.engine)
    handle_all(dispatcher_of(gateway, enter))

    assert list(run_again(gateway.engine, Filter(states=("unrouted",)), limit=9, tries=3)) == [1]
    handle_all(dispatcher_of(gateway, watch))

    assert replies(gateway.engine)[1:] == ["saw STOP"]  # behind the confirmation


def test_the_work_of_an_observer_that_is_gone_is_no_word_without_a_keyword(gateway: Gateway) -> None:
    store(gateway)
    dispatcher_of(gateway, watch, enter).claim(1)
    make_due(gateway.engine)
    handle_all(dispatcher_of(gateway, enter))

    with gateway.engine.begin() as conn:
        assert reading.unrouted_words(conn, Filter()) == []


def test_an_observer_that_no_worker_survives_is_dead_under_its_name(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, watch, enter)
    dispatcher.handle(*dispatcher.claim(1))
    for _ in range(dispatcher.tries):
        dispatcher.claim(1)  # and its worker dies
        make_due(gateway.engine)

    handle_all(dispatcher_of(gateway, enter))

    assert [(name, state) for _, name, state, observes in handlings(gateway) if observes] == [(NAME, "dead")]


def test_an_observer_that_fails_is_dead_after_its_own_tries_and_the_message_is_done(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, fail, watch, enter)
    for _ in range(dispatcher.tries + 1):
        handle_all(dispatcher)
        make_due(gateway.engine)

    assert {(name, state) for _, name, state, _ in handlings(gateway)} == {
        (f"{__name__}.enter", "done"),
        (NAME, "done"),
        (f"{__name__}.fail", "dead"),
    }
    assert len(replies(gateway.engine)) == 2


def test_the_votes_of_an_observer_count_once(gateway: Gateway) -> None:
    @every_message
    def count(message: Message) -> Vote:
        return Vote(poll="words", option=message.keyword)

    store(gateway)
    dispatcher = dispatcher_of(gateway, count, enter)
    for _ in range(2):
        handle_all(dispatcher)
        list(run_again(gateway.engine, Filter(), limit=9, tries=3))
    handle_all(dispatcher)

    assert [(row.poll, row.option) for row in rows(gateway.engine, "mo_vote")] == [("words", "WIN")]


def test_an_observer_answers_no_question(gateway: Gateway) -> None:
    @keyword("JOIN")
    def ask(message: Message) -> Reply:
        return Reply("Who?", expect="name")

    dispatcher = dispatcher_of(gateway, watch, ask)
    store(gateway, KEYWORD="JOIN", PARM="")
    handle_all(dispatcher)
    store(gateway, KEYWORD="Ann", PARM="")
    handle_all(dispatcher)

    assert [row.outcome for row in rows(gateway.engine, "mo_question")] == [None]  # nobody takes it


def test_what_is_marked_must_be_a_plain_function() -> None:
    with pytest.raises(TypeError, match="a handler is a function"):
        every_message(7)  # type: ignore[type-var] # that it is wrong is the point
