"""Handlers of the tests of pages: found by the settings, as the pages find them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from mo_gateway import Message, keyword
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store import audit
from tests.conftest import settings_for
from tests.handling import consent_of, dispatcher_of, handle_all
from tests.reporting import NOON, store_at

from .visiting import Visitor, visitor

HANDLERS = "tests.dashboard.plugin"


@keyword("WIN")
def enter(message: Message) -> str:
    """Take part."""
    return f"You are in with {message.parm}."


@keyword("BOOM")
def fail(message: Message) -> str:
    """Fail, and quote the number."""
    raise ConnectionError(f"the CRM knows no {message.msisdn}")


@pytest.fixture
def gateway(database_url: str) -> Iterator[Gateway]:
    """A gateway that gives up after one try, and finds these handlers."""
    gateway = open_gateway(settings_for(database_url, MAX_ATTEMPTS="1", HANDLERS=HANDLERS))
    yield gateway
    gateway.close()


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """The clock stands a minute after noon."""
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        yield


@pytest.fixture
def somebody(gateway: Gateway) -> Visitor:
    """An admin, logged in."""
    return visitor(gateway)


def came(gateway: Gateway, at: datetime = NOON, **fields: str) -> int:
    """Let a message come, and be handled."""
    number = store_at(gateway, at, **fields)
    handle(gateway)
    return number


def handle(gateway: Gateway) -> None:
    """Look for STOP, and handle all that is due."""
    consent_of(gateway, enter, fail).record()
    handle_all(dispatcher_of(gateway, enter, fail))


def states(gateway: Gateway) -> list[str]:
    """Give what has become of each message, in the order stored."""
    with gateway.engine.begin() as conn:
        return list(conn.scalars(text("SELECT state FROM mo_handling ORDER BY id")))


def trail(gateway: Gateway) -> list[tuple[str, str, str, dict[str, object]]]:
    """Give the audit trail, oldest first: actor, action, subject, details."""
    with gateway.engine.begin() as conn:
        found = audit.latest(conn, limit=100)
    return [(row["actor"], row["action"], row["subject"], row["details"]) for row in reversed(found)]
