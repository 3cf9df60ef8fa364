"""Workers are killed while replies go out, and the provider makes every trouble it can."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mo_gateway.fakes.server import AFTER_TAKING, FakeServer, Trouble, running
from mo_gateway.fakes.spryng import FakeSpryng
from tests.conftest import engine_for
from tests.running import program
from tests.waiting import until

from .trial import PACE, PATIENCE, Trial, effects, sending_by

pytestmark = pytest.mark.faults

SEED = 20261122
KILLS = 6
THREADS = 4
#: Slow ones are left out, since each would take its whole time-out; killed calls are as unknown.
TROUBLES = [Trouble.RESET, Trouble.CLOSE, Trouble.HTML, Trouble.BAD_GATEWAY, Trouble.TOO_MANY, Trouble.UNAVAILABLE]


def test_no_reply_goes_out_twice(tmp_path: Path, empty_url: str, tell: Callable[[str], None]) -> None:
    dice = random.Random(SEED)
    times = {"LEASE": "3", "SEND_TIMEOUT": "1", "RETRY_DELAY": "0.1"}
    with running(FakeSpryng(credit=Decimal(1_000_000))) as fake:
        trial = Trial(tmp_path, empty_url, SEED, messages=400, pace=replace(PACE, rate=None), fake=fake)
        with program(tmp_path, empty_url, ALLOW_UNSAFE_DATABASE="0", **times, **sending_by(fake)) as gateway:
            url = gateway.run()
            with trial.sending(url):
                for number in range(1, KILLS + 1):
                    wait_for_sms(fake, number * 25)
                    fake.troubles.append(dice.choice(TROUBLES))
                    if number % 3:
                        gateway.kill_child("worker")
                    else:  # a worker that ends too often is started less often
                        gateway.close()
                        gateway.run(bind=urlsplit(url).netloc)
                    trial.broke("worker" if number % 3 else "all at once")
            figures = trial.verdict()

        with engine_for(empty_url) as engine:
            states = list(effects(engine, fake).states.values())
        assert states.count("unknown") <= KILLS * THREADS + sum(one in AFTER_TAKING for one in TROUBLES) * KILLS
        tell(figures)


def wait_for_sms(fake: FakeServer, how_many: int) -> None:
    """Wait until the provider has taken so many: faults come by progress, not by the clock."""
    until(lambda: len(fake.fake.taken) >= how_many, f"{how_many} SMS", within=PATIENCE)
