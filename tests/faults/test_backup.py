"""A backup is made while messages come in, and put back: what was acknowledged before it is there."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mo_gateway.simulator.verdict import stored_rows
from tests.conftest import settings_for
from tests.postgres import DURABLE, PostgresServer
from tests.postgres_programs import open_home
from tests.running import is_taken, program
from tests.waiting import until

from .answers import in_words, started
from .trial import Trial

SEED = 20261122

#: Makes a copy of the database, and gives what puts it back and tells its URL.
BackUp = Callable[[], Callable[[], str]]


def drill(trial: Trial, folder: Path, back_up: BackUp, tell: Callable[[str], None]) -> None:
    """Back up amid a trial, put it back elsewhere, and start on that."""
    with program(folder, trial.database_url, LEASE="2", RETRY_DELAY="0.2") as gateway:
        with trial.sending(started(gateway)):
            trial.wait_for(100)
            acknowledged = {line["key"] for line in trial.lines() if line["type"] == "ok"}
            put_back = back_up()
            trial.broke("backup")
        figures = f"{trial.verdict()}; {in_words(trial)}"
    began = time.monotonic()
    restored_url = put_back()
    with program(folder, restored_url) as again:
        callback = again.run()
        until(lambda: is_taken(callback, PARM="after the restore"), "a TRUE", within=60)
    seconds = time.monotonic() - began
    stored = {row.reference for row in stored_rows(settings_for(restored_url), trial.plan)}

    tell(f"{figures}; {len(stored)} in the backup, a TRUE {seconds:.1f} s after the restore began")
    assert len(acknowledged) >= 100
    assert acknowledged <= stored


@pytest.mark.storage
def test_a_backup_of_sqlite_has_what_was_acknowledged_before(tmp_path: Path, tell: Callable[[str], None]) -> None:
    path = tmp_path / "mo-gateway.db"
    copy = tmp_path / "backup.db"

    def back_up() -> Callable[[], str]:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"VACUUM INTO '{copy}'")
        return lambda: f"sqlite:///{copy}"

    drill(Trial(tmp_path, f"sqlite:///{path}", SEED, messages=200), tmp_path, back_up, tell)

    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.storage
def test_a_dump_of_postgresql_has_what_was_acknowledged_before(
    tmp_path: Path, durable_server: PostgresServer, durable_url: str, tell: Callable[[str], None]
) -> None:
    dump = durable_server.folder / "dump"

    def back_up() -> Callable[[], str]:
        at = connection_to(durable_server, str(make_url(durable_url).database))
        durable_server.home.run("pg_dump", at, "--format=custom", f"--file={dump}")
        return put_back

    def put_back() -> str:
        durable_server.create_database("restored")
        durable_server.home.run("pg_restore", connection_to(durable_server, "restored"), "--exit-on-error", dump)
        return durable_server.url("restored")

    drill(Trial(tmp_path, durable_url, SEED, messages=200), tmp_path, back_up, tell)


@pytest.fixture
def other_server() -> Iterator[PostgresServer]:
    """A server to be, with nothing yet."""
    server = PostgresServer(open_home(), DURABLE)
    shutil.rmtree(server.data)
    yield server
    server.close()


@pytest.mark.long
def test_a_base_backup_of_postgresql_has_what_was_acknowledged_before(
    tmp_path: Path,
    durable_server: PostgresServer,
    durable_url: str,
    other_server: PostgresServer,
    tell: Callable[[str], None],
) -> None:
    database = str(make_url(durable_url).database)

    def back_up() -> Callable[[], str]:
        at = connection_to(durable_server, "postgres")
        durable_server.home.run("pg_basebackup", at, f"--pgdata={other_server.data}", "--checkpoint=fast")
        return put_back

    def put_back() -> str:
        other_server.start()
        return other_server.url(database)

    drill(Trial(tmp_path, durable_url, SEED, messages=200), tmp_path, back_up, tell)


def connection_to(server: PostgresServer, database: str) -> str:
    """Say to PostgreSQL's programs where a database is."""
    return f"--dbname=host=127.0.0.1 port={server.port} user=postgres dbname={database}"
