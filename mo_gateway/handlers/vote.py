"""`vote`: one of several options; each person's first vote counts, or the last.

Whether a vote is in time is told by the provider's clock, so that an outage of ours costs nobody a vote. Votes
that are late, early, double or unreadable are kept apart. A handler made here has its `Ballot` as the attribute
`ballot`, so that the votes can be counted once more from the stored messages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import OneOf

from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.values import Timing, Vote
from mo_gateway.words import fold

from .building import Handling, Moment, Name, Surroundings
from .building import Options as BaseOptions
from .templates import Source, TemplateText, template_of

COUNTS = ("first", "last")
RULE = 'options as ["Blue", "Red"] or { Blue = ["blue", "1"], Red = ["red", "2"] }'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What can be voted for, and when."""

    poll: str
    words: Mapping[str, str]  #: folded word or words → option
    opens: datetime | None = None  #: aware; by the provider's clock
    closes: datetime | None = None  #: aware; the first moment that is too late
    last_counts: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """What can be voted for, in the order of the ballot."""
        return tuple(dict.fromkeys(self.words.values()))

    def read(self, message: Message) -> Vote:
        """Read a message as a vote.

        The option is what stands behind the keyword, or its first word; where that is none, the keyword itself.
        """
        said = (message.parm, (message.parm.split() or [""])[0], message.keyword)
        option = next((self.words[word] for word in map(fold, said) if word in self.words), None)
        timing = Timing.IN_TIME
        if self.opens and message.sent_at < self.opens:
            timing = Timing.EARLY
        if self.closes and message.sent_at >= self.closes:
            timing = Timing.LATE
        return Vote(poll=self.poll, option=option, timing=timing, last_counts=self.last_counts)


class OptionsOfPoll(fields.Field[dict[str, tuple[str, ...]]]):
    """A list of options, or a table of options with the words for each."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, tuple[str, ...]]:
        table = dict.fromkeys(value) if isinstance(value, list) and all(map(_is_text, value)) else value
        if not isinstance(table, dict) or not table:
            raise ValidationError(RULE)
        found = {}
        for option, words in table.items():
            several = [words] if isinstance(words, str) else words or [option]
            if not isinstance(several, list) or not all(map(_is_text, several)):
                raise ValidationError(RULE)
            Name().deserialize(option)
            found[option] = tuple(several)
        return found


class Options(BaseOptions):
    """The keys of `[route.vote]`."""

    poll = Name(required=True)
    options = OptionsOfPoll(required=True)
    opens = Moment()
    closes = Moment()
    counts = fields.String(validate=OneOf(COUNTS, error='"first" or "last"'))
    text = TemplateText(extra=("option", "poll"))
    early_text = TemplateText(extra=("poll",))
    late_text = TemplateText(extra=("poll",))
    unreadable_text = TemplateText(extra=("poll", "options"))

    @validates_schema
    def _check(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        try:
            _words(values.get("options", {}))
        except ValueError as exc:
            raise ValidationError(str(exc), "options") from exc


def vote(
    poll: str,
    *,
    options: Mapping[str, Sequence[str]] | Sequence[str],
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
    if any(moment and moment.tzinfo is None for moment in (opens, closes)):
        raise ValueError("a vote opens and closes at moments that have a time zone")
    if opens and closes and opens >= closes:
        raise ValueError("a vote opens before it closes")
    words = _words(options if isinstance(options, Mapping) else {option: [option] for option in options})
    ballot = Ballot(poll=poll, words=words, opens=opens, closes=closes, last_counts=counts == "last")
    answers = {
        Timing.EARLY: template_of(early_text, extra=("poll",)),
        Timing.LATE: template_of(late_text, extra=("poll",)),
    }
    thanks = template_of(text, extra=("option", "poll"))
    puzzled = template_of(unreadable_text, extra=("poll", "options"))

    def take(message: Message) -> tuple[Vote, Reply | None]:
        read = ballot.read(message)
        template = answers.get(read.timing) or (thanks if read.option else puzzled)
        if read.timing is not Timing.IN_TIME:
            template = answers[read.timing]
        known = {"poll": poll, "option": read.option, "options": ballot.options}
        body = template.render(message, **known).strip() if template else ""
        return read, Reply(body) if body else None

    take.ballot = ballot  # type: ignore[attr-defined] # for a recount, see above
    return take


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


def _words(options: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Give the option of each word; or raise ValueError where a word is of two, or is none."""
    found: dict[str, str] = {}
    for option, words in options.items():
        for word in words:
            folded = fold(word)
            if not folded:
                raise ValueError(f"{word!r} of the option {option} is no word")
            if found.setdefault(folded, option) != option:
                raise ValueError(f"{word!r} means {found[folded]} and {option}: it can mean one of them")
    if not found:
        raise ValueError("a vote has options")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
