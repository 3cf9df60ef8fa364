"""The composition root: every part of a running gateway, put together from its settings.

What takes callbacks stands here, and reads them with what `readers.py` makes. A worker handles messages
(`handling.py`) by its routes (`routes.py`), sends the replies (`sending.py`), counts and prunes (`upkeep.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from mo_gateway.loss_clock import LossClock
from mo_gateway.metrics import Metrics
from mo_gateway.numbering import Numbering, load_numbering
from mo_gateway.providers import Inbound, Reporting
from mo_gateway.providers.spryng import Spryng
from mo_gateway.receive import Receiver
from mo_gateway.reports import Reports
from mo_gateway.settings import Settings
from mo_gateway.store.engine import open_engine
from mo_gateway.store.intake import Intake
from mo_gateway.store.loop_writer import LoopWriter
from mo_gateway.store.wake import Notifier
from mo_gateway.store.writer import Writer

from .clock import utc_now
from .readers import open_inbound, open_reporting, open_spryng


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What a process that takes callbacks needs; nothing is connected or started before it is used."""

    settings: Settings
    engine: Engine
    spryng: Spryng
    inbound: Mapping[str, Inbound]  #: the other providers whose inbound messages are taken, by name
    reporting: Mapping[str, Reporting]  #: whose delivery reports are taken, by name
    writer: Writer
    loop_writer: LoopWriter | None  #: stores messages for an event loop; on SQLite the writer does that too
    receiver: Receiver
    reports: Reports
    metrics: Metrics
    notifier: Notifier
    clock: Callable[[], datetime]

    def close(self) -> None:
        """Commit what waits and let go of the database."""
        self.writer.close()
        if self.loop_writer:
            self.loop_writer.close()
        self.notifier.close()
        self.engine.pool.dispose()  # for good: `engine.dispose()` would begin a new pool for who comes late

    def waiting_for(self) -> timedelta:
        """Say how long the slowest commit that is under way has taken; nothing where none is."""
        of_the_loop = self.loop_writer.waiting_for() if self.loop_writer else timedelta()
        return max(self.writer.waiting_for(), of_the_loop)


def open_gateway(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    ring: Callable[[], None] = lambda: None,
    numbering: Numbering | None = None,
) -> Gateway:
    """Put a gateway together; `ring` is called when new messages are committed, and wakes a worker beside us.

    Who has read the operator tables already hands them over as `numbering`.
    """
    engine = open_engine(settings)
    numbering = numbering or load_numbering(settings.operators_file)
    spryng = open_spryng(settings, numbering)
    inbound = open_inbound(settings, numbering)
    reporting = open_reporting(settings)
    metrics = Metrics()
    metrics.begin_callbacks([spryng.name, *inbound])
    metrics.begin_reports(reporting)
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
        spryng=spryng,
        inbound=inbound,
        reporting=reporting,
        writer=writer,
        loop_writer=None if settings.is_sqlite else _loop_writer(settings, engine, wake_workers),
        receiver=Receiver(
            writer=writer,
            intake=intake,
            metrics=metrics,
            person_secret=settings.person_secret,
            stop_words=settings.stop_words,
            loss_clock=LossClock(settings.refusals_file),
        ),
        reports=Reports(writer=writer, metrics=metrics, secrets=settings.secrets),
        metrics=metrics,
        notifier=notifier,
        clock=clock,
    )


def _loop_writer(settings: Settings, engine: Engine, on_stored: Callable[[], None]) -> LoopWriter:
    return LoopWriter(
        engine,
        deadline=settings.commit_deadline,
        max_waiting=settings.max_waiting,
        attempt_limit=settings.max_attempts,
        on_stored=on_stored,
    )
