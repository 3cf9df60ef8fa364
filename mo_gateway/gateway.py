"""The composition root: every part of a running gateway, put together in one place."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from .dispatch import Dispatcher
from .handlers.finding import find_handlers
from .metrics import Metrics
from .numbering import load_numbering
from .providers.spryng import Spryng, callback_schema
from .receive import Receiver
from .routing import Routes
from .settings import Settings
from .store.engine import open_engine
from .store.intake import Intake
from .store.wake import Notifier
from .store.writer import Writer


def utc_now() -> datetime:
    """Read the host's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What a process that takes callbacks needs; nothing is connected or started before it is used."""

    settings: Settings
    engine: Engine
    spryng: Spryng
    writer: Writer
    receiver: Receiver
    metrics: Metrics
    notifier: Notifier
    clock: Callable[[], datetime]

    def close(self) -> None:
        """Commit what waits and let go of the database."""
        self.writer.close()
        self.notifier.close()
        self.engine.dispose()


def open_gateway(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    ring: Callable[[], None] = lambda: None,
) -> Gateway:
    """Put a gateway together; `ring` is called when new messages are committed, and wakes a worker beside us."""
    engine = open_engine(settings)
    metrics = Metrics()
    intake = Intake()
    notifier = Notifier(engine)

    def wake_workers() -> None:
        ring()
        notifier.notify()

    writer = Writer(
        engine,
        intake,
        deadline=settings.commit_deadline,
        max_waiting=settings.max_waiting,
        attempt_limit=settings.max_attempts,
        max_rejections=settings.max_rejections,
        on_stored=wake_workers,
    )
    return Gateway(
        settings=settings,
        engine=engine,
        spryng=open_spryng(settings),
        writer=writer,
        receiver=Receiver(writer=writer, intake=intake, metrics=metrics, person_secret=settings.person_secret),
        metrics=metrics,
        notifier=notifier,
        clock=clock,
    )


def open_spryng(settings: Settings) -> Spryng:
    """Make the reader of Spryng's callbacks, with the operator tables it checks against."""
    numbering = load_numbering(settings.operators_file)
    return Spryng(
        schema=callback_schema(numbering, settings.operator_policy, settings.timezone),
        numbering=numbering,
        timezone=settings.timezone,
        charset=settings.charset,
    )


def open_routes(settings: Settings) -> Routes:
    """Find all handlers and route to them; or raise ConfigError with everything that is wrong with them."""
    return Routes(find_handlers(settings.handlers))


def open_dispatcher(settings: Settings, *, threads: int = 8) -> Dispatcher:
    """Put together what a worker needs that runs so many handlers at a time."""
    engine = open_engine(settings, most_connections=max(25, threads + 3))
    return dispatcher_with(open_routes(settings), settings, engine)


def dispatcher_with(
    routes: Routes, settings: Settings, engine: Engine, *, clock: Callable[[], datetime] = utc_now
) -> Dispatcher:
    """Put together what handles messages by these routes."""
    return Dispatcher(
        engine=engine,
        routes=routes,
        metrics=Metrics(),
        person_secret=settings.person_secret,
        lease=settings.lease,
        retry_delay=settings.retry_delay,
        tries=settings.max_attempts,
        clock=clock,
        random=random.random,
    )
