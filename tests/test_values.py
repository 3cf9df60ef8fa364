"""Votes and lists: stored with the message being done, each once, and counted right."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from mo_gateway import Join, Leave, Message, Timing, Vote, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.replay import run_again
from mo_gateway.store import values
from mo_gateway.store.selection import Filter
from mo_gateway.store.tables import mo_vote

from .handling import dispatcher_of, handle_all
from .stored import make_due, rows, store

SIX = datetime(2026, 12, 1, 18, tzinfo=UTC)


def returning(*found: Any) -> Any:
    @keyword("WIN", name="test")
    def handler(message: Message) -> list[Any]:
        return [*found]

    return handler


def test_a_vote_is_stored_with_its_message(gateway: Gateway) -> None:
    number = store(gateway)

    handle_all(dispatcher_of(gateway, returning(Vote(poll="song", option="Blue"), "Thanks.")))

    (row,) = rows(gateway.engine, "mo_vote")
    assert (row.poll, row.option, row.message_id, row.timing) == ("song", "Blue", number, "in time")
    assert len(rows(gateway.engine, "mt_message")) == 1


def test_nothing_of_a_try_that_lost_its_claim_is_stored(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, returning(Vote(poll="song", option="Blue"), Join("news")))
    (claim,) = dispatcher.claim(1)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE mo_handling SET attempts = attempts + 1")

    dispatcher.handle(claim)

    assert rows(gateway.engine, "mo_vote") == rows(gateway.engine, "mo_subscription") == []


def test_a_message_that_is_read_again_changes_its_vote_and_adds_none(gateway: Gateway) -> None:
    store(gateway)
    handle_all(dispatcher_of(gateway, returning(Vote(poll="song", option=None))))
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE mo_handling SET due_at = finished_at")

    handle_all(dispatcher_of(gateway, returning(Vote(poll="song", option="Red", last_counts=True))))

    (row,) = rows(gateway.engine, "mo_vote")
    assert (row.option, bool(row.last_counts)) == ("Red", True)


def test_joining_twice_is_joining_once_and_leaving_ends_it_with_its_proof(gateway: Gateway) -> None:
    first = store(gateway)
    handle_all(dispatcher_of(gateway, returning(Join("news"), Join("sport"))))
    store(gateway, PARM="2")
    handle_all(dispatcher_of(gateway, returning(Join("news"))))
    third = store(gateway, PARM="3")
    handle_all(dispatcher_of(gateway, returning(Leave("news"))))
    fourth = store(gateway, PARM="4")
    handle_all(dispatcher_of(gateway, returning(Join("news"))))

    found = [(row.list, row.message_id, row.until_message_id) for row in rows(gateway.engine, "mo_subscription")]
    assert found == [("news", first, third), ("sport", first, None), ("news", fourth, None)]


def test_leaving_without_a_name_ends_all_of_this_person(gateway: Gateway) -> None:
    store(gateway)
    store(gateway, MSISDN="32487654321")
    handle_all(dispatcher_of(gateway, returning(Join("news"), Join("sport"))))
    store(gateway, PARM="stop it")
    handle_all(dispatcher_of(gateway, returning(Leave())))

    with gateway.engine.begin() as conn:
        on_it = {row["list"]: (row["members"], row["all_time"]) for row in values.lists(conn)}
        (member,) = values.members(conn, "news", former=False, limit=None)
    assert on_it == {"news": (1, 2), "sport": (1, 2)}
    assert member["msisdn"] == "32487654321"


def on_lists(gateway: Gateway) -> list[str]:
    return sorted(row.list for row in rows(gateway.engine, "mo_subscription") if row.until is None)


def replay(gateway: Gateway, number: int, *found: Any) -> None:
    list(run_again(gateway.engine, Filter(ids=(number,)), limit=9, tries=3, answers_again=True))
    handle_all(dispatcher_of(gateway, returning(*found)))


def test_whoever_has_left_since_is_not_put_back_by_a_replay(gateway: Gateway) -> None:
    first = store(gateway)
    handle_all(dispatcher_of(gateway, returning(Join("news"), Join("sport"))))
    store(gateway, PARM="2")
    handle_all(dispatcher_of(gateway, returning(Leave("news"))))

    replay(gateway, first, Join("news"), Join("sport"))

    assert on_lists(gateway) == ["sport"]


def test_whoever_has_come_back_since_is_not_taken_off_by_a_replay(gateway: Gateway) -> None:
    store(gateway)
    handle_all(dispatcher_of(gateway, returning(Join("news"))))
    second = store(gateway, PARM="2")
    handle_all(dispatcher_of(gateway, returning(Leave())))
    store(gateway, PARM="3")
    handle_all(dispatcher_of(gateway, returning(Join("news"))))

    replay(gateway, second, Leave())

    assert on_lists(gateway) == ["news"]


def test_a_message_that_leaves_all_and_joins_one_means_the_same_when_it_is_replayed(gateway: Gateway) -> None:
    store(gateway)
    handle_all(dispatcher_of(gateway, returning(Join("news"), Join("sport"))))
    second = store(gateway, PARM="2")
    handle_all(dispatcher_of(gateway, returning(Leave(), Join("news"))))
    before = on_lists(gateway)

    replay(gateway, second, Leave(), Join("news"))

    assert before == on_lists(gateway) == ["news"]


def test_a_vote_of_two_workers_is_one(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, returning(Vote(poll="song", option="Blue"), Join("news"), "Thanks."))
    (first,) = dispatcher.claim(1)
    make_due(gateway.engine)
    (second,) = dispatcher.claim(1)

    dispatcher.handle(second)
    dispatcher.handle(first)

    counts = {table: len(rows(gateway.engine, table)) for table in ("mo_vote", "mo_subscription", "mt_message")}
    assert counts == {"mo_vote": 1, "mo_subscription": 1, "mt_message": 1}


def test_nothing_is_stored_where_one_of_the_values_cannot_be(gateway: Gateway) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, returning(Vote(poll="song", option="Blue"), "half an emoji: \ud83d")))

    assert rows(gateway.engine, "mo_vote") == rows(gateway.engine, "mt_message") == []


class Forged(Vote):
    """A vote that gets round its own checks."""

    def __post_init__(self) -> None:
        """Check nothing."""


def test_no_reply_stays_of_a_try_whose_values_cannot_be_stored(gateway: Gateway) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, returning("hello", Forged(poll="song", option="half an emoji: \ud83d"))))

    assert rows(gateway.engine, "mo_vote") == rows(gateway.engine, "mt_message") == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Vote(poll="", option="a"),
        lambda: Vote(poll="x" * 81, option="a"),
        lambda: Vote(poll="a", option="a\nb"),
        lambda: Join(""),
        lambda: Leave("\0"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_where_it_is_made(make: Any) -> None:
    with pytest.raises(ValueError, match="the name of a"):
        make()


# Counting


def test_who_votes_twice_counts_once(gateway: Gateway) -> None:
    for parm in ("blue", "blue please"):
        store(gateway, PARM=parm)
    store(gateway, MSISDN="32487654321")
    handle_all(dispatcher_of(gateway, returning(Vote(poll="song", option="Blue"))))

    with gateway.engine.begin() as conn:
        totals = [(row["option"], row["standing"], row["votes"]) for row in values.totals(conn, "song")]

    assert sorted(totals) == [("Blue", "counted", 2), ("Blue", "double", 1)]


VOTES = st.lists(
    st.tuples(
        st.sampled_from("abc"),  # who
        st.sampled_from(["Blue", "Red", None]),
        st.sampled_from(Timing),
        st.integers(0, 3),  # when
    ),
    max_size=12,
)


@given(VOTES, st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_totals_are_those_of_counting_by_hand(gateway: Gateway, votes: list[Any], last_counts: bool) -> None:
    number = rows(gateway.engine, "mo_message")[0].id if rows(gateway.engine, "mo_message") else store(gateway)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM mo_vote")
        # of one message many votes, in as many polls: only the counting is tried here
        conn.exec_driver_sql("DELETE FROM mo_handling")
        for who, option, timing, minute in votes:
            row = {
                "poll": "song",
                "option": option,
                "person_key": who.encode(),
                "message_id": number,
                "voted_at": SIX + timedelta(minutes=minute),
                "timing": timing.value,
                "last_counts": last_counts,
            }
            cast = len(conn.exec_driver_sql("SELECT 1 FROM mo_vote").all())
            message_id = _copy_of(conn, number, cast)
            conn.execute(insert(mo_vote).values({**row, "message_id": message_id}))

        totals = {(row["option"], row["standing"]): row["votes"] for row in values.totals(conn, "song")}

    assert totals == by_hand(votes, last_counts=last_counts)


def _copy_of(conn: Any, number: int, nth: int) -> int:
    """Give the number of the nth copy of a message, made where it is not there yet."""
    key = f"copy {nth:010}".encode()
    quoted = "x'" + key.hex() + "'" if conn.dialect.name == "sqlite" else f"'\\x{key.hex()}'"
    found = conn.exec_driver_sql(f"SELECT id FROM mo_message WHERE dedupe_key = {quoted}").scalar()
    if found is None:
        names = [column.name for column in mo_vote.metadata.tables["mo_message"].columns if column.name != "id"]
        taken = ", ".join(quoted if name == "dedupe_key" else name for name in names)
        copied = f"SELECT {taken} FROM mo_message WHERE id = {number} RETURNING id"
        found = conn.exec_driver_sql(f"INSERT INTO mo_message ({', '.join(names)}) {copied}").scalar()
    return int(found)


def by_hand(votes: list[Any], *, last_counts: bool) -> Counter[tuple[str | None, str]]:
    in_order = sorted(enumerate(votes), key=lambda one: (one[1][3], one[0]), reverse=last_counts)
    has_voted: set[str] = set()
    counts: Counter[tuple[str | None, str]] = Counter()
    for _, (who, option, timing, _minute) in in_order:
        if timing is not Timing.IN_TIME:
            counts[option, timing.value] += 1
        elif option is None:
            counts[option, "unreadable"] += 1
        else:
            counts[option, "double" if who in has_voted else "counted"] += 1
            has_voted.add(who)
    return counts
