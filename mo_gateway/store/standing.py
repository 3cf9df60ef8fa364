"""How the sending by each provider stands: paused, held after trouble, how fast, how much today.

Each claim of a reply locks the rows of its provider and of all of them together (`*`), so that rate, budget and
pause hold over any number of processes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, update

from .tables import mt_provider
from .types import database_now, insert_into

ALL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one provider stands at this moment."""

    provider: str
    now: datetime  #: by the database's clock
    is_paused: bool
    held_until: datetime | None
    next_at: datetime | None
    failures: int
    error: str | None  #: what the last trouble was
    day: str | None  #: what `parts` counts, of all providers
    parts: int

    @property
    def is_held(self) -> bool:
        """Tell whether the provider is in trouble, and it is not time yet to try it again."""
        return self.held_until is not None and self.held_until > self.now

    def parts_on(self, day: str) -> int:
        """Give how many parts were handed over on a day, by all providers."""
        return self.parts if self.day == day else 0

    def wait(self) -> timedelta:
        """Say how long nothing may be sent; nothing where it may be now."""
        until = max((moment for moment in (self.held_until, self.next_at) if moment), default=self.now)
        return max(until - self.now, timedelta())


def locked(conn: Connection, provider: str) -> Standing:
    """Lock the rows of a provider and give how it stands."""
    found = {row.provider: row for row in conn.execute(_rows(provider).with_for_update())}
    if len(found) < 2:
        _make(conn, provider)
        found = {row.provider: row for row in conn.execute(_rows(provider).with_for_update())}
    own, common = found[provider], found[ALL]
    return Standing(
        provider=provider,
        now=own.now,
        is_paused=bool(own.paused_at or common.paused_at),
        held_until=own.held_until,
        next_at=own.next_at,
        failures=own.failures,
        error=own.error,
        day=common.day,
        parts=common.parts,
    )


def used(conn: Connection, standing: Standing, *, parts: int, day: str, pause: timedelta) -> None:
    """Note that so many parts are handed over, and that the next call may be made after `pause`."""
    next_at = max(standing.now, standing.next_at or standing.now) + pause
    conn.execute(_of(standing.provider).values(next_at=next_at))
    conn.execute(_of(ALL).values(day=day, parts=standing.parts_on(day) + parts))


def given_back(conn: Connection, *, parts: int, day: str) -> None:
    """Take back from a day what was counted for a try that sent nothing."""
    conn.execute(_of(ALL).where(mt_provider.c.day == day).values(parts=mt_provider.c.parts - parts))


def hold(
    conn: Connection,
    standing: Standing,
    *,
    failures: int,
    pause: timedelta,
    error: str | None,
    is_anew: bool = False,
) -> None:
    """Hold a provider's whole queue back after trouble of its own; `is_anew` where it was held for a probe."""
    until = standing.now + pause
    if standing.held_until and not is_anew:
        until = max(until, standing.held_until)
    conn.execute(_of(standing.provider).values(failures=failures, held_until=until, error=error))


def is_well(conn: Connection, standing: Standing) -> None:
    """Note that the provider answers as it should."""
    if standing.failures:
        conn.execute(_of(standing.provider).values(failures=0, held_until=None, error=None))


def set_paused(conn: Connection, provider: str, *, paused: bool) -> None:
    """Pause the replies of a provider, or of all of them (`*`), or let them go on: at once, whatever held them."""
    _make(conn, provider)
    conn.execute(_of(provider).values(paused_at=database_now() if paused else None))
    if not paused:
        held = update(mt_provider).values(failures=0, held_until=None, error=None)
        conn.execute(held if provider == ALL else held.where(mt_provider.c.provider == provider))


def of_all(conn: Connection) -> list[RowMapping]:
    """Give every row, to look at."""
    return list(conn.execute(select(mt_provider).order_by(mt_provider.c.provider)).mappings())


def _rows(provider: str) -> Select[Any]:
    rows = select(mt_provider, database_now().label("now")).where(mt_provider.c.provider.in_((ALL, provider)))
    return rows.order_by(mt_provider.c.provider)  # locked in one order by everybody


def _of(provider: str) -> Any:
    return update(mt_provider).where(mt_provider.c.provider == provider)


def _make(conn: Connection, provider: str) -> None:
    rows = [{"provider": name} for name in sorted({ALL, provider})]
    conn.execute(insert_into(conn, mt_provider).on_conflict_do_nothing(), rows)
