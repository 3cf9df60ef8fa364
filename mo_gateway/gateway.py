"""The composition root: every part of a running gateway, put together in one place."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from os import getpid
from pathlib import Path
from socket import gethostname

from sqlalchemy import Engine

from .consent import Consent, wish_in
from .dispatch import Dispatcher
from .errors import ConfigError
from .handlers.building import Surroundings
from .handlers.file import handlers_in_file
from .handlers.finding import find_handlers
from .housekeeping import Housekeeping
from .loss_clock import LossClock
from .metrics import Metrics
from .numbering import Numbering, load_numbering
from .plugin import Handler
from .polling import Polling
from .presence import Presence
from .providers import Inbound, Reader, Reporting, Sending
from .providers.connectcall import ConnectCallSender
from .providers.intelecom import IntelecomInbound, IntelecomReports, IntelecomSender
from .providers.pswincom import PsWinComInbound, PsWinComReports, PsWinComSender
from .providers.sms1601 import Sms1601Reports, Sms1601Sender
from .providers.spryng import Spryng, callback_schema
from .providers.spryng_reports import SpryngReports
from .providers.spryng_sending import SpryngSender
from .receive import Receiver
from .reports import Reports
from .routing import Routes
from .send import Guards, Sender
from .settings import Settings
from .store.engine import open_engine
from .store.intake import Intake
from .store.loop_writer import LoopWriter
from .store.outbox import Rules
from .store.wake import Notifier
from .store.writer import Writer
from .takeout import Takeout
from .tally import Tally
from .wire import Wire


def utc_now() -> datetime:
    """Read the host's clock."""
    return datetime.now(UTC)


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
    metrics = Metrics()
    metrics.begin_callbacks(["spryng", *open_inbound(settings, numbering)])
    metrics.begin_reports(open_reporting(settings))
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
        spryng=open_spryng(settings, numbering),
        inbound=open_inbound(settings, numbering),
        reporting=open_reporting(settings),
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


def open_spryng(settings: Settings, numbering: Numbering) -> Spryng:
    """Make the reader of Spryng's callbacks, with the operator tables it checks against."""
    return Spryng(
        schema=callback_schema(numbering, settings.operator_policy, settings.timezone),
        numbering=numbering,
        timezone=settings.timezone,
        charset=settings.charset,
    )


def open_inbound(settings: Settings, numbering: Numbering) -> dict[str, Inbound]:
    """Make the readers of the other providers' inbound messages."""
    zone, country = settings.timezone, settings.default_country
    return {
        "pswincom": PsWinComInbound(numbering=numbering, timezone=zone, country=country),
        "intelecom": IntelecomInbound(numbering=numbering, timezone=zone, country=country),
    }


def open_readers(settings: Settings) -> Mapping[str, Reader]:
    """Make the readers of every provider's inbound messages."""
    numbering = load_numbering(settings.operators_file)
    spryng = open_spryng(settings, numbering)
    return {spryng.name: spryng, **open_inbound(settings, numbering)}


def open_reporting(settings: Settings) -> dict[str, Reporting]:
    """Make the readers of delivery reports."""
    return {
        "spryng": SpryngReports(codes=settings.report_codes),
        "sms1601": Sms1601Reports(timezone=settings.timezone),
        "pswincom": PsWinComReports(timezone=settings.timezone),
        "intelecom": IntelecomReports(),
    }


def open_senders(settings: Settings) -> dict[str, Sending]:
    """Make the clients of the providers that can send by these settings."""
    wire = Wire(timeout=settings.send_timeout)
    makers: dict[str, Callable[..., Sending]] = {
        "spryng": SpryngSender,
        "connectcall": ConnectCallSender,
        "sms1601": partial(Sms1601Sender, timezone=settings.timezone),
        "pswincom": PsWinComSender,
        "intelecom": IntelecomSender,
    }
    return {name: makers[name](wire=wire, **values) for name, values in settings.providers.items()}


def reply_rules(settings: Settings) -> Rules:
    """Say how replies are queued."""
    return Rules(
        person_secret=settings.person_secret,
        provider=settings.reply_provider,
        sender=settings.reply_sender,
        tries=settings.max_attempts,
        max_age=settings.reply_max_age,
        transliterate=settings.transliterate,
        keep_schedules=frozenset(name for name, values in settings.providers.items() if values.get("schedule")),
    )


def sender_with(
    providers: Mapping[str, Sending],
    settings: Settings,
    engine: Engine,
    *,
    metrics: Metrics,
    clock: Callable[[], datetime] = utc_now,
) -> Sender:
    """Put together what sends replies by these providers."""
    return Sender(
        engine=engine,
        providers=providers,
        guards=Guards(
            person_limit=settings.reply_limit,
            loop_limit=settings.loop_limit,
            daily_budget=settings.daily_budget,
            sends_test_replies=settings.send_test_replies,
        ),
        metrics=metrics,
        lease=settings.lease,
        send_timeout=settings.send_timeout,
        retry_delay=settings.retry_delay,
        secrets=settings.secrets,
        timezone=settings.timezone,
        clock=clock,
        random=random.random,
    )


