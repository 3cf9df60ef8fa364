"""`replies retry` and `replies withdraw`: what a person decides about single replies, or about many alike."""

import sys
from collections.abc import Iterator, Mapping, Sequence

import click
from sqlalchemy import Connection

from mo_gateway import by_hand
from mo_gateway.by_hand import RetryPlan
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.sending import reply_rules
from mo_gateway.masking import one_line
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.store import reading
from mo_gateway.store import replies as store
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.replies import Chosen

from . import output, types
from .actor import at_the_terminal
from .filters import read_moment, row_number
from .order import counted
from .setup import settings_from_environment
from .trail import note


@click.command()
@click.argument("ids", nargs=-1, type=row_number, metavar="[ID]...")
@click.option("--state", "states", multiple=True, type=click.Choice(store.TAKEN_UP), help="One or several.")
@click.option("--provider", type=click.Choice(tuple(SCHEMAS)), help="Whose replies.")
@click.option("--code", type=types.text, help="The provider's code, which begins the error.")
@click.option("--reason", type=types.text, help="Why it was suppressed, as `replies list` shows it.")
@click.option("--since", metavar="WHEN", help="Queued then or later: 30m, 2h, 7d ago, a date, or an ISO time.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@output.json_option
@click.pass_context
def retry(
    ctx: click.Context,
    *,
    ids: tuple[int, ...],
    states: tuple[str, ...],
    provider: str | None,
    code: str | None,
    reason: str | None,
    since: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Queue replies again that failed, were suppressed, or of which nobody knows whether they were sent.

    Those that are unknown may have arrived, and then their people get them twice. STOP and all limits count
    again at the moment of sending. Exit code 7 = some that were named could not be queued.

    \b
    mo-gateway replies retry 812
    mo-gateway replies retry --state failed --code 203 --since 1d --dry-run
    """
    if not ids and not states:
        raise click.UsageError("Name replies, or a --state.")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError(
            "Nobody can be asked here: add --yes to do it, or --dry-run to see what it would do."
        )
    settings = settings_from_environment()
    moment = None if since is None else read_moment(since, settings.timezone, utc_now())
    chosen = Chosen(ids=ids, states=states, provider=provider, code=code, reason=reason, since=moment)
    with reading.opened(settings) as engine:
        with engine.begin() as conn:
            plan = by_hand.plan_retry(conn, chosen)
        if dry_run:
            _report_plan(plan, as_json=as_json)
            return
        if plan.replies and not yes:
            _confirm(plan)
        done = by_hand.retry(engine, chosen, reply_rules(settings), at_the_terminal(), utc_now())
        with engine.begin() as conn:
            left = _left(conn, ids, done)
    _report(done, left, "queued again", as_json=as_json)
    ctx.exit(7 if left else 0)


@click.command()
@click.argument("ids", nargs=-1, required=True, type=row_number, metavar="ID...")
@output.json_option
@click.pass_context
def withdraw(ctx: click.Context, ids: tuple[int, ...], as_json: bool) -> None:
    """Take back replies that are queued: they are kept, and do not go out unless `retry` names them.

    What is being sent, or was, cannot be taken back. Exit code 7 = some could not be.

    \b
    mo-gateway replies withdraw 812 813
    """
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.execution_options(**WRITABLE).begin() as conn:
        note(conn, "withdraw")
        done = store.withdraw(conn, ids)
        left = _left(conn, ids, done)
    _report(done, left, "withdrawn", as_json=as_json)
    ctx.exit(7 if left else 0)


def _left(conn: Connection, ids: Sequence[int], done: Sequence[int]) -> dict[int, str]:
    """Say of each reply that was named, and that nothing was done to, how it stands."""
    found = {id_: store.one(conn, id_) for id_ in ids if id_ not in done}
    return {
        id_: output.reply_state(row["state"], row["due_at"]) if row else "not there" for id_, row in found.items()
    }


def _report(done: Sequence[int], left: Mapping[int, str], what: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json({what.replace(" ", "_"): done, "left": left})
        return
    click.echo(f"{counted(len(done), 'reply')} {what}.")
    for id_, state in left.items():
        click.echo(f"Reply {id_} is {state}.", err=True)


def _confirm(plan: RetryPlan) -> None:
    for sentence in _plan_in_words(plan):
        click.echo(sentence, err=True)
    click.confirm(f"Try {counted(plan.replies, 'reply')} again?", abort=True, err=True)


def _report_plan(plan: RetryPlan, *, as_json: bool) -> None:
    if as_json:
        rows = [{"provider": p, "state": s, "cause": c, "replies": n} for (p, s, c), n in plan.counts.items()]
        output.print_json({"would_be_queued_again": plan.replies, "stopped": plan.stopped, "replies": rows})
        return
    for sentence in _plan_in_words(plan):
        click.echo(sentence)


def _plan_in_words(plan: RetryPlan) -> Iterator[str]:
    if not plan.replies:
        yield "No reply is like that, so none would be tried again."
        return
    yield f"{counted(plan.replies, 'reply')} would be tried again:"
    for (provider, state, cause), n in sorted(plan.counts.items(), key=lambda item: -item[1]):
        warning = ": may have arrived, and would arrive twice" if state == "unknown" else ""
        yield f"  {n} {state} by {provider}{f', {one_line(cause)}' if cause else ''}{warning}"
    if plan.stopped:
        yield f"{counted(plan.stopped, 'recipient')} said STOP since: nothing goes out to them."
