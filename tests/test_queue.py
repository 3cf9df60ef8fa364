"""The queue: a message is in one worker's hands at a time, a sender's in order, and none for ever."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store import opt_outs, queue
from mo_gateway.store.queue import Claim, Finished, Result
from mo_gateway.store.tables import mo_handling
from mo_gateway.store.types import database_now

from .conftest import MakeSettings
from .examples import webhook
from .stored import make_due, rows, store, store_senders

LEASE = timedelta(seconds=30)
DONE = Result(state="done", handler="test", started_at=datetime(2026, 11, 22, tzinfo=UTC), duration=None)
FAILED = replace(DONE, state="failed", error="no luck", again_after=timedelta(hours=1))


def claim(engine: Engine, limit: int = 10) -> list[Claim]:
    with engine.begin() as conn:
        return queue.claim(conn, limit=limit, lease=LEASE)


def claimed(engine: Engine, limit: int = 10) -> list[int | None]:
    return [each.message.id for each in claim(engine, limit)]


def finish(engine: Engine, claim: Claim, result: Result = DONE) -> bool:
    with engine.begin() as conn:
        return claim.id in queue.finish(conn, [Finished(claim, result)])


def set_due(engine: Engine, message_id: int, seconds_from_now: float) -> None:
    with engine.begin() as conn:
        row = update(mo_handling).where(mo_handling.c.message_id == message_id)
        conn.execute(row.values(due_at=database_now(seconds_from_now)))


def test_a_claim_counts_the_attempt_and_moves_due_at_to_the_end_of_its_lease(gateway: Gateway) -> None:
    store(gateway)

    (ours,) = claim(gateway.engine)

    with gateway.engine.begin() as conn:
        row = conn.execute(select(mo_handling, database_now().label("now"))).one()
    assert (row.state, row.attempts, row.due_at) == ("pending", 1, ours.lease_end)
    assert timedelta(seconds=20) < row.due_at - row.now <= LEASE
    assert (ours.id, ours.attempt, ours.attempt_limit) == (row.id, 1, 12)


def test_a_claim_holds_the_whole_message(gateway: Gateway) -> None:
    message_id = store(gateway, PARM="été à Liège", OPERATOR="", TIMESTAMP="20041031023000")

    (ours,) = claim(gateway.engine)

    parsed = gateway.spryng.parse(webhook(PARM="été à Liège", OPERATOR="", TIMESTAMP="20041031023000"))
    assert ours.message == replace(parsed, id=message_id, attempt=1)
    assert parsed.marks  # so that a list has been there and back


def test_a_claimed_message_is_nobody_elses_while_its_lease_runs(gateway: Gateway) -> None:
    store(gateway)
    claim(gateway.engine)

    assert claim(gateway.engine) == []


def test_claimers_at_the_same_time_never_take_the_same_message(gateway: Gateway) -> None:
    stored = store_senders(gateway, 60)

    def take_all(_: int) -> list[int | None]:
        taken: list[int | None] = []
        while some := claimed(gateway.engine, limit=3):
            taken += some
        return taken

    with ThreadPoolExecutor(6) as pool:
        taken = [message_id for some in pool.map(take_all, range(6)) for message_id in some]

    # on PostgreSQL a claimer may find all that is left locked by others and give up: nothing twice, nothing lost
    taken += claimed(gateway.engine, limit=60)
    assert sorted(map(int, filter(None, taken))) == stored


def test_a_claimer_passes_over_what_another_is_just_taking(postgres_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    first, second, third = store_senders(gateway, 3)

    with gateway.engine.begin() as one:
        theirs = queue.claim(one, limit=2, lease=LEASE)
        ours = claimed(gateway.engine)  # returns before the other one commits

    assert [each.message.id for each in theirs] == [first, second]
    assert ours == [third]
    gateway.close()


def test_a_claimer_does_not_overtake_a_message_that_another_is_just_taking(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    store(gateway, PARM="1")
    store(gateway, PARM="2")

    with gateway.engine.begin() as one:
        assert len(queue.claim(one, limit=1, lease=LEASE)) == 1
        ours = claimed(gateway.engine)

    assert ours == []
    gateway.close()


def test_a_senders_next_message_waits_for_the_one_before(gateway: Gateway) -> None:
    first = store(gateway, PARM="1")
    second = store(gateway, PARM="2")

    (ours,) = claim(gateway.engine)
    meanwhile = claimed(gateway.engine)
    finish(gateway.engine, ours)

    assert ours.message.id == first
    assert meanwhile == []
    assert claimed(gateway.engine) == [second]


def test_another_sender_and_another_shortcode_do_not_wait(gateway: Gateway) -> None:
    first = store(gateway)
    store(gateway, PARM="waits")
    other_sender = store(gateway, MSISDN="32487654321")
    other_shortcode = store(gateway, SHORTCODE="5555")

    assert claimed(gateway.engine) == [first, other_sender, other_shortcode]


def test_a_failing_message_holds_back_its_own_sender_only(gateway: Gateway) -> None:
    store(gateway)
    (ours,) = claim(gateway.engine)
    finish(gateway.engine, ours, FAILED)
    store(gateway, PARM="waits")
    other_sender = store(gateway, MSISDN="32487654321")

    assert claimed(gateway.engine) == [other_sender]


@pytest.mark.parametrize("state", ["done", "unrouted", "dead"])
def test_a_message_that_is_at_its_end_holds_nobody_back(gateway: Gateway, state: str) -> None:
    store(gateway)
    (ours,) = claim(gateway.engine)
    finish(gateway.engine, ours, replace(DONE, state=state))
    second = store(gateway, PARM="2")

    assert claimed(gateway.engine) == [second]


def test_a_message_whose_lease_ran_out_is_claimed_again(gateway: Gateway) -> None:
    message_id = store(gateway)
    claim(gateway.engine)
    make_due(gateway.engine)

    (again,) = claim(gateway.engine)

    assert (again.message.id, again.attempt, again.message.attempt) == (message_id, 2, 2)


def test_each_message_that_a_dead_worker_left_behind_is_taken_alone(gateway: Gateway) -> None:
    left_behind = store_senders(gateway, 3)
    claim(gateway.engine)
    make_due(gateway.engine)
    fresh = [store(gateway, MSISDN="32487654321")]

    taken = [claimed(gateway.engine) for _ in range(4)]

    assert taken == [*([one] for one in left_behind), fresh]


def test_a_message_that_failed_where_its_worker_saw_it_is_not_taken_alone(gateway: Gateway) -> None:
    failed = store_senders(gateway, 3)
    for ours in claim(gateway.engine):
        finish(gateway.engine, ours, FAILED)
    make_due(gateway.engine)

    assert claimed(gateway.engine) == failed


def test_a_message_whose_second_try_nobody_saw_end_is_taken_alone(gateway: Gateway) -> None:
    one, other = store_senders(gateway, 2)
    for ours in claim(gateway.engine):
        finish(gateway.engine, ours, FAILED)
    for _ in range(2):
        make_due(gateway.engine)
        first = claimed(gateway.engine)

    assert (first, claimed(gateway.engine)) == ([one], [other])


def test_a_failed_message_is_claimed_again_when_it_is_due(gateway: Gateway) -> None:
    message_id = store(gateway)
    (ours,) = claim(gateway.engine)
    finish(gateway.engine, ours, FAILED)
    meanwhile = claimed(gateway.engine)

    make_due(gateway.engine)

    assert meanwhile == []
    assert claimed(gateway.engine) == [message_id]


def test_at_most_so_many_are_taken_as_asked_for(gateway: Gateway) -> None:
    store_senders(gateway, 5)

    assert [len(claim(gateway.engine, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_what_has_been_due_longest_comes_first(gateway: Gateway) -> None:
    one, two, three = store_senders(gateway, 3)
    set_due(gateway.engine, one, -10)
    set_due(gateway.engine, two, -20)
    set_due(gateway.engine, three, -30)

    assert [claimed(gateway.engine, limit=1) for _ in range(3)] == [[three], [two], [one]]


def test_what_is_not_due_yet_is_not_taken(gateway: Gateway) -> None:
    set_due(gateway.engine, store(gateway), 60)

    assert claimed(gateway.engine) == []


def test_finishing_ends_the_work_and_leaves_the_attempt(gateway: Gateway) -> None:
    store(gateway)
    (ours,) = claim(gateway.engine)

    held = finish(gateway.engine, ours, replace(DONE, duration=timedelta(milliseconds=12)))

    (handling,) = rows(gateway.engine, "mo_handling")
    assert held
    assert (handling.state, handling.handler, handling.error, handling.due_at) == ("done", "test", None, None)
    assert handling.finished_at
    (attempt,) = rows(gateway.engine, "mo_attempt")
    assert (attempt.handling_id, attempt.number, attempt.outcome) == (handling.id, 1, "done")
    assert (attempt.duration_ms, attempt.error, attempt.mt_message_id) == (12, None, None)


def test_a_failed_try_is_kept_with_its_error_and_due_again(gateway: Gateway) -> None:
    store(gateway)
    (ours,) = claim(gateway.engine)

    finish(gateway.engine, ours, FAILED)

    with gateway.engine.begin() as conn:
        row = conn.execute(select(mo_handling, database_now().label("now"))).one()
    assert (row.state, row.error, row.attempts, row.finished_at) == ("failed", "no luck", 1, None)
    assert timedelta(minutes=59) < row.due_at - row.now <= timedelta(hours=1)
    assert [(each.outcome, each.error) for each in rows(gateway.engine, "mo_attempt")] == [("failed", "no luck")]


def test_a_lost_claim_finishes_nothing(gateway: Gateway) -> None:
    store(gateway)
    (ours,) = claim(gateway.engine)
    make_due(gateway.engine)
    (theirs,) = claim(gateway.engine)

    held = finish(gateway.engine, ours)

    assert not held
    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.attempts) == ("pending", 2)
    assert rows(gateway.engine, "mo_attempt") == []
    assert finish(gateway.engine, theirs)


def test_a_claim_whose_try_was_recorded_already_is_lost(gateway: Gateway) -> None:
    store(gateway)
    (ours,) = claim(gateway.engine)
    finish(gateway.engine, ours, FAILED)

    held = finish(gateway.engine, ours)

    assert not held
    assert [row.state for row in rows(gateway.engine, "mo_handling")] == ["failed"]


def test_a_worker_that_is_late_may_finish_what_nobody_else_has_taken(gateway: Gateway) -> None:
    store(gateway)
    with gateway.engine.begin() as conn:
        (ours,) = queue.claim(conn, limit=1, lease=timedelta(milliseconds=1))

    assert finish(gateway.engine, ours)


def test_what_may_be_a_stop_is_not_taken_before_somebody_has_looked(gateway: Gateway) -> None:
    stop = store(gateway, KEYWORD="STOP")
    after = store(gateway, PARM="waits behind it")
    other_sender = store(gateway, MSISDN="32487654321")
    before = claimed(gateway.engine)
    with gateway.engine.begin() as conn:
        opt_outs.looked_at(conn, [stop])

    (ours,) = claim(gateway.engine)
    finish(gateway.engine, ours)

    assert before == [other_sender]
    assert ours.message.id == stop
    assert claimed(gateway.engine) == [after]


def test_a_claim_finds_what_is_due_by_the_indexes(gateway: Gateway) -> None:
    message_id = store(gateway)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql(  # of as many senders, and due much later
            "INSERT INTO mo_handling (message_id, handler, state, attempt_limit, line, due_at)"
            " WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)"
            f" SELECT {message_id}, 'handler ' || n, 'failed', 12, n, '2999-01-01 00:00:00+00' FROM numbers"
        )
        conn.exec_driver_sql("ANALYZE mo_handling")
        due = str(queue._DUE.element.compile(conn, compile_kwargs={"literal_binds": True})).replace("%%", "%")
        explain = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
        plan = str(conn.exec_driver_sql(f"{explain} {due.replace(':most', '10')}").all())

    assert "mo_handling_due_at_idx" in plan
    assert "mo_handling_line_idx" in plan
