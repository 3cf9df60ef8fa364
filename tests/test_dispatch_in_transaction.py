"""Handlers with `transaction=True`: what they wrote is there exactly once, when their message is done."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from structlog.typing import EventDict

from mo_gateway import Message, dispatch, keyword
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Outcome
from mo_gateway.receive import Receiver

from .conftest import MakeSettings
from .examples import webhook
from .handling import captured_log, dispatcher_of, handle_all
from .stored import make_due, replies, rows, states, store
from .waiting import until


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    return captured_log(monkeypatch, dispatch)


@pytest.fixture
def gateway(gateway: Gateway) -> Gateway:
    """A gateway, of each kind in turn, whose database has a table of a handler's own."""
    with_entries(gateway)
    return gateway


@pytest.fixture
def sqlite_gateway(sqlite_url: str, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same on SQLite, where such a handler has 0.2 s."""
    monkeypatch.setattr(dispatch, "TIME_LIMIT_ON_SQLITE", timedelta(seconds=0.2))
    gateway = open_gateway(make_settings(sqlite_url))
    with_entries(gateway)
    yield gateway
    gateway.close()


def with_entries(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("CREATE TABLE entry (msisdn TEXT)"))


def enter(conn: Connection, message: Message) -> None:
    conn.execute(text("INSERT INTO entry VALUES (:msisdn)"), {"msisdn": message.msisdn})


def entries(gateway: Gateway) -> list[str]:
    return [row.msisdn for row in rows(gateway.engine, "entry")]


def test_what_a_handler_wrote_is_there_with_its_message_being_done(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> str:
        enter(conn, message)
        return "you are in"

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert states(gateway.engine) == ["done"]
    assert entries(gateway) == ["32412345678"]
    assert replies(gateway.engine) == ["you are in"]


def test_nothing_stays_of_a_handler_that_raises(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> None:
        enter(conn, message)
        raise RuntimeError("no luck")

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert states(gateway.engine) == ["failed"]
    assert entries(gateway) == []


def test_nothing_stays_of_a_handler_whose_reply_is_wrong(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> list[Any]:
        enter(conn, message)
        return ["you are in", 7]

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert states(gateway.engine) == ["failed"]
    assert entries(gateway) == []
    assert replies(gateway.engine) == []


def test_nothing_stays_of_a_handler_whose_claim_was_lost(gateway: Gateway) -> None:
    store(gateway)

    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> str:
        if message.attempt == 1:
            make_due(gateway.engine)
            theirs.extend(dispatcher.claim(1))
        enter(conn, message)
        return f"you are in, by try {message.attempt}"

    theirs: list[Any] = []
    dispatcher = dispatcher_of(gateway, handler)
    (ours,) = dispatcher.claim(1)

    dispatcher.handle(ours)
    after_ours = entries(gateway), replies(gateway.engine)
    dispatcher.handle(theirs[0])

    assert after_ours == ([], [])
    assert entries(gateway) == ["32412345678"]
    assert replies(gateway.engine) == ["you are in, by try 2"]


def test_a_failed_try_and_a_good_one_leave_one_entry(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> None:
        enter(conn, message)
        if message.attempt == 1:
            raise RuntimeError("no luck")

    store(gateway)
    dispatcher = dispatcher_of(gateway, handler)
    handle_all(dispatcher)
    make_due(gateway.engine)

    handle_all(dispatcher)

    assert states(gateway.engine) == ["done"]
    assert entries(gateway) == ["32412345678"]


@pytest.mark.parametrize("swallows", [False, True])
def test_a_handler_that_commits_is_refused_and_nothing_of_it_stays(gateway: Gateway, swallows: bool) -> None:
    @keyword("WIN", transaction=True, name="test")
    def handler(message: Message, conn: Connection) -> str:
        enter(conn, message)
        try:
            conn.commit()
        except Exception:
            if not swallows:
                raise
        return "you are in"

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    (row,) = rows(gateway.engine, "mo_handling")
    assert row.state == "failed"
    if not swallows:
        assert row.error == (
            "HandlerError: the handler test commits; the gateway does, with the message being done"
        )
    assert entries(gateway) == []
    assert replies(gateway.engine) == []


def test_a_handler_that_rolls_back_is_refused(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> str:
        enter(conn, message)
        conn.rollback()
        return "you are in"

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert states(gateway.engine) == ["failed"]
    assert entries(gateway) == []


def test_a_handler_may_undo_a_part_of_what_it_wrote(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> None:
        enter(conn, message)
        savepoint = conn.begin_nested()
        enter(conn, message)
        savepoint.rollback()
        with conn.begin_nested():
            enter(conn, message)

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert states(gateway.engine) == ["done"]
    assert entries(gateway) == ["32412345678"] * 2


def test_a_handler_that_has_not_used_its_connection_does_not_hold_up_the_intake(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> None:
        meanwhile.append(receive_another(gateway))
        enter(conn, message)

    meanwhile: list[Outcome] = []
    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert meanwhile == [Outcome.STORED]
    assert states(gateway.engine) == ["done", "unrouted"]


def receive_another(gateway: Gateway) -> Outcome:
    """Take in a message that no handler is for, as the intake does."""
    receiver: Receiver = gateway.receiver
    return receiver.receive(gateway.spryng, webhook(KEYWORD="OTHER", MSISDN="32487654321")).outcome


def test_on_sqlite_a_handler_over_its_time_is_rolled_back_and_the_intake_goes_on(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> str:
        enter(conn, message)
        if message.attempt == 1:  # holds the one writer, and would for ever
            meanwhile.append(receive_another(sqlite_gateway))
        return f"at try {message.attempt}"

    meanwhile: list[Outcome] = []
    store(sqlite_gateway)
    dispatcher = dispatcher_of(sqlite_gateway, handler)

    handle_all(dispatcher)
    after_the_first = states(sqlite_gateway.engine), entries(sqlite_gateway), replies(sqlite_gateway.engine)
    make_due(sqlite_gateway.engine)
    monkeypatch.setattr(dispatch, "TIME_LIMIT_ON_SQLITE", timedelta(minutes=1))  # a busy host is no slow handler
    handle_all(dispatcher)

    assert meanwhile == [Outcome.STORED]
    assert after_the_first == (["failed", "unrouted"], [], [])
    assert states(sqlite_gateway.engine) == ["done", "unrouted"]
    assert replies(sqlite_gateway.engine) == ["at try 2"]
    assert entries(sqlite_gateway) == ["32412345678"]
    (first, *_) = rows(sqlite_gateway.engine, "mo_attempt")
    assert "held up the intake for too long" in first.error


def test_on_sqlite_a_statement_that_begins_as_the_time_ends_leaves_nothing(sqlite_gateway: Gateway) -> None:
    second = "INSERT INTO entry VALUES ('late')"

    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> None:
        enter(conn, message)
        conn.execute(text(second))

    @event.listens_for(sqlite_gateway.engine, "before_cursor_execute")
    def wait_for_the_roll_back(conn: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        driver: Any = conn.connection.driver_connection
        if statement == second:  # what decides whether a transaction must begin has run by now
            until(lambda: not driver.in_transaction, "the roll-back")

    store(sqlite_gateway)

    handle_all(dispatcher_of(sqlite_gateway, handler))

    assert states(sqlite_gateway.engine) == ["failed"]
    assert entries(sqlite_gateway) == []


def test_on_sqlite_the_time_limit_is_for_handlers_only(sqlite_gateway: Gateway) -> None:
    with sqlite_gateway.engine.begin() as conn:
        conn.execute(text("INSERT INTO entry VALUES ('slow')"))
        assert not threading.Event().wait(0.3)

    assert entries(sqlite_gateway) == ["slow"]
