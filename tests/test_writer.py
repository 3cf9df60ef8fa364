"""The writer: what is acknowledged is durable, and each trap of group commit stays shut."""

import os
import resource
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, text
from sqlalchemy.exc import OperationalError

from mo_gateway.errors import Overloaded, StorageError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Outcome, Receipt
from mo_gateway.store import postgresql, tables
from mo_gateway.store.inbox import NewMessage, add_messages
from mo_gateway.store.waiters import New

from .conftest import MakeSettings
from .examples import NOW, webhook
from .stored import rows
from .troubled import end_stalled, is_stalled, poison, stall, warn
from .waiting import until


def new_message(gateway: Gateway, **changes: str) -> NewMessage:
    new = gateway.receiver.prepare(gateway.spryng, webhook(now=NOW, **changes))
    assert isinstance(new, NewMessage)
    return new


@contextmanager
def held_back(engine: Engine) -> Iterator[threading.Event]:
    """Keep the writer's commits from happening until the block ends; the event is set when one is tried."""
    tried, go_on = threading.Event(), threading.Event()

    @event.listens_for(engine, "commit")
    def wait(_conn: Connection) -> None:
        tried.set()
        go_on.wait(20)

    try:
        yield tried
    finally:
        go_on.set()


def test_a_new_message_is_stored_with_its_work_item(gateway: Gateway) -> None:
    receipt = gateway.writer.store(new_message(gateway))

    assert receipt == Receipt(outcome=Outcome.STORED, id=receipt.id, deliveries=1)
    handlings = rows(gateway.engine, "mo_handling")
    assert [(row.message_id, row.state, row.attempts, row.attempt_limit) for row in handlings] == [
        (receipt.id, "pending", 0, 12)
    ]


def test_a_retry_is_counted_and_makes_no_second_work_item(gateway: Gateway) -> None:
    first = gateway.writer.store(new_message(gateway))
    again = gateway.writer.store(new_message(gateway))

    assert again == Receipt(outcome=Outcome.DUPLICATE, id=first.id, deliveries=2)
    assert len(rows(gateway.engine, "mo_handling")) == 1


def test_copies_in_one_batch_become_one_row_that_counts_them(gateway: Gateway) -> None:
    batch = [new_message(gateway), new_message(gateway), new_message(gateway, PARM="OFF")]

    with gateway.engine.begin() as conn:
        receipts = add_messages(conn, batch, attempt_limit=12)

    assert sorted(receipt.deliveries for receipt in receipts.values()) == [1, 2]
    assert all(receipt.outcome is Outcome.STORED for receipt in receipts.values())
    assert len(rows(gateway.engine, "mo_handling")) == 2


def test_of_copies_in_one_commit_the_first_is_stored_and_the_other_a_duplicate(gateway: Gateway) -> None:
    with held_back(gateway.engine) as tried:
        gateway.writer.submit(new_message(gateway, PARM="in commit"))
        assert tried.wait(10)
        copies = [gateway.writer.submit(new_message(gateway)) for _ in range(2)]

    assert [copy.result(10).outcome for copy in copies] == [Outcome.STORED, Outcome.DUPLICATE]


def test_a_batch_that_holds_old_and_new_tells_them_apart(gateway: Gateway) -> None:
    old = new_message(gateway)
    gateway.writer.store(old)
    new = new_message(gateway, PARM="OFF")

    with gateway.engine.begin() as conn:
        receipts = add_messages(conn, [new, old, old], attempt_limit=12)

    assert receipts[old.key].outcome is Outcome.DUPLICATE
    assert receipts[old.key].deliveries == 3
    assert receipts[new.key].outcome is Outcome.STORED


def test_fifty_copies_at_once_are_one_message_and_all_are_acknowledged(gateway: Gateway) -> None:
    with ThreadPoolExecutor(50) as pool:
        receipts = list(pool.map(lambda _: gateway.writer.store(new_message(gateway)), range(50)))

    assert {receipt.id for receipt in receipts} == {receipts[0].id}
    assert sorted(receipt.outcome for receipt in receipts) == [Outcome.DUPLICATE] * 49 + [Outcome.STORED]
    assert rows(gateway.engine, "mo_message")[0].deliveries == 50
    assert len(rows(gateway.engine, "mo_handling")) == 1


def test_two_processes_that_write_the_same_keys_in_opposite_orders_do_not_deadlock(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    one, two = (open_gateway(make_settings(postgres_url)) for _ in range(2))
    batch = [new_message(one, PARM=str(number)) for number in range(200)]

    def store(gateway: Gateway, messages: list[NewMessage]) -> None:
        for _ in range(5):
            with gateway.engine.begin() as conn:
                add_messages(conn, messages, attempt_limit=12)

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(store, one, batch), pool.submit(store, two, batch[::-1])]
        for future in both:
            future.result(60)

    assert {row.deliveries for row in rows(one.engine, "mo_message")} == {10}
    one.close()
    two.close()


