"""Requests counted per minute and outcome: kept in memory, added to the table every few seconds."""

import os
import socket
from collections import Counter
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection

from mo_gateway.message import Outcome

from . import tables
from .types import insert_into


class Intake:
    """The counts that are not in the table yet; safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[datetime, str, str]] = Counter()

    def count(self, provider: str, outcome: Outcome, now: datetime) -> None:
        """Note one request."""
        with self._lock:
            self._counts[now.replace(second=0, microsecond=0), provider, outcome.value] += 1

    def save(self, conn: Connection) -> Counter[tuple[datetime, str, str]]:
        """Add what was counted to the table; give it, to be forgotten once that is committed."""
        with self._lock:
            counts = self._counts.copy()
        process = f"{socket.gethostname()}:{os.getpid()}"
        rows = [
            {"minute": minute, "process": process, "provider": provider, "outcome": outcome, "n": n}
            for (minute, provider, outcome), n in counts.items()
        ]
        if rows:
            conn.execute(_adding(conn), rows)
        return counts

    def forget(self, counts: Counter[tuple[datetime, str, str]]) -> None:
        """Take off what `save` gave and a commit has made lasting."""
        with self._lock:
            self._counts -= counts


def _adding(conn: Connection) -> Any:
    insert = insert_into(conn, tables.mo_intake)
    return insert.on_conflict_do_update(
        index_elements=tables.mo_intake.primary_key.columns,
        set_={"n": tables.mo_intake.c.n + insert.excluded.n},
    )
