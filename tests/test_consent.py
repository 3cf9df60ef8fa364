"""STOP is a system path: recorded first, asked before every reply, confirmed once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.typing import EventDict

from mo_gateway import Message, Reply, consent, keyword
from mo_gateway.errors import UnsafeDatabase
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.readers import open_readers
from mo_gateway.gateway.sending import reply_rules
from mo_gateway.repair import Repairs
from mo_gateway.reply import Delivery, DeliveryReport
from mo_gateway.store import opt_outs as ledger
from mo_gateway.store import outbox, schema
from mo_gateway.store.engine import open_engine
from mo_gateway.store.outbox import Origin
from mo_gateway.store.reports import new_report
from mo_gateway.store.selection import Filter

from .conftest import MakeSettings
from .examples import NOW, webhook
from .handling import captured_log, consent_of, dispatcher_of, handle_all
from .sending import Script, claimed, make_replies_due, queue, send_all, sender_of
from .stored import replies, rows, store, store_senders

PHONE = "32412345678"
OTHER = "32487654321"


@keyword("WIN", "GAGNE", shortcode="4414")
def win(message: Message) -> str:
    return f"you said {message.text}"


@keyword("NEWS")
def news(_message: Message) -> str:
    return "the news"


@keyword("*")
def anything(_message: Message) -> None:
    raise ConnectionError("every plugin fails")


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    return captured_log(monkeypatch, consent)


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def record(gateway: Gateway) -> None:
    """Look at everything that is new."""
    step = consent_of(gateway, win, news, anything)
    while step.record():
        pass


def say(gateway: Gateway, text: str, **fields: str) -> int:
    """Store a text and look whether it is a STOP or a START."""
    word, _, parm = text.partition(" ")
    message_id = store(gateway, KEYWORD=word, PARM=parm, **fields)
    record(gateway)
    return message_id


def opt_outs(gateway: Gateway) -> list[tuple[Any, ...]]:
    """Give what is in force: MSISDN, shortcode, keyword."""
    table = rows(gateway.engine, "opt_out")
    return [(row.msisdn, row.shortcode, row.keyword) for row in table if row.until is None]


def states(gateway: Gateway) -> list[tuple[str, str | None]]:
    return [(row.state, row.suppressed_reason) for row in rows(gateway.engine, "mt_message")]


def test_stop_is_kept_with_the_message_that_proves_it(gateway: Gateway) -> None:
    message_id = say(gateway, "Stop.")

    (row,) = rows(gateway.engine, "opt_out")
    assert (row.msisdn, row.shortcode, row.keyword, row.word) == (PHONE, "4414", None, "Stop.")
    assert (row.message_id, row.until, row.confirmed_at) == (message_id, None, None)


def test_after_stop_no_reply_goes_out(gateway: Gateway) -> None:
    provider = Script()
    say(gateway, "STOP")
    queue(gateway, Reply("an offer"))

    send_all(sender_of(gateway, provider), provider)

    assert [message.text for message in provider.sent if message.text == "an offer"] == []
    assert states(gateway) == [("sent", None), ("suppressed", "opt-out")]


def test_a_reply_that_was_queued_before_the_stop_does_not_go_out_either(gateway: Gateway) -> None:
    provider = Script()
    queue(gateway, Reply("an offer"))
    say(gateway, "STOP")

    send_all(sender_of(gateway, provider), provider)

    assert states(gateway) == [("suppressed", "opt-out"), ("sent", None)]


def test_the_confirmation_goes_out_once_and_is_noted(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    say(gateway, "STOP")
    send_all(sender, provider)
    say(gateway, "STOP", TIMESTAMP="20040208152545")
    say(gateway, "stop!!", TIMESTAMP="20040208152546")

    send_all(sender, provider)

    (confirmation,) = provider.sent
    assert "4414" in confirmation.text
    (row,) = rows(gateway.engine, "opt_out")
    assert row.confirmed_at


def test_start_undoes_it(gateway: Gateway) -> None:
    provider = Script()
    say(gateway, "STOP")
    start = say(gateway, "START")
    queue(gateway, Reply("an offer"))

    send_all(sender_of(gateway, provider), provider)

    assert opt_outs(gateway) == []
    (row,) = rows(gateway.engine, "opt_out")
    assert row.until_message_id == start
    assert provider.sent[-1].text == "an offer"


def test_a_start_that_has_nothing_to_undo_is_not_confirmed(gateway: Gateway) -> None:
    say(gateway, "START")

    assert replies(gateway.engine) == []


def test_stop_with_a_keyword_ends_that_keyword_and_its_aliases_only(gateway: Gateway) -> None:
    provider = Script()
    say(gateway, "STOP WIN")
    queue(gateway, Reply("about WIN"), keyword="win")
    queue(gateway, Reply("about GAGNE"), keyword="gagne")
    queue(gateway, Reply("about NEWS"), keyword="news")

    send_all(sender_of(gateway, provider), provider)

    assert sorted(opt_outs(gateway)) == [(PHONE, "4414", "gagne"), (PHONE, "4414", "win")]
    assert [message.text for message in provider.sent[1:]] == ["about NEWS"]


def test_a_keyword_with_stop_behind_it_means_the_same(gateway: Gateway) -> None:
    say(gateway, "WIN STOP")

    assert sorted(opt_outs(gateway)) == [(PHONE, "4414", "gagne"), (PHONE, "4414", "win")]


def test_start_of_one_keyword_undoes_only_that(gateway: Gateway) -> None:
    say(gateway, "STOP WIN")
    say(gateway, "STOP NEWS")
    say(gateway, "START WIN")

    assert opt_outs(gateway) == [(PHONE, "4414", "news")]


def test_stop_on_one_shortcode_leaves_the_others(gateway: Gateway) -> None:
    provider = Script()
    say(gateway, "STOP", SHORTCODE="5000")
    say(gateway, "WIN blue", SHORTCODE="4414")
    handle_all(dispatcher_of(gateway, win))

    send_all(sender_of(gateway, provider), provider)

    assert provider.sent[-1].text == "you said WIN blue"


def test_start_on_one_shortcode_leaves_the_stop_on_another(gateway: Gateway) -> None:
    say(gateway, "STOP", SHORTCODE="5000")
    say(gateway, "STOP", SHORTCODE="4414")
    say(gateway, "START", SHORTCODE="4414")

    assert opt_outs(gateway) == [(PHONE, "5000", None)]


def test_what_is_sent_by_hand_stops_at_any_stop_whoever_it_says_it_is_from(gateway: Gateway) -> None:
    provider = Script()
    say(gateway, "STOP")
    origin = Origin(shortcode="Contest")
    reply = Reply("an offer", to=PHONE, sender="Contest", provider="spryng")
    with gateway.engine.begin() as conn:
        outbox.add(conn, [reply], origin, reply_rules(gateway.settings), now=utc_now())

    send_all(sender_of(gateway, provider), provider)

    assert states(gateway) == [("sent", None), ("suppressed", "opt-out")]


def test_sqlite_looks_for_new_messages_by_their_index(sqlite_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(sqlite_url))
    statements: list[str] = []
    event.listen(gateway.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    store(gateway, KEYWORD="STOP", PARM="")
    consent_of(gateway, win).record()

    looks = [statement for statement in statements if "may_be_stop" in statement and "SELECT" in statement[:10]]
    with gateway.engine.begin() as conn:
        plans = [
            str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (1,) * statement.count("?")).all())
            for statement in looks
        ]

    assert len(plans) == 2
    assert all("mo_handling_may_be_stop_idx" in plan and "SCAN mo_handling'" not in plan for plan in plans)
    gateway.close()


def test_a_reply_to_somebody_else_asks_that_persons_opt_out(gateway: Gateway) -> None:
    provider = Script()
    say(gateway, "STOP", MSISDN=OTHER)
    queue(gateway, Reply("to the other", to=OTHER), Reply("to this one"))

    send_all(sender_of(gateway, provider), provider)

    assert states(gateway) == [("sent", None), ("suppressed", "opt-out"), ("sent", None)]


def test_a_misspelt_stop_counts_unless_it_is_a_live_keyword(gateway: Gateway) -> None:
    @keyword("STPO")
    def stpo(_message: Message) -> None:
        """Be a keyword that looks like a slip."""

    store(gateway, KEYWORD="STPO", PARM="")
    consent_of(gateway, stpo).record()
    assert opt_outs(gateway) == []

    say(gateway, "sTPo", MSISDN=OTHER)
    assert opt_outs(gateway) == [(OTHER, "4414", None)]


def test_stop_is_recorded_behind_a_failing_message_of_the_same_sender(gateway: Gateway) -> None:
    dispatcher = dispatcher_of(gateway, anything)
    store(gateway, KEYWORD="HELLO")
    handle_all(dispatcher)
    assert rows(gateway.engine, "mo_handling")[0].state == "failed"

    say(gateway, "STOP")

    assert opt_outs(gateway) == [(PHONE, "4414", None)]
    assert [row.state for row in rows(gateway.engine, "mo_handling")] == ["failed", "pending"]


def test_stop_and_start_that_wait_together_are_taken_in_their_order(gateway: Gateway) -> None:
    for second, word in enumerate(("STOP", "START", "STOP", "START", "STOP")):
        store(gateway, KEYWORD=word, PARM="", TIMESTAMP=f"2004020815250{second}")

    record(gateway)

    assert len(opt_outs(gateway)) == 1
    assert len(rows(gateway.engine, "opt_out")) == 3


def test_a_stop_is_looked_at_once(gateway: Gateway) -> None:
    say(gateway, "STOP")
    step = consent_of(gateway, win)

    assert not step.record()
    assert not rows(gateway.engine, "mo_handling")[0].may_be_stop


def test_handlers_still_see_the_message(gateway: Gateway) -> None:
    seen = []

    @keyword("STOP")
    def goodbye(message: Message) -> str:
        seen.append(message.text)
        return "sorry to see you go"

    provider = Script()
    say(gateway, "STOP")
    handle_all(dispatcher_of(gateway, goodbye))
    send_all(sender_of(gateway, provider), provider)

    assert seen == ["STOP"]
    assert states(gateway) == [("sent", None), ("suppressed", "opt-out")]


def test_a_stop_that_no_handler_takes_is_done_and_no_problem(gateway: Gateway) -> None:
    say(gateway, "STOP")
    say(gateway, "HELLO", TIMESTAMP="20040208152545")

    handle_all(dispatcher_of(gateway, win))

    assert [row.state for row in rows(gateway.engine, "mo_handling")] == ["done", "unrouted"]


def test_a_killed_worker_confirms_no_stop_twice(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    say(gateway, "STOP")
    sender.send(provider, claimed(sender, provider))  # and then it is killed

    make_replies_due(gateway)
    send_all(sender_of(gateway, provider), provider)

    assert len(provider.sent) == 1
    assert states(gateway) == [("unknown", None)]


def test_a_report_that_proves_a_confirmation_is_noted_as_its_being_sent(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    say(gateway, "STOP")
    sender.send(provider, claimed(sender, provider))  # and then it is killed

    report = DeliveryReport(
        provider="spryng",
        status=Delivery.DELIVERED,
        provider_status="Delivered",
        reference=provider.sent[0].reference,
        provider_id=None,
        reported_at=None,
        raw=b"",
    )
    gateway.writer.store(new_report(report, webhook()))

    assert states(gateway) == [("sent", None)]
    assert rows(gateway.engine, "opt_out")[0].confirmed_at


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("none", []), ("Bye {shortcode}", ["Bye 4414"])],
)
def test_the_confirmation_is_a_setting(
    sqlite_url: str, make_settings: MakeSettings, setting: str, expected: list[str]
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, STOP_REPLY=setting))
    say(gateway, "STOP")

    assert replies(gateway.engine) == expected
    gateway.close()


def test_words_of_ones_own_count_too(sqlite_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(sqlite_url, STOP_WORDS="GENOEG, BASTA"))

    say(gateway, "basta")

    assert opt_outs(gateway) == [(PHONE, "4414", None)]
    gateway.close()


def test_the_log_tells_of_an_opt_out_without_number_and_text(gateway: Gateway, log_lines: list[EventDict]) -> None:
    say(gateway, "STOP WIN")

    (line,) = log_lines
    assert (line["event"], line["msisdn"], line["of_one_keyword"]) == ("opt-out recorded", "324••••••78", True)


def fail_for(message_id: int, exc: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one message be one that code or database refuses."""

    def wish_in(message: Message, *others: Any) -> Any:
        if message.id == message_id:
            raise exc
        return read(message, *others)

    read = consent.wish_in
    monkeypatch.setattr(consent, "wish_in", wish_in)


