"""From an empty database to a filled one: a gateway put together for the play, and reports counted after it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.handling import consent_with, dispatcher_with
from mo_gateway.gateway.routes import handlers_of_file
from mo_gateway.gateway.sending import sender_with
from mo_gateway.gateway.upkeep import tally_of
from mo_gateway.preparation import make_ready
from mo_gateway.routing import Routes
from mo_gateway.settings import Settings
from mo_gateway.store import backdating, reading
from mo_gateway.store.engine import READ_ONLY, open_engine

from . import script
from .places import DemoProvider, DemoTarget
from .play import Clock, Play

SEED = 1
MESSAGES = 1500  # that are drawn, beside votes and what is written by hand
FORWARDING = "crm"  #: the route of the demo whose target is down now and then


def newest_message(settings: Settings) -> int:
    """Give the highest number of a message, or 0; make the tables where there are none."""
    engine = open_engine(settings)
    try:
        make_ready(engine)
        with engine.execution_options(**READ_ONLY).begin() as conn:
            return reading.newest_id(conn)
    finally:
        engine.dispose()


def fill(
    settings: Settings, now: datetime, *, seed: int = SEED, messages: int = MESSAGES
) -> Iterator[tuple[int, int]]:
    """Fill an empty database with the thirty days before `now`; give how many requests are done, and of how many.

    Nothing is sent and nobody is called. The routes of `settings` are those of the demo.
    """
    written = script.write(now, settings.timezone, seed=seed, messages=messages)
    clock = Clock(now)
    routes = _routes(settings, DemoTarget(written.outages))
    gateway = open_gateway(settings, clock=clock)
    backdating.hurry(gateway.engine)
    try:
        yield from _play(gateway, routes, clock, seed=seed).all_of(written)
    finally:
        gateway.close()  # and with it the counts of requests are saved
    _count(routes, settings, now)


def _routes(settings: Settings, target: DemoTarget) -> Routes:
    """Make the routes of the file, but for the one that would call somebody."""
    return Routes(
        replace(handler, function=target.take) if handler.name == FORWARDING else handler
        for handler in handlers_of_file(settings, settings.routes)
    )


def _play(gateway: Gateway, routes: Routes, clock: Clock, *, seed: int) -> Play:
    settings, engine, metrics = gateway.settings, gateway.engine, gateway.metrics
    provider = DemoProvider(seed)
    pauses = Random(f"pauses {seed}")  # noqa: S311 - chance, not a secret
    return Play(
        gateway=gateway,
        dispatcher=replace(dispatcher_with(routes, settings, engine, clock=clock), random=pauses.random),
        consent=consent_with(routes, settings, engine, metrics=metrics, clock=clock),
        sender=sender_with({provider.name: provider}, settings, engine, metrics=metrics, clock=clock),
        provider=provider,
        clock=clock,
        until=clock.now,
        seed=seed,
    )


def _count(routes: Routes, settings: Settings, now: datetime) -> None:
    """Count all dates for the reports."""
    engine = open_engine(settings)
    try:
        for _progress in tally_of(routes, settings, engine, clock=lambda: now).rebuild():
            pass
    finally:
        engine.dispose()
