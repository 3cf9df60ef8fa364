"""`replies`: what is seen of them, what a person may do to them, and what nobody does by mistake."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click.testing
import pytest
from click.testing import Result
from sqlalchemy import insert, update

from mo_gateway.gateway import Gateway
from mo_gateway.reply import Reply, SendOutcome, SendResult
from mo_gateway.store.tables import mt_message, opt_out

from .commands import HOSTILE, RAW_HOSTILE, invoke, table
from .examples import NOW
from .sending import Script, add_report, claimed, make_replies_due, queue, send_all, sender_of
from .stored import rows

REFUSED = SendResult(outcome=SendOutcome.FAILED, code="203", text="32412345678 is no number")
LOST = SendResult(outcome=SendOutcome.UNKNOWN, code="no-answer", text="time-out")

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway) -> Run:
    """A function that runs `mo-gateway replies …`."""

    def run(*arguments: str | int, **changes: str) -> Result:
        return invoke(gateway, "replies", *arguments, **changes)

    return run


def sent_as(gateway: Gateway, *answers: SendResult, name: str = "spryng", text: str = "hello") -> list[int]:
    """Queue a reply for each of these answers, and let the provider give it."""
    provider = Script(name=name, answers=[*answers])
    ids = queue(gateway, *(Reply(f"{text} {number}", provider=name) for number in range(len(answers))))
    send_all(sender_of(gateway, provider), provider)
    return ids


def set_reply(gateway: Gateway, reply_id: int, **values: Any) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).where(mt_message.c.id == reply_id).values(values))


def states(gateway: Gateway) -> list[tuple[str, str | None]]:
    return [(row.state, row.suppressed_reason) for row in rows(gateway.engine, "mt_message")]


def listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("list", "--json", *arguments).stdout.splitlines()]


def say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let somebody sit at the terminal."""
    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)


# list


def test_replies_are_listed_newest_first_with_masked_numbers(gateway: Gateway, run: Run) -> None:
    (sent,) = sent_as(gateway, SendResult(outcome=SendOutcome.SENT))
    (queued,) = queue(gateway, Reply("see you " * 20))
    set_reply(gateway, queued, created_at=NOW)

    result = run("list")

    headers, newest, oldest = table(result)
    assert headers[:4] == ["ID", "MESSAGE", "QUEUED (Brussels)", "TO"]
    assert newest[:7] == [str(queued), "–", "2026-11-22 15:02:11", "324••••••78", "4414", "spryng", "queued"]
    assert newest[-2:] == [("see you " * 20)[:39] + "…", "–"]
    assert (oldest[0], oldest[6]) == (str(sent), "sent")
    assert "32412345678" not in result.output


def test_numbers_are_whole_where_they_are_asked_for(gateway: Gateway, run: Run) -> None:
    sent_as(gateway, REFUSED)

    assert "32412345678" in run("list", "--reveal").stdout
    assert listed(run, "--reveal")[0]["msisdn"] == "32412345678"


def test_a_number_that_a_provider_quotes_is_masked(gateway: Gateway, run: Run) -> None:
    sent_as(gateway, REFUSED)

    assert "203: 324••••••78 is no number" in run("list").stdout
    assert listed(run)[0]["error"] == "203: 324••••••78 is no number"


def test_json_has_a_line_for_each_with_times_in_utc(gateway: Gateway, run: Run) -> None:
    first, second = queue(gateway, Reply("one"), Reply("été"))
    set_reply(gateway, second, created_at=NOW)

    found = listed(run)

    assert [(reply["id"], reply["body"]) for reply in found] == [(second, "été"), (first, "one")]
    assert found[0]["created_at"] == "2026-11-22T14:02:11.123456+00:00"
    assert not found[0].keys() & {"person_key", "udh", "data", "options"}


def test_state_provider_and_time_choose_among_them(gateway: Gateway, run: Run) -> None:
    failed, unknown = sent_as(gateway, REFUSED, LOST)
    (queued,) = queue(gateway, Reply("by another", provider="pswincom"))
    set_reply(gateway, failed, created_at=datetime.now(UTC) - timedelta(days=3))

    def ids(*arguments: str) -> list[int]:
        return [reply["id"] for reply in listed(run, *arguments)]

    assert ids("--state", "failed", "--state", "unknown") == [unknown, failed]
    assert ids("--provider", "pswincom") == [queued]
    assert ids("--since", "2d") == [queued, unknown]
    assert ids("--limit", "1") == [queued]


