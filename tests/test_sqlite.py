"""Connections to SQLite: a lock of another program is told of as an error, and nothing breaks by it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from mo_gateway.errors import StorageError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Outcome
from mo_gateway.store import writer

from .conftest import MakeSettings
from .examples import webhook
from .handling import captured_log
from .stored import rows
from .waiting import until


@pytest.fixture
def impatient(sqlite_url: str, make_settings: MakeSettings) -> Iterator[Gateway]:
    """A gateway on SQLite that waits 0.2 s for another program."""
    gateway = open_gateway(make_settings(sqlite_url, COMMIT_DEADLINE="0.2"))
    yield gateway
    gateway.close()


@contextmanager
def locked_by_another_program(gateway: Gateway) -> Iterator[None]:
    other = sqlite3.connect(str(gateway.settings.database_url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def is_taken(gateway: Gateway, parm: str) -> bool:
    try:
        gateway.receiver.receive(gateway.spryng, webhook(PARM=parm))
    except StorageError:
        return False
    return True


def test_the_lock_of_another_program_is_an_error_that_says_so(impatient: Gateway) -> None:
    with locked_by_another_program(impatient), impatient.engine.connect() as conn:
        with pytest.raises(OperationalError, match="database is locked"):
            conn.execute(text("DELETE FROM mo_intake"))
        conn.rollback()

    until(lambda: is_taken(impatient, "after"), "a message to be taken again")


def test_the_writer_goes_on_after_it_could_not_save_its_counts(
    impatient: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ODD_JOBS_EVERY", 0.01)
    lines = captured_log(monkeypatch, writer)
    until(lambda: is_taken(impatient, "before"), "a message to be taken")

    with locked_by_another_program(impatient):
        impatient.receiver.intake.count("spryng", Outcome.REJECTED, impatient.clock())
        until(lambda: [line for line in lines if line["event"] == "counts not saved yet"], "a count to be refused")

    until(lambda: is_taken(impatient, "after"), "a message to be taken again")
    until(lambda: [row for row in rows(impatient.engine, "mo_intake") if row.outcome == "rejected"], "the count")


def test_one_statement_over_the_time_limit_is_interrupted_and_holds_up_nobody(impatient: Gateway) -> None:
    limited = impatient.engine.execution_options(mo_gateway_time_limit=timedelta(seconds=0.1))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    with limited.connect() as conn:
        with pytest.raises(OperationalError, match="interrupted"):
            conn.execute(text(endless))
        until(lambda: is_taken(impatient, "meanwhile"), "a message to be taken")
        conn.rollback()
