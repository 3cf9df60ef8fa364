"""The options that choose messages, the same on every command that has them."""

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from mo_gateway import moments
from mo_gateway.gateway.clock import utc_now
from mo_gateway.store.selection import STATES, Filter
from mo_gateway.store.types import is_row_number

from . import types
from .setup import settings_from_environment

Command = Callable[..., None]


def row_number(value: str) -> int:
    """Read a number from 1 on."""
    if not is_row_number(str(value)) or int(value) == 0:
        raise click.BadParameter(f"{value!r} is no number such as 812")
    return int(value)


_OPTIONS = (
    click.option(
        "--since", metavar="WHEN", help="Received then or later: 30m, 2h, 7d ago, a date, or an ISO time."
    ),
    click.option(
        "--until", metavar="WHEN", help="Received before then; a date alone counts to the end of its day."
    ),
    click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="One or several."),
    click.option("--handler", help="The handler's name, as `routes` prints it."),
    click.option("--shortcode", help="The number that the SMS was sent to."),
    click.option(
        "--keyword", "keywords", multiple=True, help="The first word, as routing compares it; one or several."
    ),
    click.option("--id", "ids", multiple=True, type=row_number, metavar="ID", help="One or several."),
)


def filter_options(*, limit: int | None) -> Callable[[Command], Command]:
    """Add the filter options and `--limit` (with this default; None = all) to a command.

    The command is called with `settings`, in whose zone the times are read, with `chosen`, a Filter, and with
    `limit`.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_filter(*args: Any, since: str | None, until: str | None, **options: Any) -> None:
            settings = settings_from_environment()
            now = utc_now()
            chosen = Filter(
                since=None if since is None else read_moment(since, settings.timezone, now),
                until=None if until is None else read_moment(until, settings.timezone, now, end_of_day=True),
                **{name: options.pop(name) for name in ("states", "handler", "shortcode", "keywords", "ids")},
            )
            command(*args, settings=settings, chosen=chosen, **options)

        shown = "all" if limit is None else str(limit)
        decorated = click.option(
            "--limit", type=row_number, default=limit, metavar="N", help=f"At most so many.  [default: {shown}]"
        )(with_filter)
        for option in reversed(_OPTIONS):
            decorated = option(decorated)
        return decorated

    return decorate


def read_moment(value: str, zone: ZoneInfo, now: datetime, *, end_of_day: bool = False) -> datetime:
    """Read a moment as `moments.read_moment` does; or raise BadParameter."""
    try:
        return moments.read_moment(value, zone, now, end_of_day=end_of_day)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc


def read_later(value: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Read `2h` (from now), or a date or time as `read_moment` does; or raise BadParameter where it is past."""
    moment = now + types.duration(value) if moments.is_ago(value) else read_moment(value, zone, now)
    if moment <= now:
        raise click.BadParameter(f"{value!r} is past")
    return moment
