"""Delivery reports that do not come by themselves: some crossed their reply, some must be asked for.

Every worker asks. What one of them was told stands in the database and makes the others wait too; only questions
without an answer are remembered by each for itself. Two that ask in the same moment do no harm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import Engine, Row

from . import retry
from .message import Outcome, WebhookRequest
from .metrics import Metrics
from .reply import DeliveryReport
from .store import reports
from .store.engine import READ_ONLY
from .wire import MaybeSent, NotSent

ASKED_FOR = timedelta(days=3)  # a phone that was off for longer is not waited for
FIRST_AFTER = timedelta(seconds=30)
AT_A_TIME = 20  # replies of one provider in one round
KNOWN_AT_MOST = 10_000  # replies that are waited for

log = structlog.get_logger()


class Askable(Protocol):
    """A provider that can be asked what became of a reply."""

    def poll_report(self, provider_id: str) -> DeliveryReport | None:
        """Ask; None where there is nothing to tell. Or raise NotSent or MaybeSent."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Joins reports that crossed, and asks for those that are not pushed, less and less often."""

    engine: Engine
    providers: Mapping[str, Askable]
    metrics: Metrics
    clock: Callable[[], datetime]
    _asked: dict[int, tuple[int, datetime]] = field(default_factory=dict)  #: reply → how often, and when last

    def look_after(self) -> None:
        """Do one round."""
        self._join_crossed()
        for name, provider in self.providers.items():
            try:
                self._ask(name, provider)
            except (NotSent, MaybeSent) as exc:
                log.warning("provider does not tell of deliveries", provider=name, error=str(exc))

    def _join_crossed(self) -> None:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            is_any = reports.has_crossed(conn)
        if is_any:
            with self.engine.begin() as conn:
                reports.join_crossed(conn)

    def _ask(self, name: str, provider: Askable) -> None:
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            rows = reports.without_final(conn, name, sent_within=ASKED_FOR, limit=KNOWN_AT_MOST)
        for gone in self._asked.keys() - {row.id for row in rows}:
            del self._asked[gone]
        due = [row for row in rows if self._is_due(row)]
        for row in due[:AT_A_TIME]:
            self._asked[row.id] = (self._questions(row) + 1, self.clock())
            report = provider.poll_report(row.provider_id)
            if report is not None:
                self._store(report)

    def _questions(self, row: Row[Any]) -> int:
        """Give how often was asked, by anybody; a report that came by itself counts as an answer too."""
        own, _ = self._asked.get(row.id, (0, None))
        answers: int = row.answers
        return max(own, answers)

    def _is_due(self, row: Row[Any]) -> bool:
        _, asked_at = self._asked.get(row.id, (0, None))
        # another host's clock may have given the second; its difference moves one question
        last = max((moment for moment in (asked_at, row.answered_at) if moment), default=None)
        if last is None:
            return True
        pause = retry.delay(max(1, self._questions(row)), first=FIRST_AFTER, jitter=0.5)
        return last + pause <= self.clock()

    def _store(self, report: DeliveryReport) -> None:
        request = WebhookRequest(
            method="GET", raw=report.raw, content_type="", remote_addr="", received_at=self.clock()
        )
        new = reports.new_report(report, request)
        with self.engine.begin() as conn:
            receipt = reports.add_reports(conn, [new])[new.key]
        if receipt.outcome is Outcome.STORED:
            self.metrics.reports.labels(report.provider, report.status.value).inc()
