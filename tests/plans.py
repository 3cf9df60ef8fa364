"""How a database means to find what it is asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from mo_gateway.gateway import Gateway


@contextmanager
def explained(gateway: Gateway, verb: str = "") -> Iterator[list[str]]:
    """Give the plan of each statement meanwhile that begins so, a line each step.

    PostgreSQL would rather read small tables whole, so it is kept from that.
    """
    steps: list[str] = []
    is_sqlite = gateway.settings.is_sqlite

    def explain(conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(verb):
            return
        other = conn.connection.cursor()
        if not is_sqlite:
            other.execute("SET LOCAL enable_seqscan = off")
        other.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters)
        steps.extend(str(row) for row in other.fetchall())

    event.listen(gateway.engine, "before_cursor_execute", explain)
    try:
        yield steps
    finally:
        event.remove(gateway.engine, "before_cursor_execute", explain)


def scans(steps: list[str]) -> list[str]:
    """Give the steps that read a whole table of messages, their work or replies."""
    whole = r"SCAN (mo_message|mo_handling|mt_message)\b(?!.* USING )|Seq Scan on (mo_|mt_)(message|handling)\b"
    return [step for step in steps if re.search(whole, step)]
