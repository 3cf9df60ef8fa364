"""What an address asks for: filters, rows, times; what makes no sense is left out, and said on the page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from mo_gateway.moments import read_moment
from mo_gateway.store.selection import STATES, Filter

LARGEST = 2**63 - 1  # that fits into a column
LONGEST_WORD = 200  # characters

_BETWEEN_DIGITS = re.compile(r"[\s()./-]")
_HANDLE = re.compile(r"[0-9a-f]{32}")

#: The names in an address that choose messages, as on the command line.
NAMES = ("since", "until", "state", "handler", "shortcode", "keyword")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A choice of messages, as it stands in the address."""

    filter: Filter
    given: tuple[tuple[str, str], ...]  #: each name and value that narrows it, in the order of NAMES
    faults: tuple[str, ...] = ()  #: what could not be read, and does not narrow it

    def without(self, name: str, value: str) -> str:
        """Write the query of the same choice without one of its conditions."""
        return urlencode([pair for pair in self.given if pair != (name, value)])

    @property
    def query(self) -> str:
        """The query that leads to this choice again."""
        return urlencode(self.given)


def choice(args: MultiDict[str, str], zone: ZoneInfo, now: datetime) -> Chosen:
    """Read which messages are meant."""
    found: dict[str, Any] = {}
    faults = []
    given = [(name, value) for name in NAMES for value in args.getlist(name) if is_word(value)]
    for name, value in given:
        if name in ("since", "until"):
            try:
                found[name] = read_moment(value, zone, now, end_of_day=name == "until")
            except ValueError as exc:
                faults.append((name, value, str(exc)))
        elif name == "state":
            if value in STATES:
                found["states"] = (*found.get("states", ()), value)
            else:
                faults.append((name, value, f"{value!r} is none of {', '.join(STATES)}"))
        else:
            found[name] = value
    bad = {(name, value) for name, value, _ in faults}
    return Chosen(
        filter=Filter(**found),
        given=tuple(pair for pair in given if pair not in bad),
        faults=tuple(sentence for _, _, sentence in faults),
    )


def within(chosen: Chosen, own_keywords: tuple[str, ...] | None) -> Chosen:
    """Narrow a choice down to the keywords that a manager is kept to."""
    return replace(chosen, filter=replace(chosen.filter, only_keywords=own_keywords))


def words_asked(args: Mapping[str, str], *names: str) -> dict[str, str]:
    """Give those of the words that are asked for."""
    return {name: args[name] for name in names if is_word(args.get(name, ""))}


def row_asked(args: Mapping[str, str], name: str) -> int | None:
    """Give a row's number, or None where there is none that makes sense."""
    value = args.get(name, "")
    is_number = value.isascii() and value.isdigit() and len(value) <= 19
    return int(value) if is_number and int(value) <= LARGEST else None


def number_asked(form: Mapping[str, str]) -> str:
    """Give the number of a form as an MSISDN is written; people put a + or 00 before it, and signs in between."""
    number = _BETWEEN_DIGITS.sub("", form.get("number", ""))
    return number[2:] if number.startswith("00") else number.removeprefix("+")


def person_asked(form: Mapping[str, str]) -> bytes | None:
    """Give the key of a person, whom an address or a form names by its hex digits, or None."""
    handle = form.get("person_key", "")
    return bytes.fromhex(handle) if _HANDLE.fullmatch(handle) else None


def is_word(value: str) -> bool:
    """Tell whether a database can be asked for it: not empty, not too long, no NUL and no half of a pair."""
    is_text = value.encode(errors="replace").decode() == value
    return 0 < len(value) <= LONGEST_WORD and "\0" not in value and is_text
