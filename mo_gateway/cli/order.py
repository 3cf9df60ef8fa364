"""What somebody ordered `replay` to do, and how it talks with them: results on stdout, all else on stderr."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy import Engine

from mo_gateway.replay import Plan
from mo_gateway.settings import Settings
from mo_gateway.store.selection import Filter

from .output import print_json
from .trail import note


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The options of one `replay`, and the database."""

    settings: Settings
    engine: Engine
    chosen: Filter
    limit: int | None
    charset: str | None
    dry_run: bool
    yes: bool
    answers_again: bool = False  #: whoever has a reply already gets another one
    as_json: bool

    def report(self, figures: Mapping[str, Any], sentences: Iterable[str]) -> None:
        """Print a result, for a program or for a person."""
        if self.as_json:
            print_json(figures)
            return
        for sentence in sentences:
            click.echo(sentence)

    def note(self) -> None:
        """Leave it in the audit trail, before anything is changed."""
        with self.engine.begin() as conn:
            note(conn, "replay")

    def confirm(self, sentences: Iterable[str], question: str) -> None:
        """Go on only when a person who has read the sentences says yes, or has said so before."""
        if self.yes:
            return
        for sentence in sentences:
            click.echo(sentence, err=True)
        click.confirm(question, abort=True, err=True)


def plan_in_words(plan: Plan, *, answers_again: bool) -> Iterator[str]:
    """Say what would run again, through whom, and what people have been answered before."""
    if not plan.messages:
        yield "No message is like that, so none would run again."
        return
    yield f"{counted(plan.messages, 'message')} would run again:"
    for (before, after), n in sorted(plan.moves.items(), key=lambda item: -item[1]):
        yield f"  {n} through {_route_in_words(before, after)}"
    yield f"Replies to them so far: {plan.gone_out} gone out, {plan.waiting} waiting to be sent."
    if plan.gone_out + plan.waiting and not answers_again:
        yield "Whoever has one gets no second reply to the same message: --answer-again sends it."
    if plan.stopped:
        yield f"{counted(plan.stopped, 'sender')} has since sent STOP: no reply for them."


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Give the same for a program."""
    routes = [{"before": before, "after": after, "messages": n} for (before, after), n in plan.moves.items()]
    replies = {"gone_out": plan.gone_out, "waiting": plan.waiting}
    return {
        "would_run_again": plan.messages,
        "routes": routes,
        "replies": replies,
        "stopped": plan.stopped,
    }


def counted(n: int, noun: str) -> str:
    """Write `1 message`, `2 messages`, `2 replies`, `2 days`."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") and not noun.endswith("ay") else f"{noun}s"
    return f"{n} {noun if n == 1 else several}"


def _route_in_words(before: str | None, after: str | None) -> str:
    if before == after:
        return f"{after or 'nobody'}, as before"
    return f"{after or 'nobody'}, before {before or 'nobody'}"
