"""The disk fails or is slow: what it did not confirm is not acknowledged, and nothing is lost."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.postgres import PostgresServer
from tests.running import Program, program
from tests.waiting import until

from .answers import in_words, is_ready, started, wait_for_refusals
from .strace import injected
from .test_database_crashes import backends
from .trial import Trial

pytestmark = pytest.mark.storage

SEED = 20261122


#: Calls that fail now and then, and how.
REFUSALS = (
    ("fdatasync", "error=EIO:when=2+2"),
    ("pwrite64", "error=EIO:when=5+9"),
    ("pwrite64", "error=ENOSPC:when=5+9"),
)


def test_the_disk_refuses_what_sqlite_asks(tmp_path: Path, tell: Callable[[str], None]) -> None:
    path = tmp_path / "mo-gateway.db"
    trial = Trial(tmp_path, f"sqlite:///{path}", SEED, is_endless=True)
    with program(tmp_path, f"sqlite:///{path}", LEASE="2", RETRY_DELAY="0.2") as gateway:
        url = started(gateway)
        with trial.sending(url):
            for calls, fault in REFUSALS:
                trial.wait_for_more(20)
                with injected(gateway.family(), calls, fault):
                    wait_for_refusals(url)
                trial.broke(f"{calls} {fault}")  # counted from its end

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert "disk I/O error" in gateway.log
        assert "disk is full" in gateway.log
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_disk_refuses_to_sync_what_postgresql_has_written(
    tmp_path: Path, durable_server: PostgresServer, durable_url: str, tell: Callable[[str], None]
) -> None:
    dice = random.Random(SEED)
    trial = Trial(tmp_path, durable_url, SEED, is_endless=True)
    panics = durable_server.log.read_text().count("PANIC")
    with program(tmp_path, durable_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = started(gateway)
        with trial.sending(url):
            for n in range(3):
                trial.wait_for_more(dice.randint(10, 40))
                victims = until(lambda: backends(durable_server), "a connection of the gateway")
                with injected(victims, "fdatasync", "error=EIO:when=2"):
                    wait_for_panics(durable_server, panics + n + 1)
                trial.broke("EIO")

        tell(trial.verdict())
        assert max(trial.seconds_to_next_true()) < 10  # with PostgreSQL's recovery


def wait_for_panics(server: PostgresServer, how_many: int) -> None:
    """PostgreSQL does not trust a file again whose fsync has failed: it stops, and recovers from its log."""
    until(lambda: server.log.read_text().count("PANIC") >= how_many, "PostgreSQL to panic")


def test_a_disk_that_is_slow_costs_time_and_one_that_is_too_slow_is_said_so(
    tmp_path: Path, empty_url: str, durable_server: PostgresServer, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, empty_url, SEED, messages=100)
    with program(
        tmp_path, empty_url, COMMIT_DEADLINE="1", MAX_WAITING="4", LEASE="2", RETRY_DELAY="0.2"
    ) as gateway:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(20)
            with injected(writers(gateway, empty_url, durable_server), "fdatasync", "delay_enter=200000"):
                trial.wait_for(60)
                trial.broke("fdatasync takes 0.2 s")
            with injected(writers(gateway, empty_url, durable_server), "fdatasync", "delay_enter=3000000"):
                wait_for_refusals(url)
                until(lambda: not is_ready(url), "the gateway to say that it is not ready")
                trial.broke("fdatasync takes 3 s")
            until(lambda: is_ready(url), "the gateway to be ready again")

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert "requests wait for the database already" in gateway.log


def writers(gateway: Program, url: str, server: PostgresServer) -> set[int]:
    """Give all processes that write to the gateway's database."""
    if url.startswith("sqlite"):
        return gateway.family()
    return server.processes()
