"""What a handler returned, taken apart: replies, and what is to be stored beside them."""

from collections.abc import Generator
from typing import Any

from .errors import HandlerError
from .plugin import Handler
from .provider_settings import SCHEMAS as PROVIDERS
from .reply import Reply
from .values import Ask, Join, Leave, Value, Vote


def taken_apart(handler: Handler, returned: Any) -> tuple[tuple[Reply, ...], tuple[Value, ...]]:
    """Turn what a handler returned into replies and values: None, a str, a Reply, a Vote …, or several."""
    several = returned if isinstance(returned, list | tuple | Generator) else [returned]
    replies, found = [], []
    for one in several:
        if isinstance(one, Vote | Join | Leave | Ask):
            found.append(one)
        elif one is not None:
            replies.append(_reply(handler, one))
    asked = [reply.ask for reply in replies if reply.ask]
    return tuple(replies), (*found, *asked)


def _reply(handler: Handler, one: Any) -> Reply:
    reply = Reply(one) if isinstance(one, str) else one
    if not isinstance(reply, Reply):
        raise HandlerError(
            f"the handler {handler.name} returned {type(one).__name__}; it may return str, Reply, Vote, Join,"
            " Leave, Ask, several of these, or None"
        )
    if reply.provider and reply.provider not in PROVIDERS:
        raise HandlerError(
            f"the handler {handler.name} replies by {reply.provider}, and no provider has that name;"
            f" there are {', '.join(PROVIDERS)}"
        )
    return reply
