"""`init`: a folder to begin with, and on request thirty days of made-up messages in its database."""

import logging
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

import click
import structlog
from sqlalchemy import URL

from mo_gateway.demo import filling
from mo_gateway.demo.script import DAYS, poll_times
from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.routes import routes_with
from mo_gateway.settings import PREFIX, Settings, load_settings

from .first_files import DEMO_ROUTES, ENVIRONMENT, ROUTES
from .progress import progress

ROUTES_FILE = "routes.toml"
DATABASE_FILE = "mo-gateway.db"  # where `run` looks for it, once it is started in the folder
VOTE_FOR = timedelta(days=30)  # so long the vote of a new folder is open


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--demo", is_flag=True, help="Fill its empty database with thirty days of made-up messages too.")
def init(folder: Path, demo: bool) -> None:
    """Write settings and routes to begin with into a FOLDER; the default is this one.

    A file that is there already stays as it is.

    \b
    mo-gateway init sms
    mo-gateway init --demo sms-demo
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(folder)
    now = utc_now().replace(microsecond=0)
    if demo:
        _refuse_unless_empty(settings, folder)
    _write(folder, _files(now, settings, demo=demo))
    settings = replace(settings, routes=folder / ROUTES_FILE)
    routes_with(settings, folder / ROUTES_FILE)  # a file that was there may have a fault
    if demo:
        _fill(settings, now)
    if demo:
        _say_what_is_next(folder, "mo-gateway user add an --role admin", "mo-gateway run", "mo-gateway status")
    else:
        _say_what_is_next(folder, "mo-gateway run", 'mo-gateway trigger "INFO"')


def _settings(folder: Path) -> Settings:
    """Read the settings as they will be in the folder; its secrets are made there."""
    settings = load_settings(os.environ, folder)
    is_given = any(os.environ.get(f"{PREFIX}DATABASE_URL{suffix}") for suffix in ("", "_FILE"))
    if is_given:
        return settings
    return replace(settings, database_url=URL.create("sqlite", database=str(folder / DATABASE_FILE)))


def _refuse_unless_empty(settings: Settings, folder: Path) -> None:
    """Raise MoGatewayError where made-up messages would come among others, or other routes are theirs."""
    if newest := filling.newest_message(settings):
        raise MoGatewayError(
            f"the database holds messages already, up to number {newest}: --demo fills an empty one only"
        )
    if (folder / ROUTES_FILE).exists():
        raise MoGatewayError(
            f"{folder / ROUTES_FILE} is there already, and --demo has routes of its own: name another folder"
        )


def _files(now: datetime, settings: Settings, *, demo: bool) -> dict[str, str]:
    """Give the names and contents of the files; the demo's poll is closed, that of a new folder is open."""

    def local(moment: datetime) -> str:
        return f"{moment.astimezone(settings.timezone):%Y-%m-%dT%H:%M:%S}"

    opens, closes = poll_times(now)
    if demo:
        routes, times = ROUTES + DEMO_ROUTES, {"opens": f"opens = {local(opens)}\n", "closes": local(closes)}
    else:
        routes, times = ROUTES, {"opens": "", "closes": local(now + VOTE_FOR)}
    return {ROUTES_FILE: Template(routes).substitute(times), ".env": ENVIRONMENT}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files that are not there; only this user can read them, for credentials will be among them."""
    for name, content in files.items():
        path = folder / name
        try:
            with open(path, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(content)
        except FileExistsError:
            click.echo(f"{path} is there already, and stays as it is.", err=True)
        else:
            click.echo(str(path))


def _fill(settings: Settings, now: datetime) -> None:
    done, whole = 0, 0
    with _without_log():
        steps = filling.fill(settings, now)
        done, whole = next(steps)
        with progress(whole, "Filling") as tell:
            for now_done, _whole in steps:
                tell(now_done - done)
                done = now_done
    click.echo(
        f"{whole} requests of {DAYS} days are in the database, with their replies, votes, lists and STOPs."
        " None of it is real, and none of it is ever sent."
    )


@contextmanager
def _without_log() -> Iterator[None]:
    """Say nothing of each message: they are thousands."""
    before = structlog.get_config()
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=silent, cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _say_what_is_next(folder: Path, *commands: str) -> None:
    here = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    click.echo("Next:", err=True)
    for command in (f"{here}set -a && . ./.env && set +a", *commands):
        click.echo(f"  {command}", err=True)