def test_what_is_being_sent_is_not_called_unknown(gateway: Gateway, run: Run) -> None:
    provider = Script()
    queue(gateway)
    claimed(sender_of(gateway, provider), provider)

    assert table(run("list"))[1][6] == "being sent"
    assert listed(run)[0]["state"] == "unknown"


def test_the_last_word_of_its_reports_stands_beside_a_reply(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, SendResult(outcome=SendOutcome.SENT))
    add_report(gateway, reply_id)
    add_report(gateway, reply_id, status="pending", provider_status="Buffered")

    assert listed(run)[0]["delivery"] == "delivered"


def test_a_group_is_named_in_place_of_a_number(gateway: Gateway, run: Run) -> None:
    queue(gateway, Reply("hello all", group="klanten", provider="sms1601"))

    assert table(run("list"))[1][3] == "group"


def test_where_nothing_is_chosen_that_is_said_beside_the_data(run: Run) -> None:
    for arguments in (["list", "--state", "failed"], ["reports", "--unknown"]):
        result = run(*arguments, "--json")

        assert (result.stdout, result.exit_code) == ("", 0)
        assert result.stderr.startswith("No ")


def test_nothing_that_a_phone_or_a_provider_wrote_draws_on_the_terminal(gateway: Gateway, run: Run) -> None:
    failed, suppressed = queue(gateway, Reply("one"), Reply("two"))
    set_reply(gateway, failed, state="failed", due_at=None, body=HOSTILE, error=HOSTILE, error_code=HOSTILE)
    set_reply(gateway, suppressed, state="suppressed", due_at=None, sender=HOSTILE, suppressed_reason=HOSTILE)
    add_report(gateway, failed, provider_status=HOSTILE, reference=HOSTILE, provider_id=HOSTILE)

    for command in (
        ["list"],
        ["list", "--json"],
        ["reports"],
        ["reports", "--json"],
        ["retry", "--state", "failed", "--state", "suppressed", "--dry-run"],
        ["retry", "--state", "failed", "--state", "suppressed", "--dry-run", "--json"],
    ):
        output = run(*command).output
        assert not [character for character in RAW_HOSTILE if character in output]
        assert "\nnext line" not in output


# retry


def test_a_reply_that_failed_goes_out_when_it_is_tried_again(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, REFUSED)
    provider = Script()

    result = run("retry", reply_id, "--yes")
    send_all(sender_of(gateway, provider), provider)

    assert (result.stdout, result.exit_code) == ("1 reply queued again.\n", 0)
    assert [message.text for message in provider.sent] == ["hello 0"]
    assert states(gateway) == [("sent", None)]


def test_a_retried_reply_has_as_many_tries_as_a_new_one(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, REFUSED)

    run("retry", reply_id, "--yes", MAX_ATTEMPTS="3")

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.attempts, row.attempt_limit) == (1, 4)


def test_code_reason_and_provider_narrow_a_retry(gateway: Gateway, run: Run) -> None:
    by_code, other_code = sent_as(gateway, REFUSED, SendResult(outcome=SendOutcome.FAILED, code="100"))
    expired, stopped = queue(gateway, Reply("late"), Reply("unwanted"))
    for reply_id, reason in ((expired, "expired"), (stopped, "opt-out")):
        set_reply(gateway, reply_id, state="suppressed", suppressed_reason=reason, due_at=None)
    (elsewhere,) = sent_as(gateway, REFUSED, name="pswincom")

    def again(*arguments: str) -> list[int]:
        queued: list[int] = json.loads(run("retry", "--json", "--yes", *arguments).stdout)["queued_again"]
        return queued

    assert again("--state", "failed", "--code", "203", "--provider", "spryng") == [by_code]
    assert again("--state", "suppressed", "--reason", "expired") == [expired]
    assert again("--state", "failed", "--since", "1h") == [other_code, elsewhere]
    assert states(gateway)[3] == ("suppressed", "opt-out")


