"""A disk is full: the database's, its write-ahead log's, or that of our own log."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from tests.postgres import DURABLE, PostgresServer
from tests.postgres_programs import hand_over, open_home
from tests.running import program
from tests.waiting import until

from .answers import in_words, is_ready, started, wait_for_refusals
from .disks import full, small_disk
from .trial import Trial

pytestmark = pytest.mark.storage

SEED = 20261122


def break_and_tell(trial: Trial, url: str, disk: Path, tell: Callable[[str], None]) -> None:
    """Fill the disk up amid a trial: what does not fit is refused, and all is well once it is empty."""
    with trial.sending(url):
        trial.wait_for(50)
        with full(disk):
            wait_for_refusals(url)
        trial.broke("full disk")  # counted from its end
    tell(f"{trial.verdict()}; {in_words(trial)}")
    assert max(trial.seconds_to_next_true()) < 5


def test_the_disk_of_a_sqlite_file_is_full(tmp_path: Path, tell: Callable[[str], None]) -> None:
    with small_disk(tmp_path / "small", megabytes=8) as disk:
        path = disk / "mo-gateway.db"
        trial = Trial(tmp_path, f"sqlite:///{path}", SEED, messages=150)
        with program(tmp_path, f"sqlite:///{path}", LEASE="2", RETRY_DELAY="0.2") as gateway:
            break_and_tell(trial, started(gateway), disk, tell)
            assert "database or disk is full" in gateway.log
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_the_disk_of_postgresqls_tables_is_full(
    tmp_path: Path, durable_server: PostgresServer, tell: Callable[[str], None]
) -> None:
    folder = durable_server.folder / "small"  # where the server's account may go
    with small_disk(folder, megabytes=24) as disk:
        hand_over(disk, durable_server.home.account)
        durable_server.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        durable_server.execute("CREATE DATABASE small TABLESPACE small")
        url = durable_server.url("small")
        trial = Trial(tmp_path, url, SEED, messages=150)
        with program(tmp_path, url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
            break_and_tell(trial, started(gateway), disk, tell)
            assert "No space left on device" in gateway.log
        durable_server.drop_database("small")
        durable_server.execute("DROP TABLESPACE small")


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server whose write-ahead log has a small disk of its own."""
    server = PostgresServer(open_home(), {**DURABLE, "min_wal_size": "32MB", "max_wal_size": "32MB"})
    log = server.data / "pg_wal"
    first_files = log.rename(server.folder / "pg_wal")
    try:
        with small_disk(log, megabytes=64):
            shutil.copytree(first_files, log, dirs_exist_ok=True)
            hand_over(log, server.home.account)
            server.start()
            yield server
            server.stop("immediate")
    finally:
        server.close()


def test_the_disk_of_postgresqls_write_ahead_log_is_full(
    tmp_path: Path, server: PostgresServer, tell: Callable[[str], None]
) -> None:
    server.create_database("gateway")
    trial = Trial(tmp_path, server.url("gateway"), SEED, messages=150)
    with program(tmp_path, trial.database_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(50)
            with full(server.data / "pg_wal"):
                with suppress(psycopg.Error):  # the server may give up at that
                    server.execute("SELECT pg_switch_wal()")  # no room for the next file of the log
                wait_for_refusals(url)
                until(lambda: not server.is_running(), "PostgreSQL to give up")
            server.start()
            trial.broke("full disk of the write-ahead log")

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5


def test_the_disk_of_our_own_log_is_full_and_messages_are_taken_all_the_same(
    tmp_path: Path, empty_url: str, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, empty_url, SEED, messages=150)
    with (
        small_disk(tmp_path / "small", megabytes=1) as disk,
        program(disk, empty_url, LEASE="2", RETRY_DELAY="0.2") as gateway,
    ):
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(50)
            with full(disk):
                written = len(gateway.log)
                trial.wait_for(120)
                trial.broke("full disk of the log")
                assert len(gateway.log) < written + 4096, "the disk of the log was not full"

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert trial.answers("503") == 0
        assert is_ready(url)
