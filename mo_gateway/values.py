"""What a handler may return beside replies: dispatch stores it in the transaction that marks the message done.

So a handler needs no database, and what it decided is there exactly once, however often it ran.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

LONGEST_NAME = 80  # characters of the name of a poll, a list or a question
LONGEST_NOTE = 1000  # characters
LONGEST_WAIT = timedelta(days=30)


class Timing(StrEnum):
    """When a vote came, by the provider's clock; only one in time can count."""

    IN_TIME = "in time"
    EARLY = "early"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A vote in a poll; which of a person's votes counts is told by `last_counts`."""

    poll: str
    option: str | None  #: None = the text names no option of the poll
    timing: Timing = Timing.IN_TIME
    last_counts: bool = False  #: True = a person's last vote counts, not the first

    def __post_init__(self) -> None:
        _check_name("poll", self.poll)
        if self.option is not None:
            _check_name("option", self.option)


@dataclass(frozen=True, slots=True)
class Join:
    """The sender joins a list; the message is the proof."""

    list: str

    def __post_init__(self) -> None:
        _check_name("list", self.list)


@dataclass(frozen=True, slots=True)
class Leave:
    """The sender leaves a list, or all lists."""

    list: str | None = None  #: None = all of them

    def __post_init__(self) -> None:
        if self.list is not None:
            _check_name("list", self.list)


@dataclass(frozen=True, slots=True)
class Ask:
    """The sender's next message to this shortcode goes to the function marked `@answer(expect)`.

    Whatever its first word is, unless it is a STOP or a keyword that always wins. A later question to the same
    person on the same shortcode takes the place of this one.
    """

    expect: str  #: the name in `@answer(...)`, or of an `[[answer]]` of the routes file
    within: timedelta = timedelta(hours=1)  #: from the reply's being queued, by the clock of the provider
    timeout_text: str = ""  #: what is sent when no answer came in time; empty = nothing
    note: str = ""  #: what the answer's handler finds in `message.question.note`

    def __post_init__(self) -> None:
        _check_name("expect", self.expect)
        if not timedelta(0) < self.within <= LONGEST_WAIT:
            raise ValueError("the time `within` of an Ask is a timedelta, over nothing and at most 30 days")
        for name, text in (("timeout_text", self.timeout_text), ("note", self.note)):
            if len(text) > LONGEST_NOTE or "\0" in text:
                raise ValueError(
                    f"the {name} of an Ask is a text of at most {LONGEST_NOTE} characters without NUL"
                )


#: What dispatch stores, beside replies.
Value = Vote | Join | Leave | Ask


def _check_name(what: str, name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(
            f"the name of a {what} is a text of 1 to {LONGEST_NAME} printable characters, not {name!r}"
        )
