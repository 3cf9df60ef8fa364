"""Handlers under test: a dispatcher for a few marked functions, and what drives it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture
from structlog.typing import EventDict

from mo_gateway.consent import Consent
from mo_gateway.dispatch import Dispatcher
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.handling import consent_with, dispatcher_with
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.metrics import Metrics
from mo_gateway.routing import Routes
from mo_gateway.worker import Worker

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def dispatcher_of(gateway: Gateway, *functions: Callable[..., Any]) -> Dispatcher:
    """Give a dispatcher for these handlers; its clock stands still and its pauses have no jitter."""
    routes = Routes(handler for function in functions for handler in handlers_in(function))
    dispatcher = dispatcher_with(routes, gateway.settings, gateway.engine, clock=lambda: NOON)
    return replace(dispatcher, random=lambda: 0.5)


def consent_of(gateway: Gateway, *functions: Callable[..., Any]) -> Consent:
    """Give what records STOP and START beside these handlers; its clock stands still."""
    routes = Routes(handler for function in functions for handler in handlers_in(function))
    return consent_with(routes, gateway.settings, gateway.engine, metrics=Metrics(), clock=lambda: NOON)


def worker_of(gateway: Gateway, *functions: Callable[..., Any], threads: int, limit: float) -> Worker:
    """Give a worker for these handlers."""
    consent = consent_of(gateway, *functions)
    return Worker(dispatcher_of(gateway, *functions), consent, threads=threads, limit=limit)


def handle_all(dispatcher: Dispatcher) -> None:
    """Handle, in this thread, everything that is due."""
    while claims := dispatcher.claim(10):
        for claim in claims:
            dispatcher.handle(claim)


def captured_log(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[EventDict]:
    """Give what `module` logs from now on; however this process's logs are set up."""
    capture = LogCapture()
    monkeypatch.setattr(module, "log", structlog.wrap_logger(None, processors=[capture]))
    return capture.entries
