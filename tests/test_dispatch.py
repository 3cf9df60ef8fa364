"""Dispatch: a handler runs, and its replies are there exactly when its message is done."""

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select
from structlog.typing import EventDict

from mo_gateway import Message, Reply, dispatch, keys, keyword
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store.tables import mo_handling
from mo_gateway.store.types import database_now

from .conftest import MakeSettings
from .handling import NOON, captured_log, dispatcher_of, handle_all
from .stored import make_due, replies, rows, states, store


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    return captured_log(monkeypatch, dispatch)


def returning(value: Any) -> Callable[..., Any]:
    @keyword("WIN", name="test")
    def handler(message: Message) -> Any:
        return value

    return handler


@pytest.mark.parametrize(
    ("returned", "queued"),
    [
        pytest.param("hello", ["hello"], id="str"),
        pytest.param(Reply("hello"), ["hello"], id="Reply"),
        pytest.param(["one", Reply("two"), None], ["one", "two"], id="list"),
        pytest.param(None, [], id="None"),
        pytest.param([], [], id="empty list"),
    ],
)
def test_what_a_handler_returns_is_queued(gateway: Gateway, returned: Any, queued: list[str]) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, returning(returned)))

    assert states(gateway.engine) == ["done"]
    assert replies(gateway.engine) == queued


def test_a_handler_may_yield_its_replies(gateway: Gateway) -> None:
    @keyword("WIN")
    def handler(message: Message) -> Iterator[str]:
        yield f"you said {message.parm}"
        yield "goodbye"

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert replies(gateway.engine) == ["you said ON", "goodbye"]


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(7, id="int"),
        pytest.param(b"hello", id="bytes"),
        pytest.param({"text": "hello"}, id="dict"),
        pytest.param("", id="empty text"),
        pytest.param(["good", 7], id="one of several"),
        pytest.param("no\x00one sends NUL", id="NUL"),
        pytest.param("half \ud83d an emoji", id="surrogate"),
    ],
)
def test_a_wrong_reply_is_a_failed_try_and_sends_nothing(gateway: Gateway, returned: Any) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, returning(returned)))

    assert states(gateway.engine) == ["failed"]
    assert replies(gateway.engine) == []


def test_a_wrong_type_is_named(gateway: Gateway) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, returning(7)))

    (row,) = rows(gateway.engine, "mo_handling")
    assert row.error.startswith("HandlerError: the handler test returned int; it may return str, Reply, ")


def test_one_result_that_the_database_refuses_does_not_take_others_along(gateway: Gateway) -> None:
    @keyword("WIN")
    def handler(message: Message) -> str:
        return "half \ud83d an emoji" if message.parm == "BAD" else "fine"

    for n, parm in enumerate(["ON", "BAD", "ON"]):
        store(gateway, MSISDN=f"32400{n:06}", PARM=parm)
    dispatcher = dispatcher_of(gateway, handler)
    finished = [done for claim in dispatcher.claim(10) if (done := dispatcher.run(claim))]

    dispatcher.exchange(finished, 0)

    assert states(gateway.engine) == ["done", "failed", "done"]
    assert replies(gateway.engine) == ["fine", "fine"]


class Forged(Reply):
    """A Reply that gets round its own checks."""

    def __post_init__(self) -> None:
        """Check nothing."""


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(Forged(5), id="number"),  # type: ignore[arg-type]
        pytest.param(Forged(b"hello"), id="bytes"),  # type: ignore[arg-type]
        pytest.param(Forged("hello", at=datetime.max.replace(tzinfo=UTC)), id="the last moment there is"),
    ],
)
def test_a_result_that_cannot_even_be_written_down_is_a_failed_try(gateway: Gateway, forged: Reply) -> None:
    @keyword("WIN")
    def handler(message: Message) -> str | Reply:
        return forged if message.parm == "BAD" else "fine"

    for n, parm in enumerate(["ON", "BAD"]):
        store(gateway, MSISDN=f"32400{n:06}", PARM=parm)
    dispatcher = dispatcher_of(gateway, handler)
    finished = [done for claim in dispatcher.claim(10) if (done := dispatcher.run(claim))]

    dispatcher.exchange(finished, 0)

    assert states(gateway.engine) == ["done", "failed"]
    assert rows(gateway.engine, "mo_handling")[1].error.startswith("its result cannot be stored: ")
    assert replies(gateway.engine) == ["fine"]


def test_a_provider_that_is_not_there_is_named_with_those_that_are(gateway: Gateway) -> None:
    store(gateway)

    handle_all(dispatcher_of(gateway, returning(Reply("hello", provider="sprnyg"))))

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.error) == (
        "failed",
        "HandlerError: the handler test replies by sprnyg, and no provider has that name;"
        " there are spryng, connectcall, sms1601, pswincom, intelecom",
    )