def polling_with(
    providers: Mapping[str, Sending],
    engine: Engine,
    *,
    metrics: Metrics,
    clock: Callable[[], datetime] = utc_now,
) -> Polling:
    """Put together what looks after delivery reports that do not come by themselves."""
    asked = {
        name: sender for name, sender in providers.items() if isinstance(sender, Sms1601Sender) and sender.poll
    }
    return Polling(engine, asked, metrics, clock)


def takeouts_with(
    providers: Mapping[str, Sending], engine: Engine, *, clock: Callable[[], datetime] = utc_now
) -> list[Takeout]:
    """Put together what takes out of a provider's own outbox what nobody wants any more."""
    return [
        Takeout(engine=engine, sender=sender, clock=clock)
        for sender in providers.values()
        if isinstance(sender, Sms1601Sender) and sender.schedule
    ]


def consent_with(
    routes: Routes,
    settings: Settings,
    engine: Engine,
    *,
    metrics: Metrics,
    clock: Callable[[], datetime] = utc_now,
) -> Consent:
    """Put together what records STOP and START by these routes."""
    return Consent(
        engine=engine,
        routes=routes,
        reply_rules=reply_rules(settings),
        metrics=metrics,
        words=settings.stop_words,
        confirmation=settings.stop_reply,
        clock=clock,
    )


def open_routes(settings: Settings) -> Routes:
    """Find all handlers and route to them; or raise ConfigError with everything that is wrong with them."""
    return Routes(_handlers(settings, settings.routes))


def routes_with(settings: Settings, path: Path) -> Routes:
    """Make the routes as they would be with another routes file; or raise ConfigError."""
    return Routes(_handlers(settings, path))


def _handlers(settings: Settings, path: Path | None) -> list[Handler]:
    """Find the handlers of modules, packages and the routes file; or raise one ConfigError for all of them."""
    found: list[Handler] = []
    faults = []
    of_modules = partial(find_handlers, settings.handlers)
    for find in (of_modules, partial(handlers_of_file, settings, path)):
        try:
            found += find()
        except ConfigError as exc:
            faults.append(str(exc))
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def handlers_of_file(settings: Settings, path: Path | None) -> list[Handler]:
    """Read the handlers of a routes file, none where there is none; or raise ConfigError."""
    if path is None:
        return []
    surroundings = Surroundings(
        folder=path.parent,
        timezone=settings.timezone,
        forward_networks=settings.forward_networks,
        broker_url=settings.broker_url,
        smtp_url=settings.smtp_url,
        email_from=settings.email_from,
    )
    return handlers_in_file(path, surroundings)


def presence_of(dispatcher: Dispatcher, settings: Settings) -> Presence:
    """Put together what says that a worker is there, and loads its routes anew."""
    process = f"{gethostname()}:{getpid()}"
    return Presence(dispatcher.engine, process, dispatcher.routes, lambda: open_routes(settings))


def tally_of(
    routes: Routes, settings: Settings, engine: Engine, *, clock: Callable[[], datetime] = utc_now
) -> Tally:
    """Put together what counts for the reports."""
    return Tally(engine, routes, zone=settings.timezone, longest_transaction=settings.lease, clock=clock)


def housekeeping_of(settings: Settings, engine: Engine) -> Housekeeping:
    """Put together what prunes old messages."""
    return Housekeeping(engine, settings.retention, zone=settings.timezone, clock=utc_now)


def open_dispatcher(settings: Settings, *, threads: int = 8) -> Dispatcher:
    """Put together what a worker needs that runs so many handlers at a time."""
    engine = open_engine(settings, most_connections=max(25, threads + 4))
    return dispatcher_with(open_routes(settings), settings, engine)


def dispatcher_with(
    routes: Routes, settings: Settings, engine: Engine, *, clock: Callable[[], datetime] = utc_now
) -> Dispatcher:
    """Put together what handles messages by these routes."""
    return Dispatcher(
        is_wish=lambda message: wish_in(message, routes, settings.stop_words) is not None,
        engine=engine,
        routes=routes,
        metrics=_worker_metrics(routes, settings),
        reply_rules=reply_rules(settings),
        lease=settings.lease,
        retry_delay=settings.retry_delay,
        tries=settings.max_attempts,
        clock=clock,
        random=random.random,
    )


def _worker_metrics(routes: Routes, settings: Settings) -> Metrics:
    """Make the counters of a worker, with noughts for what its routes and settings name."""
    named = {route.keyword.shortcode for route in routes if route.keyword.shortcode} | settings.max_silence.keys()
    taking = [route.handler for route in routes] + [*routes.observers, *routes.questions.values()]
    metrics = Metrics(shortcodes=named)
    metrics.begin_handling({handler.name for handler in taking}, named)
    metrics.begin_replies(settings.providers)
    return metrics
