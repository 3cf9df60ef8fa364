"""The provider's side: messages, every one unique, as fast as answers come; wrk sends them."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode, urlsplit

from .process import PATIENCE, Failed, Server, last_words, wait_until

SCRIPT = Path(__file__).parent / "load.lua"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MOST_SECONDS = 30  # for one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the provider saw."""

    acknowledged: int  #: answered as a message is that was taken
    failed: int
    seconds: float
    p50: float  #: milliseconds
    p99: float  #: milliseconds

    @property
    def rate(self) -> float:
        """Acknowledged messages a second."""
        return self.acknowledged / self.seconds


def send(server: Server, *, run: str, seconds: int, connections: int, kept: bool = True) -> Load:
    """Send for so long; `run`, a word, makes the messages differ from those of another call.

    Connections are kept, or else each is closed after one answer. Raises Failed where nothing can be sent.
    """
    if not shutil.which("wrk"):
        raise Failed("the messages are sent by wrk, which is not here: apt install wrk")
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += [f"--timeout={MOST_SECONDS}s", f"--script={SCRIPT}", server.url, "--"]
    command += [run, server.answer, "query" if server.reads_query else "form", "kept" if kept else "closed"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"wrk could not send to {server.url}: {done.stdout}{done.stderr}")
    return Load(**json.loads(done.stdout.splitlines()[-1]))


def percentile(values: list[float], n: int) -> float:
    """Give the value that n of 100 are at most."""
    return quantiles(values, n=100, method="inclusive")[n - 1]


def first_true(server: Server) -> None:
    """Send one message until it is taken."""
    wait_until(
        lambda: send_one(server, "FIRST", "WIN"),
        lambda: f"{server.url} took no message within {PATIENCE:g} s\n{last_words(server.folder)}",
    )


def send_one(server: Server, reference: str, keyword: str) -> bool:
    """Send one message on a connection of its own, and tell whether it was taken."""
    parts = urlsplit(server.url)
    connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    fields = {
        "MSISDN": "32412345678",
        "KEYWORD": keyword,
        "PARM": "blue",
        "OPERATOR": "20601",
        "TIMESTAMP": f"{datetime.now(UTC):%Y%m%d%H%M%S}",
        "SHORTCODE": "4414",
        "COUNTRY": "BEL",
        "REFERENCE": reference,
    }
    try:
        if server.reads_query:
            connection.request("GET", f"{parts.path}?{urlencode(fields)}")
        else:
            connection.request("POST", parts.path, urlencode(fields), FORM)
        answer = connection.getresponse()
        return (answer.status, answer.read().decode()) == (200, server.answer)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
