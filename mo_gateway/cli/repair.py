"""`replay --charset`: what it does to stored messages, and how it tells of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from mo_gateway import replay as replay_step
from mo_gateway.gateway.readers import open_readers
from mo_gateway.gateway.routes import open_routes
from mo_gateway.masking import one_line
from mo_gateway.repair import Repair, Repairs
from mo_gateway.replay import Move, Plan
from mo_gateway.routing import Routes

from .order import Order, counted, plan_as_dict, plan_in_words
from .progress import progress

SHOWN = 20  # changes


@dataclass(slots=True)
class Found:
    """What a run came across."""

    read: int = 0
    changed: list[int] = field(default_factory=list)  #: messages
    first: list[Repair] = field(default_factory=list)  #: the first few of them
    moves: Counter[Move] = field(default_factory=Counter)
    left: list[Repair] = field(default_factory=list)  #: what could not be changed

    def add(self, repair: Repair, routes: Routes) -> None:
        self.read += 1
        if repair.obstacle:
            self.left.append(repair)
        if not repair.is_change:
            return
        message = repair.after
        assert message.id is not None
        self.changed.append(message.id)
        if len(self.first) < SHOWN:
            self.first.append(repair)
        self.moves[repair.handler, replay_step.handler_of(routes, message)] += 1


def run(order: Order, charset: str) -> bool:
    """Put texts right; give False where some had to be left as they are, outside of a dry run."""
    if order.dry_run or not order.yes:
        found = _through(order, charset, dry_run=True)
        plan = _plan(order, found)
        if order.dry_run or not found.changed:
            order.report(_as_dict(found) | plan_as_dict(plan), _in_words(order, found, plan, charset))
            return order.dry_run or not found.left
        order.confirm(_in_words(order, found, plan, charset), f"Change {counted(plan.messages, 'message')}?")
    order.note()
    found = _through(order, charset, dry_run=False)
    changes = f"{counted(len(found.changed), 'message')} put right and due again."
    order.report(_as_dict(found), [changes, *_left(found)])
    if found.changed and charset != order.settings.charset:
        click.echo(f"New ones are still read as MO_GATEWAY_CHARSET says: {order.settings.charset}.", err=True)
    click.echo("Next: mo-gateway status", err=True)
    return not found.left


def _through(order: Order, charset: str, *, dry_run: bool) -> Found:
    settings = order.settings
    job = Repairs(
        engine=order.engine,
        readers=open_readers(settings),
        charset=charset,
        tries=settings.max_attempts,
        answers_again=order.answers_again,
    )
    found, routes = Found(), open_routes(settings)
    with progress(job.count(order.chosen), "Read again" if dry_run else "Put right") as tell:
        for repair in job.made(order.chosen, limit=order.limit, dry_run=dry_run):
            found.add(repair, routes)
            tell(1)
    return found


def _plan(order: Order, found: Found) -> Plan:
    replies = replay_step.replies_to(order.engine, found.changed)
    return Plan(messages=len(found.changed), moves=found.moves, replies=replies)


def _in_words(order: Order, found: Found, plan: Plan, charset: str) -> Iterator[str]:
    changed = len(found.changed)
    yield f"{changed} of {counted(found.read, 'message')} would read differently as {charset}."
    for repair in found.first:
        before, after = _changed_texts(repair)
        yield f"  {repair.before.id}  {one_line(before)} → {one_line(after)}"
    if changed > SHOWN:
        yield f"  and {changed - SHOWN} more"
    if changed:
        yield from plan_in_words(plan, answers_again=order.answers_again)
    yield from _left(found)


def _left(found: Found) -> Iterator[str]:
    for repair in found.left:
        yield f"Message {repair.before.id} is left as it is: {one_line(repair.obstacle)}."


def _as_dict(found: Found) -> dict[str, Any]:
    return {
        "read": found.read,
        "changed": found.changed,
        "left": [{"message": repair.before.id, "reason": repair.obstacle} for repair in found.left],
    }


def _changed_texts(repair: Repair) -> tuple[str, str]:
    if repair.before.text != repair.after.text:
        return repair.before.text, repair.after.text
    return repair.before.reference or "", repair.after.reference or ""
