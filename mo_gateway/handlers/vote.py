"""`vote`: one of several options; each person's first vote counts, or the last.

Whether a vote is in time is told by the provider's clock, so that an outage of ours costs nobody a vote. Votes
that are late, early, double or unreadable are kept apart. A handler made here has its `Ballot` as the attribute
`ballot`, so that the votes can be counted once more from the stored messages.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.values import LONGEST_NAME, Timing, Vote

from . import building
from .ballot import Ballot, Choices, words_of
from .building import Choice, Handling, Moment, Name, Surroundings
from .templates import Source, TemplateText, answer_with, template_of

COUNTS = ("first", "last")
RULE = 'options as ["Blue", "Red"] or { Blue = ["blue", "1"], Red = ["red", "2"] }'


class OptionsOfPoll(fields.Field[Choices]):
    """A list of options, or a table of options with the word or the words for each."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Choices:
        lists = value.values() if isinstance(value, dict) else [value]
        several = [[one] if isinstance(one, str) and isinstance(value, dict) else one for one in lists]
        if not value or not all(isinstance(one, list) and all(map(_is_text, one)) for one in several):
            raise ValidationError(RULE)
        if not all(0 < len(option) <= LONGEST_NAME and option.isprintable() for option in value):
            raise ValidationError(f"each option is a text of 1 to {LONGEST_NAME} characters on one line")
        try:
            words_of(value)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc
        found: Choices = value
        return found


class Options(building.Options):
    """The keys of `[route.vote]`."""

    poll = Name(required=True)
    options = OptionsOfPoll(required=True)
    opens = Moment()
    closes = Moment()
    counts = Choice(*COUNTS)
    text = TemplateText(extra=("option", "poll"))
    early_text = TemplateText(extra=("poll",))
    late_text = TemplateText(extra=("poll",))
    unreadable_text = TemplateText(extra=("poll", "options"))

    @validates_schema
    def _check(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        opens, closes = values.get("opens"), values.get("closes")
        if opens and closes and (opens.tzinfo is None) == (closes.tzinfo is None) and opens >= closes:
            raise ValidationError("it closes before it opens", "closes")


def vote(
    poll: str,
    *,
    options: Choices,
    opens: datetime | None = None,
    closes: datetime | None = None,
    counts: str = "first",
    text: Source | None = None,
    early_text: Source | None = None,
    late_text: Source | None = None,
    unreadable_text: Source | None = None,
) -> Handling:
    """Make a handler that takes votes; or raise ValueError.

    `options` are the words for each option, or the options themselves. `opens` and `closes` are aware. Texts know
    `poll`, `text` also `option`, and `unreadable_text` also `options`.
    """
    if counts not in COUNTS:
        raise ValueError(f'counts of a vote is "first" or "last", not {counts!r}')
    ballot = Ballot(poll=poll, words=words_of(options), opens=opens, closes=closes, last_counts=counts == "last")
    out_of_time = {
        Timing.EARLY: template_of(early_text, extra=("poll",)),
        Timing.LATE: template_of(late_text, extra=("poll",)),
    }
    thanks = template_of(text, extra=("option", "poll"))
    puzzled = template_of(unreadable_text, extra=("poll", "options"))

    def take(message: Message) -> tuple[Vote, Reply | None]:
        read = ballot.read(message)
        in_time = thanks if read.option else puzzled
        template = in_time if read.timing is Timing.IN_TIME else out_of_time[read.timing]
        return read, answer_with(template, message, poll=poll, option=read.option, options=ballot.options)

    take.ballot = ballot  # type: ignore[attr-defined] # for a recount, see above
    return building.pure(take)


def ballot_of(function: Callable[..., Any]) -> Ballot | None:
    """Give the ballot of a handler that was made here, or None."""
    found = getattr(function, "ballot", None)
    return found if isinstance(found, Ballot) else None


def build(options: Mapping[str, Any], surroundings: Surroundings) -> Handling:
    """Make the handler of a route."""
    opens, closes = (surroundings.moment(options.get(name)) for name in ("opens", "closes"))
    if opens and closes and opens >= closes:
        raise ValidationError({"closes": ["it closes before it opens"]})
    return vote(**{**options, "opens": opens, "closes": closes})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
