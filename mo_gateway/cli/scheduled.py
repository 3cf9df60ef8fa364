"""`scheduled`: what 1601SMS keeps in its own outbox until its time, to look at and to take out again."""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection, RowMapping

from mo_gateway.errors import ConfigError, MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.sending import open_senders
from mo_gateway.keys import person_key
from mo_gateway.providers.sms1601 import OUTBOX, Sms1601Sender, Told
from mo_gateway.settings import Settings
from mo_gateway.store import reading
from mo_gateway.store import replies as store
from mo_gateway.store.engine import WRITABLE

from . import output, types
from .filters import row_number
from .order import counted
from .setup import settings_from_environment
from .trail import note, opened

LONGEST_TEXT = 40  # characters of a column


@click.group()
def scheduled() -> None:
    """List the replies that lie in the outbox of 1601SMS until their time, and take them out."""


@scheduled.command("list")
@output.json_option
@output.reveal_option
def list_scheduled(as_json: bool, reveal: bool) -> None:
    """List the replies that wait in the outbox of 1601SMS, newest first."""
    settings = settings_from_environment()
    with opened(settings) as engine, engine.begin() as conn:
        rows = _waiting(conn)
    found = [
        {
            "id": row["id"],
            "at": _at(row),
            "msisdn": output.number(row["msisdn"], reveal=reveal),
            "sender": row["sender"],
            "body": row["body"],
            "outbox_id": row["provider_id"].removeprefix(OUTBOX),
        }
        for row in rows
    ]
    if as_json:
        output.print_json_lines(found)
    else:
        _print(found, settings)
    if not found:
        click.echo("The outbox of 1601SMS holds nothing of ours.", err=True)


@scheduled.command()
@click.argument("reply_id", type=row_number, required=False, metavar="[ID]")
@click.option("--to", type=types.msisdn, metavar="MSISDN", help="Take out all that is for this number.")
@click.option("--all", "everything", is_flag=True, help="Empty the outbox, whoever has filled it.")
@click.option("--yes", is_flag=True, help="Do not ask, with --all.")
def remove(reply_id: int | None, to: str | None, everything: bool, yes: bool) -> None:
    """Take a reply out of the outbox of 1601SMS before its time, all to one number, or all.

    With --to and --all that goes for what others have put there with the same account too.

    \b
    mo-gateway scheduled remove 812
    mo-gateway scheduled remove --to 32412345678
    """
    if [reply_id is not None, to is not None, everything].count(True) != 1:
        raise click.UsageError("Name one of these: a reply's ID, or --to MSISDN, or --all.")
    if everything and not (yes or sys.stdin.isatty()):
        raise click.UsageError("Nobody can be asked here: add --yes to do it.")
    settings = settings_from_environment()
    sender = sender_of(settings)
    with reading.opened(settings) as engine:
        with engine.begin() as conn:
            rows = [row for row in _waiting(conn) if everything or to == row["msisdn"] or reply_id == row["id"]]
        if reply_id is not None and not rows:
            raise MoGatewayError(f"reply {reply_id} does not wait in the outbox of 1601SMS")
        if everything and not yes:
            click.confirm("Empty the outbox of 1601SMS, whoever has filled it?", abort=True, err=True)
        told = _remove(sender, outbox_id=rows[0]["provider_id"] if reply_id else None, to=to)
        if not told.is_done:
            raise MoGatewayError(f"1601SMS says {told.code}: {told.text}")
        # where there was nothing to take out, what is for later does not lie there, and does not go out either
        with engine.execution_options(**WRITABLE).begin() as conn:
            store.taken_out(conn, [row["id"] for row in rows])
            number = to or (rows[0]["msisdn"] if reply_id else "")
            person = person_key(settings.person_secret, number) if number else None
            note(conn, "withdraw", {"withdrawn": [row["id"] for row in rows]}, person_key=person)
    click.echo(f"1601SMS: {told.text}. {counted(len(rows), 'reply')} of ours withdrawn{_named(rows)}.")


def sender_of(settings: Settings) -> Sms1601Sender:
    """Give the client of 1601SMS; or raise ConfigError where it has no settings."""
    sender = open_senders(settings).get(Sms1601Sender.name)
    if not isinstance(sender, Sms1601Sender):
        raise ConfigError("1601SMS has no settings to send by: docs/providers/sms1601.md names them")
    return sender


def _remove(sender: Sms1601Sender, *, outbox_id: str | None, to: str | None) -> Told:
    if outbox_id is not None:
        return sender.remove_scheduled(outbox_id)
    return sender.remove_scheduled_to(to) if to else sender.empty_outbox()


def _waiting(conn: Connection) -> list[RowMapping]:
    """Give what was handed to the outbox, and whose time has not come."""
    rows = store.kept_by(conn, Sms1601Sender.name, ids_begin=OUTBOX)
    now = utc_now()
    return [row for row in rows if _at(row) > now]


def _at(row: RowMapping) -> datetime:
    return datetime.fromisoformat(row["options"]["at"])


def _named(rows: Iterable[RowMapping]) -> str:
    ids = ", ".join(str(row["id"]) for row in rows)
    return f": {ids}" if ids else ""


def _print(found: Iterable[Mapping[str, Any]], settings: Settings) -> None:
    zone = settings.timezone
    table = output.Table("ID", output.in_zone("AT", zone), "TO", "FROM", "TEXT", "OUTBOX ID", zone=zone)
    table.add(
        [
            reply["id"],
            reply["at"],
            reply["msisdn"] or "group",
            reply["sender"],
            output.shortened(reply["body"] or "", LONGEST_TEXT),
            reply["outbox_id"],
        ]
        for reply in found
    )
