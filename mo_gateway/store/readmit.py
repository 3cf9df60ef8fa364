"""Rejections that are read again: which ones can be, and what is noted of one that has become a message."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from .selection import Filter
from .tables import mo_message, mo_rejection
from .types import database_now

#: What is kept whole, as it came: the bytes of a 413 are cut.
READABLE = (400, 415)


def count(conn: Connection, chosen: Filter, providers: Collection[str]) -> int:
    """Count the rejections that can be read again; of `chosen` only times and ids (of `mo_rejection`) matter."""
    return conn.scalar(select(func.count()).select_from(mo_rejection).where(*_open(chosen, providers))) or 0


def page(
    conn: Connection, chosen: Filter, providers: Collection[str], *, after: int, size: int
) -> Sequence[Row[Any]]:
    """Give the next rejections that can be read again, all with ids greater than `after`."""
    rejection = mo_rejection.c
    conditions = [rejection.id > after, *_open(chosen, providers)]
    return conn.execute(select(mo_rejection).where(*conditions).order_by(rejection.id).limit(size)).all()


def take_back_delivery(conn: Connection, message_id: int) -> None:
    """Undo the count of a message that was inserted again though nobody has delivered it again."""
    one_less = {"deliveries": mo_message.c.deliveries - 1}
    conn.execute(update(mo_message).where(mo_message.c.id == message_id).values(one_less))


def mark_replayed(conn: Connection, rejection_id: int, message_id: int) -> None:
    """Note which message a rejection has become."""
    conn.execute(
        update(mo_rejection)
        .where(mo_rejection.c.id == rejection_id)
        .values(replayed_at=database_now(), message_id=message_id)
    )


def _open(chosen: Filter, providers: Collection[str]) -> list[ColumnElement[bool]]:
    rejection = mo_rejection.c
    found: list[ColumnElement[bool]] = [
        rejection.provider.in_(providers),
        rejection.status.in_(READABLE),
        rejection.replayed_at.is_(None),
        rejection.raw != b"",  # else it was erased
    ]
    if chosen.since:  # it may have come many times: once in the span is enough
        found.append(rejection.last_received_at >= chosen.since)
    if chosen.until:
        found.append(rejection.received_at < chosen.until)
    if chosen.ids:
        found.append(rejection.id.in_(chosen.ids))
    return found
