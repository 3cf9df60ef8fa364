"""Keys: equal when the provider repeats itself, different for anything else, and in the order of time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.keys import line_of, message_key, person_key, rejection_key
from mo_gateway.message import Message

from .examples import FORM, NOW, webhook

#: Where a field of the wire stands in a Message.
FIELDS = {name: name.lower() for name in FORM} | {"TIMESTAMP": "timestamp_raw"}

MESSAGE = Message(
    provider="spryng",
    **{FIELDS[name]: value for name, value in FORM.items()},  # type: ignore[arg-type] # all of these are text
    sent_at=datetime(2004, 2, 8, 14, 25, 44, tzinfo=UTC),
    received_at=NOW,
    charset="iso-8859-1",
)

timestamps = st.datetimes(min_value=datetime(1, 1, 2)).map(  # noqa: DTZ001 - the digits of a wall clock
    lambda moment: moment.isoformat(timespec="seconds").translate({ord(mark): None for mark in "-T:"})
)
field_texts = st.lists(st.text(max_size=20), min_size=6, max_size=6)


def test_a_key_has_16_bytes() -> None:
    assert len(message_key(MESSAGE)) == 16
    assert len(rejection_key("spryng", webhook())) == 16
    assert len(person_key(b"secret", "32412345678")) == 16


def test_keys_are_those_that_stand_in_every_database() -> None:
    """Other ones would not recognise the retries of an update's night, nor who has said STOP before it."""
    with_id = replace(MESSAGE, provider="pswincom", provider_id="4711")
    person = person_key(b"secret", "32412345678")

    assert message_key(MESSAGE).hex() == "1239f97cf7e0eac5505fd5d280c8cc84"
    assert message_key(replace(MESSAGE, reference=None)).hex() == "1239f97cf7e0cab9e54834a3db48aab2"
    assert message_key(with_id).hex() == "1239f97cf7e037888258283f5f1e7207"
    assert rejection_key("spryng", webhook()).hex() == "9560e5f0ffe5c9262f45df789bb6c067"
    assert person.hex() == "533caae6b4cbf43f7f77e5086f3d3856"
    assert line_of(person, "4414") == 6379683583969852009


@pytest.mark.parametrize("name", FORM)
def test_messages_that_differ_in_one_field_have_different_keys(name: str) -> None:
    changed = {"TIMESTAMP": "20040208152545"}.get(name, FORM[name] + "1")

    other = replace(MESSAGE, **{FIELDS[name]: changed})  # type: ignore[arg-type] # all of these are text

    assert message_key(other) != message_key(MESSAGE)


def test_the_same_fields_from_another_provider_are_another_message() -> None:
    assert message_key(replace(MESSAGE, provider="other")) != message_key(MESSAGE)


def test_what_is_not_a_field_does_not_change_the_key() -> None:
    again = replace(
        MESSAGE,
        received_at=NOW + timedelta(hours=3),
        sent_at=NOW,
        charset="utf-8",
        operator_defaulted=True,
        marks=("clock-repeated",),
        is_test=True,
        id=812,
        attempt=3,
    )

    assert message_key(again) == message_key(MESSAGE)


def test_with_the_provider_s_own_id_the_key_is_time_and_id() -> None:
    message = replace(MESSAGE, provider_id="7a02c0000f00")
    retry = replace(message, keyword="win", parm="", operator="", shortcode="1", country="NLD", reference="2")

    assert message_key(retry) == message_key(message)
    assert len(message_key(message)) == 16


@pytest.mark.parametrize(
    "changes",
    [
        {"provider_id": "7a02c0000g00"},
        {"provider_id": ""},
        {"provider_id": None},
        {"provider": "other"},
        {"timestamp_raw": "20040208152545"},
    ],
)
def test_another_id_or_time_or_provider_is_another_message(changes: dict[str, str | None]) -> None:
    message = replace(MESSAGE, provider_id="7a02c0000f00")

    assert message_key(replace(message, **changes)) != message_key(message)  # type: ignore[arg-type] # all are text


@given(one=st.tuples(st.text(), st.text()), other=st.tuples(st.text(), st.text()))
def test_keys_with_an_id_are_equal_exactly_when_provider_and_id_are(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    first, second = (replace(MESSAGE, provider=name, provider_id=number) for name, number in (one, other))

    assert (message_key(first) == message_key(second)) is (one == other)


def test_text_that_moves_from_one_field_to_its_neighbour_changes_the_key() -> None:
    assert message_key(replace(MESSAGE, keyword="WINO", parm="N")) != message_key(MESSAGE)


def test_case_and_accents_change_the_key() -> None:
    keys = {message_key(replace(MESSAGE, keyword=word)) for word in ("WIN", "win", "WIÑ", "WIN\u0303")}

    assert len(keys) == 4


@given(one=field_texts, other=field_texts)
def test_keys_are_equal_exactly_when_all_fields_are(one: list[str], other: list[str]) -> None:
    names = ("msisdn", "keyword", "parm", "operator", "shortcode", "country")

    first, second = (
        replace(MESSAGE, **dict(zip(names, texts, strict=True)))  # type: ignore[arg-type] # all are text
        for texts in (one, other)
    )

    assert (message_key(first) == message_key(second)) is (one == other)


@given(one=timestamps, other=timestamps)
def test_keys_sort_by_the_time_of_the_message(one: str, other: str) -> None:
    for provider_id in (None, "7a02c0000f00"):
        first, second = (
            message_key(replace(MESSAGE, timestamp_raw=digits, provider_id=provider_id)) for digits in (one, other)
        )

        assert int.from_bytes(first[:6]) == int(one)
        assert one == other or (first < second) is (one < other)


def test_a_rejection_differs_by_method_media_type_and_bytes() -> None:
    request = webhook()
    variations = [
        request,
        replace(request, method="GET"),
        replace(request, content_type="text/plain"),
        replace(request, raw=request.raw + b"&"),
    ]

    assert len({rejection_key("spryng", one) for one in variations}) == 4
    assert rejection_key("other", request) != rejection_key("spryng", request)


def test_a_rejection_is_the_same_whenever_and_from_wherever_it_comes() -> None:
    again = replace(webhook(), received_at=NOW + timedelta(hours=1), remote_addr="192.0.2.9", is_test=True)

    assert rejection_key("spryng", again) == rejection_key("spryng", webhook())


def test_a_person_is_known_only_with_the_secret() -> None:
    assert person_key(b"secret", "32412345678") == person_key(b"secret", "32412345678")
    assert person_key(b"other", "32412345678") != person_key(b"secret", "32412345678")
    assert person_key(b"secret", "32412345679") != person_key(b"secret", "32412345678")


@given(person=st.binary(min_size=16, max_size=16), shortcode=st.text())
def test_a_line_fits_into_a_bigint(person: bytes, shortcode: str) -> None:
    assert -(2**63) <= line_of(person, shortcode) < 2**63


def test_a_line_is_one_sender_to_one_shortcode() -> None:
    one, other = person_key(b"secret", "32412345678"), person_key(b"secret", "32412345679")

    assert len({line_of(one, "4414"), line_of(other, "4414"), line_of(one, "4415"), line_of(one, "4414")}) == 3
