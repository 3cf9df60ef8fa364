"""The simulator against a small real HTTP server that behaves as each test tells it to."""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine

from mo_gateway.cli.simulate import simulate, verdict
from mo_gateway.cli.trigger import trigger
from mo_gateway.simulator.agenda import Pace
from mo_gateway.simulator.answer import Answer
from mo_gateway.simulator.book import Book
from mo_gateway.simulator.client import Line, NoAnswer
from mo_gateway.simulator.history import History
from mo_gateway.simulator.plan import Plan
from mo_gateway.simulator.provider import Provider
from mo_gateway.simulator.target import read_target

from .fake_gateway import NOON, TRUE, Call, FakeGateway, Handler, Reaction, Server

BRUSSELS = ZoneInfo("Europe/Brussels")
SIMULATE = """
import signal
from mo_gateway.cli.simulate import simulate
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
    simulate()
"""


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = create_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def fake(engine: Engine) -> Iterator[FakeGateway]:
    fake = FakeGateway(engine)
    fake.react = fake.store
    with Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"fake": fake})) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}/spryng/mo/hush-hush"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


@dataclass
class Console:
    """The commands, with the settings of a test."""

    environ: dict[str, str]

    def run(self, command: click.Command, *arguments: str) -> Result:
        result = CliRunner(env=self.environ).invoke(command, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def simulate(self, fake: FakeGateway, *arguments: str) -> Result:
        common = ("--url", fake.url, "--interval", "0.01", "--seed", "7", "--json")
        return self.run(simulate, *common, *arguments)

    def trigger(self, fake: FakeGateway, *arguments: str) -> Result:
        return self.run(trigger, "--url", fake.url, *arguments)


@pytest.fixture
def console(sqlite_url: str) -> Console:
    return Console(
        {
            "MO_GATEWAY_DATABASE_URL": sqlite_url,
            "MO_GATEWAY_CALLBACK_SECRET": "hush-hush",
            "MO_GATEWAY_PERSON_SECRET": "person",
        }
    )


def figures(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def a_plan(**changed: Any) -> Plan:
    values: dict[str, Any] = {"run": "r", "seed": 7, "zone": BRUSSELS}
    return Plan(**values | changed)


# One connection


def exchange_twice(url: str, *, keep_alive: bool = True) -> list[Answer]:
    async def both() -> list[Answer]:
        line = Line(read_target(url), timeout=timedelta(seconds=10), keep_alive=keep_alive)
        answers = [await line.exchange("POST", b"REFERENCE=1") for _ in range(2)]
        line.close()
        return answers

    return asyncio.run(both())


@pytest.mark.parametrize(("keep_alive", "connections"), [(True, 1), (False, 2)])
def test_a_connection_is_used_again_only_where_both_want_to(
    fake: FakeGateway, keep_alive: bool, connections: int
) -> None:
    fake.react = lambda call: TRUE

    exchange_twice(fake.url, keep_alive=keep_alive)

    assert len({call.client_port for call in fake.calls}) == connections


def test_a_connection_that_the_server_ends_is_opened_again(fake: FakeGateway) -> None:
    fake.react = lambda call: (200, b"TRUE", ("Connection", "close"))

    answers = exchange_twice(fake.url)

    assert [answer.word for answer in answers] == ["200 TRUE", "200 TRUE"]


@pytest.fixture
def deaf_server() -> Iterator[socket.socket]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def no_answer(url: str, timeout: float = 20.0) -> str:
    async def once() -> None:
        line = Line(read_target(url), timeout=timedelta(seconds=timeout), keep_alive=True)
        await line.exchange("POST", b"")

    with pytest.raises(NoAnswer) as caught:
        asyncio.run(once())
    return str(caught.value)


def test_a_server_that_says_nothing_is_a_time_out(deaf_server: socket.socket) -> None:
    assert no_answer(f"http://127.0.0.1:{deaf_server.getsockname()[1]}/", timeout=0.05) == "time-out"


def test_a_port_where_nobody_listens_is_unreachable(deaf_server: socket.socket) -> None:
    port = deaf_server.getsockname()[1]
    deaf_server.close()

    assert no_answer(f"http://127.0.0.1:{port}/") == "unreachable"


def test_a_server_that_speaks_something_else_is_not_http(deaf_server: socket.socket) -> None:
    def greet() -> None:
        connection, _ = deaf_server.accept()
        connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
        connection.close()

    thread = Thread(target=greet)
    thread.start()

    assert no_answer(f"http://127.0.0.1:{deaf_server.getsockname()[1]}/") in ("not HTTP", "reset")
    thread.join()


# simulate


def test_a_gateway_that_stores_everything_gets_exit_code_0(fake: FakeGateway, console: Console) -> None:
    result = console.simulate(fake, "--count", "40")

    assert result.exit_code == 0, result.output
    found = figures(result)
    assert (found["messages"], found["acknowledged"], found["tries"]) == (40, 40, 40)
    assert found["database"]["stored"] == 40
    assert found["problems"] == []
    assert found["true_latency_ms"]["p50"] <= found["true_latency_ms"]["p99"]


def test_every_request_is_marked_as_a_test(fake: FakeGateway, console: Console) -> None:
    console.simulate(fake, "--count", "5")

    assert len(fake.calls) == 5
    assert all(call.is_test for call in fake.calls)


@pytest.mark.parametrize(("method", "seen"), [("post", {"POST"}), ("GET", {"GET"}), ("mix", {"POST", "GET"})])
def test_messages_come_by_the_methods_asked_for(
    fake: FakeGateway, console: Console, method: str, seen: set[str]
) -> None:
    result = console.simulate(fake, "--count", "20", "--method", method)

    assert result.exit_code == 0, result.output
    assert {call.method for call in fake.calls} == seen
    assert {call.path for call in fake.calls} == {"/spryng/mo/hush-hush"}


def test_a_refused_message_is_tried_until_it_is_acknowledged(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: (503, b"") if fake.times(call) < 3 else TRUE

    result = console.simulate(fake, "--count", "10", "--no-check")

    found = figures(result)
    assert result.exit_code == 0, result.output
    assert found["messages_by_tries"] == {"3": 10}
    assert found["answers"] == {"503": 20, "200 TRUE": 10}
    assert found["retried"] == 20
    assert "Not acknowledged (503); trying again every 0.01 s." in result.stderr


@pytest.mark.parametrize(("body", "word"), [(b"TRUE\n", "200 without TRUE"), (b"", "200 without TRUE")])
def test_another_body_than_true_is_no_acknowledgement(
    fake: FakeGateway, console: Console, body: bytes, word: str
) -> None:
    fake.react = lambda call: (200, body) if fake.times(call) == 1 else TRUE

    found = figures(console.simulate(fake, "--count", "3", "--no-check"))

    assert found["answers"] == {word: 3, "200 TRUE": 3}


def test_a_server_that_hangs_up_is_tried_again(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: None if fake.times(call) == 1 else TRUE

    found = figures(console.simulate(fake, "--count", "5", "--no-check"))

    assert found["answers"] == {"reset": 5, "200 TRUE": 5}


def test_a_server_that_is_too_slow_is_tried_again(fake: FakeGateway, console: Console) -> None:
    finished = Event()

    def react(call: Call) -> Reaction:
        if fake.times(call) == 1:
            finished.wait(10)
        else:
            finished.set()
        return TRUE

    fake.react = react

    found = figures(console.simulate(fake, "--count", "1", "--timeout", "0.2", "--no-check"))

    assert found["answers"].keys() == {"time-out", "200 TRUE"}  # a busy host may be too slow once more
    assert found["answers"]["200 TRUE"] == 1


def test_a_cut_request_arrives_and_is_tried_again(fake: FakeGateway, console: Console) -> None:
    result = console.simulate(fake, "--count", "20", "--cut", "0.5")

    found = figures(result)
    assert result.exit_code == 0, result.output
    assert found["answers"]["cut"] > 0
    assert found["answers"]["200 TRUE"] == 20
    assert found["tries"] == found["answers"]["cut"] + 20
    fake.wait_for_calls(found["tries"])


def test_a_repeated_message_comes_again_after_its_true(fake: FakeGateway, console: Console) -> None:
    result = console.simulate(fake, "--count", "10", "--repeat", "1")

    found = figures(result)
    assert result.exit_code == 0, result.output
    assert all(2 <= n <= 4 for n in Counter(call.reference for call in fake.calls).values())
    assert found["repeated"] == len(fake.calls) - 10
    assert found["database"]["stored"] == 10


def test_copies_are_under_way_at_the_same_time(fake: FakeGateway, console: Console) -> None:
    two = Barrier(2)

    def react(call: Call) -> Reaction:
        if fake.times(call) <= 2:
            two.wait(10)
        return TRUE

    fake.react = react

    result = console.simulate(fake, "--count", "1", "--copies", "1", "--no-check")

    assert result.exit_code == 0, result.output
    assert len(fake.calls) >= 2


def test_a_bad_message_is_counted_apart_and_not_tried_for_ever(fake: FakeGateway, console: Console) -> None:
    plan = a_plan(bad=0.5)
    bad = {n for n in range(20) if plan.sms(n, NOON).is_bad}
    fake.react = lambda call: (400, b"") if int(call.reference.split("-")[2]) in bad else fake.store(call)

    result = console.simulate(fake, "--count", "20", "--bad", "0.5")

    found = figures(result)
    assert result.exit_code == 0, result.output
    assert (found["bad_messages"], found["bad_acknowledged"]) == (len(bad), 0)
    assert found["messages"] == found["acknowledged"] == 20 - len(bad)
    assert found["answers"]["400"] == 3 * len(bad)
    assert found["dropped"] == 0


def test_true_for_a_bad_message_is_a_problem_unless_the_gateway_is_set_so(
    fake: FakeGateway, console: Console
) -> None:
    fake.react = lambda call: TRUE
    arguments = ("--count", "20", "--bad", "0.5", "--no-check")

    result = console.simulate(fake, *arguments)
    console.environ["MO_GATEWAY_REJECTED_ANSWER"] = "200"
    result_where_set = console.simulate(fake, *arguments)

    assert result.exit_code == 3
    assert figures(result)["problems"][0].endswith("acknowledged, though a field was bad")
    assert result_where_set.exit_code == 0, result_where_set.output


def test_a_message_that_is_never_acknowledged_is_dropped_after_the_day(
    fake: FakeGateway, console: Console
) -> None:
    fake.react = lambda call: (503, b"") if call.reference.endswith("-1") else fake.store(call)

    result = console.simulate(fake, "--count", "3", "--day", "0.05")

    found = figures(result)
    assert result.exit_code == 3
    assert (found["acknowledged"], found["dropped"]) == (2, 1)
    assert found["problems"] == ["1 dropped: never acknowledged in a day, lost for their senders"]


def test_a_run_without_any_acknowledgement_proves_nothing(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: (403, b"")

    result = console.simulate(fake, "--count", "2", "--day", "0.02", "--no-check")

    assert result.exit_code == 3
    assert "nothing was acknowledged, so this run proves nothing" in figures(result)["problems"]


def test_true_without_a_row_is_found(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: TRUE if call.reference.endswith("-2") else fake.store(call)

    result = console.simulate(fake, "--count", "4")

    found = figures(result)
    assert result.exit_code == 3
    assert found["database"]["lost"] == [f"SIM-{found['run']}-2"]


def test_a_garbled_text_is_found(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: fake.store(call, parm="gar\ufffdage")

    result = console.simulate(fake, "--count", "4")

    assert result.exit_code == 3
    assert len(figures(result)["database"]["changed"]) == 4


def test_a_second_row_is_found(fake: FakeGateway, console: Console) -> None:
    def store_twice(call: Call) -> Reaction:
        fake.store(call)
        fake.stored.clear()
        return fake.store(call)

    fake.react = store_twice

    result = console.simulate(fake, "--count", "2")

    assert result.exit_code == 3
    assert len(figures(result)["database"]["twice"]) == 2


def test_a_database_of_somebody_else_is_hinted_at(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: TRUE

    result = console.simulate(fake, "--count", "2")

    assert result.exit_code == 3
    assert "is MO_GATEWAY_DATABASE_URL the database of that gateway?" in result.stderr


def test_a_database_that_is_not_there_gets_exit_code_5_and_is_not_made(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    console.environ["MO_GATEWAY_DATABASE_URL"] = f"sqlite:///{tmp_path}/other.db"

    result = console.simulate(fake, "--count", "2")

    assert result.exit_code == 5
    assert "the database cannot be read" in result.stderr
    assert figures(result)["acknowledged"] == 2
    assert not (tmp_path / "other.db").exists()


def test_a_database_without_our_tables_gets_exit_code_5(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    (tmp_path / "other.db").touch()
    console.environ["MO_GATEWAY_DATABASE_URL"] = f"sqlite:///{tmp_path}/other.db"

    result = console.simulate(fake, "--count", "2")

    assert result.exit_code == 5
    assert "no such table" in result.stderr


def test_the_history_has_a_line_before_and_after_each_request(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text("of an earlier run\n")
    reactions = {"1": (503, b""), "2": None, "3": TRUE}
    seen_before_the_answer = []

    def react(call: Call) -> Reaction:
        seen_before_the_answer.append(json.loads(file.read_text().splitlines()[-1]))
        return reactions[str(fake.times(call))]

    fake.react = react

    run = figures(console.simulate(fake, "--count", "1", "--history", str(file), "--no-check"))["run"]

    first, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert (first["type"], first["plan"]["run"], first["plan"]["seed"]) == ("plan", run, 7)
    assert [(line["type"], line["try"], line.get("result")) for line in lines] == [
        ("invoke", 1, None),
        ("fail", 1, "503"),
        ("invoke", 2, None),
        ("info", 2, "reset"),
        ("invoke", 3, None),
        ("ok", 3, "200 TRUE"),
    ]
    assert {line["key"] for line in lines} == {f"SIM-{run}-0"}
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)
    assert seen_before_the_answer == [line for line in lines if line["type"] == "invoke"]


def test_a_history_that_cannot_be_written_is_said_before_anything_is_sent(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    result = console.simulate(fake, "--history", str(tmp_path / "none" / "history"))

    assert result.exit_code == 1
    assert "The history cannot be written" in result.stderr
    assert fake.calls == []


def test_a_history_is_compared_with_the_database_later(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    file = str(tmp_path / "history.jsonl")
    shape = ("--repeat", "0.3", "--copies", "0.2", "--bad", "0.2", "--people", "3", "--spread", "1h")
    fake.react = lambda call: TRUE if call.reference.endswith("-5") else fake.store(call)  # and that one is lost
    run = figures(console.simulate(fake, "--count", "30", *shape, "--history", file))

    result = console.run(verdict, file, "--json")

    later = figures(result)
    assert result.exit_code == 3
    assert f"seed {run['seed']}" in result.stderr
    assert later["database"]["lost"] == [f"SIM-{run['run']}-5"]
    as_it_happened = ("run", "seed", "messages", "acknowledged", "bad_messages", "tries", "repeated", "answers")
    assert [later[name] for name in as_it_happened] == [run[name] for name in as_it_happened]
    assert later["database"] == run["database"]


def test_a_history_tells_what_a_killed_simulator_had_sent(
    fake: FakeGateway, console: Console, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "history.jsonl"
    came = Event()
    goes_on = Event()

    def react(call: Call) -> Reaction:
        stored = fake.store(call)
        if len(fake.calls) > 60:  # of which 32 at most are under way
            came.set()
            goes_on.wait(10)  # stored, and not yet acknowledged
        return stored

    fake.react = react
    arguments = ("--url", fake.url, "--count", "100", "--history", str(file), "--no-check")
    environ = os.environ | console.environ
    with subprocess.Popen([sys.executable, "-c", SIMULATE, *arguments], env=environ) as simulator:
        assert came.wait(20)
        simulator.kill()
    goes_on.set()
    with file.open("a") as half_written:
        half_written.write('{"t": 1, "type": "inv')

    result = console.run(verdict, str(file), "--json")

    found = figures(result)
    assert result.exit_code == 0, result.output
    assert found["interrupted"]
    assert found["messages"] > found["acknowledged"] >= 20
    assert found["messages"] >= found["database"]["stored"] >= found["acknowledged"]
    assert found["problems"] == []


def test_a_history_of_nothing_acknowledged_is_no_success(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    file = tmp_path / "history.jsonl"
    fake.react = lambda call: (503, b"")
    console.simulate(fake, "--count", "1", "--day", "0.02", "--history", str(file), "--no-check")

    result = console.run(verdict, str(file))

    assert result.exit_code == 3
    assert "nothing was acknowledged, so this run proves nothing" in result.stdout


def test_a_history_proves_nothing_while_the_database_cannot_be_read(
    fake: FakeGateway, console: Console, tmp_path: Path
) -> None:
    file = tmp_path / "history.jsonl"
    console.simulate(fake, "--count", "3", "--history", str(file))
    console.environ["MO_GATEWAY_DATABASE_URL"] = f"sqlite:///{tmp_path / 'none.db'}"

    result = console.run(verdict, str(file))

    assert result.exit_code == 5
    assert "Nothing was compared" in result.stderr


@pytest.mark.parametrize("content", ["", "{}\n", "no JSON\n"])
def test_what_is_no_history_is_said_to_be_none(console: Console, tmp_path: Path, content: str) -> None:
    file = tmp_path / "file"
    file.write_text(content)

    result = console.run(verdict, str(file))

    assert result.exit_code == 1
    assert "The history cannot be read" in result.stderr


def test_several_processes_share_the_messages(fake: FakeGateway, console: Console, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"

    result = console.simulate(fake, "--count", "9", "--processes", "2", "--history", str(file))

    found = figures(result)
    assert result.exit_code == 0, result.output
    assert (found["acknowledged"], found["database"]["stored"]) == (9, 9)
    assert len({call.reference for call in fake.calls}) == len(fake.calls) == 9
    assert len(file.read_text().splitlines()) == 1 + 18


def test_a_run_by_time_ends_by_itself(fake: FakeGateway, console: Console) -> None:
    result = console.simulate(fake, "--for", "0.1", "--rate", "100/s", "--connections", "2")

    assert result.exit_code == 0, result.output
    assert 1 <= figures(result)["messages"] <= 11


def test_a_run_by_time_ends_though_everything_was_answered_before(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: TRUE

    result = console.simulate(fake, "--for", "0.1", "--rate", "1/s", "--no-check")

    assert figures(result)["messages"] == 1


def test_the_seed_is_always_told(fake: FakeGateway, console: Console) -> None:
    result = console.run(simulate, "--url", fake.url, "--count", "1", "--json")

    assert f"seed {figures(result)['seed']}, to http://127.0.0.1:" in result.stderr
    assert "hush-hush" not in result.output


def test_a_bar_is_shown_on_a_terminal(fake: FakeGateway, console: Console) -> None:
    terminal, stderr = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        process = subprocess.run(
            [sys.executable, "-c", SIMULATE, "--url", fake.url, "--count", "3"],
            env={**os.environ, **console.environ, "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=60,
        )
        os.close(stderr)
        shown = screen.read(4096).decode()

    assert process.returncode == 0, process.stdout
    assert "100%" in shown


def test_people_are_told_in_words(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: (503, b"") if fake.times(call) == 1 else TRUE

    result = console.run(simulate, "--url", fake.url, "--count", "2", "--interval", "0.01", "--bad", "0.0001")

    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert lines[0] == "2 messages: 2 acknowledged, 0 dropped"
    assert "answers: 503 2, 200 TRUE 2" in lines
    assert "messages by tries: 2: 2" in lines
    assert "database: 0 stored, 2 lost, 0 phantom, 0 twice, 0 changed, 0 bad stored" in lines
    assert lines[-1].startswith("✗ 2 acknowledged, but not stored: SIM-")


def test_a_keyword_that_the_charset_does_not_have_is_refused(fake: FakeGateway, console: Console) -> None:
    result = console.simulate(fake, "--keyword", "€URO")

    assert result.exit_code == 2
    assert "iso-8859-1 has no '€'" in result.stderr


def test_an_interrupted_provider_gives_its_book(fake: FakeGateway) -> None:
    arrived = asyncio.Event()

    async def interrupted() -> Book:
        loop = asyncio.get_running_loop()

        def react(call: Call) -> Reaction:
            loop.call_soon_threadsafe(arrived.set)
            return 503, b""

        fake.react = react
        sender = Provider(
            a_plan(),
            Pace(),
            read_target(fake.url),
            numbers=iter(range(3)),
            history=History(None, lambda: NOON),
            clock=lambda: NOON,
            tell=lambda news: None,
        )
        task = asyncio.create_task(sender.run())
        await arrived.wait()
        task.cancel()
        return await task

    book = asyncio.run(interrupted())

    assert book.is_interrupted
    assert book.tries.keys() == {0, 1, 2}


@pytest.mark.parametrize("processes", ["1", "2"])
def test_ctrl_c_ends_a_run_with_its_report(fake: FakeGateway, console: Console, processes: str) -> None:
    arguments = ["--url", fake.url, "--count", "4", "--processes", processes, "--connections", processes]
    process = subprocess.Popen(
        [sys.executable, "-c", SIMULATE, *arguments, "--json", "--no-check"],
        env={**os.environ, **console.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def react(call: Call) -> Reaction:
        if not call.reference.endswith("-2"):
            return TRUE
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all processes
        return None

    fake.react = react

    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert json.loads(output)["interrupted"]
    assert json.loads(output)["acknowledged"] >= 1


# trigger


def test_trigger_sends_the_text_as_keyword_and_parm(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: (200, b"TRUE", ("MO-Gateway-Receipt", "stored 812"))

    result = console.trigger(fake, "WIN blue sky", "--shortcode", "7070", "--from", "32487654321")

    assert result.exit_code == 0, result.output
    fields = fake.calls[0].fields
    assert (fields["KEYWORD"], fields["PARM"], fields["SHORTCODE"]) == ("WIN", "blue sky", "7070")
    assert fields["MSISDN"] == "32487654321"
    assert len(fields["TIMESTAMP"]) == 14
    assert fake.calls[0].is_test
    assert result.stdout.startswith("POST …/spryng/mo → 200 TRUE ")
    assert result.stdout.endswith(" ms stored #812\n")


def test_trigger_tells_a_duplicate_from_the_first(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: (
        200,
        b"TRUE",
        ("MO-Gateway-Receipt", "stored 812" if fake.times(call) == 1 else "duplicate 812"),
    )

    result = console.trigger(fake, "WIN", "--times", "3")

    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("same again → 200 TRUE ")
    assert [line.partition(" ms ")[2] for line in lines] == ["stored #812", *["duplicate of #812"] * 2]
    assert len({call.raw for call in fake.calls}) == 1


def test_trigger_sets_every_field(fake: FakeGateway, console: Console) -> None:
    options = {
        "--from": "+32",
        "--keyword": "K",
        "--parm": "a b",
        "--operator": "1",
        "--timestamp": "2026",
        "--shortcode": "x",
        "--country": "be",
        "--reference": "R" * 101,
    }

    console.trigger(fake, "not used", *itertools.chain(*options.items()))

    assert list(fake.calls[0].fields.values()) == list(options.values())


def test_trigger_leaves_parameters_out(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: TRUE

    console.trigger(fake, "WIN", "--without", "MSISDN", "--without", "REFERENCE")

    assert fake.calls[0].fields.keys() == {
        "KEYWORD", "PARM", "OPERATOR", "TIMESTAMP", "SHORTCODE", "COUNTRY",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("charset", "form"),
    [("latin1", b"PARM=caf%E9"), ("windows-1252", b"PARM=caf%E9"), ("utf-8", b"PARM=caf%C3%A9")],
)
def test_trigger_sends_the_bytes_of_a_charset(
    fake: FakeGateway, console: Console, charset: str, form: bytes
) -> None:
    console.trigger(fake, "WIN café", "--charset", charset, "--method", "get")

    assert fake.calls[0].method == "GET"
    assert form in fake.calls[0].raw


def test_trigger_refuses_a_letter_that_the_charset_does_not_have(fake: FakeGateway, console: Console) -> None:
    result = console.trigger(fake, "WIN €")

    assert result.exit_code == 2
    assert "iso-8859-1 has no '€'" in result.stderr


def rejection(_call: Call) -> Reaction:
    errors = [
        {"field": "MSISDN", "value": "abc", "rule": "must be 6 to 15 digits"},
        {"field": "COUNTRY", "value": "\x1b[2J", "rule": "must be an assigned code"},
    ]
    return (
        400,
        json.dumps({"status": 400, "errors": errors}).encode(),
        ("Content-Type", "application/problem+json"),
        ("MO-Gateway-Receipt", "rejected 17"),
    )


def test_trigger_prints_the_bad_fields_one_a_line(fake: FakeGateway, console: Console) -> None:
    fake.react = rejection

    result = console.trigger(fake, "WIN", "--from", "abc")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].endswith(" ms rejected #17")
    assert result.stdout.splitlines()[1:] == [
        "  MSISDN 'abc' must be 6 to 15 digits",
        "  COUNTRY '\\x1b[2J' must be an assigned code",
    ]


def test_trigger_gives_json(fake: FakeGateway, console: Console) -> None:
    fake.react = rejection

    result = console.trigger(fake, "WIN", "--json")

    (sent,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert sent.pop("milliseconds") >= 0
    assert sent.pop("errors")[0]["field"] == "MSISDN"
    assert sent == {"status": 400, "acknowledged": False, "outcome": "rejected", "id": 17}


def test_true_for_a_rejected_message_is_not_exit_code_0(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: (200, b"TRUE", ("MO-Gateway-Receipt", "rejected 17"))

    assert console.trigger(fake, "WIN").exit_code == 1


@pytest.mark.parametrize(
    ("status", "hint"), [(403, "`mo-gateway run` prints"), (404, "`mo-gateway run` prints"), (503, "Not stored")]
)
def test_trigger_says_what_to_do(fake: FakeGateway, console: Console, status: int, hint: str) -> None:
    fake.react = lambda call: (status, b"")

    result = console.trigger(fake, "WIN")

    assert result.exit_code == 1
    assert hint in result.stderr
    assert "hush-hush" not in result.output


def test_trigger_says_that_nothing_answers(console: Console, deaf_server: socket.socket) -> None:
    port = deaf_server.getsockname()[1]
    deaf_server.close()

    result = console.run(trigger, "--url", f"http://127.0.0.1:{port}/spryng/mo/hush-hush", "WIN")

    assert result.exit_code == 1
    assert f"Nothing answers at http://127.0.0.1:{port}: is `mo-gateway run` running?" in result.stderr
    assert "hush-hush" not in result.output


def test_trigger_says_that_the_server_hung_up(fake: FakeGateway, console: Console) -> None:
    fake.react = lambda call: None

    result = console.trigger(fake, "WIN")

    assert result.exit_code == 1
    assert "hung up without an answer; the message may be stored or not." in result.stderr


def test_the_callback_url_is_that_of_the_settings(fake: FakeGateway, console: Console) -> None:
    console.environ["MO_GATEWAY_PUBLIC_URL"] = fake.url.removesuffix("/spryng/mo/hush-hush")

    result = console.run(trigger, "WIN")

    assert result.exit_code == 0, result.output
    assert fake.calls[0].path == "/spryng/mo/hush-hush"
