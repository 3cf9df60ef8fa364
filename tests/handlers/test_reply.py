"""`reply`: which text is sent, filled in, and when it is a question."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway import Reply, keyword
from mo_gateway.handlers.reply import Options, reply
from mo_gateway.values import Ask

from .received import message


def said(handler: Any, **changes: Any) -> str | None:
    answer = handler(message(**changes))
    return answer.text if answer else None


def test_a_text_is_filled_in() -> None:
    assert said(reply("You are in with {{ parm }}."), parm="blue") == "You are in with blue."


def test_texts_take_turns_and_a_second_try_says_the_same() -> None:
    handler = reply(texts=["one", "two", "three"])

    assert [said(handler, id=number) for number in (3, 4, 5, 6, 6)] == ["one", "two", "three", "one", "one"]


def test_the_language_of_the_keyword_goes_before_the_operator_the_country_and_the_usual_text() -> None:
    handler = reply(
        "usual",
        by_language={"fr": "en français"},
        language_of={"GAGNE": "fr"},
        by_operator={"20601": "by Proximus"},
        by_country={"NLD": "in the Netherlands"},
    )

    assert said(handler, keyword="gagne!") == "en français"
    assert said(handler) == "by Proximus"
    assert said(handler, operator="20404", country="NLD") == "in the Netherlands"
    assert said(handler, operator="20404", country="DEU") == "usual"


def test_a_keyword_without_a_language_gets_the_default_one() -> None:
    handler = reply(
        by_language={"nl": "je doet mee", "fr": "vous participez"},
        language_of={"GAGNE": "fr"},
        default_language="nl",
    )

    assert said(handler, keyword="gagne") == "vous participez"
    assert said(handler, keyword="WIN") == "je doet mee"


def test_it_may_go_to_somebody_else_under_another_sender_by_another_provider() -> None:
    handler = reply("{{ msisdn }} won", to="32499999999", sender="Radio", provider="pswincom")

    assert handler(message()) == Reply("32412345678 won", to="32499999999", sender="Radio", provider="pswincom")


@given(st.text(st.characters(exclude_characters="\0"), max_size=40))
def test_whatever_is_sent_is_answered_as_it_is(text: str) -> None:
    assert said(reply("<{{ parm }}>"), parm=text) == f"<{text}>"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({}, "a reply has a text"),
        ({"texts": "one"}, "a list of texts"),
        ({"text": "{{ nobody }}"}, "a template has no nobody"),
        ({"text": "a", "to": "me"}, "a Reply goes to an MSISDN"),
        ({"text": "a", "to": "32499999999", "expect": "b"}, "is a question"),
        ({"text": "a", "sender": "a\nb"}, "the sender of a Reply"),
        ({"text": "a", "expect": "b", "within": timedelta(days=31)}, "at most 30 days"),
        ({"text": "a", "expect": "b", "timeout_text": "x" * 1001}, "the timeout_text of an Ask"),
        ({"by_language": {"fr": "b"}, "language_of": {"WIN": "nl"}}, "no text in 'nl'"),
    ],
)
def test_what_could_never_be_sent_is_refused_where_it_is_made(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        reply(**wrong)


def test_a_text_that_is_empty_is_not_sent() -> None:
    assert said(reply("{{ parm }}"), parm=" \n ") is None
    assert said(reply(by_country={"NLD": "only there"})) is None


def test_a_question_names_what_takes_its_answer() -> None:
    handler = reply("Your postcode?", expect="postcode", within=timedelta(minutes=5), note="of {{ keyword }}")

    asked = Ask("postcode", within=timedelta(minutes=5), note="of WIN")
    assert handler(message()) == Reply("Your postcode?", expect=asked)


def test_of_a_very_long_note_what_can_be_kept_is_kept() -> None:
    handler = reply("Your postcode?", expect="postcode", note="{{ parm }}")

    assert handler(message(parm=1001 * "x")).ask.note == 1000 * "x"


def test_it_may_be_marked_as_a_handler() -> None:
    marked = keyword("WIN", name="win")(reply("Thanks."))

    assert said(marked) == "Thanks."


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"text": "{{ nobody }}"}, "text"),
        ({"text": "a", "texts": ["b"]}, "texts"),
        ({"texts": "a"}, "texts"),
        ({"text": "a", "within": "5m"}, "expect"),
        ({"text": "a", "expect": "b", "within": 5}, "within"),
        ({"text": "a", "by_language": {"fr": "b"}}, "by_language"),
        ({"texts": []}, "texts"),
        ({"text": "a", "expect": "b", "within": "31d"}, "within"),
        ({"text": "a", "expect": "b\n"}, "expect"),
        ({"text": "a", "sender": "a\nb"}, "sender"),
        ({"text": "a", "to": "+32499999999"}, "to"),
        ({"text": "a", "to": "32499999999", "expect": "b"}, "to"),
        ({"text": "a", "language_of": {"WIN": "fr"}}, "language_of"),
        ({"text": "a", "default_language": "fr"}, "default_language"),
        ({"by_language": {"fr": "b"}, "language_of": {"WIN": "nl"}}, "language_of"),
        ({"by_language": {"fr": "b", "nl": "c"}, "language_of": {"WIN": "nl", "win": "fr"}}, "language_of"),
        ({"by_language": {"fr": "b"}, "default_language": "nl"}, "default_language"),
        ({"by_operator": {}}, "by_operator"),
        ({"by_operator": {"2061": "b"}}, "by_operator"),
        ({"by_country": {"Belgium": "b"}}, "by_country"),
        ({"by_operator": ["a"]}, "by_operator"),
        ({"by_country": {"BEL": "{{ nobody }}"}}, "by_country"),
        ({"text": "a", "x": 1}, "x"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Options().load(options)

    assert list(refused.value.messages_dict) == [key]
