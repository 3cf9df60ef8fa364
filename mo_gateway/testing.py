"""For authors of handlers: a pytest fixture that sends an SMS through the real gateway, to their handlers.

def test_a_winner_is_told(send_sms):
    handled = send_sms("WIN blue", handlers=contest)

    assert handled.replies == ["You are in with blue."]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

EXAMPLE = {"MSISDN": "32412345678", "OPERATOR": "20601", "SHORTCODE": "4414", "COUNTRY": "BEL"}
MAY_BE_GIVEN = {"msisdn", "shortcode", "operator", "timestamp", "country", "reference"}

Plugin = ModuleType | Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of an SMS."""

    state: str  #: done, unrouted, or failed: tried, and due again
    handler: str | None
    replies: list[str]  #: the texts of the handler's replies, in order
    error: str | None
    votes: list[str | None] = field(default_factory=list)  #: the options voted for; None = the text named none
    asks: str | None = None  #: the question that waits for the sender's next SMS


@pytest.fixture
def send_sms(tmp_path: Path) -> Iterator[Callable[..., Handled]]:
    """Store and handle one SMS: `send_sms("WIN blue", handlers=module)`.

    `handlers` is a module or a marked function, or a list of these; `routes` the path of a routes file. What else
    the provider sends may be given by its name in lower case: `msisdn`, `shortcode`, `operator`, `timestamp`,
    `country`, `reference`. A question that a handler asked waits for the sender's next SMS.
    """
    # Imported here, since pytest loads this module wherever the package is installed.
    from .gateway import open_gateway
    from .settings import load_settings
    from .store import schema

    environ = {
        "MO_GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path / 'mo-gateway.db'}",
        "MO_GATEWAY_CHARSET": "utf-8",
    }
    gateway = open_gateway(load_settings(environ, folder=tmp_path))
    schema.upgrade(gateway.engine)

    def send(
        text: str, *, handlers: Plugin | Sequence[Plugin] = (), routes: Path | None = None, **fields: str
    ) -> Handled:
        plugins = [handlers] if callable(handlers) or isinstance(handlers, ModuleType) else list(handlers)
        return _send(gateway, text, plugins, routes, fields)

    yield send
    gateway.close()


def _send(
    gateway: Any, text: str, plugins: list[Plugin], routes_file: Path | None, fields: dict[str, str]
) -> Handled:
    from .gateway.handling import consent_with, dispatcher_with
    from .gateway.routes import handlers_of_file
    from .handlers.finding import handlers_in
    from .message import Outcome, WebhookRequest
    from .routing import Routes

    if unknown := fields.keys() - MAY_BE_GIVEN:
        raise TypeError(f"an SMS has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(MAY_BE_GIVEN))}")
    now = gateway.clock()
    local = now.astimezone(gateway.settings.timezone)
    keyword, _, parm = text.partition(" ")
    form = EXAMPLE | {"KEYWORD": keyword, "PARM": parm, "TIMESTAMP": local.strftime("%Y%m%d%H%M%S")}
    form |= {name.upper(): value for name, value in fields.items()}
    request = WebhookRequest(
        method="POST", raw=urlencode(form).encode(), content_type="", remote_addr="", received_at=now, is_test=True
    )
    receipt = gateway.receiver.receive(gateway.spryng, request)
    if receipt.outcome is not Outcome.STORED:
        raise ValueError(f"this SMS was {receipt.outcome}: {receipt.errors or 'change its text or timestamp'}")
    of_file = handlers_of_file(gateway.settings, routes_file)
    routes = Routes([*(handler for plugin in plugins for handler in handlers_in(plugin)), *of_file])
    consent_with(routes, gateway.settings, gateway.engine, metrics=gateway.metrics).record()
    dispatcher = dispatcher_with(routes, gateway.settings, gateway.engine)
    while claims := dispatcher.claim(10):  # the message, then what observers have to do
        for claim in claims:
            dispatcher.handle(claim)
    return _handled(gateway, receipt.id)


def _handled(gateway: Any, message_id: int) -> Handled:
    from sqlalchemy import select, update

    from .store.tables import mo_handling, mo_question, mo_vote, mt_message

    with gateway.engine.begin() as conn:
        of_handler = (mo_handling.c.message_id == message_id, ~mo_handling.c.is_observer)
        row = conn.execute(select(mo_handling).where(*of_handler)).one()
        by_handler = (mt_message.c.message_id == message_id, mt_message.c.handler == row.handler)
        texts = conn.scalars(select(mt_message.c.body).where(*by_handler).order_by(mt_message.c.id)).all()
        # nothing is tried again here, and what failed must not hold back its sender's next SMS
        conn.execute(update(mo_handling).values(due_at=None))
        votes = conn.scalars(select(mo_vote.c.option).where(mo_vote.c.message_id == message_id)).all()
        asked = select(mo_question.c.expect).where(mo_question.c.message_id == message_id)
        asks = conn.scalar(asked.where(mo_question.c.ended_at.is_(None)))
    return Handled(
        state=row.state,
        handler=row.handler,
        replies=[text or "" for text in texts],
        error=row.error,
        votes=list(votes),
        asks=asks,
    )
