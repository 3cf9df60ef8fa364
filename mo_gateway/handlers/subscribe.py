"""`subscribe`: the sender joins a list; the message is the proof of consent."""

from collections.abc import Mapping
from typing import Any

from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.values import Join

from . import building
from .building import Handling, Name, Surroundings
from .templates import Source, TemplateText, answer_with, template_of


class Options(building.Options):
    """The keys of `[route.subscribe]`."""

    list = Name(required=True)
    text = TemplateText()


def subscribe(list: str, text: Source | None = None) -> Handling:  # noqa: A002 - as it is called in a routes file
    """Make a handler that puts the sender on a list, and answers with `text`; or raise ValueError."""
    joined, template = Join(list), template_of(text)

    def join(message: Message) -> tuple[Join, Reply | None]:
        return joined, answer_with(template, message)

    return join


def build(options: Mapping[str, Any], _surroundings: Surroundings) -> Handling:
    """Make the handler of a route."""
    return subscribe(**options)
