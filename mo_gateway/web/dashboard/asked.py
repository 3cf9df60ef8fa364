"""What an address asks for: filters, rows, times; what makes no sense is left out, and said on the page."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from mo_gateway.moments import read_moment
from mo_gateway.store.selection import STATES, Filter
from mo_gateway.store.types import is_row_number

LONGEST_WORD = 200  # characters
TELLING = 8  # last digits that would tell a number

_BETWEEN_DIGITS = re.compile(r"[\s()./-]")
_NUMBER = re.compile(rf"(?:[0-9]{_BETWEEN_DIGITS.pattern}*){{9}}")  # as people write one
_KEY = re.compile(r"[0-9a-f]{32}")

#: The names in an address that choose messages: those of the command line, and some more.
NAMES = ("since", "until", "state", "handler", "shortcode", "keyword", "error", "only", "person", "id")

#: The values of `only`, and what of a filter each turns on.
ONLY = {"retried": "is_retried", "redelivered": "is_redelivered", "real": "is_real"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What an address says that narrows a choice of messages or of replies, and how it leads to others."""

    given: tuple[tuple[str, str], ...]  #: each name and value that narrows it, in the order of NAMES
    faults: tuple[str, ...] = ()  #: what could not be read, and does not narrow it

    @property
    def query(self) -> str:
        """The query that leads to this choice again."""
        return urlencode(self.given)

    def without(self, name: str, value: str) -> str:
        """Write the query of the same choice without one of its conditions."""
        return urlencode([pair for pair in self.given if pair != (name, value)])

    def but(self, **changes: str) -> str:
        """Write the query of the same choice with other conditions under these names."""
        return urlencode([pair for pair in self.given if pair[0] not in changes] + list(changes.items()))

    def query_without(self, *names: str) -> str:
        """Write the query of the same choice without what stands under these names."""
        return urlencode([pair for pair in self.given if pair[0] not in names])

    def all(self, name: str) -> tuple[str, ...]:
        """Give the values under one name."""
        return tuple(value for given, value in self.given if given == name)

    def first(self, name: str) -> str:
        """Give the value under a name that stands there once, or nothing."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(Conditions):
    """A choice of messages, as it stands in the address."""

    filter: Filter


def choice(args: MultiDict[str, str], zone: ZoneInfo, now: datetime) -> Chosen:
    """Read which messages are meant."""
    found, given, faults = read_all(args, NAMES, lambda found, name, value: _add(found, name, value, zone, now))
    return Chosen(filter=Filter(**found), given=given, faults=faults)


def read_all(
    args: MultiDict[str, str], names: Sequence[str], add: Callable[[dict[str, Any], str, str], None]
) -> tuple[dict[str, Any], tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Read every condition that an address has under these names; give them read, as they came, and what is wrong.

    `add` adds one to those that are read; or raises ValueError with a sentence, and then it is left out.
    """
    found: dict[str, Any] = {}
    given, faults = [], []
    asked_for = [(name, value) for name in names for value in args.getlist(name) if is_word(value)]
    for name, value in asked_for:
        try:
            add(found, name, value)
        except ValueError as exc:
            faults.append(str(exc))
        else:
            given.append((name, value))
    return found, tuple(given), tuple(faults)


def _add(found: dict[str, Any], name: str, value: str, zone: ZoneInfo, now: datetime) -> None:
    """Add a condition to those of a filter; or raise ValueError with a sentence."""
    match name:
        case "since" | "until":
            found[name] = read_moment(value, zone, now, end_of_day=name == "until")
        case "state":
            found["states"] = (*found.get("states", ()), one_of(STATES, value))
        case "keyword":
            found["keywords"] = (*found.get("keywords", ()), value)
        case "only":
            found[ONLY[one_of(ONLY, value)]] = True
        case "person":
            found["person_key"] = _person(value)
        case "id":
            found["ids"] = (*found.get("ids", ()), row_number(value))
        case _:
            found[name] = value


def one_of(known: Iterable[str], value: str) -> str:
    """Give back a word that is one of the known ones; or raise ValueError."""
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return value


def _person(value: str) -> bytes:
    if not _KEY.fullmatch(value):
        raise ValueError("a person is asked for by 32 hex digits, as the search by number writes them")
    return bytes.fromhex(value)


def row_number(value: str) -> int:
    """Read a row's number; or raise ValueError."""
    if not is_row_number(value):
        raise ValueError(f"{value!r} is no number such as 812")
    return int(value)


def within(chosen: Chosen, own_keywords: tuple[str, ...] | None) -> Chosen:
    """Narrow a choice down to the keywords that a manager is kept to."""
    return replace(chosen, filter=replace(chosen.filter, only_keywords=own_keywords))


def words_asked(args: Mapping[str, str], *names: str) -> dict[str, str]:
    """Give those of the words that are asked for."""
    return {name: args[name] for name in names if is_word(args.get(name, ""))}


def row_asked(args: Mapping[str, str], name: str) -> int | None:
    """Give a row's number, or None where there is none that makes sense."""
    value = args.get(name, "")
    return int(value) if is_row_number(value) else None


def number_asked(form: Mapping[str, str]) -> str:
    """Give the number of a form as an MSISDN is written; people put a + or 00 before it, and signs in between."""
    number = _BETWEEN_DIGITS.sub("", form.get("number", ""))
    return number[2:] if number.startswith("00") else number.removeprefix("+")


def person_asked(form: Mapping[str, str]) -> bytes | None:
    """Give the key of a person, whom an address or a form names by its hex digits, or None."""
    handle = form.get("person_key", "")
    return bytes.fromhex(handle) if _KEY.fullmatch(handle) else None


def reason_asked(form: Mapping[str, str], msisdn: str | None, name: str = "reason") -> str:
    """Give the reason in a form; or raise ValueError. It stays in the audit trail, where no number may stand.

    Where it is about many people (None), nothing may stand there that could be a number.
    """
    reason = form.get(name, "").strip()
    if not is_word(reason):
        raise ValueError(f"A reason is needed, of at most {LONGEST_WORD} characters.")
    if _tells_a_number(reason, msisdn):
        raise ValueError("No number may stand in the reason: it stays in the audit trail for good.")
    return reason


def _tells_a_number(reason: str, msisdn: str | None) -> bool:
    if msisdn is None:
        return _NUMBER.search(reason) is not None
    return bool(msisdn) and msisdn[-TELLING:] in re.sub(r"\D", "", reason)


def is_word(value: str) -> bool:
    """Tell whether a database can be asked for it: not empty, not too long, no NUL and no half of a pair."""
    is_text = value.encode(errors="replace").decode() == value
    return 0 < len(value) <= LONGEST_WORD and "\0" not in value and is_text
