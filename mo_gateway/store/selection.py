"""Which messages a command means: one filter, the same for looking and for replaying."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_

from .tables import mo_handling, mo_message

STATES = ("pending", "done", "unrouted", "failed", "dead")
PROBLEMS = ("unrouted", "failed", "dead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice of messages; what is not set does not narrow it."""

    since: datetime | None = None  #: first received at this moment or later
    until: datetime | None = None  #: first received before this moment
    states: tuple[str, ...] = ()  #: any of these
    handler: str | None = None
    shortcode: str | None = None
    keyword: str | None = None
    ids: tuple[int, ...] = ()  #: any of these rows of `mo_message`
    only_keywords: tuple[str, ...] | None = None  #: folded; whoever asks may see no others


def conditions(chosen: Filter) -> list[ColumnElement[bool]]:
    """Give what a select over `mo_message JOIN mo_handling` has to ask for.

    A keyword cannot be folded in SQL as routing folds it: one of ASCII letters is compared without regard to
    case, any other exactly as it was received.
    """
    message, handling = mo_message.c, mo_handling.c
    found: list[ColumnElement[bool]] = []
    if chosen.since:
        found.append(message.received_at >= chosen.since)
    if chosen.until:
        found.append(message.received_at < chosen.until)
    if chosen.states:
        found.append(handling.state.in_(chosen.states))
    if chosen.handler is not None:
        found.append(handling.handler == chosen.handler)
    else:  # observers are seen by name, and where they have a problem
        found.append(or_(~handling.is_observer, handling.state.in_(PROBLEMS)))
    if chosen.shortcode is not None:
        found.append(message.shortcode == chosen.shortcode)
    if chosen.keyword is not None:
        found.append(_is_keyword(chosen.keyword))
    if chosen.ids:
        found.append(message.id.in_(chosen.ids))
    if chosen.only_keywords is not None:
        found.append(message.keyword_folded.in_(chosen.only_keywords))
    return found


def _is_keyword(keyword: str) -> ColumnElement[bool]:
    if keyword.isascii():
        return func.lower(mo_message.c.keyword) == keyword.lower()
    return mo_message.c.keyword == keyword
