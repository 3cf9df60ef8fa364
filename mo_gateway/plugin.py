"""What a keyword handler is, and the decorator that makes a function one.

The decorator only marks; `handlers/finding.py` collects. So there is no global list, and the order in which
modules are imported means nothing.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

ANY_WORD = "*"
MARK = "__mo_gateway_handler__"


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that leads to a handler; `*` is what no other word of its shortcode leads to."""

    word: str  #: as its author wrote it
    shortcode: str | None  #: None = any


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function that acts on messages; its name is what `mo_handling.handler` says."""

    name: str
    place: str  #: file and line
    function: Callable[..., Any]
    keywords: tuple[Keyword, ...]
    transaction: bool  #: it is called with the connection of the transaction that will mark it done


def keyword(
    *words: str, shortcode: str | None = None, transaction: bool = False, name: str | None = None
) -> Callable[[Function], Function]:
    """Mark a function as the handler of these words (upper and lower case are the same; accents count).

    The function is called with a `Message` and returns what to reply: a `str`, a `Reply`, several in a list,
    or None. With `shortcode` it handles messages to that number only; `"*"` takes what no other handler does.
    With `transaction=True` it is called with `(message, connection)`: what it writes there is committed
    together with the message being done, exactly once. May be used several times on one function.
    """
    if not words:
        raise TypeError('keyword needs at least one word, such as @keyword("WIN")')
    if not all(isinstance(word, str) for word in words):
        raise TypeError('keyword needs its words in brackets, such as @keyword("WIN")')
    if shortcode is not None and not isinstance(shortcode, str):
        raise TypeError(f'keyword needs its shortcode as text, such as shortcode="4414", not {shortcode!r}')

    def mark(function: Function) -> Function:
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"the handler {function.__qualname__} is async; handlers are plain functions")
        before: Handler | None = function.__dict__.get(MARK)
        function.__dict__[MARK] = Handler(
            name=name or (before.name if before else f"{function.__module__}.{function.__qualname__}"),
            place=f"{inspect.getsourcefile(function)}:{function.__code__.co_firstlineno}",
            function=function,
            keywords=(*(before.keywords if before else ()), *(Keyword(word, shortcode) for word in words)),
            transaction=transaction or (before.transaction if before else False),
        )
        return function

    return mark
