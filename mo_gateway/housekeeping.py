"""Housekeeping: what a worker puts away beside its work: old messages, and the last traces of erased ones."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from threading import Event, Thread
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from . import erasure, retention
from .errors import LostClaim, MoGatewayError, UnsafeDatabase
from .store.audit import Actor
from .store.failures import in_one_line, way_to

EVERY = 600.0  # seconds between two rounds
FIRST_AFTER = 30.0  # seconds; the counting begins first

WORKER = Actor(name="worker")

log = structlog.get_logger()


class Housekeeping:
    """Prunes by the setting, once a date, and makes the keys of erased messages random; any worker may do so."""

    def __init__(
        self, engine: Engine, kept: Mapping[str, int], *, zone: ZoneInfo, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._rules = retention.rules_of(kept)
        self._zone = zone
        self._clock = clock
        self._stopping = Event()
        self._done_on: date | None = None  #: when everything old was found to be gone, or to have to stay

    def start(self) -> None:
        """Begin, in a thread of its own."""
        Thread(target=self._run, name="housekeeping", daemon=True).start()

    def stop(self) -> None:
        """Begin with nothing more."""
        self._stopping.set()

    def round(self) -> None:
        """Put away what there is."""
        now = self._clock()
        erasure.make_keys_random(self._engine, now)
        today = now.astimezone(self._zone).date()
        if not self._rules or self._done_on == today:
            return
        pruned = retention.prune(self._engine, self._rules, actor=WORKER, now=now, stopping=self._stopping)
        if pruned.rows:
            log.info("pruned", dates=len(pruned.dates), **pruned.rows)
        if not pruned.uncounted:  # else they are counted by the next time
            self._done_on = today

    def _run(self) -> None:
        pause = FIRST_AFTER
        while not self._stopping.wait(pause):
            pause = EVERY
            try:
                self.round()
            except LostClaim as exc:
                log.debug("pruned by somebody else", reason=str(exc))
            except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
                log.warning("cannot put away what is old", error=in_one_line(exc))
            except MoGatewayError as exc:
                log.warning("cannot put away what is old", error=str(exc))
            except Exception as exc:  # noqa: BLE001 - whatever is wrong with it, messages are handled
                log.error("cannot put away what is old", exception=way_to(exc))
