"""Messages in the database of a test: put there through the real writer, read back as plain rows."""

from typing import Any

from sqlalchemy import Engine, RowMapping, text, update

from mo_gateway.gateway import Gateway
from mo_gateway.message import Outcome
from mo_gateway.store import audit
from mo_gateway.store.tables import mo_handling
from mo_gateway.store.types import database_now

from .examples import NOW, webhook


def store(gateway: Gateway, **changes: str) -> int:
    """Store the example with some fields changed, and give its number."""
    receipt = gateway.receiver.receive(gateway.spryng, webhook(now=NOW, **changes))
    assert receipt.outcome is Outcome.STORED
    return receipt.id


def store_senders(gateway: Gateway, how_many: int, **changes: str) -> list[int]:
    """Store a message of each of some senders."""
    return [store(gateway, MSISDN=f"32400{n:06}", **changes) for n in range(how_many)]


def rows(engine: Engine, table: str) -> list[Any]:
    """Give all rows of a table, in the order of its first column."""
    with engine.begin() as conn:
        return list(conn.execute(text(f"SELECT * FROM {table} ORDER BY 1")))


def audit_trail(engine: Engine) -> list[RowMapping]:
    """Give what stands in the audit trail, oldest first."""
    with engine.begin() as conn:
        return list(reversed(audit.latest(conn, limit=1000)))


def states(engine: Engine) -> list[str]:
    """Give what has become of each message, in the order stored."""
    return [row.state for row in rows(engine, "mo_handling")]


def replies(engine: Engine) -> list[str]:
    """Give the texts of all replies, in the order queued."""
    return [row.body for row in rows(engine, "mt_message")]


def make_due(engine: Engine) -> None:
    """Let everything that waits, for a pause or for the end of a lease, be due now."""
    with engine.begin() as conn:
        waiting = update(mo_handling).where(mo_handling.c.due_at.is_not(None))
        conn.execute(waiting.values(due_at=database_now(-1.0)))
