"""When to try again, and when to stop."""

from datetime import timedelta

LONGEST = timedelta(hours=1)
SPREAD = 0.25  # of a pause, either way


def delay(attempt: int, *, first: timedelta, jitter: float) -> timedelta:
    """Give the pause after failed try number `attempt` (from 1): `first`, doubled each time, at most an hour.

    `jitter` is a random number from 0 to 1 that moves the pause by up to a quarter either way, so that
    what failed together is not tried again together, not even once the pauses grow no longer.
    """
    doublings = min(attempt - 1, 32)  # 2**32 first delays are over any hour; more would overflow timedelta
    longest = LONGEST.total_seconds() / (1 + SPREAD)
    pause = min(first.total_seconds() * 2**doublings, longest)
    return timedelta(seconds=pause * (1 - SPREAD + 2 * SPREAD * jitter))
