"""What a person may see of a phone number, and of a text that a stranger wrote."""

import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

#: Control, direction and invisible characters, halves of a surrogate pair, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

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
    """Take credentials out of a provider's words, which may quote them, also as they stand in a URL."""
    for secret in secrets:
        for written in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(written, "***")
    return text


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
