"""`scheduled` and `credit`: what a provider keeps, and how we stand with it, asked of fakes that behave."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import update

from mo_gateway import takeout
from mo_gateway.cli import scheduled
from mo_gateway.fakes.connectcall import FakeConnectCall
from mo_gateway.fakes.server import FakeServer, Trouble, running
from mo_gateway.fakes.sms1601 import FakeSms1601
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.sending import open_senders, sender_with, takeouts_with
from mo_gateway.keys import person_key
from mo_gateway.metrics import Metrics
from mo_gateway.providers.sms1601 import Sms1601Sender, Told
from mo_gateway.store.tables import mt_message

from .commands import HOSTILE, RAW_HOSTILE, invoke, table
from .conftest import settings_for
from .handling import captured_log
from .postgres import free_port
from .sending import make_replies_due, send_all
from .stored import audit_trail, rows

PHONE, OTHER = "32412345678", "31612345678"
LOGIN = {"USERNAME": "user", "PASSWORD": "geheim-wachtwoord"}


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A 1601SMS with an empty outbox."""
    with running(FakeSms1601()) as server:
        yield server


@pytest.fixture
def gateway(database_url: str, fake: FakeServer) -> Iterator[Gateway]:
    """A gateway that leaves what is for later to 1601SMS."""
    gateway = open_gateway(settings_for(database_url, **variables(fake)))
    yield gateway
    gateway.close()


def variables(fake: FakeServer) -> dict[str, str]:
    """Give the settings that send by the fake."""
    given = {"URL": f"{fake.url}/module/", **LOGIN, "SCHEDULE": "1"}
    return {f"SMS1601_{name}": value for name, value in given.items()}


def schedule(gateway: Gateway, fake: FakeServer, *, to: str = PHONE, text: str = "later") -> int:
    """Hand an SMS for tomorrow to the outbox, and give its number."""
    recipient = ("--to", to, "--sender", "Winkel", "--at", "1d")
    queued = run(gateway, fake, "send", text, *recipient, "--json")
    senders = open_senders(gateway.settings)
    sender = sender_with(senders, gateway.settings, gateway.engine, metrics=Metrics())
    make_replies_due(gateway)  # the one before has used up the rate of this moment
    send_all(sender, senders["sms1601"])
    reply_id: int = json.loads(queued.stdout)["id"]
    return reply_id


def run(gateway: Gateway, fake: FakeServer, *arguments: str | int, **changes: str) -> Result:
    return invoke(gateway, *arguments, **{**variables(fake), **changes})


def outbox(fake: FakeServer) -> list[str]:
    """Give the numbers whose SMS lie in the outbox."""
    played: Any = fake.fake
    return [taken.to for scheduled in played.outbox.values() for taken in scheduled.messages]


def states(gateway: Gateway) -> list[tuple[str, str | None]]:
    return [(row.state, row.suppressed_reason) for row in rows(gateway.engine, "mt_message")]


def test_what_lies_in_the_outbox_is_listed_masked_with_its_time(gateway: Gateway, fake: FakeServer) -> None:
    reply_id = schedule(gateway, fake)

    result = run(gateway, fake, "scheduled", "list")
    found = json.loads(run(gateway, fake, "scheduled", "list", "--json", "--reveal").stdout)

    headers, row = table(result)
    assert headers == ["ID", "AT (Brussels)", "TO", "FROM", "TEXT", "OUTBOX ID"]
    assert (row[0], row[2:5]) == (str(reply_id), ["324••••••78", "Winkel", "later"])
    assert (found["msisdn"], found["outbox_id"]) == (PHONE, row[5])
    assert PHONE not in result.output


def test_what_draws_on_a_terminal_is_listed_as_escapes(gateway: Gateway, fake: FakeServer) -> None:
    schedule(gateway, fake)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(body=HOSTILE))

    for options in ([], ["--json"]):
        output = run(gateway, fake, "scheduled", "list", *options).output
        assert not [character for character in RAW_HOSTILE if character in output]


def round_of_takeouts(gateway: Gateway, fake: FakeServer, **changes: str) -> None:
    given = {**variables(fake), **changes}
    settings = settings_for(str(gateway.settings.database_url), **given)
    for one in takeouts_with(open_senders(settings), gateway.engine):
        one.look_after()


