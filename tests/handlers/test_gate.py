"""The gate: what is slow or down holds back its own messages, and none of them runs out of tries."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from threading import Barrier, Event, Thread

import pytest

from mo_gateway.errors import HandlerError, TryLater
from mo_gateway.handlers.gate import Gate, TargetFailed


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    """A gate for two calls at a time, whose random pauses are all in the middle."""
    return Gate("example.com", at_once=2, clock=clock, random=lambda: 0.5)


def succeed(gate: Gate) -> None:
    with gate.passage():
        pass


def fail(gate: Gate, failure: TargetFailed | None = None) -> None:
    with gate.passage():
        raise failure or TargetFailed("the target answered HTTP 500")


def pause_of(gate: Gate) -> float:
    """Give the seconds that a message is sent away for."""
    with pytest.raises(TryLater) as caught:
        succeed(gate)
    return caught.value.after.total_seconds()


def close(gate: Gate) -> float:
    """Let five calls fail; give the seconds that the last of them has to wait."""
    for _ in range(4):
        with pytest.raises(TargetFailed):
            fail(gate)
    with pytest.raises(TryLater) as caught:
        fail(gate)
    return caught.value.after.total_seconds()


def test_no_more_calls_at_a_time_than_it_may_have(gate: Gate) -> None:
    with gate.passage(), gate.passage(), pytest.raises(TryLater, match=r"example\.com is busy"):
        succeed(gate)

    succeed(gate)


def test_threads_that_come_together_do_not_all_get_through() -> None:
    gate = Gate("example.com", at_once=2)
    together, end, inside, sent_away = Barrier(8), Event(), [], []

    def come() -> None:
        together.wait()
        try:
            with gate.passage():
                inside.append(1)
                end.wait()
        except TryLater as exc:
            sent_away.append(exc)
            if len(sent_away) == 6:
                end.set()

    threads = [Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(inside), len(sent_away)) == (2, 6)
    succeed(gate)


def test_who_is_sent_away_is_due_when_its_turn_comes(gate: Gate, clock: Clock) -> None:
    with gate.passage():
        clock.now += 4.0
    with ExitStack() as calls:
        calls.enter_context(gate.passage())
        calls.enter_context(gate.passage())
        pauses = [pause_of(gate) for _ in range(10_000)]

    step = pauses[0]
    assert 0.5 < step < 2.0  # two calls of which each lasts 4 s, as it seems, but not all of them
    assert pauses[:3] == pytest.approx([step, 2 * step, 3 * step])
    assert pauses[-1] == 300.0


def test_turns_that_are_over_are_forgotten(gate: Gate, clock: Clock) -> None:
    with gate.passage(), gate.passage():
        first = pause_of(gate)
        clock.now += 1000.0

        assert pause_of(gate) == pytest.approx(first)


def test_after_five_failures_in_a_row_nothing_is_sent_for_half_a_minute(gate: Gate, clock: Clock) -> None:
    assert close(gate) == pytest.approx(30.0, abs=0.2)

    clock.now += 10.0
    with pytest.raises(TryLater, match=r"example\.com is down"):
        succeed(gate)
    assert pause_of(gate) == pytest.approx(20.0, abs=0.5)
    clock.now += 20.0
    succeed(gate)


def test_a_success_between_them_makes_it_no_row(gate: Gate) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(TargetFailed):
                fail(gate)
        succeed(gate)


def test_it_rests_twice_as_long_each_time_and_ten_minutes_at_most(gate: Gate, clock: Clock) -> None:
    rests = [close(gate)]
    for _ in range(6):
        clock.now += rests[-1]
        with pytest.raises(TryLater) as caught:
            fail(gate)
        rests.append(caught.value.after.total_seconds())

    assert rests == pytest.approx([30, 60, 120, 240, 480, 480, 480], abs=2)


@pytest.mark.parametrize("number", [0.0, 1.0])
def test_rests_are_spread_and_stay_below_ten_minutes(clock: Clock, number: float) -> None:
    gate = Gate("example.com", clock=clock, random=lambda: number)
    rest = close(gate)

    for _ in range(20):
        clock.now += rest
        with pytest.raises(TryLater) as caught:
            fail(gate)
        rest = caught.value.after.total_seconds()

    assert 300 < rest < 602


def test_after_a_rest_one_call_goes_before_the_others(gate: Gate, clock: Clock) -> None:
    clock.now += close(gate)

    with gate.passage():
        assert pause_of(gate) > 0
    with gate.passage(), gate.passage():
        pass


def test_a_target_that_is_well_again_has_all_its_failures_forgiven(gate: Gate, clock: Clock) -> None:
    clock.now += close(gate)
    succeed(gate)

    assert close(gate) == pytest.approx(30.0, abs=0.2)


def test_a_failure_that_is_not_the_targets_changes_nothing(gate: Gate) -> None:
    for _ in range(20):
        with pytest.raises(HandlerError), gate.passage():
            raise HandlerError("the target answered HTTP 404")

    succeed(gate)


def test_where_the_message_cannot_be_to_blame_no_try_counts(gate: Gate) -> None:
    pauses = []
    for _ in range(5):
        with pytest.raises(TryLater, match="no connection") as caught:
            fail(gate, TargetFailed("no connection", counts=False))
        pauses.append(caught.value.after.total_seconds())

    assert pauses == pytest.approx([2, 4, 8, 16, 30], abs=0.2)


def test_the_pause_that_a_target_asks_for_is_kept_by_all(gate: Gate, clock: Clock) -> None:
    with pytest.raises(TryLater) as caught:
        fail(gate, TargetFailed("the target answered HTTP 429", pause=timedelta(seconds=7)))

    assert caught.value.after.total_seconds() == pytest.approx(7.0, abs=0.2)
    assert pause_of(gate) == pytest.approx(7.0, abs=0.2)
    clock.now += 7.0
    succeed(gate)


def test_a_pause_of_nothing_is_a_second_all_the_same(gate: Gate) -> None:
    with pytest.raises(TryLater) as caught:
        fail(gate, TargetFailed("the target answered HTTP 503", pause=timedelta(0)))

    assert caught.value.after >= timedelta(seconds=1)


@pytest.fixture
def late_call(gate: Gate) -> Iterator[ExitStack]:
    """A call that began before the gate was closed."""
    with ExitStack() as call:
        call.enter_context(gate.passage())
        yield call


def test_a_call_that_fails_late_does_not_make_the_rest_longer(
    gate: Gate, clock: Clock, late_call: ExitStack
) -> None:
    rest = close(gate)
    clock.now += 5.0

    with suppress(TryLater), late_call:
        raise TargetFailed("too late")

    assert pause_of(gate) == pytest.approx(rest - 5.0, abs=2.0)


def test_those_who_wait_out_a_rest_do_not_all_come_at_once_after_it(gate: Gate) -> None:
    close(gate)

    pauses = [pause_of(gate) for _ in range(100)]

    assert len(set(pauses)) == 100
    assert min(pauses) >= 30.0
