"""`vote`: what is read as which option, and what is late by the provider's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway.handlers.vote import Options, ballot_of, vote
from mo_gateway.values import Timing, Vote

from .received import message

SIX = datetime(2026, 12, 1, 18, tzinfo=UTC)
EIGHT = SIX + timedelta(hours=2)
OPTIONS = {"Blue": ["blue", "bleu", "1"], "Red": ["red", "dark red"]}


@pytest.mark.parametrize(
    ("keyword", "parm", "option"),
    [
        ("VOTE", "blue", "Blue"),
        ("VOTE", "  BLEU!  please", "Blue"),
        ("VOTE", "1", "Blue"),
        ("VOTE", "dark red", "Red"),
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
def test_what_is_read_as_which_option(keyword: str, parm: str, option: str | None) -> None:
    ballot = ballot_of(vote("song", options=OPTIONS))

    assert ballot
    assert ballot.read(message(keyword=keyword, parm=parm)).option == option


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


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_sent_is_a_vote_for_an_option_or_for_none(keyword: str, parm: str) -> None:
    found, _ = vote("song", options=OPTIONS)(message(keyword=keyword, parm=parm))

    assert found.option in ("Blue", "Red", None)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"options": []}, "a vote has options"),
        ({"options": ["Blue", "blue"]}, "means Blue and blue"),
        ({"options": ["?"]}, "is no word"),
        ({"options": ["Blue"], "counts": "second"}, "first"),
        ({"options": ["Blue"], "closes": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - without one on purpose
        (
            {"options": ["Blue"], **dict.fromkeys(("opens", "closes"), datetime(2026, 1, 1, tzinfo=UTC))},
            "opens before",
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
