"""`mo-gateway run` from outside: what it prints, takes, survives and leaves behind."""

import contextlib
import os
import re
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import engine_for
from .examples import FORM_TYPE, form
from .fronts import FRONTS
from .postgres import PostgresServer, free_port
from .running import Answer, Program, is_taken, post, program, session
from .stored import replies, states
from .waiting import until

ROOT = Path(__file__).parent.parent
GUNICORN = ("gunicorn", "wsgi:app", "--config", f"{ROOT}/gunicorn.conf.py", "--pythonpath", str(ROOT))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it, of each kind in turn; on SQLite a file that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def fresh(tmp_path: Path, empty_url: str) -> Iterator[Program]:
    """A program on an empty database, to be started."""
    with program(tmp_path, empty_url) as made:
        yield made


@pytest.fixture
def gateway(tmp_path: Path, database_url: str) -> Iterator[Program]:
    """A program on a database with the current schema, to be started."""
    with program(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Program]:
    """The same on PostgreSQL, where several hosts may share a database."""
    with program(tmp_path, postgres_url) as made:
        yield made


@pytest.fixture
def simple(tmp_path: Path, sqlite_url: str) -> Iterator[Program]:
    """The same on SQLite, for what is the same on both databases."""
    with program(tmp_path, sqlite_url) as made:
        yield made


def wait_for_replies(gateway: Program, *texts: str) -> None:
    with engine_for(gateway.environ["DATABASE_URL"]) as engine:
        until(lambda: replies(engine) == list(texts), f"the replies; the log says {gateway.log}")
        assert set(states(engine)) == {"done"}


def wait_until_taken(url: str, **changes: str) -> None:
    until(lambda: is_taken(url, **changes), "a TRUE")


@pytest.mark.parametrize("front", FRONTS)
def test_from_an_empty_database_to_a_handled_message(fresh: Program, front: str) -> None:
    url = fresh.run("--front", front)

    answer = post(url, PARM="blue")

    assert (answer.status, answer.body, answer.headers["MO-Gateway-Receipt"]) == (200, "TRUE", "stored 1")
    wait_for_replies(fresh, "Thank you for blue.")
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]{3,4}/spryng/mo/geheim\n", fresh.stdout)


def test_sigterm_ends_everything_and_keeps_what_was_acknowledged(gateway: Program) -> None:
    url = gateway.run()
    wait_until_taken(url)

    assert gateway.stop() == 0
    assert gateway.family() == set()
    assert "a part did not stop in time" not in gateway.log
    with engine_for(gateway.environ["DATABASE_URL"]) as engine:
        assert len(states(engine)) == 1


@pytest.mark.slow
def test_a_caller_that_says_nothing_does_not_keep_it_from_ending(simple: Program) -> None:
    url = simple.run()
    wait_until_taken(url)

    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)):
        assert simple.stop() == 0

    assert "a part did not stop in time" not in simple.log
    assert simple.family() == set()


@pytest.mark.slow
def test_a_connection_that_is_kept_but_idle_does_not_keep_it_from_ending(simple: Program) -> None:
    address = urlsplit(simple.run())
    with contextlib.closing(HTTPConnection(address.netloc)) as kept:
        kept.request("POST", address.path, form(), {"Content-Type": FORM_TYPE})
        assert kept.getresponse().read() == b"TRUE"

        assert simple.stop() == 0

        assert kept.sock.recv(1) == b""
    assert "Forcing close of" not in simple.log


@pytest.mark.slow
def test_ctrl_c_ends_everything(simple: Program) -> None:
    wait_until_taken(simple.run())

    os.killpg(simple.process.pid, signal.SIGINT)  # as a terminal does: to all of them

    assert simple.process.wait(60) == 0
    assert "a part did not stop in time" not in simple.log
    assert simple.family() == set()
    assert "Traceback" not in simple.log


@pytest.mark.slow
def test_what_a_killed_gateway_leaves_ends_by_itself_and_does_not_block_the_next_start(gateway: Program) -> None:
    url = gateway.run()
    wait_until_taken(url)
    left_behind = gateway.process.pid

    gateway.kill()
    again = gateway.run(bind=urlsplit(url).netloc)
    wait_until_taken(again, PARM="next")

    assert again == url
    wait_for_replies(gateway, "Thank you for ON.", "Thank you for next.")
    until(lambda: not session(left_behind), "what was left behind to end")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["server", "worker"])
def test_a_killed_part_is_started_again(gateway: Program, part: str) -> None:
    url = gateway.run()
    wait_until_taken(url, PARM="before")
    wait_for_replies(gateway, "Thank you for before.")  # a claim of the killed worker would last for 30 s

    gateway.kill_child(part)
    until(lambda: gateway.child(part), f"a new {part}")
    wait_until_taken(url, PARM="after")

    wait_for_replies(gateway, "Thank you for before.", "Thank you for after.")


