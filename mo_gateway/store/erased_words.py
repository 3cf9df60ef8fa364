"""First words of an erased person that are no keyword: from now on they are counted with the rare ones.

A word such as a name would tell who it was. The sums of each date stay as they were.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, Table, and_, delete, func, insert, select, update

from mo_gateway import stop

from .counting import OTHER_WORDS
from .person import Person, Rows, chunks
from .report_tables import report_day, report_person, report_route, report_word
from .tables import mo_message
from .views.view import NUMBER, folded

Fields = RowMapping | dict[str, Any]

#: Of two rows that become one the later value is kept, or the earlier; all others are added up.
LATER = ("last_at", "last_message_id")
EARLIER = ("first_at", "nearest_keyword", "distance")


class Sent(NamedTuple):
    """A message of the person, as it is counted."""

    id: int
    received_at: datetime
    shortcode: str
    word: str


class Place(NamedTuple):
    """Where a word is counted."""

    local_date: date
    shortcode: str
    word: str


def sent_by(conn: Connection, found: Rows) -> list[Sent]:
    """Give the messages of a person, each with its first word as it is counted."""
    columns = (mo_message.c.id, mo_message.c.received_at, mo_message.c.shortcode, folded().label("word"))
    return [
        Sent(*row)
        for some in chunks(found[mo_message])
        for row in conn.execute(select(*columns).where(mo_message.c.id.in_(some)))
    ]


def counted_as(sent: Iterable[Sent], public: Collection[str]) -> dict[int, str]:
    """Give, by message, the word that it is counted under from now on."""
    return {one.id: one.word if one.word in public else OTHER_WORDS for one in sent}


def public_words(conn: Connection, person: Person, sent: Iterable[Sent]) -> frozenset[str]:
    """Give the words that tell nothing of who sent them: those of the routes, and a person's STOP and START."""
    of_days = select(report_person.c.keyword_folded).where(report_person.c.person_key == person.key.hex())
    own = {*(one.word for one in sent), *conn.scalars(of_days)}
    wishes = {word for word in own if stop.might_be_wish(word, "", ())}
    words = conn.scalars(select(report_route.c.keyword_folded).where(report_route.c.keyword_folded.is_not(None)))
    return frozenset({*words, *wishes, NUMBER, OTHER_WORDS})


def places(conn: Connection, person: Person, sent: Iterable[Sent], zone: ZoneInfo) -> Counter[Place]:
    """Count what a person sent where, also what is pruned since."""
    found = Counter(Place(one.received_at.astimezone(zone).date(), one.shortcode, one.word) for one in sent)
    of_person = report_person.c.person_key == person.key.hex()
    for row in conn.execute(select(report_person).where(of_person)):
        place = Place(row.local_date, row.shortcode, row.keyword_folded)
        found[place] = max(found[place], row.messages)
    return found


def take_out(conn: Connection, places: Mapping[Place, int], public: Collection[str]) -> None:
    """Count with the rare words what nobody else sent there."""
    for place, of_person in places.items():
        if place.word in public:
            continue
        day, word = report_day.c, report_word.c
        on_day = and_(
            day.local_date == place.local_date, day.shortcode == place.shortcode, day.keyword_folded == place.word
        )
        of_all = conn.scalar(select(func.coalesce(func.sum(day.messages), 0)).where(on_day)) or 0
        if of_all > of_person:
            continue
        _merge(conn, report_day, conn.execute(select(report_day).where(on_day)).mappings().all(), "keyword_folded")
        unmatched = and_(
            word.local_date == place.local_date, word.shortcode == place.shortcode, word.word == place.word
        )
        _merge(conn, report_word, conn.execute(select(report_word).where(unmatched)).mappings().all(), "word")


def _merge(conn: Connection, table: Table, rows: Sequence[RowMapping], word: str) -> None:
    """Put rows of a word to those of the rare ones."""
    for row in rows:
        conn.execute(delete(table).where(_is(table, row)))
        moved = {**row, word: OTHER_WORDS}
        there = conn.execute(select(table).where(_is(table, moved))).mappings().first()
        if there:
            conn.execute(update(table).where(_is(table, moved)).values(_sum(table, there, row)))
        else:
            conn.execute(insert(table).values(moved))


def rename_person(conn: Connection, person: Person, key: bytes, public: Collection[str]) -> None:
    """Let the days of a person be those of somebody who cannot be told."""
    of_person = report_person.c.person_key == person.key.hex()
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in conn.execute(select(report_person).where(of_person)).mappings():
        word = row["keyword_folded"] if row["keyword_folded"] in public else OTHER_WORDS
        renamed = {**row, "person_key": key.hex(), "keyword_folded": word}
        place = (row["local_date"], row["shortcode"], word)
        merged[place] = renamed | _sum(report_person, merged[place], row) if place in merged else renamed
    conn.execute(delete(report_person).where(of_person))
    if merged:
        conn.execute(insert(report_person), list(merged.values()))


def _sum(table: Table, one: Fields, other: Fields) -> dict[str, Any]:
    """Add up what two rows count."""
    return {
        column.name: _added(column.name, one[column.name], other[column.name])
        for column in table.c
        if not column.primary_key
    }


def _added(name: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    if name in LATER:
        return max(one, other)
    return min(one, other) if name in EARLIER else one + other


def _is(table: Table, row: Fields) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))
