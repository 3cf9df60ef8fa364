"""`person`: everything that is known of one number, to look at or to hand over."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from mo_gateway import dossier as step
from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.store import reading
from mo_gateway.store.engine import WRITABLE

from . import output, types
from .actor import at_the_terminal
from .order import counted
from .setup import settings_from_environment
from .whole_file import check_free, whole_file

#: What a table of each kind shows; the document has all columns.
COLUMNS = {
    "messages": ("id", "received_at", "shortcode", "keyword", "parm"),
    "replies": ("id", "created_at", "sender", "state", "body"),
    "votes": ("poll", "option", "voted_at", "timing"),
    "subscriptions": ("list", "since", "until"),
    "questions": ("expect", "asked_at", "outcome"),
    "opt_outs": ("shortcode", "keyword", "since", "until", "message_id"),
    "rejected_requests": ("id", "received_at", "provider", "status"),
    "audit": ("at", "actor", "action", "subject", "reason"),
}


@click.command()
@click.argument("msisdn", type=types.person)
@click.option("--export", "place", type=Path, metavar="FILE", help="Write all of it into a new file, as JSON.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--reason", type=types.text, default="", metavar="TEXT", help="Why, for the audit trail; no number.")
@output.json_option
def person(msisdn: str, place: Path | None, force: bool, reason: str, as_json: bool) -> None:
    """Show everything that is known of one number, in both directions. It is noted in the audit trail.

    \b
    mo-gateway person 32412345678 --export answer.json --reason "request of 3 March"
    """
    settings = settings_from_environment()
    now = utc_now()
    if place:
        check_free(place, force=force)
    with reading.opened(settings) as engine:
        found = step.dossier(
            engine.execution_options(**WRITABLE),
            msisdn,
            person_secret=settings.person_secret,
            actor=at_the_terminal(),
            action="export" if place or as_json else "reveal",
            reason=reason,
            now=now,
        )
    document = step.as_json(msisdn, found, now=now)
    if place:
        _write(place, document, force=force)
        click.echo(f"Written to {place}.", err=True)
    elif as_json:
        click.echo(document, nl=False)
    else:
        _print(found, settings.timezone)


def _write(place: Path, document: str, *, force: bool) -> None:
    try:
        with whole_file(place) as file:
            file.write(document.encode())
            check_free(place, force=force)  # somebody may have made it meanwhile
    except OSError as exc:
        raise MoGatewayError(f"{place} cannot be written: {exc.strerror}") from exc


def _print(found: Mapping[str, Sequence[Mapping[str, Any]]], zone: ZoneInfo) -> None:
    for name, columns in COLUMNS.items():
        if found[name]:
            click.echo(f"\n{name.replace('_', ' ')}")
            output.Table(*(one.upper() for one in columns), zone=zone).add(
                [row[one] for one in columns] for row in found[name]
            )
    others = {name: len(rows) for name, rows in found.items() if name not in COLUMNS}
    click.echo(f"\n{counted(len(found['messages']), 'message')} and {counted(len(found['replies']), 'reply')}.")
    click.echo(f"--export adds {', '.join(f'{n} of {name}' for name, n in others.items())}.", err=True)
