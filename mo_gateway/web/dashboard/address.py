"""The callback URL that the provider is to call: as it may be shown, whole, and where a test goes."""

from flask import request

from mo_gateway.settings import Settings
from mo_gateway.simulator.target import CALLBACK_PATH, Target, read_target

HIDDEN = "•••"


def shown(settings: Settings) -> str:
    """Write it with its secret hidden."""
    return f"{_outside(settings)}{CALLBACK_PATH}{'/' + HIDDEN if settings.callback_secret else ''}"


def whole(settings: Settings) -> str:
    """Write it with its secret."""
    return f"{_outside(settings)}{settings.callback_path}"


def own_target(settings: Settings) -> Target:
    """Give where a test goes: to the public URL, else to the socket that this request came in by.

    Nothing that a browser sends has a part in it, so that nobody can have us call another host.
    """
    return read_target((settings.public_url or _own_socket()) + settings.callback_path)


def _outside(settings: Settings) -> str:
    return settings.public_url or request.host_url.rstrip("/")


def _own_socket() -> str:
    host, port = request.environ["SERVER_NAME"], request.environ["SERVER_PORT"]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
