"""Delays between tries: they grow, they differ, and none is over an hour."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.retry import LONGEST, delay

FIVE_SECONDS = timedelta(seconds=5)
MIDDLE = 0.5  # the jitter that moves nothing

attempts = st.integers(1, 10_000)
firsts = st.timedeltas(timedelta(microseconds=1), timedelta(days=1))
jitters = st.floats(0, 1)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (8, 640)])
def test_the_first_delay_is_doubled_each_time(attempt: int, seconds: int) -> None:
    assert delay(attempt, first=FIVE_SECONDS, jitter=MIDDLE) == timedelta(seconds=seconds)


def test_a_delay_moves_by_a_quarter_either_way() -> None:
    shortest, longest = (delay(1, first=FIVE_SECONDS, jitter=jitter) for jitter in (0, 1))

    assert (shortest, longest) == (timedelta(seconds=3.75), timedelta(seconds=6.25))


def test_twelve_attempts_last_for_hours() -> None:
    pauses = [delay(attempt, first=FIVE_SECONDS, jitter=MIDDLE) for attempt in range(1, 12)]

    assert timedelta(hours=2) < sum(pauses, timedelta()) < timedelta(hours=4)


@given(attempt=attempts, first=firsts, jitter=jitters)
def test_no_delay_is_over_an_hour_or_negative(attempt: int, first: timedelta, jitter: float) -> None:
    assert timedelta(0) <= delay(attempt, first=first, jitter=jitter) <= LONGEST


@given(attempt=attempts, first=firsts, jitter=jitters)
def test_a_delay_is_never_shorter_than_the_one_before_it(attempt: int, first: timedelta, jitter: float) -> None:
    pause, next_pause = (delay(number, first=first, jitter=jitter) for number in (attempt, attempt + 1))

    assert next_pause >= pause


@given(attempt=attempts, first=st.timedeltas(timedelta(seconds=1), timedelta(days=1)), jitter=jitters)
def test_what_failed_together_is_not_tried_again_together(attempt: int, first: timedelta, jitter: float) -> None:
    other = jitter - 0.5 if jitter >= 0.5 else jitter + 0.5

    assert delay(attempt, first=first, jitter=jitter) != delay(attempt, first=first, jitter=other)
