"""PostgreSQL servers for the tests: real ones, that can be stopped, killed and started again."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from .postgres_programs import Home, open_home

#: Said even where it is the default: what a fault test relies on.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

#: Loses data when the host dies, which no test of the plain suite needs to survive.
QUICK = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}

#: The ways to stop, as pg_ctl calls them; `immediate` makes the next start recover from the log.
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

#: Who else is connected to a database.
GUESTS = """
    SELECT pid, application_name, state, query FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
#: What tests may have changed in a database besides its rows.
LOOK = """
    SELECT (SELECT count(*) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
            WHERE d.datname = current_database()),
           (SELECT md5(string_agg(concat_ws(' ', c.relname, a.attname, a.atttypid, a.attnotnull), ','
                                   ORDER BY c.relname, a.attnum))
            FROM pg_class c LEFT JOIN pg_attribute a
                 ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attnum > 0  -- a table may have no columns
            WHERE c.relnamespace = 'public'::regnamespace),
           (SELECT md5(string_agg(pg_get_constraintdef(oid), ',' ORDER BY conname))
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_namespace),
           (SELECT string_agg(version_num, ',') FROM mo_schema_version)
"""
EMPTY = """
    DO $$ DECLARE found regclass; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR found IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
                     AND relkind = 'r' AND relname <> 'mo_schema_version'
        LOOP EXECUTE format('DELETE FROM %s', found); END LOOP;
        FOR found IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
        LOOP PERFORM setval(found, 1, false); END LOOP;
    END $$
"""

PATIENCE = 30.0  # seconds for a start or a stop on a busy host; a tenth of one is usual


class PostgresServer:
    """One server with its own folder and port; it keeps both when it is stopped and started again."""

    def __init__(self, home: Home, settings: Mapping[str, str]) -> None:
        self.home = home
        self.folder = home.new_folder()
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.port = free_port()
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "32MB",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Give the URL of a database, as in MO_GATEWAY_DATABASE_URL."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Connect, to run each statement outside a transaction."""
        return psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True)

    def execute(self, statement: str | sql.Composed, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement outside a transaction and give its rows, if any."""
        query = statement.encode() if isinstance(statement, str) else statement
        with self.connect(database) as conn:
            cursor = conn.execute(query)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database, as a copy of `template` where one is given; nobody may be connected to that."""
        copied = sql.Identifier(template or "template1")
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), copied))

    def drop_database(self, name: str) -> None:
        """Drop a database and cut off who is connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start it and wait until it answers; after a crash that is when it has recovered."""
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.home.programs / "postgres", "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # a Ctrl-C is for the tests, which end the server in their own time
                **self.home.account,
            )
        wait_until(self._answers, "PostgreSQL to answer")

    def stop(self, mode: str = "fast") -> None:
        """Stop it, `smart`, `fast` or `immediate`, and wait until it is gone."""
        process = self._started()
        process.send_signal(STOP_SIGNALS[mode])
        process.wait(PATIENCE)
        self._process = None

    def restart(self, mode: str = "fast") -> None:
        """Stop and start it."""
        self.stop(mode)
        self.start()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let it answer nobody meanwhile, as a host that hangs, and kill it then."""
        self.freeze()
        try:
            yield
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill the server and each of its processes, with no chance to clean up."""
        process = self._started()
        children = self.freeze()  # else the server would start children anew while they are killed
        for pid in (process.pid, *children):
            _send(pid, signal.SIGKILL)
        process.wait(PATIENCE)
        self._process = None
        # the next start fails while one of them still holds the shared memory
        wait_until(lambda: not any(map(_lives, children)), "PostgreSQL's processes to die")

    def is_running(self) -> bool:
        """Tell whether it lives, whoever ended it."""
        return self._process is not None and self._process.poll() is None

    def freeze(self) -> list[int]:
        """Let the server stand still, then each of its children, and give those."""
        process = self._started()
        process.send_signal(signal.SIGSTOP)
        # until it does, it may start one more child, which would serve alone
        wait_until(lambda: _state(process.pid) == "T", "PostgreSQL to stand still")
        children = _children(process.pid)
        for pid in children:
            _send(pid, signal.SIGSTOP)
        # one that waits for its disk, or for its turn, stands still only then
        wait_until(lambda: all(_state(pid) in "TtZX" for pid in children), "PostgreSQL's processes to stand still")
        return children

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still meanwhile, and go on then."""
        children = self.freeze()
        try:
            yield
        finally:
            for pid in (self._started().pid, *children):
                _send(pid, signal.SIGCONT)

    def processes(self) -> set[int]:
        """Give every process of it that lives."""
        pid = self._started().pid
        return {pid, *_children(pid)}

    def close(self) -> None:
        """End it, running or not, and remove all it had."""
        if self._process:
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this server is stopped already")
        return self._process

    def _answers(self) -> bool:
        if self._started().poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {self.log.read_text()[-2000:]}")
        with contextlib.suppress(psycopg.OperationalError):
            return bool(self.execute("SELECT 1"))
        return False


class SpareDatabase:
    """A database that one test after another may have, as long as they change nothing in it but rows.

    Its own connection stays: to make one takes longer than to look and to empty.
    """

    def __init__(self, server: PostgresServer, template: str) -> None:
        self.name = f"test_{secrets.token_hex(4)}"
        self._server = server
        server.create_database(self.name, template)
        self._conn = server.connect(self.name)
        self._fresh = self._look()

    def is_emptied(self) -> bool:
        """Empty it and let ids begin with 1 again; False where more than its rows is not as it was.

        Or raise TimeoutError: somebody did not let go of it, and would be in the next test's way.
        """
        try:
            wait_until(lambda: not self._guests(), "those to go whom the test has left connected")
        except TimeoutError as exc:
            exc.add_note(str(self._guests()))
            raise
        if self._look() != self._fresh:
            return False
        self._conn.execute(EMPTY)
        return True

    def drop(self) -> None:
        """Drop it and cut off who is connected to it."""
        self._conn.close()
        self._server.drop_database(self.name)

    def _guests(self) -> list[tuple[Any, ...]]:
        return self._conn.execute(GUESTS).fetchall()

    def _look(self) -> list[tuple[Any, ...]]:
        return self._conn.execute(LOOK).fetchall()


@contextlib.contextmanager
def running_server(*, durable: bool, **settings: str) -> Iterator[PostgresServer]:
    """Run a server; `durable` as in production, else without fsync. `settings` are PostgreSQL's own."""
    server = PostgresServer(open_home(), {**(DURABLE if durable else QUICK), **settings})
    try:
        server.start()
        yield server
    finally:
        server.close()


def free_port() -> int:
    """Find a port below those that the kernel gives to clients: one of them would take it during a restart."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)  # `random` is seeded the same in all test processes
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something outside this process, or raise TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE} s for {what}")
        time.sleep(0.01)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    return _state(pid) not in "ZX"  # dead, and not yet fetched by its parent


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
