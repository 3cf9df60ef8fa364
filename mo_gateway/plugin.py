"""What a keyword handler is, and the decorator that makes a function one.

The decorator only marks; `handlers/finding.py` collects. So there is no global list, and the order in which
modules are imported means nothing.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

ANY_WORD = "*"
MARK = "__mo_gateway_handler__"


class Form(StrEnum):
    """What an SMS must be beside its first word."""

    ANY = "any"
    ALONE = "alone"  #: nothing but the word
    WITH_TEXT = "with text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a message must be like, beside its word and shortcode, for a route to take it; empty sets mean any."""

    senders: frozenset[str] = frozenset()  #: MSISDNs
    operators: frozenset[str] = frozenset()  #: five digits
    countries: frozenset[str] = frozenset()  #: ISO 3166-1 alpha-3
    form: Form = Form.ANY
    since: datetime | None = None  #: aware; the message was sent then or later, by the provider's clock
    until: datetime | None = None  #: aware; the message was sent before then


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that leads to a handler; `*` is what no other word of its shortcode leads to."""

    word: str  #: as its author wrote it; of a pattern, the pattern
    shortcode: str | None  #: None = any
    is_pattern: bool = False  #: it is a regular expression that the whole SMS must match
    always: bool = False  #: it wins over a question that waits for an answer
    terms: Terms = Terms()
    priority: int = 0  #: decides between routes that are equally specific: the higher wins


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function that acts on messages; its name is what `mo_handling.handler` says."""

    name: str
    place: str  #: file and line
    function: Callable[..., Any]
    keywords: tuple[Keyword, ...]
    transaction: bool = False  #: it is called with the connection of the transaction that will mark it done
    answers: tuple[str, ...] = ()  #: the questions whose answers it takes
    observes: bool = False  #: it sees every message, beside the one handler that wins


def keyword(
    *words: str,
    shortcode: str | None = None,
    transaction: bool = False,
    always: bool = False,
    name: str | None = None,
) -> Callable[[Function], Function]:
    """Mark a function as the handler of these words (upper and lower case are the same; accents count).

    The function is called with a `Message` and returns what to reply: a `str`, a `Reply`, several in a list,
    or None; and, beside these, a `Vote`, `Join`, `Leave` or `Ask`. With `shortcode` it handles messages to that
    number only; `"*"` takes what no other handler does. With `always` it wins even while a question waits for
    its answer. With `transaction=True` it is called with `(message, connection)`: what it writes there is
    committed together with the message being done, exactly once. May be used several times on one function.
    """
    if not words:
        raise TypeError('keyword needs at least one word, such as @keyword("WIN")')
    if not all(isinstance(word, str) for word in words):
        raise TypeError('keyword needs its words in brackets, such as @keyword("WIN")')
    if shortcode is not None and not isinstance(shortcode, str):
        raise TypeError(f'keyword needs its shortcode as text, such as shortcode="4414", not {shortcode!r}')
    added = tuple(Keyword(word, shortcode, always=always) for word in words)

    def mark(function: Function) -> Function:
        before = _marked(function, name)
        return _mark(
            function,
            replace(before, keywords=(*before.keywords, *added), transaction=transaction or before.transaction),
        )

    return mark


def answer(question: str, *, transaction: bool = False, name: str | None = None) -> Callable[[Function], Function]:
    """Mark a function as what takes the answers to a question: `Reply("Your postcode?", expect="postcode")`.

    It is called as a keyword handler is; `message.question` says what was asked.
    """
    if not question or not isinstance(question, str):
        raise TypeError('answer needs the name of a question, such as @answer("postcode")')

    def mark(function: Function) -> Function:
        before = _marked(function, name)
        return _mark(
            function,
            replace(before, answers=(*before.answers, question), transaction=transaction or before.transaction),
        )

    return mark


def every_message(function: Function) -> Function:
    """Mark a function that sees every message, beside the one handler that wins, whatever becomes of that.

    It has tries, a state and a replay of its own; it is called as a keyword handler is, and may return the same.
    """
    return _mark(function, replace(_marked(function, None), observes=True))


def _marked(function: Any, name: str | None) -> Handler:
    """Give the mark of a function, or a new one that leads nowhere yet."""
    if not callable(function) or not hasattr(function, "__code__"):
        raise TypeError(f"a handler is a function, not {function!r}")
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"the handler {function.__qualname__} is async; handlers are plain functions")
    before: Handler | None = function.__dict__.get(MARK)
    if before:
        return replace(before, name=name or before.name)
    return Handler(
        name=name or f"{function.__module__}.{function.__qualname__}",
        place=f"{inspect.getsourcefile(function)}:{function.__code__.co_firstlineno}",
        function=function,
        keywords=(),
    )


def _mark(function: Function, handler: Handler) -> Function:
    function.__dict__[MARK] = handler
    return function
