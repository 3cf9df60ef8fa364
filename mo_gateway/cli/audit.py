"""`audit`: who has seen and done what."""

import json

import click

from mo_gateway.gateway.clock import utc_now
from mo_gateway.store import audit as store
from mo_gateway.store import reading

from . import output
from .filters import read_moment, row_number
from .setup import settings_from_environment


@click.command()
@click.option("--actor", metavar="NAME", help="Of this user, or of cli: and an account of the host.")
@click.option("--action", metavar="VERB", help="Of this kind, such as reveal, replay, export or forget.")
@click.option("--since", metavar="WHEN", help="Then or later: 30m, 2h, 7d ago, a date, or an ISO time.")
@click.option("--limit", type=row_number, default=50, metavar="N", help="At most so many.  [default: 50]")
@output.json_option
def audit(actor: str | None, action: str | None, since: str | None, limit: int, as_json: bool) -> None:
    """List who has seen and done what, newest first. Nobody can change it, this program included.

    \b
    mo-gateway audit --action reveal --since 7d
    """
    settings = settings_from_environment()
    moment = None if since is None else read_moment(since, settings.timezone, utc_now())
    with reading.opened(settings) as engine, engine.begin() as conn:
        rows = store.latest(conn, actor=actor, action=action, since=moment, limit=limit)
    if as_json:
        output.print_json_lines(map(dict, rows))
    else:
        zone = settings.timezone
        columns = ("ID", output.in_zone("AT", zone), "ACTOR", "ROLE", "ACTION", "SUBJECT", "REASON", "DETAILS")
        names = ("id", "at", "actor", "role", "action", "subject", "reason")
        table = output.Table(*columns, zone=zone)
        table.add([*(row[name] for name in names), json.dumps(row["details"])] for row in rows)
    if not rows:
        click.echo("Nobody has done anything like that.", err=True)
