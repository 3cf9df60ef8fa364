"""Waiting for what other threads and processes bring about."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 20.0  # seconds; a test waits this long only when it fails


def until(condition: Callable[[], Found | None], what: str, *, within: float = PATIENCE) -> Found:
    """Wait until `condition` gives something true, and give that; or raise AssertionError."""
    give_up = time.monotonic() + within
    while not (found := condition()):
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {within:g} s for {what}")
        time.sleep(0.01)
    return found
