"""Views of people: each sender on each shortcode, by a key that does not tell the number."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, or_, select, tuple_, union_all

from mo_gateway.store.functions import in_hex
from mo_gateway.store.report_tables import report_counted, report_person
from mo_gateway.store.tables import mo_message, opt_out
from mo_gateway.store.types import UtcDateTime

from .view import View, column, folded

_MESSAGE = mo_message.c
_PERSON = report_person.c
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_OPEN = report_counted.alias("open")


def _first_open(what: ColumnElement[Any]) -> ColumnElement[Any]:
    """Ask about the first date that is not closed: from then on people are not counted yet."""
    return select(func.min(what)).where(~_OPEN.c.is_closed).scalar_subquery()


_COUNTED = select(
    _PERSON.person_key,
    _PERSON.shortcode,
    _PERSON.keyword_folded,
    _PERSON.messages,
    _PERSON.first_at,
    _PERSON.last_at,
    _PERSON.last_message_id,
).where(_PERSON.local_date < _first_open(_OPEN.c.local_date))

_SINCE = select(
    in_hex(_MESSAGE.person_key),
    _MESSAGE.shortcode,
    folded(),
    literal(1),
    _MESSAGE.received_at,
    _MESSAGE.received_at,
    _MESSAGE.id,
).where(
    ~_MESSAGE.is_test,
    _MESSAGE.received_at >= func.coalesce(_first_open(_OPEN.c.starts_at), literal(_EVER, UtcDateTime())),
)

_ALL = union_all(_COUNTED, _SINCE).subquery("all_days")

_PEOPLE = (
    select(
        _ALL.c.person_key,
        _ALL.c.shortcode,
        func.min(_ALL.c.first_at).label("first_at"),
        func.max(_ALL.c.last_at).label("last_at"),
        cast(func.sum(_ALL.c.messages), BigInteger).label("messages"),
        func.count(_ALL.c.keyword_folded.distinct()).label("keywords"),
        func.max(_ALL.c.last_message_id).label("last_message_id"),
    )
    .group_by(_ALL.c.person_key, _ALL.c.shortcode)
    .subquery("people")
)

_OUT = opt_out.c
_IS_OUT = (_OUT.until.is_(None), _OUT.keyword.is_(None))
_OUT_OF_ALL = select(in_hex(_OUT.person_key)).where(*_IS_OUT, _OUT.shortcode.is_(None))
_OUT_OF_ONE = select(in_hex(_OUT.person_key), _OUT.shortcode).where(*_IS_OUT, _OUT.shortcode.is_not(None))

_KEY = column("person_key", _PEOPLE.c.person_key, "Keyed hash of the number, in hex: equal for one person.")
_SHORTCODE = column("shortcode", _PEOPLE.c.shortcode, "The number that they wrote to.")

PEOPLE = View(
    name="report_people",
    grain="shortcode × person, tests aside",
    rows=select(_PEOPLE),
    columns=(
        _KEY,
        _SHORTCODE,
        column("first_at", _PEOPLE.c.first_at, "When their first message was received."),
        column("last_at", _PEOPLE.c.last_at, "When their last message was received."),
        column("messages", _PEOPLE.c.messages, "How many there were."),
        column("keywords", _PEOPLE.c.keywords, "How many different first words they sent."),
        column(
            "opted_out",
            or_(
                _PEOPLE.c.person_key.in_(_OUT_OF_ALL),
                tuple_(_PEOPLE.c.person_key, _PEOPLE.c.shortcode).in_(_OUT_OF_ONE),
            ),
            "Whether a STOP to everything there is in force.",
        ),
    ),
    question="SELECT shortcode, first_at, last_at, messages, opted_out FROM report_people"
    " WHERE person_key = '0123456789abcdef0123456789abcdef'",
    order=("person_key", "shortcode"),
)

PEOPLE_PRIVATE = View(
    name="report_people_private",
    grain="shortcode × person, with the number; for those who may see numbers",
    rows=select(_PEOPLE).join(mo_message, _MESSAGE.id == _PEOPLE.c.last_message_id),
    columns=(
        _KEY,
        _SHORTCODE,
        column("msisdn", _MESSAGE.msisdn, "The number: digits, country code first.", is_personal=True),
        column("last_message_id", _PEOPLE.c.last_message_id, "Their last message."),
    ),
    question="SELECT msisdn FROM report_people_private WHERE person_key = '0123456789abcdef0123456789abcdef'",
    order=("person_key", "shortcode"),
    is_private=True,
)
