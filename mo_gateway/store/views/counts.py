"""Views of counts: by date, by hour, by word. They read what the worker has counted, and cost milliseconds."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, and_, case, cast, func, or_, select

from mo_gateway.store.functions import hour_of
from mo_gateway.store.report_tables import report_counted, report_day, report_hour, report_route, report_word
from mo_gateway.store.tables import mo_intake

from .view import View, column

_DAY = report_day.c
_COUNTED = report_counted.c
_COUNTED_AT = column("counted_at", _COUNTED.counted_at, "What was there at that moment is counted here.")

DAILY = View(
    name="report_daily",
    grain="local date × shortcode × keyword × operator × is_test",
    rows=select(_DAY.local_date).select_from(
        report_day.join(report_counted, _COUNTED.local_date == _DAY.local_date)
    ),
    columns=(
        column("local_date", _DAY.local_date, "The date of receipt, in the configured zone."),
        column("shortcode", _DAY.shortcode, "The number that was written to."),
        column(
            "keyword",
            _DAY.keyword_folded,
            "First word, as routing compares it; # = like a phone number, * = rare ones.",
        ),
        column("operator", _DAY.operator, "The senders' network; empty where not known.", unit="MCC and MNC"),
        column("is_test", _DAY.is_test, "Whether trigger, simulate or a probe sent them."),
        column("messages", _DAY.messages, "Messages stored: handled + unrouted + failed + waiting."),
        column("callbacks", _DAY.callbacks, "How often they came, the provider's repeats included."),
        column("unique_people", _DAY.unique_people, "Different senders; not to be added up over rows."),
        column(
            "new_people",
            _DAY.new_people,
            "Whose first message to this shortcode is here; NULL until the date is closed.",
        ),
        column("handled", _DAY.handled, "Messages that a handler has done."),
        column("unrouted", _DAY.unrouted, "Messages that no handler took."),
        column("failed", _DAY.failed, "Messages given up: their state is dead."),
        column("waiting", _DAY.waiting, "Messages to be handled, or to be tried again: pending or failed."),
        column("replies_sent", _DAY.replies_sent, "Replies to them that a provider took."),
        column("replies_delivered", _DAY.replies_delivered, "Of these, reported as delivered."),
        column(
            "replies_failed", _DAY.replies_failed, "Replies to them that were given up; suppressed ones aside."
        ),
        column("stops", _DAY.stops, "Messages that were a STOP."),
        column("last_message_at", _DAY.last_at, "When the newest of them was received."),
        _COUNTED_AT,
    ),
    question="SELECT local_date, sum(messages) AS messages, sum(handled) AS handled FROM report_daily"
    " WHERE NOT is_test AND local_date >= '2026-11-01' GROUP BY local_date ORDER BY local_date",
    order=("local_date", "shortcode", "keyword", "operator", "is_test"),
)

_HOUR = report_hour.c

HOURLY = View(
    name="report_hourly",
    grain="UTC hour × shortcode, tests aside",
    rows=select(_HOUR.hour_at)
    .select_from(report_hour.join(report_counted, _COUNTED.local_date == _HOUR.local_date))
    .group_by(_HOUR.hour_at, _HOUR.shortcode),
    columns=(
        column("hour_at", _HOUR.hour_at, "When the hour began."),
        column("shortcode", _HOUR.shortcode, "The number that was written to."),
        column("messages", cast(func.sum(_HOUR.messages), BigInteger), "Messages stored."),
        column(
            "callbacks", cast(func.sum(_HOUR.callbacks), BigInteger), "How often these came, whenever that was."
        ),
        column(
            "redeliveries",
            cast(func.sum(_HOUR.callbacks - _HOUR.messages), BigInteger),
            "The repeats among those.",
        ),
        column(
            "handled",
            cast(func.sum(_HOUR.handled), BigInteger),
            "Of these messages, those that a handler has done.",
        ),
        column(
            "max_wait_seconds",
            cast(func.max(_HOUR.max_wait_ms) / 1000.0, Float),
            "Longest from receipt to handled.",
            unit="seconds",
        ),
        column("counted_at", func.min(_COUNTED.counted_at), "What was there at that moment is counted here."),
    ),
    question="SELECT hour_at, messages, redeliveries, max_wait_seconds FROM report_hourly"
    " WHERE shortcode = '4414' AND hour_at >= '2026-11-22' ORDER BY hour_at",
    order=("hour_at", "shortcode"),
)

_INTAKE = mo_intake.c
_INTAKE_HOUR = hour_of(_INTAKE.minute)


def _requests(*outcomes: str) -> ColumnElement[Any]:
    return cast(func.sum(case((_INTAKE.outcome.in_(outcomes), _INTAKE.n), else_=0)), BigInteger)


INTAKE = View(
    name="report_intake",
    grain="UTC hour × provider",
    rows=select(_INTAKE_HOUR).group_by(_INTAKE_HOUR, _INTAKE.provider),
    columns=(
        column("hour_at", _INTAKE_HOUR, "When the hour began."),
        column("provider", _INTAKE.provider, "Who sent the requests."),
        column(
            "callbacks",
            _requests("stored", "duplicate", "rejected"),
            "Requests that were answered for good: stored + duplicates + rejected.",
        ),
        column("stored", _requests("stored"), "New messages."),
        column("duplicates", _requests("duplicate"), "Repeats of what was stored before."),
        column("rejected", _requests("rejected"), "Bad requests, kept."),
        column("refused", _requests("refused"), "Requests that could not be stored; the provider repeats them."),
    ),
    question="SELECT hour_at, callbacks, stored, duplicates, rejected, refused FROM report_intake"
    " WHERE hour_at >= '2026-11-22' ORDER BY hour_at",
    order=("hour_at", "provider"),
)

_ROUTE = report_route.c

#: A date's counts of the word of a route, on its shortcode or on any; tests aside.
OF_WORD = and_(
    _DAY.keyword_folded == _ROUTE.keyword_folded,
    or_(_ROUTE.shortcode == "", _DAY.shortcode == _ROUTE.shortcode),
    ~_DAY.is_test,
)


def _of_its_word(what: ColumnElement[Any]) -> ColumnElement[Any]:
    """Ask the dates about the word of a route; nothing where it has no one word."""
    found = select(what).where(OF_WORD).correlate(report_route).scalar_subquery()
    return case((_ROUTE.keyword_folded.is_not(None), found))


KEYWORDS = View(
    name="report_keywords",
    grain="shortcode × keyword or alias × terms, of the routes of the worker that counted last",
    rows=select(report_route),
    columns=(
        column(
            "shortcode",
            case((_ROUTE.shortcode != "", _ROUTE.shortcode)),
            "Where it is taken; NULL = on any shortcode.",
        ),
        column("keyword", _ROUTE.keyword, "The word as its author wrote it; a pattern between slashes."),
        column("alias_of", _ROUTE.alias_of, "The handler's first word, where this is another one."),
        column("terms", _ROUTE.terms, "What else a message must be like; empty = nothing."),
        column("handler", _ROUTE.handler, "Who takes it."),
        column("source", _ROUTE.source, "File and line."),
        column("active_from", _ROUTE.active_from, "It takes what was sent then or later; NULL = always."),
        column("active_to", _ROUTE.active_to, "It takes what was sent before; NULL = always."),
        column(
            "messages_total",
            _of_its_word(func.coalesce(cast(func.sum(_DAY.messages), BigInteger), 0)),
            "Messages with this first word there, whoever took them; NULL of a pattern and of *.",
        ),
        column("last_message_at", _of_its_word(func.max(_DAY.last_at)), "When the newest was received."),
    ),
    question="SELECT shortcode, keyword, handler, messages_total, last_message_at FROM report_keywords"
    " ORDER BY messages_total DESC",
    order=("shortcode", "keyword", "terms"),
)

_WORD = report_word.c

UNMATCHED = View(
    name="report_unmatched",
    grain="local date × shortcode × first word, of messages that no handler took, tests aside",
    rows=select(report_word),
    columns=(
        column("local_date", _WORD.local_date, "The date of receipt, in the configured zone."),
        column("shortcode", _WORD.shortcode, "The number that was written to."),
        column("word", _WORD.word, "First word, as routing compares it; # = it may be a phone number."),
        column("messages", _WORD.messages, "Messages with it."),
        column("nearest_keyword", _WORD.nearest_keyword, "The keyword that may have been meant."),
        column("distance", _WORD.distance, "How many letters it is away.", unit="letters"),
    ),
    question="SELECT word, nearest_keyword, sum(messages) AS messages FROM report_unmatched"
    " WHERE local_date >= '2026-11-01' GROUP BY word, nearest_keyword ORDER BY messages DESC LIMIT 50",
    order=("local_date", "shortcode", "word"),
)
