"""What Prometheus is told by each process; the database is asked in `scrape.py`.

No number, text or raw word is ever a label. `docs/metrics.md` explains all of it; a test compares the two.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

OTHER = "_other"  #: the label of what is not one of the few that have their own

#: Shortcodes that are a label without anybody having named them: whoever calls may send any.
MOST_UNNAMED = 50

CALLBACK_OUTCOMES = ("stored", "duplicate", "rejected", "refused")
REPLY_OUTCOMES = ("sent", "failed", "later", "unknown", "suppressed")
REPORT_STATUSES = ("delivered", "failed", "pending", "unknown")

#: What the state of a handling is called after a try of its handler.
TRY_OUTCOMES: Mapping[str, str] = {
    "done": "handled",
    "unrouted": "unrouted",
    "failed": "retried",
    "dead": "failed",
}


class Few:
    """Lets what is named, and so many others, be labels of their own; the rest is `_other`."""

    def __init__(self, named: Iterable[str]) -> None:
        self._known = {*named}
        self._most = len(self._known) + MOST_UNNAMED

    def label(self, value: str) -> str:
        """Give the label of a value."""
        if value not in self._known and len(self._known) < self._most:
            self._known.add(value)
        return value if value in self._known else OTHER


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self, *, shortcodes: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self.shortcodes = Few(shortcodes)
        self.callbacks = self._counter(
            "mogateway_callbacks",
            "Requests of providers by outcome: stored, duplicate, rejected, refused.",
            "provider",
            "outcome",
        )
        self.callback_duration = self._histogram(
            "mogateway_callback_duration_seconds",
            "From the request's head being read to the answer.",
            "provider",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.forbidden = self._counter("mogateway_forbidden", "Requests without the secret or from elsewhere.")
        self.messages = self._counter(
            "mogateway_messages",
            "Messages that a worker took up for the first time.",
            "provider",
            "shortcode",
            "keyword",
        )
        self.handled = self._counter(
            "mogateway_messages_handled",
            "Tries of handlers by outcome: handled, unrouted, failed (given up), retried (due again).",
            "handler",
            "outcome",
        )
        self.handler_duration = self._histogram(
            "mogateway_handler_duration_seconds", "One try of a handler.", "handler"
        )
        self.wait = self._histogram(
            "mogateway_message_wait_seconds",
            "From received to handled.",
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 3600, 86400),
        )
        self.replays = self._counter(
            "mogateway_replays",
            "Tries for messages that were finished before and made due again, by outcome.",
            "outcome",
        )
        self.replies = self._counter(
            "mogateway_replies",
            "Tries to send a reply by outcome: sent, failed, later, unknown, suppressed.",
            "provider",
            "outcome",
        )
        self.provider_duration = self._histogram(
            "mogateway_provider_request_duration_seconds",
            "One call of a provider's API.",
            "provider",
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.credit = Gauge(
            "mogateway_provider_credit",
            "What credit a provider last said is left.",
            ["provider"],
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self.reports = self._counter(
            "mogateway_delivery_reports",
            "Delivery reports by class: delivered, failed, pending, unknown.",
            "provider",
            "status",
        )
        self.opt_outs = self._counter("mogateway_opt_outs", "STOPs that came into force.", "shortcode")
        self.opt_out_violations = self._counter(
            "mogateway_opt_out_violations",
            "Replies that a provider took although their person had said STOP to everything before.",
            "shortcode",
        )

    def begin_callbacks(self, providers: Iterable[str]) -> None:
        """Show noughts of what these providers may call with: a rate needs a value to begin at."""
        for provider in providers:
            for outcome in CALLBACK_OUTCOMES:
                self.callbacks.labels(provider, outcome)
            self.callback_duration.labels(provider)

    def begin_reports(self, providers: Iterable[str]) -> None:
        """Show noughts of these providers' delivery reports."""
        for provider in providers:
            for status in REPORT_STATUSES:
                self.reports.labels(provider, status)

    def begin_handling(self, handlers: Iterable[str], shortcodes: Iterable[str]) -> None:
        """Show noughts of these handlers, and of STOPs to these shortcodes."""
        for outcome in TRY_OUTCOMES.values():
            self.replays.labels(outcome)
            for handler in handlers:
                self.handled.labels(handler, outcome)
        self.handled.labels("", TRY_OUTCOMES["unrouted"])
        for shortcode in shortcodes:
            self.opt_outs.labels(shortcode)
            self.opt_out_violations.labels(shortcode)

    def begin_replies(self, providers: Iterable[str]) -> None:
        """Show noughts of the replies by these providers."""
        for provider in providers:
            for outcome in REPLY_OUTCOMES:
                self.replies.labels(provider, outcome)
            self.provider_duration.labels(provider)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = Histogram.DEFAULT_BUCKETS
    ) -> Histogram:
        return Histogram(name, meaning, labels, buckets=buckets, registry=self.registry)
