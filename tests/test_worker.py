"""The worker: woken or not it finds its work, and neither a handler nor a lost database stops it."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from structlog.typing import EventDict

from mo_gateway import Message, Reply, dispatch, keyword, worker
from mo_gateway.consent import Consent
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store.engine import open_engine
from mo_gateway.store.wake import Listener
from mo_gateway.worker import Worker

from .conftest import MakeSettings
from .handling import captured_log, consent_of, dispatcher_of, worker_of
from .postgres import PostgresServer
from .stored import replies, rows, states, store, store_senders
from .waiting import until

LONG = 60.0  # seconds; longer than any test lasts


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    """What the dispatcher logs; the worker's own lines are captured too, and not looked at."""
    captured_log(monkeypatch, worker)
    return captured_log(monkeypatch, dispatch)


@pytest.fixture(autouse=True)
def poll_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_EVERY", 0.05)


@pytest.fixture
def sqlite_gateway(sqlite_url: str, make_settings: MakeSettings) -> Iterator[Gateway]:
    """For what is the same on both databases."""
    gateway = open_gateway(make_settings(sqlite_url))
    yield gateway
    gateway.close()


@dataclass
class Running:
    """A worker at work in a thread."""

    worker: Worker
    results: list[bool] = field(default_factory=list)  #: what `run` gave

    def take_all_time(self) -> None:
        """Let what is begun from now on take as long as a busy host may pause it."""
        self.worker._limit = LONG

    def start(self) -> None:
        self.thread = threading.Thread(target=lambda: self.results.append(self.worker.run()), daemon=True)
        self.thread.start()

    def end(self) -> bool:
        """Wait for its end and give what `run` gave."""
        self.thread.join(20)
        assert self.results, "the worker did not end, or not in order"
        return self.results[0]


@contextmanager
def working(
    gateway: Gateway, *handlers: Callable[..., Any], threads: int = 4, limit: float = LONG
) -> Iterator[Running]:
    running = Running(worker_of(gateway, *handlers, threads=threads, limit=limit))
    running.start()
    yield running
    running.worker.stop()
    running.worker.wake()
    running.end()


def looks_of(engine: Engine) -> list[str]:
    """Give a list to which each look for messages is added from now on."""
    looks: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "UPDATE mo_handling SET attempts" in statement:
            looks.append(statement)

    return looks


@keyword("WIN")
def thank(message: Message) -> str:
    return f"thank you for {message.parm}"


@dataclass
class Gate:
    """A handler that waits in the middle until it is let through."""

    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)

    @property
    def handler(self) -> Callable[[Message], str]:
        @keyword("WIN")
        def handler(message: Message) -> str:
            self.entered.release()
            assert self.opened.wait(LONG)
            return "at last"

        return handler

    def wait_for(self, how_many: int) -> None:
        """Wait until so many have come to the gate."""
        for _ in range(how_many):
            assert self.entered.acquire(timeout=20)


def test_what_waited_before_the_start_is_handled(gateway: Gateway) -> None:
    store_senders(gateway, 10)

    with working(gateway, thank):
        until(lambda: states(gateway.engine) == ["done"] * 10, "all to be done")

    assert replies(gateway.engine) == ["thank you for ON"] * 10


@pytest.mark.parametrize("in_transaction", [False, True])
def test_replies_wake_who_sends_them(sqlite_gateway: Gateway, in_transaction: bool) -> None:
    @keyword("WIN", transaction=in_transaction)
    def handler(message: Message, *_conn: Connection) -> str:
        return "thank you"

    woken_with: list[list[str]] = []
    store(sqlite_gateway)

    running = Running(
        Worker(
            dispatcher_of(sqlite_gateway, handler),
            consent_of(sqlite_gateway),
            threads=1,
            limit=LONG,
            on_replies=lambda: woken_with.append(replies(sqlite_gateway.engine)),
        )
    )
    running.start()
    until(lambda: ["thank you"] in woken_with, "those who send to be woken")
    running.worker.stop()
    running.worker.wake()
    running.end()


def test_handlers_go_on_whatever_is_wrong_with_stop(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Consent) -> bool:
        raise RuntimeError(phone)

    phone = "32412345678"
    lines = captured_log(monkeypatch, worker)
    monkeypatch.setattr(Consent, "record", fail)
    store(sqlite_gateway)

    with working(sqlite_gateway, thank):
        until(lambda: states(sqlite_gateway.engine) == ["done"], "the message to be done")

    assert {line["event"] for line in lines} == {"cannot record STOP and START"}
    assert "RuntimeError" in str(lines)
    assert phone not in str(lines)


def test_a_reply_that_nobody_can_store_does_not_end_the_worker(sqlite_gateway: Gateway) -> None:
    @keyword("WIN")
    def handler(message: Message) -> Reply | str:
        return Reply(5) if message.parm == "BAD" else "fine"  # type: ignore[arg-type]

    store(sqlite_gateway, PARM="BAD")
    store(sqlite_gateway, MSISDN="32487654321")

    with working(sqlite_gateway, handler) as running:
        until(lambda: states(sqlite_gateway.engine) == ["failed", "done"], "both to be tried")
        survived = running.thread.is_alive()

    assert survived


