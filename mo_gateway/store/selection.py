"""Which messages a command means: one filter, the same for looking and for replaying."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_

from mo_gateway.words import fold

from .functions import ascii_lower
from .problem_index import OF_HANDLINGS, handling_is
from .tables import mo_handling, mo_message

STATES = ("pending", "done", "unrouted", "failed", "dead")

LONGEST_CAUSE = 60  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice of messages; what is not set does not narrow it."""

    since: datetime | None = None  #: first received at this moment or later
    until: datetime | None = None  #: first received before this moment
    states: tuple[str, ...] = ()  #: any of these
    handler: str | None = None
    shortcode: str | None = None
    keywords: tuple[str, ...] = ()  #: any of these first words, as routing compares them
    ids: tuple[int, ...] = ()  #: any of these rows of `mo_message`
    error: str | None = None  #: the cause, as `cause_of` gives it
    person_key: bytes | None = None  #: of one sender
    is_retried: bool = False  #: more than one try was made
    is_redelivered: bool = False  #: it came more than once
    is_real: bool = False  #: it is no test
    only_keywords: tuple[str, ...] | None = None  #: folded; whoever asks may see no others


def cause_of(error: str | None) -> str:
    """Give what stands before the first colon of an error: most often the name of an exception."""
    return (error or "")[:LONGEST_CAUSE].partition(":")[0]


def conditions(chosen: Filter) -> list[ColumnElement[bool]]:
    """Give what a select over `mo_message JOIN mo_handling` has to ask for."""
    message, handling = mo_message.c, mo_handling.c
    found: list[ColumnElement[bool]] = _of_message(chosen)
    if chosen.states:
        found.append(handling_is(chosen.states))
    if chosen.handler is not None:
        found.append(handling.handler == chosen.handler)
    else:  # observers are seen by name, and where they have a problem
        found.append(or_(~handling.is_observer, handling.state.in_(OF_HANDLINGS)))
    if chosen.error is not None:
        found.append(_has_cause(chosen.error))
    if chosen.is_retried:
        found.append(handling.attempts > 1)
    if chosen.ids:
        found.append(message.id.in_(chosen.ids))
    return found


def _of_message(chosen: Filter) -> list[ColumnElement[bool]]:
    """Give the conditions on what came, whatever became of it."""
    message = mo_message.c
    found: list[ColumnElement[bool]] = []
    if chosen.since:
        found.append(message.received_at >= chosen.since)
    if chosen.until:
        found.append(message.received_at < chosen.until)
    if chosen.shortcode is not None:
        found.append(message.shortcode == chosen.shortcode)
    if chosen.keywords:
        found.append(_is_any_of(sorted(set(map(fold, chosen.keywords)))))
    if chosen.person_key is not None:
        found.append(message.person_key == chosen.person_key)
    if chosen.is_redelivered:
        found.append(message.deliveries > 1)
    if chosen.is_real:
        found.append(~message.is_test)
    if chosen.only_keywords is not None:
        found.append(message.keyword_folded.in_(chosen.only_keywords))
    return found


def _has_cause(cause: str) -> ColumnElement[bool]:
    """Say that `cause_of` gives this for the error of a handling."""
    error = func.coalesce(mo_handling.c.error, "")
    if len(cause) == LONGEST_CAUSE:
        return func.substr(error, 1, LONGEST_CAUSE) == cause
    return or_(error == cause, func.substr(error, 1, len(cause) + 1) == f"{cause}:")


def _is_any_of(words: list[str]) -> ColumnElement[bool]:
    """Compare the first word as the reports count it; of old messages SQL folds the letters of ASCII.

    Two conditions and not one of a coalesce: of a column PostgreSQL knows how frequent its values are.
    """
    folded = mo_message.c.keyword_folded
    is_old = and_(folded.is_(None), ascii_lower(mo_message.c.keyword).in_(words))
    return or_(folded.in_(words), is_old)
