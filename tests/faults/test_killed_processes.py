"""Processes of the gateway are killed, one after another, while messages come in."""

import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import Program, program

from .trial import PACE, Trial

SEED = 20261122
KILLED = ["server"] * 2 + ["one that serves"] * 3 + ["worker"] * 2 + ["run"] + ["all at once"] * 4


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(SEED, marks=pytest.mark.faults),
        *(pytest.param(SEED + n, marks=pytest.mark.long) for n in (1, 2)),
    ],
)
def test_kill_9_of_any_process(tmp_path: Path, empty_url: str, seed: int, tell: Callable[[str], None]) -> None:
    dice = random.Random(seed)
    # At full speed, so that a kill finds requests on their way; with pauses in which a gateway can start.
    pace = replace(PACE, rate=None, connections=32, interval=timedelta(seconds=2))
    trial = Trial(tmp_path, empty_url, seed, messages=2000, pace=pace)
    with program(tmp_path, empty_url, LEASE="2", RETRY_DELAY="0.2", ALLOW_UNSAFE_DATABASE="0") as gateway:
        url = gateway.run()
        with trial.sending(url):
            settled = 0
            for what in dice.sample(KILLED, len(KILLED)):
                settled += dice.randint(50, 150)
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
        os.kill(gateway.serving()[0], signal.SIGKILL)
        return
    gateway.kill_child(what)
