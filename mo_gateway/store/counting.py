"""What the reports count, read from the messages: one local date at a time, and polls.

Nothing here is carried on from an earlier count: a date is counted whole, so that what comes late, again or twice
changes nothing but that date's next count.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    select,
)

from . import opt_outs, values
from .dates import Day
from .functions import hour_of, in_hex, seconds_between
from .merge import Row
from .report_tables import report_person
from .tables import mo_handling, mo_message, mt_message, mt_report
from .views.view import IN_HANDS, folded

#: Messages of a date up to which its people are counted in one go; more are counted by parts of their keys.
MOST_AT_ONCE = 50_000

MOST_WORDS = 1000  #: first words of a date that are counted each for itself, the most frequent ones
OTHER_WORDS = "*"  #: stands for all others


class KeyRange(NamedTuple):
    """People whose keys begin with certain bytes."""

    first: int  #: the lowest first byte
    after: int  #: the first byte that is no more of it; 256 = none


class DayKey(NamedTuple):
    """What of a date is counted together."""

    shortcode: str
    keyword_folded: str
    operator: str
    is_test: bool


_FOLDED = folded()
_STATE = mo_handling.c.state
_NOTHING = {"replies_sent": 0, "replies_delivered": 0, "replies_failed": 0, "stops": 0}


def frequent_words(conn: Connection, day: Day) -> frozenset[str] | None:
    """Give the most frequent first words of a date with too many to be counted each for itself; else None.

    A service that takes codes or free text has as many words as messages; they would be rows, and memory.
    """
    counted = select(_FOLDED.label("word")).where(day.is_received_then).group_by(_FOLDED)
    found = conn.scalars(counted.order_by(func.count().desc(), _FOLDED).limit(MOST_WORDS + 1)).all()
    return None if len(found) <= MOST_WORDS else frozenset(found[:MOST_WORDS])


def day_rows(conn: Connection, day: Day, frequent: frozenset[str] | None, *, with_new_people: bool) -> list[Row]:
    """Count a date for `report_day`."""
    word = _FOLDED if frequent is None else case((_FOLDED.in_(frequent), _FOLDED), else_=OTHER_WORDS)
    found: dict[Any, Row] = {}
    nothing = {**_NOTHING, "new_people": 0 if with_new_people else None}
    for key, figures in _by_key(conn, _messages(day, word)):
        found[key] = {"local_date": day.date, **key._asdict(), **figures, **nothing}
    others = [_replies(day, word), _stops(day, word)]
    if with_new_people:
        others.append(_new_people(day, word))
    for query in others:
        for key, figures in _by_key(conn, query):
            if key in found:  # else it came since
                found[key] |= figures
    return list(found.values())


def _by_key(conn: Connection, query: Select[Any]) -> Iterator[tuple[DayKey, Row]]:
    for row in conn.execute(query).mappings():
        figures = dict(row)
        names = ("shortcode", "counted_as", "operator", "is_test")
        yield DayKey(*(figures.pop(name) for name in names)), figures


def _messages(day: Day, word: ColumnElement[str]) -> Select[Any]:
    all_of_them = func.count()
    return _grouped(
        day,
        word,
        IN_HANDS,
        all_of_them.label("messages"),
        func.sum(mo_message.c.deliveries).label("callbacks"),
        func.count(mo_message.c.person_key.distinct()).label("unique_people"),
        all_of_them.filter(_STATE == "done").label("handled"),
        all_of_them.filter(_STATE == "unrouted").label("unrouted"),
        all_of_them.filter(_STATE == "dead").label("failed"),
        all_of_them.filter(_STATE.in_(("pending", "failed"))).label("waiting"),
        func.max(mo_message.c.received_at).label("last_at"),
    )


def _replies(day: Day, word: ColumnElement[str]) -> Select[Any]:
    reply = mt_message.c
    is_delivered = exists().where(mt_report.c.mt_message_id == reply.id, mt_report.c.status == "delivered")
    return _grouped(
        day,
        word,
        mo_message.join(mt_message, reply.message_id == mo_message.c.id),
        func.count().filter(reply.state == "sent").label("replies_sent"),
        func.count().filter(reply.state == "sent", is_delivered).label("replies_delivered"),
        func.count().filter(reply.state == "failed").label("replies_failed"),
    )


def _stops(day: Day, word: ColumnElement[str]) -> Select[Any]:
    return _grouped(day, word, mo_message, func.count().label("stops")).where(opt_outs.was_stop())


def _new_people(day: Day, word: ColumnElement[str]) -> Select[Any]:
    """Count who wrote to a shortcode for the first time, each where the first message of that date is."""
    message = mo_message.c
    of_person = (message.shortcode, message.person_key)
    firsts = (
        select(
            message.id.label("id"),
            func.row_number()
            .over(partition_by=of_person, order_by=(message.received_at, message.id))
            .label("place"),
        )
        .where(day.is_received_then, ~message.is_test)
        .subquery("firsts")
    )
    seen_before = exists().where(
        report_person.c.person_key == in_hex(message.person_key),
        report_person.c.shortcode == message.shortcode,
        report_person.c.local_date < day.date,
    )
    source = mo_message.join(firsts, firsts.c.id == message.id)
    return _grouped(day, word, source, func.count().label("new_people")).where(firsts.c.place == 1, ~seen_before)


def _grouped(day: Day, word: ColumnElement[str], source: FromClause, *figures: ColumnElement[Any]) -> Select[Any]:
    message = mo_message.c
    others = (message.shortcode, message.operator, message.is_test)
    grouped = select(*others, word.label("counted_as"), *figures).select_from(source).where(day.is_received_then)
    return grouped.group_by(*others, "counted_as")  # by name: what is bound in it would be bound a second time


def hour_rows(conn: Connection, day: Day) -> list[Row]:
    """Count the hours of a date for `report_hour`."""
    hour = hour_of(mo_message.c.received_at)
    wait = seconds_between(mo_message.c.received_at, mo_handling.c.finished_at)
    query = (
        select(
            hour.label("hour_at"),
            mo_message.c.shortcode,
            func.count().label("messages"),
            func.sum(mo_message.c.deliveries).label("callbacks"),
            func.count().filter(_STATE == "done").label("handled"),
            cast(func.round(func.max(wait) * 1000), BigInteger).label("max_wait_ms"),
        )
        .select_from(IN_HANDS)
        .where(day.is_received_then, ~mo_message.c.is_test)
        .group_by(hour, mo_message.c.shortcode)
    )
    return [{"local_date": day.date, **row} for row in conn.execute(query).mappings()]


def word_rows(conn: Connection, day: Day) -> list[Row]:
    """Count the first words of a date that no handler took, for `report_word`; what is near is not known here.

    The rare ones of a date with many are one row for each shortcode, as they are in `day_rows`.
    """
    is_unrouted = (day.is_received_then, ~mo_message.c.is_test, _STATE == "unrouted")
    messages = func.count().label("messages")
    counted = select(mo_message.c.shortcode, _FOLDED.label("word"), messages).select_from(IN_HANDS)
    by_word = counted.where(*is_unrouted).group_by(mo_message.c.shortcode, _FOLDED)
    frequent = by_word.order_by(messages.desc(), mo_message.c.shortcode, _FOLDED).limit(MOST_WORDS)
    rows = [dict(row) for row in conn.execute(frequent).mappings()]
    if len(rows) == MOST_WORDS:
        rest = _unrouted(conn, is_unrouted)
        for row in rows:
            rest[row["shortcode"]] -= row["messages"]
        rows += [
            {"shortcode": one, "word": OTHER_WORDS, "messages": left} for one, left in rest.items() if left > 0
        ]
    return [{"local_date": day.date, **row} for row in rows]


def _unrouted(conn: Connection, which: Iterable[ColumnElement[bool]]) -> dict[str, int]:
    shortcode = mo_message.c.shortcode
    query = select(shortcode, func.count()).select_from(IN_HANDS).where(*which).group_by(shortcode)
    return dict(conn.execute(query).all())


def messages_of(conn: Connection, day: Day) -> int:
    """Count the messages of a date."""
    return conn.scalar(select(func.count()).select_from(mo_message).where(day.is_received_then)) or 0


def key_ranges(messages: int) -> Iterator[KeyRange]:
    """Part all people so that few enough of so many messages are in each part."""
    parts = min(256, max(1, messages // MOST_AT_ONCE))
    bounds = [part * 256 // parts for part in range(parts + 1)]
    yield from map(KeyRange, bounds, bounds[1:])


def person_rows(conn: Connection, day: Day, part: KeyRange) -> list[Row]:
    """Count the people of a date, whose keys are in a range, for `report_person`."""
    message = mo_message.c
    query = (
        select(
            in_hex(message.person_key).label("person_key"),
            message.shortcode,
            _FOLDED.label("keyword_folded"),
            func.count().label("messages"),
            func.min(message.received_at).label("first_at"),
            func.max(message.received_at).label("last_at"),
            func.max(message.id).label("last_message_id"),
        )
        .where(day.is_received_then, ~message.is_test, message.person_key >= bytes([part.first]))
        .group_by(message.person_key, message.shortcode, _FOLDED)
    )
    if part.after < 256:
        query = query.where(message.person_key < bytes([part.after]))
    return [{"local_date": day.date, **row} for row in conn.execute(query).mappings()]


def people_of(day: Day, part: KeyRange) -> ColumnElement[bool]:
    """Give the condition of the rows that `person_rows` counts."""
    key = report_person.c.person_key
    which = and_(report_person.c.local_date == day.date, key >= bytes([part.first]).hex())
    return which if part.after == 256 else and_(which, key < bytes([part.after]).hex())


def poll_rows(conn: Connection, poll: str, *, now: datetime) -> list[Row]:
    """Count a poll for `report_poll`."""
    standings: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in values.totals(conn, poll):
        standings[row["option"] or ""][row["standing"]] += row["votes"]
    senders = values.senders(conn, poll)
    return [
        {
            "poll": poll,
            "option": option,
            "votes": votes["counted"],
            "unique_people": senders.get(option, 0),
            "rejected_late": votes["late"],
            "rejected_early": votes["early"],
            "rejected_double": votes["double"],
            "unreadable": votes["unreadable"],
            "counted_at": now,
        }
        for option, votes in standings.items()
    ]
