"""`subscribe` and `unsubscribe`: who joins, who leaves, and what they are answered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway.errors import HandlerError
from mo_gateway.handlers.building import Options
from mo_gateway.handlers.subscribe import Options as OfSubscribe
from mo_gateway.handlers.subscribe import subscribe
from mo_gateway.handlers.unsubscribe import Options as OfUnsubscribe
from mo_gateway.handlers.unsubscribe import unsubscribe
from mo_gateway.reply import Reply
from mo_gateway.values import Join, Leave

from .received import message


def test_joining_and_leaving_are_answered_where_a_text_is_given() -> None:
    assert subscribe("news", "Welcome, {{ parm }}.")(message(parm="Ann")) == (Join("news"), Reply("Welcome, Ann."))
    assert subscribe("news")(message()) == (Join("news"), None)
    assert unsubscribe("news", "Bye.")(message()) == (Leave("news"), Reply("Bye."))
    assert unsubscribe()(message()) == (Leave(None), None)


def test_an_answer_that_is_empty_is_not_sent() -> None:
    assert subscribe("news", "{{ parm }}")(message(parm=" ")) == (Join("news"), None)


@given(st.text(st.characters(exclude_characters="\0"), max_size=40))
def test_no_text_changes_which_list_is_joined_or_left(text: str) -> None:
    joined, _ = subscribe("news", "<{{ parm }}>")(message(parm=text))
    left, answer = unsubscribe("news", "<{{ parm }}>")(message(parm=text))

    assert (joined, left) == (Join("news"), Leave("news"))
    assert answer == Reply(f"<{text}>")


def test_an_answer_that_cannot_be_filled_in_joins_nobody() -> None:
    with pytest.raises(HandlerError):
        subscribe("news", "{{ words[0] }}")(message(parm=""))


@pytest.mark.parametrize(
    ("schema", "options", "key"),
    [
        (OfSubscribe, {}, "list"),
        (OfSubscribe, {"list": ""}, "list"),
        (OfSubscribe, {"list": "a\nb"}, "list"),
        (OfSubscribe, {"list": "x" * 81}, "list"),
        (OfSubscribe, {"list": "news", "text": "{{ option }}"}, "text"),
        (OfUnsubscribe, {"list": 7}, "list"),
        (OfUnsubscribe, {"lists": "news"}, "lists"),
    ],
)
def test_wrong_options_are_named(schema: type[Options], options: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        schema().load(options)

    assert list(refused.value.messages_dict) == [key]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 81])
def test_a_name_that_is_none_is_refused_where_it_is_made(name: str) -> None:
    for make in (subscribe, unsubscribe):
        with pytest.raises(ValueError, match="the name of a list"):
            make(name)
