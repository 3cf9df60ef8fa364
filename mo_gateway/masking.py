"""What a person may see of a phone number, and of a text that a stranger wrote."""

import json
import re
import shlex
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from html import escape
from urllib.parse import quote, quote_plus

from .errors import FieldError

#: Control, direction and invisible characters, halves of a surrogate pair, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

HIDDEN_SECRET = "***"  # noqa: S105 - what is shown instead of one
LONG = 6  # characters
LONGEST_WORD = 100  # characters

#: What may be a phone number.
_NUMBER = re.compile(r"[0-9]{8,}")

#: `%2F` and `\u00e9`, as a pattern has them.
_ESCAPE = re.compile(r"%[0-9A-F]{2}|\\\\u[0-9a-f]{4}")


def masked(msisdn: str) -> str:
    """Hide the middle of a number: `32412345678` becomes `324••••••78`."""
    if len(msisdn) <= 5:
        return "•" * len(msisdn)
    return f"{msisdn[:3]}{'•' * (len(msisdn) - 5)}{msisdn[-2:]}"


def without_number(text: str, msisdn: str) -> str:
    """Mask a number inside a text, such as the error of a handler that quotes its message."""
    return text.replace(msisdn, masked(msisdn)) if msisdn else text


def without_numbers(text: str) -> str:
    """Mask whatever may be a phone number in a text of which nobody knows whose numbers it holds."""
    return _NUMBER.sub(lambda found: masked(found[0]), text)


def shown_value(error: FieldError) -> str:
    """Give the value that breaks a rule, masked where it is a number."""
    return masked(error.value) if error.field == "MSISDN" else error.value


def fault_in_words(error: FieldError) -> str:
    """Say what is wrong with a field of a request."""
    value = f' "{one_line(shown_value(error))}"' if error.value else ""
    return f"{error.field}{value} {error.rule}"


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Take credentials out of a text that may quote them, also as they stand in a URL, in JSON or in XML."""
    pattern = _pattern_of(frozenset(secrets))
    return pattern.sub(HIDDEN_SECRET, text) if pattern else text


def raw_without_secrets(raw: bytes, secrets: Collection[str]) -> bytes:
    """Take credentials out of what came, in UTF-8, Latin-1 or anything like ASCII; no other byte is touched."""
    return without_secrets(raw.decode("latin-1"), secrets).encode("latin-1")


def long_ones(secrets: Iterable[str]) -> list[str]:
    """Give the secrets that stand in no honest id or reference by chance."""
    return [secret for secret in secrets if len(secret) >= LONG]


def one_line(text: str) -> str:
    """Show control, direction and invisible characters as escapes, so that a text cannot draw on a terminal
    or begin a new line in a log."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def plain_word(word: str) -> str:
    """Show a word that a stranger wrote: short, and without characters that a database cannot hold."""
    return one_line(word)[:LONGEST_WORD]


def shell_word(text: str) -> str:
    """Quote a text for a shell; what must not reach a terminal as it is becomes an escape of bash and zsh."""
    if one_line(text) == text:
        return shlex.quote(text)
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    shown = (one if one_line(one) == one else f"\\U{ord(one):08x}" for one in quoted)
    return f"$'{''.join(shown)}'"


def _shown(character: str) -> str:
    if unicodedata.category(character) in HIDDEN:
        return character.encode("unicode_escape").decode()
    return character


@lru_cache(maxsize=8)
def _pattern_of(secrets: frozenset[str]) -> re.Pattern[str] | None:
    """Give what finds any of these, the longest first: one may be the beginning of another."""
    written = {form for secret in secrets if secret for form in _forms(secret)}
    if not written:
        return None
    # the digits of an escape may be small letters or capitals; all others are as they are
    forms = (_ESCAPE.sub(_in_either_case, re.escape(form)) for form in sorted(written, key=len, reverse=True))
    return re.compile("|".join(forms))


def _forms(secret: str) -> Iterator[str]:
    """Write a secret in each way in which an answer or a request may hold it."""
    in_json = json.dumps(secret)[1:-1]
    in_utf_8 = secret.encode("utf-8", "surrogatepass")
    yield from (in_json, in_json.replace("/", "\\/"))
    for text in (secret, in_utf_8.decode("latin-1")):  # UTF-8 may be read as Latin-1
        yield from (text, escape(text), escape(text, quote=False))
    for octets in (in_utf_8, secret.encode("latin-1", "xmlcharrefreplace")):
        yield from (quote(octets), quote(octets, safe=""), quote_plus(octets))


def _in_either_case(found: re.Match[str]) -> str:
    return f"(?i:{found[0]})"