def test_a_row_that_the_database_refuses_does_not_take_its_neighbours_along(gateway: Gateway) -> None:
    poison(gateway.engine)
    good = [new_message(gateway, PARM=str(number)) for number in range(5)]
    bad = new_message(gateway, PARM="POISON")

    with held_back(gateway.engine) as tried:
        first = gateway.writer.submit(new_message(gateway, PARM="first"))
        assert tried.wait(10)
        futures = [gateway.writer.submit(new) for new in [*good[:3], bad, *good[3:]]]

    assert first.result(10).outcome is Outcome.STORED
    outcomes = [future.exception(10) or future.result().outcome for future in futures]
    assert [outcome for outcome in outcomes if outcome is Outcome.STORED] == [Outcome.STORED] * 5
    assert isinstance(outcomes[3], StorageError)
    assert len(rows(gateway.engine, "mo_message")) == 6


def test_a_message_whose_work_cannot_be_queued_is_not_stored_either(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mo_handling RENAME TO mo_handling_away"))

    with pytest.raises(StorageError):
        gateway.writer.store(new_message(gateway))

    assert rows(gateway.engine, "mo_message") == []


def test_a_request_that_waits_longer_than_the_deadline_is_refused_and_its_retry_recognised(
    database_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(database_url, COMMIT_DEADLINE="0.3"))
    retried(gateway, new_message(gateway, PARM="warm"))

    with held_back(gateway.engine), pytest.raises(StorageError, match=r"longer than 0\.3 s"):
        gateway.writer.store(new_message(gateway))
    receipt = retried(gateway, new_message(gateway))

    assert receipt.outcome in (Outcome.STORED, Outcome.DUPLICATE)
    assert len(rows(gateway.engine, "mo_message")) == 2
    gateway.close()


def test_a_request_that_gave_up_waiting_in_line_is_not_stored_for_nothing(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, COMMIT_DEADLINE="0.3"))

    with held_back(gateway.engine) as tried:
        in_commit = gateway.writer.submit(new_message(gateway, PARM="first"))
        assert tried.wait(10)
        with pytest.raises(StorageError):
            gateway.writer.store(new_message(gateway, PARM="in line"))

    assert in_commit.result(10).outcome is Outcome.STORED
    gateway.close()
    assert [row.parm for row in rows(gateway.engine, "mo_message")] == ["first"]


def test_a_full_line_refuses_at_once(sqlite_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(sqlite_url, MAX_WAITING="3"))

    with held_back(gateway.engine) as tried:
        gateway.writer.submit(new_message(gateway, PARM="in commit"))
        assert tried.wait(10)
        for number in range(3):
            gateway.writer.submit(new_message(gateway, PARM=f"in line {number}"))
        with pytest.raises(Overloaded, match="3 requests wait"):
            gateway.writer.submit(new_message(gateway, PARM="one too many"))

    gateway.close()


def test_of_a_list_that_finds_the_line_full_each_row_has_an_outcome_of_its_own(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, MAX_WAITING="3", COMMIT_DEADLINE="0.3"))

    with held_back(gateway.engine) as tried:
        gateway.writer.submit(new_message(gateway, PARM="in commit"))
        assert tried.wait(10)
        for number in range(2):
            gateway.writer.submit(new_message(gateway, PARM=f"in line {number}"))
        outcomes = gateway.writer.store_all([new_message(gateway, PARM=str(number)) for number in range(3)])

    assert [type(outcome) for outcome in outcomes] == [StorageError, Overloaded, Overloaded]
    gateway.close()


