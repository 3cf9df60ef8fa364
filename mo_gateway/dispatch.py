"""Step 2: from a stored message to its handler, and to replies that are committed with its being done."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event

from . import retry
from .errors import HandlerError, LostClaim
from .masking import masked, one_line
from .message import Reply
from .metrics import Metrics
from .plugin import Handler
from .routing import Routes
from .store import outbox, queue
from .store.queue import Claim, Result

#: How long a handler may hold SQLite's only writer: the intake waits for it.
TIME_LIMIT_ON_SQLITE = timedelta(seconds=1)
LONGEST_ERROR = 500  # characters

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Claims messages, runs their handlers, records what became of them."""

    engine: Engine
    routes: Routes
    metrics: Metrics
    person_secret: bytes
    lease: timedelta
    retry_delay: timedelta
    clock: Callable[[], datetime]
    random: Callable[[], float]

    def claim(self, limit: int) -> list[Claim]:
        """Take up to `limit` messages that are due."""
        with self.engine.begin() as conn:
            return queue.claim(conn, limit=limit, lease=self.lease)

    def handle(self, claim: Claim) -> None:
        """Route one claimed message, run its handler, and commit what became of it.

        A handler may run again for the same message when its worker died; its replies, and what it wrote with
        the connection it was given, are there exactly once.
        """
        if claim.attempt > claim.attempt_limit:
            self._bury(claim)
            return
        route = self.routes.find(claim.message.shortcode, claim.message.keyword)
        if route is None:
            self._finish(claim, Result(state="unrouted", handler=None, started_at=self.clock(), duration=None))
            return
        started_at = self.clock()
        try:
            self._run(claim, route.handler, started_at)
        except LostClaim as exc:
            log.warning("claim lost", id=claim.message.id, handler=route.handler.name, reason=str(exc))
        except Exception as exc:  # noqa: BLE001 - a plugin may raise anything, and then its message is tried again
            self.failed(claim, route.handler.name, started_at, _in_one_line(exc), exc)

    def failed(
        self, claim: Claim, handler: str, started_at: datetime, error: str, cause: BaseException | None = None
    ) -> None:
        """Record a try that went wrong: due again later, or dead after the last one."""
        dead = claim.attempt >= claim.attempt_limit
        pause = retry.delay(claim.attempt, first=self.retry_delay, jitter=self.random())
        result = Result(
            state="dead" if dead else "failed",
            handler=handler,
            started_at=started_at,
            duration=self.clock() - started_at,
            error=error[:LONGEST_ERROR],
            again_after=None if dead else pause,
        )
        self._finish(claim, result, cause)

    def _bury(self, claim: Claim) -> None:
        error = f"given up: no worker lived through its {claim.attempt_limit} attempts"
        result = Result(state="dead", handler=None, started_at=self.clock(), duration=None, error=error)
        self._finish(claim, result)

    def _run(self, claim: Claim, handler: Handler, started_at: datetime) -> None:
        if not handler.transaction:
            replies = _replies(handler, handler.function(claim.message))
            with self.engine.begin() as conn:
                self._done(conn, claim, handler, replies, started_at)
        else:
            engine = self.engine.execution_options(mo_gateway_time_limit=TIME_LIMIT_ON_SQLITE)
            with engine.begin() as conn:
                with _no_commit(conn, handler):
                    replies = _replies(handler, handler.function(claim.message, conn))
                self._done(conn, claim, handler, replies, started_at)
        self._count(claim, handler.name, "done", self.clock() - started_at)
        log.info("handled", id=claim.message.id, handler=handler.name, replies=len(replies), attempt=claim.attempt)

    def _done(
        self, conn: Connection, claim: Claim, handler: Handler, replies: list[Reply], started_at: datetime
    ) -> None:
        now = self.clock()
        result = Result(state="done", handler=handler.name, started_at=started_at, duration=now - started_at)
        queue.finish(conn, claim, result)
        outbox.add(
            conn,
            claim.message,
            replies,
            handler=handler.name,
            person_secret=self.person_secret,
            now=now,
        )

    def _finish(self, claim: Claim, result: Result, cause: BaseException | None = None) -> None:
        """Commit a result that is not `done`, and tell of it."""
        try:
            with self.engine.begin() as conn:
                queue.finish(conn, claim, result)
        except LostClaim as exc:
            log.warning("claim lost", id=claim.message.id, handler=result.handler, reason=str(exc))
            return
        self._count(claim, result.handler or "", result.state, result.duration)
        log.warning(
            result.state,
            id=claim.message.id,
            handler=result.handler,
            attempt=claim.attempt,
            shortcode=claim.message.shortcode,
            msisdn=masked(claim.message.msisdn),
            **({"error": result.error} if result.error else {}),
            **({"exc_info": cause} if cause else {}),
        )

    def _count(self, claim: Claim, handler: str, outcome: str, duration: timedelta | None) -> None:
        self.metrics.handled.labels(handler, outcome).inc()
        if duration is not None:
            self.metrics.handler_duration.labels(handler).observe(duration.total_seconds())
        if outcome in ("done", "unrouted"):
            waited = self.clock() - claim.message.received_at
            self.metrics.wait.observe(waited.total_seconds())


@contextmanager
def _no_commit(conn: Connection, handler: Handler) -> Iterator[None]:
    """Refuse a handler's own commit: what it wrote must not be there without its message being done."""

    def refuse(_conn: Connection) -> None:
        raise HandlerError(f"the handler {handler.name} commits; the gateway does, with the message being done")

    event.listen(conn, "commit", refuse)
    try:
        yield
    finally:
        event.remove(conn, "commit", refuse)


def _replies(handler: Handler, returned: Any) -> list[Reply]:
    """Turn what a handler returned into replies: None, a str, a Reply, or several of these."""
    several = returned if isinstance(returned, Iterable) and not isinstance(returned, str) else [returned]
    return [_reply(handler, one) for one in several if one is not None]


def _reply(handler: Handler, one: Any) -> Reply:
    reply = Reply(one) if isinstance(one, str) else one
    if not isinstance(reply, Reply):
        raise HandlerError(
            f"the handler {handler.name} returned {type(one).__name__}; it may return str, Reply, several, or None"
        )
    return reply


def _in_one_line(exc: BaseException) -> str:
    return one_line(" ".join(f"{type(exc).__name__}: {exc}".split()))
