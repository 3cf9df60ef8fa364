"""How the provider's calls have gone lately: what came, in which way, and how far the first steps have come."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, false, func, literal, select, union_all

from .tables import mo_handling, mo_intake, mo_message, mo_rejection, mt_message

LATELY = 1000  # rows of a table: what somebody who sets a gateway up wants to see is among the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Which steps have been taken, as the newest rows say."""

    stored: bool  #: there is a message
    called: bool  #: and one that is no test
    handled: bool
    replied: bool


def latest_callbacks(conn: Connection, limit: int) -> Sequence[RowMapping]:
    """Give the requests that were stored or rejected last, newest first; a repeat is with its first one."""
    stored = _callbacks(mo_message, "stored", mo_message.c.id, limit)
    rejected = _callbacks(mo_rejection, "rejected", mo_rejection.c.message_id, limit)
    both = union_all(select(stored), select(rejected)).subquery()
    return conn.execute(select(both).order_by(both.c.received_at.desc()).limit(limit)).mappings().all()


def methods(conn: Connection) -> dict[str, int]:
    """Count by which HTTP method the newest messages came."""
    newest = _newest(mo_message, mo_message.c.method).subquery()
    query = select(newest.c.method, func.count()).group_by(newest.c.method).order_by(newest.c.method)
    return dict(conn.execute(query).all())


def outcomes(conn: Connection, since: datetime) -> Counter[str]:
    """Count the requests since a moment by what became of them."""
    query = select(mo_intake.c.outcome, func.sum(mo_intake.c.n)).where(mo_intake.c.minute >= since)
    return Counter(dict(conn.execute(query.group_by(mo_intake.c.outcome)).all()))


def reached(conn: Connection) -> Reached:
    """Tell which of the first steps have been taken."""
    message = _newest(mo_message, mo_message.c.is_test).subquery()
    handling = _newest(mo_handling, mo_handling.c.state, mo_handling.c.handler).subquery()
    reply = _newest(mt_message, mt_message.c.state).subquery()
    is_handled = (handling.c.state == "done") & handling.c.handler.is_not(None)
    return Reached(
        stored=_is_there(conn, select(message.c.is_test)),
        called=_is_there(conn, select(message.c.is_test).where(message.c.is_test == false())),
        handled=_is_there(conn, select(handling.c.state).where(is_handled)),
        replied=_is_there(conn, select(reply.c.state).where(reply.c.state == "sent")),
    )


def _callbacks(table: Table, outcome: str, message_id: Any, limit: int) -> Any:
    names = ("provider", "method", "received_at", "last_received_at", "deliveries", "remote_addr", "is_test")
    told = (literal(outcome).label("outcome"), message_id.label("message_id"))
    return select(*told, *(table.c[name] for name in names)).order_by(table.c.id.desc()).limit(limit).subquery()


def _newest(table: Table, *columns: Any) -> Select[Any]:
    return select(*columns).order_by(table.c.id.desc()).limit(LATELY)


def _is_there(conn: Connection, query: Select[Any]) -> bool:
    return conn.execute(query.limit(1)).first() is not None
