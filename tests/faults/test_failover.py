"""The machine with the primary is lost, and the standby takes its place: what was acknowledged is there."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from mo_gateway.simulator.agenda import Pace
from tests.postgres import PostgresServer
from tests.running import is_taken, program
from tests.waiting import until

from .hosts import SETTINGS, Hosts, four_hosts
from .machines import RELOAD, Machines
from .trial import PACE, Trial

pytestmark = pytest.mark.storage

SEED = 20261127


def power_off(machines: Machines) -> None:
    """Lose the primary with all its processes, then promote."""
    machines.primary.kill()
    machines.promote()


def shut_down_at_once(machines: Machines) -> None:
    """Have the primary drop everything, then promote."""
    machines.primary.stop("immediate")
    machines.promote()


def hang(machines: Machines) -> None:
    """Have the primary answer nobody any more, promote, and only then fence it."""
    with machines.primary.hanging():
        machines.promote()


WAYS = [power_off, shut_down_at_once, hang]


@dataclass(frozen=True, slots=True)
class Load:
    """What a provider sends to each of the receivers meanwhile."""

    trials: list[Trial]
    urls: list[str]

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send meanwhile; the block ends when all is acknowledged."""
        with ExitStack() as stack:
            for trial, url in zip(self.trials, self.urls, strict=True):
                stack.enter_context(trial.sending(url))
            yield

    def wait_for(self, settled: int) -> None:
        """Wait until so many messages of each are settled."""
        for trial in self.trials:
            trial.wait_for(settled)

    def broke(self, what: str) -> None:
        for trial in self.trials:
            trial.broke(what)

    def verdict(self) -> str:
        return "; ".join(trial.verdict() for trial in self.trials)

    def moments(self) -> list[float]:
        """Give when each TRUE came."""
        lines = [line for trial in self.trials for line in trial.lines()]
        return sorted(float(str(line["t"])) for line in lines if line["type"] == "ok")

    def seconds_to_next_true(self, moment: float) -> float:
        """Give how long it took from a moment to the next TRUE; nothing where all is acknowledged."""
        return next((at for at in self.moments() if at > moment), moment) - moment

    def longest_pause(self, began: float, ended: float) -> float:
        """Give the longest time between two TRUEs that has to do with an outage."""
        return max(
            after - before for before, after in pairwise(self.moments()) if after > began and before < ended
        )


