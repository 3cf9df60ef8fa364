"""Bad requests: each distinct one kept once with a count, so that it can be replayed; bounded in rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, func, select

from mo_gateway.errors import FieldError
from mo_gateway.message import Outcome, Receipt, WebhookRequest

from . import tables
from .counted import CountedTable, Row, folded, insert


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRejection:
    """A bad request that waits to be stored."""

    key: bytes
    provider: str
    request: WebhookRequest
    status: int  #: 400 fields, 413 too large, 415 media type
    errors: tuple[FieldError, ...]


TABLE = CountedTable(
    name="mo_rejection",
    columns={
        "dedupe_key": "bytea",
        "provider": "text",
        "received_at": "timestamptz",
        "last_received_at": "timestamptz",
        "deliveries": "integer",
        "method": "text",
        "content_type": "text",
        "status": "integer",
        "raw": "bytea",
        "errors": "jsonb",
        "remote_addr": "text",
        "is_test": "boolean",
    },
    refreshed=("status", "errors"),
)


def add_rejections(conn: Connection, batch: Sequence[NewRejection]) -> dict[bytes, Receipt]:
    """Store bad requests; give a receipt for each dedupe key."""
    found = insert(conn, TABLE, folded(_row(new) for new in batch))
    return {
        stored.dedupe_key: Receipt(outcome=Outcome.REJECTED, id=stored.id, deliveries=stored.deliveries)
        for stored in found
    }


def trim(conn: Connection, *, keep: int) -> int:
    """Delete what is over `keep` rows, first those that were replayed, then the oldest; give how many went."""
    table = tables.mo_rejection
    excess = (conn.scalar(select(func.count()).select_from(table)) or 0) - keep
    if excess <= 0:
        return 0
    oldest = select(table.c.id).order_by(table.c.replayed_at.is_(None), table.c.id).limit(excess)
    return conn.execute(delete(table).where(table.c.id.in_(oldest.scalar_subquery()))).rowcount


def _row(new: NewRejection) -> Row:
    request = new.request
    return {
        "dedupe_key": new.key,
        "provider": new.provider,
        "received_at": request.received_at,
        "last_received_at": request.received_at,
        "deliveries": 1,
        "method": request.method,
        "content_type": request.content_type,
        "status": new.status,
        "raw": request.raw,
        "errors": [asdict(error) for error in new.errors],
        "remote_addr": request.remote_addr,
        "is_test": request.is_test,
    }
