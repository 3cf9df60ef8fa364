"""What counting anew changes in the tables of the reports; it is read here, and written by the tally."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Engine, true

from mo_gateway.nearness import nearest
from mo_gateway.plugin import ANY_WORD
from mo_gateway.routing import Route, Routes
from mo_gateway.store import counting, merge
from mo_gateway.store.dates import Day
from mo_gateway.store.merge import Changes, Row
from mo_gateway.store.report_tables import (
    report_day,
    report_hour,
    report_person,
    report_poll,
    report_route,
    report_word,
)
from mo_gateway.words import fold


def of_people(looking: Engine, day: Day) -> Iterator[Changes]:
    """Count the people of a date, part by part."""
    with looking.begin() as conn:
        messages = counting.messages_of(conn, day)
    for part in counting.key_ranges(messages):
        with looking.begin() as conn:
            rows = counting.person_rows(conn, day, part)
            changes = merge.changes(conn, report_person, counting.people_of(day, part), rows)
        yield changes  # in no transaction: to write them takes its time


def of_date(looking: Engine, day: Day, routes: Routes, *, with_new_people: bool) -> list[Changes]:
    """Count the messages, the hours and the words of a date."""
    with looking.begin() as conn:
        frequent = counting.frequent_words(conn, day)
        if frequent is not None:  # a keyword has a row of its own, however rare it is
            frequent |= _words_of(routes)
        rows = counting.day_rows(conn, day, frequent, with_new_people=with_new_people)
        days = merge.changes(conn, report_day, report_day.c.local_date == day.date, rows)
        hours = counting.hour_rows(conn, day)
        hours_changed = merge.changes(conn, report_hour, report_hour.c.local_date == day.date, hours)
        words = counting.word_rows(conn, day)
    named = list(_with_nearest(words, routes))  # in no transaction: it takes its time
    with looking.begin() as conn:
        words_changed = merge.changes(conn, report_word, report_word.c.local_date == day.date, named)
    return [days, hours_changed, words_changed]


def of_routes(looking: Engine, routes: Routes) -> Changes:
    """Write down the routes that are in force."""
    rows = {(row["shortcode"], row["keyword"], row["terms"]): row for row in map(_route_row, routes)}
    with looking.begin() as conn:
        return merge.changes(conn, report_route, true(), rows.values())


def of_poll(looking: Engine, poll: str, *, now: datetime) -> Changes:
    """Count a poll."""
    with looking.begin() as conn:
        rows = counting.poll_rows(conn, poll, now=now)
        return merge.changes(conn, report_poll, report_poll.c.poll == poll, rows)


def _with_nearest(rows: Iterable[Row], routes: Routes) -> Iterator[Row]:
    keywords: dict[str, frozenset[str]] = {}  # by shortcode: to look through many routes takes its time
    for row in rows:
        shortcode = row["shortcode"]
        if shortcode not in keywords:
            keywords[shortcode] = routes.plain_words(shortcode)
        keyword, letters = nearest(keywords[shortcode], row["word"])
        yield {**row, "nearest_keyword": keyword, "distance": letters}


def _words_of(routes: Routes) -> frozenset[str]:
    return frozenset(word for row in map(_route_row, routes) if (word := row["keyword_folded"]))


def _route_row(route: Route) -> Row:
    keyword, first = route.keyword, route.handler.keywords[0]
    is_one_word = not keyword.is_pattern and keyword.word != ANY_WORD
    return {
        "shortcode": keyword.shortcode or "",
        "keyword": route.word,
        "terms": route.terms_in_words,
        "keyword_folded": fold(keyword.word) if is_one_word else None,
        "handler": route.handler.name,
        "alias_of": None if keyword.word == first.word else first.word,
        "source": route.handler.place,
        "active_from": keyword.terms.since,
        "active_to": keyword.terms.until,
    }
