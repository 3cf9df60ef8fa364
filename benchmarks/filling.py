"""Fills a database with messages that were handled long ago: millions of rows in a minute or so.

The first message goes the real way. The others are copies of its rows with the keys, numbers and times of their
own that real ones would have: one a second, up to now, of twenty words.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import urandom
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import URL, Column, Connection, create_engine, event, text

from mo_gateway.store.tables import mo_handling, mo_message

CHUNK = 500_000  # rows in a transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one database counts, and writes what is different in each copy; `n` is its number."""

    numbers: str
    digits: str  #: the provider's TIMESTAMP
    message: Mapping[str, str]
    settle: tuple[str, ...]  #: leave the tables as they would be after all that time


POSTGRESQL = Dialect(
    numbers="(SELECT n, now() - (:rows - n) * interval '1 s' AS moment"
    " FROM generate_series(CAST(:first AS bigint), :last) n)",
    digits="to_char(moment AT TIME ZONE 'Europe/Amsterdam', 'YYYYMMDDHH24MISS')",
    message={
        "dedupe_key": "decode(lpad(to_hex({digits}::bigint), 12, '0') || left(md5(n::text), 20), 'hex')",
        "msisdn": "'32' || lpad((n * 7919 % 1000000000)::text, 9, '0')",
        "person_key": "decode(md5((n * 7919 % 1000000000)::text), 'hex')",
        "keyword": "'WORD' || n % 20",
        "keyword_folded": "'word' || n % 20",
        "reference": "'FILL-' || n",
        "timestamp_raw": "{digits}",
        "sent_at": "moment",
        "received_at": "moment",
        "last_received_at": "moment",
    },
    settle=("VACUUM (ANALYZE) mo_message", "VACUUM (ANALYZE) mo_handling", "CHECKPOINT"),
)

SQLITE = Dialect(
    numbers="(WITH RECURSIVE counted(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < :last)"
    " SELECT n, strftime('%Y-%m-%d %H:%M:%f000', 'now', (n - :rows) || ' seconds') AS moment FROM counted)",
    digits="strftime('%Y%m%d%H%M%S', moment)",
    message={
        **POSTGRESQL.message,
        "dedupe_key": "timed_key({digits})",
        "msisdn": "printf('32%09d', n * 7919 % 1000000000)",
        "person_key": "randomblob(16)",
    },
    settle=("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"),
)
DIALECTS = {"postgresql": POSTGRESQL, "sqlite": SQLITE}

#: In each copy of a work item; the others are as they were put in.
HANDLED = {
    "message_id": "m.id",
    "handler": "'benchmarks.handler.do_nothing'",
    "state": "'done'",
    "attempts": "1",
    "due_at": "NULL",
    "finished_at": "m.received_at",
    "may_be_stop": "false",
}


def fill(database: URL, *, rows: int) -> None:
    """Add rows to a database that holds one message, and its work item."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    dialect = DIALECTS[engine.dialect.name]
    if dialect is SQLITE:
        event.listen(engine, "connect", _teach_keys)
    with engine.connect() as conn:
        for first in range(1, rows + 1, CHUNK):
            last = min(first + CHUNK - 1, rows)
            _copy(conn, dialect, {"first": first, "last": last, "rows": rows})
            print(f"filled {last:,} of {rows:,} rows", file=sys.stderr)
        for statement in dialect.settle:
            conn.execute(text(statement))
    engine.dispose()


def _copy(conn: Connection, dialect: Dialect, numbers: Mapping[str, int]) -> None:
    """Add some messages, and then their work items."""
    before = conn.scalar(text("SELECT max(id) FROM mo_message"))
    changed = {name: expression.format(digits=dialect.digits) for name, expression in dialect.message.items()}
    message = _copied(mo_message.c, changed)
    conn.execute(
        text(
            f"INSERT INTO mo_message ({', '.join(message)}) SELECT {', '.join(message.values())}"
            f" FROM {dialect.numbers} CROSS JOIN (SELECT * FROM mo_message ORDER BY id LIMIT 1) template"
        ),
        numbers,
    )
    handling = _copied(mo_handling.c, HANDLED)
    conn.execute(
        text(
            f"INSERT INTO mo_handling ({', '.join(handling)}) SELECT {', '.join(handling.values())}"
            " FROM mo_message m CROSS JOIN (SELECT * FROM mo_handling ORDER BY id LIMIT 1) template"
            " WHERE m.id > :before ORDER BY m.id"
        ),
        {"before": before},
    )


def _teach_keys(connection: SqliteConnection, _record: object) -> None:
    """Let SQLite make dedupe keys, which takes functions that it does not have."""
    connection.create_function("timed_key", 1, lambda digits: int(digits).to_bytes(6) + urandom(10))


def _copied(columns: Iterable[Column[Any]], changed: Mapping[str, str]) -> dict[str, str]:
    """Say for each column but the number of the row what goes into it."""
    return {
        column.name: changed.get(column.name, f"template.{column.name}")
        for column in columns
        if column.name != "id"
    }
