"""A message that is put off: no try is used up, and it is due again when its handler said."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from mo_gateway import Message, TryLater, every_message, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.replay import run_again
from mo_gateway.store.selection import Filter

from .handling import dispatcher_of, handle_all
from .stored import make_due, replies, rows, store


def busy(times: int, after: timedelta = timedelta(hours=1)) -> Any:
    left = iter(range(times))

    @keyword("WIN", name="busy")
    def handler(message: Message) -> str:
        if next(left, None) is not None:
            raise TryLater("the target is down", after)
        return "Done."

    return handler


def test_it_may_be_put_off_more_often_than_there_are_tries(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, busy(30))
    for _ in range(31):
        handle_all(dispatcher)
        make_due(gateway.engine)

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.attempts, row.attempt_limit) == ("done", 31, 30 + dispatcher.tries)
    assert replies(gateway.engine) == ["Done."]


def test_it_is_no_try_and_says_why_it_waits(gateway: Gateway) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, busy(1)))

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.handler, row.error) == ("failed", "busy", "TryLater: the target is down")
    assert rows(gateway.engine, "mo_attempt") == []


def test_it_is_not_due_before_its_time_and_never_at_once(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, busy(2, after=timedelta(0)))
    (claim,) = dispatcher.claim(1)
    dispatcher.handle(claim)

    assert dispatcher.claim(1) == []


def test_its_sender_waits_behind_it_and_nobody_else(gateway: Gateway) -> None:
    first, second = store(gateway), store(gateway, PARM="again")
    other = store(gateway, MSISDN="32487654321")
    dispatcher = dispatcher_of(gateway, busy(1))

    handle_all(dispatcher)

    states = {row.message_id: row.state for row in rows(gateway.engine, "mo_handling")}
    assert states == {first: "failed", second: "pending", other: "done"}


def test_what_it_wrote_in_the_transaction_is_not_there(gateway: Gateway) -> None:
    @keyword("WIN", transaction=True)
    def handler(message: Message, conn: Connection) -> None:
        conn.exec_driver_sql("DELETE FROM mo_handling")
        raise TryLater("not now", timedelta(hours=1))

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.error) == ("failed", "TryLater: not now")
    assert rows(gateway.engine, "mo_attempt") == []


def test_a_failure_after_it_has_all_its_tries(gateway: Gateway) -> None:
    left = iter([TryLater("busy", timedelta(hours=1))] * 9)

    @keyword("WIN")
    def handler(message: Message) -> None:
        raise next(left, ValueError("broken"))

    store(gateway)
    dispatcher = dispatcher_of(gateway, handler)
    for _ in range(9 + dispatcher.tries):
        handle_all(dispatcher)
        make_due(gateway.engine)

    (row,) = rows(gateway.engine, "mo_handling")
    outcomes = [row.outcome for row in rows(gateway.engine, "mo_attempt")]
    assert row.state == "dead"
    assert outcomes == ["failed"] * (dispatcher.tries - 1) + ["dead"]


def test_it_may_be_put_off_on_its_last_try_and_after_a_replay(gateway: Gateway) -> None:
    number = store(gateway)
    dispatcher = dispatcher_of(gateway, busy(2))
    for _ in range(2):
        list(run_again(gateway.engine, Filter(ids=(number,)), limit=1, tries=1))
        handle_all(dispatcher)
    make_due(gateway.engine)

    handle_all(dispatcher)

    assert replies(gateway.engine) == ["Done."]


def test_an_observer_may_be_put_off_too(gateway: Gateway) -> None:
    put_off = iter([True])

    @every_message
    def watch(message: Message) -> str:
        if next(put_off, False):
            raise TryLater("the target is down", timedelta(hours=1))
        return "Seen."

    store(gateway)
    dispatcher = dispatcher_of(gateway, watch, busy(0))
    handle_all(dispatcher)
    before = replies(gateway.engine)
    make_due(gateway.engine)

    handle_all(dispatcher)

    assert (before, replies(gateway.engine)) == (["Done."], ["Done.", "Seen."])
