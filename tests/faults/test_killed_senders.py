"""Workers are killed while replies go out, and the provider makes every trouble it can."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, func, select

from mo_gateway.fakes.server import AFTER_TAKING, FakeServer, Trouble, running
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.store.engine import open_engine
from mo_gateway.store.tables import mt_message
from tests.conftest import settings_for
from tests.running import program
from tests.waiting import until

from .trial import PACE, PATIENCE, Trial

pytestmark = pytest.mark.faults

SEED = 20261122
KILLS = 12
THREADS = 4
LIMITS = {"REPLY_LIMIT": "1000000", "LOOP_LIMIT": "1000000", "SPRYNG_RATE": "100000"}
#: Slow ones are left out, since each would take its whole time-out; killed calls are as unknown.
TROUBLES = [Trouble.RESET, Trouble.CLOSE, Trouble.HTML, Trouble.BAD_GATEWAY, Trouble.TOO_MANY, Trouble.UNAVAILABLE]


def test_no_reply_goes_out_twice(tmp_path: Path, empty_url: str, tell: Callable[[str], None]) -> None:
    dice = random.Random(SEED)
    trial = Trial(tmp_path, empty_url, SEED, messages=600, pace=replace(PACE, rate=None))
    with running(FakeSpryng(credit=Decimal(1_000_000))) as fake:
        variables = {
            "SPRYNG_URL": f"{fake.url}/api/simple/message",
            "SPRYNG_USERNAME": "user",
            "SPRYNG_PASSWORD": "geheim-wachtwoord",
        }
        times = {"LEASE": "3", "SEND_TIMEOUT": "1", "RETRY_DELAY": "0.1"}
        with program(tmp_path, empty_url, ALLOW_UNSAFE_DATABASE="0", **times, **variables, **LIMITS) as gateway:
            url = gateway.run()
            with trial.sending(url):
                for number in range(1, KILLS + 1):
                    wait_for_sms(fake, number * 25)
                    fake.troubles.append(dice.choice(TROUBLES))
                    if number % 4:
                        gateway.kill_child("worker")
                    else:  # a worker that ends too often is started less often
                        gateway.close()
                        gateway.run(bind=urlsplit(url).netloc)
                    trial.broke("worker" if number % 4 else "all at once")
            figures = trial.verdict()
            engine = open_engine(settings_for(empty_url))
            until(lambda: not waiting(engine), "every reply to be settled", within=PATIENCE)

        judge(engine, fake, figures, tell)
        engine.dispose()


def wait_for_sms(fake: FakeServer, how_many: int) -> None:
    """Wait until the provider has taken so many: faults come by progress, not by the clock."""
    until(lambda: len(fake.fake.taken) >= how_many, f"{how_many} SMS", within=PATIENCE)


def waiting(engine: Engine) -> int:
    """Count the replies that somebody has still to do something about."""
    with engine.connect() as conn:
        return conn.scalar(select(func.count()).where(mt_message.c.due_at.is_not(None))) or 0


def judge(engine: Engine, fake: FakeServer, figures: str, tell: Callable[[str], None]) -> None:
    """Compare the replies with what the provider took: none twice, none that is neither sent nor owned up to."""
    with engine.connect() as conn:
        rows = conn.execute(select(mt_message.c.reference, mt_message.c.state)).all()
    taken = Counter(sms.reference for sms in fake.fake.taken)
    states = Counter(row.state for row in rows)

    assert max(taken.values()) == 1, "an SMS went out twice"
    assert taken.keys() <= {row.reference for row in rows}
    assert {row.reference for row in rows if row.state == "sent"} <= taken.keys()
    assert states.keys() <= {"sent", "unknown"}
    assert states["unknown"] <= KILLS * THREADS + sum(trouble in AFTER_TAKING for trouble in TROUBLES) * KILLS
    tell(f"{figures}; {len(rows)} replies: {dict(states)}, {taken.total()} SMS taken, none twice")
