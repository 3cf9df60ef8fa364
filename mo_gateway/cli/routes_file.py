"""`check`, `reload`, `rehearse`: a routes file before it is in force, and how it comes to be."""

from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import click

from mo_gateway import rehearsal
from mo_gateway.errors import ConfigError, MoGatewayError
from mo_gateway.gateway.routes import open_routes, routes_with
from mo_gateway.settings import Settings
from mo_gateway.store import presence, reading
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.selection import Filter

from . import output
from .filters import filter_options
from .order import counted
from .setup import settings_from_environment
from .trail import note

PATIENCE = timedelta(seconds=10)  # for workers that are asked to load their routes anew
LOOK_EVERY = 0.2  # seconds


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def check(file: Path) -> None:
    """Read a routes FILE as the gateway would, beside the handlers of modules and packages.

    Every fault is named with its file and line. Exit code 4 = there are faults; 3 = a route can never win.
    """
    settings = settings_from_environment()
    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    table = routes_with(settings, file)
    shadowed = table.shadowed()
    for sentence in shadowed:
        click.echo(sentence)
    click.echo(f"{file}: {counted(len(table), 'route')} with those of modules, no fault.")
    if shadowed:
        raise SystemExit(3)


@click.command()
@click.pass_context
def reload(ctx: click.Context) -> None:
    """Have every worker of this database load its routes file anew, and wait until they have.

    What is wrong with the file is said here first, and then nobody loads it. Where a worker finds it wrong,
    because it has another one, its last good routes stay in force. Exit code 7 = not all have the new ones.
    """
    settings = settings_from_environment()
    open_routes(settings)
    with reading.opened(settings) as engine:
        with engine.execution_options(**WRITABLE).begin() as conn:
            asked = presence.ask_to_reload(conn)
            if asked:
                note(conn, "reload", {"workers": len(asked)})
        if not asked:
            raise MoGatewayError("no worker is there: is `mo-gateway run` running with this database?")
        give_up = monotonic() + PATIENCE.total_seconds()
        while True:
            with engine.begin() as conn:
                standing = {one.process: one for one in presence.workers(conn)}
            if monotonic() > give_up or not any(one.is_asked for one in standing.values()):
                break
            sleep(LOOK_EVERY)
    is_whole = True
    for process in asked:
        one = standing.get(process)
        is_whole = is_whole and one is not None and not one.is_asked and one.error is None
        click.echo(f"{process}: {_loaded_in_words(one)}")
    ctx.exit(0 if is_whole else 7)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@filter_options(limit=None)
@output.json_option
def rehearse(file: Path, *, settings: Settings, chosen: Filter, limit: int | None, as_json: bool) -> None:
    """Route stored messages through a routes FILE beside the routes of today, and say what would change.

    No handler runs, and nothing changes.

    \b
    mo-gateway rehearse new-routes.toml --since 30d
    """
    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    before, after = open_routes(settings), routes_with(settings, file)
    with reading.opened(settings) as engine:
        found = rehearsal.rehearse(engine, before, after, chosen, limit=limit)
    moves = sorted(found.moves.items(), key=lambda item: (item[0][0] == item[0][1], -item[1]))
    if as_json:
        told = [
            {"before": move[0], "after": move[1], "messages": n, "example": found.examples[move]}
            for move, n in moves
        ]
        output.print_json({"read": found.read, "changed": found.changed, "moves": told})
        return
    click.echo(f"{counted(found.read, 'message')} read; {found.changed} would go elsewhere.")
    table = output.Table("MESSAGES", "TODAY", "WITH THE FILE", "EXAMPLE", zone=settings.timezone)
    table.add(
        [n, move[0], "as today" if move[0] == move[1] else move[1], found.examples[move]] for move, n in moves
    )


def _loaded_in_words(one: presence.Standing | None) -> str:
    if one is None:
        return "gone"
    if one.error:
        return f"the old routes stay in force: {' '.join(one.error.split())}"
    return "no answer yet" if one.is_asked else counted(one.routes, "route")
