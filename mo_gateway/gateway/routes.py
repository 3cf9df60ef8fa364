"""The routes by these settings: the handlers of modules, packages and the routes file."""

from functools import partial
from pathlib import Path

from mo_gateway.errors import ConfigError
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.file import handlers_in_file
from mo_gateway.handlers.finding import find_handlers
from mo_gateway.plugin import Handler
from mo_gateway.routing import Routes
from mo_gateway.settings import Settings


def open_routes(settings: Settings) -> Routes:
    """Find all handlers and route to them; or raise ConfigError with everything that is wrong with them."""
    return Routes(_handlers(settings, settings.routes))


def routes_with(settings: Settings, path: Path) -> Routes:
    """Make the routes as they would be with another routes file; or raise ConfigError."""
    return Routes(_handlers(settings, path))


def _handlers(settings: Settings, path: Path | None) -> list[Handler]:
    """Find the handlers of modules, packages and the routes file; or raise one ConfigError for all of them."""
    found: list[Handler] = []
    faults = []
    of_modules = partial(find_handlers, settings.handlers)
    for find in (of_modules, partial(handlers_of_file, settings, path)):
        try:
            found += find()
        except ConfigError as exc:
            faults.append(str(exc))
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def handlers_of_file(settings: Settings, path: Path | None) -> list[Handler]:
    """Read the handlers of a routes file, none where there is none; or raise ConfigError."""
    if path is None:
        return []
    surroundings = Surroundings(
        folder=path.parent,
        timezone=settings.timezone,
        forward_networks=settings.forward_networks,
        broker_url=settings.broker_url,
        smtp_url=settings.smtp_url,
        email_from=settings.email_from,
    )
    return handlers_in_file(path, surroundings)
