"""What a person may see of a phone number, and of a text that a stranger wrote."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

#: Control, direction and invisible characters, halves of a surrogate pair, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

HIDDEN_SECRET = "***"  # noqa: S105 - what is shown instead of one
LONG = 6  # characters

#: What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def masked(msisdn: str) -> str:
    """Hide the middle of a number: `32412345678` becomes `324••••••78`."""
    if len(msisdn) <= 5:
        return "•" * len(msisdn)
    return f"{msisdn[:3]}{'•' * (len(msisdn) - 5)}{msisdn[-2:]}"


def neutral_cell(text: str) -> str:
    """Write a text for a cell of a spreadsheet, which takes some beginnings for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def plain_cell(text: str) -> str:
    """Read a cell that `neutral_cell` wrote."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Take credentials out of a text that may quote them, also as they stand in a URL; the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        for written in sorted({secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}):
            text = text.replace(written, HIDDEN_SECRET)
            if "%" in written:  # its escapes may be written in small letters
                text = re.sub(re.escape(written), HIDDEN_SECRET, text, flags=re.IGNORECASE)
    return text


def long_ones(secrets: Iterable[str]) -> list[str]:
    """Give the secrets that stand in no honest id or reference by chance."""
    return [secret for secret in secrets if len(secret) >= LONG]


def one_line(text: str) -> str:
    """Show control, direction and invisible characters as escapes, so that a text cannot draw on a terminal
    or begin a new line in a log."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if unicodedata.category(character) in HIDDEN:
        return character.encode("unicode_escape").decode()
    return character
