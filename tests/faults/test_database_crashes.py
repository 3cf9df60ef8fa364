"""The database is stopped, its processes are killed, its file is locked, while messages come in."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PostgresServer
from tests.running import program
from tests.waiting import until

from .trial import Trial

pytestmark = pytest.mark.storage

SEED = 20261122

#: Holds a SQLite file's lock from the line that it prints to the line that it reads.
LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


def test_postgresql_stops_at_once_and_comes_back(
    tmp_path: Path, durable_server: PostgresServer, durable_url: str, tell: Callable[[str], None]
) -> None:
    dice = random.Random(SEED)
    trial = Trial(tmp_path, durable_url, SEED, is_endless=True)
    with program(tmp_path, durable_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = gateway.run()
        with trial.sending(url):
            for _ in range(4):
                trial.wait_for_more(dice.randint(20, 80))
                refused = trial.answers("503")
                durable_server.stop("immediate")
                trial.wait_for_answers("503", refused + 1)
                durable_server.start()
                trial.broke("stop immediate")  # counted from its return

        tell(trial.verdict())
        assert max(trial.seconds_to_next_true()) < 5
        assert "a part ended by itself" not in gateway.log


def test_one_process_of_postgresql_is_killed(
    tmp_path: Path, durable_server: PostgresServer, durable_url: str, tell: Callable[[str], None]
) -> None:
    dice = random.Random(SEED)
    trial = Trial(tmp_path, durable_url, SEED, is_endless=True)
    with program(tmp_path, durable_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = gateway.run()
        with trial.sending(url):
            for n in range(8):
                trial.wait_for_more(dice.randint(20, 40))
                end = terminated if n % 2 else killed
                until(partial(one_ended, durable_server, dice, end), "a connection of the gateway")
                trial.broke("pg_terminate_backend" if n % 2 else "kill -9 of a backend")

        tell(trial.verdict())
        assert "a part ended by itself" not in gateway.log


def one_ended(server: PostgresServer, dice: random.Random, end: Callable[[PostgresServer, int], bool]) -> bool:
    """End a process that works for a gateway; False where there is none, or it ended by itself before."""
    victims = backends(server)
    return bool(victims) and end(server, dice.choice(victims))


def terminated(server: PostgresServer, pid: int) -> bool:
    return server.execute(f"SELECT pg_terminate_backend({pid})") == [(True,)]


def killed(_server: PostgresServer, pid: int) -> bool:
    """Kill it; then the server ends all others and recovers."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def backends(server: PostgresServer) -> list[int]:
    """Give the server's processes that work for a gateway; none while it recovers."""
    try:
        found = server.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'mo-gateway' ORDER BY 1")
    except psycopg.OperationalError:
        return []
    return [pid for (pid,) in found]


def test_a_sqlite_file_is_locked_by_another_program(tmp_path: Path, tell: Callable[[str], None]) -> None:
    dice = random.Random(SEED)
    path = tmp_path / "mo-gateway.db"
    trial = Trial(tmp_path, f"sqlite:///{path}", SEED, is_endless=True)
    with program(tmp_path, f"sqlite:///{path}", COMMIT_DEADLINE="0.5", LEASE="2", RETRY_DELAY="0.2") as gateway:
        url = gateway.run()
        with trial.sending(url):
            for refusals in (40, 200, 40):  # the longest is longer than the writer's odd jobs wait
                trial.wait_for_more(dice.randint(20, 80))
                refused = trial.answers("503")
                with locked(path):
                    trial.wait_for_answers("503", refused + refusals)
                trial.broke("lock")  # counted from its end

        tell(trial.verdict())
        assert max(trial.seconds_to_next_true()) < 5
        assert "a part ended by itself" not in gateway.log
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep everybody else from writing to a SQLite file."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as locker:
        assert locker.stdout
        assert locker.stdin
        assert locker.stdout.readline() == "locked\n"
        yield
        locker.stdin.write("\n")
