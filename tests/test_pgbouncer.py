"""A real PgBouncer between the gateway and PostgreSQL, in both of the modes that the docs name."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from .conftest import engine_for
from .postgres import PostgresServer, free_port, wait_until
from .running import is_taken, program
from .stored import replies
from .waiting import until

pytestmark = pytest.mark.skipif(not shutil.which("pgbouncer"), reason="pgbouncer is not installed")

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
"""
MESSAGES = 20  # psycopg would prepare a statement at the sixth time that a connection sees it


@contextmanager
def pgbouncer(server: PostgresServer, mode: str) -> Iterator[int]:
    """Run a PgBouncer before a server, and give its port."""
    port = free_port()
    configuration = server.folder / f"pgbouncer-{port}.ini"  # PgBouncer, too, does not run as root
    configuration.write_text(CONFIGURATION.format(server=server.port, port=port, mode=mode))
    command: list[str | Path] = ["pgbouncer", "--quiet", configuration]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, **server.home.account) as process:
        wait_until(lambda: answers(port), "PgBouncer to answer")
        yield port
        process.kill()


def answers(port: int) -> bool:
    try:
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize(("mode", "prepare"), [("session", "1"), ("transaction", "0")])
def test_receiver_and_worker_work_through_pgbouncer(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str, mode: str, prepare: str
) -> None:
    (tmp_path / "receiver").mkdir()
    (tmp_path / "worker").mkdir()
    with pgbouncer(postgres_server, mode) as port:
        url = postgres_url.replace(f":{postgres_server.port}/", f":{port}/")
        with (
            program(tmp_path / "receiver", url, PREPARE_STATEMENTS=prepare) as receiver,
            program(tmp_path / "worker", url, PREPARE_STATEMENTS=prepare) as worker,
        ):
            callback = receiver.run("--no-work")
            worker.start("mo_gateway", "work")
            taken = [is_taken(callback, PARM=f"number {n}") for n in range(MESSAGES)]
            with engine_for(postgres_url) as engine:
                until(lambda: len(replies(engine)) == MESSAGES, "each to be handled")

            assert taken == [True] * MESSAGES
            assert '"level": "error"' not in receiver.log + worker.log
