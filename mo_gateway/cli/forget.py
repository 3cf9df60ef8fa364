"""`forget`: a person is taken out of everything that is stored."""

import sys
from dataclasses import asdict

import click

from mo_gateway import erasure
from mo_gateway.erasure import Plan
from mo_gateway.gateway.clock import utc_now
from mo_gateway.store import reading
from mo_gateway.store.engine import WRITABLE

from . import output, types
from .actor import at_the_terminal
from .order import counted
from .setup import settings_from_environment

LAST = 4  # digits that confirm


@click.command()
@click.argument("msisdn", type=types.person)
@click.option("--dry-run", is_flag=True, help="Say what would be erased; change nothing.")
@click.option("--confirm", metavar="LAST4", help="The last four digits of the number, instead of being asked.")
@click.option("--reason", type=types.text, default="", metavar="TEXT", help="Why, for the audit trail; no number.")
@output.json_option
@click.pass_context
def forget(
    ctx: click.Context, msisdn: str, dry_run: bool, confirm: str | None, reason: str, as_json: bool
) -> None:
    """Erase a person: number, texts, and all that would tell who it was. What is counted stays as it was.

    A STOP stays in force, as a keyed hash of the number. Exit code 7 = erased, but traces may be left in the
    database's files; it says what to do.

    \b
    mo-gateway forget 32412345678 --dry-run
    """
    settings = settings_from_environment()
    with reading.opened(settings) as engine:
        plan = erasure.plan(engine, msisdn, person_secret=settings.person_secret)
        if dry_run or plan.is_nothing:
            _report(plan, "Would erase", as_json=as_json)
            return
        _confirm(plan, msisdn, confirm)
        writable = engine.execution_options(**WRITABLE)
        done = erasure.erase(
            writable,
            msisdn,
            person_secret=settings.person_secret,
            actor=at_the_terminal(),
            reason=reason,
            now=utc_now(),
        )
        left = erasure.sweep(writable, settings.commit_deadline / 2)
    _report(done, "Erased", as_json=as_json)
    for sentence in left:
        click.echo(sentence, err=True)
    ctx.exit(7 if left else 0)


def _confirm(plan: Plan, msisdn: str, confirmed: str | None) -> None:
    if confirmed is None:
        if not sys.stdin.isatty():
            raise click.UsageError(
                "Nobody can be asked here: add --confirm with the last four digits, or --dry-run to look."
            )
        click.echo(_in_words(plan, "Would erase"), err=True)
        confirmed = click.prompt("The last four digits of the number, to erase it for good", err=True)
    if confirmed != msisdn[-LAST:]:
        raise click.UsageError("Those are not the last four digits of the number: nothing is erased.")


def _report(plan: Plan, what: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json(asdict(plan))
        return
    click.echo(_in_words(plan, what))
    for sentence in plan.unfinished:
        click.echo(f"Not before this is done: {sentence}.", err=True)


def _in_words(plan: Plan, what: str) -> str:
    stop = " STOP entry is kept as a keyed hash." if plan.stops else ""
    if plan.is_nothing:
        return f"Nothing of this number is stored.{stop}"
    figures = {"message": plan.messages, "reply": plan.replies, "subscription": plan.subscriptions}
    figures |= {"question": plan.questions, "rejected request": plan.rejections}
    parts = [counted(n, noun) for noun, n in figures.items() if n]
    parts += [f"{counted(plan.votes, 'vote')} kept as count"] if plan.votes else []
    return f"{what} 1 person: {', '.join(parts)}.{stop}"
