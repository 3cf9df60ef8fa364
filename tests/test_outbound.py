"""The loop around send: woken or not it finds its replies, and no provider waits for another."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event

import pytest
from sqlalchemy.exc import OperationalError
from structlog.typing import EventDict

from mo_gateway import Reply, outbound, send
from mo_gateway.gateway import Gateway
from mo_gateway.outbound import Outbound
from mo_gateway.reply import MtMessage, SendResult
from mo_gateway.send import Sender

from .handling import captured_log
from .sending import SENT, Script, queue, sender_of
from .stored import rows
from .waiting import until

LONG = 60.0  # seconds; longer than any test lasts


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    captured_log(monkeypatch, send)
    return captured_log(monkeypatch, outbound)


@pytest.fixture(autouse=True)
def poll_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "POLL_EVERY", 0.05)


@dataclass
class Slow(Script):
    """A provider whose answers wait for the test."""

    name: str = "connectcall"
    may_answer: Event = field(default_factory=Event)

    def send(self, message: MtMessage) -> SendResult:
        self.sent.append(message)
        self.may_answer.wait(LONG)
        return SENT


@contextmanager
def at_work(
    sender: Sender, *, threads: int = 2, chores: tuple[Callable[[], object], ...] = ()
) -> Iterator[Outbound]:
    loop = Outbound(sender, threads=threads, chores=chores)
    loop.start()
    try:
        yield loop
    finally:
        loop.ask_to_stop()
        loop.join()
        for line in loop._lines:  # where it gave up waiting, the calls would go on in the next test
            line.join(LONG)


def states(gateway: Gateway) -> list[str]:
    return [row.state for row in rows(gateway.engine, "mt_message")]


def test_replies_go_out_without_anybody_ringing(gateway: Gateway) -> None:
    provider = Script()
    with at_work(sender_of(gateway, provider)):
        queue(gateway, *(Reply(f"number {n}") for n in range(5)))

        until(lambda: states(gateway) == ["sent"] * 5, "all to be sent")

    assert sorted(message.text for message in provider.sent) == [f"number {n}" for n in range(5)]


def test_ringing_brings_them_out_at_once(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "POLL_EVERY", LONG)
    provider = Script()
    with at_work(sender_of(gateway, provider)) as loop:
        queue(gateway)
        loop.wake()

        until(lambda: states(gateway) == ["sent"], "the reply to be sent")


def test_a_slow_provider_holds_back_nobody_else(gateway: Gateway) -> None:
    slow, quick = Slow(), Script()
    with at_work(sender_of(gateway, slow, quick)):
        queue(gateway, *(Reply(f"slow {n}", provider="connectcall") for n in range(5)))
        queue(gateway, *(Reply(f"quick {n}") for n in range(5)))

        until(lambda: len(quick.sent) == 5, "the quick one to have sent all")
        until(lambda: len(slow.sent) == 2, "as many slow calls as there are threads")
        slow.may_answer.set()


def test_stopping_waits_for_the_calls_that_are_under_way(gateway: Gateway) -> None:
    slow = Slow()
    with at_work(sender_of(gateway, slow)):
        queue(gateway, Reply("hello", provider="connectcall"))
        until(lambda: slow.sent, "the call")
        slow.may_answer.set()

    assert states(gateway) == ["sent"]


def test_a_result_is_kept_until_the_database_takes_it(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, log_lines: list[EventDict]
) -> None:
    failures = iter([True, True])
    record = Sender.record

    def record_later(self: Sender, *args: object) -> None:
        if next(failures, False):
            raise OperationalError("", {}, sqlite3.OperationalError("the database is away"))
        record(self, *args)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(Sender, "record", record_later)
    provider = Script()
    with at_work(sender_of(gateway, provider)):
        queue(gateway)

        until(lambda: states(gateway) == ["sent"], "the result to be recorded")

    assert len(provider.sent) == 1
    assert [line["event"] for line in log_lines] == ["cannot record a reply yet"] * 2


def test_a_result_that_can_never_be_recorded_holds_nobody_up(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, log_lines: list[EventDict]
) -> None:
    failures = iter([True])
    record = Sender.record

    def refuse_first(self: Sender, *args: object) -> None:
        if next(failures, False):
            raise ValueError("a value that no column takes")
        record(self, *args)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(Sender, "record", refuse_first)
    with at_work(sender_of(gateway, Script()), threads=1):
        queue(gateway, Reply("one"), Reply("two"))

        until(lambda: states(gateway) == ["unknown", "sent"], "the second to be sent")

    assert [line["event"] for line in log_lines] == ["cannot record a reply"]


def test_stopping_gives_up_a_result_that_the_database_does_not_take(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, log_lines: list[EventDict]
) -> None:
    def refuse(_self: Sender, *_args: object) -> None:
        raise OperationalError("", {}, sqlite3.OperationalError("the database is away"))

    monkeypatch.setattr(Sender, "record", refuse)
    monkeypatch.setattr(outbound, "GRACE", 0.2)
    with at_work(sender_of(gateway, Script())):
        queue(gateway)
        until(lambda: [line for line in log_lines if "is away" in line["error"]], "the first failure")

    assert len(log_lines) < 20
    assert states(gateway) == ["unknown"]


def test_a_thread_survives_whatever_its_claim_raises(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([True])
    claim = Sender.claim

    def fail_first(self: Sender, provider: Script) -> object:
        if next(failures, False):
            raise KeyError("a fault of ours")
        return claim(self, provider)

    monkeypatch.setattr(Sender, "claim", fail_first)
    with at_work(sender_of(gateway, Script())):
        queue(gateway)

        until(lambda: states(gateway) == ["sent"], "the reply to be sent")


def test_a_lost_database_ends_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([True] * 3)
    has_work = Sender.has_work

    def fail_first(self: Sender, provider: str) -> bool:
        if next(failures, False):
            raise OperationalError("", {}, sqlite3.OperationalError("the database is away"))
        return has_work(self, provider)

    monkeypatch.setattr(Sender, "has_work", fail_first)
    with at_work(sender_of(gateway, Script())):
        queue(gateway)

        until(lambda: states(gateway) == ["sent"], "the reply to be sent")


def test_chores_are_done_and_one_that_fails_stops_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "CHORES_EVERY", 0.01)
    done = []

    def fail() -> None:
        raise OSError("no route")

    with at_work(sender_of(gateway), chores=(fail, lambda: done.append(1))):
        until(lambda: len(done) > 1, "chores to be done again")


def test_two_processes_share_the_replies_and_send_each_once(gateway: Gateway) -> None:
    provider = Script()
    one, other = sender_of(gateway, provider), sender_of(gateway, provider)
    replies = [Reply(f"number {n}", to=f"3240000{n:04}") for n in range(60)]
    queue(gateway, *replies)

    with at_work(replace(one)), at_work(replace(other)):
        until(lambda: states(gateway) == ["sent"] * 60, "all to be sent")

    assert sorted(message.text for message in provider.sent) == sorted(reply.text for reply in replies)
