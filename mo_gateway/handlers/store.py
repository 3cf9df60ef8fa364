"""`store`: the message is kept, and nothing else is done; it counts as handled."""

from collections.abc import Mapping
from typing import Any

from mo_gateway.message import Message

from . import building
from .building import Handling, Surroundings


class Options(building.Options):
    """`[route.store]` has no keys."""


def store() -> Handling:
    """Make a handler that does nothing."""

    def keep(_message: Message) -> None:
        return None

    return keep


def build(_options: Mapping[str, Any], _surroundings: Surroundings) -> Handling:
    """Make the handler of a route."""
    return store()
