"""`replay --charset`: texts that were read as the wrong charset are put right."""

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from mo_gateway.gateway import Gateway
from mo_gateway.gateway.readers import open_readers, open_spryng
from mo_gateway.message import Outcome
from mo_gateway.numbering import load_numbering
from mo_gateway.repair import Repairs
from mo_gateway.store.selection import Filter
from mo_gateway.store.tables import mo_handling, mo_message, mt_message

from .conftest import settings_for
from .replaying import encoded, enter, gateway, only, receive, request, rows, run, work

__all__ = ["gateway"]  # a fixture


def test_a_euro_sign_is_put_right_and_its_handler_runs_again(gateway: Gateway) -> None:
    receive(gateway, PARM="5+%80", REFERENCE="%80")
    work(gateway, enter)
    before = only(gateway, mo_message)

    result = run(gateway, "--charset", "windows-1252", "--answer-again", "--yes")

    work(gateway, enter)
    after = only(gateway, mo_message)
    assert result.exit_code == 0
    assert result.stdout == "1 message put right and due again.\n"
    assert "New ones are still read as MO_GATEWAY_CHARSET says: iso-8859-1." in result.stderr
    assert (before.parm, before.reference, before.charset, before.marks) == ("5 \x80", "\x80", "iso-8859-1", [])
    assert (after.parm, after.reference, after.charset) == ("5 €", "€", "windows-1252")
    assert after.marks == ["charset-repaired"]
    texts = [row.body for row in rows(gateway, mt_message)]
    assert texts == ["You are in with 5 \x80.", "You are in with 5 €."]


def test_nothing_else_of_the_row_changes(gateway: Gateway) -> None:
    receive(gateway, PARM="%80", OPERATOR="")
    before = only(gateway, mo_message)

    run(gateway, "--charset", "windows-1252", "--yes", TIMEZONE="America/New_York")

    after = only(gateway, mo_message)
    changed = {name for name in before._fields if getattr(before, name) != getattr(after, name)}
    assert changed == {"parm", "charset", "marks", "dedupe_key"}


def test_the_provider_repeating_it_under_the_new_charset_is_recognised(gateway: Gateway) -> None:
    stored = receive(gateway, PARM="%80")
    run(gateway, "--charset", "windows-1252", "--yes")
    spryng = open_spryng(settings_for("sqlite:///unused.db", CHARSET="windows-1252"), load_numbering())

    again = gateway.receiver.receive(spryng, request(encoded(PARM="%80")))

    assert (again.outcome, again.id) == (Outcome.DUPLICATE, stored.id)


@pytest.mark.parametrize("parm", ["blue", "%C3%A9", ""])
def test_what_reads_the_same_is_not_touched_and_not_run_again(gateway: Gateway, parm: str) -> None:
    receive(gateway, PARM=parm)
    work(gateway, enter)
    before = rows(gateway, mo_message), rows(gateway, mo_handling)

    result = run(gateway, "--charset", "windows-1252", "--yes")

    assert result.exit_code == 0
    assert result.stdout == "0 messages put right and due again.\n"
    assert (rows(gateway, mo_message), rows(gateway, mo_handling)) == before


def test_one_whose_new_reading_is_another_message_is_left_alone(gateway: Gateway) -> None:
    wrong = receive(gateway, PARM="%80")
    right = gateway.receiver.receive(
        gateway.spryng,
        request(encoded(PARM="%80"), content_type="application/x-www-form-urlencoded; charset=cp1252"),
    )
    work(gateway, enter)
    before = rows(gateway, mo_message), rows(gateway, mo_handling)
    sentence = f"Message {wrong.id} is left as it is: message {right.id} reads like that already."

    dry_run = run(gateway, "--charset", "windows-1252", "--dry-run")
    result = run(gateway, "--charset", "windows-1252", "--yes")

    assert (dry_run.exit_code, dry_run.stdout.splitlines()[-1]) == (0, sentence)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (7, sentence)
    assert (rows(gateway, mo_message), rows(gateway, mo_handling)) == before


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"KEYWORD": "%C3%A9"}, "as utf-8 it breaks a rule: KEYWORD: must be 2 to 15 characters long, not 1"),
        ({"PARM": "caf%E9"}, "its bytes are not all utf-8"),
    ],
)
def test_a_reading_that_would_be_worse_is_left_alone(
    gateway: Gateway, fields: dict[str, Any], reason: str
) -> None:
    stored = receive(gateway, **fields)
    before = only(gateway, mo_message)

    result = run(gateway, "--charset", "utf-8", "--yes")

    assert result.exit_code == 7
    assert f"Message {stored.id} is left as it is: {reason}.\n" in result.stdout
    assert only(gateway, mo_message) == before


