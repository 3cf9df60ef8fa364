"""Masking: enough of a number to recognise it, and no text that draws on a terminal."""

import json
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.masking import masked, one_line, raw_without_secrets, without_secrets


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no user a/b c+é", "no user ***"),
        ("pw=a%2Fb%20c%2B%C3%A9&x", "pw=***&x"),
        ("pw=a%2fb%20c%2b%c3%a9&x", "pw=***&x"),
        ("pw=a%2Fb+c%2B%c3%A9&x", "pw=***&x"),
        ("pw=a%2Fb+c%2B%E9&x", "pw=***&x"),
        ("pw=a/b%20c%2B%C3%A9&x", "pw=***&x"),
        ('{"pw": "a\\/b c+\\u00E9"}', '{"pw": "***"}'),
        ("read wrong: a/b c+Ã©", "read wrong: ***"),
        ("A/B C+É", "A/B C+É"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_a_credential_is_hidden_however_it_is_written(text: str, shown: str) -> None:
    assert without_secrets(text, ["a/b c+é"]) == shown


@pytest.mark.parametrize("text", ["geheim&<x>", "geheim&amp;&lt;x&gt;", "geheim%26%3cx%3E"])
def test_a_credential_is_hidden_in_xml_and_in_a_query(text: str) -> None:
    assert without_secrets(f"it is {text}", ["geheim&<x>"]) == "it is ***"


@pytest.mark.parametrize("secrets", [("abc", "abcdef"), ("abcdef", "abc")])
def test_of_two_credentials_the_longer_one_is_hidden_whole(secrets: Sequence[str]) -> None:
    assert without_secrets("abcdef, abc", secrets) == "***, ***"


def test_an_empty_credential_hides_nothing() -> None:
    assert without_secrets("abc", ["", "x"]) == "abc"
    assert without_secrets("abc", []) == "abc"


@given(secret=st.text(st.characters(codec="utf-8", exclude_characters="xyz "), min_size=1))
def test_no_credential_is_left_in_a_text(secret: str) -> None:
    for written in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        assert without_secrets(f"x{written}y", [secret]) == "x***y"


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_credential_is_taken_out_of_bytes_and_no_other_byte_is_touched(charset: str) -> None:
    raw = b"\xff\x00" + "x=pässwort".encode(charset) + b"\xc3("

    assert raw_without_secrets(raw, ["pässwort"]) == b"\xff\x00x=***\xc3("
