"""What Prometheus is told. No number, text or raw word is ever a label."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.callbacks = Counter(
            "mogateway_callbacks",
            "Requests of providers by outcome: stored, duplicate, rejected, refused.",
            ["provider", "outcome"],
            registry=self.registry,
        )
        self.callback_duration = Histogram(
            "mogateway_callback_duration_seconds",
            "From the request's head being read to the answer.",
            ["provider"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.forbidden = Counter(
            "mogateway_forbidden", "Requests without the secret or from elsewhere.", registry=self.registry
        )
        self.handled = Counter(
            "mogateway_messages_handled",
            "Tries of handlers by outcome: done, unrouted, failed, dead.",
            ["handler", "outcome"],
            registry=self.registry,
        )
        self.handler_duration = Histogram(
            "mogateway_handler_duration_seconds", "One try of a handler.", ["handler"], registry=self.registry
        )
        self.wait = Histogram(
            "mogateway_message_wait_seconds",
            "From received to handled.",
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 3600, 86400),
            registry=self.registry,
        )
        self.replies = Counter(
            "mogateway_replies",
            "Tries to send a reply by outcome: sent, failed, later, unknown, suppressed.",
            ["provider", "outcome"],
            registry=self.registry,
        )
        self.provider_duration = Histogram(
            "mogateway_provider_request_duration_seconds",
            "One call of a provider's API.",
            ["provider"],
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.reports = Counter(
            "mogateway_delivery_reports",
            "Delivery reports by class: delivered, failed, pending, unknown.",
            ["provider", "status"],
            registry=self.registry,
        )
        self.opt_outs = Counter("mogateway_opt_outs", "STOPs that came into force.", registry=self.registry)
