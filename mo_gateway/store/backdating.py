"""What the database's clock has just written, moved to the moment that it is said to have happened at.

It is for the demo alone, which plays thirty days within seconds.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, bindparam, case, event, select, update

from .tables import mo_handling, mt_message, mt_provider
from .types import UtcDateTime

_AT = bindparam("moment", type_=UtcDateTime())
_HANDLED = (
    update(mo_handling)
    .where(mo_handling.c.id == bindparam("row"))
    .values(
        finished_at=case((mo_handling.c.finished_at.is_not(None), _AT)),
        due_at=case((mo_handling.c.due_at.is_not(None), _AT)),
    )
)
# Not due again, whatever its state: no reply of the demo is ever sent, also where somebody adds credentials.
_REPLY = (
    update(mt_message)
    .where(mt_message.c.id == bindparam("row"))
    .values(
        tried_at=case((mt_message.c.tried_at.is_not(None), _AT)),
        first_tried_at=case((mt_message.c.first_tried_at.is_not(None), _AT)),
        sent_at=case((mt_message.c.sent_at.is_not(None), _AT)),
        expires_at=bindparam("expires_at", type_=UtcDateTime()),
        due_at=None,
    )
)


def hurry(engine: Engine) -> None:
    """Let no commit on SQLite wait for the disk, where thousands come in a row and a power cut costs nothing.

    What commits with another engine afterwards makes all of it last. On PostgreSQL it would stay with a pooler's
    connection, and others would go on with that.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))


def handlings(conn: Connection, moments: Mapping[int, datetime]) -> None:
    """Say when handlings ended, or when those that failed are due again."""
    if moments:
        conn.execute(_HANDLED, [{"row": row, "moment": moment} for row, moment in moments.items()])


def replies(conn: Connection, moments: Mapping[int, datetime], *, max_age: timedelta) -> None:
    """Say when replies were handed over, and that nothing is to be done for them any more."""
    if moments:
        rows = [{"row": row, "moment": moment, "expires_at": moment + max_age} for row, moment in moments.items()]
        conn.execute(_REPLY, rows)


def due_replies(conn: Connection) -> dict[int, datetime]:
    """Give the replies that are to be sent, and when each was queued."""
    columns = (mt_message.c.id, mt_message.c.created_at)
    due = select(*columns).where(mt_message.c.due_at.is_not(None)).order_by(mt_message.c.id)
    return {row.id: row.created_at for row in conn.execute(due)}


def sent_parts(conn: Connection, since: datetime) -> int:
    """Count the parts that were handed over since a moment."""
    return sum(conn.scalars(select(mt_message.c.parts).where(mt_message.c.sent_at >= since)))


def parts_of_today(conn: Connection, parts: int) -> None:
    """Say how many parts the budget of today has given out, where it was counted as of all the days."""
    conn.execute(update(mt_provider).values(parts=parts, next_at=None))
