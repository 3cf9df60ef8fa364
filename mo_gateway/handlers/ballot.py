"""A ballot: what can be voted for, and when; it reads a message as a vote, at first and in a recount alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mo_gateway.message import Message
from mo_gateway.values import Timing, Vote
from mo_gateway.words import fold

#: The options themselves, or the words for each; of no words, the option is the word.
Choices = Mapping[str, Sequence[str]] | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What can be voted for, and when."""

    poll: str
    words: Mapping[str, str]  #: folded word or words → option
    opens: datetime | None = None  #: aware; by the provider's clock
    closes: datetime | None = None  #: aware; the first moment that is too late
    last_counts: bool = False

    def __post_init__(self) -> None:
        if any(moment and moment.tzinfo is None for moment in (self.opens, self.closes)):
            raise ValueError("a vote opens and closes at moments that have a time zone")
        if self.opens and self.closes and self.opens >= self.closes:
            raise ValueError("a vote closes before it opens")
        for option in self.options:
            Vote(poll=self.poll, option=option)  # it says which names cannot be stored

    @property
    def options(self) -> tuple[str, ...]:
        """What can be voted for, in the order of the ballot."""
        return tuple(dict.fromkeys(self.words.values()))

    def read(self, message: Message) -> Vote:
        """Read a message as a vote.

        The option is what stands behind the keyword, or its first word; where that is none, the whole SMS, or the
        keyword.
        """
        first = next(filter(None, map(comparable, message.parm.split())), "")
        said = (comparable(message.parm), first, comparable(message.text), comparable(message.keyword))
        option = next((self.words[word] for word in said if word in self.words), None)
        return Vote(poll=self.poll, option=option, timing=self._timing(message), last_counts=self.last_counts)

    def _timing(self, message: Message) -> Timing:
        if self.opens and message.sent_at < self.opens:
            return Timing.EARLY
        if self.closes and message.sent_at >= self.closes:
            return Timing.LATE
        return Timing.IN_TIME


def words_of(choices: Choices) -> dict[str, str]:
    """Give the option of each word; or raise ValueError where a word stands there twice, or is none."""
    found: dict[str, str] = {}
    for option, word in _pairs(choices):
        folded = comparable(word)
        if not folded:
            raise ValueError(f"{word!r} of the option {option} is no word")
        if folded in found:
            other = found[folded]
            twice = "stands there twice" if other == option else f"means {other} and {option}"
            raise ValueError(f"{word!r} {twice}: each word is there once")
        found[folded] = option
    if not found:
        raise ValueError("a vote has options")
    return found


def comparable(text: str) -> str:
    """Fold one word or several, whatever white space is between them."""
    return fold(" ".join(text.split()))


def _pairs(choices: Choices) -> Iterator[tuple[str, str]]:
    """Give each option with each of its words."""
    if isinstance(choices, str):
        raise ValueError('options of a vote are a list, such as ["Blue", "Red"], or the words for each')  # noqa: TRY004 - all misuse here is ValueError
    if not isinstance(choices, Mapping):
        yield from ((option, option) for option in choices)
        return
    for option, words in choices.items():
        several = [words] if isinstance(words, str) else words or [option]
        yield from ((option, word) for word in several)
