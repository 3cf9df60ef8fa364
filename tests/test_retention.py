"""Retention: what is old enough goes, whole dates at a time, and every count stays what it was."""

import json
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from mo_gateway import Join, Message, Vote, keyword, retention
from mo_gateway.errors import LostClaim, MoGatewayError
from mo_gateway.gateway import Gateway
from mo_gateway.housekeeping import Housekeeping
from mo_gateway.message import Outcome, WebhookRequest
from mo_gateway.retention import Pruned, Rule
from mo_gateway.store import pruning
from mo_gateway.store.audit import Actor
from mo_gateway.store.tables import mo_handling, mo_message, mo_vote, mt_message

from .commands import invoke
from .handling import consent_of, dispatcher_of, handle_all
from .plans import explained
from .reporting import AMSTERDAM, DAY, NOON, Clock, read, store_at, tally_with
from .sending import Script, add_report, send_all, sender_of
from .stored import rows

SOMEBODY = Actor(name="cli:anna")
EVERYTHING = [Rule(days=5)]

#: Where a message's own rows lie.
OF_MESSAGES = ("mo_message", "mo_handling", "mo_attempt", "mt_message", "mt_report", "mo_vote")
REPORTS = ("report_daily", "report_hourly", "report_unmatched", "report_vote_totals", "report_people")


@keyword("WIN", shortcode="4414")
def enter(message: Message) -> str:
    return "You are in."


@keyword("VOTE")
def vote(message: Message) -> Vote:
    return Vote(poll="song", option=message.parm)


@keyword("NEWS")
def join(message: Message) -> Join:
    return Join("news")


def work(gateway: Gateway) -> None:
    """Do what a worker does."""
    consent_of(gateway, enter, vote, join).record()
    handle_all(dispatcher_of(gateway, enter, vote, join))
    script = Script()
    send_all(sender_of(gateway, script), script)


def count(gateway: Gateway, *, now: datetime = NOON) -> None:
    """Count until every date that is over is closed."""
    counter = tally_with(gateway, enter, vote, join, clock=Clock(now))
    while counter_has_more(gateway, counter):
        pass


def counter_has_more(gateway: Gateway, counter: Any) -> bool:
    counter.round()
    return len(counter._due()) > 2  # today and yesterday stay open


def prune(gateway: Gateway, *rules: Rule, now: datetime = NOON) -> Pruned:
    return retention.prune(gateway.engine, rules or EVERYTHING, actor=SOMEBODY, now=now)


def figures(gateway: Gateway) -> dict[str, list[Any]]:
    """Give what the reports say, the moments of counting aside."""
    return {
        name: [tuple(one for one in row if not _is_now(one)) for row in read(gateway.engine, name)]
        for name in REPORTS
    }


def _is_now(value: object) -> bool:
    return isinstance(value, datetime) and value >= NOON


def fill(gateway: Gateway) -> None:
    """Store messages of people who win, vote, stop and write nonsense, on two old dates and on a new one."""
    for days in (8, 7, 2):
        moment = NOON - days * DAY
        for n in range(3):
            store_at(gateway, moment, MSISDN=f"3240000000{n}", PARM=str(days))
        store_at(gateway, moment, KEYWORD="VOTE", PARM="blue" if days == 8 else "red")
        store_at(gateway, moment, KEYWORD="WUN")
    store_at(gateway, NOON - 8 * DAY, KEYWORD="STOP", PARM="", MSISDN="32400000007")
    work(gateway)
    add_report(gateway, 1)


def test_old_messages_go_with_all_that_hangs_on_them_and_the_counts_stay(gateway: Gateway) -> None:
    fill(gateway)
    with gateway.engine.begin() as conn:  # else the poll is still going on
        conn.execute(update(mo_vote).values(voted_at=NOON - 8 * DAY))
    count(gateway)
    before = figures(gateway)

    done = prune(gateway)
    count(gateway)

    assert done.rows["mo_message"] == 11
    assert {row.received_at for row in messages(gateway)} == {NOON - 2 * DAY}
    assert {len(rows(gateway.engine, name)) for name in ("mo_handling", "mo_attempt")} != {0}
    ids = {row.id for row in messages(gateway)}
    assert {row.message_id for row in rows(gateway.engine, "mo_handling")} == ids
    assert {row.message_id for row in rows(gateway.engine, "mt_message")} <= ids
    assert figures(gateway) == before


def messages(gateway: Gateway) -> list[Any]:
    with gateway.engine.begin() as conn:
        return list(conn.execute(select(mo_message).order_by(mo_message.c.id)))


