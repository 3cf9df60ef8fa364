"""A standby that is away: nothing that only one disk has is acknowledged, until the operator says otherwise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.running import is_taken, program
from tests.waiting import until

from .hosts import SETTINGS
from .machines import BOTH, Machines
from .trial import PACE, PATIENCE, Trial

pytestmark = pytest.mark.storage

SEED = 20261122
MOST_STUCK = 20  # of the 100 that PostgreSQL allows: a commit that was given up keeps its connection there
BOUNDED = "commits wait for a standby already"


def test_without_its_standby_nothing_is_acknowledged(
    tmp_path: Path, machines: Machines, tell: Callable[[str], None]
) -> None:
    always_fresh = replace(PACE, rate=20.0)  # what comes again waits for its own row, and leaves no commit behind
    trial = Trial(tmp_path, machines.url, SEED, messages=200, pace=always_fresh)
    with program(tmp_path, machines.url, COMMIT_DEADLINE="0.5", **SETTINGS) as gateway:
        callback = gateway.run()
        until(lambda: is_taken(callback), "a first TRUE")
        machines.standby.stop("immediate")
        cancelled = 0
        with trial.sending(callback):
            until(lambda: BOUNDED in gateway.log, "the commits that wait to be many", within=PATIENCE)
            stuck = len(machines.stuck())
            for _ in range(3):
                cancelled += machines.cancel()
                trial.wait_for_answers("503", trial.answers("503") + 50)
            acknowledged = trial.answers("200 TRUE")
            machines.standby.start()
            trial.broke("absent standby")  # counted from its end

        tell(
            f"{trial.verdict()}; while it was absent: {acknowledged} acknowledged,"
            f" {stuck} commits left waiting, {cancelled} waits cancelled"
        )
        assert acknowledged == 0
        assert stuck <= MOST_STUCK
        assert cancelled
        assert max(trial.seconds_to_next_true()) < 5


def test_going_alone_gives_up_the_promise_until_the_standby_is_back(tmp_path: Path, machines: Machines) -> None:
    with program(tmp_path, machines.url, COMMIT_DEADLINE="0.5", **SETTINGS) as gateway:
        callback = gateway.run("--no-work")
        machines.standby.stop()
        assert not is_taken(callback, PARM="waits")
        machines.require("")
        until(lambda: is_taken(callback, PARM="alone and caught up"), "a TRUE alone")
        machines.standby.start()
        machines.wait_for_standby()
        machines.require(BOTH)
        until(lambda: is_taken(callback, PARM="together"), "a TRUE of both")
        machines.standby.stop()
        machines.require("")
        until(lambda: is_taken(callback, PARM="alone at the end"), "a second TRUE alone")
        machines.primary.kill()
        machines.standby.start()
        machines.promote()

    texts = ("alone and caught up", "together", "alone at the end")
    assert [machines.stored(text) for text in texts] == [1, 1, 0]
