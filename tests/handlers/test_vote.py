"""`vote`: what is read as which option, and what is late by the provider's clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway import keyword
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.vote import Options, ballot_of, build, vote
from mo_gateway.values import Timing, Vote

from .received import message

SIX = datetime(2026, 12, 1, 18, tzinfo=UTC)
EIGHT = SIX + timedelta(hours=2)
OPTIONS = {"Blue": ["blue", "bleu", "1"], "Red": ["red", "dark red"]}


@pytest.mark.parametrize(
    ("word", "parm", "option"),
    [
        ("VOTE", "blue", "Blue"),
        ("VOTE", "  BLEU!  please", "Blue"),
        ("VOTE", "1", "Blue"),
        ("VOTE", "dark red", "Red"),
        ("VOTE", "dark   red", "Red"),
        ("VOTE", "dark\nred", "Red"),
        ("dark", "red", "Red"),
        ("VOTE", "- blue please", "Blue"),
        ("VOTE", "#1", "Blue"),
        ("VOTE", "ｂｌｕｅ", "Blue"),
        ("VOTE", "red blue", "Red"),
        ("VOTE", "Dark", None),
        ("VOTE", "dark blue", None),
        ("VOTE", "", None),
        ("blue", "", "Blue"),
        ("BLUE", "please", "Blue"),
        ("BLUE", "red", "Red"),
        ("VOTE", "bluer", None),
        ("VOTE", "👍", None),
    ],
)
def test_what_is_read_as_which_option(word: str, parm: str, option: str | None) -> None:
    ballot = ballot_of(vote("song", options=OPTIONS))

    assert ballot
    assert ballot.read(message(keyword=word, parm=parm)).option == option


@pytest.mark.parametrize(
    ("sent_at", "timing"),
    [
        (SIX - timedelta(seconds=1), Timing.EARLY),
        (SIX, Timing.IN_TIME),
        (EIGHT - timedelta(seconds=1), Timing.IN_TIME),
        (EIGHT, Timing.LATE),
    ],
)
def test_the_providers_clock_says_what_is_in_time(sent_at: datetime, timing: Timing) -> None:
    received_at = EIGHT + timedelta(hours=9)  # after an outage of ours
    found, _ = vote("song", options=["Blue"], opens=SIX, closes=EIGHT)(
        message(parm="blue", sent_at=sent_at, received_at=received_at)
    )

    assert found == Vote(poll="song", option="Blue", timing=timing)


def test_each_kind_of_vote_has_its_answer() -> None:
    handler = vote(
        "song",
        options=["Blue", "Red"],
        opens=SIX,
        closes=EIGHT,
        counts="last",
        text="{{ option }} in {{ poll }}",
        early_text="not yet",
        late_text="too late",
        unreadable_text="send {{ options | join(' or ') }}",
    )

    def said(**changes: Any) -> tuple[bool, str]:
        read, reply = handler(message(**changes))
        return read.last_counts, reply.text

    assert said(parm="red", sent_at=SIX) == (True, "Red in song")
    assert said(parm="purple", sent_at=SIX) == (True, "send Blue or Red")
    assert said(parm="red", sent_at=EIGHT) == (True, "too late")
    assert said(parm="purple", sent_at=SIX - timedelta(days=1)) == (True, "not yet")


def test_without_texts_nothing_is_answered() -> None:
    handler = vote("song", options=["Blue"], closes=SIX, text="Thanks.")

    assert handler(message(parm="blue", sent_at=EIGHT))[1] is None
    assert handler(message(parm="purple", sent_at=EIGHT - timedelta(days=9)))[1] is None


def test_one_word_may_stand_for_an_option_without_a_list() -> None:
    handler = vote("song", options={"Blue": "b", "Red": []})

    assert handler(message(parm="B"))[0].option == "Blue"
    assert handler(message(parm="red"))[0].option == "Red"


def test_moments_of_a_routes_file_are_in_the_zone_of_the_gateway(tmp_path: Path) -> None:
    options = {"poll": "song", "options": ["Blue"], "closes": SIX.replace(tzinfo=None)}
    surroundings = Surroundings(folder=tmp_path, timezone=ZoneInfo("Europe/Amsterdam"))

    ballot = ballot_of(build(Options().load(options), surroundings))

    assert ballot
    assert ballot.closes == SIX - timedelta(hours=1)


def test_a_recount_reads_what_the_handler_read() -> None:
    handler = vote("song", options=OPTIONS, closes=EIGHT, counts="last")
    ballot = ballot_of(handler)

    assert ballot
    for changes in ({"parm": "red"}, {"parm": "blue", "sent_at": EIGHT}, {"parm": "purple"}):
        assert ballot.read(message(**changes)) == handler(message(**changes))[0]


def test_it_stays_countable_when_it_is_marked_as_a_handler() -> None:
    marked = keyword("VOTE", name="vote")(vote("song", options=["Blue"]))

    assert ballot_of(marked)
    assert ballot_of(lambda message: None) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_sent_is_a_vote_for_an_option_or_for_none(word: str, parm: str) -> None:
    found, _ = vote("song", options=OPTIONS)(message(keyword=word, parm=parm))

    assert found.option in ("Blue", "Red", None)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"options": []}, "a vote has options"),
        ({"options": ["Blue", "blue"]}, "means Blue and blue"),
        ({"options": ["Blue", "Blue"]}, "stands there twice"),
        ({"options": {"Blue": ["b", "B!"]}}, "stands there twice"),
        ({"options": "Blue"}, "a list"),
        ({"options": ["x" * 81]}, "the name of a option"),
        ({"options": ["a\nb"]}, "the name of a option"),
        ({"options": ["Blue"], "opens": EIGHT, "closes": SIX}, "before it opens"),
        ({"options": ["Blue"], "text": "{{ options }}"}, "a template has no options"),
        ({"options": ["?"]}, "is no word"),
        ({"options": ["Blue"], "counts": "second"}, "first"),
        ({"options": ["Blue"], "closes": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - without one on purpose
        (
            {"options": ["Blue"], **dict.fromkeys(("opens", "closes"), datetime(2026, 1, 1, tzinfo=UTC))},
            "closes before it opens",
        ),
    ],
)
def test_what_cannot_be_a_vote_is_refused_where_it_is_made(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        vote("song", **wrong)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"poll": "song"}, "options"),
        ({"options": ["Blue"]}, "poll"),
        ({"poll": "so\nng", "options": ["Blue"]}, "poll"),
        ({"poll": "song", "options": ["Blue", ""]}, "options"),
        ({"poll": "song", "options": ["Blue", "Blue"]}, "options"),
        ({"poll": "song", "options": ["Blue", ["Red"]]}, "options"),
        ({"poll": "song", "options": ["x" * 81]}, "options"),
        ({"poll": "song", "options": ["Blue"], "opens": "2026-12-01"}, "opens"),
        ({"poll": "song", "options": ["Blue"], "opens": EIGHT, "closes": SIX}, "closes"),
        ({"poll": "song", "options": "Blue"}, "options"),
        ({"poll": "song", "options": {}}, "options"),
        ({"poll": "song", "options": {"Blue": 1}}, "options"),
        ({"poll": "song", "options": {"A": ["x"], "B": ["X"]}}, "options"),
        ({"poll": "song", "options": ["Blue"], "counts": "all"}, "counts"),
        ({"poll": "song", "options": ["Blue"], "text": "{{ options }}"}, "text"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Options().load(options)

    assert list(refused.value.messages_dict) == [key]
