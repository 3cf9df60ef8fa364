"""The tally: what the reports count is what the messages say, whatever came late, again, twice or in between."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from mo_gateway import Message, Timing, Vote, keyword, tally
from mo_gateway.errors import LostClaim, MoGatewayError
from mo_gateway.gateway import Gateway
from mo_gateway.store import agenda, counting, merge
from mo_gateway.tally import Tally
from mo_gateway.words import fold

from .handling import captured_log, consent_of, dispatcher_of, handle_all
from .reporting import AMSTERDAM, DAY, NOON, Clock, read, store_at, tally_with
from .sending import Script, add_report, send_all, sender_of
from .stored import rows
from .waiting import until

TODAY = date(2026, 11, 22)


@keyword("WIN", "GAGNE", shortcode="4414")
def enter(message: Message) -> str:
    return "You are in."


def test_a_date_is_counted_by_shortcode_word_and_operator(gateway: Gateway) -> None:
    store_at(gateway, NOON, MSISDN="32400000001")
    store_at(gateway, NOON, MSISDN="32400000001", PARM="again", KEYWORD="win")
    store_at(gateway, NOON, MSISDN="32400000002", KEYWORD="Win!")
    store_at(gateway, NOON, MSISDN="32400000003", OPERATOR="20610")
    store_at(gateway, NOON, MSISDN="32400000003", KEYWORD="WINN")
    handle_all(dispatcher_of(gateway, enter))

    tally_with(gateway, enter).round()

    columns = ("keyword", "operator", "messages", "callbacks", "unique_people", "handled", "unrouted", "waiting")
    assert read(gateway.engine, "report_daily", *columns) == [
        ("win", "20601", 3, 3, 2, 3, 0, 0),
        ("win", "20610", 1, 1, 1, 1, 0, 0),
        ("winn", "20601", 1, 1, 1, 0, 1, 0),
    ]
    assert read(gateway.engine, "report_unmatched") == [(TODAY, "4414", "winn", 1, "WIN", 1)]


def work(gateway: Gateway) -> None:
    """Do what a worker does."""
    consent_of(gateway, enter).record()
    handle_all(dispatcher_of(gateway, enter))


def figures(gateway: Gateway, *columns: str, where: str = "true") -> list[tuple[object, ...]]:
    return read(gateway.engine, "report_daily", "local_date", *columns, where=where)


def people(gateway: Gateway) -> list[tuple[object, ...]]:
    return read(gateway.engine, "report_people", "shortcode", "messages", "keywords", "first_at", "last_at")


def test_what_comes_again_or_is_handled_later_is_in_the_next_count(gateway: Gateway) -> None:
    clock = Clock()
    counter = tally_with(gateway, enter, clock=clock)
    store_at(gateway, NOON)
    counter.round()
    assert figures(gateway, "callbacks", "handled", "waiting") == [(TODAY, 1, 0, 1)]

    store_at(gateway, NOON)  # the provider repeats itself
    handle_all(dispatcher_of(gateway, enter))
    clock.now += timedelta(seconds=10)
    counter.round()

    assert figures(gateway, "callbacks", "handled", "waiting") == [(TODAY, 2, 1, 0)]


def test_a_message_that_was_committed_late_is_in_the_next_count(gateway: Gateway) -> None:
    counter = tally_with(gateway)
    store_at(gateway, NOON)
    counter.round()

    store_at(gateway, NOON - timedelta(minutes=5), PARM="was under way for long")
    counter.round()

    assert figures(gateway, "messages") == [(TODAY, 2)]


def test_dates_are_those_of_the_configured_zone(gateway: Gateway) -> None:
    midnight = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    store_at(gateway, midnight - timedelta(microseconds=1), PARM="before")
    store_at(gateway, midnight, PARM="after")

    tally_with(gateway).round()

    assert [one for one, _ in figures(gateway, "messages")] == [TODAY - timedelta(days=1), TODAY]
    dates = read(gateway.engine, "report_messages", "parm", "received_local_date")
    assert dates == [("before", TODAY - timedelta(days=1)), ("after", TODAY)]


@pytest.mark.parametrize(("local", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_date_on_which_the_clocks_change_has_all_its_hours(gateway: Gateway, local: date, hours: int) -> None:
    begin = datetime(local.year, local.month, local.day, tzinfo=AMSTERDAM).astimezone(UTC)
    for n in range(hours):
        store_at(gateway, begin + timedelta(hours=n, minutes=30), PARM=str(n))

    counter = tally_with(gateway, clock=Clock(begin + timedelta(hours=hours)))
    counter.round()

    assert figures(gateway, "messages") == [(local, hours)]
    assert [n for (n,) in read(gateway.engine, "report_hourly", "messages")] == [1] * hours
    assert {one for (one,) in read(gateway.engine, "report_messages", "received_local_date")} == {local}


def test_a_closed_date_is_counted_again_when_its_messages_are_handled(gateway: Gateway) -> None:
    store_at(gateway, NOON - 9 * DAY)
    counter = tally_with(gateway, enter)
    counter.round()
    assert figures(gateway, "waiting") == [(TODAY - 9 * DAY, 1)]
    assert {due.day.date for due in counter._due()} == {TODAY, TODAY - DAY}  # the others are closed

    handle_all(dispatcher_of(gateway, enter))
    counter.round()

    assert figures(gateway, "handled", "waiting") == [(TODAY - 9 * DAY, 1, 0)]


def test_a_delivery_report_that_comes_days_later_is_counted(gateway: Gateway) -> None:
    store_at(gateway, NOON - 9 * DAY)
    handle_all(dispatcher_of(gateway, enter))
    provider = Script()
    send_all(sender_of(gateway, provider), provider)
    counter = tally_with(gateway, enter)
    counter.round()
    columns = ("replies_sent", "replies_delivered", "replies_failed")
    assert figures(gateway, *columns) == [(TODAY - 9 * DAY, 1, 0, 0)]

    add_report(gateway, 1)
    counter.round()

    assert figures(gateway, *columns) == [(TODAY - 9 * DAY, 1, 1, 0)]


def test_people_are_the_same_before_a_date_is_closed_and_after(gateway: Gateway) -> None:
    clock = Clock()
    counter = tally_with(gateway, clock=clock)
    store_at(gateway, NOON, MSISDN="32400000001")
    store_at(gateway, NOON, MSISDN="32400000001", KEYWORD="OTHER")
    store_at(gateway, NOON + DAY, MSISDN="32400000001", SHORTCODE="5555")
    store_at(gateway, NOON + DAY, MSISDN="32400000002")
    expected = [
        ("4414", 2, 2, NOON, NOON),
        ("4414", 1, 1, NOON + DAY, NOON + DAY),
        ("5555", 1, 1, NOON + DAY, NOON + DAY),
    ]

    for _ in range(5):
        assert sorted(people(gateway), key=str) == sorted(expected, key=str)
        counter.round()
        clock.now += DAY


def test_people_are_counted_once_while_their_date_is_closed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    counter = tally_with(gateway, clock=clock)
    store_at(gateway, NOON)
    clock.now += 4 * DAY
    seen: list[list[tuple[object, ...]]] = []

    def about_to_close(*_arguments: object) -> None:
        seen.append(people(gateway))
        raise LostClaim("killed before it is closed")

    monkeypatch.setattr(agenda, "check_closed_before", about_to_close)
    counter.round()

    assert rows(gateway.engine, "report_person")
    assert seen
    assert set(map(tuple, seen)) == {(("4414", 1, 1, NOON, NOON),)}


def test_who_is_new_is_known_when_a_date_is_closed(gateway: Gateway) -> None:
    clock = Clock()
    counter = tally_with(gateway, clock=clock)
    store_at(gateway, NOON, MSISDN="32400000001")
    store_at(gateway, NOON + DAY, MSISDN="32400000001")
    store_at(gateway, NOON + DAY, MSISDN="32400000002")
    clock.now = NOON + DAY
    counter.round()
    assert figures(gateway, "unique_people", "new_people") == [(TODAY, 1, None), (TODAY + DAY, 2, None)]

    clock.now = NOON + 4 * DAY
    counter.round()

    assert figures(gateway, "unique_people", "new_people") == [(TODAY, 1, 1), (TODAY + DAY, 2, 1)]


def test_who_is_new_is_told_right_though_a_later_date_could_be_closed_first(gateway: Gateway) -> None:
    clock = Clock()
    counter = tally_with(gateway, clock=clock)
    store_at(gateway, NOON)
    counter.round()  # and it stays open, while the worker is away
    store_at(gateway, NOON + DAY)
    store_at(gateway, NOON + 2 * DAY, MSISDN="32400000002")
    clock.now += 5 * DAY

    counter.round()
    counter.round()

    assert figures(gateway, "new_people") == [(TODAY, 1), (TODAY + DAY, 0), (TODAY + 2 * DAY, 1)]


def test_who_was_new_is_told_anew_when_an_older_message_of_theirs_turns_up(gateway: Gateway) -> None:
    counter = tally_with(gateway, enter, longest_transaction=timedelta(0))
    store_at(gateway, NOON - 9 * DAY)
    handle_all(dispatcher_of(gateway, enter))
    for _ in range(3):  # until its try is nothing new
        counter.round()
    assert figures(gateway, "new_people") == [(TODAY - 9 * DAY, 1)]

    store_at(gateway, NOON - 20 * DAY, PARM="it was rejected, and is replayed")
    handle_all(dispatcher_of(gateway, enter))
    for _ in range(3):
        counter.round()

    assert figures(gateway, "new_people") == [(TODAY - 20 * DAY, 1), (TODAY - 9 * DAY, 0)]


def test_each_person_is_new_once_on_a_shortcode_where_their_first_message_is(gateway: Gateway) -> None:
    clock = Clock()
    counter = tally_with(gateway, clock=clock)
    for minutes, word, shortcode in ((0, "LATER", "4414"), (-1, "FIRST", "4414"), (1, "FIRST", "5555")):
        store_at(gateway, NOON + timedelta(minutes=minutes), KEYWORD=word, SHORTCODE=shortcode)
    clock.now += 4 * DAY
    counter.round()

    assert figures(gateway, "shortcode", "keyword", "new_people") == [
        (TODAY, "4414", "first", 1),
        (TODAY, "4414", "later", 0),
        (TODAY, "5555", "first", 1),
    ]


def test_however_long_today_takes_another_date_has_its_turn(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "A_ROUND", -1.0)
    for days in range(3):
        store_at(gateway, NOON - days * DAY)
    counter = tally_with(gateway)

    for _ in range(2):
        counter.round()

    assert len(figures(gateway, "messages")) == 3


def test_a_clock_that_was_ahead_for_a_moment_closes_nothing_for_good(gateway: Gateway) -> None:
    clock = Clock(NOON + 3 * DAY)
    counter = tally_with(gateway, enter, clock=clock, longest_transaction=timedelta(0))
    store_at(gateway, NOON - DAY)
    counter.round()
    clock.now = NOON
    store_at(gateway, NOON)
    handle_all(dispatcher_of(gateway, enter))
    for _ in range(3):
        counter.round()
    clock.now += 5 * DAY
    counter.round()

    assert figures(gateway, "new_people") == [(TODAY - DAY, 1), (TODAY, 0)]
    assert [messages for _, messages, *_ in people(gateway)] == [2]


def test_of_many_words_the_rare_ones_are_counted_together(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_WORDS", 2)
    for n, word in enumerate(["AA", "AA", "BB", "BB", "CC", "DD"]):
        store_at(gateway, NOON, KEYWORD=word, PARM=str(n), MSISDN=f"3240000000{n // 4}")
    handle_all(dispatcher_of(gateway, enter))

    tally_with(gateway).round()

    expected = [(TODAY, "*", 2, 1), (TODAY, "aa", 2, 1), (TODAY, "bb", 2, 1)]
    assert figures(gateway, "keyword", "messages", "unique_people") == expected
    assert read(gateway.engine, "report_unmatched", "word", "messages") == [("*", 2), ("aa", 2), ("bb", 2)]


def test_a_keyword_is_counted_for_itself_however_rare_it_is(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_WORDS", 1)
    for n, word in enumerate(["AA", "AA", "BB", "WIN"]):
        store_at(gateway, NOON, KEYWORD=word, PARM=str(n))

    tally_with(gateway, enter).round()

    assert figures(gateway, "keyword", "messages") == [(TODAY, "*", 1), (TODAY, "aa", 2), (TODAY, "win", 1)]


@pytest.mark.parametrize("number", ["0612345678", "tel06123456789", "06.12.34.56.78", "06-12345678"])
def test_a_first_word_that_may_be_a_phone_number_is_not_told(gateway: Gateway, number: str) -> None:
    store_at(gateway, NOON, KEYWORD=number)
    handle_all(dispatcher_of(gateway, enter))

    tally_with(gateway).round()

    assert figures(gateway, "keyword", "messages") == [(TODAY, "#", 1)]
    assert read(gateway.engine, "report_unmatched", "word") == [("#",)]
    assert read(gateway.engine, "report_messages", "keyword_folded") == [("#",)]


def test_of_two_who_count_the_same_date_the_one_with_older_figures_writes_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agenda, "check", lambda *_arguments: None)  # the other comes after it
    slow, quick = tally_with(gateway), tally_with(gateway)
    store_at(gateway, NOON)
    slow.round()
    (stale,) = slow._due()
    store_at(gateway, NOON, PARM="2")
    quick.round()

    with pytest.raises(LostClaim):
        slow._count_date(stale)

    assert figures(gateway, "messages") == [(TODAY, 2)]


# Whatever happens in between


class Upset:
    """Ends one in so many transactions that write, as a lost connection would."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def __call__(self, *_arguments: object) -> None:
        if self._dice.random() < 0.2:
            raise OSError("broken for the test")


