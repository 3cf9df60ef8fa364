"""The ledger of who wants no more, each entry with the message that proves it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from mo_gateway.message import Message

from .queue import to_message
from .tables import mo_handling, mo_message, mt_message, opt_out

#: Marks a message that was a STOP, and whose sender is erased: what is in force no longer names it.
ERASED_STOP = "stop-erased"

_EARLIER = mo_handling.alias("earlier")
_ANYTHING_NEW = select(mo_handling.c.id).where(mo_handling.c.may_be_stop).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One STOP that is entered by hand, and that no message proves."""

    person_key: bytes
    msisdn: str
    shortcode: str | None  #: None = all of them
    keyword: str | None  #: folded; None = all of them
    word: str
    since: datetime


def next_messages(conn: Connection, limit: int, *, but: Collection[int] = ()) -> list[Message]:
    """Lock the oldest message of each sender that has not been looked at yet, and give them; `but` are left out.

    Whoever waits before them in the queue does not matter. Of one sender only the first is given, so that a STOP
    and a START are recorded in the order in which they were stored.
    """
    earlier = select(_EARLIER.c.id).where(
        _EARLIER.c.may_be_stop,
        _EARLIER.c.line == mo_handling.c.line,
        _EARLIER.c.message_id < mo_handling.c.message_id,
        *([_EARLIER.c.message_id.not_in(but)] if but else []),
    )
    first = select(mo_handling.c.message_id).where(_is_new(but), ~earlier.exists())
    locked = first.order_by(mo_handling.c.message_id).limit(limit).with_for_update(skip_locked=True)
    ids = list(conn.scalars(locked))
    if not ids:
        return []
    rows = conn.execute(select(mo_message).where(mo_message.c.id.in_(ids)).order_by(mo_message.c.id))
    return [to_message(row) for row in rows]


def is_anything_new(conn: Connection, *, but: Collection[int] = ()) -> bool:
    """Tell, without a lock, whether there is a message that has not been looked at, beside those in `but`."""
    beside_them = _ANYTHING_NEW.where(mo_handling.c.message_id.not_in(but)) if but else _ANYTHING_NEW
    return conn.scalar(beside_them) is not None


def looked_at(conn: Connection, message_ids: Sequence[int]) -> None:
    """Note that these messages have been looked at."""
    of_messages = mo_handling.c.message_id.in_(message_ids)
    conn.execute(update(mo_handling).where(of_messages).values(may_be_stop=False))


def add(
    conn: Connection,
    *,
    person_key: bytes,
    msisdn: str,
    shortcode: str | None,
    keywords: Collection[str],
    word: str,
    now: datetime,
    message_id: int | None,
) -> int | None:
    """Enter a STOP, for all keywords where none is named; give its row, or None where it is in force already."""
    in_force = [row.keyword for row in conn.execute(_in_force(person_key, shortcode))]
    scopes: list[str | None] = [*sorted(keywords)] or [None]
    wanted = [scope for scope in scopes if scope not in in_force and None not in in_force]
    ids = [
        conn.scalar(
            insert(opt_out)
            .values(
                person_key=person_key,
                msisdn=msisdn,
                shortcode=shortcode,
                keyword=scope,
                word=word,
                since=now,
                message_id=message_id,
            )
            .returning(opt_out.c.id)
        )
        for scope in wanted
    ]
    return ids[0] if ids else None


