"""What each process counts where things happen: the names, words and labels that alerts and boards go by."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from mo_gateway import Message, credit, keyword, send
from mo_gateway.credit import EVERY, Credit
from mo_gateway.errors import TryLater
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.handling import dispatcher_with
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.metrics import MOST_UNNAMED, OTHER, Few, Metrics
from mo_gateway.replay import run_again
from mo_gateway.reply import Reply, SendOutcome, SendResult, Standing
from mo_gateway.routing import Routes
from mo_gateway.store.selection import Filter
from mo_gateway.store.tables import opt_out
from mo_gateway.wire import NotSent

from .conftest import MakeSettings
from .handling import captured_log, consent_of, dispatcher_of, handle_all
from .reporting import Clock
from .scraping import counted
from .sending import Script, claimed, queue, send_all, sender_of
from .stored import make_due, rows, store


@keyword("WIN", "Gagné", shortcode="4414", name="enter")
def enter(message: Message) -> str:
    return "You are in."


@keyword("HELP", name="assist")
def assist(message: Message) -> None:
    raise ValueError("help is not there")


@keyword("LATER", name="put-off")
def put_off(message: Message) -> None:
    raise TryLater("not now", timedelta(hours=1))


@pytest.fixture
def impatient(database_url: str, make_settings: MakeSettings) -> Iterator[Gateway]:
    """A gateway that gives up after one try."""
    gateway = open_gateway(make_settings(database_url, MAX_ATTEMPTS="1"))
    yield gateway
    gateway.close()


def test_the_named_ones_of_a_few_labels_are_always_among_them() -> None:
    few = Few(["4414"])

    others = [few.label(str(number)) for number in range(5000, 5000 + MOST_UNNAMED + 2)]

    assert others[-3:] == [str(4999 + MOST_UNNAMED), OTHER, OTHER]
    assert (few.label("4414"), few.label("5000"), few.label("9999")) == ("4414", "5000", OTHER)


def test_a_message_is_counted_once_by_a_keyword_of_the_routes_or_as_any_other(gateway: Gateway) -> None:
    for number, word in enumerate(("win", "gagné", "canary", "help", "winn")):
        store(gateway, KEYWORD=word, MSISDN=f"3240000000{number}")
    store(gateway, KEYWORD="win", SHORTCODE="9999")
    dispatcher = dispatcher_of(gateway, enter, assist)
    handle_all(dispatcher)
    make_due(gateway.engine)
    handle_all(dispatcher)

    assert counted(dispatcher.metrics, "mogateway_messages_total") == {
        '{keyword="win",provider="spryng",shortcode="4414"}': 1,
        '{keyword="gagné",provider="spryng",shortcode="4414"}': 1,
        '{keyword="help",provider="spryng",shortcode="4414"}': 1,
        '{keyword="_other",provider="spryng",shortcode="4414"}': 2,
        '{keyword="_other",provider="spryng",shortcode="9999"}': 1,
    }


def test_tries_are_counted_by_what_became_of_them(gateway: Gateway) -> None:
    for number, word in enumerate(("WIN", "HELP", "LATER", "NOBODY")):
        store(gateway, KEYWORD=word, MSISDN=f"3240000000{number}")
    dispatcher = dispatcher_of(gateway, enter, assist, put_off)
    handle_all(dispatcher)

    assert counted(dispatcher.metrics, "mogateway_messages_handled_total") == {
        '{handler="enter",outcome="handled"}': 1,
        '{handler="assist",outcome="retried"}': 1,
        '{handler="put-off",outcome="retried"}': 1,
        '{handler="",outcome="unrouted"}': 1,
    }


def test_what_is_tried_again_by_itself_is_no_replay(gateway: Gateway) -> None:
    store(gateway, KEYWORD="HELP")
    dispatcher = dispatcher_of(gateway, assist)
    for _ in range(3):
        handle_all(dispatcher)
        make_due(gateway.engine)

    assert [row.attempts for row in rows(gateway.engine, "mo_handling")] == [3]
    assert counted(dispatcher.metrics, "mogateway_replays_total") == {}


def test_what_is_given_up_has_failed_and_a_replay_is_counted_apart(impatient: Gateway) -> None:
    store(impatient, KEYWORD="HELP")
    store(impatient, KEYWORD="WIN", MSISDN="32400000002")
    dispatcher = dispatcher_of(impatient, enter, assist)
    handle_all(dispatcher)
    before = counted(dispatcher.metrics, "mogateway_replays_total")

    assert sum(run_again(impatient.engine, Filter(), limit=10, tries=1)) == 2
    handle_all(dispatcher)

    assert before == {}
    assert counted(dispatcher.metrics, "mogateway_replays_total") == {
        '{outcome="failed"}': 1,
        '{outcome="handled"}': 1,
    }
    assert counted(dispatcher.metrics, "mogateway_messages_handled_total") == {
        '{handler="assist",outcome="failed"}': 2,
        '{handler="enter",outcome="handled"}': 2,
    }


def test_a_stop_is_counted_by_its_shortcode(gateway: Gateway) -> None:
    store(gateway, KEYWORD="STOP", PARM="")
    consent = consent_of(gateway, enter)
    consent.record()

    assert counted(consent.metrics, "mogateway_opt_outs_total") == {'{shortcode="4414"}': 1}


def test_a_worker_begins_with_noughts_for_what_its_routes_and_settings_name(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    settings = make_settings(
        sqlite_url, MAX_SILENCE="4415=2d", CONNECTCALL_LOGIN="user", CONNECTCALL_PASSWORD="geheim-wachtwoord"
    )
    gateway = open_gateway(settings)
    routes = Routes(handlers_in(enter))

    metrics = dispatcher_with(routes, settings, gateway.engine).metrics

    assert metrics.handled.labels("enter", "failed")._value.get() == 0
    found = {
        (sample.name, *sample.labels.values())
        for family in metrics.registry.collect()
        for sample in family.samples
    }
    for shortcode in ("4414", "4415"):
        assert ("mogateway_opt_outs_total", shortcode) in found
        assert ("mogateway_opt_out_violations_total", shortcode) in found
    assert ("mogateway_replies_total", "connectcall", "failed") in found
    assert ("mogateway_messages_handled_total", "enter", "retried") in found
    gateway.close()


# What must never happen


def stop(gateway: Gateway, *, ago: timedelta, **changes: object) -> None:
    """Enter a STOP of whom replies are queued for, as it would be had it been recorded so long ago."""
    person_key = rows(gateway.engine, "mt_message")[0].person_key
    usual = {
        "person_key": person_key,
        "msisdn": "32412345678",
        "shortcode": "4414",
        "keyword": None,
        "word": "STOP",
        "since": gateway.clock() - ago,
    }
    with gateway.engine.begin() as conn:
        conn.execute(insert(opt_out).values({**usual, **changes}))


@pytest.mark.parametrize(
    ("ago", "changes", "is_violation"),
    [
        pytest.param(timedelta(minutes=1), {}, True, id="a STOP to everything, a minute before"),
        pytest.param(timedelta(minutes=1), {"shortcode": None}, True, id="to all shortcodes"),
        pytest.param(timedelta(minutes=1), {"keyword": "win"}, False, id="to one keyword"),
        pytest.param(timedelta(), {}, False, id="said while the reply was under way"),
        pytest.param(timedelta(minutes=1), {"person_key": b"another"}, False, id="of somebody else"),
    ],
)
def test_a_reply_that_goes_out_in_spite_of_a_stop_is_found_in_the_database(
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    ago: timedelta,
    changes: dict[str, object],
    is_violation: bool,
) -> None:
    log = captured_log(monkeypatch, send)
    provider = Script()
    sender = sender_of(gateway, provider)
    (reply_id,) = queue(gateway)
    task = claimed(sender, provider)  # whoever asks before sending has asked
    stop(gateway, ago=ago, **changes)
    sender.record(provider, sender.send(provider, task))

    found = counted(sender.metrics, "mogateway_opt_out_violations_total")

    assert found == ({'{shortcode="4414"}': 1} if is_violation else {})
    told = [(line["reply"], line["log_level"]) for line in log if line["event"] == "sent in spite of a STOP"]
    assert told == ([(reply_id, "error")] if is_violation else [])


def test_a_reply_that_no_provider_took_is_no_violation(gateway: Gateway) -> None:
    provider = Script(answers=[SendResult(outcome=SendOutcome.FAILED, text="no number")])
    sender = sender_of(gateway, provider)
    queue(gateway)
    task = claimed(sender, provider)
    stop(gateway, ago=timedelta(minutes=1))
    sender.record(provider, sender.send(provider, task))

    assert counted(sender.metrics, "mogateway_opt_out_violations_total") == {}


def test_the_confirmation_of_a_stop_is_no_violation(gateway: Gateway) -> None:
    store(gateway, KEYWORD="STOP", PARM="")
    replace(consent_of(gateway), clock=lambda: gateway.clock() - timedelta(minutes=1)).record()
    provider = Script()
    sender = sender_of(gateway, provider)
    send_all(sender, provider)

    assert len(provider.sent) == 1
    assert counted(sender.metrics, "mogateway_opt_out_violations_total") == {}


def test_suppressed_replies_are_counted_and_are_no_violation(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("one"), Reply("two"))
    stop(gateway, ago=timedelta(minutes=1))
    send_all(sender, provider)

    assert counted(sender.metrics, "mogateway_replies_total") == {'{outcome="suppressed",provider="spryng"}': 2}
    assert counted(sender.metrics, "mogateway_opt_out_violations_total") == {}


# Credit


class Till:
    """A provider that says what it is told to when it is asked for the credit."""

    def __init__(self, *answers: Standing | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    def standing(self) -> Standing:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def has(amount: str | None) -> Standing:
    return Standing(is_right=True, text="fine", credit=amount)


def test_the_credit_is_asked_for_calmly_and_the_last_answer_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    log = captured_log(monkeypatch, credit)
    till, clock, metrics = Till(has("120.5"), NotSent("no connection"), has("-3")), Clock(), Metrics()
    asking = Credit({"spryng": till}, metrics, clock)
    shown = []
    for _ in range(3):
        asking.look_after()
        asking.look_after()
        shown.append(counted(metrics, "mogateway_provider_credit"))
        clock.now += EVERY

    assert shown == [{'{provider="spryng"}': 120.5}] * 2 + [{'{provider="spryng"}': -3}]
    assert till.asked == 3
    assert [line["error"] for line in log] == ["no connection"]


def test_who_tells_no_credit_is_asked_once_and_shown_nowhere() -> None:
    till, clock, metrics = Till(has(None)), Clock(), Metrics()
    asking = Credit({"pswincom": till}, metrics, clock)
    for _ in range(3):
        asking.look_after()
        clock.now += EVERY

    assert till.asked == 1
    assert counted(metrics, "mogateway_provider_credit") == {}


def test_an_answer_that_is_no_number_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    log = captured_log(monkeypatch, credit)
    metrics = Metrics()

    Credit({"spryng": Till(has("plenty"))}, metrics, Clock()).look_after()

    assert counted(metrics, "mogateway_provider_credit") == {}
    assert [line["error"] for line in log] == ["its answer is no number"]
