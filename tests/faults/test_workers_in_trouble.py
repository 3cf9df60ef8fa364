"""Workers freeze beyond their leases, and die of a message: each message has one reply all the same."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from mo_gateway.store.tables import mo_attempt, mo_handling
from tests.conftest import engine_for
from tests.running import Program, post, program, standing_still
from tests.stored import rows
from tests.waiting import until

from .trial import Trial

pytestmark = pytest.mark.faults

SEED = 20261122

#: Takes long enough to be frozen in the middle, and says meanwhile who has which message in hand.
SLOW = """
import os
import time
from pathlib import Path
from mo_gateway import keyword

@keyword("WIN")
def thank(message):
    in_hand = Path(f"in-hand-{os.getpid()}-{message.id}")
    in_hand.touch()
    time.sleep(0.05)
    in_hand.unlink()
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
                worker = until(lambda: gateway.child("worker"), "the worker")
                until(
                    partial(is_taken_over, worker, gateway.folder, engine),
                    "it to have a message in hand",
                    within=60,
                )
                trial.broke("SIGSTOP beyond the lease")

        tell(trial.verdict())
        until(lambda: "claim lost" in gateway.log, "the worker to notice once it goes on")


def is_taken_over(worker: int, folder: Path, engine: Engine) -> bool:
    """Let a worker stand still; where it has messages in hand, wait until another has tried them all again."""
    with standing_still([worker]):
        in_hand = {int(path.name.rpartition("-")[2]) for path in folder.glob(f"in-hand-{worker}-*")}
        if in_hand:
            until(lambda: in_hand <= tried_again(engine), "the other to take over", within=60)
    return bool(in_hand)


def tried_again(engine: Engine) -> set[int]:
    """Give the messages that had more tries than one."""
    query = select(mo_handling.c.message_id).join(mo_attempt).where(mo_attempt.c.number > 1)
    with engine.connect() as conn:
        return set(conn.scalars(query))


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