def not_in_force(conn: Connection, entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what is in force already, and what comes again."""
    columns = (opt_out.c.person_key, opt_out.c.shortcode, opt_out.c.keyword)
    known = {(row.person_key, row.shortcode, row.keyword) for row in conn.execute(_standing(*columns))}
    new = []
    for entry in entries:
        scopes = {(entry.person_key, entry.shortcode, keyword) for keyword in (None, entry.keyword)}
        if not scopes & known:
            known.add((entry.person_key, entry.shortcode, entry.keyword))
            new.append(entry)
    return new


def add_all(conn: Connection, entries: Sequence[Entry]) -> None:
    """Enter many, of which none is in force."""
    if entries:
        conn.execute(insert(opt_out), [asdict(entry) for entry in entries])


def end(
    conn: Connection,
    *,
    person_key: bytes,
    shortcode: str | None,
    keywords: Collection[str],
    now: datetime,
    message_id: int | None,
) -> int | None:
    """End what is in force, of these keywords or all of it; give a row that was ended, or None.

    What a later message began stays: a message that is looked at late does not undo it.
    """
    which = [opt_out.c.person_key == person_key, opt_out.c.until.is_(None), _is_same(shortcode)]
    if message_id is not None:
        which.append(or_(opt_out.c.message_id.is_(None), opt_out.c.message_id < message_id))
    if keywords:
        which.append(opt_out.c.keyword.in_(keywords))
    ended = update(opt_out).where(*which).values(until=now, until_message_id=message_id)
    return min(conn.scalars(ended.returning(opt_out.c.id)), default=None)


def stands_against(conn: Connection, row: Row[Any]) -> bool:
    """Tell whether a reply must not go out: its person has said STOP to its shortcode, or to its keyword there.

    What answers no message has no shortcode that could be known: any STOP to everything stands against it.
    """
    is_same = or_(opt_out.c.shortcode.is_(None), opt_out.c.shortcode == (row.shortcode or row.sender))
    hit = select(opt_out.c.id).where(
        opt_out.c.person_key == row.person_key,
        opt_out.c.until.is_(None),
        true() if row.message_id is None else is_same,
        or_(opt_out.c.keyword.is_(None), opt_out.c.keyword == row.keyword),
    )
    return conn.scalar(hit.limit(1)) is not None


def stands_against_any() -> ColumnElement[bool]:
    """Ask the same of each row of `mt_message` in a query."""
    reply = mt_message.c
    return exists().where(
        opt_out.c.person_key == reply.person_key,
        opt_out.c.until.is_(None),
        or_(
            reply.message_id.is_(None),
            opt_out.c.shortcode.is_(None),
            opt_out.c.shortcode == func.coalesce(func.nullif(reply.shortcode, ""), reply.sender),
        ),
        or_(opt_out.c.keyword.is_(None), opt_out.c.keyword == reply.keyword),
    )


def was_stop() -> ColumnElement[bool]:
    """Say that a message began an opt-out."""
    is_marked = cast(mo_message.c.marks, Text).contains(f'"{ERASED_STOP}"')
    return or_(exists().where(opt_out.c.message_id == mo_message.c.id), is_marked)


def stood_against(conn: Connection, mt_message_id: int, *, before: datetime) -> bool:
    """Tell whether a STOP to everything that was recorded before a moment stands against a reply."""
    is_same = or_(
        mt_message.c.message_id.is_(None),
        opt_out.c.shortcode.is_(None),
        opt_out.c.shortcode == mt_message.c.shortcode,
    )
    hit = (
        select(opt_out.c.id)
        .join(mt_message, mt_message.c.person_key == opt_out.c.person_key)
        .where(
            mt_message.c.id == mt_message_id,
            opt_out.c.until.is_(None),
            opt_out.c.keyword.is_(None),
            opt_out.c.since < before,
            is_same,
        )
    )
    return conn.scalar(hit.limit(1)) is not None


def confirmed(conn: Connection, opt_out_id: int, now: datetime | ColumnElement[datetime]) -> None:
    """Note that a STOP's confirmation was sent; where one is noted already, it is a START's."""
    unconfirmed = and_(opt_out.c.id == opt_out_id, opt_out.c.confirmed_at.is_(None))
    conn.execute(update(opt_out).where(unconfirmed).values(confirmed_at=now))


def of_message(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give what one message began or ended."""
    which = or_(opt_out.c.message_id == message_id, opt_out.c.until_message_id == message_id)
    return conn.execute(select(opt_out).where(which).order_by(opt_out.c.id)).mappings().all()


def end_one(conn: Connection, opt_out_id: int, now: datetime) -> RowMapping | None:
    """End one entry by hand; give it as it is then, or None where it is not in force."""
    one = update(opt_out).where(opt_out.c.id == opt_out_id, opt_out.c.until.is_(None))
    return conn.execute(one.values(until=now).returning(*opt_out.c)).mappings().first()


def latest(conn: Connection, *, in_force: bool, limit: int | None) -> Sequence[RowMapping]:
    """Give entries, the newest first."""
    query = select(opt_out).order_by(opt_out.c.id.desc()).limit(limit)
    return conn.execute(query.where(opt_out.c.until.is_(None)) if in_force else query).mappings().all()


def in_force_for(conn: Connection, person_key: bytes) -> Sequence[RowMapping]:
    """Give what is in force for one person, on whatever shortcode."""
    of_person = _standing(opt_out).where(opt_out.c.person_key == person_key)
    return conn.execute(of_person.order_by(opt_out.c.id)).mappings().all()


def _is_new(but: Collection[int]) -> ColumnElement[bool]:
    return (
        and_(mo_handling.c.may_be_stop, mo_handling.c.message_id.not_in(but)) if but else mo_handling.c.may_be_stop
    )


def _standing(*what: Any) -> Select[Any]:
    return select(*what).where(opt_out.c.until.is_(None))


def _in_force(person_key: bytes, shortcode: str | None) -> Any:
    return select(opt_out.c.keyword).where(
        opt_out.c.person_key == person_key, opt_out.c.until.is_(None), _is_same(shortcode)
    )


def _is_same(shortcode: str | None) -> ColumnElement[bool]:
    return opt_out.c.shortcode.is_(None) if shortcode is None else opt_out.c.shortcode == shortcode
