"""What the tests of `replay` share: a gateway that is fed by hand, and the command."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Row, Table, select

from mo_gateway import Message, keyword
from mo_gateway.cli.replay import replay
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Receipt, WebhookRequest
from mo_gateway.settings import PREFIX

from .conftest import settings_for
from .examples import FORM
from .handling import NOON, consent_of, dispatcher_of, handle_all

EXAMPLE = FORM | {"PARM": "blue"}


@keyword("WIN")
def enter(message: Message) -> str:
    """The handler of the tests, and the one that the command finds."""
    return f"You are in with {message.parm}."


@pytest.fixture
def gateway(database_url: str) -> Iterator[Gateway]:
    """A gateway that gives up after one try."""
    gateway = open_gateway(settings_for(database_url, MAX_ATTEMPTS="1"))
    yield gateway
    gateway.close()


def encoded(**fields: str) -> bytes:
    """Give the example as the provider would send it, with fields whose values are percent-encoded already."""
    plain = {name: value for name, value in EXAMPLE.items() if name not in fields}
    return "&".join([urlencode(plain), *(f"{name}={value}" for name, value in fields.items())]).encode()


def request(raw: bytes, *, at: datetime = NOON, content_type: str = "", is_test: bool = False) -> WebhookRequest:
    return WebhookRequest(
        method="POST", raw=raw, content_type=content_type, remote_addr="192.0.2.1", received_at=at, is_test=is_test
    )


def receive(gateway: Gateway, *, at: datetime = NOON, **fields: str) -> Receipt:
    """Let the provider deliver the example with other fields, percent-encoded already."""
    return gateway.receiver.receive(gateway.spryng, request(encoded(**fields), at=at))


def work(gateway: Gateway, *handlers: Callable[..., Any]) -> None:
    """Look for STOP and START, as a worker does first, and handle all that is due."""
    consent_of(gateway, *handlers).record()
    handle_all(dispatcher_of(gateway, *handlers))


def run(gateway: Gateway, *arguments: str, **settings: str) -> Result:
    """Run `mo-gateway replay` with these arguments, under these settings."""
    return CliRunner().invoke(replay, arguments, env=environment(gateway, **settings))


def environment(gateway: Gateway, **settings: str) -> dict[str, str]:
    """Give the variables of that gateway, with three tries and the handler above."""
    usual = {
        "DATABASE_URL": gateway.settings.database_url.render_as_string(hide_password=False),
        "CALLBACK_SECRET": "geheim",
        "PERSON_SECRET": "test-person-secret",
        "ALLOW_UNSAFE_DATABASE": "1",
        "HANDLERS": __name__,
        "MAX_ATTEMPTS": "3",
    }
    return {PREFIX + name: value for name, value in {**usual, **settings}.items()}


def rows(gateway: Gateway, table: Table) -> list[Row[Any]]:
    with gateway.engine.begin() as conn:
        return list(conn.execute(select(table).order_by(table.c.id)))


def only(gateway: Gateway, table: Table) -> Row[Any]:
    (row,) = rows(gateway, table)
    return row