@pytest.mark.parametrize(("seconds", "left"), [(-1, 0), (0, 1)])
def test_the_border_is_the_first_moment_of_a_date(gateway: Gateway, seconds: int, left: int) -> None:
    first_kept = datetime(2026, 11, 22 - 5, tzinfo=AMSTERDAM).astimezone(UTC)
    store_at(gateway, first_kept + timedelta(seconds=seconds))
    work(gateway)
    count(gateway)

    prune(gateway, Rule(days=5))

    assert len(messages(gateway)) == left


def test_a_shortcode_may_have_a_retention_of_its_own(gateway: Gateway) -> None:
    for shortcode in ("4414", "5555"):
        store_at(gateway, NOON - 8 * DAY, SHORTCODE=shortcode)
        store_at(gateway, NOON - 12 * DAY, SHORTCODE=shortcode)
    work(gateway)
    count(gateway)

    prune(gateway, *retention.rules_of({"4414": 5, "*": 10}))

    assert [(row.shortcode, row.received_at) for row in messages(gateway)] == [("5555", NOON - 8 * DAY)]


def test_what_is_not_finished_stays(gateway: Gateway) -> None:
    waiting, answered, _done = (store_at(gateway, NOON - 8 * DAY, PARM=str(n)) for n in range(3))
    work(gateway)
    count(gateway)
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_handling).where(mo_handling.c.message_id == waiting).values(due_at=NOON))
        queued = update(mt_message).where(mt_message.c.message_id == answered)
        conn.execute(queued.values(state="queued", due_at=NOON))

    found = prune(gateway)

    assert (found.rows["mo_message"], found.unfinished) == (1, 2)
    assert [row.id for row in messages(gateway)] == [waiting, answered]


def test_a_date_that_is_still_to_be_counted_stays(gateway: Gateway) -> None:
    store_at(gateway, NOON - 8 * DAY)
    work(gateway)
    count(gateway)
    store_at(gateway, NOON - 7 * DAY)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE report_counted SET is_due = true")

    found = prune(gateway)

    assert (found.rows["mo_message"], found.uncounted) == (0, 2)


def test_nothing_is_pruned_where_nothing_was_ever_counted(gateway: Gateway) -> None:
    with pytest.raises(MoGatewayError, match="before a worker has counted it"):
        prune(gateway)


def test_a_stop_is_in_force_for_ever_though_its_message_goes(gateway: Gateway) -> None:
    store_at(gateway, NOON - 8 * DAY, KEYWORD="STOP", PARM="")
    work(gateway)
    count(gateway)

    prune(gateway)

    (entry,) = rows(gateway.engine, "opt_out")
    assert (entry.msisdn, entry.until, entry.message_id) == ("32412345678", None, None)
    assert messages(gateway) == []


def test_who_is_on_a_list_stays_on_it_with_the_message_that_proves_it(gateway: Gateway) -> None:
    proof = store_at(gateway, NOON - 8 * DAY, KEYWORD="NEWS")
    work(gateway)
    count(gateway)

    assert prune(gateway).unfinished == 1

    assert [row.id for row in messages(gateway)] == [proof]


def test_the_votes_of_a_poll_stay_while_anybody_votes_in_it(gateway: Gateway) -> None:
    store_at(gateway, NOON - 8 * DAY, KEYWORD="VOTE", PARM="blue")
    store_at(gateway, NOON - 2 * DAY, KEYWORD="VOTE", PARM="red", MSISDN="32400000001")
    work(gateway)
    count(gateway)

    assert prune(gateway).unfinished == 1

    assert len(rows(gateway.engine, "mo_vote")) == 2


def test_a_pruned_poll_keeps_its_totals_and_counts_on_with_new_votes(gateway: Gateway) -> None:
    store_at(gateway, NOON - 8 * DAY, KEYWORD="VOTE", PARM="blue")
    store_at(gateway, NOON - 8 * DAY, KEYWORD="VOTE", PARM="again")
    work(gateway)
    count(gateway)
    prune(gateway)
    assert rows(gateway.engine, "mo_vote") == []

    store_at(gateway, NOON, KEYWORD="VOTE", PARM="blue", MSISDN="32400000001")
    work(gateway)
    count(gateway)

    totals = read(gateway.engine, "report_vote_totals", "option", "votes", "rejected_double", "unique_people")
    assert totals == [("again", 0, 1, 1), ("blue", 2, 0, 2)]
    shown = json.loads(invoke(gateway, "votes", "show", "song", "--json").stdout)
    assert shown["options"] == [{"option": "blue", "votes": 2, "share": 1.0}]