def test_what_lies_there_for_somebody_who_says_stop_is_taken_out(gateway: Gateway, fake: FakeServer) -> None:
    schedule(gateway, fake)
    schedule(gateway, fake, to=OTHER)
    round_of_takeouts(gateway, fake)
    assert sorted(outbox(fake)) == sorted([PHONE, OTHER])

    run(gateway, fake, "optouts", "add", PHONE)
    round_of_takeouts(gateway, fake)

    assert outbox(fake) == [OTHER]
    assert states(gateway) == [("suppressed", "withdrawn"), ("sent", None)]


def test_what_cannot_be_taken_out_yet_is_tried_again(
    gateway: Gateway, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = captured_log(monkeypatch, takeout)
    schedule(gateway, fake)
    run(gateway, fake, "optouts", "add", PHONE)

    round_of_takeouts(gateway, fake, SMS1601_PASSWORD="another-one")
    fake.troubles.append(Trouble.CLOSE)
    round_of_takeouts(gateway, fake)
    assert (outbox(fake), states(gateway)) == ([PHONE], [("sent", None)])
    round_of_takeouts(gateway, fake)

    assert outbox(fake) == []
    assert [line["event"] for line in lines] == [
        *["cannot take it out of the outbox"] * 2,
        "taken out of the outbox",
    ]
    assert PHONE not in str(lines)


def test_what_has_gone_out_of_the_outbox_is_left(gateway: Gateway, fake: FakeServer) -> None:
    schedule(gateway, fake)
    run(gateway, fake, "optouts", "add", PHONE)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(options={"at": "2026-01-01T12:00:00+00:00"}))

    round_of_takeouts(gateway, fake)

    assert states(gateway) == [("sent", None)]


def test_one_reply_is_taken_out_before_its_time(gateway: Gateway, fake: FakeServer) -> None:
    first, _second = schedule(gateway, fake), schedule(gateway, fake, to=OTHER)

    result = run(gateway, fake, "scheduled", "remove", first)

    assert (result.stdout, result.exit_code) == (f"1601SMS: removed. 1 reply of ours withdrawn: {first}.\n", 0)
    assert outbox(fake) == [OTHER]
    assert states(gateway) == [("suppressed", "withdrawn"), ("sent", None)]
    assert run(gateway, fake, "scheduled", "remove", first).exit_code == 1


def test_all_to_one_number_is_taken_out(gateway: Gateway, fake: FakeServer) -> None:
    for to in (PHONE, OTHER, PHONE):
        schedule(gateway, fake, to=to)

    result = run(gateway, fake, "scheduled", "remove", "--to", PHONE)

    assert result.stdout == "1601SMS: removed. 2 replies of ours withdrawn: 3, 1.\n"
    assert outbox(fake) == [OTHER]
    assert states(gateway)[1] == ("sent", None)
    entry = audit_trail(gateway.engine)[-1]
    assert (entry.action, entry.subject, entry.person_key) == (
        "withdraw",
        "scheduled remove",
        person_key(b"test-person-secret", PHONE),
    )
    assert entry.details == {"to": "324••••••78", "withdrawn": [3, 1]}


def test_the_outbox_is_emptied_only_when_that_is_confirmed(gateway: Gateway, fake: FakeServer) -> None:
    schedule(gateway, fake)

    refused = run(gateway, fake, "scheduled", "remove", "--all")
    assert (refused.exit_code, len(outbox(fake))) == (2, 1)

    done = run(gateway, fake, "scheduled", "remove", "--all", "--yes")
    assert (done.exit_code, outbox(fake)) == (0, [])
    assert states(gateway) == [("suppressed", "withdrawn")]


def test_what_somebody_else_has_taken_out_is_withdrawn_too(gateway: Gateway, fake: FakeServer) -> None:
    reply_id = schedule(gateway, fake)
    played: Any = fake.fake
    played.outbox.clear()

    result = run(gateway, fake, "scheduled", "remove", reply_id)

    assert "holds no such message" in result.stdout
    assert states(gateway) == [("suppressed", "withdrawn")]