def test_a_dry_run_says_what_would_be_tried_again_and_changes_nothing(gateway: Gateway, run: Run) -> None:
    sent_as(gateway, REFUSED, REFUSED, LOST)
    before = rows(gateway.engine, "mt_message")

    told = run("retry", "--state", "failed", "--state", "unknown", "--dry-run")
    figures = run("retry", "--state", "failed", "--dry-run", "--json")

    assert told.stdout.splitlines() == [
        "3 replies would be tried again:",
        "  2 failed by spryng, 203",
        "  1 unknown by spryng, no-answer: may have arrived, and would arrive twice",
    ]
    assert json.loads(figures.stdout) == {
        "would_be_queued_again": 2,
        "stopped": 0,
        "replies": [{"provider": "spryng", "state": "failed", "cause": "203", "replies": 2}],
    }
    assert rows(gateway.engine, "mt_message") == before


def test_a_dry_run_says_how_many_have_since_said_stop(gateway: Gateway, run: Run) -> None:
    sent_as(gateway, REFUSED, REFUSED)
    person = rows(gateway.engine, "mt_message")[0].person_key
    with gateway.engine.begin() as conn:
        stop = {"person_key": person, "msisdn": "32412345678", "word": "STOP", "since": NOW}
        conn.execute(insert(opt_out).values(stop))

    told = run("retry", "--state", "failed", "--dry-run")

    assert told.stdout.splitlines()[-1] == "1 recipient said STOP since: nothing goes out to them."


def test_what_a_person_does_to_replies_is_in_the_audit_trail(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, REFUSED)

    run("retry", reply_id, "--yes")
    run("pause", "--provider", "spryng")
    run("resume")

    entries = rows(gateway.engine, "mo_audit")
    assert [(row.action, row.subject) for row in entries] == [
        ("retry", "replies"),
        ("pause", "replies by spryng"),
        ("resume", "replies by all providers"),
    ]
    assert all(row.actor.startswith("cli:") for row in entries)


def test_nobody_is_answered_twice_without_being_asked_about(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, LOST)

    result = run("retry", reply_id)

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert states(gateway) == [("unknown", None)]


@pytest.mark.parametrize(("answer", "state"), [("y\n", "queued"), ("n\n", "unknown"), ("", "unknown")])
def test_a_person_at_a_terminal_is_asked(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, answer: str, state: str
) -> None:
    (reply_id,) = sent_as(gateway, LOST)
    say_yes(monkeypatch)

    result = invoke(gateway, "replies", "retry", reply_id, stdin=answer)

    assert "may have arrived, and would arrive twice" in result.stderr
    assert "Try 1 reply again?" in result.stderr
    assert states(gateway) == [(state, None)]


def test_a_stop_that_came_meanwhile_stands_against_a_retry(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, REFUSED)
    (row,) = rows(gateway.engine, "mt_message")
    with gateway.engine.begin() as conn:
        stop = {"person_key": row.person_key, "msisdn": row.msisdn, "word": "STOP", "since": NOW}
        conn.execute(insert(opt_out).values(stop))
    provider = Script()

    run("retry", reply_id, "--yes")
    send_all(sender_of(gateway, provider), provider)

    assert states(gateway) == [("suppressed", "opt-out")]


def test_what_was_sent_waits_or_is_being_sent_is_left_alone_and_named(gateway: Gateway, run: Run) -> None:
    (sent,) = sent_as(gateway, SendResult(outcome=SendOutcome.SENT))
    on_its_way, queued = queue(gateway, Reply("one"), Reply("two"))
    provider = Script()
    claimed(sender_of(gateway, provider), provider)

    result = run("retry", sent, on_its_way, queued, 99, "--yes")

    assert result.stdout == "0 replies queued again.\n"
    assert result.stderr.splitlines() == [
        f"Reply {sent} is sent.",
        f"Reply {on_its_way} is being sent.",
        f"Reply {queued} is queued.",
        "Reply 99 is not there.",
    ]
    assert result.exit_code == 7


def test_a_reply_for_later_is_retried_for_later(gateway: Gateway, run: Run) -> None:
    at = datetime.now(UTC) + timedelta(hours=2)
    (reply_id,) = queue(gateway, Reply("later", at=at))
    run("withdraw", reply_id)

    run("retry", reply_id, "--yes")

    provider = Script()
    send_all(sender_of(gateway, provider), provider)
    assert (provider.sent, states(gateway)) == ([], [("queued", None)])
    make_replies_due(gateway)
    send_all(sender_of(gateway, provider), provider)
    assert [message.text for message in provider.sent] == ["later"]


def test_replies_or_states_must_be_named(run: Run) -> None:
    result = run("retry", "--yes", "--provider", "spryng")

    assert result.exit_code == 2
    assert "Name replies, or a --state." in result.stderr


