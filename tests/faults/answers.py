"""How the provider is answered in a trial, how long that takes, and whether the gateway says that it is ready."""

import json
import urllib.error
import urllib.request
from itertools import count
from statistics import median
from urllib.parse import urljoin

from tests.running import Program, post
from tests.waiting import until

from .trial import Trial


def seconds(trial: Trial, word: str) -> list[float]:
    """Give how long each answer took, such as each `503`, the longest last."""
    return sorted(float(str(line["seconds"])) for line in trial.lines() if line.get("result") == word)


def in_words(trial: Trial) -> str:
    """Say how long TRUE and refusals took."""
    taken, refused = seconds(trial, "200 TRUE"), seconds(trial, "503")
    said = f"TRUE after {median(taken):.3f} s, at most {taken[-1]:.2f} s"
    return f"{said}; {len(refused)} x 503, at most after {refused[-1]:.2f} s" if refused else said


def started(gateway: Program, *arguments: str) -> str:
    """Start a gateway and give its callback URL once it is ready: what it answers then is not about its start."""
    callback = gateway.run(*arguments)
    until(lambda: is_ready(callback), "the gateway to be ready", within=60)
    return callback


def wait_for_refusals(callback: str, how_many: int = 5) -> None:
    """Send the example, beside a trial that may be over soon, until so many tries were answered 503."""
    refused = count(1)
    until(lambda: post(callback).status == 503 and next(refused) >= how_many, f"{how_many} x 503", within=60)


def is_ready(callback: str) -> bool:
    """Ask the gateway with that callback URL whether it can store messages."""
    try:
        with urllib.request.urlopen(urljoin(callback, "/readyz"), timeout=5) as response:
            return bool(json.load(response)["ready"])
    except urllib.error.HTTPError as error:
        with error:
            return bool(json.load(error)["ready"])
    except OSError:
        return False