@pytest.mark.slow
@pytest.mark.parametrize("front", FRONTS)
def test_a_file_of_operators_that_is_broken_meanwhile_does_not_stop_the_intake(
    tmp_path: Path, sqlite_url: str, front: str
) -> None:
    operators = tmp_path / "operators.csv"
    operators.write_text("operator,countries,name\n20699,BEL,Ours\n")
    with program(tmp_path, sqlite_url, OPERATORS_FILE=str(operators)) as gateway:
        url = gateway.run("--front", front)
        wait_until_taken(url, OPERATOR="20699", PARM="before")
        operators.write_text("not a table")

        (serving,) = gateway.serving()
        os.kill(serving, signal.SIGKILL)

        wait_until_taken(url, OPERATOR="20699", PARM="after")
        assert "a part ended by itself" not in gateway.log


@pytest.mark.slow
def test_a_worker_that_keeps_ending_does_not_stop_the_intake(simple: Program) -> None:
    url = simple.run()
    wait_until_taken(url, PARM="before")
    for _ in range(5):
        simple.kill_child("worker")
    until(lambda: simple.log.count("a part ended by itself") == 5, "the last end to be seen")

    simple.kill_child("server")  # to see that it is still looked after
    wait_until_taken(url, PARM="after")

    assert simple.child("worker") is None
    assert simple.process.poll() is None


@pytest.mark.slow
def test_a_server_that_keeps_ending_ends_everything(simple: Program) -> None:
    simple.run()
    for _ in range(5):
        simple.kill_child("server")

    assert simple.process.wait(60) == 1
    until(lambda: not simple.family(), "the rest to end")


@pytest.mark.slow
def test_a_worker_half_of_whose_threads_are_stuck_begins_anew(tmp_path: Path, sqlite_url: str) -> None:
    with program(tmp_path, sqlite_url, LEASE="3") as gateway:  # not less: a busy host is no stuck handler
        (tmp_path / "contest.py").write_text(
            "import time\n"
            "from mo_gateway import keyword\n"
            "@keyword('STUCK')\n"
            "def stick(message):\n"
            "    time.sleep(600)\n"
            "@keyword('WIN')\n"
            "def thank(message):\n"
            "    return 'Thank you.'\n"
        )
        url = gateway.run()
        worker = until(lambda: gateway.child("worker"), "the worker")
        for n in range(4):
            wait_until_taken(url, KEYWORD="STUCK", MSISDN=f"32400{n:06}")
        until(lambda: "beginning anew" in gateway.log, "the worker to begin anew")

        wait_until_taken(url)

        with engine_for(gateway.environ["DATABASE_URL"]) as engine:
            until(lambda: replies(engine) == ["Thank you."], "a message to be handled")
        assert gateway.child("worker") == worker  # the same process, so that nobody saw it go


