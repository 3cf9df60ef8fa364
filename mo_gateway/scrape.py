"""What Prometheus is shown: the counters of all processes of this host, and what the database says at this moment.

A database that hangs must hang neither the scrape nor more than one thread: a look that takes too long is left
behind, and none begins before it has ended. The counters are shown all the same.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Thread
from time import monotonic

import structlog
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from .errors import ConfigError
from .loss_clock import LossClock, lost_from
from .metrics import Metrics
from .settings import Settings
from .store import arrivals, presence
from .store.arrivals import Arrival
from .store.engine import READ_ONLY
from .store.failures import in_one_line
from .store.overview import Figures, figures
from .store.postgresql import limit_statements

PATIENCE = timedelta(seconds=3)
MOST_COUNTED = 10_000  # of anything; whoever has more has it bad enough

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look at the database has shown."""

    figures: Figures
    arrivals: list[Arrival]
    skews: Mapping[str, timedelta]
    workers: list[presence.Standing]


class Glance:
    """Looks at something that may never answer, with one thread at most."""

    def __init__(self, look: Callable[[], Seen]) -> None:
        self._look = look
        self._lock = Lock()
        self._answer: Future[Seen] = Future()
        self._began = 0.0  #: monotonic seconds
        self._answer.set_exception(TooLate())

    def __call__(self) -> Seen | None:
        """Look, or wait for the look that is under way; None where there is no answer in time."""
        with self._lock:
            if self._answer.done():
                self._answer, self._began = Future(), monotonic()
                Thread(target=self._run, args=(self._answer,), name="scrape", daemon=True).start()
            answer, left = self._answer, self._began + PATIENCE.total_seconds() - monotonic()
        try:
            return answer.result(max(0.0, left))
        except TooLate:
            error = f"no answer in {PATIENCE.total_seconds():g} s"
        except Exception as exc:  # noqa: BLE001 - whatever is wrong with the database, the counters are shown
            error = in_one_line(exc)
        log.warning("metrics without the database", error=error)
        return None

    def _run(self, answer: Future[Seen]) -> None:
        try:
            answer.set_result(self._look())
        except Exception as exc:  # noqa: BLE001 - it is raised where the answer is waited for
            answer.set_exception(exc)


class Scrape(Collector):
    """Everything that one process can show."""

    def __init__(
        self, settings: Settings, engine: Engine, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._engine = engine.execution_options(**READ_ONLY)
        self._metrics = metrics
        self._clock = clock
        self._loss_clock = LossClock(settings.refusals_file)
        self._glance = Glance(self._look)

    def text(self) -> bytes:
        """Give all of it in Prometheus' own format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(counters(self._metrics, self._settings.metrics_folder)) + generate_latest(registry)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Spare the registry a look."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the gauges of this moment."""
        seen = self._glance()
        yield _one("database_up", "1 where the database has answered in time.", int(seen is not None))
        yield from self._of_this_host()
        if seen:
            yield from _of_queues(seen.figures)
            yield self._last_callbacks(seen.arrivals)
            yield _of(
                "clock_skew_seconds",
                "From the provider's time of its newest message to its receipt.",
                "provider",
                {name: skew.total_seconds() for name, skew in seen.skews.items()},
            )
            yield from _of_workers(seen.workers)

    def _look(self) -> Seen:
        with self._engine.begin() as conn:
            limit_statements(conn, PATIENCE)
            return Seen(
                figures=figures(conn, most=MOST_COUNTED),
                arrivals=arrivals.last_arrivals(conn, self._clock(), wanted=self._settings.max_silence),
                skews=arrivals.clock_skews(conn),
                workers=list(presence.workers(conn)),
            )

    def _of_this_host(self) -> Iterator[GaugeMetricFamily]:
        build = GaugeMetricFamily("mogateway_build_info", "Always 1.", labels=["version", "python", "database"])
        database = self._settings.database_url.get_backend_name()
        build.add_metric([version("mo_gateway"), platform.python_version(), database], 1)
        yield build
        yield _of(
            "max_silence_seconds",
            "How long no message may come to a shortcode, by MO_GATEWAY_MAX_SILENCE.",
            "shortcode",
            {name: time.total_seconds() for name, time in self._settings.max_silence.items()},
        )
        refused_at = self._loss_clock.first_refusal()
        yield _one(
            "first_loss_timestamp_seconds",
            "When the first refused callback is lost; 0 while none is refused.",
            _timestamp(refused_at and lost_from(refused_at)),
        )

    def _last_callbacks(self, found: list[Arrival]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "mogateway_last_callback_timestamp_seconds",
            "When a message last came, tests aside; 0 where none has for a month.",
            labels=["provider", "shortcode"],
        )
        for one in found:
            family.add_metric([one.provider, one.shortcode], _timestamp(one.at))
        for shortcode in self._settings.max_silence.keys() - {one.shortcode for one in found}:
            family.add_metric([arrivals.UNKNOWN, shortcode], 0)
        return family


def counters(metrics: Metrics, folder: Path | None) -> CollectorRegistry:
    """Give the counters of the processes that share a folder; without one those of this process."""
    if folder is None:
        return metrics.registry
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call] # the library has no types
    return registry


def serve(address: str, registry: CollectorRegistry) -> None:
    """Show counters at HOST:PORT, to whoever can reach it, from a thread; or raise ConfigError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"--metrics must be HOST:PORT, such as 127.0.0.1:9464, not {address}")
    try:
        start_http_server(int(port), host.strip("[]"), registry)
    except OSError as exc:
        raise ConfigError(f"--metrics {address} is not to be had: {exc.strerror}") from exc


def _of_queues(found: Figures) -> Iterator[GaugeMetricFamily]:
    yield _one("inbox_waiting", "Messages that wait for a worker.", found.waiting)
    yield _one("outbox_waiting", "Replies that wait to be sent.", found.replies_queued)
    yield _of(
        "oldest_waiting_timestamp_seconds",
        "Since when the one that waits longest does; 0 where none waits.",
        "queue",
        {"inbox": _timestamp(found.oldest_waiting_at), "outbox": _timestamp(found.oldest_reply_at)},
    )
    yield _of(
        "problems_open",
        "What somebody has to look at.",
        "kind",
        found.open_problems,
    )


def _of_workers(found: list[presence.Standing]) -> Iterator[GaugeMetricFamily]:
    yield _one("workers", "Workers that are there.", len(found))
    yield _one(
        "config_last_reload_timestamp_seconds",
        "When the routes in force were loaded, by the worker that is furthest behind; 0 where there is none.",
        _timestamp(min((worker.routes_loaded_at for worker in found), default=None)),
    )
    yield _one(
        "config_last_reload_success",
        "0 where a worker could not load its routes the last time it was asked to.",
        int(not any(worker.error for worker in found)),
    )


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _one(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mogateway_{name}", meaning, value=value)


def _of(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"mogateway_{name}", meaning, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
