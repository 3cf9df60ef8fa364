"""Sending under test: a provider that answers as a test says, and what drives the sender without its loop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, update

from mo_gateway.gateway import Gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.sending import reply_rules, sender_with
from mo_gateway.metrics import Metrics
from mo_gateway.providers import Sending
from mo_gateway.reply import MtMessage, Reply, SendOutcome, SendResult, Standing
from mo_gateway.send import Sender, Task, Tried
from mo_gateway.store import outbox
from mo_gateway.store.outbox import Origin
from mo_gateway.store.tables import mt_message, mt_provider, mt_report
from mo_gateway.store.types import database_now

from .examples import NOW

SENT = SendResult(outcome=SendOutcome.SENT)


@dataclass
class Script:
    """A provider that is not there: it answers what the test wants, the last answer again and again."""

    answers: list[SendResult | Exception] = field(default_factory=lambda: [SENT])
    name: str = "spryng"
    rate: int = 60_000_000  # a pause of a microsecond
    most_parts: int = 4
    repeats_safely_for: timedelta = timedelta()
    is_local: bool = True
    sent: list[MtMessage] = field(default_factory=list)

    def send(self, message: MtMessage) -> SendResult:
        self.sent.append(message)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def standing(self) -> Standing:
        return Standing(is_right=True, text="fine")


def sender_of(gateway: Gateway, *providers: Script, clock: Callable[[], Any] = utc_now) -> Sender:
    """Give a sender by these providers."""
    by_name = {provider.name: provider for provider in providers}
    return sender_with(by_name, gateway.settings, gateway.engine, metrics=Metrics(), clock=clock)


def queue(gateway: Gateway, *replies: Reply, keyword: str | None = None) -> list[int]:
    """Queue replies that answer nothing, to 32412345678 from 4414; give their ids."""
    origin = Origin(shortcode="4414", keyword=keyword)
    filled = [addressed(reply) for reply in replies or (Reply("hello"),)]
    rules = reply_rules(gateway.settings)
    with gateway.engine.begin() as conn:
        return outbox.add(conn, filled, origin, rules, now=utc_now())


def addressed(reply: Reply) -> Reply:
    """Give a reply its usual recipient, and Spryng as its provider where it names none."""
    values = {name: getattr(reply, name) for name in Reply.__slots__}
    to = None if reply.group else reply.to or "32412345678"
    return Reply(**{**values, "to": to, "provider": reply.provider or "spryng"})


def claimed(sender: Sender, provider: Sending) -> Task:
    """Claim a reply that must be there."""
    task = sender.claim(provider)
    assert isinstance(task, Task), f"nothing to claim: {task}"
    return task


def send_all(sender: Sender, provider: Sending) -> list[Tried]:
    """Send everything of a provider that is due and that nothing stands against."""
    tried = []
    while isinstance(task := sender.claim(provider), Task):
        tried.append(sender.send(provider, task))
        sender.record(provider, tried[-1])
    return tried


def make_replies_due(gateway: Gateway, *, of_providers_too: bool = True) -> None:
    """Let every reply that waits for a pause, or for the end of a lease, be due now."""
    with gateway.engine.begin() as conn:
        waiting = update(mt_message).where(mt_message.c.due_at.is_not(None))
        conn.execute(waiting.values(due_at=database_now(-1.0)))
        if of_providers_too:
            conn.execute(update(mt_provider).values(held_until=None, next_at=None))


def add_report(gateway: Gateway, reply_id: int | None, **changes: Any) -> None:
    """Store a delivery report of a reply, as it would be after it has come."""
    usual = {
        "dedupe_key": f"{reply_id} {changes}".encode()[:60],
        "mt_message_id": reply_id,
        "provider": "spryng",
        "status": "delivered",
        "provider_status": "Delivered",
        "received_at": NOW,
        "last_received_at": NOW,
        "deliveries": 1,
        "raw": b"",
        "remote_addr": "192.0.2.1",
    }
    with gateway.engine.begin() as conn:
        conn.execute(insert(mt_report).values({**usual, **changes}))
