"""The provider's side: messages over kept connections, every one unique, as fast as answers come.

wrk sends them where it is installed; elsewhere the project's simulator does, which takes more of the machine
for itself. Compare only figures of one kind.
"""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from mo_gateway.simulator.agenda import Pace
from mo_gateway.simulator.plan import Plan
from mo_gateway.simulator.simulation import Simulation
from mo_gateway.simulator.target import read_target

SCRIPT = Path(__file__).parent / "load.lua"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PATIENCE = 30.0  # seconds for a server to start


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the provider saw."""

    acknowledged: int  #: answered 200 TRUE
    failed: int
    seconds: float
    p50: float  #: milliseconds
    p99: float  #: milliseconds

    @property
    def rate(self) -> float:
        """Acknowledged messages a second."""
        return self.acknowledged / self.seconds


def send(url: str, *, run: str, seconds: float, connections: int) -> Load:
    """Send for so long; `run` makes the messages differ from those of another call."""
    by = _send_by_wrk if shutil.which("wrk") else _send_by_simulator
    return by(url, run, seconds, connections)


def sender() -> str:
    """Name what sends."""
    return "wrk" if shutil.which("wrk") else "the simulator"


def percentile(values: list[float], n: int) -> float:
    """Give the value that n of 100 are at most."""
    return quantiles(values, n=100, method="inclusive")[n - 1]


def first_true(url: str, *, keyword: str = "WIN") -> None:
    """Send one message until it is answered TRUE."""
    give_up = time.monotonic() + PATIENCE
    while not send_one(url, "FIRST", keyword):
        if time.monotonic() > give_up:
            raise SystemExit(f"no TRUE within {PATIENCE:g} s")
        time.sleep(0.005)


def send_one(url: str, reference: str, keyword: str) -> bool:
    """Send one message on a connection of its own, and tell whether the answer was TRUE."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    form = {
        "MSISDN": "32412345678",
        "KEYWORD": keyword,
        "TIMESTAMP": f"{datetime.now(UTC):%Y%m%d%H%M%S}",
        "SHORTCODE": "4414",
        "COUNTRY": "BEL",
        "REFERENCE": reference,
    }
    try:
        connection.request("POST", parts.path, urlencode(form), FORM)
        answer = connection.getresponse()
        return (answer.status, answer.read()) == (200, b"TRUE")
    except OSError:
        return False
    finally:
        connection.close()


def _send_by_wrk(url: str, run: str, seconds: float, connections: int) -> Load:
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds:g}s"]
    done = subprocess.run(
        [*command, f"--script={SCRIPT}", url, "--", run], capture_output=True, text=True, check=True
    )
    return Load(**json.loads(done.stdout.splitlines()[-1]))


def _send_by_simulator(url: str, run: str, seconds: float, connections: int) -> Load:
    simulation = Simulation(
        plan=Plan(run=run, seed=0, zone=ZoneInfo("UTC")),
        pace=Pace(duration=timedelta(seconds=seconds), connections=connections),
        target=read_target(url),
        clock=_now,
    )
    book = simulation.run(lambda _news: None)
    milliseconds = [1000 * latency for latency in book.latencies]
    return Load(
        acknowledged=len(book.acknowledged),
        failed=len(book.tries) - len(book.acknowledged),
        seconds=book.seconds,
        p50=percentile(milliseconds, 50),
        p99=percentile(milliseconds, 99),
    )


def _now() -> datetime:
    return datetime.now(UTC)
