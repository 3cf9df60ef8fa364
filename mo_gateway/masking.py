"""What a person may see of a phone number, and of a text that a stranger wrote."""

import re

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def masked(msisdn: str) -> str:
    """Hide the middle of a number: `32412345678` becomes `324••••••78`."""
    if len(msisdn) <= 5:
        return "•" * len(msisdn)
    return f"{msisdn[:3]}{'•' * (len(msisdn) - 5)}{msisdn[-2:]}"


def one_line(text: str) -> str:
    """Show control, direction and invisible characters as escapes, so that a text cannot draw on a terminal
    or begin a new line in a log."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
