"""The script played in order, by the gateway's own parts and a clock that stands where the script says.

Requests come in groups that end with whatever may be a STOP, so that each is recorded at its own moment, as by a
worker. What the database's clock has written is moved to the script's moments after each group.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from urllib.parse import urlencode

from mo_gateway.consent import Consent
from mo_gateway.dispatch import Dispatcher
from mo_gateway.gateway import Gateway
from mo_gateway.message import Outcome, Receipt, WebhookRequest
from mo_gateway.receive import New
from mo_gateway.reply import SendOutcome
from mo_gateway.send import Sender, Task
from mo_gateway.store import backdating
from mo_gateway.store.inbox import NewMessage
from mo_gateway.store.queue import Claim
from mo_gateway.store.reports import NewReport, new_report

from .places import DemoProvider
from .script import FORM, PROVIDERS_ADDRESS, Script

GROUP = 20  # requests; as many are looked at for a STOP at once
TICK = timedelta(milliseconds=1)


@dataclass
class Clock:
    """Stands at a moment, and goes on a little each time it is read, so that nothing takes no time at all."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += TICK
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """The parts of a gateway, and how far the play is."""

    gateway: Gateway
    dispatcher: Dispatcher
    consent: Consent
    sender: Sender
    provider: DemoProvider
    clock: Clock
    until: datetime  #: the moment that is now
    seed: int
    due: dict[int, datetime] = field(default_factory=dict)  #: by handling, when it is to be tried again

    def all_of(self, script: Script) -> Iterator[tuple[int, int]]:
        """Let everything happen; give how many requests are done, and of how many."""
        whole = len(script.history) + len(script.unsent) + len(script.waiting)
        done = 0
        for moment in script.refusals:
            self.gateway.receiver.intake.count(self.provider.name, Outcome.REFUSED, moment)
        for group in self._groups(script.history):
            self._take(group)
            self._send()
            done += len(group)
            yield done, whole
        for group in self._groups(script.unsent):
            self._take(group)
        self._leave_the_rest_queued()
        for group in self._groups(script.waiting):
            self._store(group)
        yield whole, whole

    def _groups(self, requests: Iterable[WebhookRequest]) -> Iterator[list[New]]:
        group: list[New] = []
        for request in requests:
            new = self.gateway.receiver.prepare(self.gateway.spryng, request)
            group.append(new)
            if len(group) == GROUP or (isinstance(new, NewMessage) and new.may_be_stop):
                yield group
                group = []
        if group:
            yield group

    def _take(self, group: Sequence[New]) -> None:
        self._store(group)
        self.clock.now = group[-1].request.received_at + timedelta(seconds=1)
        while self.consent.record():
            pass
        while claims := self.dispatcher.claim(GROUP):
            moments = {claim.id: self._handle(claim) for claim in claims}
            with self.gateway.engine.begin() as conn:
                backdating.handlings(conn, moments)

    def _store(self, group: Sequence[New]) -> None:
        for new, stored in zip(group, self.gateway.writer.store_all(group), strict=True):
            if not isinstance(stored, Receipt):
                raise stored
            self.gateway.receiver.accepted(self.gateway.spryng, new, stored)

    def _handle(self, claim: Claim) -> datetime:
        """Run a handler; give when it ended, or when it is due again."""
        wait = timedelta(seconds=self._dice("wait", claim.id).expovariate(2))
        self.clock.now = self.due.pop(claim.id, claim.message.received_at + wait)
        finished = self.dispatcher.run(claim)
        ended_at = self.clock.now
        if finished is None:  # a transaction of the handler's own has recorded it
            return ended_at
        self.dispatcher.exchange([finished], 0)
        if finished.result.again_after is None:
            return ended_at
        self.due[claim.id] = ended_at + finished.result.again_after
        return self.due[claim.id]

    def _send(self) -> None:
        """Hand over what is queued, then let its delivery reports come."""
        moments = self._moments_of_queued()
        sent = []
        while isinstance(task := self.sender.claim(self.provider), Task):
            reply_id = task.claim.message.id
            self.clock.now = moments[reply_id]
            took = timedelta(seconds=self._dice("call", reply_id).uniform(0.04, 0.6))
            tried = replace(self.sender.send(self.provider, task), duration=took)
            self.sender.record(self.provider, tried)
            if tried.result.outcome is SendOutcome.SENT:
                sent.append(task)
        with self.gateway.engine.begin() as conn:
            backdating.replies(conn, moments, max_age=self.gateway.settings.reply_max_age)
        self._report([report for task in sent for report in self._reports_on(task, moments)])

    def _moments_of_queued(self) -> dict[int, datetime]:
        """Say when each reply that is due is handed over: soon after it was queued."""
        with self.gateway.engine.begin() as conn:
            queued = backdating.due_replies(conn)
        return {
            reply_id: queued_at + timedelta(seconds=self._dice("queue", reply_id).uniform(0.2, 2))
            for reply_id, queued_at in queued.items()
        }

    def _reports_on(self, task: Task, moments: dict[int, datetime]) -> Iterator[NewReport]:
        message = task.claim.message
        for later, word in self.provider.reports_on(message.id):
            request = WebhookRequest(
                method="POST",
                raw=urlencode({"REFERENCE": message.reference, "STATUS": word}).encode(),
                content_type=FORM,
                remote_addr=PROVIDERS_ADDRESS,
                received_at=moments[message.id] + later,
            )
            for report in self.gateway.reporting[self.provider.name].reports(request):
                if request.received_at < self.until:
                    yield new_report(report, request)

    def _report(self, reports: Sequence[NewReport]) -> None:
        for stored in self.gateway.writer.store_all(reports):
            if not isinstance(stored, Receipt):
                raise stored

    def _leave_the_rest_queued(self) -> None:
        settings = self.gateway.settings
        midnight = self.until.astimezone(settings.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        moments = self._moments_of_queued()
        with self.gateway.engine.begin() as conn:
            backdating.replies(conn, moments, max_age=settings.reply_max_age)
            backdating.parts_of_today(conn, backdating.sent_parts(conn, midnight))

    def _dice(self, what: str, number: int) -> Random:
        """Give chance for one row, the same whatever was drawn before."""
        return Random(f"{what} {self.seed} {number}")  # noqa: S311 - chance, not a secret
