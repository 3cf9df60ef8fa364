"""Processes stand still for longer than any lease or deadline, and wake too late.

Who stands still says TRUE to nobody, and sends nothing by a claim that is over.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from mo_gateway.fakes.server import running
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.store.tables import mo_attempt, mt_message
from tests.conftest import engine_for
from tests.postgres import PostgresServer, running_server
from tests.running import program, standing_still
from tests.waiting import until

from .crash_points import Traps, point
from .trial import PACE, Trial, sending_by

pytestmark = pytest.mark.faults

SEED = 20261127
IMPATIENT = replace(PACE, rate=20.0, timeout=timedelta(seconds=1))
SETTINGS = {"LEASE": "1", "SEND_TIMEOUT": "0.3", "RETRY_DELAY": "0.1", "COMMIT_DEADLINE": "0.5"}


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of its own: all others would stand still with it."""
    with running_server(durable=True) as server:
        server.create_database("gateway")
        yield server


@contextmanager
def frozen(trial: Trial, what: str, standing_still: AbstractContextManager[None]) -> Iterator[None]:
    """Let processes stand still, and look afterwards that nothing sent to them meanwhile was acknowledged."""
    with standing_still:
        began = len(trial.lines())
        yield
        meanwhile = trial.lines()[began:]
    trial.broke(what)  # counted from its end
    invoked = {(line["key"], line["try"]) for line in meanwhile if line["type"] == "invoke"}
    ended = {(line["key"], line["try"]) for line in meanwhile if line["type"] == "ok"}
    assert invoked
    assert invoked & ended == set()


def wait_for_tries(trial: Trial, how_many: int) -> None:
    """Wait until so many more tries have ended, whatever they have ended with."""
    before = len(trial.lines())
    until(lambda: len(trial.lines()) >= before + 2 * how_many, f"{how_many} tries", within=60)


def test_who_stands_still_acknowledges_nothing(
    tmp_path: Path, server: PostgresServer, tell: Callable[[str], None]
) -> None:
    url = server.url("gateway")
    trial = Trial(tmp_path, url, SEED, is_endless=True, pace=IMPATIENT)
    with program(tmp_path, url, ALLOW_UNSAFE_DATABASE="0", **SETTINGS) as gateway:
        callback = gateway.run()
        with trial.sending(callback):
            trial.wait_for(20)
            with frozen(trial, "SIGSTOP of all that serve", standing_still(gateway.serving())):
                wait_for_tries(trial, 20)
            trial.wait_for_more(20)
            with frozen(trial, "SIGSTOP of PostgreSQL", server.frozen()):
                trial.wait_for_answers("503", trial.answers("503") + 20)

        tell(trial.verdict())
        assert max(trial.seconds_to_next_true()) < 10
        assert "a part ended by itself" not in gateway.log


def test_a_sender_that_wakes_after_its_lease_sends_nothing_by_that_claim(
    tmp_path: Path, durable_url: str, tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]
) -> None:
    traps = Traps(tmp_path / "traps")
    with ExitStack() as stack:
        engine = stack.enter_context(engine_for(durable_url))
        fake = stack.enter_context(running(FakeSpryng(credit=Decimal(1_000_000))))
        trial = Trial(tmp_path, durable_url, SEED, is_endless=True, pace=IMPATIENT, fake=fake)
        folders = (tmp_path, tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other"))
        gateway, one, other = (
            stack.enter_context(program(folder, durable_url, **SETTINGS, **sending_by(fake))) for folder in folders
        )
        callback = gateway.run("--no-work")
        one.others = traps.variables
        one.start("mo_gateway", "work")
        other.start("mo_gateway", "work")
        with trial.sending(callback):
            with asleep(trial, traps, "claim of a reply committed"):
                wait_for_claims_given_up(engine)
            until(lambda: late_ones(engine), "the late one to notice", within=60)
            with asleep(trial, traps, "call is to begin"):
                wait_for_claims_given_up(engine)
            with asleep(trial, traps, "attempt written"):  # in a transaction, and with its provider's rows locked
                wait_for_claims_given_up(engine)

        tell(f"{trial.verdict()}; {late_ones(engine)} claims woke too late")
        assert late_ones(engine)


@contextmanager
def asleep(trial: Trial, traps: Traps, name: str) -> Iterator[None]:
    """Let the next process that comes by a point stand still there."""
    traps.arm(point(name), stands_still=True)
    sleeper = traps.hit(point(name))
    yield
    os.kill(sleeper, signal.SIGCONT)
    trial.broke("SIGSTOP of a sender beyond its lease")


def wait_for_claims_given_up(engine: Engine) -> None:
    """Wait until nothing that is being sent now is so any more: what the sleeper has, the other must give up."""
    held = being_sent(engine)
    until(lambda: not held & being_sent(engine), "the other to give its claims up", within=60)


def being_sent(engine: Engine) -> set[int]:
    under_claim = (mt_message.c.state == "unknown") & mt_message.c.due_at.is_not(None)
    with engine.connect() as conn:
        return set(conn.scalars(select(mt_message.c.id).where(under_claim)))


def late_ones(engine: Engine) -> int:
    """Count the tries that ended without a call, since their process had stood still."""
    with engine.connect() as conn:
        stood_still = mo_attempt.c.error.contains(
            "stood still beyond its lease"
        ) & mo_attempt.c.duration_ms.is_not(None)
        return conn.scalar(select(func.count()).where(stood_still)) or 0
