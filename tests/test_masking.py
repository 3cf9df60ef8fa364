"""Masking: enough of a number to recognise it, and no text that draws on a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.masking import masked, one_line


@pytest.mark.parametrize(
    ("msisdn", "shown"),
    [
        ("32412345678", "324••••••78"),
        ("324123", "324•23"),
        ("32412", "•••••"),
        ("3", "•"),
        ("", ""),
    ],
)
def test_the_middle_of_a_number_is_hidden(msisdn: str, shown: str) -> None:
    assert masked(msisdn) == shown


@given(msisdn=st.text("0123456789", min_size=6, max_size=15))
def test_at_most_five_digits_are_shown(msisdn: str) -> None:
    shown = masked(msisdn)

    assert len(shown) == len(msisdn)
    assert len(shown.replace("•", "")) == 5


@pytest.mark.parametrize("text", ["", "WIN blue", "çà et là, déjà 5 €", "日本語", "👍🏽", "c:\\temp"])
def test_a_harmless_text_is_shown_as_it_is(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u061cx\u2066y\u2069", "\\u061cx\\u2066y\\u2069"),
        ("WI\u200bN\xad\ufeff", "WI\\u200bN\\xad\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_direction_and_invisible_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(text=st.text(st.characters()))
def test_what_is_shown_is_one_line_without_a_hidden_character(text: str) -> None:
    shown = one_line(text)

    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert one_line(shown) == shown
