"""`messages`, `show` and `status`: what people see of what is stored, and what they never see."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, update

from mo_gateway.cli.messages import messages
from mo_gateway.cli.show import show
from mo_gateway.cli.status import status
from mo_gateway.cli.trigger import trigger
from mo_gateway.errors import SchemaError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.masking import shell_word
from mo_gateway.message import Message
from mo_gateway.plugin import keyword
from mo_gateway.reply import Reply, SendOutcome, SendResult
from mo_gateway.store import standing
from mo_gateway.store.inbox import NewMessage, add_messages
from mo_gateway.store.tables import mo_attempt, mo_handling, mo_intake, mo_message, mo_rejection, mt_message

from .commands import HOSTILE, RAW_HOSTILE, environ_of, interrupt, invoke
from .conftest import settings_for
from .examples import NOW, webhook
from .handling import consent_of, dispatcher_of, handle_all
from .sending import Script, add_report, claimed, queue, send_all, sender_of

HOSTILE_BYTES = HOSTILE.encode("latin-1", "replace")

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway) -> Run:
    """A function that runs a command on the gateway's database."""

    def run(command: click.Command, *arguments: str) -> Result:
        result = CliRunner(env=environ_of(gateway)).invoke(command, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def store(gateway: Gateway, *, now: datetime = NOW, **changes: str) -> int:
    """Store the example with some fields changed, and give its number."""
    return gateway.receiver.receive(gateway.spryng, webhook(now=now, **changes)).id


def set_handling(gateway: Gateway, message_id: int, **values: Any) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_handling).where(mo_handling.c.message_id == message_id).values(values))


def handle(gateway: Gateway, handler: Callable[[Message], Any]) -> None:
    """Run a handler on every message that is due."""
    handle_all(dispatcher_of(gateway, keyword("*", name="quiz")(handler)))


def table(result: Result) -> list[list[str]]:
    """Take a printed table to pieces: two spaces or more stand between columns."""
    return [[cell for cell in line.split("  ") if cell] for line in result.stdout.splitlines()]


def test_messages_are_listed_newest_first_in_the_named_zone_with_masked_numbers(
    gateway: Gateway, run: Run
) -> None:
    first, second = store(gateway, PARM="one"), store(gateway, PARM="two")

    result = run(messages)

    headers, newest, oldest = ([cell.strip() for cell in row] for row in table(result))
    assert headers[:4] == ["ID", "RECEIVED (Brussels)", "FROM", "TO"]
    assert newest[:7] == [str(second), "2026-11-22 15:02:11", "324••••••78", "4414", "WIN", "two", "pending"]
    assert oldest[0] == str(first)
    assert "32412345678" not in result.output


def test_numbers_are_whole_where_they_are_asked_for(gateway: Gateway, run: Run) -> None:
    store(gateway)

    assert "32412345678" in run(messages, "--reveal").stdout
    assert json.loads(run(messages, "--reveal", "--json").stdout)["msisdn"] == "32412345678"


def test_messages_as_json_are_one_object_a_line_with_times_in_utc(gateway: Gateway, run: Run) -> None:
    first, second = store(gateway, PARM="one"), store(gateway, PARM="été")

    found = [json.loads(line) for line in run(messages, "--json").stdout.splitlines()]

    assert [(message["id"], message["parm"]) for message in found] == [(second, "été"), (first, "one")]
    assert found[0]["received_at"] == "2026-11-22T14:02:11.123456+00:00"
    assert found[0]["msisdn"] == "324••••••78"
    assert found[0]["state"] == "pending"
    assert "raw" not in found[0]


def test_a_number_that_an_error_quotes_is_masked(gateway: Gateway, run: Run) -> None:
    set_handling(gateway, store(gateway), state="failed", error="ValueError: 32412345678 is unknown")

    assert "ValueError: 324••••••78 is unknown" in run(messages).stdout
    assert "ValueError: 32412345678 is unknown" in run(messages, "--reveal").stdout


def test_filters_and_limit_narrow_the_list(gateway: Gateway, run: Run) -> None:
    old = store(gateway, now=NOW - timedelta(days=3), PARM="old")
    dead, latest = store(gateway, PARM="dead"), store(gateway, PARM="latest")
    set_handling(gateway, dead, state="dead", handler="quiz")

    def ids(*arguments: str) -> list[int]:
        return [json.loads(line)["id"] for line in run(messages, "--json", *arguments).stdout.splitlines()]

    assert ids("--limit", "1") == [latest]
    assert ids("--state", "dead", "--handler", "quiz") == [dead]
    assert ids("--until", "2026-11-19") == [old]
    assert ids("--since", "2026-11-22T15:00", "--keyword", "win") == [latest, dead]
    assert ids("--id", str(old), "--id", str(dead)) == [dead, old]


