"""Reports under test: messages of any moment, a tally whose clock stands where the test wants, and views read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select, text

from mo_gateway.gateway import Gateway
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.message import Outcome
from mo_gateway.routing import Routes
from mo_gateway.store.views import VIEWS
from mo_gateway.store.views.view import View
from mo_gateway.tally import Tally

from .examples import webhook

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

#: The moment around which the tests of reports happen: a Sunday, 13:00 in Amsterdam.
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Clock:
    """A clock that stands where the test has put it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def store_at(gateway: Gateway, moment: datetime, **changes: str) -> int:
    """Store the example with some fields changed, received at a moment; give its number."""
    sent = f"{moment.astimezone(AMSTERDAM):%Y%m%d%H%M%S}"
    receipt = gateway.receiver.receive(gateway.spryng, webhook(now=moment, **{"TIMESTAMP": sent, **changes}))
    assert receipt.outcome in (Outcome.STORED, Outcome.DUPLICATE)
    return receipt.id


def tally_with(
    gateway: Gateway,
    *functions: Callable[..., Any],
    clock: Callable[[], datetime] | None = None,
    zone: ZoneInfo = AMSTERDAM,
    longest_transaction: timedelta = timedelta(seconds=30),
) -> Tally:
    """Give a tally that knows the words of these handlers."""
    return Tally(
        gateway.engine,
        Routes(handler for function in functions for handler in handlers_in(function)),
        zone=zone,
        longest_transaction=longest_transaction,
        clock=clock or Clock(),
    )


def view_named(name: str) -> View:
    return next(view for view in VIEWS if view.name == name)


def read(engine: Engine, name: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Give the rows of a view in its order, with these columns or all of them, as Python sees them."""
    with engine.begin() as conn:
        return rows_of(conn, view_named(name), *columns, where=where)


def rows_of(conn: Connection, view: View, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    made = view.table
    wanted = [made.c[name] for name in columns or made.c.keys()]
    query = select(*wanted).where(text(where)).order_by(*(made.c[name] for name in view.order))
    return [tuple(row) for row in conn.execute(query)]