def test_a_dead_connection_refuses_its_batch_and_the_next_one_gets_a_new_connection(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    retried(gateway, new_message(gateway, PARM="warm"))

    died = threading.Event()

    @event.listens_for(gateway.engine, "before_cursor_execute")
    def die(conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if "mo_message" in statement and not died.is_set():
            driver: Any = conn.connection.driver_connection
            postgresql.cut_off(driver)
            died.set()

    with pytest.raises(StorageError, match="could not store"):
        gateway.writer.store(new_message(gateway))

    assert retried(gateway, new_message(gateway)).outcome in (Outcome.STORED, Outcome.DUPLICATE)
    gateway.close()


def test_a_process_with_thousands_of_open_files_still_reaches_its_database(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]  # as many clients would have
    gateway = open_gateway(make_settings(postgres_url))

    first = gateway.writer.store(new_message(gateway))
    again = gateway.writer.store(new_message(gateway))

    assert (first.outcome, again.outcome) == (Outcome.STORED, Outcome.DUPLICATE)
    gateway.close()
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_commit_that_never_ends_is_cut_off_and_the_writer_goes_on(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url, COMMIT_DEADLINE="0.4"))
    stall(gateway.engine)
    retried(gateway, new_message(gateway, PARM="warm"))

    stalled = gateway.writer.submit(new_message(gateway, PARM="STALL"))
    until(lambda: is_stalled(gateway.engine), "the commit to stall")
    with pytest.raises(StorageError, match="longer than"):
        gateway.writer.store(new_message(gateway, PARM="behind it"))

    assert isinstance(stalled.exception(20), StorageError)
    assert retried(gateway, new_message(gateway, PARM="next")).outcome in (Outcome.STORED, Outcome.DUPLICATE)
    assert end_stalled(gateway.engine) == 1
    gateway.close()


def test_all_who_wait_for_a_commit_that_never_ends_are_refused_and_none_fails_otherwise(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url, COMMIT_DEADLINE="0.4"))
    retried(gateway, new_message(gateway, PARM="warm"))

    with gateway.engine.begin() as conn:
        conn.execute(text("LOCK TABLE mo_message IN ACCESS EXCLUSIVE MODE"))
        with ThreadPoolExecutor(16) as pool:
            tries = [pool.submit(gateway.writer.store, new_message(gateway, PARM=str(n))) for n in range(16)]
            errors = [future.exception(20) for future in tries]

    assert {type(error) for error in errors} == {StorageError}
    assert retried(gateway, new_message(gateway)).outcome in (Outcome.STORED, Outcome.DUPLICATE)
    gateway.close()