def test_a_message_that_cannot_even_be_read_is_a_failed_try(gateway: Gateway) -> None:
    def refuse(message: Message) -> bool:
        raise RuntimeError("no luck")

    store(gateway, KEYWORD="OTHER")

    handle_all(replace(dispatcher_of(gateway, returning("hello")), is_wish=refuse))

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.handler, row.error) == ("failed", None, "RuntimeError: no luck")


def test_a_plain_reply_goes_back_where_its_message_came_from(gateway: Gateway) -> None:
    message_id = store(gateway)

    handle_all(dispatcher_of(gateway, returning("hello")))

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.message_id, row.handler, row.provider) == (message_id, "test", "spryng")
    assert (row.msisdn, row.sender, row.body) == ("32412345678", "4414", "hello")
    assert len(row.reference) == 16
    assert row.person_key == keys.person_key(b"test-person-secret", "32412345678")
    assert (row.udh, row.data, row.provider_id, row.error_code, row.parts) == (None, None, None, None, 1)
    assert (row.state, row.suppressed_reason, row.attempts, row.sent_at) == ("queued", None, 0, None)
    assert row.due_at
    assert str(row.created_at).startswith("2026-11-22 12:00:00")


def test_a_reply_may_say_where_it_goes_and_how(gateway: Gateway) -> None:
    store(gateway)
    reply = Reply("hello", to="32499999999", sender="Contest", provider="pswincom", reference="R1")

    handle_all(dispatcher_of(gateway, returning(reply)))

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.msisdn, row.sender, row.provider, row.reference) == ("32499999999", "Contest", "pswincom", "R1")
    assert row.person_key == keys.person_key(b"test-person-secret", "32499999999")


def test_a_handler_gets_the_stored_message_and_cannot_change_it(gateway: Gateway) -> None:
    got: list[Message] = []

    @keyword("WIN")
    def handler(message: Message) -> None:
        got.append(message)
        message.parm = "changed"  # type: ignore[misc]

    message_id = store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    assert (got[0].id, got[0].attempt, got[0].text, got[0].shortcode) == (message_id, 1, "WIN ON", "4414")
    assert got[0].sent_at == datetime(2004, 2, 8, 14, 25, 44, tzinfo=UTC)
    (row,) = rows(gateway.engine, "mo_handling")
    assert row.error.startswith(FrozenInstanceError.__name__)


def test_a_handler_that_raises_is_tried_again_after_longer_and_longer_pauses(
    database_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(database_url, RETRY_DELAY="100"))
    attempts = []

    @keyword("WIN")
    def handler(message: Message) -> None:
        attempts.append(message.attempt)
        raise RuntimeError("no luck")

    store(gateway)
    dispatcher = dispatcher_of(gateway, handler)
    pauses = []
    for _ in range(3):
        handle_all(dispatcher)
        pauses.append(pause_of(gateway.engine))
        make_due(gateway.engine)

    assert attempts == [1, 2, 3]
    for pause, seconds in zip(pauses, (100, 200, 400), strict=True):
        assert seconds - 50 < pause <= seconds
    tries = rows(gateway.engine, "mo_attempt")
    assert [(each.number, each.outcome) for each in tries] == [(1, "failed"), (2, "failed"), (3, "failed")]
    assert {each.error for each in tries} == {"RuntimeError: no luck"}
    gateway.close()


def pause_of(engine: Engine) -> float:
    with engine.begin() as conn:
        row = conn.execute(select(mo_handling.c.due_at, database_now().label("now"))).one()
    return float((row.due_at - row.now).total_seconds())


def test_a_message_that_failed_before_and_is_handled_now_is_done(gateway: Gateway) -> None:
    @keyword("WIN")
    def handler(message: Message) -> str:
        if message.attempt == 1:
            raise RuntimeError("no luck")
        return f"at try {message.attempt}"

    store(gateway)
    dispatcher = dispatcher_of(gateway, handler)
    handle_all(dispatcher)
    make_due(gateway.engine)

    handle_all(dispatcher)

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.attempts, row.error, row.due_at) == ("done", 2, None, None)
    assert replies(gateway.engine) == ["at try 2"]


def test_after_its_last_try_a_message_is_dead(database_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(database_url, MAX_ATTEMPTS="2"))

    @keyword("WIN")
    def handler(message: Message) -> None:
        raise RuntimeError("no luck")

    store(gateway)
    for _ in range(4):
        handle_all(dispatcher_of(gateway, handler))
        make_due(gateway.engine)

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.attempts, row.due_at, row.error) == ("dead", 2, None, "RuntimeError: no luck")
    assert row.finished_at
    assert [each.outcome for each in rows(gateway.engine, "mo_attempt")] == ["failed", "dead"]
    gateway.close()


