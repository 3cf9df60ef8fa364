"""`send`: an SMS by hand goes the way of a reply, and whoever waits learns what became of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result

from mo_gateway.gateway import Gateway
from mo_gateway.reply import SendOutcome, SendResult, VCard
from mo_gateway.store import standing

from .commands import HOSTILE, RAW_HOSTILE, interrupt, invoke
from .sending import SENT, Script, send_all, sender_of
from .stored import rows

TO = ("--to", "32412345678", "--sender", "4414", "--provider", "spryng")

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway) -> Run:
    """A function that runs `mo-gateway send …`."""

    def run(*arguments: str, **changes: str) -> Result:
        return invoke(gateway, "send", *arguments, **changes)

    return run


@pytest.fixture
def provider(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Script:
    """A provider that sends what is due whenever somebody who waits would look again."""
    provider = Script()
    sender = sender_of(gateway, provider)
    monkeypatch.setattr("mo_gateway.cli.send.sleep", lambda _seconds: send_all(sender, provider))
    return provider


def test_an_sms_is_queued_for_the_running_gateway(gateway: Gateway, run: Run) -> None:
    result = run(*TO, "Your parcel is here")

    assert (result.stdout, result.exit_code) == ("Reply 1 is queued.\n", 0)
    (row,) = rows(gateway.engine, "mt_message")
    assert (row.msisdn, row.sender, row.shortcode, row.provider) == ("32412345678", "4414", "4414", "spryng")
    assert (row.body, row.parts, row.state) == ("Your parcel is here", 1, "queued")
    assert (row.message_id, row.handler, bool(row.is_test)) == (None, None, False)


def test_whoever_waits_learns_that_it_was_sent(run: Run, provider: Script) -> None:
    result = run(*TO, "hello", "--wait")

    assert result.stdout == "Reply 1 is queued.\nReply 1 is sent.\n"
    assert result.exit_code == 0
    assert [message.text for message in provider.sent] == ["hello"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            SendResult(outcome=SendOutcome.FAILED, code="203", text="32412345678 is no number"),
            "Reply 1 is failed: 203: 324••••••78 is no number.",
        ),
        (SendResult(outcome=SendOutcome.UNKNOWN, text="time-out"), "Reply 1 is unknown: time-out."),
    ],
)
def test_whoever_waits_learns_that_it_was_not_sent_and_why(
    run: Run, provider: Script, answer: SendResult, said: str
) -> None:
    provider.answers = [answer]

    result = run(*TO, "hello", "--wait")

    assert result.stdout.splitlines()[-1] == said
    assert result.exit_code == 6


def test_stop_holds_for_what_is_sent_by_hand_too(gateway: Gateway, run: Run, provider: Script) -> None:
    invoke(gateway, "optouts", "add", "32412345678", "--shortcode", "4414")

    result = run(*TO, "hello", "--wait")

    assert result.stdout.splitlines()[-1] == "Reply 1 is suppressed: opt-out."
    assert (result.exit_code, provider.sent) == (6, [])


def test_waiting_ends_although_nobody_sends(
    gateway: Gateway, run: Run, provider: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mo_gateway.cli.send.PATIENCE", 0.0)
    with gateway.engine.begin() as conn:
        standing.set_paused(conn, standing.ALL, paused=True)

    result = run(*TO, "hello", "--wait")

    assert result.stdout.splitlines()[-1] == "Reply 1 is queued."
    assert "Is `mo-gateway run` at work" in result.stderr
    assert result.exit_code == 6


def test_ctrl_c_ends_the_waiting_and_leaves_the_sms(
    gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mo_gateway.cli.send.sleep", interrupt)

    assert run(*TO, "hello", "--wait").exit_code == 130
    assert rows(gateway.engine, "mt_message")[0].state == "queued"


def test_json_says_in_the_end_what_became_of_it(run: Run, provider: Script) -> None:
    provider.answers = [SendResult(outcome=SendOutcome.FAILED, code="203", text="no number"), SENT]

    failed, queued = run(*TO, "one", "--wait", "--json"), run(*TO, "two", "--json")

    assert json.loads(failed.stdout) == {
        "id": 1,
        "state": "failed",
        "suppressed_reason": None,
        "error_code": "203",
        "error": "203: no number",
    }
    assert (json.loads(queued.stdout)["state"], queued.exit_code) == ("queued", 0)


def test_a_providers_words_cannot_draw_on_the_terminal(run: Run, provider: Script) -> None:
    provider.answers = [SendResult(outcome=SendOutcome.FAILED, code=HOSTILE, text=HOSTILE)]

    output = run(*TO, "hello", "--wait").output

    assert not [character for character in RAW_HOSTILE if character in output]


def test_a_card_bytes_and_a_group_reach_the_provider(run: Run, provider: Script) -> None:
    run("--vcard", "Jan", "--mobile", "32412345678", "--email", "jan@example.org", *TO, "--wait")
    run("--udh", "060504", "--data", "c0ffee", *TO, "--wait")
    run("--group", "klanten", "--sender", "Winkel", "--provider", "spryng", "hello all", "--wait")

    card, binary, group = provider.sent
    assert card.vcard == VCard(name="Jan", mobile="32412345678", email="jan@example.org")
    assert (binary.udh, binary.data) == ("060504", "c0ffee")
    assert (group.group, group.msisdn, group.text) == ("klanten", "", "hello all")


@pytest.mark.parametrize(
    ("written", "at"),
    [("2h", timedelta(hours=2)), ("7d", timedelta(days=7)), ("2099-01-01T12:00+00:00", None)],
)
def test_an_sms_for_later_waits_for_its_time(
    gateway: Gateway, run: Run, written: str, at: timedelta | None
) -> None:
    began = datetime.now(UTC)

    assert run(*TO, "later", "--at", written).exit_code == 0

    provider = Script()
    send_all(sender_of(gateway, provider), provider)
    (row,) = rows(gateway.engine, "mt_message")
    due = datetime.fromisoformat(str(row.due_at))
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    meant = began + at if at else datetime(2099, 1, 1, 12, tzinfo=UTC)
    assert abs(due - meant) < timedelta(minutes=1)
    assert provider.sent == []


@pytest.mark.parametrize(
    ("arguments", "changes", "expected"),
    [
        ((), {"REPLY_PROVIDER": "pswincom"}, "pswincom"),
        ((), {"CONNECTCALL_LOGIN": "user", "CONNECTCALL_PASSWORD": "x"}, "connectcall"),
        (("--provider", "sms1601"), {"REPLY_PROVIDER": "pswincom"}, "sms1601"),
    ],
)
def test_the_provider_is_the_one_named_or_set_or_the_only_one(
    gateway: Gateway, run: Run, arguments: tuple[str, ...], changes: dict[str, str], expected: str
) -> None:
    run("--to", "32412345678", "hello", *arguments, **changes, REPLY_SENDER="Winkel")

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.provider, row.sender) == (expected, "Winkel")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hello", "--sender", "4414", "--provider", "spryng"], "Say who gets it"),
        (["hello", "--to", "32412345678", "--provider", "spryng"], "Say what the handset shows"),
        (["hello", "--to", "32412345678", "--sender", "4414"], "Say who sends it"),
        (["hello", "--to", "+32412345678"], "6 to 15 digits"),
        (["hello", *TO, "--group", "klanten"], "not to both"),
        ([*TO], "needs a text"),
        (["hello", *TO, "--data", "00"], "one of them"),
        ([*TO, "--data", "0g"], "hex digits"),
        ([*TO, "--udh", "00"], "needs a text"),
        (["hello", *TO, "--mobile", "32412345678"], "--vcard NAME"),
        (["hello", *TO, "--at", "2020-01-01"], "is past"),
        (["hello", *TO, "--at", "tomorrow"], "is no time"),
        (["hello", *TO, "--at", "2h", "--wait"], "leave it out"),
        (["h\udcffllo", *TO], "not UTF-8"),
        (["h\0llo", *TO], "NUL"),
        (["hello", *TO, "--sender", "44\x0014"], "NUL"),
        (["hello", *TO, "--provider", "nobody"], "not one of"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_queued(
    gateway: Gateway, run: Run, arguments: list[str], said: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert rows(gateway.engine, "mt_message") == []


@pytest.mark.parametrize("transliterate", ["0", "1"])
def test_whoever_sends_is_told_which_letter_makes_it_dearer(run: Run, transliterate: str) -> None:
    result = run(*TO, "e" * 100 + "👍", TRANSLITERATE=transliterate)

    assert "It costs more than it need: U+1F44D" in result.stderr
