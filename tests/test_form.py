"""Reading forms: every byte gets through, whatever the charset, and nothing is ever refused."""

from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.form import CHARSET_NAMES, decode, named_charset, read_document, read_form
from mo_gateway.settings import CHARSETS

from .examples import FORM_TYPE

charsets = st.sampled_from(CHARSETS)
latin_1 = st.text(st.characters(max_codepoint=0xFF))
named_charsets = st.sampled_from(sorted(CHARSET_NAMES)).map(lambda name: f"{FORM_TYPE}; charset={name}")
content_types = st.one_of(st.just(""), st.just(FORM_TYPE), named_charsets, st.text(), latin_1)


def values(raw: bytes, *, content_type: str = FORM_TYPE, charset: str = "iso-8859-1") -> list[tuple[str, str]]:
    return list(read_form(raw, content_type=content_type, charset=charset).parameters)


def test_parameters_keep_their_order_and_come_as_often_as_they_were_sent() -> None:
    assert values(b"B=1&A=2&B=3") == [("B", "1"), ("A", "2"), ("B", "3")]


def test_latin_1_bytes_are_the_characters_of_the_same_number() -> None:
    assert values(b"PARM=caf%E9+%A4+%80") == [("PARM", "café ¤ \x80")]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"A=%e9", [("A", "é")]),
        (b"A=\xe9", [("A", "é")]),
        (b"A=a+b%2Bc", [("A", "a b+c")]),
        (b"A=a%26b%3Dc", [("A", "a&b=c")]),
        (b"A=b=c", [("A", "b=c")]),
        (b"A%3D=b", [("A=", "b")]),
        (b"A", [("A", "")]),
        (b"=b", [("", "b")]),
        (b"&&A=1&", [("A", "1")]),
        (b"A=1;B=2", [("A", "1;B=2")]),
        (b"", []),
    ],
)
def test_a_form_is_split_and_unquoted_once(raw: bytes, expected: list[tuple[str, str]]) -> None:
    assert values(raw) == expected


@pytest.mark.parametrize("broken", ["%", "%4", "%G1", "100%", "%%41"])
def test_broken_percent_encoding_is_text_as_it_stands(broken: str) -> None:
    assert values(b"A=" + broken.encode()) == [("A", broken.replace("%41", "A"))]


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        (f"{FORM_TYPE}; charset=UTF-8", "utf-8"),
        (f"{FORM_TYPE};charset=utf8", "utf-8"),
        (f'{FORM_TYPE}; charset="windows-1252"', "windows-1252"),
        (f"{FORM_TYPE}; boundary=x; Charset = 'cp1252' ; q=1", "windows-1252"),
        (f"{FORM_TYPE}; charset=ISO-8859-1", "iso-8859-1"),
        (f"{FORM_TYPE}; charset=us-ascii", "iso-8859-1"),
        (f"{FORM_TYPE}; xcharset=utf-8", "windows-1252"),
        (FORM_TYPE, "windows-1252"),
        ("", "windows-1252"),
    ],
)
def test_the_charset_that_the_request_names_comes_before_the_configured_one(
    content_type: str, charset: str
) -> None:
    form = read_form(b"A=1", content_type=content_type, charset="windows-1252")

    assert (form.charset, form.marks) == (charset, ())


def test_an_unknown_charset_is_marked_and_the_configured_one_used() -> None:
    form = read_form(b"A=%E9", content_type=f"{FORM_TYPE}; charset=klingon", charset="iso-8859-1")

    assert (form.parameters, form.charset, form.marks) == ((("A", "é"),), "iso-8859-1", ("charset-unknown",))


def test_bytes_that_are_not_utf_8_are_replaced_and_marked() -> None:
    form = read_form(b"A=%E9", content_type="", charset="utf-8")

    assert (form.parameters, form.marks) == ((("A", "\ufffd"),), ("undecodable-bytes",))


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        (b"A=%C3%A9", "utf-8", "é"),
        (b"A=%E9", "windows-1252", "é"),
        (b"A=%80", "windows-1252", "€"),
        (b"A=plain", "windows-1252", "plain"),
        (b"A=%C3%A9&B=%E9", "windows-1252", "Ã©"),
    ],
)
def test_auto_is_utf_8_only_where_all_of_it_is_and_something_is_beyond_ascii(
    raw: bytes, charset: str, text: str
) -> None:
    form = read_form(raw, content_type="", charset="auto")

    assert (form.charset, form.parameters[0][1]) == (charset, text)


def test_every_byte_has_a_character_of_its_own_in_windows_1252() -> None:
    characters = {decode(bytes([byte]), "windows-1252") for byte in range(256)}

    assert len(characters) == 256
    assert {"\x81", "\x8d", "\x8f", "\x90", "\x9d", "€"} <= characters


@given(raw=st.binary(), content_type=content_types, charset=charsets)
def test_nothing_is_ever_refused(raw: bytes, content_type: str, charset: str) -> None:
    form = read_form(raw, content_type=content_type, charset=charset)

    assert form.charset in ("iso-8859-1", "windows-1252", "utf-8")
    for name, value in form.parameters:
        (name + value).encode()  # no lone surrogate: it can be stored


@given(text=latin_1)
def test_latin_1_text_comes_back_as_it_was_sent(text: str) -> None:
    raw = b"PARM=" + quote_from_bytes(text.encode("iso-8859-1"), safe="").encode()

    assert values(raw) == [("PARM", text)]


@given(text=st.text(), charset=charsets)
def test_utf_8_text_comes_back_where_the_request_names_it(text: str, charset: str) -> None:
    raw = b"PARM=" + quote_from_bytes(text.encode(), safe="").encode()

    assert values(raw, content_type=f"{FORM_TYPE}; charset=utf-8", charset=charset) == [("PARM", text)]


@given(value=st.binary(), charset=st.sampled_from(["iso-8859-1", "windows-1252"]))
def test_single_byte_charsets_lose_nothing(value: bytes, charset: str) -> None:
    text = decode(value, charset)

    back = b"".join(one.encode("latin-1") if ord(one) < 256 else one.encode("windows-1252") for one in text)
    assert back == value


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/xml; charset=UTF-8", "UTF-8"),
        ('text/xml;CHARSET = "klingon"; x=y', "klingon"),
        ("text/xml", None),
        ("", None),
    ],
)
def test_a_content_type_names_a_charset_or_none(content_type: str, charset: str | None) -> None:
    assert named_charset(content_type) == charset


@pytest.mark.parametrize(
    ("raw", "content_type", "charset", "expected"),
    [
        (b"<a>\xe9&amp;+%41</a>", "", "iso-8859-1", ("<a>é&amp;+%41</a>", "iso-8859-1", ())),
        (b"\xc3\xa9", "text/xml; charset=utf-8", "iso-8859-1", ("é", "utf-8", ())),
        (b"\xe9", "text/xml; charset=klingon", "iso-8859-1", ("é", "iso-8859-1", ("charset-unknown",))),
        (b"\xe9", "", "utf-8", ("\ufffd", "utf-8", ("undecodable-bytes",))),
        (b"\x80", "", "auto", ("€", "windows-1252", ())),
        (b"\xe2\x82\xac", "", "auto", ("€", "utf-8", ())),
    ],
)
def test_a_document_is_decoded_by_the_rules_of_a_form(
    raw: bytes, content_type: str, charset: str, expected: tuple[str, str, tuple[str, ...]]
) -> None:
    document = read_document(raw, content_type=content_type, charset=charset)

    assert (document.text, document.charset, document.marks) == expected