def test_a_message_that_its_workers_did_not_live_through_is_dead_and_not_tried_again(
    database_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(database_url, MAX_ATTEMPTS="2"))
    runs = []

    @keyword("WIN")
    def handler(message: Message) -> None:
        runs.append(message.attempt)

    store(gateway)
    dispatcher = dispatcher_of(gateway, handler)
    for _ in range(2):
        dispatcher.claim(1)  # and the worker dies
        make_due(gateway.engine)

    handle_all(dispatcher)

    (row,) = rows(gateway.engine, "mo_handling")
    assert runs == []
    assert (row.state, row.due_at) == ("dead", None)
    assert row.error == "given up: no worker lived through its 2 attempts"
    gateway.close()


def test_a_message_that_no_handler_takes_is_unrouted(gateway: Gateway) -> None:
    store(gateway, KEYWORD="OTHER")

    handle_all(dispatcher_of(gateway, returning("hello")))

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.handler, row.due_at, row.error) == ("unrouted", None, None, None)
    assert replies(gateway.engine) == []


@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_handler_that_exits_has_failed(gateway: Gateway, exit_code: int) -> None:
    @keyword("WIN")
    def handler(message: Message) -> None:
        raise SystemExit(exit_code)

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    (row,) = rows(gateway.engine, "mo_handling")
    assert (row.state, row.error) == ("failed", f"SystemExit: {exit_code}")


def test_a_lost_claim_takes_its_replies_along(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, returning("hello"))
    (ours,) = dispatcher.claim(1)
    make_due(gateway.engine)
    (theirs,) = dispatcher.claim(1)

    dispatcher.handle(ours)
    after_ours = replies(gateway.engine)
    dispatcher.handle(theirs)

    assert after_ours == []
    assert replies(gateway.engine) == ["hello"]
    assert [row.number for row in rows(gateway.engine, "mo_attempt")] == [2]


def test_of_a_try_that_is_left_behind_and_ends_after_all_what_was_said_first_counts(gateway: Gateway) -> None:
    store(gateway)
    dispatcher = dispatcher_of(gateway, returning("hello"))
    (claim,) = dispatcher.claim(1)
    left_behind = dispatcher.failed(claim, "test", NOON, "too slow")
    ended = dispatcher.run(claim)
    assert ended

    dispatcher.exchange([left_behind, ended], 0)

    assert states(gateway.engine) == ["failed"]
    assert replies(gateway.engine) == []
    assert [row.outcome for row in rows(gateway.engine, "mo_attempt")] == ["failed"]


@pytest.mark.parametrize("parm", ["ON", "FAIL"])
def test_log_lines_hold_no_number_and_no_text(gateway: Gateway, log_lines: list[EventDict], parm: str) -> None:
    @keyword("WIN")
    def handler(message: Message) -> str:
        if message.parm == "FAIL":
            raise RuntimeError("no luck")
        return "a secret reply"

    store(gateway, PARM=parm)
    store(gateway, PARM=parm, KEYWORD="UNROUTED", MSISDN="32498765432")

    handle_all(dispatcher_of(gateway, handler))

    written = str([{**line, "exc_info": None} for line in log_lines])
    assert len(log_lines) >= 2
    assert not any(secret in written for secret in ("32412345678", "32498765432", parm, "a secret reply"))
    assert "324••••••32" in written


def test_a_hostile_exception_text_is_kept_in_one_harmless_line_and_not_logged(
    gateway: Gateway, log_lines: list[EventDict]
) -> None:
    @keyword("WIN")
    def handler(message: Message) -> None:
        raise RuntimeError("one\ntwo\x1b[31m red \x00 \u202e backwards \ud83d half" + "!" * 1000)

    store(gateway)

    handle_all(dispatcher_of(gateway, handler))

    harmless = r"RuntimeError: one two\x1b[31m red \x00 \u202e backwards \ud83d half!!!"
    (row,) = rows(gateway.engine, "mo_handling")
    (line,) = [line for line in log_lines if line["event"] == "failed"]
    assert row.error.startswith(harmless)
    assert len(row.error) == 500
    assert line["error"] == "RuntimeError"  # its words may quote the message: they stay in the database


@pytest.mark.parametrize("transliterate", ["0", "1"])
def test_a_reply_with_a_letter_that_makes_it_dearer_is_told_of(
    database_url: str, make_settings: MakeSettings, log_lines: list[EventDict], transliterate: str
) -> None:
    gateway = open_gateway(make_settings(database_url, TRANSLITERATE=transliterate))
    store(gateway)

    handle_all(dispatcher_of(gateway, returning("e" * 100 + "👍")))

    gateway.close()
    (line,) = [line for line in log_lines if line["event"] == "reply costs more than it need"]
    assert "U+1F44D" in line["reason"]
