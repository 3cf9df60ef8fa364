"""Workers freeze beyond their leases, and die of a message: each message has one reply all the same."""

import os
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from mo_gateway.store.tables import mo_attempt
from tests.conftest import engine_for
from tests.running import Program, post, program
from tests.stored import rows
from tests.waiting import until

from .trial import Trial

pytestmark = pytest.mark.faults

SEED = 20261122

#: Takes long enough to be frozen in the middle.
SLOW = """
import time
from mo_gateway import keyword

@keyword("WIN")
def thank(message):
    time.sleep(0.05)
    return f"Thank you for {message.parm}."
"""

#: Takes its worker along.
DEADLY = """
import os
from mo_gateway import keyword

@keyword("WIN")
def thank(message):
    return f"Thank you for {message.parm}."

@keyword("DIE")
def die(message):
    os._exit(1)
"""


def test_a_worker_is_frozen_beyond_its_lease_while_another_works(
    tmp_path: Path, durable_url: str, tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]
) -> None:
    dice = random.Random(SEED)
    trial = Trial(tmp_path, durable_url, SEED, is_endless=True)
    with (
        engine_for(durable_url) as engine,
        program(tmp_path, durable_url, LEASE="1", RETRY_DELAY="0.2") as gateway,
        program(tmp_path_factory.mktemp("other"), durable_url, LEASE="1", RETRY_DELAY="0.2") as other,
    ):
        for each in (gateway, other):
            (each.folder / "contest.py").write_text(SLOW)
        url = gateway.run()
        other.start("mo_gateway", "work")
        with trial.sending(url):
            for _ in range(3):
                trial.wait_for_more(dice.randint(20, 100))
                frozen = until(lambda: gateway.child("worker"), "the worker")
                wait_for_more_handled(gateway)  # it works by now, and has something in hand
                until(partial(is_taken_over, frozen, engine), "the other to take over", within=60)
                trial.broke("SIGSTOP beyond the lease")

        tell(trial.verdict())
        until(lambda: "claim lost" in gateway.log, "the worker to notice once it goes on")


def wait_for_more_handled(gateway: Program) -> None:
    before = gateway.log.count('"handled"')
    until(lambda: gateway.log.count('"handled"') > before, "the worker to handle something", within=60)


def is_taken_over(worker: int, engine: Engine) -> bool:
    """Freeze a worker beyond its lease; tell whether it had something in hand that another has tried again."""
    before = second_tries(engine)
    os.kill(worker, signal.SIGSTOP)
    try:
        until(lambda: second_tries(engine) > before, "the other to take over", within=10)
    except AssertionError:
        return False
    finally:
        os.kill(worker, signal.SIGCONT)
    return True


def second_tries(engine: Engine) -> int:
    with engine.connect() as conn:
        return conn.scalar(select(func.count()).select_from(mo_attempt).where(mo_attempt.c.number > 1)) or 0


def wait_for_deaths(gateway: Program, how_many: int) -> None:
    until(lambda: gateway.log.count('"a part ended by itself"') >= how_many, "the worker to die", within=60)


def test_a_message_that_kills_its_worker_ends_dead_and_the_others_are_handled(
    tmp_path: Path, empty_url: str, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, empty_url, SEED, messages=1000)
    with program(tmp_path, empty_url, LEASE="2", RETRY_DELAY="0.2", MAX_ATTEMPTS="4") as gateway:
        (tmp_path / "contest.py").write_text(DEADLY)
        url = gateway.run()
        with trial.sending(url):
            trial.wait_for(50)
            assert post(url, KEYWORD="DIE", MSISDN="32499999999").body == "TRUE"
            for n in range(4):
                wait_for_deaths(gateway, n + 1)
                trial.broke("os._exit in a handler")

        tell(trial.verdict())
        with engine_for(empty_url) as engine:
            (dead,) = [row for row in rows(engine, "mo_handling") if row.state == "dead"]
        assert dead.error == "given up: no worker lived through its 4 attempts"