def test_a_dry_run_shows_old_and_new_and_what_would_run(gateway: Gateway) -> None:
    stored = receive(gateway, PARM="%80")
    receive(gateway)
    work(gateway, enter)
    before = rows(gateway, mo_message), rows(gateway, mo_handling)

    result = run(gateway, "--charset", "windows-1252", "--dry-run")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "1 of 2 messages would read differently as windows-1252.",
        f"  {stored.id}  WIN \\x80 → WIN €",
        "1 message would run again:",
        "  1 through tests.replaying.enter, as before",
        "Replies to them so far: 0 gone out, 1 waiting to be sent.",
        "Whoever has one gets no second reply to the same message: --answer-again sends it.",
    ]
    assert (rows(gateway, mo_message), rows(gateway, mo_handling)) == before


def test_a_keyword_that_was_garbled_finds_its_handler(gateway: Gateway) -> None:
    receive(gateway, KEYWORD="%EF%BC%B7in", PARM="blue")  # Ｗ, as wide as a Chinese character
    work(gateway, enter)

    dry_run = run(gateway, "--charset", "utf-8", "--dry-run")
    run(gateway, "--charset", "utf-8", "--yes")
    work(gateway, enter)

    assert "  1 through tests.replaying.enter, before nobody" in dry_run.stdout
    assert only(gateway, mo_handling).state == "done"


def test_a_limit_counts_changes_and_not_what_was_read(gateway: Gateway) -> None:
    for parm in ("blue", "red", "%80", "%80+again"):
        receive(gateway, PARM=parm)

    result = run(gateway, "--charset", "windows-1252", "--limit", "1", "--yes", "--json")

    assert json.loads(result.stdout) == {"read": 3, "changed": [rows(gateway, mo_message)[2].id], "left": []}
    assert [row.parm for row in rows(gateway, mo_message)] == ["blue", "red", "€", "\x80 again"]


def test_a_repair_of_a_repair_is_marked_once(gateway: Gateway) -> None:
    receive(gateway, PARM="%C3%A9")

    run(gateway, "--charset", "auto", "--yes")
    middle = only(gateway, mo_message)
    run(gateway, "--charset", "iso-8859-1", "--yes")

    assert (middle.parm, middle.charset) == ("é", "utf-8")
    assert (only(gateway, mo_message).parm, only(gateway, mo_message).marks) == ("Ã©", ["charset-repaired"])


def test_bytes_that_could_not_be_read_can_be_now(gateway: Gateway) -> None:
    stored = gateway.receiver.receive(
        gateway.spryng,
        request(encoded(PARM="%E9"), content_type="application/x-www-form-urlencoded; charset=utf-8"),
    )
    with gateway.engine.begin() as conn:
        assert conn.scalar(select(mo_message.c.marks)) == ["undecodable-bytes"]

    run(gateway, "--charset", "iso-8859-1", "--id", str(stored.id), "--yes")

    assert (only(gateway, mo_message).parm, only(gateway, mo_message).marks) == ("é", ["charset-repaired"])


def test_one_that_was_erased_meanwhile_stays_erased(gateway: Gateway) -> None:
    receive(gateway, PARM="first+%80")
    erased = receive(gateway, PARM="second+%80")
    work(gateway, enter)
    readers = open_readers(gateway.settings)
    repairs = Repairs(engine=gateway.engine, readers=readers, charset="windows-1252", tries=3)

    going = repairs.made(Filter(), limit=None, dry_run=False)
    next(going)
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).where(mo_message.c.id == erased.id).values(raw=b"", parm=""))
    (late,) = going

    assert late.obstacle == f"message {erased.id} was changed meanwhile"
    assert rows(gateway, mo_message)[1].parm == ""
    assert [row.state for row in rows(gateway, mo_handling)] == ["pending", "done"]
