"""The event loop's own writer on PostgreSQL keeps each promise of the writer's thread."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any
from unittest.mock import patch

import pytest
import uvloop
from sqlalchemy import make_url, text

from mo_gateway.errors import Overloaded, StorageError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Outcome, Receipt
from mo_gateway.store import postgresql

from .conftest import MakeSettings
from .faults.proxy import Proxy
from .stored import rows
from .test_writer import new_message
from .troubled import end_stalled, is_stalled, poison, stall, warn
from .waiting import until


@pytest.fixture
def gateway(postgres_url: str, make_settings: MakeSettings) -> Iterator[Gateway]:
    """A gateway on PostgreSQL that waits for longer than a host is busy."""
    with closing(open_gateway(make_settings(postgres_url, COMMIT_DEADLINE="20"))) as gateway:
        yield gateway


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of a process, of the kind that gunicorn takes."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner


async def store(gateway: Gateway, *texts: str) -> Sequence[Receipt | BaseException]:
    """Submit messages at once and give what became of each."""
    assert gateway.loop_writer
    futures = [gateway.loop_writer.submit(new_message(gateway, PARM=parm)) for parm in texts]
    return await asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)


async def store_one(gateway: Gateway, parm: str) -> Receipt:
    """Submit a message and give its receipt, or raise why it has none."""
    (outcome,) = await store(gateway, parm)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def store_in_the_end(gateway: Gateway, parm: str) -> None:
    """Do as the provider does: send again until it is taken."""
    async with asyncio.timeout(20):
        while isinstance((await store(gateway, parm))[0], StorageError):
            pass


async def give_up_while_it_stalls(gateway: Gateway) -> StorageError:
    """Submit a message whose commit stalls, wait for as long as one may, and give up."""
    assert gateway.loop_writer
    future = gateway.loop_writer.submit(new_message(gateway, PARM="STALL"))
    while not is_stalled(gateway.engine):
        await asyncio.sleep(0.01)
    await asyncio.wait([asyncio.wrap_future(future)], timeout=gateway.loop_writer.deadline)
    return gateway.loop_writer.gave_up(future)


def driver_of(gateway: Gateway) -> Any:
    """Give the connection that it holds."""
    assert gateway.loop_writer
    assert gateway.loop_writer._connection
    return gateway.loop_writer._connection.connection.driver_connection


def test_a_new_message_is_stored_with_its_work_item_and_a_retry_counted(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    first = runner.run(store_one(gateway, "ON"))
    again = runner.run(store_one(gateway, "ON"))

    assert first == Receipt(outcome=Outcome.STORED, id=first.id, deliveries=1)
    assert again == Receipt(outcome=Outcome.DUPLICATE, id=first.id, deliveries=2)
    handlings = rows(gateway.engine, "mo_handling")
    assert [(row.message_id, row.state, row.attempt_limit) for row in handlings] == [(first.id, "pending", 12)]


def test_a_pooler_that_allows_no_prepared_statements_is_asked_without(
    postgres_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    with closing(open_gateway(make_settings(postgres_url, PREPARE_STATEMENTS="0"))) as gateway:
        assert runner.run(store_one(gateway, "ON")).outcome is Outcome.STORED

        assert driver_of(gateway).execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_copies_that_come_at_once_are_one_message_and_all_are_acknowledged(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    receipts = runner.run(store(gateway, *["ON"] * 50))

    assert sorted(str(getattr(receipt, "outcome", receipt)) for receipt in receipts) == [
        *["duplicate"] * 49,
        "stored",
    ]
    assert [row.deliveries for row in rows(gateway.engine, "mo_message")] == [50]


def test_a_thousand_long_messages_at_once_are_stored_in_their_batches(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    receipts = runner.run(store(gateway, *(f"{n:04} " + "é" * 1500 for n in range(1000))))

    assert {getattr(receipt, "outcome", receipt) for receipt in receipts} == {Outcome.STORED}
    assert len(rows(gateway.engine, "mo_message")) == 1000


def test_a_row_that_the_database_refuses_does_not_take_its_neighbours_along(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    poison(gateway.engine)

    outcomes = runner.run(store(gateway, "one", "POISON", "two"))

    assert [type(outcome) for outcome in outcomes] == [Receipt, StorageError, Receipt]
    assert [row.parm for row in rows(gateway.engine, "mo_message")] == ["one", "two"]


def test_a_full_line_refuses_at_once(
    postgres_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    async def fill(gateway: Gateway) -> None:
        await store(gateway, "one", "two", "three", "four")

    with closing(open_gateway(make_settings(postgres_url, MAX_WAITING="3"))) as gateway:
        with pytest.raises(Overloaded, match="3 requests wait"):
            runner.run(fill(gateway))

        assert runner.run(store_one(gateway, "later")).outcome is Outcome.STORED


def test_a_message_whose_caller_gave_up_in_line_is_not_stored_for_nothing(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    async def give_up_at_once() -> None:
        assert gateway.loop_writer
        gateway.loop_writer.submit(new_message(gateway, PARM="given up")).cancel()
        await store(gateway, "kept")

    runner.run(give_up_at_once())

    assert [row.parm for row in rows(gateway.engine, "mo_message")] == ["kept"]


def test_a_commit_that_never_ends_is_cut_off_and_the_next_gets_a_new_connection(
    postgres_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    with closing(open_gateway(make_settings(postgres_url, COMMIT_DEADLINE="0.5"))) as gateway:
        stall(gateway.engine)
        runner.run(store_in_the_end(gateway, "warm"))

        error = runner.run(give_up_while_it_stalls(gateway))

        assert str(error) == "the database took longer than 0.5 s"
        runner.run(store_in_the_end(gateway, "next"))
        assert [row.parm for row in rows(gateway.engine, "mo_message")] == ["warm", "next"]
        assert end_stalled(gateway.engine) == 1


def test_a_commit_under_way_is_told_to_who_asks_whether_the_database_answers(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    async def look_meanwhile() -> bool:
        assert gateway.loop_writer
        gateway.loop_writer.submit(new_message(gateway, PARM="STALL"))
        while not gateway.waiting_for():
            await asyncio.sleep(0)
        return True

    stall(gateway.engine)
    runner.run(store_one(gateway, "warm"))

    assert runner.run(look_meanwhile())
    assert until(lambda: end_stalled(gateway.engine), "the commit to stall") == 1


async def store_and(break_: Callable[[], None], gateway: Gateway) -> Receipt | BaseException:
    """Break something while the server stores a message, and give what became of it within 20 s."""
    storing = asyncio.create_task(store(gateway, "STALL"))
    while not is_stalled(gateway.engine):
        await asyncio.sleep(0.01)
    break_()
    async with asyncio.timeout(20):
        (outcome,) = await storing
    return outcome


def test_a_connection_that_breaks_refuses_its_batch_and_the_next_gets_a_new_one(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    stall(gateway.engine)
    runner.run(store_one(gateway, "warm"))

    outcome = runner.run(store_and(lambda: postgresql.cut_off(driver_of(gateway)), gateway))

    assert isinstance(outcome, StorageError)
    assert "could not store" in str(outcome)
    assert runner.run(store_one(gateway, "next")).outcome is Outcome.STORED
    assert end_stalled(gateway.engine) == 1


#: What a PostgreSQL that stops at once says to its clients.
LAST_WORDS = b"SFATAL\0C57P02\0Mterminating connection because of crash of another server process\0\0"


@pytest.mark.parametrize(
    "last_words", [b"", b"E" + (4 + len(LAST_WORDS)).to_bytes(4) + LAST_WORDS], ids=["silent", "with last words"]
)
def test_a_connection_that_is_reset_is_noticed_at_once(
    last_words: bytes, postgres_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    url = make_url(postgres_url)
    assert url.port
    with closing(Proxy(url.port)) as proxy:
        behind = make_settings(str(url.set(port=proxy.port)), COMMIT_DEADLINE="60")
        with closing(open_gateway(behind)) as gateway:
            stall(gateway.engine)
            runner.run(store_one(gateway, "warm"))

            outcome = runner.run(store_and(lambda: proxy.cut(last_words), gateway))

            assert isinstance(outcome, StorageError)
            assert runner.run(store_one(gateway, "next")).outcome is Outcome.STORED
            assert end_stalled(gateway.engine) == 1


def test_a_failure_behind_a_commit_does_not_end_the_writing(gateway: Gateway, runner: asyncio.Runner) -> None:
    assert gateway.loop_writer
    with patch.object(gateway.loop_writer, "_on_stored", side_effect=RuntimeError("can't start new thread")):
        before = runner.run(store_one(gateway, "before"))

    after = runner.run(store_one(gateway, "after"))

    assert [before.outcome, after.outcome] == [Outcome.STORED, Outcome.STORED]


def test_a_connection_that_the_server_ended_between_two_batches_costs_no_message(
    gateway: Gateway, runner: asyncio.Runner
) -> None:
    runner.run(store_one(gateway, "before"))
    old = driver_of(gateway)
    with gateway.engine.begin() as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": old.info.backend_pid})
    until(lambda: postgresql.is_ended(old), "the server's word that it ended the connection")

    assert runner.run(store_one(gateway, "after")).outcome is Outcome.STORED


def test_a_warning_from_the_server_means_not_acknowledged(gateway: Gateway, runner: asyncio.Runner) -> None:
    warn(gateway.engine)

    (outcome,) = runner.run(store(gateway, "WARN"))

    assert isinstance(outcome, StorageError)
    assert "canceling wait for synchronous replication" in str(outcome)
    assert runner.run(store_one(gateway, "fine")).outcome is Outcome.STORED


def test_a_database_that_is_not_to_be_trusted_is_refused(
    postgres_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    gateway = open_gateway(make_settings(postgres_url, ALLOW_UNSAFE_DATABASE="0"))

    with closing(gateway), pytest.raises(StorageError, match="fsync=off"):
        runner.run(store_one(gateway, "ON"))