@pytest.mark.parametrize("option", ["--code", "--reason"])
@pytest.mark.parametrize("value", ["a\0b", "\udcff"])
def test_what_no_column_can_hold_is_a_usage_error(run: Run, option: str, value: str) -> None:
    assert run("retry", "--state", "failed", "--dry-run", option, value).exit_code == 2


@pytest.mark.parametrize("value", ["0", "-1", "x", "²", "99999999999999999999"])
@pytest.mark.parametrize("command", ["retry", "withdraw"])
def test_what_is_no_number_of_a_reply_is_a_usage_error(run: Run, command: str, value: str) -> None:
    assert run(command, "--", value).exit_code == 2


# withdraw


def test_a_withdrawn_reply_does_not_go_out_until_it_is_retried(gateway: Gateway, run: Run) -> None:
    (reply_id,) = queue(gateway)
    provider = Script()
    sender = sender_of(gateway, provider)

    result = run("withdraw", reply_id)
    send_all(sender, provider)

    assert (result.stdout, result.exit_code) == ("1 reply withdrawn.\n", 0)
    assert (provider.sent, states(gateway)) == ([], [("suppressed", "withdrawn")])
    run("retry", reply_id, "--yes")
    send_all(sender, provider)
    assert states(gateway) == [("sent", None)]


def test_what_went_out_or_may_have_cannot_be_withdrawn(gateway: Gateway, run: Run) -> None:
    sent, unknown = sent_as(gateway, SendResult(outcome=SendOutcome.SENT), LOST)
    (queued,) = queue(gateway)

    result = run("withdraw", sent, unknown, queued, "--json")

    assert json.loads(result.stdout) == {
        "withdrawn": [queued],
        "left": {str(sent): "sent", str(unknown): "unknown"},
    }
    assert result.exit_code == 7


# pause and resume


def test_nothing_goes_out_while_all_is_paused(gateway: Gateway, run: Run) -> None:
    queue(gateway)
    provider = Script()
    sender = sender_of(gateway, provider)

    assert run("pause").stdout == "All replies wait from now on.\n"
    send_all(sender, provider)
    assert provider.sent == []

    assert run("resume").stdout == "All replies go out again.\n"
    send_all(sender, provider)
    assert len(provider.sent) == 1


def test_one_provider_is_paused_and_another_goes_on(gateway: Gateway, run: Run) -> None:
    queue(gateway, Reply("one"), Reply("two", provider="pswincom"))
    spryng, pswincom = Script(), Script(name="pswincom")

    told = run("pause", "--provider", "spryng")
    for provider in (spryng, pswincom):
        send_all(sender_of(gateway, provider), provider)

    assert told.stdout == "Replies by spryng wait from now on.\n"
    assert (len(spryng.sent), len(pswincom.sent)) == (0, 1)


def test_resuming_says_what_is_still_paused(gateway: Gateway, run: Run) -> None:
    run("pause")
    run("pause", "--provider", "spryng")

    assert run("resume", "--provider", "spryng").stderr == "Still paused: all of them.\n"
    run("pause", "--provider", "spryng")
    assert run("resume").stderr == "Still paused: spryng.\n"
    assert run("resume", "--provider", "spryng").stderr == ""


# reports


def test_reports_are_listed_with_the_reply_that_they_are_about(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, SendResult(outcome=SendOutcome.SENT))
    add_report(gateway, reply_id, status="failed", provider_status="Not delivered", deliveries=2)

    headers, row = table(run("reports"))

    assert headers[:5] == ["ID", "REPLY", "PROVIDER", "STATUS", "ITS WORD"]
    assert row[1:] == [str(reply_id), "spryng", "failed", "Not delivered", "2026-11-22 15:02:11", "2"]


def test_reports_that_belong_to_no_reply_can_be_listed_alone(gateway: Gateway, run: Run) -> None:
    (reply_id,) = sent_as(gateway, SendResult(outcome=SendOutcome.SENT))
    add_report(gateway, reply_id)
    add_report(gateway, None, reference="somebody-elses")

    (found,) = [json.loads(line) for line in run("reports", "--unknown", "--json").stdout.splitlines()]

    assert (found["reference"], found["mt_message_id"]) == ("somebody-elses", None)
    assert not found.keys() & {"raw", "dedupe_key"}
