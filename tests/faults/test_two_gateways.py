"""Two gateways on one PostgreSQL, started together on an empty database, and a storm of copies to both."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import engine_for
from tests.running import Program, program
from tests.stored import rows

from .trial import PACE, Trial

pytestmark = pytest.mark.faults

SEED = 20261122


def noon() -> datetime:
    """Give the same moment always: so both senders write the same TIMESTAMP."""
    return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_storm_of_copies_to_two_gateways(
    tmp_path: Path, durable_url: str, tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, durable_url, SEED, messages=400, copies=1.0, clock=noon, pace=replace(PACE, rate=None))
    with (
        program(tmp_path, durable_url) as one,
        program(tmp_path_factory.mktemp("other"), durable_url) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        urls = list(pool.map(Program.run, (one, other)))
        with trial.sending(*urls):
            trial.wait_for(1)
        copies = sum(trial.book.results.values()) - trial.messages
        trial.broke(f"storm of {copies} copies")

        tell(trial.verdict())
        assert copies > 3 * trial.messages
        assert "a part ended by itself" not in one.log + other.log

    with engine_for(durable_url) as engine:
        deliveries = [row.deliveries for row in rows(engine, "mo_message")]
    assert sum(deliveries) == trial.messages + copies
