"""The outbox by itself: what is queued of a reply, who may take it, and whose result counts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from mo_gateway import Reply, keys
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.sending import reply_rules
from mo_gateway.message import Message
from mo_gateway.reply import VCard
from mo_gateway.store import opt_outs, outbox
from mo_gateway.store.outbox import Claim, Origin, Rules
from mo_gateway.store.queue import to_message
from mo_gateway.store.tables import mo_message, mt_message
from mo_gateway.store.types import database_now

from .examples import NOW
from .stored import rows, store

PHONE = "32412345678"
TOMORROW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def rules(gateway: Gateway) -> Rules:
    """The rules by the usual settings."""
    return reply_rules(gateway.settings)


def add(gateway: Gateway, *replies: Reply, origin: Origin | None = None, rules: Rules | None = None) -> list[int]:
    """Queue replies, by Spryng and to one phone where they do not say otherwise, and give their numbers."""
    of_hand = Origin(shortcode="4414")
    usual = replace(reply_rules(gateway.settings), provider="spryng")
    filled = [one if one.group or one.to else replace(one, to=PHONE) for one in replies or (Reply("hello"),)]
    with gateway.engine.begin() as conn:
        return outbox.add(conn, filled, origin or of_hand, rules or usual, now=NOW)


def answer(gateway: Gateway, reply: Reply, *, rules: Rules, **changes: str) -> Any:
    """Queue a reply to a stored message, and give its row."""
    origin = Origin(shortcode="4414", keyword="win", message=stored_message(gateway, **changes), handler="thank")
    with gateway.engine.begin() as conn:
        outbox.add(conn, [reply], origin, rules, now=NOW)
    return row_of(gateway)


def stored_message(gateway: Gateway, **changes: str) -> Message:
    """Store the example and give it as a handler gets it."""
    number = store(gateway, **changes)
    with gateway.engine.begin() as conn:
        return to_message(conn.execute(select(mo_message).where(mo_message.c.id == number)).one())


def row_of(gateway: Gateway, number: int | None = None) -> Any:
    """Give the row of a reply; of the last one where no number is given."""
    query = select(mt_message).order_by(mt_message.c.id.desc()).limit(1)
    with gateway.engine.begin() as conn:
        return conn.execute(query if number is None else query.where(mt_message.c.id == number)).one()


def change(gateway: Gateway, number: int, **values: Any) -> None:
    """Write into the row of a reply; a number of seconds is that long from now."""
    moments = {name: database_now(value) if isinstance(value, float) else value for name, value in values.items()}
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).where(mt_message.c.id == number).values(**moments))


def next_due(gateway: Gateway, provider: str = "spryng", *, safe_for: timedelta = timedelta()) -> int | None:
    """Give the number of the reply that would be claimed."""
    with gateway.engine.begin() as conn:
        row = outbox.next_due(conn, provider, repeats_safely_for=safe_for)
        return row.id if row else None


def claim(gateway: Gateway, number: int) -> Claim:
    """Claim a reply for a minute."""
    with gateway.engine.begin() as conn:
        row = conn.execute(select(mt_message).where(mt_message.c.id == number)).one()
        return outbox.claim(conn, row, lease=MINUTE)


def finish(gateway: Gateway, claimed: Claim, **values: Any) -> bool:
    with gateway.engine.begin() as conn:
        return outbox.finish(conn, claimed, **values)


# What is queued


def test_a_reply_is_queued_with_all_that_it_takes_from_its_message(gateway: Gateway, rules: Rules) -> None:
    row = answer(gateway, Reply("thank you"), rules=rules)

    (message,) = rows(gateway.engine, "mo_message")
    queued = {name: value for name, value in row._mapping.items() if value is not None}
    moments = {name: queued.pop(name) for name in ("due_at", "expires_at")}
    assert len(queued.pop("reference")) == 16
    assert queued == {
        "id": row.id,
        "message_id": message.id,
        "handler": "thank",
        "provider": "spryng",
        "msisdn": PHONE,
        "person_key": keys.person_key(rules.person_secret, PHONE),
        "sender": "4414",
        "body": "thank you",
        "parts": 1,
        "state": "queued",
        "attempts": 0,
        "attempt_limit": rules.tries,
        "created_at": NOW,
        "shortcode": "4414",
        "keyword": "win",
        "is_test": False,
    }
    assert abs(moments["expires_at"] - moments["due_at"] - rules.max_age) < timedelta(seconds=1)


def test_what_a_reply_says_goes_before_the_settings_and_those_before_its_message(
    gateway: Gateway, rules: Rules
) -> None:
    set_up = replace(rules, provider="pswincom", sender="26112")
    own = Reply("hello", to="32487654321", sender="Contest", provider="intelecom", reference="R-1")

    by_itself, by_settings = (
        answer(gateway, own, rules=set_up),
        answer(gateway, Reply("hello"), rules=set_up, PARM="2"),
    )

    columns = ("msisdn", "sender", "provider")
    assert [by_itself._mapping[name] for name in columns] == ["32487654321", "Contest", "intelecom"]
    assert by_itself.reference == "R-1"
    assert by_itself.person_key == keys.person_key(rules.person_secret, "32487654321")
    assert [by_settings._mapping[name] for name in columns] == [PHONE, "26112", "pswincom"]


def test_what_is_sent_by_hand_belongs_to_no_message(gateway: Gateway) -> None:
    (number,) = add(gateway, Reply("hello"))

    row = row_of(gateway, number)
    assert (row.message_id, row.handler, row.keyword, row.opt_out_id, row.is_test) == (
        None,
        None,
        None,
        None,
        False,
    )


def test_the_answer_to_a_test_message_is_a_test(gateway: Gateway, rules: Rules) -> None:
    message = replace(stored_message(gateway), is_test=True)

    add(gateway, Reply("hello"), origin=Origin(shortcode="4414", message=message), rules=rules)

    assert row_of(gateway).is_test


def test_a_group_is_a_person_of_its_own_and_has_no_number(gateway: Gateway, rules: Rules) -> None:
    row = answer(gateway, Reply("hello", group="members"), rules=rules)

    assert (row.msisdn, row.options) == ("", {"group": "members"})
    assert row.person_key == keys.person_key(rules.person_secret, "group:members")


def test_each_reply_gets_a_number_and_a_reference_of_its_own(gateway: Gateway) -> None:
    numbers = add(gateway, Reply("one"), Reply("two"))

    queued = rows(gateway.engine, "mt_message")
    assert [(row.id, row.body) for row in queued] == list(zip(numbers, ["one", "two"], strict=True))
    assert queued[0].reference != queued[1].reference


@pytest.mark.parametrize(
    "reply",
    [
        Reply("hello", reference="R-1"),
        Reply(vcard=VCard(name="Ann", mobile="+32412345678", email="ann@example.org"), reference="R-2"),
        Reply(udh="0605040B8423F0", data="0102", reference="R-3"),
        Reply("hello", at=TOMORROW, reference="R-4"),
        Reply("hello", group="members", reference="R-5"),
    ],
    ids=["text", "vcard", "binary", "schedule", "group"],
)
def test_what_is_claimed_is_what_was_queued(gateway: Gateway, reply: Reply) -> None:
    (number,) = add(gateway, reply)

    message = claim(gateway, number).message

    assert (message.id, message.msisdn, message.sender) == (number, "" if reply.group else PHONE, "4414")
    for name in ("text", "vcard", "udh", "data", "at", "group", "reference"):
        assert getattr(message, name) == getattr(reply, name)


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        (Reply("x" * 160), 1),
        (Reply("x" * 161), 2),
        (Reply(data="00" * 140), 1),
        (Reply(data="00" * 141), 2),
        (Reply(data="00" * 268), 2),
        (Reply(data="00" * 269), 3),
        (Reply(udh="00" * 7, data="00" * 133), 1),
        (Reply(udh="00" * 7, data="00" * 134), 2),
        (Reply(vcard=VCard(name="Ann")), None),
    ],
)
def test_parts_are_counted_as_they_are_billed(reply: Reply, parts: int | None) -> None:
    assert outbox.parts_of(reply) == parts


def test_a_text_is_queued_as_it_is_counted(gateway: Gateway, rules: Rules) -> None:
    decomposed = "caf" + "e\u0301" * 140

    add(gateway, Reply(decomposed))
    add(gateway, Reply("\u201cyes\u201d" + "x" * 100), rules=replace(rules, provider="spryng", transliterate=True))
    add(gateway, Reply("\u201cyes\u201d" + "x" * 100))

    queued = [(row.body, row.parts) for row in rows(gateway.engine, "mt_message")]
    assert queued == [("caf" + "\u00e9" * 140, 1), ('"yes"' + "x" * 100, 1), ("\u201cyes\u201d" + "x" * 100, 2)]


def test_a_scheduled_reply_is_due_and_grows_old_from_its_moment_on(gateway: Gateway, rules: Rules) -> None:
    (number,) = add(gateway, Reply("hello", at=TOMORROW))

    row = row_of(gateway, number)
    assert (row.due_at, row.expires_at) == (TOMORROW, TOMORROW + rules.max_age)


def test_a_provider_that_keeps_schedules_gets_a_scheduled_reply_at_once(gateway: Gateway, rules: Rules) -> None:
    keeping = replace(rules, provider="spryng", keep_schedules=frozenset({"spryng"}))
    add(gateway, Reply("hello", at=datetime(2999, 1, 1, tzinfo=UTC)), rules=keeping)

    assert next_due(gateway) is not None
    assert row_of(gateway).expires_at.year < 2999


@pytest.mark.parametrize(
    ("options", "moment"),
    [(None, None), ({}, None), ({"group": "members"}, None), ({"at": TOMORROW.isoformat()}, TOMORROW)],
)
def test_a_reply_waits_for_its_moment_alone(
    rules: Rules, options: Mapping[str, Any] | None, moment: datetime | None
) -> None:
    assert outbox.not_before("spryng", options, rules) == moment
    assert outbox.not_before("spryng", options, replace(rules, keep_schedules=frozenset({"spryng"}))) is None


# Who may take it


def test_there_is_work_where_a_reply_of_that_provider_is_due(gateway: Gateway) -> None:
    def has_due(provider: str) -> bool:
        with gateway.engine.begin() as conn:
            return outbox.has_due(conn, provider)

    assert not has_due("spryng")
    (number,) = add(gateway)

    assert (has_due("spryng"), has_due("pswincom")) == (True, False)
    change(gateway, number, due_at=60.0)
    assert not has_due("spryng")
    change(gateway, number, due_at=None)
    assert not has_due("spryng")


def test_what_is_due_longest_is_next_and_of_equals_the_first(gateway: Gateway) -> None:
    first, second, third, later = add(gateway, *(Reply(str(n)) for n in range(4)))
    for number in (first, second):
        change(gateway, number, due_at=NOW)
    change(gateway, third, due_at=NOW - MINUTE)
    change(gateway, later, due_at=60.0)

    order = []
    while due := next_due(gateway):
        order.append(due)
        change(gateway, due, due_at=None)

    assert order == [third, first, second]


def test_a_provider_gets_its_own_replies_only(gateway: Gateway) -> None:
    add(gateway, Reply("hello", provider="pswincom"))

    assert next_due(gateway, "spryng") is None
    assert next_due(gateway, "pswincom") is not None


@pytest.mark.parametrize("state", ["sent", "failed", "suppressed"])
def test_what_is_settled_is_not_taken_though_it_is_due_and_was_tried_just_now(
    gateway: Gateway, state: str
) -> None:
    (number,) = add(gateway)
    change(gateway, number, state=state, first_tried_at=-1.0)

    assert next_due(gateway, safe_for=HOUR) is None


def test_what_may_be_out_is_taken_again_for_as_long_as_its_provider_knows_it(gateway: Gateway) -> None:
    (number,) = add(gateway)
    change(gateway, number, state="unknown", first_tried_at=-1800.0)

    assert next_due(gateway) is None
    assert next_due(gateway, safe_for=timedelta(minutes=29)) is None
    assert next_due(gateway, safe_for=timedelta(minutes=31)) == number


def test_a_provider_that_knows_what_it_has_had_gets_new_replies_too(gateway: Gateway) -> None:
    (number,) = add(gateway)

    assert next_due(gateway, safe_for=HOUR) == number


def test_a_claim_says_unknown_before_anything_is_sent(gateway: Gateway) -> None:
    (number,) = add(gateway, Reply("x" * 161))
    change(gateway, number, error="busy", error_code="800")

    claimed = claim(gateway, number)

    row = row_of(gateway, number)
    assert (row.state, row.attempts, row.error, row.error_code) == ("unknown", 1, None, None)
    assert row.due_at - row.tried_at == MINUTE
    assert row.first_tried_at == row.tried_at == claimed.first_tried_at
    assert (claimed.provider, claimed.parts, claimed.attempt, claimed.is_repeat) == ("spryng", 2, 1, False)
    assert (claimed.attempt_limit, claimed.opt_out_id) == (row.attempt_limit, None)


def test_a_second_claim_is_a_repeat_and_remembers_the_first(gateway: Gateway) -> None:
    (number,) = add(gateway)
    first = claim(gateway, number)
    change(gateway, number, first_tried_at=NOW)

    again = claim(gateway, number)

    assert (again.attempt, again.is_repeat, again.first_tried_at) == (2, True, NOW)
    assert again.message.reference == first.message.reference


def test_what_was_never_counted_or_named_is_one_part_and_gets_a_reference(gateway: Gateway) -> None:
    (number,) = add(gateway)
    change(gateway, number, parts=None, reference=None)

    claimed = claim(gateway, number)

    assert claimed.parts == 1
    assert len(claimed.message.reference) == 16
    assert row_of(gateway, number).reference == claimed.message.reference


# Who may settle it


def test_a_suppressed_reply_says_why_and_what_may_be_out_stays_unknown(gateway: Gateway) -> None:
    queued, tried = add(gateway, Reply("one"), Reply("two"))
    change(gateway, tried, state="unknown")

    with gateway.engine.begin() as conn:
        for row in conn.execute(select(mt_message)).all():
            outbox.suppress(conn, row, "opt-out")

    settled = [row_of(gateway, number) for number in (queued, tried)]
    assert [row.state for row in settled] == ["suppressed", "unknown"]
    assert [(row.suppressed_reason, row.due_at) for row in settled] == [("opt-out", None)] * 2


def test_a_result_counts_for_the_attempt_that_it_is_of(gateway: Gateway) -> None:
    number, other = add(gateway, Reply("one"), Reply("two"))
    ours = claim(gateway, number)
    claim(gateway, other)

    assert not finish(gateway, replace(ours, attempt=2), state="failed")
    assert row_of(gateway, number).state == "unknown"
    assert finish(gateway, ours, state="failed", due_at=None)
    assert [row_of(gateway, one).state for one in (number, other)] == ["failed", "unknown"]


@pytest.mark.parametrize(
    ("state", "result", "counts"),
    [
        ("unknown", "failed", True),
        ("sent", "failed", False),
        ("queued", "failed", False),
        ("suppressed", "failed", False),
        ("unknown", "sent", True),
        ("sent", "sent", True),
        ("queued", "sent", True),
        ("suppressed", "sent", False),
        ("failed", "sent", False),
    ],
)
def test_what_was_sent_is_sent_and_nothing_else_undoes_what_is_settled(
    gateway: Gateway, state: str, result: str, counts: bool
) -> None:
    (number,) = add(gateway)
    claimed = claim(gateway, number)
    change(gateway, number, state=state)

    assert finish(gateway, claimed, state=result) is counts
    assert row_of(gateway, number).state == (result if counts else state)


def test_a_claim_whose_lease_is_over_is_given_up_with_an_attempt_that_says_so(gateway: Gateway) -> None:
    lost, running, of_another = add(gateway, Reply("1"), Reply("2"), Reply("3", provider="pswincom"))
    for number in (lost, running, of_another):
        claim(gateway, number)
    for number in (lost, of_another):
        change(gateway, number, due_at=-1.0)

    with gateway.engine.begin() as conn:
        assert outbox.abandoned(conn, "spryng", repeats_safely_for=timedelta()) == [lost]
        assert outbox.abandoned(conn, "spryng", repeats_safely_for=timedelta()) == []

    row = row_of(gateway, lost)
    assert (row.state, row.due_at) == ("unknown", None)
    assert row.error == "nobody recorded a result: the process ended, or stood still beyond its lease"
    (attempt,) = rows(gateway.engine, "mo_attempt")
    assert (attempt.mt_message_id, attempt.number, attempt.outcome) == (lost, 1, "unknown")
    assert (attempt.error, attempt.duration_ms) == (row.error, None)
    assert row_of(gateway, running).due_at is not None
    assert row_of(gateway, of_another).due_at is not None


def test_what_an_earlier_try_has_shown_is_not_overwritten_when_a_reply_is_given_up(gateway: Gateway) -> None:
    (number,) = add(gateway)
    claim(gateway, number)
    change(gateway, number, due_at=-1.0, error="no-answer: time-out")

    with gateway.engine.begin() as conn:
        assert outbox.abandoned(conn, "spryng", repeats_safely_for=timedelta()) == []

    row = row_of(gateway, number)
    assert (row.due_at, row.error) == (None, "no-answer: time-out")
    assert rows(gateway.engine, "mo_attempt") == []


def test_a_claim_is_not_given_up_while_its_provider_still_knows_the_reference(gateway: Gateway) -> None:
    (number,) = add(gateway)
    claim(gateway, number)
    change(gateway, number, due_at=-1.0, first_tried_at=-1800.0)

    with gateway.engine.begin() as conn:
        assert outbox.abandoned(conn, "spryng", repeats_safely_for=timedelta(minutes=31)) == []
        assert outbox.abandoned(conn, "spryng", repeats_safely_for=timedelta(minutes=29)) == [number]


def test_what_nobody_sends_by_any_more_is_settled_an_hour_later(gateway: Gateway) -> None:
    old, young, lost, just_lost, held = add(gateway, *(Reply(str(n), provider="gone") for n in range(5)))
    change(gateway, old, expires_at=-3660.0)
    change(gateway, young, expires_at=-3540.0, due_at=-3660.0)
    for number, due_at in ((lost, -3660.0), (just_lost, -3540.0)):
        claim(gateway, number)
        change(gateway, number, due_at=due_at)
    change(gateway, just_lost, expires_at=-3660.0)
    change(gateway, held, due_at=None, expires_at=-3660.0)

    with gateway.engine.begin() as conn:
        assert outbox.left_behind(conn) == [lost]

    states = {number: row_of(gateway, number) for number in (old, young, lost, just_lost, held)}
    assert [row.state for row in states.values()] == ["suppressed", "queued", "unknown", "unknown", "queued"]
    assert (states[old].suppressed_reason, states[old].due_at) == ("expired", None)
    assert [states[number].due_at is None for number in (young, lost, just_lost)] == [False, True, False]


@pytest.mark.parametrize(("duration", "milliseconds"), [(None, None), (timedelta(seconds=1.2346), 1235)])
def test_a_try_is_noted_as_it_was(gateway: Gateway, duration: timedelta | None, milliseconds: int | None) -> None:
    (number,) = add(gateway)

    with gateway.engine.begin() as conn:
        outbox.add_attempt(
            conn, number, 3, started_at=NOW, duration=duration, outcome="later", error="800: technical error"
        )

    (attempt,) = rows(gateway.engine, "mo_attempt")
    assert (attempt.mt_message_id, attempt.handling_id, attempt.number) == (number, None, 3)
    assert (attempt.outcome, attempt.error) == ("later", "800: technical error")
    assert attempt.duration_ms == milliseconds
    assert str(attempt.started_at).startswith("2026-11-22 14:02:11.123")


# What went out lately


@pytest.mark.parametrize(
    ("changes", "is_counted"),
    [
        ({}, True),
        ({"state": "unknown"}, True),
        ({"state": "queued"}, False),
        ({"state": "failed"}, False),
        ({"tried_at": -3540.0}, True),
        ({"tried_at": -3660.0}, False),
        ({"shortcode": "5000"}, False),
        ({"person_key": b"somebody else's!"}, False),
        ({"body": "another text"}, True),
    ],
    ids=str,
)
def test_replies_to_one_person_on_one_shortcode_are_counted(
    gateway: Gateway, changes: dict[str, Any], is_counted: bool
) -> None:
    before, asking = add(gateway, Reply("hello"), Reply("hello"))
    change(gateway, before, **{"state": "sent", "tried_at": -1.0, **changes})
    change(gateway, asking, state="unknown", tried_at=-1.0)

    with gateway.engine.begin() as conn:
        assert outbox.gone_to(conn, row_of_in(conn, asking), within=HOUR) == is_counted


def test_the_same_text_is_counted_by_itself(gateway: Gateway) -> None:
    numbers = add(gateway, Reply("hello"), Reply("hello"), Reply("another text"), Reply("one more"))
    for number in numbers:
        change(gateway, number, state="sent", tried_at=-1.0)

    with gateway.engine.begin() as conn:
        assert outbox.gone_to(conn, row_of_in(conn, numbers[0]), within=HOUR, same_text=True) == 1
        assert outbox.gone_to(conn, row_of_in(conn, numbers[0]), within=HOUR) == 3


def test_confirmations_are_counted_by_themselves(gateway: Gateway, rules: Rules) -> None:
    with gateway.engine.begin() as conn:
        person = keys.person_key(rules.person_secret, PHONE)
        stop = opt_outs.add(
            conn,
            person_key=person,
            msisdn=PHONE,
            shortcode="4414",
            keywords=(),
            word="STOP",
            now=NOW,
            message_id=None,
        )
    replies = add(gateway, *(Reply(str(n)) for n in range(3)))
    confirmations = add(
        gateway, Reply("stopped"), Reply("stopped"), origin=Origin(shortcode="4414", opt_out_id=stop)
    )
    for number in (*replies, *confirmations):
        change(gateway, number, state="sent", tried_at=-1.0)

    with gateway.engine.begin() as conn:
        assert outbox.gone_to(conn, row_of_in(conn, replies[0]), within=HOUR) == 2
        assert outbox.gone_to(conn, row_of_in(conn, confirmations[0]), within=HOUR) == 1
    assert claim(gateway, confirmations[0]).opt_out_id == stop


def row_of_in(conn: Any, number: int) -> Any:
    return conn.execute(select(mt_message).where(mt_message.c.id == number)).one()