def load(
    folder: Path, machines: Machines, hosts: Hosts, *, messages: int, seed: int = SEED, pace: Pace = PACE
) -> Load:
    """Give a load of so many messages, half of them to each receiver."""
    trials = [
        Trial(folder, machines.url, seed + n, messages=messages // 2, pace=pace) for n in range(len(hosts.urls))
    ]
    return Load(trials, hosts.urls)


def fail_over(
    load: Load, machines: Machines, ways: Sequence[Callable[[Machines], None]], *, every: int
) -> list[tuple[float, float]]:
    """Lose the primary again and again while messages come in; give when, and when its standby followed anew."""
    dice = random.Random(SEED)
    outages = []
    with load.sending():
        for n, way in enumerate(ways):
            load.wait_for(every * n + dice.randint(every // 4, every // 2))
            began = time.time()
            way(machines)
            load.broke(way.__name__)
            machines.build_standby()
            outages.append((began, time.time()))
    return outages


def test_failover_loses_nothing_that_was_acknowledged(
    tmp_path: Path, machines: Machines, tell: Callable[[str], None]
) -> None:
    with four_hosts(tmp_path, machines.url) as hosts:
        sent = load(tmp_path, machines, hosts, messages=1000)
        outages = fail_over(sent, machines, [power_off, shut_down_at_once], every=250)

        pauses = [sent.longest_pause(*outage) for outage in outages]
        tell(f"{sent.verdict()}; seconds without a TRUE: {listed(pauses)}")
        # without a standby there is no TRUE, and how long it takes to make one is the machine's
        assert max(sent.seconds_to_next_true(ended) for _, ended in outages) < 10
        assert "a part ended by itself" not in hosts.logs


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_fifty_failovers_lose_nothing_that_was_acknowledged(
    tmp_path: Path, machines: Machines, tell: Callable[[str], None]
) -> None:
    steady = replace(PACE, rate=150.0)  # to each receiver; no more than two workers handle meanwhile
    pauses = []
    with four_hosts(tmp_path, machines.url) as hosts:
        for part in range(25):
            sent = load(tmp_path, machines, hosts, messages=4000, seed=SEED + 2 * part, pace=steady)
            outages = fail_over(sent, machines, random.Random(part).choices(WAYS, k=2), every=1000)
            pauses += [sent.longest_pause(*outage) for outage in outages]
            tell(sent.verdict())

        usual, worst = median(pauses), max(pauses)
        tell(f"{len(pauses)} failovers; seconds without a TRUE: median {usual:.2f}, worst {worst:.2f}")
        assert "a part ended by itself" not in hosts.logs


def test_an_old_primary_that_nobody_has_fenced_acknowledges_nothing(
    tmp_path: Path, machines: Machines, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, machines.url, SEED, messages=300)
    with program(tmp_path, machines.url, COMMIT_DEADLINE="0.5", **SETTINGS) as gateway:
        with trial.sending(gateway.run()):
            trial.wait_for(50)
            machines.promote()
            trial.broke("promoted beside a primary that lives")
            trial.wait_for_answers(
                "503", trial.answers("503") + 20
            )  # what was committed before is answered by then
            before = trial.answers("200 TRUE")
            trial.wait_for_answers("503", trial.answers("503") + 80)
            acknowledged = trial.answers("200 TRUE") - before
            machines.standby.kill()  # fenced, late
            machines.build_standby()

        tell(f"{trial.verdict()}; with two primaries: {acknowledged} acknowledged")
        assert acknowledged == 0


@contextmanager
def read_only(server: PostgresServer) -> Iterator[None]:
    """Let a server take no writes any more, on the connections that are there already too."""
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute(RELOAD)
    yield


@pytest.mark.parametrize("lost", [PostgresServer.hanging, read_only])
def test_a_primary_that_is_no_use_any_more_is_left_by_the_gateway_itself(
    tmp_path: Path,
    machines: Machines,
    lost: Callable[[PostgresServer], AbstractContextManager[None]],
    tell: Callable[[str], None],
) -> None:
    with program(tmp_path, machines.url, **SETTINGS) as gateway:
        url = gateway.run("--no-work", "--workers", "1")  # so that it is the one with a connection that is asked
        until(lambda: is_taken(url), "a first TRUE")
        with lost(machines.primary):
            machines.promote()
            machines.require("")
            began = time.monotonic()

            until(lambda: is_taken(url, PARM="after"), "a TRUE of the other machine")

            tell(f"{time.monotonic() - began:.1f} s to a TRUE, while what is lost is still first in the URL")
    assert machines.stored("after") == 1


def test_a_duplicate_waits_for_the_standby_like_the_first(tmp_path: Path, machines: Machines) -> None:
    with program(tmp_path, machines.url, COMMIT_DEADLINE="0.5", **SETTINGS) as gateway:
        url = gateway.run("--no-work")
        until(lambda: is_taken(url), "a first TRUE")
        machines.standby.stop("immediate")
        taken = [is_taken(url, PARM="repeated")]
        until(machines.cancel, "the wait of the first try to be cancelled: it is now on one disk")
        taken += [is_taken(url, PARM="repeated") for _ in range(3)]
        machines.primary.kill()
        machines.standby.start()
        machines.promote()
        survived = machines.stored("repeated")
        machines.build_standby()
        until(lambda: is_taken(url, PARM="repeated"), "the provider's next try to be taken")

        assert taken == [False] * 4, f"acknowledged, and after the failover there are {survived} of it"
        assert machines.stored("repeated") == 1


def listed(seconds: list[float]) -> str:
    return ", ".join(f"{one:.2f}" for one in seconds)
