"""A Reply: what makes none is refused where it is written, in the handler."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mo_gateway.reply import Reply, VCard, is_msisdn


@pytest.mark.parametrize("number", ["32470123456", "491511", "123456789012345"])
def test_a_number_is_digits_with_the_country_code_first(number: str) -> None:
    assert is_msisdn(number)
    assert Reply("hello", to=number).to == number


@pytest.mark.parametrize(
    "number",
    [
        "",
        "32 470 12 34 56",
        "32-470-123456",
        "+32470123456",
        "0470123456",
        "0032470123456",
        "12345",
        "1234567890123456",
        "３２４７０１２３４５６",
        "32470123456\n",
        "contest",
    ],
)
def test_a_number_with_anything_else_in_it_is_refused(number: str) -> None:
    assert not is_msisdn(number)
    with pytest.raises(ValueError, match="6 to 15 digits"):
        Reply("hello", to=number)


@pytest.mark.parametrize(
    "content", [{"text": "hello"}, {"vcard": VCard(name="Jan")}, {"data": "00ff"}, {"udh": "0500", "data": "00FF"}]
)
def test_a_reply_holds_one_thing(content: dict[str, Any]) -> None:
    assert Reply(**content).text == content.get("text", "")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "needs a text"),
        ({"text": ""}, "needs a text"),
        ({"text": "hello", "data": "00"}, "one of them"),
        ({"text": "hello", "vcard": VCard(name="Jan")}, "one of them"),
        ({"udh": "0500"}, "needs a text"),
        ({"text": "hello", "udh": "0500"}, "udh stands before data"),
        ({"data": "0"}, "hex digits"),
        ({"data": "0g"}, "hex digits"),
        ({"udh": "5", "data": "00"}, "hex digits"),
        ({"text": "hello", "to": "32470123456", "group": "members"}, "not to both"),
        ({"text": "hello", "at": datetime(2026, 11, 22)}, "time zone"),  # noqa: DTZ001 - without its zone
        ({"text": "hello", "at": datetime.max.replace(tzinfo=UTC)}, "years 2000 to 2999"),
        (
            {"text": "hello", "at": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))},
            "years 2000 to 2999",
        ),
        ({"text": "hello", "at": "2026-11-22"}, "at of a Reply is datetime or None, not str"),
        ({"text": "hello", "at": 0}, "at of a Reply is datetime or None, not int"),
        ({"text": 5}, "text of a Reply is str, not int"),
        ({"text": b"hello"}, "text of a Reply is str, not bytes"),
        ({"text": None}, "text of a Reply is str, not NoneType"),
        ({"data": b"\x00"}, "data of a Reply is str, not bytes"),
        ({"data": "00", "udh": None}, "udh of a Reply is str, not NoneType"),
        ({"text": "hello", "to": 32470123456}, "to of a Reply is str or None, not int"),
        ({"text": "hello", "sender": 4414}, "sender of a Reply is str or None, not int"),
        ({"text": "hello", "provider": b"spryng"}, "provider of a Reply is str or None, not bytes"),
        ({"text": "hello", "reference": 7}, "reference of a Reply is str or None, not int"),
        ({"text": "hello", "group": ["members"]}, "group of a Reply is str or None, not list"),
        ({"vcard": {"name": "Jan"}}, "vcard of a Reply is VCard or None, not dict"),
        ({"text": "no\x00one sends NUL"}, "NUL"),
        *(({"text": "hello", name: "a\nb"}, f"{name} of a Reply") for name in ("sender", "provider", "reference")),
        ({"text": "hello", "group": "\x00"}, "group of a Reply"),
        ({"text": "hello", "sender": "\ud83d"}, "sender of a Reply"),
        ({"text": "hello", "reference": "r" * 201}, "at most 200 characters"),
        ({"vcard": VCard(name="Jan\x00")}, "fields of a VCard"),
        ({"vcard": VCard(name="Jan", mobile=None)}, "fields of a VCard"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_reply_is_refused_in_words(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Reply(**fields)


def test_a_moment_has_its_zone() -> None:
    assert Reply("hello", at=datetime(2026, 11, 22, tzinfo=UTC)).at


def test_a_text_may_have_several_lines_and_a_reference_200_characters() -> None:
    reply = Reply("one\ntwo", reference="r" * 200)

    assert (reply.text, reply.reference) == ("one\ntwo", "r" * 200)
