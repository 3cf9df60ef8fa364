"""Step 3: from a queued reply to the provider's API, and to what became of it.

Between the claim and the result a reply counts as `unknown`, for it may have gone out; no reply is sent twice by
itself. The claim's transaction asks everything that may stand against sending: STOP, limits, budget, age.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine, Row

from . import retry
from .masking import long_ones, masked, one_line, without_secrets
from .metrics import OTHER, Metrics
from .providers import Sending
from .reply import SendOutcome, SendResult
from .store import opt_outs, outbox, reports, standing
from .store.engine import READ_ONLY
from .store.failures import way_to
from .store.outbox import Claim
from .store.standing import Standing
from .wire import MaybeSent, NotSent

HOUR = timedelta(hours=1)
LOOP_WITHIN = timedelta(minutes=10)
SETTLED_AFTER = timedelta(seconds=5)  # who claims a reply in the very moment of a STOP may not see it yet
SUPPRESSED_AT_A_TIME = 20  # in one transaction; the intake waits for it on SQLite
LOOK_AGAIN_AFTER = timedelta(seconds=1)
LONGEST_ERROR = 300  # characters
LONGEST_CODE = 40
LONGEST_ID = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What stands against sending, by the settings."""

    person_limit: int  #: replies to one person on one shortcode in an hour
    loop_limit: int  #: times that the same text goes to one person within ten minutes
    daily_budget: int  #: parts a day; 0 = no limit
    sends_test_replies: bool  #: by real providers too


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A claimed reply in somebody's hands."""

    claim: Claim
    since: float  #: monotonic seconds, before the lease began
    day: str  #: whose budget its parts count in
    is_probe: bool = False  #: it is to show whether a provider in trouble is well again