def test_what_has_left_the_outbox_is_not_taken_back(
    gateway: Gateway, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply_id = schedule(gateway, fake)
    monkeypatch.setattr(scheduled, "utc_now", lambda: datetime.now(UTC) + timedelta(days=2))

    listed, removed = run(gateway, fake, "scheduled", "list"), run(gateway, fake, "scheduled", "remove", reply_id)

    assert listed.stderr == "The outbox of 1601SMS holds nothing of ours.\n"
    assert (removed.exit_code, removed.stderr) == (
        1,
        f"reply {reply_id} does not wait in the outbox of 1601SMS\n",
    )
    assert states(gateway) == [("sent", None)]


def test_a_refusal_of_1601sms_changes_nothing(gateway: Gateway, fake: FakeServer) -> None:
    reply_id = schedule(gateway, fake)

    wrong = run(gateway, fake, "scheduled", "remove", reply_id, SMS1601_PASSWORD="wrong")
    away = run(gateway, fake, "scheduled", "remove", reply_id, SMS1601_URL=f"http://127.0.0.1:{free_port()}/")

    assert wrong.stderr.startswith("1601SMS says 104: ")
    assert "no connection" in away.stderr
    assert (wrong.exit_code, away.exit_code) == (1, 1)
    assert [row.action for row in rows(gateway.engine, "mo_audit")] == ["send"]
    assert states(gateway) == [("sent", None)]


def test_without_1601sms_there_is_nothing_to_take_out_of(gateway: Gateway) -> None:
    result = invoke(gateway, "scheduled", "remove", 1)

    assert (result.exit_code, "no settings to send by" in result.stderr) == (4, True)


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["--to", PHONE, "--all"], ["--to", "x"], ["0"]])
def test_one_thing_must_be_named(gateway: Gateway, fake: FakeServer, arguments: list[str]) -> None:
    assert run(gateway, fake, "scheduled", "remove", *arguments).exit_code == 2


# credit


def spryng(fake: FakeServer, **changes: str) -> dict[str, str]:
    given = {"URL": f"{fake.url}/api/simple/message", **LOGIN, **changes}
    return {f"SPRYNG_{name}": value for name, value in given.items()}


def test_credit_is_told_by_each_provider_that_can(gateway: Gateway, fake: FakeServer) -> None:
    with running(FakeSpryng()) as other, running(FakeConnectCall()) as third:
        silent = {"CONNECTCALL_URL": f"{third.url}/api/", "CONNECTCALL_LOGIN": "u", "CONNECTCALL_PASSWORD": "p"}
        given = {**variables(fake), **spryng(other), **silent}
        result = invoke(gateway, "credit", **given)
        found = [json.loads(line) for line in invoke(gateway, "credit", "--json", **given).stdout.splitlines()]

    assert [row[:2] for row in table(result)] == [
        ["PROVIDER", "CREDIT"],
        ["spryng", "100.5"],
        ["connectcall", "–"],
        ["sms1601", "100"],
    ]
    assert result.exit_code == 0
    assert [(one["provider"], one["credit"], one["is_right"]) for one in found] == [
        ("spryng", "100.5", True),
        ("connectcall", None, True),
        ("sms1601", "100", True),
    ]


def test_a_provider_that_does_not_know_us_or_does_not_answer_is_told(gateway: Gateway, fake: FakeServer) -> None:
    with running(FakeSpryng()) as other:
        wrong = invoke(gateway, "credit", **spryng(other, PASSWORD="quite-wrong"))
    away = invoke(gateway, "credit", **spryng(other))

    assert "does not accept the user name or the password" in wrong.stdout
    assert "it does not answer: no connection" in away.stdout
    assert (wrong.exit_code, away.exit_code) == (3, 3)
    assert "quite-wrong" not in wrong.output


def test_without_a_provider_there_is_no_credit(gateway: Gateway) -> None:
    result = invoke(gateway, "credit")

    assert (result.stderr, result.exit_code) == ("No provider is set to send by.\n", 0)


def test_the_list_of_reports_is_printed_as_it_comes_with_numbers_masked(
    gateway: Gateway, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Told(is_done=True, text="32412345678 DELIVERED\x1b[2J\nwith geheim-wachtwoord")
    monkeypatch.setattr(Sms1601Sender, "report", lambda _self, count: said)

    result = run(gateway, fake, "replies", "ask-reports")

    assert result.stdout == "324••••••78 DELIVERED\\x1b[2J\nwith ***\n"


def test_the_fake_has_a_list_of_reports_too(gateway: Gateway, fake: FakeServer) -> None:
    result = run(gateway, fake, "replies", "ask-reports", "--count", "5")

    assert result.exit_code == 0


def test_a_list_of_reports_that_is_refused_is_an_error(gateway: Gateway, fake: FakeServer) -> None:
    result = run(gateway, fake, "replies", "ask-reports", SMS1601_PASSWORD="another-one")

    assert result.exit_code == 1
    assert "1601SMS says 104" in result.stderr
