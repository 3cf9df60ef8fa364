"""Views of what came in and what became of it: messages, tries, and what is open."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from mo_gateway.store.functions import before_colon, seconds_between
from mo_gateway.store.problem_index import OF_HANDLINGS, OF_REPLIES
from mo_gateway.store.tables import mo_attempt, mo_handling, mo_message, mo_rejection, mt_message
from mo_gateway.store.types import database_now

from .view import IN_HANDS, View, column, date_of, folded, person

_MESSAGE = mo_message.c
_WORK = mo_handling.c

MESSAGES = View(
    name="report_messages",
    grain="one stored message",
    rows=select(_MESSAGE.id).select_from(IN_HANDS),
    columns=(
        column("message_id", _MESSAGE.id, "Number of the message."),
        column("provider", _MESSAGE.provider, "Who delivered it."),
        column("shortcode", _MESSAGE.shortcode, "The number that it was sent to."),
        column("country", _MESSAGE.country, "Country of the sender.", unit="ISO 3166-1 alpha-3"),
        column("operator", _MESSAGE.operator, "The sender's network; empty where not known.", unit="MCC and MNC"),
        person(_MESSAGE.person_key),
        column("keyword", _MESSAGE.keyword, "First word, as received.", is_personal=True),
        column("keyword_folded", folded(), "First word, as routing compares it; # = it may be a phone number."),
        column("parm", _MESSAGE.parm, "All text after the first word.", is_personal=True),
        column("has_text", _MESSAGE.parm != "", "Whether anything comes after the first word."),
        column("sent_at", _MESSAGE.sent_at, "When it was sent, by the provider's clock."),
        column("timestamp_raw", _MESSAGE.timestamp_raw, "The same as it came.", unit="local, YYYYMMDDhhmmss"),
        column("received_at", _MESSAGE.received_at, "When this gateway first got it."),
        column("received_local_date", date_of(_MESSAGE.received_at), "The date of that, in the configured zone."),
        column("handled_at", _WORK.finished_at, "When its handling ended; NULL while it has not."),
        column(
            "wait_seconds",
            seconds_between(_MESSAGE.received_at, _WORK.finished_at),
            "From receipt to the end of its handling.",
            unit="seconds",
        ),
        column("state", _WORK.state, "pending, done, unrouted, failed (to be tried again) or dead (given up)."),
        column("handler", _WORK.handler, "Who took it; NULL while nobody has."),
        column("attempts", _WORK.attempts, "How often its handler was tried."),
        column("deliveries", _MESSAGE.deliveries, "How often it came, the first time included."),
        column("is_test", _MESSAGE.is_test, "Whether trigger, simulate or a probe sent it."),
    ),
    question="SELECT received_at, shortcode, keyword_folded, state, wait_seconds FROM report_messages"
    " WHERE received_at >= '2026-11-22' AND received_at < '2026-11-23' ORDER BY received_at DESC LIMIT 100",
    order=("message_id",),
)


_TRY = mo_attempt.c
_REPLY = mt_message.c

ATTEMPTS = View(
    name="report_attempts",
    grain="one try of a handler, an observer or a send",
    rows=select(_TRY.id).select_from(
        mo_attempt.outerjoin(mo_handling, mo_handling.c.id == mo_attempt.c.handling_id).outerjoin(
            mt_message, mt_message.c.id == mo_attempt.c.mt_message_id
        )
    ),
    columns=(
        column("attempt_id", _TRY.id, "Number of the try."),
        column("message_id", func.coalesce(_WORK.message_id, _REPLY.message_id), "The message it was for."),
        column("reply_id", _TRY.mt_message_id, "The reply that was sent; NULL of a handler."),
        column(
            "kind",
            case((_TRY.mt_message_id.is_not(None), "send"), (_WORK.is_observer, "observer"), else_="handler"),
            "handler, observer or send.",
        ),
        column("target", func.coalesce(_WORK.handler, _REPLY.provider), "The handler, or the provider of a send."),
        column("number", _TRY.number, "Which try it was, from 1."),
        column("started_at", _TRY.started_at, "When it began."),
        column("duration_ms", _TRY.duration_ms, "How long it took.", unit="milliseconds"),
        column(
            "outcome", _TRY.outcome, "done, unrouted, failed or dead; of a send sent, failed, later or unknown."
        ),
        column(
            "error_class",
            case((_TRY.mt_message_id.is_(None), before_colon(_TRY.error)), else_=_REPLY.error_code),
            "What stands before the colon of the error; of a send, with what code the reply was last refused.",
        ),
        column("error_text", _TRY.error, "What went wrong; it may quote the message.", is_personal=True),
    ),
    question="SELECT target, outcome, error_class, count(*) AS tries FROM report_attempts"
    " WHERE started_at >= '2026-11-22' AND outcome NOT IN ('done', 'sent')"
    " GROUP BY target, outcome, error_class ORDER BY tries DESC",
    order=("attempt_id",),
)

_REJECTION = mo_rejection.c


def _handlings(since_at: ColumnElement[Any]) -> Select[Any]:
    return select(
        (literal("handling-") + cast(_WORK.id, Text)).label("problem_key"),
        case((_WORK.state == "unrouted", "unrouted"), else_="failed").label("kind"),
        _WORK.handler.label("target"),
        before_colon(_WORK.error).label("cause"),
        _WORK.message_id.label("message_id"),
        since_at.label("since_at"),
        _WORK.attempts.label("attempts"),
    )


_IS_PROBLEM = _WORK.state.in_(OF_HANDLINGS)  # in the words of the index, as those of replies below

# What is over says itself since when, so that of a hundred thousand of them no message is looked up.
_OPEN = union_all(
    _handlings(_WORK.finished_at).where(_IS_PROBLEM, _WORK.state != "failed"),
    _handlings(_MESSAGE.received_at)
    .join_from(mo_handling, mo_message)
    .where(_IS_PROBLEM, _WORK.state == "failed"),
    select(
        literal("rejection-") + cast(_REJECTION.id, Text),
        literal("unreadable"),
        _REJECTION.provider,
        cast(_REJECTION.status, Text),
        cast(null(), Integer),
        _REJECTION.received_at,
        _REJECTION.deliveries,
    ).where(_REJECTION.replayed_at.is_(None)),
    select(
        literal("reply-") + cast(_REPLY.id, Text),
        literal("reply"),
        _REPLY.provider,
        func.coalesce(_REPLY.error_code, _REPLY.state),
        _REPLY.message_id,
        func.coalesce(_REPLY.tried_at, _REPLY.created_at),
        _REPLY.attempts,
    ).where(
        _REPLY.state.in_(OF_REPLIES),
        or_(_REPLY.state == "failed", and_(_REPLY.state == "unknown", _REPLY.due_at.is_(None))),
    ),
).subquery("open")

PROBLEMS = View(
    name="report_problems",
    grain="one thing that somebody may have to do something about",
    rows=select(_OPEN),
    columns=(
        column("problem_key", _OPEN.c.problem_key, "Name of the row behind it, such as handling-12."),
        column("kind", _OPEN.c.kind, "failed, unrouted, unreadable (a rejected request) or reply."),
        column("target", _OPEN.c.target, "The handler, or the provider; NULL where nobody took it."),
        column(
            "cause",
            _OPEN.c.cause,
            "What stands before the colon of the error; the HTTP status; the provider's code or reply's state.",
        ),
        column("message_id", _OPEN.c.message_id, "The message; NULL of what is none."),
        column("since_at", _OPEN.c.since_at, "Since when."),
        column("age_seconds", seconds_between(_OPEN.c.since_at, database_now()), "How long.", unit="seconds"),
        column("attempts", _OPEN.c.attempts, "How often it was tried; of unreadable, how often it came."),
    ),
    question="SELECT kind, target, cause, count(*) AS problems, min(since_at) AS oldest_at FROM report_problems"
    " GROUP BY kind, target, cause ORDER BY problems DESC",
    order=("problem_key",),
)
