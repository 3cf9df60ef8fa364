"""Messages that came in: each stored once, with its work item, however often the provider repeats itself."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from mo_gateway import keys, stop
from mo_gateway.message import Message, Outcome, Receipt, WebhookRequest
from mo_gateway.words import fold

from .counted import CountedTable, Row, Stored, as_json, folded, insert_each, receipts, recordset


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A valid message that waits to be stored."""

    key: bytes
    message: Message
    request: WebhookRequest
    person_key: bytes
    line: int
    may_be_stop: bool  #: a worker is to look at it first, whoever waits before it


def new_message(
    message: Message, request: WebhookRequest, *, person_secret: bytes, stop_words: Collection[str]
) -> NewMessage:
    """Give a message the keys that it is stored under."""
    person = keys.person_key(person_secret, message.msisdn)
    return NewMessage(
        key=keys.message_key(message),
        message=message,
        request=request,
        person_key=person,
        line=keys.line_of(person, message.shortcode),
        may_be_stop=stop.might_be_wish(message.keyword, message.parm, stop_words),
    )


TABLE = CountedTable(
    name="mo_message",
    columns={
        "dedupe_key": "bytea",
        "provider": "text",
        "msisdn": "text",
        "person_key": "bytea",
        "keyword": "text",
        "parm": "text",
        "operator": "text",
        "operator_defaulted": "boolean",
        "shortcode": "text",
        "country": "text",
        "reference": "text",
        "timestamp_raw": "text",
        "sent_at": "timestamptz",
        "received_at": "timestamptz",
        "last_received_at": "timestamptz",
        "deliveries": "integer",
        "method": "text",
        "charset": "text",
        "raw": "bytea",
        "marks": "jsonb",
        "remote_addr": "text",
        "is_test": "boolean",
        "keyword_folded": "text",
    },
)

_GIVEN = {**TABLE.columns, "line": "bigint", "may_be_stop": "boolean"}

# Message and work item in one statement, one round trip: its price is shared by the whole batch.
_ON_POSTGRESQL = f"""
    WITH given AS (SELECT * FROM {recordset(_GIVEN)}),
    stored AS ({TABLE.on_postgresql("given")}),
    queued AS (
        INSERT INTO mo_handling (message_id, line, may_be_stop, attempt_limit, due_at)
        SELECT stored.id, given.line, given.may_be_stop, %(attempt_limit)s, now()
        FROM stored JOIN given USING (dedupe_key)
        WHERE stored.deliveries = given.deliveries
        ORDER BY stored.id
    )
    SELECT id, dedupe_key, deliveries FROM stored
"""


#: The same as the server prepares it: `$1` takes the rows, `$2` the limit.
PREPARED = _ON_POSTGRESQL.replace("%(rows)s", "$1").replace("%(attempt_limit)s", "$2::integer")


def rows_of(batch: Iterable[NewMessage]) -> list[Row]:
    """Give the rows that a batch comes to, copies folded."""
    return folded(_row(new) for new in batch)


def add_messages(conn: Connection, batch: Sequence[NewMessage], *, attempt_limit: int) -> dict[bytes, Receipt]:
    """Store messages and a work item for each new one; give a receipt for each dedupe key.

    For a key that is there already, only `deliveries` counts up. That is a write on purpose: a statement that
    wrote nothing would not wait for a synchronous standby, and TRUE would be said for what only one disk has.
    """
    rows = rows_of(batch)
    if conn.dialect.name == "postgresql":
        values = {"rows": as_json(rows), "attempt_limit": attempt_limit}
        return receipts(rows, [Stored(*row) for row in conn.exec_driver_sql(_ON_POSTGRESQL, values)])
    given = {row["dedupe_key"]: row for row in rows}
    found = receipts(rows, insert_each(conn, TABLE, rows))
    new_ones = [(receipt.id, given[key]) for key, receipt in found.items() if receipt.outcome is Outcome.STORED]
    _queue_on_sqlite(conn, new_ones, attempt_limit)
    return found


def _queue_on_sqlite(conn: Connection, new_ones: list[tuple[int, Row]], attempt_limit: int) -> None:
    if new_ones:
        conn.exec_driver_sql(
            "INSERT INTO mo_handling (message_id, line, may_be_stop, attempt_limit, due_at)"
            " VALUES (?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f000', 'now'))",
            [(message_id, row["line"], row["may_be_stop"], attempt_limit) for message_id, row in new_ones],
        )


def _row(new: NewMessage) -> Row:
    message, request = new.message, new.request
    return {
        "dedupe_key": new.key,
        "provider": message.provider,
        "msisdn": message.msisdn,
        "person_key": new.person_key,
        "keyword": message.keyword,
        "parm": message.parm,
        "operator": message.operator,
        "operator_defaulted": message.operator_defaulted,
        "shortcode": message.shortcode,
        "country": message.country,
        "reference": message.reference,
        "timestamp_raw": message.timestamp_raw,
        "sent_at": message.sent_at,
        "received_at": message.received_at,
        "last_received_at": message.received_at,
        "deliveries": 1,
        "method": request.method,
        "charset": message.charset,
        "raw": request.raw,
        "marks": list(message.marks),
        "remote_addr": request.remote_addr,
        "is_test": message.is_test,
        "keyword_folded": fold(message.keyword),
        "line": new.line,
        "may_be_stop": new.may_be_stop,
    }
