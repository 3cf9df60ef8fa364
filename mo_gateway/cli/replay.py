"""`replay`: stored messages run again, rejected requests are read again, garbled texts are put right."""

import sys
from dataclasses import replace

import click

from mo_gateway import replay as step
from mo_gateway.gateway.routes import open_routes
from mo_gateway.settings import CHARSETS, Settings
from mo_gateway.store import reading
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.selection import Filter

from . import readmit, repair
from .filters import filter_options
from .order import Order, counted, plan_as_dict, plan_in_words
from .output import json_option
from .progress import progress


@click.command()
@filter_options(limit=None)
@click.option(
    "--rejected",
    is_flag=True,
    help="Read rejected requests again, by the settings of today, and store those that are valid."
    "  --id is then the rejection's.",
)
@click.option(
    "--charset",
    type=click.Choice(CHARSETS, case_sensitive=False),
    help="Read stored bytes again as this, and put right what differs.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--answer-again", is_flag=True, help="Send replies also where one went out, or waits to.")
@json_option
@click.pass_context
def replay(
    ctx: click.Context,
    *,
    settings: Settings,
    chosen: Filter,
    limit: int | None,
    rejected: bool,
    charset: str | None,
    dry_run: bool,
    yes: bool,
    answer_again: bool,
    as_json: bool,
) -> None:
    """Run the handlers of stored messages again, through the routes of today.

    Without --state those that are dead or unrouted; with --charset all. Nobody gets a second reply to a message,
    unless --answer-again says so; --dry-run says how many have one. Exit code 7 = some could not be replayed.

    \b
    mo-gateway replay --state dead --handler contest.enter --dry-run
    mo-gateway replay --rejected --since 2d
    mo-gateway replay --charset windows-1252 --since 2026-11-22 --dry-run
    """
    if rejected and replace(chosen, since=None, until=None, ids=()) != Filter():
        raise click.UsageError("--rejected goes with --since, --until, --id, --limit and --charset only.")
    if "done" in chosen.states and replace(chosen, states=()) == Filter() and not charset:
        raise click.UsageError(
            "Every message that is done would run again, and be answered again: narrow it down with --since,"
            " --until, --handler, --shortcode, --keyword or --id."
        )
    if not (rejected or dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError(
            "Nobody can be asked here: add --yes to do it, or --dry-run to see what it would do."
        )
    with reading.opened(settings) as engine:
        order = Order(
            settings=settings,
            engine=engine.execution_options(**WRITABLE),
            chosen=chosen,
            limit=limit,
            charset=charset,
            dry_run=dry_run,
            yes=yes,
            as_json=as_json,
            answers_again=answer_again,
        )
        if rejected:
            is_whole = readmit.run(order)
        elif charset:
            is_whole = repair.run(order, charset)
        else:
            is_whole = run_again(order)
    ctx.exit(0 if is_whole else 7)


def run_again(order: Order) -> bool:
    """Make handlings due again; nothing about it can fail in part."""
    chosen = order.chosen if order.chosen.states else replace(order.chosen, states=step.USUAL_STATES)
    plan = step.plan(order.engine, open_routes(order.settings), chosen, order.limit)
    if order.dry_run:
        order.report(plan_as_dict(plan), plan_in_words(plan, answers_again=order.answers_again))
        return True
    if not plan.messages:
        order.report({"due_again": 0}, ["No message is like that, so none runs again."])
        return True
    order.confirm(
        plan_in_words(plan, answers_again=order.answers_again), f"Run {counted(plan.messages, 'message')} again?"
    )
    order.note()
    done = 0
    with progress(plan.messages, "Made due again") as tell:
        again = step.run_again(
            order.engine,
            chosen,
            limit=plan.messages,
            tries=order.settings.max_attempts,
            answers_again=order.answers_again,
        )
        for n in again:
            done += n
            tell(n)
    order.report({"due_again": done}, [f"{counted(done, 'message')} due again."])
    click.echo("Next: mo-gateway status", err=True)
    return True