@dataclass(frozen=True, slots=True)
class Tried:
    """A try that is over, and whose result is to be recorded."""

    task: Task
    result: SendResult
    started_at: datetime
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Claims replies, hands them to their provider, records what it said."""

    engine: Engine
    providers: Mapping[str, Sending]
    guards: Guards
    metrics: Metrics
    lease: timedelta
    send_timeout: timedelta
    retry_delay: timedelta
    secrets: tuple[str, ...] = field(repr=False)  #: what no error may quote
    timezone: ZoneInfo  #: whose days the budget counts
    clock: Callable[[], datetime]
    random: Callable[[], float]

    def has_work(self, provider: str) -> bool:
        """Tell, without a lock, whether a claim may find something."""
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            return outbox.has_due(conn, provider)

    def claim(self, provider: Sending) -> Task | timedelta:
        """Take the reply that is longest due; or say after what time it is worth looking again."""
        began = monotonic()
        with self.engine.begin() as conn:
            stands = standing.locked(conn, provider.name)
            safe_for = provider.repeats_safely_for
            lost = outbox.abandoned(conn, provider.name, repeats_safely_for=safe_for)
            may_send = not stands.is_paused and not stands.wait()
            claimed, suppressed = self._take(conn, provider, stands) if may_send else (None, [])
            is_probe = claimed is not None and stands.failures > 0
            if is_probe:  # until it is known how it went, nobody else tries
                standing.hold(conn, stands, failures=stands.failures, pause=self.lease, error=stands.error)
        for mt_message_id in lost:
            log.error("unknown whether it was sent", reply=mt_message_id, provider=provider.name)
        for row, reason in suppressed:
            self._tell_suppressed(row, reason)
        if claimed is None:
            return timedelta() if suppressed else stands.wait() or LOOK_AGAIN_AFTER
        return Task(claim=claimed, since=began, day=self._day(stands), is_probe=is_probe)

    def send(self, provider: Sending, task: Task) -> Tried:
        """Hand a claimed reply to its provider, unless its lease may be over before the answer is there."""
        started_at, began = self.clock(), monotonic()
        if began - task.since > (self.lease - self.send_timeout).total_seconds():
            text = "this process stood still beyond its lease"
            result = SendResult(outcome=SendOutcome.LATER, text=text, was_asked=False)
        else:
            result = self._clean(self._result(provider, task.claim), task.claim.message.msisdn)
        return Tried(task, result, started_at, timedelta(seconds=monotonic() - began))

    def record(self, provider: Sending, tried: Tried) -> None:
        """Store what became of a try: on the reply, as an attempt, and on the provider."""
        claim, result = tried.task.claim, tried.result
        with self.engine.begin() as conn:
            stands = standing.locked(conn, provider.name)
            held = outbox.finish(conn, claim, **self._values(provider, claim, result, stands.now))
            if held:
                self._record_on_reply(conn, tried)
            is_violation = held and self._is_violation(conn, tried)
            if result.outcome in (SendOutcome.LATER, SendOutcome.FAILED):
                standing.given_back(conn, parts=claim.parts, day=tried.task.day)
            self._record_on_provider(conn, tried, stands)
        self._tell(tried, held=held)
        if is_violation:
            self._tell_violation(claim)

    def _is_violation(self, conn: Connection, tried: Tried) -> bool:
        """Ask, when it is too late, whether a reply went to somebody who had said STOP to everything before."""
        claim, result = tried.task.claim, tried.result
        if result.outcome is not SendOutcome.SENT or claim.opt_out_id is not None:
            return False
        return opt_outs.stood_against(conn, claim.message.id, before=tried.started_at - SETTLED_AFTER)

    def _record_on_reply(self, conn: Connection, tried: Tried) -> None:
        claim, result = tried.task.claim, tried.result
        outbox.add_attempt(
            conn,
            claim.message.id,
            claim.attempt,
            started_at=tried.started_at,
            duration=tried.duration,
            outcome=result.outcome.value,
            error=_in_words(result),
        )
        if result.outcome is not SendOutcome.SENT:
            return
        reports.join(conn, claim.message.id, claim.provider, result.provider_id)
        if claim.opt_out_id is not None:
            opt_outs.confirmed(conn, claim.opt_out_id, self.clock())

    def _record_on_provider(self, conn: Connection, tried: Tried, stands: Standing) -> None:
        """Note what a try has shown of its provider; one that never came to a call has shown nothing."""
        result, is_probe = tried.result, tried.task.is_probe
        if result.holds:
            failures = stands.failures + (
                is_probe or not stands.is_held
            )  # calls that fail together are one failure
            pause, error = self._pause(failures, result), _in_words(result) or ""
            standing.hold(conn, stands, failures=failures, pause=pause, error=error, is_anew=is_probe)
        elif not result.was_asked and is_probe:  # the next one is the probe
            standing.hold(
                conn, stands, failures=stands.failures, pause=timedelta(), error=stands.error, is_anew=True
            )
        elif result.was_asked and (is_probe or not stands.is_held):
            standing.is_well(conn, stands)

    def look_after(self) -> None:
        """Settle what is left behind of providers that nobody sends by any more."""
        with self.engine.begin() as conn:
            lost = outbox.left_behind(conn)
        for mt_message_id in lost:
            log.error("unknown whether it was sent", reply=mt_message_id)

    def _day(self, stands: Standing) -> str:
        """Give today by the database's clock, which all hosts share."""
        return stands.now.astimezone(self.timezone).date().isoformat()

    def _take(
        self, conn: Connection, provider: Sending, stands: Standing
    ) -> tuple[Claim | None, list[tuple[Row[Any], str]]]:
        """Claim the first due reply that nothing stands against; suppress those before it."""
        suppressed: list[tuple[Row[Any], str]] = []
        while len(suppressed) < SUPPRESSED_AT_A_TIME:
            row = outbox.next_due(conn, provider.name, repeats_safely_for=provider.repeats_safely_for)
            if row is None:
                break
            reason = self._obstacle(conn, provider, row, stands)
            if reason is None:
                pause = timedelta(minutes=1) / provider.rate
                standing.used(conn, stands, parts=row.parts or 1, day=self._day(stands), pause=pause)
                return outbox.claim(conn, row, lease=self.lease), suppressed
            outbox.suppress(conn, row, reason)
            suppressed.append((row, reason))
        return None, suppressed

    def _obstacle(self, conn: Connection, provider: Sending, row: Row[Any], stands: Standing) -> str | None:
        """Say why a reply may not go out; None where nothing stands against it."""
        is_confirmation = row.opt_out_id is not None
        if not is_confirmation and opt_outs.stands_against(conn, row):
            return "opt-out"
        if row.state == "unknown":
            return None  # it may be out already: the same request again, under the same reference, finds out
        if row.expires_at is not None and row.expires_at <= stands.now:
            return "expired"
        if row.is_test and not provider.is_local and not self.guards.sends_test_replies:
            return "test"
        return self._limit_of_confirmations(conn, row) if is_confirmation else self._limit(conn, row, stands)

    def _limit(self, conn: Connection, row: Row[Any], stands: Standing) -> str | None:
        guards = self.guards
        if guards.daily_budget and stands.parts_on(self._day(stands)) + (row.parts or 1) > guards.daily_budget:
            return "budget"
        if row.body and outbox.gone_to(conn, row, within=LOOP_WITHIN, same_text=True) >= guards.loop_limit:
            return "loop"
        if outbox.gone_to(conn, row, within=HOUR) >= guards.person_limit:
            return "limit"
        return None

    def _limit_of_confirmations(self, conn: Connection, row: Row[Any]) -> str | None:
        """Confirm to somebody who gets too much already, and also over budget; but not for ever to a machine."""
        return "loop" if outbox.gone_to(conn, row, within=HOUR) >= self.guards.loop_limit else None

    def _result(self, provider: Sending, claim: Claim) -> SendResult:
        """Hand a reply to its provider; whatever the provider or its client does, there is a result."""
        if claim.parts > provider.most_parts:
            text = f"it has {claim.parts} parts, and {provider.name} takes {provider.most_parts} at most"
            return SendResult(outcome=SendOutcome.FAILED, code="too-long", text=text, was_asked=False)
        message = claim.message
        if message.at and message.at <= self.clock():
            message = replace(message, at=None)
        try:
            return provider.send(message)
        except NotSent as exc:
            return SendResult(outcome=SendOutcome.LATER, code="not-sent", text=str(exc), holds=True)
        except MaybeSent as exc:
            return SendResult(outcome=SendOutcome.UNKNOWN, code="no-answer", text=str(exc), holds=True)
        except Exception as exc:  # noqa: BLE001 - a lying provider must not end the sender, and it may have gone out
            log.error("provider's client failed", provider=provider.name, exception=way_to(exc))
            text = f"the client failed: {type(exc).__name__}"
            return SendResult(outcome=SendOutcome.UNKNOWN, code="client", text=text, holds=True)

    def _values(self, provider: Sending, claim: Claim, result: SendResult, now: datetime) -> dict[str, Any]:
        """Give what the reply's row says from now on; `now` is the database's clock."""
        values = {"error_code": result.code or None, "error": _in_words(result), "due_at": None}
        if result.outcome is SendOutcome.SENT:
            sent = {"state": "sent", "sent_at": now, "provider_id": result.provider_id}
            return {**values, **sent, "error": None, "error_code": None}
        again_at = now + self._pause(claim.attempt, result)
        if result.outcome is SendOutcome.UNKNOWN or claim.is_repeat:
            may_repeat = again_at < claim.first_tried_at + provider.repeats_safely_for
            return {**values, "due_at": again_at if may_repeat else None}
        if result.outcome is SendOutcome.FAILED:
            return {**values, "state": "failed"}
        if claim.attempt >= claim.attempt_limit and not result.holds:
            return {**values, "state": "failed"}
        # trouble of the provider uses up none of a reply's tries: its age ends it
        return {
            **values,
            "state": "queued",
            "due_at": again_at,
            "attempt_limit": claim.attempt_limit + result.holds,
        }

    def _pause(self, failures: int, result: SendResult) -> timedelta:
        pause = retry.delay(max(1, failures), first=self.retry_delay, jitter=self.random())
        return max(pause, result.again_after or timedelta())

    def _clean(self, result: SendResult, msisdn: str) -> SendResult:
        """Take out of a provider's words what they may quote: credentials, the number, control characters."""
        text = without_secrets(one_line(result.text), self.secrets)
        code = without_secrets(one_line(result.code), self.secrets)
        if msisdn:
            text = text.replace(msisdn, masked(msisdn))
        # an id that echoes a credential is none; a short one may well stand in an honest id
        said_id = one_line(result.provider_id or "")
        provider_id = without_secrets(said_id, long_ones(self.secrets))[:LONGEST_ID] or None
        return replace(result, text=text[:LONGEST_ERROR], code=code[:LONGEST_CODE], provider_id=provider_id)

    def _tell(self, tried: Tried, *, held: bool) -> None:
        """Count and log what is committed now."""
        claim, result = tried.task.claim, tried.result
        self.metrics.provider_duration.labels(claim.provider).observe(tried.duration.total_seconds())
        about = {"reply": claim.message.id, "provider": claim.provider, "attempt": claim.attempt}
        if not held:
            log.warning("reply settled by somebody else meanwhile", outcome=result.outcome.value, **about)
            return
        self.metrics.replies.labels(claim.provider, result.outcome.value).inc()
        if result.outcome is SendOutcome.SENT:
            log.info("sent", msisdn=masked(claim.message.msisdn), parts=claim.parts, **about)
            return
        log.warning(
            "not sent" if result.outcome is not SendOutcome.UNKNOWN else "unknown whether it was sent",
            outcome=result.outcome.value,
            code=result.code,  # the text may quote the SMS: `mo_attempt.error` has it
            **about,
        )

    def _tell_violation(self, claim: Claim) -> None:
        shortcode = self.metrics.shortcodes.label(claim.shortcode or OTHER)
        self.metrics.opt_out_violations.labels(shortcode).inc()
        log.error("sent in spite of a STOP", reply=claim.message.id, provider=claim.provider)

    def _tell_suppressed(self, row: Row[Any], reason: str) -> None:
        self.metrics.replies.labels(row.provider, "suppressed").inc()
        log.info("suppressed", reply=row.id, provider=row.provider, reason=reason, msisdn=masked(row.msisdn))


def _in_words(result: SendResult) -> str | None:
    """Write a result in one line; a reply that was sent has nothing to say."""
    if result.outcome is SendOutcome.SENT:
        return None
    return ": ".join(part for part in (result.code, result.text) if part) or result.outcome.value
