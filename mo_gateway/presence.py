"""A worker's word that it is there, every two seconds, and the loading of its routes anew when it is asked to.

Whatever is wrong with new routes, the last good ones stay in force.
"""

from collections.abc import Callable
from threading import Event, Thread

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from .errors import ConfigError, UnsafeDatabase
from .routing import Routes
from .store import presence
from .store.failures import in_one_line
from .store.presence import Loaded

SAY_EVERY = 2.0  # seconds

log = structlog.get_logger()


class Presence:
    """Says that a worker is there, and keeps its routes up to date."""

    def __init__(self, engine: Engine, process: str, routes: Routes, load: Callable[[], Routes]) -> None:
        self._engine = engine
        self._process = process
        self._routes = routes  #: those in force
        self._load = load  #: may raise ConfigError
        self._wanted = False
        self._stopping = Event()
        self._is_known = False

    def start(self) -> None:
        """Begin, in a thread of its own."""
        Thread(target=self._run, name="presence", daemon=True).start()

    def want_reload(self) -> None:
        """Have the routes loaded anew, soon; a signal handler may call it."""
        self._wanted = True

    def stop(self) -> None:
        """Say good-bye, if the database listens."""
        self._stopping.set()
        try:
            with self._engine.begin() as conn:
                presence.leave(conn, self._process)
        except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
            log.info("cannot say good-bye", error=in_one_line(exc))

    def reload(self) -> Loaded:
        """Load the routes anew and let them be in force; where they are wrong, the old ones stay."""
        try:
            new = self._load()
        except Exception as exc:  # noqa: BLE001 - whatever new routes do while they are loaded, the old ones stay
            error = str(exc) if isinstance(exc, ConfigError) else in_one_line(exc)
            log.error("routes are wrong, the old ones stay in force", error=error)
            return Loaded(routes=len(self._routes), error=error)
        self._routes.take_over(new)
        for sentence in new.shadowed():
            log.warning("route never wins", route=sentence)
        log.info("routes loaded", routes=len(new))
        return Loaded(routes=len(new))

    def _run(self) -> None:
        while not self._stopping.wait(SAY_EVERY if self._is_known else 0.0):
            try:
                self._look()
            except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
                log.warning("cannot say that this worker is there", error=in_one_line(exc))
                self._stopping.wait(SAY_EVERY)

    def _look(self) -> None:
        if not self._is_known:
            with self._engine.begin() as conn:
                presence.arrive(conn, self._process, Loaded(routes=len(self._routes)))
            self._is_known = True
        with self._engine.begin() as conn:
            self._is_known = presence.is_still_known(conn, self._process)
            asked_at = presence.asked_to_reload_at(conn, self._process)
        if asked_at or self._wanted:
            self._wanted = False
            loaded = self.reload()
            with self._engine.begin() as conn:
                presence.loaded(conn, self._process, loaded, asked_at=asked_at)
