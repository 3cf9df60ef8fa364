"""Processes of the gateway are killed, one after another, while messages come in."""

import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import Program, children_of, program
from tests.waiting import until

from .trial import PACE, Trial

pytestmark = pytest.mark.faults

SEED = 20261122
KILLED = ("server", "server", "one that serves", "one that serves", "worker", "worker", "worker", "run", "run")


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_kill_9_of_any_process(tmp_path: Path, empty_url: str, seed: int, tell: Callable[[str], None]) -> None:
    dice = random.Random(seed)
    busy = replace(PACE, rate=400.0, connections=32)  # so that a kill finds requests on their way
    trial = Trial(tmp_path, empty_url, seed, messages=2000, pace=busy)
    with program(tmp_path, empty_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = gateway.run()
        with trial.sending(url):
            settled = 0
            for what in dice.sample(KILLED, len(KILLED)):
                settled += dice.randint(80, 200)
                trial.wait_for(settled)
                kill(gateway, what, url)
                trial.broke(what)

        tell(trial.verdict())


def kill(gateway: Program, what: str, url: str) -> None:
    """Kill a process; the supervisor is started again, as systemd would, the others are its business."""
    if what == "run":
        gateway.kill()
        gateway.run(bind=urlsplit(url).netloc)
        return
    if what == "one that serves":
        victim = until(lambda: next(iter(children_of(gateway.child("server") or 0)), None), what)
    else:
        victim = until(lambda: gateway.child(what), what)
    os.kill(victim, signal.SIGKILL)