def test_bad_requests_that_cannot_be_stored_cost_no_message_its_acknowledgement(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mo_rejection RENAME TO gone"))

    with held_back(gateway.engine) as tried:
        first = gateway.writer.submit(new_message(gateway, PARM="first"))
        assert tried.wait(10)
        good = gateway.writer.submit(new_message(gateway))
        bad = gateway.writer.submit(gateway.receiver.prepare(gateway.spryng, webhook(KEYWORD="W")))

    assert first.result(10).outcome is Outcome.STORED
    assert good.result(10) == Receipt(outcome=Outcome.STORED, id=good.result().id, deliveries=1)
    assert isinstance(bad.exception(10), StorageError)


def test_a_writer_whose_thread_has_ended_is_started_again(gateway: Gateway) -> None:
    gateway.writer.store(new_message(gateway, PARM="before"))
    gateway.writer.close()

    assert gateway.writer.store(new_message(gateway, PARM="after")).outcome is Outcome.STORED


def test_a_warning_from_the_server_means_not_acknowledged(postgres_url: str, make_settings: MakeSettings) -> None:
    with closing(open_gateway(make_settings(postgres_url))) as gateway:
        warn(gateway.engine)

        with pytest.raises(StorageError, match="canceling wait for synchronous replication"):
            gateway.writer.store(new_message(gateway, PARM="WARN"))

        assert gateway.writer.store(new_message(gateway, PARM="fine")).outcome is Outcome.STORED


def test_a_commit_with_a_warning_fails_whoever_commits(postgres_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    warn(gateway.engine)
    at_the_commit = "CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON mt_provider DEFERRABLE INITIALLY DEFERRED"
    with gateway.engine.begin() as conn:
        conn.execute(text(f"{at_the_commit} FOR EACH ROW EXECUTE FUNCTION warn()"))

    with pytest.raises(OperationalError, match="canceling wait for synchronous"), gateway.engine.begin() as conn:
        conn.execute(insert(tables.mt_provider).values(provider="spryng"))

    with gateway.engine.begin() as conn:
        conn.execute(text("SELECT 1"))
    gateway.close()


def test_a_server_that_takes_no_writes_any_more_is_left_and_asked_anew(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    database = postgres_url.rpartition("/")[2]
    admin = open_gateway(make_settings(postgres_url)).engine
    with admin.connect() as conn:
        conn.execute(text(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on'))
        conn.commit()
        with pytest.raises(StorageError, match="read-only"):
            gateway.writer.store(new_message(gateway))
        conn.execute(text(f'ALTER DATABASE "{database}" RESET default_transaction_read_only'))
        conn.commit()

    receipt = gateway.writer.store(new_message(gateway))

    assert receipt.outcome is Outcome.STORED
    gateway.close()
    admin.dispose()


def test_a_duplicate_is_written_too_and_so_waits_for_a_standby(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    def writers() -> list[Any]:
        """Give the transaction that has written each row."""
        with gateway.engine.begin() as conn:
            return list(conn.scalars(text("SELECT xmin::text FROM mo_message")))

    with closing(open_gateway(make_settings(postgres_url))) as gateway:
        gateway.writer.store(new_message(gateway))
        first = writers()
        gateway.writer.store(new_message(gateway))

        assert len(writers()) == 1
        assert writers() != first


@pytest.mark.parametrize("weaker", ["off", "local", "remote_write"])
def test_a_weaker_synchronous_commit_is_strengthened(
    postgres_url: str, make_settings: MakeSettings, weaker: str
) -> None:
    database = postgres_url.rpartition("/")[2]
    with closing(open_gateway(make_settings(postgres_url))) as gateway:
        with gateway.engine.begin() as conn:
            conn.execute(text(f'ALTER DATABASE "{database}" SET synchronous_commit = {weaker}'))
        gateway.engine.dispose()

        with gateway.engine.begin() as conn:
            assert conn.scalar(text("SHOW synchronous_commit")) == "on"


def test_a_server_that_does_not_sync_is_refused(postgres_url: str, make_settings: MakeSettings) -> None:
    settings = make_settings(postgres_url, ALLOW_UNSAFE_DATABASE="0")

    with closing(open_gateway(settings)) as gateway, pytest.raises(StorageError, match="fsync=off"):
        gateway.writer.store(new_message(gateway))


def test_sqlite_commits_are_synced(sqlite_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(sqlite_url))

    with gateway.engine.begin() as conn:
        assert conn.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert conn.scalar(text("PRAGMA journal_mode")) == "wal"
    gateway.close()


def test_a_child_after_a_fork_stores_with_a_thread_and_a_connection_of_its_own(gateway: Gateway) -> None:
    gateway.writer.store(new_message(gateway, PARM="parent"))

    pid = os.fork()
    if pid == 0:
        stored = gateway.writer.store(new_message(gateway, PARM="child")).outcome is Outcome.STORED
        os._exit(0 if stored else 1)
    _, status = os.waitpid(pid, 0)
    after = gateway.writer.store(new_message(gateway, PARM="parent again"))

    assert os.waitstatus_to_exitcode(status) == 0
    assert after.outcome is Outcome.STORED
    assert {row.parm for row in rows(gateway.engine, "mo_message")} == {"parent", "child", "parent again"}


def test_a_transaction_that_reads_and_then_writes_does_not_fail_beside_another_writer(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url))

    with gateway.engine.begin() as conn:
        conn.execute(select(tables.mo_message)).all()
        other = gateway.writer.submit(new_message(gateway, PARM="other"))
        wait([other], 1)  # it must not get on; if it did, it would be done by now
        conn.execute(text("UPDATE mo_message SET deliveries = deliveries"))  # SQLITE_BUSY without IMMEDIATE

    assert other.result(10).outcome is Outcome.STORED
    gateway.close()


def test_the_lock_of_another_program_is_a_refusal_and_then_forgotten(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, COMMIT_DEADLINE="0.2"))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageError):
        gateway.writer.store(new_message(gateway))
    other.execute("ROLLBACK")
    other.close()

    assert retried(gateway, new_message(gateway)).outcome in (Outcome.STORED, Outcome.DUPLICATE)
    assert len(rows(gateway.engine, "mo_message")) == 1
    gateway.close()


def test_counts_are_saved_when_the_writer_closes(gateway: Gateway) -> None:
    gateway.receiver.receive(gateway.spryng, webhook())
    gateway.receiver.receive(gateway.spryng, webhook())
    gateway.receiver.receive(gateway.spryng, webhook(KEYWORD="W"))

    gateway.close()

    counted = {row.outcome: row.n for row in rows(gateway.engine, "mo_intake")}
    assert counted == {"stored": 1, "duplicate": 1, "rejected": 1}
    gateway.engine.dispose()


def test_rejections_are_bounded_and_the_newest_stay(database_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(database_url, MAX_REJECTIONS="3"))
    for number in range(5):
        gateway.receiver.receive(gateway.spryng, webhook(KEYWORD="W", PARM=str(number)))

    gateway.close()

    kept = [bytes(row.raw).decode() for row in rows(gateway.engine, "mo_rejection")]
    assert ["PARM=2" in kept[0], "PARM=3" in kept[1], "PARM=4" in kept[2]] == [True] * 3
    gateway.engine.dispose()


def retried(gateway: Gateway, new: New) -> Receipt:
    """Do as the provider does: send again until it is taken."""
    for _ in range(100):
        try:
            return gateway.writer.store(new)
        except StorageError:
            continue
    raise AssertionError("never stored again")
