"""`replies`: what is to go out, what went out, what did not; and the switch that stops all of it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
from sqlalchemy import RowMapping

from mo_gateway import by_hand
from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.masking import masked, one_line, without_secrets
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.settings import Settings
from mo_gateway.store import reading, standing
from mo_gateway.store import replies as store
from mo_gateway.store.replies import Chosen

from . import output, retry
from .actor import at_the_terminal
from .filters import read_moment, row_number
from .scheduled import sender_of
from .setup import settings_from_environment
from .trail import opened

LONGEST_TEXT = 40  # characters of a column
LONGEST_ERROR = 60
LONG_NUMBER = re.compile(r"[0-9]{8,15}")  # a phone number, or an id that looks like one

#: What the lists leave to `show`.
LEFT_OUT = ("person_key", "udh", "data", "options", "opt_out_id")
LEFT_OUT_OF_REPORTS = ("dedupe_key", "raw", "remote_addr")

provider_option = click.option("--provider", type=click.Choice(tuple(SCHEMAS)), help="Whose replies.")
limit_option = click.option(
    "--limit", type=row_number, default=50, metavar="N", help="At most so many.  [default: 50]"
)


@click.group()
def replies() -> None:
    """List replies, try them again, take them back, pause and resume sending."""


@replies.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(store.STATES), help="One or several.")
@provider_option
@click.option("--since", metavar="WHEN", help="Queued then or later: 30m, 2h, 7d ago, a date, or an ISO time.")
@limit_option
@output.json_option
@output.reveal_option
def list_replies(
    states: tuple[str, ...], provider: str | None, since: str | None, limit: int, as_json: bool, reveal: bool
) -> None:
    """List replies, newest first.

    \b
    mo-gateway replies list --state failed --state unknown --since 2h
    """
    settings = settings_from_environment()
    moment = None if since is None else read_moment(since, settings.timezone, utc_now())
    chosen = Chosen(states=states, provider=provider, since=moment)
    with opened(settings) as engine, engine.begin() as conn:
        found = [_fields(row, reveal=reveal) for row in store.latest(conn, chosen, limit=limit)]
    if as_json:
        output.print_json_lines(found)
    else:
        _print(found, settings)
    if not found:
        click.echo("No reply is like that.", err=True)


@replies.command()
@provider_option
def pause(provider: str | None) -> None:
    """Send no more replies, of one provider or of all, on every host; those that wait are kept.

    Messages are taken and handled as before. A call that is under way is not broken off.
    """
    _switch(provider, paused=True)


@replies.command()
@provider_option
def resume(provider: str | None) -> None:
    """Let replies go out again at once, whether they were paused or held after trouble.

    Those that have become too old meanwhile do not go out.
    """
    _switch(provider, paused=False)


@replies.command("ask-reports")
@click.option("--count", type=click.IntRange(1, 1000), default=100, show_default=True, help="The last so many.")
@output.reveal_option
def ask_reports(count: int, reveal: bool) -> None:
    """Ask 1601SMS for its list of reports, and print it as it comes: no document says how to read it."""
    settings = settings_from_environment()
    sender = sender_of(settings)
    with opened(settings):  # where numbers are to be shown, that is noted before
        told = sender.report(count)
    if not told.is_done:
        raise MoGatewayError(f"1601SMS says {told.code}: {told.text}")
    for line in without_secrets(told.text, settings.secrets).splitlines():
        click.echo(one_line(line) if reveal else LONG_NUMBER.sub(lambda found: masked(found[0]), one_line(line)))


@replies.command()
@click.option("--unknown", is_flag=True, help="Only those that belong to no reply of this gateway.")
@limit_option
@output.json_option
def reports(unknown: bool, limit: int, as_json: bool) -> None:
    """List delivery reports, newest first."""
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        rows = store.reports(conn, only_unknown=unknown, limit=limit)
    if as_json:
        output.print_json_lines(
            {name: value for name, value in row.items() if name not in LEFT_OUT_OF_REPORTS} for row in rows
        )
    else:
        _print_reports(rows, settings)
    if not rows:
        click.echo("No delivery report is like that.", err=True)


replies.add_command(retry.retry)
replies.add_command(retry.withdraw)


def _switch(provider: str | None, *, paused: bool) -> None:
    settings = settings_from_environment()
    with reading.opened(settings) as engine:
        rows = by_hand.set_paused(engine, provider, paused=paused, by=at_the_terminal(), now=utc_now())
    whose = f"Replies by {provider}" if provider else "All replies"
    click.echo(f"{whose} {'wait from now on' if paused else 'go out again'}.")
    still = [row["provider"] for row in rows if row["paused_at"]]
    if not paused and still:
        names = ", ".join("all of them" if name == standing.ALL else name for name in still)
        click.echo(f"Still paused: {names}.", err=True)


def _fields(row: RowMapping, *, reveal: bool) -> dict[str, Any]:
    msisdn, error = row["msisdn"], row["error"]
    return {
        **{name: value for name, value in row.items() if name not in LEFT_OUT},
        "msisdn": output.number(msisdn, reveal=reveal),
        "error": error and output.without_number(error, msisdn, reveal=reveal),
    }


def _print(found: Sequence[Mapping[str, Any]], settings: Settings) -> None:
    queued = output.in_zone("QUEUED", settings.timezone)
    headers = ("ID", "MESSAGE", queued, "TO", "FROM", "BY", "STATE", "DELIVERY", "TRIES", "PARTS", "TEXT", "WHY")
    output.Table(*headers, zone=settings.timezone).add(
        (
            reply["id"],
            reply["message_id"],
            reply["created_at"],
            reply["msisdn"] or "group",
            reply["sender"],
            reply["provider"],
            output.reply_state(reply["state"], reply["due_at"]),
            reply["delivery"],
            reply["attempts"],
            reply["parts"],
            output.shortened(reply["body"] or "", LONGEST_TEXT),
            output.shortened(reply["suppressed_reason"] or reply["error"] or "", LONGEST_ERROR),
        )
        for reply in found
    )


def _print_reports(rows: Sequence[RowMapping], settings: Settings) -> None:
    columns = ("id", "mt_message_id", "provider", "status", "provider_status", "received_at", "deliveries")
    received = output.in_zone("RECEIVED", settings.timezone)
    headers = ("ID", "REPLY", "PROVIDER", "STATUS", "ITS WORD", received, "TIMES")
    output.Table(*headers, zone=settings.timezone).add([row[name] for name in columns] for row in rows)
