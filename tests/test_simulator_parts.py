"""What the simulator is made of, each part by itself, without HTTP."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from mo_gateway.cli import types
from mo_gateway.errors import InvalidRequest
from mo_gateway.gateway import Gateway
from mo_gateway.message import WebhookRequest
from mo_gateway.numbering import load_numbering
from mo_gateway.providers.spryng import Spryng, callback_schema
from mo_gateway.simulator.agenda import Agenda, Delivery, Pace
from mo_gateway.simulator.answer import Answer, read_answer
from mo_gateway.simulator.book import Book
from mo_gateway.simulator.client import NoAnswer
from mo_gateway.simulator.plan import Plan
from mo_gateway.simulator.target import read_target
from mo_gateway.simulator.trigger import explain
from mo_gateway.simulator.verdict import StoredRow, compare, stored_rows

from .stored import store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BRUSSELS = ZoneInfo("Europe/Brussels")


def a_plan(**changed: Any) -> Plan:
    values: dict[str, Any] = {"run": "r", "seed": 7, "zone": BRUSSELS}
    return Plan(**values | changed)


# The plan


def test_a_seed_makes_the_same_messages_again() -> None:
    first, second = (a_plan(bad=0.2, repeat=0.3, copies=0.3) for _ in range(2))

    assert [first.sms(n, NOON) for n in range(50)] == [second.sms(n, NOON) for n in range(50)]


def test_another_seed_makes_other_messages() -> None:
    assert [a_plan().text(n) for n in range(50)] != [a_plan(seed=8).text(n) for n in range(50)]


def test_every_message_has_a_sender_and_a_reference_of_its_own() -> None:
    messages = [a_plan().sms(n, NOON).fields for n in range(500)]

    assert len({fields["MSISDN"] for fields in messages}) == 500
    assert {fields["REFERENCE"] for fields in messages} == {f"SIM-r-{n}" for n in range(500)}


def test_the_timestamp_is_the_wall_clock_of_the_configured_zone() -> None:
    assert a_plan().sms(0, NOON).fields["TIMESTAMP"] == "20261122130000"


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-8"])
def test_a_good_message_is_right_for_the_gateway_and_a_bad_one_is_wrong(charset: str) -> None:
    numbering = load_numbering()
    spryng = Spryng(
        schema=callback_schema(numbering, "listed", BRUSSELS),
        numbering=numbering,
        timezone=BRUSSELS,
        charset=charset,
    )
    plan = a_plan(charset=charset, bad=0.5)

    for n in range(200):
        sms = plan.sms(n, NOON)
        request = WebhookRequest(method="POST", raw=sms.form, content_type="", remote_addr="", received_at=NOON)
        if sms.is_bad:
            with pytest.raises(InvalidRequest):
                spryng.parse(request)
        else:
            message = spryng.parse(request)

            assert (message.keyword, message.parm) == plan.text(n)


def test_a_euro_sign_is_sent_as_80_under_windows_1252() -> None:
    plan = a_plan(charset="windows-1252")

    forms = [plan.sms(n, NOON).form for n in range(50) if "€" in plan.text(n)[1]]

    assert forms
    assert all(b"%80" in form for form in forms)


def test_keywords_and_shortcode_are_those_asked_for() -> None:
    plan = a_plan(keywords=("WIN", "JA"), shortcode="7070")

    messages = [plan.sms(n, NOON).fields for n in range(50)]

    assert {fields["KEYWORD"] for fields in messages} == {"WIN", "JA"}
    assert {fields["SHORTCODE"] for fields in messages} == {"7070"}


def test_shares_are_met() -> None:
    plan = a_plan(bad=0.1, repeat=0.2, copies=0.3, cut=0.4, method="mix")

    messages = [plan.sms(n, NOON) for n in range(2000)]
    manners = [plan.manner(n, 1) for n in range(2000)]

    assert sum(sms.is_bad for sms in messages) == pytest.approx(200, rel=0.2)
    assert sum(sms.repeats > 0 for sms in messages) == pytest.approx(0.9 * 400, rel=0.2)
    assert sum(sms.copies > 1 for sms in messages) == pytest.approx(0.9 * 600, rel=0.2)
    assert sum(cut for _, cut in manners) == pytest.approx(800, rel=0.2)
    assert Counter(method for method, _ in manners)["GET"] == pytest.approx(1000, rel=0.2)


# The agenda, with a clock of its own


def an_agenda(count: int = 1, pace: Pace | None = None, **shape: Any) -> Agenda:
    plan = a_plan(**shape)
    return Agenda((plan.sms(n, NOON) for n in range(count)), pace or Pace(), start=0.0)


def fail(agenda: Agenda, delivery: Delivery, now: float) -> None:
    delivery.begin_try(now)
    agenda.end_try(delivery)


def taken(agenda: Agenda, now: float) -> Delivery:
    delivery = agenda.take(now)
    assert delivery
    return delivery


def test_what_was_not_acknowledged_is_tried_again_once_a_minute() -> None:
    agenda = an_agenda()
    delivery = taken(agenda, 5.0)
    fail(agenda, delivery, 5.0)

    assert agenda.take(64.9) is None
    assert agenda.next_at() == 65.0
    assert agenda.take(65.0) is delivery


def test_a_message_is_dropped_after_a_day_of_tries() -> None:
    agenda = an_agenda()
    tries = 0
    while not agenda.is_finished:
        if delivery := agenda.take(agenda.next_at() or 0.0):
            fail(agenda, delivery, agenda_now := 60.0 * tries)
            tries += 1
            assert agenda_now <= 86400

    assert (tries, agenda.dropped) == (1441, [0])


def test_a_short_interval_makes_a_short_day() -> None:
    assert Pace(interval=timedelta(seconds=0.5)).patience == 720.0
    assert Pace(interval=timedelta(seconds=0.5), day=timedelta(seconds=9)).patience == 9.0


def test_a_bad_message_is_given_up_after_three_tries_and_is_not_dropped() -> None:
    agenda = an_agenda(bad=1.0)
    for now in (0.0, 60.0, 120.0):
        fail(agenda, taken(agenda, now), now)

    assert agenda.take(180.0) is None
    assert agenda.is_finished
    assert agenda.dropped == []


def test_copies_are_handed_out_at_once_and_tried_again_as_one() -> None:
    agenda = an_agenda(copies=1.0)
    copies = [agenda.take(0.0) for _ in range(6)]
    together = [delivery for delivery in copies if delivery]
    for delivery in together:
        fail(agenda, delivery, 0.0)

    again = [agenda.take(60.0) for _ in range(2)]

    assert len(together) > 1
    assert again == [together[0], None]


def test_one_acknowledged_copy_is_enough() -> None:
    agenda = an_agenda(copies=1.0)
    together = [delivery for delivery in (agenda.take(0.0) for _ in range(6)) if delivery]
    together[0].is_acknowledged = True
    for delivery in together:
        fail(agenda, delivery, 0.0)

    assert agenda.take(60.0) is None
    assert agenda.is_finished


def test_a_repeated_message_comes_again_an_interval_after_it_was_acknowledged() -> None:
    agenda = an_agenda(repeat=1.0)
    delivery = taken(agenda, 0.0)
    delivery.is_acknowledged = True
    fail(agenda, delivery, 0.0)

    assert agenda.take(59.9) is None
    assert agenda.take(60.0) is delivery
    assert agenda.retried == 0


def test_fresh_messages_come_at_their_rate() -> None:
    agenda = an_agenda(3, Pace(rate=20.0))

    assert agenda.take(0.0)
    assert agenda.take(0.04) is None
    assert agenda.next_at() == 0.05
    assert agenda.take(0.05)
    assert agenda.next_at() == 0.1


def test_nothing_fresh_is_sent_after_the_duration() -> None:
    agenda = an_agenda(100, Pace(rate=1.0, duration=timedelta(seconds=2)))
    sent = [agenda.take(now) for now in (0.0, 1.0, 2.0, 3.0)]

    assert [delivery is not None for delivery in sent] == [True, True, False, False]


def test_what_is_due_again_goes_before_what_is_fresh() -> None:
    agenda = an_agenda(2)
    first = taken(agenda, 0.0)
    fail(agenda, first, 0.0)

    assert agenda.take(60.0) is first


# HTTP answers and URLs


@pytest.mark.parametrize(
    ("received", "ended", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nTRUE", False, b"TRUE"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", False, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nTRU", False, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nTRU", True, None),
        (b"HTTP/1.1 200 OK\r\nContent-Le", False, None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, b""),
        (b"HTTP/1.1 200 OK\r\n\r\nTRUE", False, None),
        (b"HTTP/1.1 200 OK\r\n\r\nTRUE", True, b"TRUE"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nTR\r\n2;x\r\nUE\r\n0\r\n\r\n",
            False,
            b"TRUE",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nTR\r\n2\r\nU", False, None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nTR\r\n", False, None),
    ],
)
def test_an_answer_is_read_when_it_is_whole(received: bytes, ended: bool, body: bytes | None) -> None:
    answer = read_answer(received, ended=ended)

    assert (answer and answer.body) == body


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_is_not_http_is_refused(received: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(received, ended=False)


@pytest.mark.parametrize(
    ("head", "keeps_open"),
    [
        (b"HTTP/1.1 200 OK", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close", False),
        (b"HTTP/1.0 200 OK", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive", True),
    ],
)
def test_an_answer_says_whether_the_connection_stays(head: bytes, keeps_open: bool) -> None:
    answer = read_answer(head + b"\r\nContent-Length: 0\r\n\r\n", ended=False)

    assert answer
    assert answer.keeps_open is keeps_open


@pytest.mark.parametrize(
    ("status", "body", "is_acknowledged"),
    [
        (200, b"TRUE", True),
        (200, b"TRUE\n", False),
        (200, b"true", False),
        (200, b"", False),
        (201, b"TRUE", False),
        (503, b"TRUE", False),
    ],
)
def test_only_200_and_exactly_true_is_an_acknowledgement(status: int, body: bytes, is_acknowledged: bool) -> None:
    assert Answer(status, {}, body).is_acknowledged is is_acknowledged


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8000", "ftp://host/spryng/mo", "http:///x", "http://h:x/", "http://h/é", "http://h/mo?a=1"],
)
def test_what_is_no_callback_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_target(url)


def test_what_is_shown_of_a_callback_url_has_no_secret() -> None:
    target = read_target("https://user:pass@sms.example.be/in/spryng/mo/hush-hush")

    assert target.origin + target.shown_path == "https://sms.example.be/in/spryng/mo"
    assert read_target("http://host/hush-hush").shown_path == "/"


@pytest.mark.parametrize(
    ("word", "cause", "sentence"),
    [
        ("unreachable", ConnectionRefusedError(), "Nothing answers at http://h: is `mo-gateway run` running?"),
        ("unreachable", OSError("no route"), "http://h cannot be reached: no route"),
        ("time-out", None, "http://h gave no answer in 30 s; the message may be stored or not."),
        ("not HTTP", None, "What answers at http://h does not speak HTTP."),
        ("reset", None, "http://h hung up without an answer; the message may be stored or not."),
    ],
)
def test_the_lack_of_an_answer_is_explained(word: str, cause: OSError | None, sentence: str) -> None:
    failure = NoAnswer(word)
    failure.__cause__ = cause

    assert explain(failure, read_target("http://h/spryng/mo/hush-hush")) == sentence


# Options


@pytest.mark.parametrize(
    ("value", "seconds"), [("0.5", 0.5), (".5", 0.5), ("30s", 30), ("2m", 120), ("1h", 3600), ("1d", 86400)]
)
def test_durations_are_read(value: str, seconds: float) -> None:
    assert types.duration(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("value", "a_second"), [("20", 20), ("20/s", 20), ("600/m", 10), ("1800/h", 0.5)])
def test_rates_are_read(value: str, a_second: float) -> None:
    assert types.rate(value) == a_second


@pytest.mark.parametrize("value", ["", "0", "0s", "-1", "1w", "s", "99999999d", "1e3", "٣"])
def test_what_is_no_duration_is_refused(value: str) -> None:
    with pytest.raises(click.BadParameter):
        types.duration(value)


@pytest.mark.parametrize("value", ["", "0", "-1", "20/d", "/s"])
def test_what_is_no_rate_is_refused(value: str) -> None:
    with pytest.raises(click.BadParameter):
        types.rate(value)


def test_a_callback_url_is_read() -> None:
    assert types.callback_url("https://sms.example.be/spryng/mo/hush-hush").port == 443
    with pytest.raises(click.BadParameter):
        types.callback_url("sms.example.be")


def test_charsets_have_their_usual_names() -> None:
    assert types.charset("Latin1") == "iso-8859-1"
    with pytest.raises(click.BadParameter):
        types.charset("ebcdic")


# The verdict


def rows(plan: Plan, *numbers: int) -> list[StoredRow]:
    return [StoredRow(f"{plan.prefix}{n}", *plan.text(n)) for n in numbers]


def test_a_database_that_agrees_has_no_problems() -> None:
    plan, book = a_plan(), Book(tries={0: 1, 1: 3, 2: 1}, acknowledged={0, 1})

    verdict = compare(plan, book, rows(plan, 0, 1, 2))

    assert verdict.stored == 3  # 2 was stored, but its answer was lost on the way: no problem
    assert not verdict.lost + verdict.phantom + verdict.twice + verdict.changed + verdict.bad_stored


def test_each_disagreement_is_found() -> None:
    plan = a_plan()
    book = Book(tries=dict.fromkeys(range(5), 1), acknowledged={0, 1, 2}, bad={4})
    stored = [*rows(plan, 1, 1, 4), StoredRow("SIM-r-2", "WIN", "gar\ufffdage"), StoredRow("SIM-r-77", "WIN", "")]

    verdict = compare(plan, book, stored)

    assert verdict.lost == ("SIM-r-0",)
    assert verdict.twice == ("SIM-r-1",)
    assert verdict.changed == ("SIM-r-2",)
    assert verdict.phantom == ("SIM-r-77",)
    assert verdict.bad_stored == ("SIM-r-4",)


def test_only_the_rows_of_the_run_are_read(gateway: Gateway) -> None:
    store(gateway, REFERENCE="SIM-r-1", PARM="été")
    store(gateway, REFERENCE="SIM-other-1")
    store(gateway, REFERENCE="")

    assert list(stored_rows(gateway.settings, a_plan())) == [StoredRow("SIM-r-1", "WIN", "été")]
