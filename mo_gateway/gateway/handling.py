"""What a worker handles messages with: STOP and START first, then the handlers."""

import random
from collections.abc import Callable
from datetime import datetime
from os import getpid
from socket import gethostname

from sqlalchemy import Engine

from mo_gateway.consent import Consent, wish_in
from mo_gateway.dispatch import Dispatcher
from mo_gateway.metrics import Metrics
from mo_gateway.presence import Presence
from mo_gateway.routing import Routes
from mo_gateway.settings import Settings
from mo_gateway.store.engine import open_engine

from .clock import utc_now
from .routes import open_routes
from .sending import reply_rules


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


def presence_of(dispatcher: Dispatcher, settings: Settings) -> Presence:
    """Put together what says that a worker is there, and loads its routes anew."""
    process = f"{gethostname()}:{getpid()}"
    return Presence(dispatcher.engine, process, dispatcher.routes, lambda: open_routes(settings))
