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
KILLED = ["server"] * 2 + ["one that serves"] * 3 + ["worker"] * 2 + ["run"] + ["all at once"] * 4


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_kill_9_of_any_process(tmp_path: Path, empty_url: str, seed: int, tell: Callable[[str], None]) -> None:
    dice = random.Random(seed)
    at_full_speed = replace(PACE, rate=None, connections=32)  # so that a kill finds requests on their way
    trial = Trial(tmp_path, empty_url, seed, messages=3000, pace=at_full_speed)
    with program(tmp_path, empty_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = gateway.run()
        with trial.sending(url):
            settled = 0
            for what in dice.sample(KILLED, len(KILLED)):
                settled += dice.randint(100, 250)
                trial.wait_for(settled)
                kill(gateway, what, url)
                trial.broke(what)

        tell(trial.verdict())


def kill(gateway: Program, what: str, url: str) -> None:
    """Kill a process or all; `run` is started again, as systemd would, and the others by `run`."""
    if what in ("run", "all at once"):
        if what == "run":
            gateway.kill()
        else:
            gateway.close()
        gateway.run(bind=urlsplit(url).netloc)
        return
    if what == "one that serves":
        victim = until(lambda: next(iter(children_of(gateway.child("server") or 0)), None), what)
        os.kill(victim, signal.SIGKILL)
        return
    gateway.kill_child(what)
