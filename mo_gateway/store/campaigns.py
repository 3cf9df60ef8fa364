"""How campaigns are going: the words of a handler on a shortcode, by date and by hour."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, select

from .functions import hour_of
from .keywords import Own
from .report_tables import report_counted, report_day, report_hour, report_route
from .tables import mo_message

MOST_MESSAGES = 50_000  #: that are looked through for the hours of a campaign, where an hour has not more

_DAY, _ROUTE = report_day.c, report_route.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """The words that one handler takes on one shortcode, or on any."""

    shortcode: str | None  #: None = any
    words: Mapping[str, str]  #: folded → as its author wrote it, the handler's first word first
    handler: str | None = None  #: None where no route has the word any more
    active_from: datetime | None = None  #: when the first of its routes begins
    active_to: datetime | None = None  #: when the last of them ends

    @property
    def name(self) -> str:
        """Its first word."""
        return next(iter(self.words.values()))

    def has_begun(self, now: datetime) -> bool:
        """Tell whether any of its routes takes messages, or has."""
        return self.active_from is None or self.active_from <= now

    def is_over(self, now: datetime) -> bool:
        """Tell whether none of its routes takes messages any more."""
        return self.active_to is not None and self.active_to <= now


def campaigns(conn: Connection, own: Own) -> list[Campaign]:
    """Give the campaigns of the routes in force; of patterns and `*` there are none."""
    query = select(report_route).where(_ROUTE.keyword_folded.is_not(None))
    if own is not None:
        query = query.where(_ROUTE.keyword_folded.in_(own))
    order = (_ROUTE.shortcode, _ROUTE.handler, _ROUTE.alias_of.is_not(None), _ROUTE.keyword, _ROUTE.terms)
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in conn.execute(query.order_by(*order)):
        found[row.shortcode, row.handler].append(row)
    made = [_campaign(rows) for rows in found.values()]
    return sorted(made, key=lambda one: (one.name.casefold(), one.shortcode or ""))


def find(conn: Connection, shortcode: str | None, word: str, own: Own) -> Campaign | None:
    """Give the campaign that has a folded word, or had; None where nobody knows of one."""
    if own is not None and word not in own:
        return None
    for one in campaigns(conn, own):
        if one.shortcode == shortcode and word in one.words:
            return one
    past = Campaign(shortcode=shortcode, words={word: word})
    is_known = conn.scalar(select(_DAY.local_date).where(_of(past)).limit(1)) is not None
    return past if is_known else None


def _campaign(rows: Sequence[Any]) -> Campaign:
    begins = [row.active_from for row in rows]
    ends = [row.active_to for row in rows]
    return Campaign(
        shortcode=rows[0].shortcode or None,
        words=_words(rows),
        handler=rows[0].handler,
        active_from=None if None in begins else min(begins),
        active_to=None if None in ends else max(ends),
    )


def _words(rows: Sequence[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        found.setdefault(row.keyword_folded, row.keyword)
    return found


def totals(conn: Connection, since: date) -> dict[tuple[str, str], RowMapping]:
    """Count the messages of dates by shortcode and folded word in force, with when the newest of them came."""
    columns = (_DAY.shortcode, _DAY.keyword_folded)
    figures = (
        func.sum(_DAY.messages).label("messages"),
        func.sum(_DAY.replies_sent).label("replies_sent"),
        func.max(_DAY.last_at).label("last_at"),
    )
    in_force = select(_ROUTE.keyword_folded).where(_ROUTE.keyword_folded.is_not(None))
    which = (_DAY.local_date >= since, ~_DAY.is_test, _DAY.keyword_folded.in_(in_force))
    query = select(*columns, *figures).where(*which).group_by(*columns)
    return {(row["shortcode"], row["keyword_folded"]): row for row in conn.execute(query).mappings()}


def total_of(campaign: Campaign, counted: Mapping[tuple[str, str], RowMapping]) -> dict[str, Any]:
    """Add up what `totals` counted for a campaign."""
    rows = [
        row
        for (shortcode, word), row in counted.items()
        if word in campaign.words and campaign.shortcode in (None, shortcode)
    ]
    return {
        "messages": sum(row["messages"] for row in rows),
        "replies_sent": sum(row["replies_sent"] for row in rows),
        "last_at": max((row["last_at"] for row in rows), default=None),
    }


def days(conn: Connection, campaign: Campaign, since: date) -> Sequence[RowMapping]:
    """Count a campaign's dates from this one on, the newest first.

    Who wrote two of its words, or by two networks, is two people of that date.
    """
    figures = ("messages", "unique_people", "new_people", "replies_sent", "replies_delivered", "replies_failed")
    query = (
        select(_DAY.local_date, *(func.sum(_DAY[name]).label(name) for name in figures))
        .where(_of(campaign), _DAY.local_date >= since)
        .group_by(_DAY.local_date)
        .order_by(_DAY.local_date.desc())
    )
    return conn.execute(query).mappings().all()


def last_at(conn: Connection, campaign: Campaign) -> datetime | None:
    """Tell when the newest message of a campaign came."""
    return conn.execute(select(func.max(_DAY.last_at)).where(_of(campaign))).scalar()


def hours(
    conn: Connection, campaign: Campaign, *, now: datetime, most: int = MOST_MESSAGES
) -> dict[datetime, int]:
    """Count a campaign's messages by the hour, up to this one: a day of hours, fewer where there are very many.

    The hours are read from the messages of all campaigns, which have an index by time alone.
    """
    wanted = list(_hours_within(conn, now=now, most=most))
    message = mo_message.c
    hour = hour_of(message.received_at)
    which = [message.received_at >= wanted[-1], ~message.is_test, message.keyword_folded.in_(campaign.words)]
    if campaign.shortcode is not None:
        which.append(message.shortcode == campaign.shortcode)
    query = select(hour.label("hour_at"), func.count().label("messages")).where(*which).group_by(hour)
    found = {row.hour_at: row.messages for row in conn.execute(query)}
    return {one: found.get(one, 0) for one in wanted}


def _hours_within(conn: Connection, *, now: datetime, most: int) -> Iterator[datetime]:
    """Give the hours before a moment, the newest first: one at least, and together with not too many messages."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    first = this_hour - timedelta(hours=23)
    hour, messages = report_hour.c.hour_at, func.sum(report_hour.c.messages)
    dates = report_hour.c.local_date >= first.date() - timedelta(days=1)  # it is first in the key
    query = select(hour, messages).where(dates, hour >= first).group_by(hour)
    counted: dict[datetime, int] = dict(conn.execute(query).all())
    seen = 0
    for before in range(24):
        one = this_hour - timedelta(hours=before)
        seen += counted.get(one, 0)
        if before and seen > most:
            return
        yield one


def counted_until(conn: Connection) -> datetime | None:
    """Tell up to which moment the newest date is counted; None where nothing is."""
    query = select(report_counted.c.counted_at).where(report_counted.c.counted_at.is_not(None))
    return conn.scalar(query.order_by(report_counted.c.local_date.desc()).limit(1))


def _of(campaign: Campaign) -> ColumnElement[bool]:
    return and_(~_DAY.is_test, *_conditions(campaign.words, campaign.shortcode))


def _conditions(words: Iterable[str], shortcode: str | None) -> Iterator[ColumnElement[bool]]:
    yield _DAY.keyword_folded.in_(list(words))
    if shortcode is not None:
        yield _DAY.shortcode == shortcode
