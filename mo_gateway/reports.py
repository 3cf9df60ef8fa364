"""Delivery reports on their way in: from a provider's request to committed rows and its acknowledgement."""

from dataclasses import dataclass, field, replace

import structlog

from .errors import StorageError
from .masking import long_ones, raw_without_secrets, without_secrets
from .message import Outcome, Receipt, WebhookRequest
from .metrics import Metrics
from .providers import Acknowledgement, Reporting
from .reply import DeliveryReport
from .store.reports import new_report
from .store.writer import Writer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Turns requests into acknowledgements, once all that they report is durable."""

    writer: Writer
    metrics: Metrics
    secrets: tuple[str, ...] = field(default=(), repr=False)  #: what no report may quote

    def receive(self, provider: Reporting, request: WebhookRequest) -> Acknowledgement:
        """Store every report of a request; or raise StorageError, and then the provider is to repeat it."""
        reports = provider.reports(request)
        outcomes = self.writer.store_all([new_report(self._clean(report), request) for report in reports])
        for report, outcome in zip(reports, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                self._tell(report, outcome)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, StorageError)]
        if refusals:
            log.error("refused", provider=provider.name, reports=len(refusals), reason=str(refusals[0]))
            raise refusals[0]
        return provider.acknowledge(request)

    def _clean(self, report: DeliveryReport) -> DeliveryReport:
        """Take out of a provider's words what they may quote: credentials."""
        secrets = long_ones(self.secrets)

        def clean(text: str) -> str:
            return without_secrets(text, secrets)

        return replace(
            report,
            provider_status=clean(report.provider_status),
            reference=clean(report.reference or "") or None,
            provider_id=clean(report.provider_id or "") or None,
            raw=raw_without_secrets(report.raw, secrets),
        )

    def _tell(self, report: DeliveryReport, receipt: Receipt) -> None:
        """Count and log what is durable now; a report that came again is no other one."""
        if receipt.outcome is Outcome.STORED:
            self.metrics.reports.labels(report.provider, report.status.value).inc()
        log.info(
            "delivery report",
            id=receipt.id,
            provider=report.provider,
            status=report.status.value,
            deliveries=receipt.deliveries,
        )
