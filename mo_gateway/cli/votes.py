"""`votes`: how a poll stands, and whether it was counted right."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
from sqlalchemy import Connection

from mo_gateway import recount as step
from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.routes import open_routes
from mo_gateway.store import reading
from mo_gateway.store import values as store
from mo_gateway.store.engine import WRITABLE
from mo_gateway.tally import count_poll

from . import output
from .order import counted
from .setup import settings_from_environment
from .trail import note

#: Why a vote does not count, in the order in which it is told.
KEPT_APART = ("double", "late", "early", "unreadable")


@click.group()
def votes() -> None:
    """Polls: what was voted for, and whether it was counted right."""


@votes.command("list")
@output.json_option
def list_polls(as_json: bool) -> None:
    """List the polls that anybody has voted in."""
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        polls = store.polls(conn)
    if as_json:
        output.print_json(list(polls))
        return
    for poll in polls:
        click.echo(output.cell(poll, settings.timezone))
    if not polls:
        click.echo("Nobody has voted yet.", err=True)


@votes.command()
@click.argument("poll")
@output.json_option
def show(poll: str, as_json: bool) -> None:
    """Show how a POLL stands: one vote a person, and apart from these the votes that do not count."""
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        rows = store.totals(conn, poll)
    if not rows:
        raise MoGatewayError(f"nobody has voted in {poll}: `mo-gateway votes list` names the polls")
    found = _totals(rows)
    if as_json:
        output.print_json({"poll": poll, **found})
        return
    table = output.Table("OPTION", "VOTES", "SHARE", zone=settings.timezone)
    table.add([one["option"], one["votes"], f"{one['share']:.1%}"] for one in found["options"])
    apart = ", ".join(f"{found[name]} {name}" for name in KEPT_APART)
    click.echo(f"{counted(found['counted'], 'vote')} counted. Kept apart: {apart}.")


@votes.command()
@click.argument("poll")
@click.option("--mend", is_flag=True, help="Store what the messages say, where that is something else.")
@output.json_option
@click.pass_context
def recount(ctx: click.Context, poll: str, mend: bool, as_json: bool) -> None:
    """Count a POLL once more, from the stored messages and the routes of today.

    No handler runs, and nobody is answered. Exit code 3 = something differs, and is not mended.
    """
    settings = settings_from_environment()
    routes = open_routes(settings)
    polls = step.polls_of(routes)
    if poll not in polls:
        raise MoGatewayError(f"no route has a vote for {poll}; there are {', '.join(polls) or 'none at all'}")
    with reading.opened(settings) as engine:
        writable = engine.execution_options(**WRITABLE)
        secret = settings.person_secret
        found = step.recount(writable, routes, poll, person_secret=secret, mend=mend, note=_note)
        if mend:
            count_poll(writable, poll, now=utc_now())
    figures = {name: getattr(found, name) for name in ("read", "right", "missing", "different", "surplus")}
    if as_json:
        output.print_json({"poll": poll, **figures, "mended": mend})
    else:
        click.echo(
            f"{counted(found.read, 'message')} read: {counted(found.right, 'vote')} right,"
            f" {found.missing} missing, {found.different} different, {found.surplus} too many."
        )
        if not found.is_right:
            click.echo("They are mended." if mend else "--mend stores what the messages say.", err=True)
    ctx.exit(0 if found.is_right or mend else 3)


def _note(conn: Connection, mended: step.Recount) -> None:
    note(conn, "recount", mended.wrong)


def _totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    standing: Counter[str] = Counter()
    for row in rows:
        standing[row["standing"]] += row["votes"]
    options = [
        {"option": row["option"], "votes": row["votes"], "share": row["votes"] / standing["counted"]}
        for row in rows
        if row["standing"] == "counted"
    ]
    return {"options": options, "counted": standing["counted"], **{name: standing[name] for name in KEPT_APART}}
