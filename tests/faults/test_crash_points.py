"""Processes die at every step of a message's way, one point after another, while messages come in."""

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mo_gateway.fakes.reporter import Reporter
from mo_gateway.fakes.server import FakeServer, running
from mo_gateway.fakes.spryng import FakeSpryng
from tests.postgres import free_port
from tests.running import Program, program

from .crash_points import POINTS, Point, Traps
from .trial import PACE, Trial, sending_by

SEED = 20261127
MOST_DEATHS = 4  # of workers, until all is started anew: one that ends too often is started less often
SETTINGS = {
    "LEASE": "2",
    "SEND_TIMEOUT": "0.5",
    "RETRY_DELAY": "0.1",
    "MAX_ATTEMPTS": "1000",
    "ALLOW_UNSAFE_DATABASE": "0",
}
TEXTS = ("WIN blue", "win red", "WIN", "PLAY 1", "STOP")
HANDLERS = """
from mo_gateway import every_message, keyword

@keyword("WIN")
def thank(message):
    return f"Thank you for {message.parm or 'nothing'}."

@keyword("PLAY", transaction=True)
def play(message, connection):
    return "You are in."

@every_message
def watch(message):
    pass
"""


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A provider that takes the replies."""
    with running(FakeSpryng(credit=Decimal(1_000_000))) as server:
        yield server


@pytest.mark.crashes
@pytest.mark.timeout(550)
def test_a_crash_at_every_point(
    tmp_path: Path, empty_url: str, fake: FakeServer, tell: Callable[[str], None]
) -> None:
    kind = empty_url.partition(":")[0].partition("+")[0]
    points = [one for one in POINTS if one.is_on(kind)]
    if kind == "sqlite":
        points = [one for one in points if one.part != "worker" or one.differs]

    figures = crash(tmp_path, empty_url, fake, SEED, points)

    tell(f"{figures}; all {len(points)} points hit")


@pytest.mark.long
def test_crashes_at_every_point_again_and_again(
    tmp_path: Path, empty_url: str, fake: FakeServer, rounds: int, tell: Callable[[str], None]
) -> None:
    kind = empty_url.partition(":")[0].partition("+")[0]
    points = [one for one in POINTS if one.is_on(kind) and one.part != "run"]
    for number in range(rounds):
        seed = secrets.randbelow(1_000_000)
        folder = tmp_path / str(number)
        folder.mkdir()
        order = random.Random(seed).sample(points, len(points))

        tell(crash(folder, empty_url, fake, seed, order, most_passes=10))


def crash(
    folder: Path, url: str, fake: FakeServer, seed: int, points: Sequence[Point], *, most_passes: int = 0
) -> str:
    """Crash a gateway at one point after another, each after some passes, and give the figures."""
    dice = random.Random(seed)
    trial = Trial(folder, url, seed, is_endless=True, pace=replace(PACE, rate=8.0), fake=fake)
    trial.plan = replace(trial.plan, texts=TEXTS, bad=0.1)
    traps = Traps(folder / "traps")
    bind = f"127.0.0.1:{free_port()}"
    with program(folder, url, **SETTINGS, **sending_by(fake)) as gateway:
        gateway.others = traps.variables
        (gateway.folder / "contest.py").write_text(HANDLERS)
        for point in points:
            if point.part == "run":
                traps.arm(point)
                gateway.start("mo_gateway", "run", "--bind", bind)
                traps.hit(point)
                assert gateway.process.wait(60) == 9
                trial.broke(f"crash of {point.part}")
        callback = gateway.run(bind=bind)
        fake.on_taken = reporting_half(fake, callback)
        deaths = 0
        with trial.sending(callback):
            for point in points:
                if point.part == "run":
                    continue
                traps.arm(point, passes=dice.randint(0, most_passes))
                traps.hit(point)
                trial.broke(f"crash of {point.part}")
                deaths += point.part == "worker"
                if deaths == MOST_DEATHS:
                    restart(gateway, bind)
                    trial.broke("all at once")
                    deaths = 0
        return trial.verdict()


def restart(gateway: Program, bind: str) -> None:
    """End all at once and start all anew, once a worker that has just died is there again or not."""
    gateway.close()
    gateway.run(bind=bind)


def reporting_half(fake: FakeServer, callback: str) -> Callable[..., None]:
    """Give what reports every second SMS, so that of the others it stays unknown what nobody has recorded."""
    parts = urlsplit(callback)
    origin = f"{parts.scheme}://{parts.netloc}"
    reporter = Reporter(fake, origin, "geheim", state="", after=0.1, tell=lambda _line: None)
    return lambda taken: reporter.report(taken) if int(taken.id) % 2 else None
