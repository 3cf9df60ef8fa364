"""Finding handlers: in the modules that the settings name, and in installed packages."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from mo_gateway.errors import ConfigError
from mo_gateway.plugin import MARK, Handler

GROUP = "mo_gateway.handlers"


def find_handlers(modules: Sequence[str]) -> list[Handler]:
    """Import `modules` and the entry points of group `mo_gateway.handlers`, and give the handlers in them.

    Raise one ConfigError that names everything that could not be imported, and everything without a handler.
    """
    found: dict[int, Handler] = {}
    faults = []
    for origin, load in _sources(modules):
        try:
            handlers = list(handlers_in(load()))
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a plugin may raise anything while it is imported
            faults.append(f"{origin} cannot be imported: {type(exc).__name__}: {exc}{_where(exc)}.")
            continue
        if not handlers:
            faults.append(f"{origin} holds no handler: mark a function with @keyword(...).")
        found |= {id(handler.function): handler for handler in handlers}
    if faults:
        raise ConfigError("\n".join(faults))
    return list(found.values())


def _sources(modules: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for name in modules:
        yield f"The module {name} of MO_GATEWAY_HANDLERS", lambda name=name: import_module(name)
    for point in entry_points(group=GROUP):
        yield f"The entry point {point.name} of {_package(point)}", point.load


def handlers_in(thing: Any) -> Iterator[Handler]:
    """Give the marked functions of a module, or the one function."""
    things = vars(thing).values() if isinstance(thing, ModuleType) else [thing]
    for one in things:
        handler = getattr(one, "__dict__", {}).get(MARK)
        if isinstance(handler, Handler):
            # a decorator above @keyword has wrapped the function and copied the mark: the wrapper is to run
            yield replace(handler, function=one)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an installed package"


def _where(exc: BaseException) -> str:
    """Name the file and line, in brackets; nothing where no file was read at all."""
    if isinstance(exc, SyntaxError):
        return f" ({exc.filename}:{exc.lineno})" if exc.filename else ""
    last = traceback.extract_tb(exc.__traceback__)[-1]
    return "" if last.filename.startswith("<frozen importlib") else f" ({last.filename}:{last.lineno})"
