"""Looking with a limit on time: for pages, which must not keep the database from its work."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import cast

from psycopg.errors import QueryCanceled
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from mo_gateway.errors import TooSlow

from .engine import READ_ONLY

STEPS = 100_000  # of SQLite's machine between two looks at the clock: about a millisecond


@contextmanager
def looking(engine: Engine, limit: timedelta) -> Iterator[Connection]:
    """Read from one snapshot; or raise TooSlow where that takes longer than `limit`."""
    with engine.execution_options(**READ_ONLY).begin() as conn:
        try:
            with _limited(conn, limit):
                yield conn
        except OperationalError as exc:
            if isinstance(exc.orig, QueryCanceled) or str(exc.orig) == "interrupted":
                raise TooSlow(f"the database needs more than {limit.total_seconds():g} s for this") from exc
            raise


@contextmanager
def _limited(conn: Connection, limit: timedelta) -> Iterator[None]:
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"SET LOCAL statement_timeout = {int(limit.total_seconds() * 1000)}"))
        yield
        return
    driver = cast("sqlite3.Connection", conn.connection.driver_connection)
    end = monotonic() + limit.total_seconds()
    driver.set_progress_handler(lambda: monotonic() > end, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