@pytest.mark.slow
def test_without_work_messages_are_taken_and_left_to_workers_elsewhere(
    on_postgres: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = on_postgres.run("--no-work")
    wait_until_taken(url)
    alone = on_postgres.child("worker") is None

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with program(elsewhere, on_postgres.environ["DATABASE_URL"]) as other:
        other.start("mo_gateway", "work")
        wait_for_replies(on_postgres, "Thank you for ON.")
        exit_code = other.stop()

    assert alone
    assert exit_code == 0


HANDLER = "from mo_gateway import keyword\n@keyword('WIN')\ndef {name}(message):\n    pass\n"


@pytest.mark.parametrize(
    ("environ", "sentences"),
    [
        pytest.param(
            {"LEASE": "soon", "CHARSET": "ebcdic"},
            ["MO_GATEWAY_CHARSET cannot be 'ebcdic'", "MO_GATEWAY_LEASE cannot be 'soon'"],
            id="settings",
        ),
        pytest.param(
            {"HANDLERS": "broken,absent"},
            ["The module broken of MO_GATEWAY_HANDLERS", "The module absent of MO_GATEWAY_HANDLERS"],
            id="handlers",
        ),
        pytest.param({"HANDLERS": "one,two"}, ["WIN on any shortcode has two handlers: one.take"], id="clash"),
    ],
)
def test_what_is_wrong_at_the_start_is_said_in_sentences_and_nothing_is_started(
    simple: Program, environ: dict[str, str], sentences: list[str]
) -> None:
    (simple.folder / "broken.py").write_text("1 / 0\n")
    for name in ("one", "two"):
        (simple.folder / f"{name}.py").write_text(HANDLER.format(name="take"))
    simple.environ = {**simple.environ, **environ}

    simple.start("mo_gateway", "run", "--bind", "127.0.0.1:0")

    assert simple.process.wait(60) == 4
    lines = simple.log.splitlines()
    assert len(lines) == len(sentences)
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith(sentence)
    assert simple.stdout == ""
    assert simple.family() == set()


@pytest.mark.slow
def test_while_postgresql_is_away_callbacks_are_refused_and_when_it_comes_they_are_taken(
    tmp_path: Path, postgres_server: PostgresServer, empty_postgres_url: str
) -> None:
    with program(tmp_path, empty_postgres_url) as gateway:
        postgres_server.stop()
        try:
            url = gateway.run()
            refused = until(lambda: answer_of(url), "an answer")
        finally:
            postgres_server.start()
        until(lambda: is_taken(url), "a TRUE")

        assert (refused.status, refused.headers["Retry-After"]) == (503, "60")
        wait_for_replies(gateway, "Thank you for ON.")


def answer_of(url: str) -> Answer | None:
    with contextlib.suppress(OSError):
        return post(url)
    return None


@pytest.mark.slow
def test_under_gunicorn_a_message_is_taken_and_a_worker_beside_handles_it(
    on_postgres: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port()
    on_postgres.start(*GUNICORN, "--bind", f"127.0.0.1:{port}")
    wait_until_taken(f"http://127.0.0.1:{port}/spryng/mo/geheim")

    with program(tmp_path_factory.mktemp("beside"), on_postgres.environ["DATABASE_URL"]) as worker:
        worker.start("mo_gateway", "work")
        wait_for_replies(on_postgres, "Thank you for ON.")

    assert on_postgres.stop() == 0


def test_under_gunicorn_bad_settings_are_said_in_a_sentence(simple: Program) -> None:
    simple.environ = {**simple.environ, "LEASE": "soon"}

    simple.start(*GUNICORN, "--bind", "127.0.0.1:0")

    assert simple.process.wait(60) == 4
    assert simple.log.count("MO_GATEWAY_LEASE cannot be 'soon'") == 1
    assert "Traceback" not in simple.log


# Routes


def write_routes(gateway: Program, text: str) -> None:
    """Replace the routes file as an editor does, whole."""
    draft = gateway.folder / "draft"
    draft.write_text(f'[[route]]\nkeyword = "HELLO"\n[route.reply]\ntext = "{text}"\n')
    draft.rename(gateway.folder / "routes.toml")


@pytest.fixture
def with_routes(tmp_path: Path, sqlite_url: str) -> Iterator[Program]:
    """A program with a routes file, to be started."""
    with program(tmp_path, sqlite_url, ROUTES=str(tmp_path / "routes.toml")) as made:
        write_routes(made, "first")
        yield made


@pytest.mark.slow
def test_sighup_brings_new_routes_into_force_and_messages_go_on_coming_in(with_routes: Program) -> None:
    url = with_routes.run()
    assert post(url, KEYWORD="HELLO").body == "TRUE"
    wait_for_replies(with_routes, "first")

    write_routes(with_routes, "second")
    with_routes.process.send_signal(signal.SIGHUP)
    until(lambda: "routes loaded" in with_routes.log, "the routes to be loaded")
    assert post(url, KEYWORD="HELLO", PARM="again").body == "TRUE"

    wait_for_replies(with_routes, "first", "second")
    assert "a part ended by itself" not in with_routes.log


@pytest.mark.slow
def test_sighup_with_a_broken_file_leaves_the_old_routes_in_force(with_routes: Program) -> None:
    url = with_routes.run()
    until(lambda: with_routes.child("worker"), "the worker")
    assert post(url, KEYWORD="HELLO").body == "TRUE"
    wait_for_replies(with_routes, "first")

    (with_routes.folder / "routes.toml").write_text("[[route]\n")
    with_routes.process.send_signal(signal.SIGHUP)
    until(lambda: "the old ones stay in force" in with_routes.log, "the complaint")
    assert post(url, KEYWORD="HELLO", PARM="again").body == "TRUE"

    wait_for_replies(with_routes, "first", "first")


def test_a_gateway_does_not_start_with_a_broken_routes_file(with_routes: Program) -> None:
    (with_routes.folder / "routes.toml").write_text("[[route]]\nkeyword = 7\n[route.store]\n")

    with_routes.start("mo_gateway", "run", "--bind", "127.0.0.1:0")

    assert with_routes.process.wait(60) == 4
    assert "routes.toml:2: route.keyword: a text, or a list of texts" in with_routes.log
    assert with_routes.stdout == ""


@pytest.mark.slow
def test_the_worker_gives_way_to_the_server(simple: Program) -> None:
    def priority(name: str) -> int:
        return os.getpriority(os.PRIO_PROCESS, simple.child(name) or 0)

    simple.run()

    until(lambda: simple.child("worker") and priority("worker") > priority("server"), "a lower priority")
