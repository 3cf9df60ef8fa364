"""The host's clock jumps while the database's does not, and the nights and days on which the calendar does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, Engine, Table, func, select

from mo_gateway.gateway.clock import utc_now
from mo_gateway.store.tables import mo_attempt, mo_message
from tests.conftest import engine_for
from tests.running import program
from tests.waiting import until

from .host_clock import HostClock
from .trial import PACE, Trial

pytestmark = pytest.mark.faults

SEED = 20261127
HOUR = timedelta(hours=1)
JUMPS = (HOUR, -24 * HOUR, timedelta(0))
#: The hour that comes twice, the one that is left out, and the day that most years don't have.
NIGHTS = (
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 0, 30, tzinfo=UTC),
)


def test_the_hosts_clock_jumps(tmp_path: Path, empty_url: str, tell: Callable[[str], None]) -> None:
    clock = HostClock(tmp_path / "clock")
    trial = Trial(tmp_path, empty_url, SEED, is_endless=True, pace=replace(PACE, rate=40.0))
    with engine_for(empty_url) as engine, program(tmp_path, empty_url, LEASE="10") as gateway:
        gateway.others = clock.variables
        with trial.sending(gateway.run()):
            trial.wait_for(50)
            for jump in JUMPS:
                clock.set_wrong(jump)
                trial.broke(f"host's clock wrong by {jump / HOUR:g} h")
                wait_for_messages(engine, later_by=jump)
        figures = trial.verdict()

        tell(f"{figures}; {second_tries(engine)} leases ended too early")
        assert second_tries(engine) == 0


def second_tries(engine: Engine) -> int:
    return count(engine, mo_attempt, mo_attempt.c.number > 1)


def count(engine: Engine, table: Table, condition: ColumnElement[bool]) -> int:
    with engine.connect() as conn:
        return conn.scalar(select(func.count()).select_from(table).where(condition)) or 0


def wait_for_messages(engine: Engine, *, later_by: timedelta) -> None:
    """Wait until 50 more messages were stored by a clock that is wrong by so much."""
    now = mo_message.c.received_at.between(utc_now() + later_by, utc_now() + later_by + HOUR / 2)
    until(lambda: count(engine, mo_message, now) >= 50, f"the gateway to see {later_by / HOUR:g} h", within=60)


def test_nights_on_which_the_calendar_jumps(tmp_path: Path, sqlite_url: str, tell: Callable[[str], None]) -> None:
    with program(tmp_path, sqlite_url) as gateway:
        url = gateway.run()
        for night in NIGHTS:
            late = night - utc_now()
            trial = Trial(tmp_path, sqlite_url, SEED, messages=100, clock=lambda late=late: utc_now() + late)  # type: ignore[misc]
            trial.plan = replace(trial.plan, spread=timedelta(hours=2))
            with trial.sending(url):
                trial.wait_for(10)
                trial.broke("night on which the calendar jumps")
            tell(trial.verdict())

    with engine_for(sqlite_url) as engine, engine.connect() as conn:
        rows = conn.execute(select(mo_message.c.sent_at, mo_message.c.marks)).all()
    assert {mark for row in rows for mark in row.marks} == {"clock-repeated"}
    for night, ours in zip(NIGHTS, (rows[:100], rows[100:200], rows[200:]), strict=True):
        assert all(night - 3 * HOUR <= row.sent_at <= night + HOUR for row in ours)
