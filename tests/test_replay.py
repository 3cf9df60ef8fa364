"""`replay`: stored messages run again."""

import json
import os
import pty
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mo_gateway import Message, keyword, replay
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store.selection import Filter
from mo_gateway.store.tables import mo_handling, mt_message

from .conftest import settings_for
from .handling import dispatcher_of, handle_all
from .replaying import enter, environment, gateway, only, receive, rows, run, work

__all__ = ["gateway"]  # a fixture


@keyword("WIN")
def failing(message: Message) -> None:
    raise RuntimeError("the list is closed")


def states(gateway: Gateway) -> list[str]:
    return [row.state for row in rows(gateway, mo_handling)]


def texts(gateway: Gateway) -> list[str]:
    return [row.body for row in rows(gateway, mt_message)]


def test_a_dead_message_gets_new_tries_and_its_count_only_grows(gateway: Gateway) -> None:
    receive(gateway)
    work(gateway, failing)
    before = only(gateway, mo_handling)

    result = run(gateway, "--yes")

    after = only(gateway, mo_handling)
    assert result.exit_code == 0
    assert result.stdout == "1 message due again.\n"
    assert "Next: mo-gateway status" in result.stderr
    assert (before.state, before.attempts, before.attempt_limit) == ("dead", 1, 1)
    assert (after.state, after.attempts, after.attempt_limit) == ("pending", 1, 4)
    assert (after.handler, after.error, after.finished_at) == (None, None, None)
    assert after.due_at is not None


def test_a_replayed_message_is_handled_by_the_routes_of_today(gateway: Gateway) -> None:
    receive(gateway)
    work(gateway)  # without any handler
    assert states(gateway) == ["unrouted"]

    run(gateway, "--yes")
    work(gateway, enter)

    assert states(gateway) == ["done"]
    assert texts(gateway) == ["You are in with blue."]


def test_what_is_done_is_left_alone_unless_it_is_asked_for(gateway: Gateway) -> None:
    receipt = receive(gateway)
    work(gateway, enter)

    usual = run(gateway, "--yes")
    asked_for = run(gateway, "--state", "done", "--id", str(receipt.id), "--yes")
    work(gateway, enter)

    assert usual.stdout == "No message is like that, so none runs again.\n"
    assert asked_for.stdout == "1 message due again.\n"
    assert states(gateway) == ["done"]
    assert texts(gateway) == ["You are in with blue."]


def test_nobody_gets_a_second_reply_unless_it_is_asked_for(gateway: Gateway) -> None:
    receipt = receive(gateway)
    work(gateway, enter)

    run(gateway, "--state", "done", "--id", str(receipt.id), "--answer-again", "--yes")
    work(gateway, enter)

    assert texts(gateway) == ["You are in with blue."] * 2


def test_a_dry_run_counts_the_senders_who_have_said_stop_since(gateway: Gateway) -> None:
    receive(gateway)
    work(gateway, failing)
    receive(gateway, KEYWORD="STOP", PARM="")
    work(gateway, failing)

    result = run(gateway, "--state", "dead", "--dry-run")

    assert "1 sender has since sent STOP: no reply for them." in result.stdout


def test_replaying_everything_that_is_done_is_refused(gateway: Gateway) -> None:
    receive(gateway)
    work(gateway, enter)

    result = run(gateway, "--state", "done", "--state", "dead", "--yes")

    assert result.exit_code == 2
    assert "narrow it down" in result.stderr
    assert states(gateway) == ["done"]


def test_where_nobody_can_be_asked_it_wants_to_be_told_yes(gateway: Gateway) -> None:
    receive(gateway)
    work(gateway)

    result = run(gateway)

    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert states(gateway) == ["unrouted"]


