"""The judge of the fault runs: what it must call red, a run that proves nothing above all."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from mo_gateway.simulator.book import Book
from mo_gateway.simulator.verdict import Verdict

from .verdict import Effects, Run

NOTHING_WRONG = Verdict(stored=2, lost=(), phantom=(), twice=(), changed=(), bad_stored=())
GREEN = Run(
    faults=["kill -9"],
    book=Book(tries={0: 1, 1: 2}, acknowledged={0, 1}),
    compared=NOTHING_WRONG,
    states=Counter(done=2),
    replies=Counter({1: 2}),
    effects=Effects(states={"a": "sent", "b": "unknown"}, taken=Counter(a=1, b=1)),
)


def test_a_run_without_a_fault_proves_nothing() -> None:
    assert replace(GREEN, faults=[]).problems() == ["no fault fired, so this run proves nothing"]


def test_a_run_without_an_acknowledgement_proves_nothing() -> None:
    silent = replace(
        GREEN,
        book=Book(),
        states=Counter[str](),
        replies=Counter[int](),
        effects=Effects(states={}, taken=Counter()),
    )

    assert silent.problems() == ["nothing was acknowledged, so this run proves nothing"]


def test_a_run_without_its_final_read_proves_nothing() -> None:
    unread = replace(GREEN, compared=None)

    assert unread.problems() == ["the final read is missing, so this run proves nothing"]


def test_a_run_in_which_all_books_agree_is_green() -> None:
    assert GREEN.problems() == []


@pytest.mark.parametrize("name", ["lost", "phantom", "twice", "changed", "bad_stored"])
def test_what_the_database_says_otherwise_is_red(name: str) -> None:
    wrong: dict[str, Any] = {name: ("SIM-0",)}
    run = replace(GREEN, compared=replace(NOTHING_WRONG, **wrong))

    assert len(run.problems()) == 1
    assert "SIM-0" in run.problems()[0]


def test_a_message_that_was_never_acknowledged_is_red() -> None:
    run = replace(GREEN, book=Book(tries={0: 1, 1: 2}, acknowledged={0}))

    assert run.problems() == ["never acknowledged: [1]"]


@pytest.mark.parametrize("states", [Counter(done=1), Counter(done=1, dead=1), Counter(done=3)])
def test_a_message_that_was_not_handled_once_is_red(states: Counter[str]) -> None:
    run = replace(GREEN, states=states, replies=Counter({1: states["done"]}))

    assert [problem.partition(":")[0] for problem in run.problems()] == ["handled"]


@pytest.mark.parametrize("replies", [Counter({1: 1}), Counter({1: 1, 2: 1})])
def test_a_message_without_its_one_reply_is_red(replies: Counter[int]) -> None:
    assert len(replace(GREEN, replies=replies).problems()) == 1


@pytest.mark.parametrize(
    ("states", "taken", "problem"),
    [
        ({"a": "sent"}, Counter(a=2), "sent twice"),
        ({"a": "sent"}, Counter[str](), "said to be sent"),
        ({"a": "failed"}, Counter(a=1), "neither sent nor unknown"),
        ({}, Counter(a=1), "neither sent nor unknown"),
        ({"a": "queued"}, Counter[str](), "not settled"),
    ],
)
def test_replies_that_the_provider_tells_otherwise_are_red(
    states: dict[str, str], taken: Counter[str], problem: str
) -> None:
    (found,) = replace(GREEN, effects=Effects(states=states, taken=taken)).problems()

    assert problem in found
