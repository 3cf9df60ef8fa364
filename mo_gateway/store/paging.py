"""Messages page by page: newest first, found in parts, so that a page that takes too long shows what it has."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, RowMapping, func, select

from . import reading
from .selection import Filter, conditions
from .tables import mo_handling, mo_message

FIRST_PART = 10_000  # messages; each further part has ten times as many
GROWTH = 10

#: What is in one of these states is always due.
WAITING = frozenset({"pending", "failed"})

#: Two receivers may commit out of turn: the clock and the numbers of messages disagree by fewer than so many.
OUT_OF_TURN = 1000


def newest_first(
    conn: Connection, chosen: Filter, *, before: int | None, limit: int
) -> Iterator[Sequence[RowMapping]]:
    """Give messages with their handlings, at most `limit`, all with a lower number than `before`."""
    above = before or reading.newest_id(conn) + 1
    lowest, size = _lowest(conn, chosen), FIRST_PART
    while limit > 0 and above > lowest:
        below = max(above - size, lowest)
        found = reading.latest(conn, chosen, limit=limit, up_to=above - 1, down_to=below)
        yield found
        limit -= len(found)
        above, size = below, size * GROWTH


def count_after(conn: Connection, chosen: Filter, message_id: int, *, most: int) -> int:
    """Count the messages with a higher number, up to `most`."""
    newer = (
        select(mo_message.c.id)
        .join(mo_handling, mo_handling.c.message_id == mo_message.c.id)
        .where(mo_message.c.id > message_id, *conditions(chosen))
        .limit(most)
    )
    return conn.scalar(select(func.count(newer.subquery().c.id.distinct()))) or 0


def _lowest(conn: Connection, chosen: Filter) -> int:
    """Give a number that no message of a choice goes below, as far as an index tells."""
    if chosen.states and WAITING.issuperset(chosen.states):
        oldest = conn.scalar(select(func.min(mo_handling.c.message_id)).where(mo_handling.c.due_at.is_not(None)))
        return reading.newest_id(conn) + 1 if oldest is None else oldest
    if chosen.since is None:
        return 1
    later = select(mo_message.c.id).where(mo_message.c.received_at >= chosen.since)
    first = conn.scalar(later.order_by(mo_message.c.received_at).limit(1))
    return reading.newest_id(conn) + 1 if first is None else max(1, first - OUT_OF_TURN)