def test_where_nothing_is_chosen_that_is_said_beside_the_data(gateway: Gateway, run: Run) -> None:
    result = run(messages, "--shortcode", "9999", "--json")

    assert (result.stdout, result.exit_code) == ("", 0)
    assert "No message" in result.stderr


def test_a_time_that_is_none_is_a_usage_error(run: Run, gateway: Gateway) -> None:
    result = run(messages, "--since", "yesterday")

    assert result.exit_code == 2
    assert "2026-11-22T14:00" in result.stderr


def test_a_strangers_text_cannot_draw_on_the_terminal(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway)
    with gateway.engine.begin() as conn:
        conn.execute(
            update(mo_message).values(keyword=HOSTILE, parm=HOSTILE, reference=HOSTILE, raw=HOSTILE_BYTES)
        )
    set_handling(gateway, message_id, state="failed", handler=f"quiz{HOSTILE}", error=HOSTILE)

    add_hostile_reply(gateway, message_id)

    for command in (
        [messages],
        [messages, "--json"],
        [show, str(message_id)],
        [show, str(message_id), "--json"],
        [status],
        [status, "--json"],
    ):
        output = run(*command).output
        assert not [character for character in RAW_HOSTILE if character in output]
        assert "\nnext line" not in output


def add_hostile_reply(gateway: Gateway, message_id: int) -> None:
    """Let a handler answer with what it got, and its provider answer and report alike."""
    provider = Script(answers=[SendResult(outcome=SendOutcome.FAILED, code="1", text=HOSTILE)])
    (reply_id,) = queue(gateway, Reply(HOSTILE))
    send_all(sender_of(gateway, provider), provider)
    with gateway.engine.begin() as conn:
        hostile = {"message_id": message_id, "sender": HOSTILE, "error": HOSTILE}
        conn.execute(update(mt_message).values(hostile))
        conn.execute(update(mo_attempt).values(error=HOSTILE))
    add_report(gateway, reply_id, provider_status=HOSTILE)


def test_a_long_text_is_cut_in_the_list_and_whole_in_json(gateway: Gateway, run: Run) -> None:
    store(gateway, PARM="x" * 500)

    assert "x" * 39 + "…" in run(messages).stdout
    assert "x" * 41 not in run(messages).stdout
    assert json.loads(run(messages, "--json").stdout)["parm"] == "x" * 500


