"""`unsubscribe`: the sender leaves a list, or all of them.

It is no STOP: replies still go out. STOP is read from every message, whoever handles it.
"""

from collections.abc import Mapping
from typing import Any

from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.values import Leave

from . import building
from .building import Handling, Name, Surroundings
from .templates import Source, TemplateText, answer_with, template_of


class Options(building.Options):
    """The keys of `[route.unsubscribe]`."""

    list = Name()
    text = TemplateText()


def unsubscribe(
    list: str | None = None,  # noqa: A002 - as it is called in a routes file
    text: Source | None = None,
) -> Handling:
    """Make a handler that takes the sender off a list, off all of them where none is named, and answers."""
    left, template = Leave(list), template_of(text)

    def leave(message: Message) -> tuple[Leave, Reply | None]:
        return left, answer_with(template, message)

    return leave


def build(options: Mapping[str, Any], _surroundings: Surroundings) -> Handling:
    """Make the handler of a route."""
    return unsubscribe(**options)
