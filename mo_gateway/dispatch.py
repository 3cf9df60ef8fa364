"""Step 2: from a stored message to its handler, and to replies that are committed with its being done.

A handler may run again for the same message, when its worker died or its lease ran out. Its replies, and what
it wrote with the connection that it was given, are there exactly once: the fence in `store/queue.py` sees to it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, event

from . import gsm, keys, retry
from .errors import HandlerError, LostClaim, TryLater
from .masking import masked
from .message import Message
from .metrics import OTHER, TRY_OUTCOMES, Metrics
from .plugin import Handler
from .returned import taken_apart
from .routing import Routes
from .store import outbox, questions, queue, values
from .store.failures import UNAVAILABLE, in_one_line, way_to
from .store.outbox import Origin, Rules
from .store.queue import Claim, Finished, Result, Work
from .values import Ask, Join, Leave, Value, Vote
from .words import fold

#: How long a handler may hold SQLite's only writer: the intake waits for it.
TIME_LIMIT_ON_SQLITE = timedelta(seconds=1)
LONGEST_ERROR = 500  # characters
SHORTEST_PAUSE = timedelta(seconds=0.1)  # for a message that is put off

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Claims messages, runs their handlers, records what became of them."""

    engine: Engine
    routes: Routes
    metrics: Metrics
    reply_rules: Rules  #: how replies are queued
    lease: timedelta
    retry_delay: timedelta
    tries: int  #: that a message has, and has again after a replay
    is_wish: Callable[[Message], bool]  #: whether a message is a STOP or a START
    clock: Callable[[], datetime]
    random: Callable[[], float]

    def exchange(self, finished: Sequence[Finished], limit: int) -> list[Claim]:
        """Record finished tries and take up to `limit` new messages, in one transaction: one commit for all.

        A result that cannot be stored, such as a reply with half an emoji, fails alone and becomes a failed try.
        """
        # a try that was left behind for its slowness may end after all: what was said first counts
        first = {one.claim.id: one for one in reversed(finished)}
        finished = [first[claim_id] for claim_id in sorted(first)]
        try:
            return self._exchange(finished, limit)
        except UNAVAILABLE:
            raise
        except Exception as exc:  # what a plugin returned may fail in any way, and must not end the worker
            if not finished:
                raise
            if len(finished) > 1:
                for one in finished:
                    self.exchange([one], 0)
            else:
                claim, result = finished[0].claim, finished[0].result
                error = f"its result cannot be stored: {in_one_line(exc)}"
                self._exchange([self.failed(claim, result.handler, result.started_at, error)], 0)
            return self._exchange((), limit)

    def claim(self, limit: int) -> list[Claim]:
        """Take up to `limit` messages that are due."""
        return self.exchange((), limit)

    def handle(self, claim: Claim) -> None:
        """Run the handler of one claimed message and record what became of it."""
        finished = self.run(claim)
        if finished:
            self.exchange([finished], 0)

    def run(self, claim: Claim) -> Finished | None:
        """Run the handler of one claimed message; None where its own transaction has recorded the result."""
        started_at = self.clock()
        handler = self._handler_of(claim)
        if claim.attempt > claim.attempt_limit:
            return self._given_up(claim, handler, started_at)
        try:
            if handler is None:
                return self._unhandled(claim, started_at)
            if handler.transaction:
                self._run_in_transaction(claim, handler, started_at)
                return None
            return Finished(claim, self._result(handler, started_at, handler.function(claim.message)))
        except TryLater as exc:
            return self._put_off(claim, handler, started_at, exc)
        except BaseException as exc:  # noqa: BLE001 - a plugin may raise anything, and then its message is tried again
            name = handler.name if handler else None
            log.warning("handler failed", id=claim.message.id, handler=name, exception=way_to(exc))
            return self.failed(claim, name, started_at, in_one_line(exc))

    def _handler_of(self, claim: Claim) -> Handler | None:
        """Say who is to handle a message; a STOP answers no question."""
        if claim.observer:
            return next((one for one in self.routes.observers if one.name == claim.observer), None)
        message = claim.message
        if message.question and self.is_wish(message):
            message = replace(message, question=None)
        return self.routes.handler_of(message)

    def _put_off(self, claim: Claim, handler: Handler | None, started_at: datetime, exc: TryLater) -> Finished:
        """Give the result of a try that could not be one, and takes none away."""
        result = Result(
            state="failed",
            handler=handler.name if handler else None,
            started_at=started_at,
            duration=None,
            error=in_one_line(exc)[:LONGEST_ERROR],
            again_after=max(exc.after, SHORTEST_PAUSE),
            counts=False,
        )
        return Finished(claim, result)

    def _unhandled(self, claim: Claim, started_at: datetime) -> Finished:
        """Give the result of a message that no handler takes; a STOP is done with when it is recorded.

        The work of an observer that is gone keeps its name, so that it can be replayed when it is back.
        """
        state = "done" if not claim.observer and self.is_wish(claim.message) else "unrouted"
        return Finished(claim, Result(state=state, handler=claim.observer, started_at=started_at, duration=None))

    def _given_up(self, claim: Claim, handler: Handler | None, started_at: datetime) -> Finished:
        """Give the result of a message whose every attempt ended with the end of its worker."""
        result = Result(
            state="dead",
            handler=handler.name if handler else claim.observer,
            started_at=started_at,
            duration=None,
            error=f"given up: no worker lived through its {claim.attempt_limit} attempts",
        )
        return Finished(claim, result)

    def failed(self, claim: Claim, handler: str | None, started_at: datetime, error: str) -> Finished:
        """Give the result of a try that went wrong: due again later, or dead after the last one."""
        dead = claim.attempt >= claim.attempt_limit
        tried = claim.attempt - (claim.attempt_limit - self.tries)  # a replay moved the limit and begins anew
        pause = retry.delay(max(1, tried), first=self.retry_delay, jitter=self.random())
        result = Result(
            state="dead" if dead else "failed",
            handler=handler,
            started_at=started_at,
            duration=self.clock() - started_at,
            error=error[:LONGEST_ERROR],
            again_after=None if dead else pause,
        )
        return Finished(claim, result)

    def _exchange(self, finished: Sequence[Finished], limit: int) -> list[Claim]:
        with self.engine.begin() as conn:
            held = self._record(conn, finished)
            claims = queue.claim(conn, limit=limit, lease=self.lease) if limit else []
            queue.add_observers(conn, self._work_of_observers(claims), attempt_limit=self.tries)
        for one in finished:
            self._tell(one.claim, one.result, one.claim.id in held)
        for claimed in claims:
            if claimed.attempt == 1 and not claimed.observer:
                self._count_message(claimed.message)
        return claims

    def _run_in_transaction(self, claim: Claim, handler: Handler, started_at: datetime) -> None:
        engine = self.engine.execution_options(mo_gateway_time_limit=TIME_LIMIT_ON_SQLITE)
        try:
            with engine.begin() as conn:
                with _no_commit(conn, handler):
                    returned = handler.function(claim.message, conn)
                    result = self._result(handler, started_at, returned)
                if not self._record(conn, [Finished(claim, result)]):
                    raise LostClaim
        except LostClaim:
            self._tell(claim, result, held=False)
            return
        self._tell(claim, result, held=True)

    def _result(self, handler: Handler, started_at: datetime, returned: Any) -> Result:
        replies, found = taken_apart(handler, returned)
        return Result(
            state="done",
            handler=handler.name,
            started_at=started_at,
            duration=self.clock() - started_at,
            replies=replies,
            values=found,
        )

    def _work_of_observers(self, claims: Sequence[Claim]) -> list[Work]:
        """Say what the observers have to do for messages that are taken for the first time."""
        return [
            Work(
                message_id=claim.message.id or 0,
                observer=observer.name,
                line=keys.line_of(self._person(claim.message), f"{claim.message.shortcode} {observer.name}"),
            )
            for claim in claims
            if claim.attempt == 1 and not claim.observer
            for observer in self.routes.observers
        ]

    def _person(self, message: Message) -> bytes:
        return keys.person_key(self.reply_rules.person_secret, message.msisdn)

    def _record(self, conn: Connection, finished: Sequence[Finished]) -> set[int]:
        """Write results and what comes of them, nothing where a claim was lost; give those that were held."""
        held = queue.finish(conn, finished)
        for one in finished:
            if one.claim.id in held:
                self._follow(conn, one.claim, one.result)
        return held

    def _follow(self, conn: Connection, claim: Claim, result: Result) -> None:
        """Write what comes of a result beside its message being done."""
        message = claim.message
        if result.handler and not claim.is_mute:
            origin = Origin(
                shortcode=message.shortcode,
                keyword=fold(message.keyword) or None,
                message=message,
                handler=result.handler,
            )
            outbox.add(conn, result.replies, origin, self.reply_rules, now=self.clock())
        for value in result.values:
            self._store(conn, value, claim)
        if message.question and result.state == "done":
            self._end_question(conn, message, result)

    def _store(self, conn: Connection, value: Value, claim: Claim) -> None:
        message, person_key, now = claim.message, self._person(claim.message), self.clock()
        match value:
            case Vote():
                values.vote(conn, value, message, person_key=person_key)
            case Join():
                values.join(conn, value, message, person_key=person_key, now=now)
            case Leave():
                values.leave(conn, value, message, person_key=person_key, now=now)
            case Ask() if not claim.is_mute:  # what was asked is not asked again, so nobody answers
                line = keys.line_of(person_key, message.shortcode)
                questions.ask(conn, value, message, line=line, person_key=person_key, now=now)

    def _end_question(self, conn: Connection, message: Message, result: Result) -> None:
        """Note what became of the question that waited when a message came."""
        if self.is_wish(message):
            questions.stopped(conn, message, now=self.clock())
            return
        answers = message.question and self.routes.questions.get(message.question.expect)
        if answers and answers.name == result.handler:
            questions.answered(conn, message, now=self.clock())

    def _tell(self, claim: Claim, result: Result, held: bool) -> None:
        """Count and log what is committed now."""
        about = {"id": claim.message.id, "handler": result.handler, "attempt": claim.attempt}
        if not held:
            log.warning("claim lost, so this try counts for nothing", **about)
            return
        self._count(claim, result)
        if result.state == "done":
            log.info("handled", replies=len(result.replies), **about)
            for reply in result.replies:
                if dearer := gsm.doubling(outbox.body_of(reply, self.reply_rules)):
                    log.warning("reply costs more than it need", reason=dearer, **about)
            return
        log.warning(
            result.state,
            shortcode=claim.message.shortcode,
            msisdn=masked(claim.message.msisdn),
            error=result.error and result.error.partition(":")[0],  # what follows may quote the message
            **about,
        )

    def _count_message(self, message: Message) -> None:
        shortcode = self.metrics.shortcodes.label(message.shortcode)
        keyword = self.routes.named_word(message.shortcode, message.keyword) or OTHER
        self.metrics.messages.labels(message.provider, shortcode, keyword).inc()

    def _count(self, claim: Claim, result: Result) -> None:
        handler, outcome = result.handler or "", TRY_OUTCOMES[result.state]
        self.metrics.handled.labels(handler, outcome).inc()
        if claim.is_replay:
            self.metrics.replays.labels(outcome).inc()
        if result.duration is not None:
            self.metrics.handler_duration.labels(handler).observe(result.duration.total_seconds())
        if result.again_after is None:
            self.metrics.wait.observe((self.clock() - claim.message.received_at).total_seconds())


@contextmanager
def _no_commit(conn: Connection, handler: Handler) -> Iterator[None]:
    """Refuse a handler's own commit: what it wrote must not be there without its message being done."""

    def refuse(conn: Connection) -> None:
        conn.connection.rollback()  # SQLAlchemy takes the transaction for ended, and would leave it open
        raise HandlerError(f"the handler {handler.name} commits; the gateway does, with the message being done")

    event.listen(conn, "commit", refuse)
    try:
        yield
    finally:
        event.remove(conn, "commit", refuse)