def test_ctrl_c_ends_any_command_with_its_own_exit_code(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mo_gateway.cli.messages.opened", interrupt)

    result = invoke(gateway, "messages")

    assert (result.exit_code, result.stderr) == (130, "")


def test_follow_prints_new_messages_once_each_newest_last(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [store(gateway, PARM="first"), store(gateway, PARM="second")]
    batches = iter([["third", "fourth"], [], ["fifth"]])

    def store_instead_of_sleeping(_seconds: float) -> None:
        parms = next(batches, None)
        if parms is None:
            raise KeyboardInterrupt
        stored.extend(store(gateway, PARM=parm) for parm in parms)

    monkeypatch.setattr("mo_gateway.cli.messages.sleep", store_instead_of_sleeping)

    result = invoke(gateway, "messages", "--follow")

    assert [row[0].strip() for row in table(result)] == ["ID", *map(str, stored)]
    assert result.exit_code == 130


def test_follow_keeps_its_columns(gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store(gateway, KEYWORD="ABCDEFGHIJKLMN", PARM="a long text indeed")
    batches = iter([["x"], ["y"]])

    def store_instead_of_sleeping(_seconds: float) -> None:
        for parm in next(batches, None) or interrupt():
            store(gateway, PARM=parm)

    monkeypatch.setattr("mo_gateway.cli.messages.sleep", store_instead_of_sleeping)

    lines = run(messages, "--follow").stdout.splitlines()

    assert len({line.index("pending") for line in lines[1:]}) == 1
    assert lines[0].index("STATE") == lines[1].index("pending")


def test_follow_finds_what_another_receiver_commits_out_of_turn(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = open_gateway(settings_for(postgres_url))
    new = gateway.receiver.prepare(gateway.spryng, webhook(PARM="slow"))
    assert isinstance(new, NewMessage)
    other = gateway.engine.connect()
    steps = iter(
        [
            lambda: add_messages(other, [new], attempt_limit=12),  # it has its number now
            lambda: store(gateway, PARM="quick"),
            other.commit,
        ]
    )

    def go_on_instead_of_sleeping(_seconds: float) -> None:
        next(steps, interrupt)()

    monkeypatch.setattr("mo_gateway.cli.messages.sleep", go_on_instead_of_sleeping)

    result = CliRunner(env=environ_of(gateway)).invoke(messages, ["--follow", "--json"])

    other.close()
    gateway.close()
    assert [json.loads(line)["parm"] for line in result.stdout.splitlines()] == ["quick", "slow"]


def test_show_gives_every_field_the_handling_its_tries_and_the_replies(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway)

    def fail(_message: Message) -> None:
        raise ConnectionError("crm.example.be does not know 32412345678")

    handle(gateway, fail)
    set_handling(gateway, message_id, due_at=datetime(2020, 1, 1, tzinfo=UTC))
    handle(gateway, lambda _message: Reply("Thank you"))

    shown = run(show, str(message_id)).stdout
    found = json.loads(run(show, str(message_id), "--json").stdout)

    assert "handlings" in shown
    assert "ConnectionError: crm.example.be does not know 324••••••78" in shown
    assert "Thank you" in shown
    assert "2026-11-22 15:02:11" in shown
    assert found["message"]["timestamp_raw"] == "20040208152544"
    assert found["handlings"][0]["state"] == "done"
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["failed", "done"]
    assert [reply["body"] for reply in found["replies"]] == ["Thank you"]
    assert "32412345678" not in shown + json.dumps(found)


def test_show_gives_the_form_as_it_came_without_the_number(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway, PARM="été 32412345678")

    masked = json.loads(run(show, str(message_id), "--json").stdout)["message"]["raw"]
    whole = json.loads(run(show, str(message_id), "--json", "--reveal").stdout)["message"]["raw"]

    assert masked == whole.replace("32412345678", "324••••••78")
    assert parse_qs(whole, encoding="latin-1")["PARM"] == ["été 32412345678"]


def test_a_form_that_writes_the_number_in_escapes_is_hidden(gateway: Gateway, run: Run) -> None:
    request = webhook()
    escaped = replace(request, raw=request.raw.replace(b"MSISDN=3241", b"MSISDN=324%31"))
    message_id = gateway.receiver.receive(gateway.spryng, escaped).id

    result = run(show, str(message_id))

    assert "2345678" not in result.stdout
    assert f"{len(escaped.raw)} bytes that are shown with the number only" in result.stdout


def test_show_tells_what_became_of_every_reply(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway)
    handle(gateway, lambda _message: [Reply("Thank you"), Reply("Somebody took part", to="32487654321"), "Bye"])
    with gateway.engine.begin() as conn:
        suppressed = {"state": "suppressed", "suppressed_reason": "limit", "due_at": None}
        conn.execute(update(mt_message).where(mt_message.c.id == 3).values(suppressed))
    refused = SendResult(outcome=SendOutcome.FAILED, code="203", text="32487654321 is no number")
    provider = Script(answers=[SendResult(outcome=SendOutcome.SENT, provider_id="a1"), refused])
    send_all(sender_of(gateway, provider), provider)
    add_report(gateway, 1, deliveries=2)

    result = run(show, str(message_id))
    found = json.loads(run(show, str(message_id), "--json").stdout)

    shown = result.stdout
    assert [(reply["state"], reply["suppressed_reason"]) for reply in found["replies"]] == [
        ("sent", None),
        ("failed", None),
        ("suppressed", "limit"),
    ]
    assert "suppressed: limit" in shown
    assert [(send["reply"], send["outcome"]) for send in found["sends"]] == [(1, "sent"), (2, "failed")]
    assert [(one["reply"], one["status"], one["deliveries"]) for one in found["reports"]] == [(1, "delivered", 2)]
    assert "203: 324••••••21 is no number" in shown
    assert not [number for number in ("32412345678", "32487654321") if number in shown + json.dumps(found)]
    assert "32487654321" in run(show, str(message_id), "--reveal").stdout


def test_show_gives_what_a_provider_finds_a_reply_by(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway)
    handle(gateway, lambda _message: [Reply("Thank you", reference="for-32412345678"), "Bye"])
    lost = SendResult(outcome=SendOutcome.UNKNOWN, code="no-answer")
    provider = Script(answers=[SendResult(outcome=SendOutcome.SENT, provider_id="a1-32412345678"), lost])
    send_all(sender_of(gateway, provider), provider)

    shown = run(show, str(message_id)).stdout

    words = " ".join(shown.split())
    assert "REFERENCE PROVIDER_ID ERROR_CODE BODY" in words
    assert "for-324••••••78 a1-324••••••78 – Thank you" in words
    assert "– no-answer Bye" in words
    assert "for-32412345678" in run(show, str(message_id), "--reveal").stdout


def test_show_of_a_stop_tells_what_it_ended(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway, KEYWORD="STOP", PARM="")
    consent_of(gateway).record()

    (entry,) = json.loads(run(show, str(message_id), "--json").stdout)["opt_outs"]

    assert (entry["msisdn"], entry["shortcode"], entry["word"]) == ("324••••••78", "4414", "STOP")
    shown = run(show, str(message_id)).stdout
    assert "opt_outs" in shown
    assert "SINCE (Brussels) UNTIL (Brussels) CONFIRMED_AT (Brussels)" in " ".join(shown.split())


def test_show_does_not_call_unknown_what_is_being_sent(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway)
    handle(gateway, lambda _message: "Thank you")
    provider = Script()
    claimed(sender_of(gateway, provider), provider)

    assert "being sent" in run(show, str(message_id)).stdout


@pytest.mark.parametrize(
    "parm", ["ON", "", "it's 100 % & more", "-x --y", "a\\b\n$HOME `x` \t'q'", "été\x9b\xad\n"]
)
def test_the_trigger_line_sends_the_same_again_from_a_test_number(gateway: Gateway, run: Run, parm: str) -> None:
    message_id = store(gateway, PARM=parm)

    line = json.loads(run(show, str(message_id), "--json").stdout)["trigger"]

    options = trigger.make_context("trigger", words_of(line)[2:]).params
    assert options["msisdn"] == "32400000000"
    assert (options["keyword"], options["parm"], options["digits"]) == ("WIN", parm, "20040208152544")
    assert (options["shortcode"], options["country"], options["operator"]) == ("4414", "BEL", "20601")
    assert (options["reference"], options["charset"], options["method"]) == ("MARKETING_1", "iso-8859-1", "POST")


def words_of(line: str) -> list[str]:
    """Let bash read a line, and give the words it makes of it."""
    read = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True, text=True)
    return read.stdout.split("\0")[:-1]


def test_a_text_with_control_characters_is_quoted_for_the_shell_without_them() -> None:
    assert shell_word("plain") == "plain"
    assert shell_word("it's") == "'it'\"'\"'s'"
    assert shell_word("a\\b\n'c'\x9b") == r"$'a\\b\U0000000a\'c\'\U0000009b'"


def test_show_of_a_number_that_is_not_there_says_so(gateway: Gateway, run: Run) -> None:
    with pytest.raises(Exception, match="there is no message 812"):
        run(show, "812")


def test_status_says_in_a_line_what_waits_and_what_went_wrong(gateway: Gateway, run: Run) -> None:
    now = datetime.now(UTC)
    stored = [store(gateway, now=now - timedelta(minutes=4), PARM=str(number)) for number in range(6)]
    states = ("failed", "dead", "dead", "unrouted", "done")
    for message_id, state in zip(stored[1:], states, strict=True):
        set_handling(gateway, message_id, state=state, handler="crm", error=f"ConnectTimeout: {message_id}")
    store(gateway, now=now, MSISDN="nonsense")
    with gateway.engine.begin() as conn:
        rows = [
            {"minute": now - timedelta(minutes=age), "process": "p", "provider": "spryng", "outcome": kind, "n": 3}
            for age, kind in ((1, "refused"), (2, "stored"), (90, "refused"))
        ]
        conn.execute(insert(mo_intake), rows)

    result = run(status)

    line, *problems = result.stdout.splitlines()
    assert line.startswith(
        "Waiting 1 (oldest 4 min) · failed 1 · dead 2 · unrouted 1 · rejected, not replayed 1 · replies queued 0,"
        " failed 0, unknown 0 · refused in the last hour 3 · last message "
    )
    assert "(4 min ago)" in line
    assert problems[0] == (
        "2 dead share one cause: crm ConnectTimeout. Next: mo-gateway replay --state dead --handler crm --dry-run"
    )
    assert problems[1] == ("1 failed: crm ConnectTimeout. Next: mo-gateway messages --state failed --handler crm")
    assert result.exit_code == 0


def test_status_of_an_empty_gateway_is_all_noughts(run: Run) -> None:
    result = run(status)

    assert result.stdout == (
        "Waiting 0 (oldest –) · failed 0 · dead 0 · unrouted 0 · rejected, not replayed 0 · replies queued 0,"
        " failed 0, unknown 0 · refused in the last hour 0 · last message –\n"
    )


def test_status_counts_replies_and_says_what_did_not_go_out(gateway: Gateway, run: Run) -> None:
    failed = SendResult(outcome=SendOutcome.FAILED, text="no number")
    provider = Script(answers=[failed, failed, SendResult(outcome=SendOutcome.UNKNOWN, text="time-out")])
    queue(gateway, *(Reply(str(number)) for number in range(3)))
    send_all(sender_of(gateway, provider), provider)
    queue(gateway, Reply("being sent"), Reply("waits"))
    claimed(sender_of(gateway, provider), provider)

    line, *problems = run(status).stdout.splitlines()

    assert "replies queued 1, failed 2, unknown 1" in line
    assert problems == [
        "2 replies failed: did not go out. Next: mo-gateway replies list --state failed",
        "1 reply unknown: may have gone out, and nobody knows. Next: mo-gateway replies list --state unknown",
    ]


def test_status_says_which_replies_wait_and_why(gateway: Gateway, run: Run) -> None:
    away = SendResult(outcome=SendOutcome.LATER, code="not-sent", text=f"no connection{HOSTILE}", holds=True)
    provider = Script(answers=[away])
    queue(gateway)
    send_all(sender_of(gateway, provider), provider)
    with gateway.engine.begin() as conn:
        standing.set_paused(conn, "pswincom", paused=True)
        standing.set_paused(conn, standing.ALL, paused=True)

    result = run(status)
    found = json.loads(run(status, "--json").stdout)

    everything, pswincom, spryng = result.stdout.splitlines()[1:]
    assert everything == "All replies are paused. Next: mo-gateway replies resume"
    assert pswincom == "Replies by pswincom are paused. Next: mo-gateway replies resume --provider pswincom"
    assert spryng.startswith("Replies by spryng are held after trouble: not-sent: no connection")
    assert spryng.endswith("Next: mo-gateway doctor")
    assert [one["provider"] for one in found["standing"]] == ["*", "pswincom", "spryng"]
    assert not [character for character in RAW_HOSTILE if character in result.stdout]


def test_status_as_json_has_the_same_figures(gateway: Gateway, run: Run) -> None:
    message_id = store(gateway)
    set_handling(gateway, message_id, state="dead", handler=None, error="given up: no worker lived")

    found = json.loads(run(status, "--json").stdout)

    assert (found["waiting"], found["dead"], found["last_message_at"]) == (
        0,
        1,
        "2026-11-22T14:02:11.123456+00:00",
    )
    assert found["problems"] == [
        {
            "state": "dead",
            "handler": None,
            "cause": "given up",
            "count": 1,
            "next": "mo-gateway replay --state dead --dry-run",
        }
    ]


def test_a_replayed_rejection_is_no_longer_counted(gateway: Gateway, run: Run) -> None:
    store(gateway, MSISDN="nonsense")
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_rejection).values(replayed_at=NOW))

    assert json.loads(run(status, "--json").stdout)["rejected"] == 0


def test_the_program_says_in_a_sentence_why_it_cannot_look(gateway: Gateway, tmp_path: Path) -> None:
    environ = {**os.environ, **environ_of(gateway)}
    elsewhere = {**environ, "MO_GATEWAY_DATABASE_URL": "sqlite:///elsewhere.db"}

    unknown, missing = (
        subprocess.run(
            [sys.executable, "-m", "mo_gateway", "show", "812"],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={**given, "PYTHONPATH": str(Path(__file__).parents[1])},
            text=True,
        )
        for given in (environ, elsewhere)
    )

    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "there is no message 812" in unknown.stderr
    assert (missing.returncode, missing.stdout) == (4, "")
    assert "there is no database elsewhere.db" in missing.stderr


def test_looking_makes_no_database_where_there_is_none(gateway: Gateway, tmp_path: Path) -> None:
    missing = tmp_path / "elsewhere.db"
    environ = {**environ_of(gateway), "MO_GATEWAY_DATABASE_URL": f"sqlite:///{missing}"}

    result = CliRunner(env=environ).invoke(messages)

    assert isinstance(result.exception, SchemaError)
    assert not missing.exists()
