"""`lists`: who has joined, who has left, and the messages that prove it."""

import click

from mo_gateway.store import reading
from mo_gateway.store import values as store

from . import output
from .filters import row_number
from .setup import settings_from_environment
from .trail import opened


@click.group()
def lists() -> None:
    """Lists that people join and leave."""


@lists.command("list")
@output.json_option
def list_lists(as_json: bool) -> None:
    """List the lists, with how many are on each."""
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        rows = store.lists(conn)
    if as_json:
        output.print_json_lines(map(dict, rows))
        return
    table = output.Table("LIST", "ON IT", "ALL TIME", zone=settings.timezone)
    table.add([row["list"], row["members"], row["all_time"]] for row in rows)
    if not rows:
        click.echo("Nobody has joined a list yet.", err=True)


@lists.command()
@click.argument("name")
@click.option("--former", is_flag=True, help="Those who have left, too.")
@click.option("--limit", type=row_number, metavar="N", help="At most so many.  [default: all]")
@output.json_option
@output.reveal_option
def show(name: str, former: bool, limit: int | None, as_json: bool, reveal: bool) -> None:
    """Show who is on the list NAME, the newest first, each with the message that proves it."""
    settings = settings_from_environment()
    with opened(settings) as engine, engine.begin() as conn:
        rows = store.members(conn, name, former=former, limit=limit)
    found = [{**row, "msisdn": output.number(row["msisdn"], reveal=reveal)} for row in rows]
    if as_json:
        output.print_json_lines(found)
        return
    zone = settings.timezone
    table = output.Table(
        "WHO",
        "SHORTCODE",
        output.in_zone("SINCE", zone),
        "MESSAGE",
        output.in_zone("UNTIL", zone),
        "MESSAGE",
        zone=zone,
    )
    columns = ("msisdn", "shortcode", "since", "message_id", "until", "until_message_id")
    table.add([row[column] for column in columns] for row in found)
    if not found:
        click.echo(f"Nobody is on the list {name}.", err=True)
