"""A PostgreSQL that must wait for a standby which is not there: nothing that only one disk has is acknowledged."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, running_server
from tests.running import is_taken, program
from tests.waiting import until

from .trial import Trial

pytestmark = pytest.mark.faults

SEED = 20261122
MOST_STUCK = 30  # of the 100 that PostgreSQL allows; a commit that was given up keeps its connection there


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of its own, whose settings may be changed."""
    with running_server(durable=True) as server:
        yield server


def require_standby(server: PostgresServer, name: str) -> None:
    """Let no commit return before the standby of that name has it; an empty name = before anybody has."""
    server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    server.execute("SELECT pg_reload_conf()")
    until(lambda: server.execute("SHOW synchronous_standby_names") == [(name,)], "the setting to be in force")


def waiting(server: PostgresServer) -> list[int]:
    """Give the server's processes that wait for a standby."""
    return [pid for (pid,) in server.execute("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")]


def cancel(server: PostgresServer, pid: int) -> bool:
    ((is_sent,),) = server.execute(f"SELECT pg_cancel_backend({pid})")
    return bool(is_sent)


def test_without_its_standby_nothing_is_acknowledged(
    tmp_path: Path, server: PostgresServer, tell: Callable[[str], None]
) -> None:
    server.create_database("gateway")
    url = server.url("gateway")
    trial = Trial(tmp_path, url, SEED, messages=100)
    with program(tmp_path, url, COMMIT_DEADLINE="0.5", ALLOW_UNSAFE_DATABASE="0") as gateway:
        callback = gateway.run()
        until(lambda: is_taken(callback), "a first TRUE")
        require_standby(server, "nobody")
        most_stuck = cancelled = 0
        with trial.sending(callback):
            for n in range(1, 11):
                trial.wait_for_answers("503", 60 * n)
                stuck = waiting(server)
                most_stuck = max(most_stuck, len(stuck))
                if n > 5:  # an administrator who means well: PostgreSQL calls that a success, with a warning
                    cancelled += sum(cancel(server, pid) for pid in stuck)
            acknowledged = trial.answers("200 TRUE")
            require_standby(server, "")
            trial.broke("absent standby")  # counted from its end

        tell(
            f"{trial.verdict()}; while it was absent: {acknowledged} acknowledged,"
            f" at most {most_stuck} connections stuck, {cancelled} waits cancelled"
        )
        assert acknowledged == 0
        assert most_stuck <= MOST_STUCK
        assert cancelled
        assert max(trial.seconds_to_next_true()) < 5