def test_a_wake_up_is_heard(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_EVERY", LONG)

    with working(gateway, thank) as running:
        store(gateway)
        running.worker.wake()
        until(lambda: states(gateway.engine) == ["done"], "the message to be done")


def test_without_a_wake_up_it_looks_by_itself(gateway: Gateway) -> None:
    looks = looks_of(gateway.engine)

    with working(gateway, thank):
        until(lambda: len(looks) > 1, "it to look once more when there was nothing")
        store(gateway)
        until(lambda: states(gateway.engine) == ["done"], "the message to be done")


def test_a_failed_message_is_tried_again_without_being_told(
    database_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(database_url, RETRY_DELAY="0.1"))

    @keyword("WIN")
    def handler(message: Message) -> str:
        if message.attempt < 3:
            raise RuntimeError("no luck")
        return f"at try {message.attempt}"

    store(gateway)

    with working(gateway, handler):
        until(lambda: states(gateway.engine) == ["done"], "the message to be done")

    assert replies(gateway.engine) == ["at try 3"]
    gateway.close()


def test_a_senders_messages_are_handled_in_order_and_all_at_one_wake_up(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_EVERY", LONG)
    for number in range(5):
        store(gateway, PARM=str(number))

    with working(gateway, thank):
        until(lambda: states(gateway.engine) == ["done"] * 5, "all to be done")

    assert replies(gateway.engine) == [f"thank you for {number}" for number in range(5)]


def test_as_many_handlers_run_at_once_as_it_has_threads(sqlite_gateway: Gateway) -> None:
    gate = Gate()
    store_senders(sqlite_gateway, 9)

    with working(sqlite_gateway, gate.handler, threads=3):
        gate.wait_for(3)
        claimed = [row.attempts for row in rows(sqlite_gateway.engine, "mo_handling")]
        more = gate.entered.acquire(timeout=0.2)
        gate.opened.set()
        until(lambda: states(sqlite_gateway.engine) == ["done"] * 9, "all to be done")

    assert not more
    assert sum(claimed) == 3  # what no thread is free for is left to other workers


def test_what_ends_at_about_the_same_time_is_recorded_in_one_transaction(
    postgres_url: str, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "GATHERING", LONG)
    gateway = open_gateway(make_settings(postgres_url))
    gate = Gate()
    called = threading.Event()

    @keyword("OTHER")
    def other(message: Message) -> None:
        called.set()

    store(gateway)
    store(gateway, KEYWORD="OTHER", MSISDN="32487654321")

    with working(gateway, gate.handler, other):
        gate.wait_for(1)
        assert called.wait(LONG)
        gate.opened.set()
        until(lambda: states(gateway.engine) == ["done", "done"], "both to be done")

    assert len({row.finished_at for row in rows(gateway.engine, "mo_handling")}) == 1
    gateway.close()


def test_a_handler_over_its_limit_has_failed_and_what_it_returns_later_counts_for_nothing(
    sqlite_gateway: Gateway, log_lines: list[EventDict]
) -> None:
    gate = Gate()
    store(sqlite_gateway)

    with working(sqlite_gateway, gate.handler, limit=0.1) as running:
        until(lambda: states(sqlite_gateway.engine) == ["failed"], "the handler to be left behind")
        running.take_all_time()
        store(sqlite_gateway, KEYWORD="OTHER", MSISDN="32487654321")
        until(lambda: states(sqlite_gateway.engine) == ["failed", "unrouted"], "another message to be handled")
        gate.opened.set()
        until(lambda: any("claim lost" in line["event"] for line in log_lines), "the late result")

    (failed, _) = rows(sqlite_gateway.engine, "mo_handling")
    assert (failed.state, failed.error) == ("failed", "took longer than 0.1 s")
    assert replies(sqlite_gateway.engine) == []


def test_a_stuck_handler_does_not_stop_the_others(sqlite_gateway: Gateway) -> None:
    gate = Gate()

    @keyword("OTHER")
    def other(message: Message) -> None:
        return None

    store(sqlite_gateway)

    with working(sqlite_gateway, gate.handler, other, threads=3, limit=0.1) as running:
        until(lambda: states(sqlite_gateway.engine) == ["failed"], "the handler to be left behind")
        running.take_all_time()
        store_senders(sqlite_gateway, 20, KEYWORD="OTHER")
        until(lambda: states(sqlite_gateway.engine) == ["failed"] + ["done"] * 20, "the others to be done")
        still_at_work = running.thread.is_alive()
        gate.opened.set()

    assert still_at_work


def test_with_half_of_its_threads_stuck_it_ends_to_begin_anew(sqlite_gateway: Gateway) -> None:
    gate = Gate()
    store_senders(sqlite_gateway, 2)

    with working(sqlite_gateway, gate.handler, threads=4, limit=0.1) as running:
        ended_because_stuck = running.end()
        gate.opened.set()

    assert ended_because_stuck
    assert states(sqlite_gateway.engine) == ["failed", "failed"]


def test_asked_to_stop_with_half_of_its_threads_stuck_it_does_not_begin_anew(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_EVERY", LONG)
    gate = Gate()
    store(sqlite_gateway)

    with working(sqlite_gateway, gate.handler, threads=2, limit=0) as running:
        gate.wait_for(1)
        running.worker.stop()
        running.worker.wake()  # only now it looks who is over the limit
        begins_anew = running.end()
        gate.opened.set()

    assert not begins_anew
    assert states(sqlite_gateway.engine) == ["failed"]


def test_asked_to_stop_it_takes_nothing_more_and_waits_for_the_running_handlers(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_EVERY", LONG)  # else it may be about to look when it is asked to stop
    gate = Gate()
    store(sqlite_gateway)

    with working(sqlite_gateway, gate.handler) as running:
        gate.wait_for(1)
        running.worker.stop()
        store(sqlite_gateway, MSISDN="32487654321")
        running.worker.wake()
        running.thread.join(0.3)
        waits = running.thread.is_alive()
        gate.opened.set()
        running.end()

    assert waits
    assert states(sqlite_gateway.engine) == ["done", "pending"]
    assert replies(sqlite_gateway.engine) == ["at last"]


def test_a_lock_of_another_program_is_waited_out(
    sqlite_gateway: Gateway, sqlite_url: str, make_settings: MakeSettings
) -> None:
    store(sqlite_gateway)
    gateway = open_gateway(make_settings(sqlite_url, COMMIT_DEADLINE="0.1"))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with working(gateway, thank) as running:
        running.thread.join(0.5)
        survived = running.thread.is_alive()
        other.execute("ROLLBACK")
        other.close()
        until(lambda: states(sqlite_gateway.engine) == ["done"], "the message to be done")

    assert survived
    gateway.close()


def test_a_database_that_was_away_is_used_again_when_it_is_back(
    postgres_server: PostgresServer, postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    first = Gate()

    @keyword("OTHER")
    def other(message: Message) -> str:
        return "and another"

    store(gateway)
    with working(gateway, first.handler, other) as running:
        first.wait_for(1)
        postgres_server.stop()
        try:
            first.opened.set()  # its result cannot be recorded now
            running.thread.join(0.5)
            survived = running.thread.is_alive()
        finally:
            postgres_server.start()
        store(gateway, KEYWORD="OTHER", MSISDN="32487654321")
        until(lambda: states(gateway.engine) == ["done", "done"], "both to be done")

    assert survived
    assert replies(gateway.engine) == ["at last", "and another"]
    assert [row.number for row in rows(gateway.engine, "mo_attempt")] == [1, 1]
    gateway.close()


def test_a_slow_handler_is_left_behind_also_while_the_database_is_away(
    postgres_server: PostgresServer, postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    gate = Gate()
    store(gateway)

    with working(gateway, gate.handler, limit=0.2) as running:
        gate.wait_for(1)
        postgres_server.stop()
        try:
            running.thread.join(0.5)
            survived = running.thread.is_alive()
        finally:
            postgres_server.start()
        until(lambda: states(gateway.engine) == ["failed"], "the handler to be left behind")
        gate.opened.set()

    assert survived
    gateway.close()


def test_asked_to_stop_while_the_database_is_away_it_does_not_spin(
    postgres_server: PostgresServer,
    postgres_url: str,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "GRACE", 1.0)
    lines = captured_log(monkeypatch, worker)
    gateway = open_gateway(make_settings(postgres_url))
    gate = Gate()
    store(gateway)

    with working(gateway, gate.handler) as running:
        gate.wait_for(1)
        postgres_server.stop()
        try:
            running.worker.stop()
            gate.opened.set()
            running.end()
        finally:
            postgres_server.start()

    assert 0 < len(lines) <= 30  # a try each 0.05 s
    gateway.close()


def test_a_store_in_another_process_wakes_a_listener(postgres_url: str, make_settings: MakeSettings) -> None:
    woken = threading.Event()
    engine = open_engine(make_settings(postgres_url))
    listener = Listener(engine, woken.set)
    gateway = open_gateway(make_settings(postgres_url))
    until(lambda: listening(gateway), "the listener to listen")

    store(gateway)

    assert woken.wait(20)
    listener.close()
    gateway.close()


def test_a_listener_whose_connection_was_lost_listens_again(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    woken = threading.Event()
    engine = open_engine(make_settings(postgres_url))
    listener = Listener(engine, woken.set)
    gateway = open_gateway(make_settings(postgres_url))
    (lost,) = until(lambda: listening(gateway), "the listener to listen")
    with gateway.engine.begin() as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
    until(lambda: listening(gateway) not in ([], [lost]), "the listener to listen again")

    store(gateway)

    assert woken.wait(20)
    listener.close()
    gateway.close()


def listening(gateway: Gateway) -> list[int]:
    """Give the processes of the database server that have been told to listen."""
    with gateway.engine.begin() as conn:
        listeners = (
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'"
        )
        return list(conn.scalars(text(listeners)))
