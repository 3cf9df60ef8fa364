"""The keywords in force, and what people send instead of them: for the page, from what the worker has counted."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, or_, select

from .report_tables import report_day, report_route, report_word
from .views.counts import OF_WORD

_ROUTE, _WORD = report_route.c, report_word.c

#: The words whose owner may see only some, folded; None = all.
Own = Collection[str] | None

#: A handler's first word stands before its aliases.
_ORDER = (
    _ROUTE.shortcode,
    func.coalesce(_ROUTE.alias_of, _ROUTE.keyword),
    _ROUTE.alias_of.is_not(None),
    _ROUTE.keyword,
    _ROUTE.terms,
)


def keywords(
    conn: Connection, *, since: date, own: Own, word: str | None, skip: int, limit: int
) -> Sequence[RowMapping]:
    """Give the routes in force, with the messages that began with their word on this date or later.

    `word` is the beginning of the folded words that are wanted.
    """
    messages = select(func.coalesce(func.sum(report_day.c.messages), 0)).where(
        OF_WORD, report_day.c.local_date >= since
    )
    last = select(func.max(report_day.c.last_at)).where(OF_WORD)
    figures = (
        messages.correlate(report_route).scalar_subquery().label("messages"),
        last.correlate(report_route).scalar_subquery().label("last_at"),
    )
    query = select(report_route, *figures).where(*_of_own(own), *_beginning_with(word))
    return conn.execute(query.order_by(*_ORDER).offset(skip).limit(limit)).mappings().all()


def written(conn: Connection, own: Own, word: str | None) -> Sequence[str]:
    """Give the words in force, as their authors wrote them, that are these when they are folded.

    `word` is the beginning of the folded words that are wanted.
    """
    query = select(_ROUTE.keyword).where(*_of_own(own), *_beginning_with(word))
    return conn.scalars(query.distinct()).all()


def near_misses(conn: Connection, *, since: date, own: Own, limit: int) -> Sequence[RowMapping]:
    """Give the words that no handler took and that are near to a keyword, the most frequent first.

    They are rows of word, shortcode, nearest_keyword, messages; a word that is a keyword by now is none of them.
    """
    is_taken = exists().where(_ROUTE.keyword_folded == _WORD.word, _ROUTE.shortcode.in_(("", _WORD.shortcode)))
    messages = func.sum(_WORD.messages).label("messages")
    columns = (_WORD.word, _WORD.shortcode, _WORD.nearest_keyword)
    query = (
        select(*columns, messages)
        .where(_WORD.local_date >= since, _meant(own), ~is_taken)
        .group_by(*columns)
        .order_by(messages.desc(), _WORD.word, _WORD.shortcode, _WORD.nearest_keyword)
    )
    return conn.execute(query.limit(limit)).mappings().all()


def of_same_handlers(conn: Connection, words: Collection[str]) -> Sequence[RowMapping]:
    """Give all routes of the handlers that take these words, which are as their authors wrote them."""
    handlers = select(_ROUTE.handler).where(_ROUTE.keyword.in_(words))
    query = select(report_route).where(_ROUTE.handler.in_(handlers)).order_by(*_ORDER)
    return conn.execute(query).mappings().all()


def _of_own(own: Own) -> list[ColumnElement[bool]]:
    return [] if own is None else [_ROUTE.keyword_folded.in_(own)]


def _beginning_with(word: str | None) -> list[ColumnElement[bool]]:
    return [] if word is None else [_ROUTE.keyword_folded.startswith(word, autoescape=True)]


def _meant(own: Own) -> ColumnElement[bool]:
    """Ask for a keyword that may have been meant, and that is still one."""
    of_route = or_(_ROUTE.shortcode == "", _ROUTE.shortcode == _WORD.shortcode)
    return exists().where(and_(_ROUTE.keyword == _WORD.nearest_keyword, of_route, *_of_own(own)))
