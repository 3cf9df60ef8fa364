"""`reports …`: what SQL can ask, and counting everything anew."""

from pathlib import Path
from typing import Any

import click

from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.routes import open_routes
from mo_gateway.gateway.upkeep import tally_of
from mo_gateway.store import agenda, reading
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.views import VIEWS
from mo_gateway.store.views.view import View

from . import output
from .order import counted
from .progress import progress
from .setup import settings_from_environment
from .trail import note


@click.group()
def reports() -> None:
    """Views that SQL can ask, and the counts behind them."""


@reports.command("list")
@output.json_option
def list_views(as_json: bool) -> None:
    """List the views, with what one row of each is."""
    if as_json:
        output.print_json([_as_dict(view) for view in VIEWS])
        return
    for view in VIEWS:
        click.echo(f"{view.name:<24}{view.grain}")


@reports.command()
@click.argument("view", metavar="VIEW")
@output.json_option
def show(view: str, as_json: bool) -> None:
    """Show the columns of a VIEW, and a question to begin with."""
    found = next((one for one in VIEWS if one.name == view), None)
    if found is None:
        raise MoGatewayError(f"there is no view {view}: `mo-gateway reports list` names them")
    if as_json:
        output.print_json(_as_dict(found))
        return
    settings = settings_from_environment()
    columns = output.Table("COLUMN", "TYPE", "UNIT", "MEANING", zone=settings.timezone)
    columns.add([one.name, one.kind, one.unit, one.meaning] for one in found.columns)
    click.echo(f"\n{found.question};")


@reports.command()
def datasette() -> None:
    """Print the metadata by which Datasette explains the views of a SQLite file, each with its question."""
    settings = settings_from_environment()
    if not settings.is_sqlite:
        raise MoGatewayError("Datasette reads files of SQLite, and MO_GATEWAY_DATABASE_URL names PostgreSQL")
    name = Path(settings.database_url.database or "").stem
    views = {
        view.name: {
            "description": f"One row is {view.grain}.",
            "columns": {one.name: one.meaning for one in view.columns},
        }
        for view in VIEWS
    }
    questions = {f"{view.name}_question": {"sql": view.question} for view in VIEWS}
    output.print_json({"title": "mo_gateway", "databases": {name: {"tables": views, "queries": questions}}})


@reports.command()
def rebuild() -> None:
    """Count every date anew in the configured zone, from the first on of which there are messages.

    It may be run beside a worker, and interrupted: the worker goes on with it.
    """
    settings = settings_from_environment()
    routes = open_routes(settings)
    with reading.opened(settings) as engine:
        writable = engine.execution_options(**WRITABLE)
        with writable.begin() as conn:  # before: each date is a transaction of its own
            note(conn, "rebuild", {"zone": settings.timezone.key})
        steps = tally_of(routes, settings, writable).rebuild()
        done, dates = next(steps)
        with progress(dates, "Counting") as tell:
            for now_done, now_dates in steps:
                tell(now_done - done)
                done, dates = now_done, now_dates
        with engine.begin() as conn:
            pruned = agenda.pruned_dates(conn)
    if pruned:
        click.echo(
            f"{counted(pruned, 'date')} stay as they were counted: messages of theirs were pruned.", err=True
        )
    click.echo(f"{counted(dates, 'date')} counted by the dates of {settings.timezone.key}.")


def _as_dict(view: View) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "type": column.kind,
            "unit": column.unit,
            "meaning": column.meaning,
            "is_personal": column.is_personal,
        }
        for column in view.columns
    ]
    return {"name": view.name, "grain": view.grain, "columns": columns, "question": view.question}
