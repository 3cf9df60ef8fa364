"""`show ID`: everything that is known of one message."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import click

from mo_gateway.about import about_message
from mo_gateway.errors import MoGatewayError

from . import output
from .filters import row_number
from .setup import settings_from_environment
from .trail import opened

#: What a table of the rows below a message shows, by the name under which `--json` gives them all.
COLUMNS = {
    "handlings": ("state", "handler", "attempts", "attempt_limit", "due_at", "finished_at", "error"),
    "attempts": ("number", "started_at", "duration_ms", "outcome", "error"),
    "replies": (
        *("id", "msisdn", "sender", "provider", "state", "parts", "created_at", "sent_at"),
        *("reference", "provider_id", "error_code", "body"),  # by these the provider finds one that is unknown
    ),
    "sends": ("reply", "number", "started_at", "duration_ms", "outcome", "error"),
    "reports": ("reply", "status", "provider_status", "reported_at", "received_at", "deliveries"),
    "votes": ("poll", "option", "timing"),
    "subscriptions": ("list", "since", "until"),
    "questions": ("expect", "asked_at", "expires_at", "outcome", "message_id", "answer_message_id"),
    "opt_outs": ("id", "shortcode", "keyword", "word", "since", "until", "confirmed_at"),
}


@click.command()
@click.argument("message_id", type=row_number, metavar="ID")
@output.json_option
@output.reveal_option
def show(message_id: int, as_json: bool, reveal: bool) -> None:
    """Show one message whole: its fields, its handling, its replies and what became of them, the form as it came.

    The last line is the `trigger` command that sends the same again from a test number.
    """
    settings = settings_from_environment()
    with opened(settings) as engine, engine.begin() as conn:
        found = about_message(conn, message_id, reveal=reveal)
    if found is None:
        raise MoGatewayError(f"there is no message {message_id}")
    if as_json:
        output.print_json(found)
    else:
        _print(found, settings.timezone)


def _print(found: Mapping[str, Any], zone: ZoneInfo) -> None:
    output.print_fields([(_named(name, zone), value) for name, value in found["message"].items()], zone)
    replies = [{**reply, "state": _state(reply)} for reply in found["replies"]]
    for title, columns in COLUMNS.items():
        _print_rows(title, columns, {**found, "replies": replies}[title], zone)
    click.echo(f"\n{found['trigger']}")


def _print_rows(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> None:
    if not rows:
        return
    click.echo(f"\n{title}")
    headers = [_named(name.upper(), zone) for name in columns]
    output.Table(*headers, zone=zone).add([row[name] for name in columns] for row in rows)


def _state(reply: Mapping[str, Any]) -> str:
    """Name a reply's state, with the reason where it was suppressed."""
    state, reason = output.reply_state(reply["state"], reply["due_at"]), reply["suppressed_reason"]
    return f"{state}: {reason}" if reason else state


def _named(column: str, zone: ZoneInfo) -> str:
    is_time = column.lower().endswith(("_at", "since", "until"))
    return output.in_zone(column, zone) if is_time else column
