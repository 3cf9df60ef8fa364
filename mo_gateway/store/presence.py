"""Which workers there are, and how each stands with its routes: so that one command reaches all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, null, select, update

from .tables import mo_worker
from .types import database_now, insert_into

LOST_AFTER = 15.0  # seconds without a sign; a worker gives one every two
FORGOTTEN_AFTER = 86400.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of loading routes."""

    routes: int  #: how many are in force now
    error: str | None = None  #: why they are still the old ones


def arrive(conn: Connection, process: str, loaded: Loaded) -> None:
    """Note that a worker has begun, and forget those that nobody has heard of for a day."""
    conn.execute(delete(mo_worker).where(mo_worker.c.seen_at < database_now(-FORGOTTEN_AFTER)))
    now = database_now()
    values = {"started_at": now, "seen_at": now, "routes_loaded_at": now, "routes": loaded.routes}
    fresh = {**values, "reload_asked_at": None, "reload_error": None}
    statement = insert_into(conn, mo_worker).values(process=process, **fresh)
    conn.execute(statement.on_conflict_do_update(index_elements=["process"], set_=fresh))


def leave(conn: Connection, process: str) -> None:
    """Note that a worker is going."""
    conn.execute(delete(mo_worker).where(mo_worker.c.process == process))


def is_still_known(conn: Connection, process: str) -> bool:
    """Note that a worker is there; False where it was forgotten meanwhile, and has to arrive again."""
    seen = update(mo_worker).where(mo_worker.c.process == process).values(seen_at=database_now())
    return conn.execute(seen).rowcount == 1


def asked_to_reload_at(conn: Connection, process: str) -> datetime | None:
    """Tell when a worker was asked to load its routes anew; None where it has."""
    return conn.scalar(select(mo_worker.c.reload_asked_at).where(mo_worker.c.process == process))


def loaded(conn: Connection, process: str, loaded: Loaded, *, asked_at: datetime | None) -> None:
    """Note what became of loading routes; whoever has asked since `asked_at` still waits for it."""
    is_met = mo_worker.c.reload_asked_at == asked_at
    values: dict[str, Any] = {
        "reload_asked_at": case((is_met, null()), else_=mo_worker.c.reload_asked_at),
        "reload_error": loaded.error,
        "routes": loaded.routes,
    }
    if loaded.error is None:
        values["routes_loaded_at"] = database_now()
    conn.execute(update(mo_worker).where(mo_worker.c.process == process).values(values))


def ask_to_reload(conn: Connection) -> list[str]:
    """Ask every worker that is there to load its routes anew; give their names."""
    asked = update(mo_worker).where(_is_there()).values(reload_asked_at=database_now(), reload_error=None)
    return sorted(conn.scalars(asked.returning(mo_worker.c.process)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A worker, and how it stands with its routes."""

    process: str
    seen_at: datetime
    routes_loaded_at: datetime
    routes: int
    is_asked: bool  #: it has not loaded yet what it was asked to
    error: str | None


def workers(conn: Connection) -> Sequence[Standing]:
    """Give the workers that are there."""
    rows = conn.execute(select(mo_worker).where(_is_there()).order_by(mo_worker.c.process))
    return [
        Standing(
            process=row.process,
            seen_at=row.seen_at,
            routes_loaded_at=row.routes_loaded_at,
            routes=row.routes,
            is_asked=row.reload_asked_at is not None,
            error=row.reload_error,
        )
        for row in rows
    ]


def _is_there() -> Any:
    return mo_worker.c.seen_at > database_now(-LOST_AFTER)