def test_rebuilding_leaves_pruned_dates_as_they_were_counted(gateway: Gateway) -> None:
    fill(gateway)
    count(gateway)
    prune(gateway, Rule(days=5))
    before = figures(gateway)

    list(tally_with(gateway, enter, vote, join).rebuild())
    count(gateway)

    assert figures(gateway) == before


def test_what_is_of_no_message_goes_by_its_own_time(gateway: Gateway) -> None:
    count(gateway)
    old, new = (
        WebhookRequest(
            method="POST", raw=raw, content_type="", remote_addr="192.0.2.1", received_at=NOON - days * DAY
        )
        for raw, days in ((b"MSISDN=old", 8), (b"MSISDN=new", 2))
    )
    for request in (old, new):
        assert gateway.receiver.receive(gateway.spryng, request).outcome is Outcome.REJECTED
    add_report(gateway, None, received_at=NOON - 8 * DAY)

    found = prune(gateway)

    assert [row.raw for row in rows(gateway.engine, "mo_rejection")] == [b"MSISDN=new"]
    assert (found.rows["mo_rejection"], found.rows["mt_report"]) == (1, 1)


def test_a_plan_says_what_is_done_and_does_nothing(gateway: Gateway) -> None:
    fill(gateway)
    count(gateway)

    planned = retention.plan(gateway.engine, EVERYTHING, now=NOON)
    stored = len(messages(gateway))
    done = prune(gateway)

    assert stored == 16
    assert planned.rows["mo_message"] == done.rows["mo_message"]
    assert planned.dates == done.dates == {date(2026, 11, 14), date(2026, 11, 15)}


def test_who_is_broken_off_has_done_a_part_and_the_next_one_does_the_rest(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(gateway)
    count(gateway)
    before = figures(gateway)
    monkeypatch.setattr(retention, "CHUNK", 2)
    real, calls = pruning.delete_rows, []

    def killed(conn: Connection, *arguments: Any) -> dict[str, int]:
        found = real(conn, *arguments)
        calls.append(found)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(pruning, "delete_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        prune(gateway)
    done_before = sum(found["mo_message"] for found in calls[:2])
    count(gateway)
    assert figures(gateway) == before

    assert prune(gateway).rows["mo_message"] + done_before == 9

    count(gateway)
    assert figures(gateway) == before


def test_of_two_that_prune_at_the_same_time_one_gives_way(gateway: Gateway) -> None:
    if gateway.settings.is_sqlite:
        pytest.skip("SQLite has one writer")
    store_at(gateway, NOON - 8 * DAY)
    work(gateway)
    count(gateway)

    with gateway.engine.begin() as conn:
        assert pruning.is_alone(conn)
        with pytest.raises(LostClaim):
            prune(gateway)

    assert len(messages(gateway)) == 1


def test_the_worker_prunes_by_the_setting_once_a_date(gateway: Gateway) -> None:
    fill(gateway)
    count(gateway)
    clock = Clock()
    housekeeping = Housekeeping(gateway.engine, {"*": 5}, zone=AMSTERDAM, clock=clock)

    housekeeping.round()
    housekeeping.round()

    assert len(messages(gateway)) == 16 - 9
    (entry,) = rows(gateway.engine, "mo_audit")
    assert (entry.actor, entry.action) == ("worker", "prune")


def test_the_worker_prunes_nothing_without_the_setting(gateway: Gateway) -> None:
    fill(gateway)
    count(gateway)

    Housekeeping(gateway.engine, gateway.settings.retention, zone=AMSTERDAM, clock=Clock()).round()

    assert len(messages(gateway)) == 16


def test_a_worker_that_stops_begins_no_more_deleting(gateway: Gateway) -> None:
    fill(gateway)
    count(gateway)
    stopping = Event()
    stopping.set()

    retention.prune(gateway.engine, EVERYTHING, actor=SOMEBODY, now=NOON, stopping=stopping)

    assert len(messages(gateway)) == 16


def test_pruning_takes_as_many_statements_for_each_part_however_many_there_are(gateway: Gateway) -> None:
    """Nothing is looked for by going through all: each statement of a part is found by an index."""
    for n in range(6):
        store_at(gateway, NOON - 8 * DAY, PARM=str(n))
    work(gateway)
    count(gateway)
    with explained(gateway, "DELETE") as plans:
        prune(gateway)

    assert plans
    assert [plan for plan in plans if "SCAN" in plan or "Seq Scan" in plan] == []
