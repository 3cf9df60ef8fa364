"""`prune`: old messages go, and what they came to stays counted."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from mo_gateway import retention
from mo_gateway.gateway.clock import utc_now
from mo_gateway.retention import Pruned, Rule
from mo_gateway.settings import PREFIX, Settings
from mo_gateway.store import reading
from mo_gateway.store.engine import WRITABLE

from . import output, types
from .actor import at_the_terminal
from .order import counted
from .setup import settings_from_environment

#: What the tables hold, in a word.
NOUNS = {
    "mo_message": "message",
    "mt_message": "reply",
    "mt_report": "delivery report",
    "mo_vote": "vote",
    "mo_subscription": "subscription",
    "mo_question": "question",
    "mo_rejection": "rejected request",
}


@click.command()
@click.option(
    "--older-than", type=types.days, metavar="DAYS", help="Such as 90d.  [default: MO_GATEWAY_RETENTION]"
)
@click.option("--shortcode", type=types.shortcode, help="Messages to this one only.  [default: all of them]")
@click.option("--dry-run", is_flag=True, help="Say what would go; delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.json_option
def prune(older_than: int | None, shortcode: str | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete old messages with all that hangs on them: handlings, replies, delivery reports, votes, questions.

    Whole dates go, and what they came to stays in the reports. What is not finished stays, and so does every STOP.
    The worker does the same by itself where MO_GATEWAY_RETENTION is set.

    \b
    mo-gateway prune --older-than 400d --dry-run
    """
    settings = settings_from_environment()
    rules = _rules(settings, older_than, shortcode)
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError(
            "Nobody can be asked here: add --yes to do it, or --dry-run to see what it would do."
        )
    with reading.opened(settings) as engine:
        if dry_run or not yes:
            plan = retention.plan(engine, rules, now=utc_now())
            _report(plan, "Would delete", as_json=as_json and dry_run, to_stderr=not dry_run)
        if dry_run:
            return
        if not yes:
            click.confirm("Delete them for good?", abort=True, err=True)
        writable = engine.execution_options(**WRITABLE)
        done = retention.prune(writable, rules, actor=at_the_terminal(), now=utc_now())
    _report(done, "Deleted", as_json=as_json)


def _rules(settings: Settings, older_than: int | None, shortcode: str | None) -> list[Rule]:
    if older_than:
        return [Rule(days=older_than, shortcode=shortcode)]
    rules = [
        Rule(days=rule.days, shortcode=shortcode) if shortcode and rule.shortcode is None else rule
        for rule in retention.rules_of(settings.retention)
        if shortcode in (None, rule.shortcode) or (rule.shortcode is None and shortcode not in rule.but)
    ]
    if not rules:
        raise click.UsageError(
            f"{PREFIX}RETENTION keeps {shortcode or 'everything'} for ever: say --older-than 90d."
        )
    return rules


def _report(found: Pruned, what: str, *, as_json: bool, to_stderr: bool = False) -> None:
    if as_json:
        output.print_json(_as_dict(found))
        return
    for sentence in _in_words(found, what):
        click.echo(sentence, err=to_stderr)


def _in_words(found: Pruned, what: str) -> Iterator[str]:
    parts = [counted(found.rows[table], noun) for table, noun in NOUNS.items() if found.rows[table]]
    dates = f" of {counted(len(found.dates), 'date')}" if found.dates else ""
    yield f"{what} {', '.join(parts) or 'nothing'}{dates}."
    if found.unfinished:
        yield f"{counted(found.unfinished, 'message')} not finished, or the proof of something in force: kept."
    if found.uncounted:
        yield f"{counted(found.uncounted, 'message')} of dates whose counts are not closed yet: kept until then."


def _as_dict(found: Pruned) -> dict[str, Any]:
    return {
        "rows": {table: n for table, n in found.rows.items() if n},
        "dates": sorted(local.isoformat() for local in found.dates),
        "kept_unfinished": found.unfinished,
        "kept_until_counted": found.uncounted,
    }
