"""What a person may see of a phone number, and of a text that a stranger wrote."""

import unicodedata

#: Control, direction and invisible characters, halves of a surrogate pair, line and paragraph separators.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def masked(msisdn: str) -> str:
    """Hide the middle of a number: `32412345678` becomes `324••••••78`."""
    if len(msisdn) <= 5:
        return "•" * len(msisdn)
    return f"{msisdn[:3]}{'•' * (len(msisdn) - 5)}{msisdn[-2:]}"


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
