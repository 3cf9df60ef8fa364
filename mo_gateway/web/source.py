"""What pages and the read API are made from, and how little of it they take: the intake comes first."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from sqlalchemy import Connection, Engine

from mo_gateway.loss_clock import LossClock, lost_from
from mo_gateway.settings import Settings
from mo_gateway.store.patience import looking

PATIENCE = timedelta(seconds=5)  # for what one answer asks of the database
AT_ONCE = 4  # answers that a process makes at a time: the intake shares its threads and connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The settings, the database and the clock of one process."""

    settings: Settings
    engine: Engine
    clock: Callable[[], datetime]
    loss_clock: LossClock
    places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def loss(self) -> dict[str, datetime | None]:
        """Give since when callbacks are refused, and when the first of them is lost."""
        refused_at = self.loss_clock.first_refusal()
        return {"refused_at": refused_at, "lost_at": lost_from(refused_at) if refused_at else None}

    def looking(self) -> AbstractContextManager[Connection]:
        """Read from one snapshot; or raise TooSlow where that takes too long."""
        return looking(self.engine, PATIENCE)
