"""What a worker does beside the messages: it counts for the reports, and prunes."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from mo_gateway.housekeeping import Housekeeping
from mo_gateway.routing import Routes
from mo_gateway.settings import Settings
from mo_gateway.tally import Tally

from .clock import utc_now


def tally_of(
    routes: Routes, settings: Settings, engine: Engine, *, clock: Callable[[], datetime] = utc_now
) -> Tally:
    """Put together what counts for the reports."""
    return Tally(engine, routes, zone=settings.timezone, longest_transaction=settings.lease, clock=clock)


def housekeeping_of(settings: Settings, engine: Engine) -> Housekeeping:
    """Put together what prunes old messages."""
    return Housekeeping(engine, settings.retention, zone=settings.timezone, clock=utc_now)
