"""`show ID`: everything that is known of one message."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection, RowMapping

from mo_gateway.errors import MoGatewayError
from mo_gateway.store import opt_outs, questions, reading

from . import output
from .filters import row_number
from .setup import settings_from_environment
from .trail import opened

TEST_NUMBER = "32400000000"

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

#: What may quote a phone number.
QUOTING = ("error", "reference", "provider_id")


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
        found = _found(conn, message_id, reveal=reveal)
    if as_json:
        output.print_json(found)
    else:
        _print(found, settings.timezone)


def _found(conn: Connection, message_id: int, *, reveal: bool) -> dict[str, Any]:
    row = reading.message(conn, message_id)
    if row is None:
        raise MoGatewayError(f"there is no message {message_id}")
    msisdn, replies = row["msisdn"], reading.replies(conn, message_id)
    numbers = {msisdn, *(reply["msisdn"] for reply in replies)}

    def without_numbers(text: str | None) -> str | None:
        for number in numbers if text else ():
            text = output.without_number(text or "", number, reveal=reveal)
        return text

    def with_error(tried: RowMapping) -> dict[str, Any]:
        return {**tried, **{name: without_numbers(tried[name]) for name in QUOTING if name in tried}}

    return {
        "message": {
            **row,
            "msisdn": output.number(msisdn, reveal=reveal),
            "raw": _form(row["raw"], msisdn, reveal=reveal),
        },
        "handlings": [with_error(handling) for handling in reading.handlings(conn, message_id)],
        "attempts": [with_error(attempt) for attempt in reading.attempts(conn, message_id)],
        "replies": [
            {**with_error(reply), "msisdn": output.number(reply["msisdn"], reveal=reveal)} for reply in replies
        ],
        "sends": [with_error(send) for send in reading.sends(conn, message_id)],
        "reports": [dict(report) for report in reading.reports(conn, message_id)],
        "opt_outs": [
            {**entry, "msisdn": output.number(entry["msisdn"], reveal=reveal)}
            for entry in opt_outs.of_message(conn, message_id)
        ],
        "votes": [dict(vote) for vote in reading.votes(conn, message_id)],
        "subscriptions": [
            {**entry, "msisdn": output.number(entry["msisdn"], reveal=reveal)}
            for entry in reading.subscriptions(conn, message_id)
        ],
        "questions": [dict(question) for question in questions.of_message(conn, message_id)],
        "trigger": _trigger(row),
    }


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


def _form(raw: bytes, msisdn: str, *, reveal: bool) -> str:
    """Write the form as it came, the number masked; hide it whole where it writes the number some other way."""
    shown = output.without_number(raw.decode("latin-1"), msisdn, reveal=reveal)
    if not reveal and msisdn and msisdn.encode() in unquote_to_bytes(shown.encode("latin-1", "replace")):
        return f"{len(raw)} bytes that --reveal shows"
    return shown


def _trigger(row: RowMapping) -> str:
    """Write the command that sends the same message again, from a test number."""
    words = {
        "--shortcode": row["shortcode"],
        "--from": TEST_NUMBER,
        "--keyword": row["keyword"],
        "--parm": row["parm"],
        "--operator": "" if row["operator_defaulted"] else row["operator"],
        "--country": row["country"],
        "--timestamp": row["timestamp_raw"],
        "--reference": row["reference"] or "",
        "--charset": row["charset"],
        "--method": row["method"],
    }
    return f"mo-gateway trigger {' '.join(f'{name} {output.shell_word(word)}' for name, word in words.items())}"
