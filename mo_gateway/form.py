"""From percent-encoded bytes to text fields, whatever the charset.

A framework that decodes forms as UTF-8 turns the provider's `%E9` into U+FFFD and loses the é for good.
So the bytes are split and unquoted as bytes, and decoded at the end, once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

#: What a Content-Type may call them → how we call them (Python's codec of that name reads them).
CHARSET_NAMES = {
    "iso-8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "us-ascii": "iso-8859-1",
    "ascii": "iso-8859-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
    "utf-8": "utf-8",
    "utf8": "utf-8",
}

# windows-1252 leaves five bytes undefined; they become the control character of the same number, as browsers
# do it. Python hands them over as lone surrogates when asked to keep what it cannot decode.
_UNDEFINED_IN_1252 = {0xDC00 + byte: byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}

_CHARSET_PARAMETER = re.compile(r""";\s*charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of one request, in the order they came."""

    parameters: tuple[tuple[str, str], ...]
    charset: str  #: how they were read: iso-8859-1, windows-1252 or utf-8
    marks: tuple[str, ...]  #: `charset-unknown`, `undecodable-bytes`


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a request that is no form."""

    text: str
    charset: str  #: how it was read: iso-8859-1, windows-1252 or utf-8
    marks: tuple[str, ...]  #: `charset-unknown`, `undecodable-bytes`


def read_form(raw: bytes, *, content_type: str, charset: str) -> Form:
    """Split and decode `name=value&…` bytes; nothing is ever refused here.

    The charset is the one that `content_type` names, else `charset`, which may be `auto`: UTF-8 where the
    bytes are valid UTF-8 with at least one character beyond ASCII, else windows-1252. Broken percent-encoding
    is text as it stands.
    """
    pairs = [_unquoted(part) for part in raw.split(b"&") if part]
    values = [value for _, value in pairs]
    charset, marks = _settled(content_type, charset, values)
    parameters = tuple((name.decode("latin-1"), decode(value, charset)) for name, value in pairs)
    return Form(parameters, charset, marks)


def read_document(raw: bytes, *, content_type: str, charset: str) -> Document:
    """Decode a whole document by the rules that hold for the values of a form; nothing is ever refused here."""
    charset, marks = _settled(content_type, charset, [raw])
    return Document(decode(raw, charset), charset, marks)


def named_charset(content_type: str) -> str | None:
    """Give the charset that a Content-Type names, in its own writing; None where it names none."""
    named = _CHARSET_PARAMETER.search(content_type)
    return named[1] if named else None


def decode(value: bytes, charset: str) -> str:
    """Read bytes as text; what is no character of that charset becomes U+FFFD."""
    if charset == "windows-1252":
        return value.decode("windows-1252", "surrogateescape").translate(_UNDEFINED_IN_1252)
    return value.decode(charset, "replace")


def _settled(content_type: str, charset: str, values: Sequence[bytes]) -> tuple[str, tuple[str, ...]]:
    """Decide how values are read, and give the marks of what is odd about that."""
    marks = []
    named = named_charset(content_type)
    if named:
        known = CHARSET_NAMES.get(named.lower())
        charset = known or charset
        marks += [] if known else ["charset-unknown"]
    if charset == "auto":
        charset = _guessed(b"&".join(values))
    if charset == "utf-8" and not all(map(_is_utf_8, values)):
        marks.append("undecodable-bytes")
    return charset, tuple(marks)


def _unquoted(part: bytes) -> tuple[bytes, bytes]:
    name, _, value = part.replace(b"+", b" ").partition(b"=")
    if b"%" not in part:
        return name, value
    return unquote_to_bytes(name), unquote_to_bytes(value)


def _guessed(everything: bytes) -> str:
    return "utf-8" if not everything.isascii() and _is_utf_8(everything) else "windows-1252"


def _is_utf_8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