@pytest.mark.parametrize(
    "exc", [RuntimeError(f"no luck with {PHONE}"), DataError("INSERT", {}, ValueError(f"no luck with {PHONE}"))]
)
def test_a_message_that_cannot_be_recorded_keeps_no_other_from_it(
    gateway: Gateway, log_lines: list[EventDict], monkeypatch: pytest.MonkeyPatch, exc: Exception
) -> None:
    one, two, three = store_senders(gateway, 3, KEYWORD="STOP", PARM="")
    fail_for(two, exc, monkeypatch)

    record(gateway)

    assert [row.message_id for row in rows(gateway.engine, "opt_out")] == [one, three]
    assert [row.message_id for row in rows(gateway.engine, "mo_handling") if row.may_be_stop] == [two]
    (line,) = [line for line in log_lines if line["log_level"] == "error"]
    assert line["id"] == two
    assert PHONE not in str(line)


def test_a_message_that_could_not_be_recorded_is_tried_again_after_growing_pauses(
    gateway: Gateway, log_lines: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = store(gateway, KEYWORD="STOP", PARM="")
    minute = timedelta(minutes=1)
    clock = Clock()
    step = replace(consent_of(gateway, win), clock=clock)
    with monkeypatch.context() as meanwhile:
        fail_for(message_id, RuntimeError(), meanwhile)

        assert [step.record() for _ in range(3)] == [True, False, False]
        clock.now += minute
        assert [step.record() for _ in range(2)] == [True, False]
        clock.now += minute
        assert not step.record()
    clock.now += minute

    assert [step.record() for _ in range(2)] == [True, False]
    assert opt_outs(gateway) == [(PHONE, "4414", None)]
    assert [line["is_given_up"] for line in log_lines if line["log_level"] == "error"] == [False, False]
    assert step.put_off == {}


def test_a_stop_is_recorded_behind_a_message_of_the_same_sender_that_cannot_be(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    step = replace(consent_of(gateway, win), clock=clock)
    start = store(gateway, KEYWORD="START", PARM="")
    store(gateway, KEYWORD="STOP", PARM="")
    with monkeypatch.context() as meanwhile:
        fail_for(start, RuntimeError(), meanwhile)
        while step.record():
            pass
    assert opt_outs(gateway) == [(PHONE, "4414", None)]

    clock.now += timedelta(hours=1)
    while step.record():
        pass

    assert opt_outs(gateway) == [(PHONE, "4414", None)]  # the START came before it
    assert not any(row.may_be_stop for row in rows(gateway.engine, "mo_handling"))


def test_a_message_that_cannot_be_recorded_for_a_day_is_given_up(
    gateway: Gateway, log_lines: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = store(gateway, KEYWORD="STOP", PARM="")
    clock = Clock()
    step = replace(consent_of(gateway, win), clock=clock)
    fail_for(message_id, RuntimeError(), monkeypatch)

    for _ in range(100):
        step.record()
        clock.now += timedelta(minutes=30)

    assert not rows(gateway.engine, "mo_handling")[0].may_be_stop
    assert [line["is_given_up"] for line in log_lines][-2:] == [False, True]
    assert 24 < len(log_lines) < 40


def test_where_nothing_can_be_recorded_no_more_than_so_many_are_tried(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_senders(gateway, 3, KEYWORD="STOP", PARM="")
    monkeypatch.setattr(consent, "MOST_PUT_OFF", 2)
    monkeypatch.setattr(consent, "AT_A_TIME", 1)
    monkeypatch.setattr(consent, "wish_in", lambda *_: 1 / 0)
    step = consent_of(gateway, win)

    assert [step.record() for _ in range(4)] == [True, True, False, False]
    assert len(step.put_off) == 2


def test_a_stop_counts_though_it_cannot_be_confirmed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, log_lines: list[EventDict]
) -> None:
    def refuse(*_: Any) -> str:
        raise RuntimeError("no luck")

    monkeypatch.setattr(consent, "confirmation", refuse)

    say(gateway, "STOP")

    assert opt_outs(gateway) == [(PHONE, "4414", None)]
    assert replies(gateway.engine) == []
    assert "cannot confirm a STOP or a START" in [line["event"] for line in log_lines]


def test_what_was_written_for_a_message_that_cannot_be_recorded_does_not_stay(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ledger.add

    def add_and_fail(*arguments: Any, **named: Any) -> None:
        add(*arguments, **named)
        raise RuntimeError("no luck")

    monkeypatch.setattr(ledger, "add", add_and_fail)

    say(gateway, "STOP")

    assert (opt_outs(gateway), replies(gateway.engine)) == ([], [])


@pytest.mark.parametrize(
    "exc", [OperationalError("INSERT", {}, ValueError()), PoolTimeout(), UnsafeDatabase(), OSError()]
)
def test_while_the_database_is_away_nothing_counts_as_looked_at(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, exc: Exception
) -> None:
    message_id = store(gateway, KEYWORD="STOP", PARM="")
    with monkeypatch.context() as meanwhile:
        fail_for(message_id, exc, meanwhile)
        with pytest.raises(type(exc)):
            record(gateway)

    record(gateway)

    assert opt_outs(gateway) == [(PHONE, "4414", None)]


def test_a_stop_of_each_of_many_is_recorded(gateway: Gateway) -> None:
    store_senders(gateway, consent.AT_A_TIME + 1, KEYWORD="STOP", PARM="")
    step = consent_of(gateway, win)

    assert [step.record() for _ in range(3)] == [True, True, False]
    assert len(opt_outs(gateway)) == consent.AT_A_TIME + 1


def test_no_handler_sees_a_stop_before_it_is_recorded(gateway: Gateway) -> None:
    dispatcher = dispatcher_of(gateway, anything)
    message_id = store(gateway, KEYWORD="STOP", PARM="")
    before = dispatcher.claim(10)

    record(gateway)

    assert before == []
    assert [claim.message.id for claim in dispatcher.claim(10)] == [message_id]


def test_messages_that_waited_at_the_upgrade_are_looked_at(
    empty_postgres_url: str, make_settings: MakeSettings
) -> None:
    settings = make_settings(empty_postgres_url)
    engine = open_engine(settings)
    schema.upgrade(engine)
    engine.dispose()
    gateway = open_gateway(settings)
    store(gateway, KEYWORD="HELLO")
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE mo_handling SET may_be_stop = true")

    record(gateway)

    assert (opt_outs(gateway), rows(gateway.engine, "mo_handling")[0].may_be_stop) == ([], False)
    gateway.close()


def test_a_stop_that_was_read_as_the_wrong_charset_counts_once_it_is_put_right(gateway: Gateway) -> None:
    raw = webhook(KEYWORD="X", PARM="").raw.replace(b"KEYWORD=X", b"KEYWORD=ARR%C3%8AT")
    gateway.receiver.receive(gateway.spryng, replace(webhook(), raw=raw))
    record(gateway)
    assert opt_outs(gateway) == []

    repairs = Repairs(engine=gateway.engine, readers=open_readers(gateway.settings), charset="utf-8", tries=1)
    assert [repair.is_change for repair in repairs.made(Filter(), limit=None, dry_run=False)] == [True]
    record(gateway)

    assert opt_outs(gateway) == [(PHONE, "4414", None)]