def test_a_dry_run_tells_of_routes_and_replies_and_changes_nothing(gateway: Gateway) -> None:
    receive(gateway)
    receive(gateway, PARM="red")
    receive(gateway, KEYWORD="VOTE")
    work(gateway, enter)
    before = rows(gateway, mo_handling)

    result = run(gateway, "--state", "done", "--state", "unrouted", "--shortcode", "4414", "--dry-run")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "3 messages would run again:",
        "  2 through tests.replaying.enter, as before",
        "  1 through nobody, as before",
        "Replies to them so far: 0 gone out, 2 waiting to be sent.",
        "Whoever has one gets no second reply to the same message: --answer-again sends it.",
    ]
    assert rows(gateway, mo_handling) == before


def test_a_dry_run_as_json_names_the_old_and_the_new_handler(gateway: Gateway) -> None:
    receive(gateway)
    work(gateway, failing)

    result = run(gateway, "--dry-run", "--json")

    assert json.loads(result.stdout) == {
        "would_run_again": 1,
        "routes": [{"before": "tests.test_replay.failing", "after": "tests.replaying.enter", "messages": 1}],
        "replies": {"gone_out": 0, "waiting": 0},
        "stopped": 0,
    }


def test_a_limit_takes_those_that_came_first(gateway: Gateway) -> None:
    for colour in ("blue", "red", "green"):
        receive(gateway, PARM=colour)
    work(gateway)

    dry = run(gateway, "--limit", "2", "--dry-run")
    run(gateway, "--limit", "2", "--yes")

    assert dry.stdout.startswith("2 messages would run again:\n  2 through tests.replaying.enter, before nobody\n")
    assert states(gateway) == ["pending", "pending", "unrouted"]


def test_only_what_the_filter_means_runs_again(gateway: Gateway) -> None:
    receive(gateway)
    receive(gateway, KEYWORD="VOTE")
    work(gateway)

    run(gateway, "--keyword", "vote", "--yes")

    assert states(gateway) == ["unrouted", "pending"]


def test_a_claim_that_runs_while_its_message_is_replayed_is_lost(gateway: Gateway) -> None:
    receive(gateway)
    dispatcher = dispatcher_of(gateway, enter)
    (claim,) = dispatcher.claim(1)
    run(gateway, "--state", "pending", "--yes")

    dispatcher.handle(claim)

    assert (states(gateway), texts(gateway)) == (["pending"], [])
    handle_all(dispatcher)
    assert (states(gateway), texts(gateway)) == (["done"], ["You are in with blue."])


def test_many_are_made_due_in_chunks_and_each_once(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "CHUNK", 2)
    for number in range(5):
        receive(gateway, PARM=str(number))
    work(gateway)

    # those of the first chunks are unrouted again before the last chunk is taken
    chunks = []
    for n in replay.run_again(gateway.engine, Filter(states=("unrouted",)), limit=9, tries=3):
        chunks.append(n)
        work(gateway)

    assert chunks == [2, 2, 1]


def test_without_a_database_it_says_so_and_makes_none(tmp_path: Path) -> None:
    missing = tmp_path / "mo-gateway.db"
    with closing(open_gateway(settings_for(f"sqlite:///{missing}"))) as gateway:
        result = run(gateway, "--dry-run")

    assert f"there is no database {missing}" in str(result.exception)
    assert not missing.exists()


@pytest.mark.parametrize(("answer", "state"), [("n", "unrouted"), ("y", "pending")])
def test_a_person_is_asked_first(sqlite_url: str, answer: str, state: str) -> None:
    with closing(open_gateway(settings_for(sqlite_url))) as gateway:
        receive(gateway)
        work(gateway)
        keyboard, terminal = pty.openpty()
        os.write(keyboard, f"{answer}\n".encode())

        asked = subprocess.run(
            [sys.executable, "-m", "mo_gateway", "replay"],
            env={**os.environ, **environment(gateway)},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
        )

        os.close(keyboard)
        os.close(terminal)
        assert "Run 1 message again? [y/N]" in asked.stderr
        assert states(gateway) == [state]
