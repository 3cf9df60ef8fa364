"""Sending: each reply goes out once, and what nobody can know is called unknown."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.typing import EventDict

from mo_gateway import Reply, send
from mo_gateway.gateway import Gateway
from mo_gateway.providers.intelecom.sending import MARGIN, REMEMBERED
from mo_gateway.reply import SendOutcome, SendResult, VCard
from mo_gateway.results import not_asked
from mo_gateway.send import Task
from mo_gateway.store import standing
from mo_gateway.store.tables import mt_message
from mo_gateway.store.types import database_now
from mo_gateway.wire import MaybeSent, NotSent

from .conftest import MakeSettings
from .handling import captured_log
from .sending import Script, claimed, make_replies_due, queue, send_all, sender_of
from .stored import rows

LATER = SendResult(outcome=SendOutcome.LATER, code="800", text="technical error")
REFUSED = SendResult(outcome=SendOutcome.FAILED, code="105", text="destination too short")
LOST = MaybeSent("no whole answer: time-out")
AWAY = NotSent("no connection: Connection refused")


def reply(gateway: Gateway, number: int = 0) -> Any:
    """Give one row of `mt_message`."""
    return rows(gateway.engine, "mt_message")[number]


def own(gateway: Gateway) -> Any:
    """Give how Spryng stands."""
    return next(row for row in rows(gateway.engine, "mt_provider") if row.provider == "spryng")


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    return captured_log(monkeypatch, send)


def test_a_sent_reply_says_when_and_under_which_id(gateway: Gateway) -> None:
    provider = Script([SendResult(outcome=SendOutcome.SENT, provider_id="77")])
    queue(gateway)

    send_all(sender_of(gateway, provider), provider)

    row = reply(gateway)
    assert (row.state, row.provider_id, row.due_at, row.error) == ("sent", "77", None, None)
    assert row.sent_at
    (attempt,) = rows(gateway.engine, "mo_attempt")
    assert (attempt.mt_message_id, attempt.number, attempt.outcome) == (row.id, 1, "sent")


def test_the_provider_gets_the_reply_as_it_was_queued(gateway: Gateway) -> None:
    provider = Script()
    queue(
        gateway, Reply(udh="06050415811581", data="024A3A"), Reply(vcard=VCard(name="Jan", mobile="+31201234567"))
    )

    send_all(sender_of(gateway, provider), provider)

    binary, card = provider.sent
    assert (binary.msisdn, binary.sender, binary.udh, binary.data) == (
        "32412345678",
        "4414",
        "06050415811581",
        "024A3A",
    )
    assert card.vcard == VCard(name="Jan", mobile="+31201234567")
    assert binary.reference == reply(gateway).reference != card.reference


def test_a_claimed_reply_is_unknown_to_everybody_until_its_result_is_recorded(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway)

    task = claimed(sender, provider)

    assert reply(gateway).state == "unknown"
    sender.record(provider, sender.send(provider, task))
    assert reply(gateway).state == "sent"


def test_nobody_else_can_claim_it_meanwhile(gateway: Gateway) -> None:
    provider = Script()
    queue(gateway)

    claimed(sender_of(gateway, provider), provider)

    assert isinstance(sender_of(gateway, provider).claim(provider), timedelta)


def test_a_process_killed_between_send_and_record_leaves_unknown_and_no_second_sms(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway)
    sender.send(provider, claimed(sender, provider))  # and then it is killed

    make_replies_due(gateway)
    send_all(sender_of(gateway, provider), provider)

    assert len(provider.sent) == 1
    row = reply(gateway)
    assert (row.state, row.due_at) == ("unknown", None)
    assert row.error.startswith("nobody recorded a result")
    assert [attempt.outcome for attempt in rows(gateway.engine, "mo_attempt")] == ["unknown"]


def test_a_result_that_comes_after_the_lease_still_counts(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway)
    tried = sender.send(provider, claimed(sender, provider))
    make_replies_due(gateway)
    sender.claim(provider)

    sender.record(provider, tried)

    assert reply(gateway).state == "sent"


def test_a_result_counts_no_more_once_the_reply_was_taken_up_by_hand(
    gateway: Gateway, log_lines: list[EventDict]
) -> None:
    provider = Script([REFUSED])
    sender = sender_of(gateway, provider)
    queue(gateway)
    tried = sender.send(provider, claimed(sender, provider))
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(state="queued", due_at=database_now()))

    sender.record(provider, tried)

    assert reply(gateway).state == "queued"
    assert log_lines[-1]["event"] == "reply settled by somebody else meanwhile"


def test_a_process_that_stood_still_beyond_its_lease_sends_nothing(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway)
    task = claimed(sender, provider)

    tried = sender.send(provider, replace(task, since=task.since - 25))

    assert provider.sent == []
    assert tried.result.outcome is SendOutcome.LATER


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (REFUSED, "failed", "105"),
        (LATER, "queued", "800"),
        (AWAY, "queued", "not-sent"),
        (LOST, "unknown", "no-answer"),
        (RuntimeError("spoken by a client"), "unknown", "client"),
        (
            SendResult(outcome=SendOutcome.UNKNOWN, code="unreadable", text="its answer is no XML"),
            "unknown",
            "unreadable",
        ),
    ],
)
def test_each_class_of_answer_has_its_state(gateway: Gateway, answer: Any, state: str, code: str) -> None:
    provider = Script([answer])
    queue(gateway)

    send_all(sender_of(gateway, provider), provider)

    row = reply(gateway)
    assert (row.state, row.error_code) == (state, code)
    assert row.error.startswith(code)
    assert (row.due_at is None) == (state != "queued")


def test_unknown_is_never_sent_again_by_itself(gateway: Gateway) -> None:
    provider = Script([LOST, SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(gateway, provider)
    queue(gateway)

    send_all(sender, provider)
    make_replies_due(gateway)
    send_all(sender, provider)

    assert len(provider.sent) == 1


def test_unknown_is_sent_again_where_the_provider_knows_the_reference(gateway: Gateway) -> None:
    provider = Script([LOST, SendResult(outcome=SendOutcome.SENT)], repeats_safely_for=timedelta(hours=1))
    sender = sender_of(gateway, provider)
    queue(gateway)

    send_all(sender, provider)
    make_replies_due(gateway)
    send_all(sender, provider)

    first, second = provider.sent
    assert first.reference == second.reference
    assert reply(gateway).state == "sent"


def test_it_is_not_sent_again_once_the_provider_may_have_forgotten_the_reference(gateway: Gateway) -> None:
    provider = Script([LOST], repeats_safely_for=timedelta(hours=1))
    sender = sender_of(gateway, provider)
    queue(gateway)
    send_all(sender, provider)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(first_tried_at=database_now(-3601.0)))

    make_replies_due(gateway)
    send_all(sender, provider)

    assert len(provider.sent) == 1
    assert (reply(gateway).state, reply(gateway).due_at) == ("unknown", None)


@pytest.mark.parametrize(("minutes", "calls"), [(54.8, 2), (55.2, 1)])
def test_intelecom_is_not_asked_again_when_its_hour_may_end_on_the_way(
    gateway: Gateway, minutes: float, calls: int
) -> None:
    provider = Script([LOST], repeats_safely_for=REMEMBERED - MARGIN)
    sender = sender_of(gateway, provider)
    queue(gateway)
    send_all(sender, provider)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(first_tried_at=database_now(-60.0 * minutes)))

    make_replies_due(gateway)
    send_all(sender, provider)

    assert len(provider.sent) == calls
    assert sender.lease + sender.send_timeout < MARGIN


@pytest.mark.parametrize("second", [LATER, AWAY, REFUSED])
def test_what_may_have_gone_out_stays_unknown_whatever_its_repeat_gives(gateway: Gateway, second: Any) -> None:
    provider = Script([LOST, second], repeats_safely_for=timedelta(hours=1))
    sender = sender_of(gateway, provider)
    queue(gateway)
    send_all(sender, provider)
    make_replies_due(gateway)
    send_all(sender, provider)
    assert (len(provider.sent), reply(gateway).state) == (2, "unknown")

    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(first_tried_at=database_now(-7200.0), due_at=database_now(-1.0)))
    make_replies_due(gateway)
    send_all(sender, provider)

    assert (len(provider.sent), reply(gateway).state, reply(gateway).due_at) == (2, "unknown", None)


def test_what_is_known_of_an_unknown_reply_is_kept_when_its_hour_is_over(gateway: Gateway) -> None:
    provider = Script([LOST], repeats_safely_for=timedelta(hours=1))
    sender = sender_of(gateway, provider)
    queue(gateway)
    send_all(sender, provider)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(first_tried_at=database_now(-3601.0)))

    make_replies_due(gateway)
    send_all(sender, provider)

    assert reply(gateway).error == "no-answer: no whole answer: time-out"
    assert len(rows(gateway.engine, "mo_attempt")) == 1


def test_a_late_answer_counts_though_somebody_has_queued_the_reply_again(gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway)
    tried = sender.send(provider, claimed(sender, provider))
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(state="queued", due_at=database_now()))

    sender.record(provider, tried)
    send_all(sender, provider)

    assert (len(provider.sent), reply(gateway).state) == (1, "sent")


def test_a_client_that_crashes_does_not_make_the_whole_queue_unknown(gateway: Gateway) -> None:
    provider = Script([KeyError("a fault of ours")])
    queue(gateway, *(Reply(f"number {n}") for n in range(5)))

    send_all(sender_of(gateway, provider), provider)

    assert [row.state for row in rows(gateway.engine, "mt_message")] == ["unknown", *["queued"] * 4]


def test_what_nobody_sends_by_any_more_is_settled(gateway: Gateway) -> None:
    gone, sender = Script(), sender_of(gateway)
    queue(gateway, Reply("being sent"), Reply("waiting"))
    claimed(sender_of(gateway, gone), gone)
    with gateway.engine.begin() as conn:
        long_ago = database_now(-4000.0)
        conn.execute(update(mt_message).values(due_at=long_ago, expires_at=long_ago))

    sender.look_after()

    assert [(row.state, row.suppressed_reason) for row in rows(gateway.engine, "mt_message")] == [
        ("unknown", None),
        ("suppressed", "expired"),
    ]
    assert all(row.due_at is None for row in rows(gateway.engine, "mt_message"))


def test_tries_have_an_end(gateway: Gateway) -> None:
    provider = Script([LATER])
    sender = sender_of(gateway, provider)
    queue(gateway)

    for _ in range(20):
        make_replies_due(gateway)
        send_all(sender, provider)

    assert len(provider.sent) == gateway.settings.max_attempts
    assert reply(gateway).state == "failed"


def test_trouble_of_the_provider_uses_up_no_tries_and_age_ends_it(gateway: Gateway) -> None:
    provider = Script([AWAY])
    sender = sender_of(gateway, provider)
    queue(gateway)
    for _ in range(20):
        make_replies_due(gateway)
        send_all(sender, provider)
    assert reply(gateway).state == "queued"

    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(expires_at=database_now(-1.0)))
    make_replies_due(gateway)
    send_all(sender, provider)

    assert (reply(gateway).state, reply(gateway).suppressed_reason) == ("suppressed", "expired")


def test_pauses_grow_and_the_provider_may_ask_for_longer_ones(gateway: Gateway) -> None:
    asked = replace(LATER, again_after=timedelta(seconds=500))
    provider = Script([LATER, LATER, asked])
    sender = replace(sender_of(gateway, provider), random=lambda: 0.5)
    queue(gateway)

    pauses = []
    for _ in range(3):
        make_replies_due(gateway)
        send_all(sender, provider)
        with gateway.engine.begin() as conn:
            row = conn.execute(select(mt_message.c.due_at, database_now().label("now"))).one()
        pauses.append(round((row.due_at - row.now).total_seconds()))

    assert pauses == [5, 10, 500]


def test_a_dead_provider_holds_its_own_queue_only(gateway: Gateway) -> None:
    dead, well = Script([AWAY]), Script(name="pswincom")
    sender = sender_of(gateway, dead, well)
    queue(gateway, *(Reply(f"by spryng {n}") for n in range(5)))
    queue(gateway, *(Reply(f"by the other {n}", provider="pswincom") for n in range(5)))

    send_all(sender, dead)
    send_all(sender, well)

    assert (len(dead.sent), len(well.sent)) == (1, 5)
    held = sender.claim(dead)
    assert isinstance(held, timedelta)
    assert held > timedelta(seconds=3)


def test_a_provider_that_is_well_again_is_not_held_any_more(gateway: Gateway) -> None:
    provider = Script([AWAY, SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("one"), Reply("two"))
    send_all(sender, provider)

    make_replies_due(gateway)
    send_all(sender, provider)

    assert {row.state for row in rows(gateway.engine, "mt_message")} == {"sent"}
    assert (own(gateway).failures, own(gateway).held_until, own(gateway).error) == (0, None, None)


def test_calls_that_fail_together_are_one_failure(gateway: Gateway) -> None:
    provider = Script([AWAY])
    sender = sender_of(gateway, provider)
    queue(gateway, *(Reply(f"number {n}") for n in range(4)))
    tries = [sender.send(provider, claimed(sender, provider)) for _ in range(4)]

    for tried in tries:
        sender.record(provider, tried)

    assert own(gateway).failures == 1


def test_after_a_pause_one_reply_is_tried_and_the_others_wait_for_how_it_goes(gateway: Gateway) -> None:
    provider = Script([AWAY, SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(gateway, provider)
    queue(gateway, *(Reply(f"number {n}") for n in range(3)))
    send_all(sender, provider)
    make_replies_due(gateway)

    probe = sender.claim(provider)
    meanwhile = sender.claim(provider)
    assert isinstance(probe, Task)
    sender.record(provider, sender.send(provider, probe))

    assert isinstance(meanwhile, timedelta)
    assert isinstance(sender.claim(provider), Task)
    assert len(provider.sent) == 2


def test_a_probe_that_fails_is_a_failure_more_and_the_pause_is_its_own(gateway: Gateway) -> None:
    provider = Script([AWAY])
    sender = replace(sender_of(gateway, provider), lease=timedelta(hours=5))
    queue(gateway, Reply("one"), Reply("two"))
    send_all(sender, provider)
    make_replies_due(gateway)

    send_all(sender, provider)

    held = sender.claim(provider)
    assert own(gateway).failures == 2
    assert isinstance(held, timedelta)
    assert held < timedelta(minutes=1)


def test_of_many_threads_on_several_hosts_one_tries_a_provider_again(gateway: Gateway) -> None:
    provider = Script([AWAY])
    hosts = [sender_of(gateway, provider) for _ in range(2)]
    queue(gateway, *(Reply(f"number {n}") for n in range(10)))
    send_all(hosts[0], provider)
    make_replies_due(gateway)

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda n: hosts[n % 2].claim(provider), range(16)))

    assert [isinstance(claim, Task) for claim in claims].count(True) == 1


def test_a_probe_that_never_came_to_a_call_leaves_it_to_the_next_one(gateway: Gateway) -> None:
    cannot = not_asked("it has no groups")
    provider = Script([AWAY, cannot, SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(gateway, provider)
    queue(gateway, *(Reply(f"number {n}") for n in range(3)))
    send_all(sender, provider)
    make_replies_due(gateway)

    first = claimed(sender, provider)
    sender.record(provider, sender.send(provider, first))
    second = claimed(sender, provider)

    assert (first.is_probe, second.is_probe) == (True, True)
    assert own(gateway).failures == 1
    assert isinstance(sender.claim(provider), timedelta)


def test_an_answer_to_a_call_from_before_the_trouble_lifts_no_hold(gateway: Gateway) -> None:
    provider = Script([SendResult(outcome=SendOutcome.SENT), AWAY])
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("one"), Reply("two"))
    well, troubled = [sender.send(provider, claimed(sender, provider)) for _ in range(2)]

    sender.record(provider, troubled)
    sender.record(provider, well)

    assert own(gateway).held_until
    assert own(gateway).failures == 1


def test_the_rate_of_a_provider_holds_over_all_processes(gateway: Gateway) -> None:
    provider = Script(rate=1)
    one, other = sender_of(gateway, provider), sender_of(gateway, provider)
    queue(gateway, Reply("one"), Reply("two"))

    claimed(one, provider)
    wait = other.claim(provider)

    assert isinstance(wait, timedelta)
    assert timedelta(seconds=30) < wait <= timedelta(seconds=60)


@pytest.mark.parametrize("whom", ["spryng", standing.ALL])
def test_paused_replies_wait_and_go_out_when_they_are_resumed(gateway: Gateway, whom: str) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway)
    with gateway.engine.begin() as conn:
        standing.set_paused(conn, whom, paused=True)
    send_all(sender, provider)
    assert provider.sent == []

    with gateway.engine.begin() as conn:
        standing.set_paused(conn, whom, paused=False)
    send_all(sender, provider)

    assert len(provider.sent) == 1


def test_resuming_lifts_what_trouble_held_too(gateway: Gateway) -> None:
    provider = Script([AWAY, SendResult(outcome=SendOutcome.SENT)])
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("one"), Reply("two"))
    send_all(sender, provider)

    with gateway.engine.begin() as conn:
        standing.set_paused(conn, standing.ALL, paused=False)
    send_all(sender, provider)

    assert len(provider.sent) == 2


def test_a_text_of_too_many_parts_fails_and_is_never_handed_over(gateway: Gateway) -> None:
    provider = Script(most_parts=3)
    queue(gateway, Reply("x" * 460))

    send_all(sender_of(gateway, provider), provider)

    assert provider.sent == []
    assert reply(gateway).error == "too-long: it has 4 parts, and spryng takes 3 at most"


def test_a_scheduled_reply_waits_for_its_time(gateway: Gateway) -> None:
    provider = Script()
    queue(gateway, Reply("later", at=datetime.now(UTC) + timedelta(hours=1)))

    send_all(sender_of(gateway, provider), provider)

    assert provider.sent == []
    assert reply(gateway).state == "queued"


def test_replies_of_a_provider_without_settings_wait(gateway: Gateway) -> None:
    provider = Script()
    queue(gateway, Reply("hello", provider="intelecom"))

    send_all(sender_of(gateway, provider), provider)

    assert reply(gateway).state == "queued"


def test_credentials_are_taken_out_of_what_a_provider_says(make_settings: MakeSettings, gateway: Gateway) -> None:
    provider = Script(
        [SendResult(outcome=SendOutcome.FAILED, code="200", text="no user jan with hush/hush+1, hush%2Fhush%2B1")]
    )
    sender = replace(sender_of(gateway, provider), secrets=("hush/hush+1",))
    queue(gateway)

    send_all(sender, provider)

    assert reply(gateway).error == "200: no user jan with ***, ***"


def test_an_id_that_echoes_a_credential_is_not_kept(gateway: Gateway) -> None:
    provider = Script([SendResult(outcome=SendOutcome.SENT, provider_id="id of geheim-wachtwoord")])
    sender = replace(sender_of(gateway, provider), secrets=("geheim-wachtwoord", "id"))
    queue(gateway)

    send_all(sender, provider)

    assert reply(gateway).provider_id == "id of ***"


def test_the_number_is_masked_in_what_a_provider_says(gateway: Gateway, log_lines: list[EventDict]) -> None:
    said = "no such subscriber 32412345678: 'hello'"
    provider = Script([SendResult(outcome=SendOutcome.LATER, code="9", text=said, holds=True)])
    queue(gateway)

    send_all(sender_of(gateway, provider), provider)

    assert reply(gateway).error == own(gateway).error == "9: no such subscriber 324••••••78: 'hello'"
    assert "hello" not in str(log_lines)


def test_control_characters_of_a_provider_reach_no_terminal(gateway: Gateway) -> None:
    provider = Script([SendResult(outcome=SendOutcome.FAILED, code="1\x1b[2J", text="a\nb\u202e" + "x" * 1000)])
    queue(gateway)

    send_all(sender_of(gateway, provider), provider)

    error = reply(gateway).error
    assert error.startswith("1\\x1b[2J: a\\nb\\u202ex")
    assert len(error) < 400


def test_no_line_of_the_log_shows_a_number_or_a_text(gateway: Gateway, log_lines: list[EventDict]) -> None:
    provider = Script([REFUSED, LATER, SendResult(outcome=SendOutcome.SENT)])
    queue(gateway, Reply("very private"), Reply("very private too"), Reply("very private three"))

    send_all(sender_of(gateway, provider), provider)

    assert len(log_lines) == 3
    assert not [line for line in log_lines if "32412345678" in str(line) or "private" in str(line)]
