"""The database has no time for us: no connection free, tables locked, somebody in SQLite's way."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.postgres import PostgresServer, running_server
from tests.running import program
from tests.waiting import until

from .answers import in_words, is_ready, seconds, started, wait_for_refusals
from .trial import Trial

pytestmark = pytest.mark.storage

SEED = 20261122
MOST = 40  # connections: more than the gateway itself would take
IN_TIME = 8.0  # seconds for a refusal, with a COMMIT_DEADLINE of one

SETTINGS = {"COMMIT_DEADLINE": "1", "LEASE": "2", "RETRY_DELAY": "0.2", "ALLOW_UNSAFE_DATABASE": "0"}


@pytest.fixture
def small_server() -> Iterator[PostgresServer]:
    """A server that takes few connections."""
    with running_server(durable=True, max_connections=str(MOST)) as server:
        yield server


def test_no_connection_to_postgresql_is_free(
    tmp_path: Path, small_server: PostgresServer, tell: Callable[[str], None]
) -> None:
    small_server.create_database("gateway")
    trial = Trial(tmp_path, small_server.url("gateway"), SEED, messages=150)
    with program(tmp_path, trial.database_url, **SETTINGS) as gateway:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(50)
            with all_connections_taken(small_server):
                wait_for_refusals(url, 10)
                assert not is_ready(url)
            trial.broke("all connections taken")  # counted from their release

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert seconds(trial, "503")[-1] < IN_TIME


@contextmanager
def all_connections_taken(server: PostgresServer) -> Iterator[None]:
    """Take every connection there is; whoever has one loses it."""
    with ExitStack() as taken:
        first = taken.enter_context(server.connect())
        for _ in range(MOST - 1):
            taken.enter_context(until(lambda: taken_from_others(server, first), "a connection"))
        yield


def taken_from_others(server: PostgresServer, first: psycopg.Connection[Any]) -> psycopg.Connection[Any] | None:
    """Give a new connection, or cut others off and give None."""
    try:
        return server.connect()
    except psycopg.OperationalError:
        first.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gateway'")
        return None


def test_the_table_of_messages_is_locked(
    tmp_path: Path, durable_server: PostgresServer, durable_url: str, tell: Callable[[str], None]
) -> None:
    database = str(make_url(durable_url).database)
    trial = Trial(tmp_path, durable_url, SEED, is_endless=True)
    with program(tmp_path, durable_url, **SETTINGS) as gateway, durable_server.connect(database) as administrator:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(50)
            with administrator.transaction():
                administrator.execute("LOCK TABLE mo_message IN ACCESS EXCLUSIVE MODE")
                wait_for_refusals(url, 10)
            trial.broke("LOCK TABLE")  # counted from its end
            for _ in range(3):
                trial.wait_for_more(30)
                administrator.execute("VACUUM FULL mo_message")
                trial.broke("VACUUM FULL")

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert seconds(trial, "503")[-1] < IN_TIME


def test_somebody_does_not_let_go_of_sqlites_line_of_writers(tmp_path: Path, tell: Callable[[str], None]) -> None:
    path = tmp_path / "mo-gateway.db"
    trial = Trial(tmp_path, f"sqlite:///{path}", SEED, messages=150)
    with program(tmp_path, trial.database_url, MAX_WAITING="4", **SETTINGS) as gateway:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(50)
            with Path(f"{path}.lock").open("rb") as line:
                flock(line, LOCK_EX)
                wait_for_refusals(url, 10)
                until(lambda: not is_ready(url), "the gateway to say that it is not ready")
            trial.broke("lock of the line")  # counted from its end

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert seconds(trial, "503")[-1] < IN_TIME
