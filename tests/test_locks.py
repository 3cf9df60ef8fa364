"""Locks on PostgreSQL: whoever stands still with one holds up the others for a lease at most."""

from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from mo_gateway.gateway import open_gateway
from mo_gateway.store import reading, standing
from mo_gateway.store.engine import WRITABLE

from .conftest import MakeSettings


def test_who_stands_still_in_a_transaction_loses_its_locks_with_its_lease(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    settings = make_settings(postgres_url, LEASE="1")
    with (
        closing(open_gateway(settings)) as frozen,
        closing(open_gateway(settings)) as other,
        frozen.engine.connect() as asleep,
    ):
        standing.locked(asleep, "spryng")

        with other.engine.begin() as conn:
            assert standing.locked(conn, "spryng").provider == "spryng"

        with pytest.raises(OperationalError, match="idle-in-transaction"):
            asleep.execute(text("SELECT 1"))


def test_who_reads_may_take_its_time_and_is_bound_where_it_writes(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    limit = text("SHOW idle_in_transaction_session_timeout")
    with reading.opened(make_settings(postgres_url, LEASE="7")) as engine:
        limits = []
        for options in ({}, WRITABLE, {}):
            with engine.execution_options(**options).begin() as conn:
                limits.append(conn.scalar(limit))

    assert limits == ["0", "7s", "0"]
