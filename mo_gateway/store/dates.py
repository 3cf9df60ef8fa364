"""Local dates, and the moments between which they lie."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_

from .tables import mo_message


@dataclass(frozen=True, slots=True)
class Day:
    """A local date, with the moments between which it lies."""

    date: date
    starts_at: datetime
    ends_at: datetime

    @property
    def is_received_then(self) -> ColumnElement[bool]:
        """The condition that a message was received on it."""
        return and_(mo_message.c.received_at >= self.starts_at, mo_message.c.received_at < self.ends_at)


def day_in(zone: ZoneInfo, local: date) -> Day:
    """Give a date in a zone."""
    return Day(local, midnight(zone, local), midnight(zone, local + timedelta(days=1)))


def midnight(zone: ZoneInfo, local: date) -> datetime:
    """Give the moment at which a date begins."""
    return datetime.combine(local, time(), zone)