@pytest.mark.parametrize("seed", range(4))
def test_in_the_end_the_reports_say_what_the_messages_say(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr(merge, "CHUNK", 3)
    monkeypatch.setattr(tally, "BETWEEN_WRITES", 0.0)
    clock = Clock(NOON)
    counters = [tally_with(gateway, enter, clock=clock) for _ in range(2)]
    upset = Upset(dice)
    for _ in range(25):
        for _ in range(dice.randint(0, 8)):
            came = clock.now - dice.choice([0, 0, 1, 30, 200]) * timedelta(hours=1)
            store_at(
                gateway,
                came,
                MSISDN=f"3240000000{dice.randint(0, 6)}",
                KEYWORD=dice.choice(["WIN", "win", "WINN", "STOP", "Été", "ÉTÉ"]),
                SHORTCODE=dice.choice(["4414", "5555"]),
                PARM=str(dice.randint(0, 30)),
            )
        if dice.random() < 0.5:
            work(gateway)
        event.listen(gateway.engine, "commit", upset)
        try:
            dice.choice(counters).round()
        except OSError:
            pass
        finally:
            event.remove(gateway.engine, "commit", upset)
        clock.now += dice.choice([timedelta(seconds=10), timedelta(hours=7), DAY])
    work(gateway)
    clock.now += 3 * DAY
    for counter in counters * 3:
        counter.round()

    assert_that_reports_are_true(gateway)
    new = sum(n for (n,) in read(gateway.engine, "report_daily", "new_people"))
    assert new == len(people(gateway))


def assert_that_reports_are_true(gateway: Gateway) -> None:
    """Compare the reports with the messages, counted here as simply as can be."""
    columns = ("received_local_date", "received_at", "shortcode", "keyword", "person_key", "state", "deliveries")
    messages = read(gateway.engine, "report_messages", *columns)
    by_day: Counter[tuple[object, ...]] = Counter()
    states: Counter[tuple[object, ...]] = Counter()
    senders: dict[tuple[object, ...], set[object]] = {}
    of_people: Counter[tuple[object, ...]] = Counter()
    for local, received_at, shortcode, word, person, state, deliveries in messages:
        assert local == received_at.astimezone(AMSTERDAM).date()
        key = (local, shortcode, fold(word))
        by_day[*key, "messages"] += 1
        by_day[*key, "callbacks"] += deliveries
        states[*key, state] += 1
        senders.setdefault(key, set()).add(person)
        of_people[person, shortcode] += 1

    counted = ("shortcode", "keyword", "messages", "callbacks", "unique_people", "handled", "unrouted", "waiting")
    assert set(figures(gateway, *counted)) == {
        (
            *key,
            by_day[*key, "messages"],
            by_day[*key, "callbacks"],
            len(senders[key]),
            states[*key, "done"],
            states[*key, "unrouted"],
            states[*key, "pending"] + states[*key, "failed"],
        )
        for key in senders
    }
    told = read(gateway.engine, "report_people", "person_key", "shortcode", "messages")
    assert {(person, shortcode): n for person, shortcode, n in told} == dict(of_people)


def test_two_who_begin_at_the_same_moment_count_right(gateway: Gateway) -> None:
    for n in range(40):
        store_at(gateway, NOON - n * timedelta(hours=9), PARM=str(n), MSISDN=f"324000000{n % 7:02}")
    counters = [tally_with(gateway) for _ in range(2)]

    threads = [Thread(target=counter.round) for counter in counters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters[0].round()

    assert_that_reports_are_true(gateway)


def test_counting_what_has_not_changed_writes_no_figures(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_at(gateway, NOON)
    counter = tally_with(gateway, enter)
    counter.round()

    def write(_conn: object, some: merge.Changes) -> None:
        pytest.fail(f"wrote to {some.table}")

    monkeypatch.setattr(merge, "write", write)
    counter.round()


# Zones, old figures, polls


def test_reports_of_another_zone_are_not_added_to(gateway: Gateway) -> None:
    store_at(gateway, NOON)
    tally_with(gateway).round()

    with pytest.raises(MoGatewayError, match="Europe/Amsterdam, and MO_GATEWAY_TIMEZONE is Asia/Tokyo"):
        tally_with(gateway, zone=ZoneInfo("Asia/Tokyo")).round()


def test_who_counts_in_the_old_zone_is_stopped_in_the_middle_of_a_round(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_at(gateway, NOON.replace(hour=18))
    in_tokyo = tally_with(gateway, zone=ZoneInfo("Asia/Tokyo"), clock=Clock(NOON + DAY))
    in_amsterdam = tally_with(gateway)
    in_amsterdam.round()
    look_back = Tally._look_back

    def meanwhile(counter: Tally) -> None:
        look_back(counter)
        if counter is in_amsterdam:
            for _ in in_tokyo.rebuild():
                pass

    monkeypatch.setattr(Tally, "_look_back", meanwhile)
    with pytest.raises(MoGatewayError, match="by the dates of Asia/Tokyo"):
        in_amsterdam.round()

    assert figures(gateway, "messages") == [(TODAY + DAY, 1)]


def test_a_rebuild_of_nothing_is_done_at_once(gateway: Gateway) -> None:
    tally_with(gateway).round()

    assert list(tally_with(gateway, zone=ZoneInfo("Asia/Tokyo")).rebuild())[-1] == (1, 1)


def test_a_rebuild_counts_in_the_zone_of_today(gateway: Gateway) -> None:
    store_at(gateway, NOON - 9 * DAY)
    store_at(gateway, NOON + timedelta(hours=6))
    tally_with(gateway).round()

    steps = list(
        tally_with(gateway, zone=ZoneInfo("Asia/Tokyo"), clock=Clock(NOON + timedelta(hours=7))).rebuild()
    )

    assert figures(gateway, "messages") == [(TODAY - 9 * DAY, 1), (TODAY + DAY, 1)]
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] == 11


@pytest.mark.parametrize(
    ("before", "after", "first", "dates"),
    [
        ("Europe/Amsterdam", "UTC", datetime(2026, 11, 10, 23, 30, tzinfo=UTC), ["2026-11-10"]),
        ("UTC", "Europe/Amsterdam", datetime(2026, 11, 10, 23, 30, tzinfo=UTC), ["2026-11-11"]),
    ],
)
def test_a_rebuild_loses_and_doubles_nothing_at_the_first_date(
    gateway: Gateway, before: str, after: str, first: datetime, dates: list[str]
) -> None:
    store_at(gateway, first)
    tally_with(gateway, zone=ZoneInfo(before)).round()

    for _ in tally_with(gateway, zone=ZoneInfo(after)).rebuild():
        pass

    assert [str(local) for local, _ in figures(gateway, "messages")] == dates
    assert len(people(gateway)) == 1


def test_what_was_counted_stays_when_the_messages_are_gone(gateway: Gateway) -> None:
    store_at(gateway, NOON - 9 * DAY)
    store_at(gateway, NOON, PARM="stays")
    counter = tally_with(gateway)
    counter.round()
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM mo_handling WHERE message_id = 1")
        conn.exec_driver_sql("DELETE FROM mo_message WHERE id = 1")

    for _ in counter.rebuild():
        pass

    assert figures(gateway, "messages") == [(TODAY - 9 * DAY, 1), (TODAY, 1)]


def test_test_messages_are_counted_apart_and_are_no_people(gateway: Gateway) -> None:
    store_at(gateway, NOON)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE mo_message SET is_test = true")

    tally_with(gateway).round()

    assert figures(gateway, "is_test", "messages") == [(TODAY, True, 1)]
    assert people(gateway) == read(gateway.engine, "report_hourly") == []


def test_a_poll_is_counted_when_it_is_voted_in(gateway: Gateway) -> None:
    @keyword("WIN", name="vote")
    def vote(message: Message) -> Vote:
        timing = Timing.LATE if message.parm == "Late" else Timing.IN_TIME
        return Vote(poll="song", option=message.parm or None, timing=timing)

    counter = tally_with(gateway, vote)
    counter.round()
    for person, option in enumerate(["Blue", "Red", "", "Late"]):
        store_at(gateway, NOON, MSISDN=f"3240000000{person}", PARM=option)
    store_at(gateway, NOON + timedelta(minutes=1), MSISDN="32400000001", PARM="Blue")
    handle_all(dispatcher_of(gateway, vote))

    counter.round()

    columns = ("option", "votes", "share", "unique_people", "rejected_double", "rejected_late", "unreadable")
    assert sorted(read(gateway.engine, "report_vote_totals", *columns), key=str) == [
        ("Blue", 1, 0.5, 2, 1, 0, 0),
        ("Late", 0, 0.0, 1, 0, 1, 0),
        ("Red", 1, 0.5, 1, 0, 0, 0),
        (None, 0, 0.0, 1, 0, 0, 1),
    ]
    votes = read(gateway.engine, "report_votes", "option", "is_counted", "is_late", "earlier_votes")
    assert sorted(votes, key=str) == [
        ("Blue", True, False, 0),
        ("Late", False, True, 0),
        ("Red", True, False, 0),
        (None, False, False, 0),
    ]


def test_the_words_of_the_routes_are_listed_with_what_was_sent(gateway: Gateway) -> None:
    store_at(gateway, NOON, KEYWORD="gagne")
    store_at(gateway, NOON, KEYWORD="gagne", SHORTCODE="5555")

    @keyword("*", name="rest")
    def rest(message: Message) -> None: ...

    tally_with(gateway, enter, rest).round()

    columns = ("shortcode", "keyword", "alias_of", "handler", "messages_total", "last_message_at")
    assert sorted(read(gateway.engine, "report_keywords", *columns), key=str) == [
        ("4414", "GAGNE", "WIN", f"{__name__}.enter", 1, NOON),
        ("4414", "WIN", None, f"{__name__}.enter", 0, None),
        (None, "*", None, "rest", None, None),
    ]


# The thread


def test_how_far_was_looked_is_noted_only_when_nothing_older_can_come_any_more(gateway: Gateway) -> None:
    store_at(gateway, NOON)
    handle_all(dispatcher_of(gateway, enter))
    patient = tally_with(gateway, longest_transaction=timedelta(hours=1))
    patient.round()
    before = rows(gateway.engine, "report_state")[0].attempts_seen
    store_at(gateway, NOON, PARM="2")
    handle_all(dispatcher_of(gateway, enter))

    patient.round()
    assert rows(gateway.engine, "report_state")[0].attempts_seen == before
    hasty = tally_with(gateway, longest_transaction=timedelta(0))
    hasty.round()
    hasty.round()

    assert rows(gateway.engine, "report_state")[0].attempts_seen > before


def test_whatever_is_wrong_with_a_round_the_next_one_comes(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = captured_log(monkeypatch, tally)
    monkeypatch.setattr(tally, "EVERY", 0.01)
    monkeypatch.setattr(tally, "LONGEST_REST", 0.02)
    faults = iter([RuntimeError("a bug"), OSError("no disk"), MoGatewayError("another zone")])
    rounds = []

    def round_(_tally: Tally) -> None:
        rounds.append(1)
        if fault := next(faults, None):
            raise fault

    monkeypatch.setattr(Tally, "round", round_)
    counter = tally_with(gateway)
    counter.start()
    until(lambda: len(rounds) > 4, "five rounds")
    counter.stop()

    assert [line["event"] for line in log] == ["cannot count for the reports"] * 3
