"""`person`, `forget`, `prune`, `audit`, and what other commands leave in the audit trail."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import Result

from mo_gateway import keys
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.store.report_tables import metadata

from .commands import invoke
from .handling import consent_of, dispatcher_of, handle_all
from .reporting import DAY, NOON, Clock, store_at, tally_with
from .stored import audit_trail, rows, store

NUMBER = "32412345678"


def trail(gateway: Gateway) -> list[tuple[str, str]]:
    return [(row.action, row.subject) for row in rows(gateway.engine, "mo_audit")]


def complaint(result: Result) -> str:
    return " ".join(result.stderr.split())


def handle(gateway: Gateway) -> None:
    consent_of(gateway).record()
    handle_all(dispatcher_of(gateway))


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (("messages",), "reveal"),
        (("show", "1"), "reveal"),
        (("optouts", "list"), "reveal"),
        (("replies", "list"), "reveal"),
        (("lists", "show", "news"), "reveal"),
        (("scheduled", "list"), "reveal"),
        (("export", "report_messages"), "export"),
    ],
    ids=" ".join,
)
def test_who_reveals_numbers_is_in_the_trail(gateway: Gateway, command: tuple[str, ...], action: str) -> None:
    store(gateway)

    masked = invoke(gateway, *command)
    assert trail(gateway) == []
    revealed = invoke(gateway, *command, "--reveal")

    assert masked.exit_code == revealed.exit_code == 0
    assert [found[0] for found in trail(gateway)] == [action]
    assert NUMBER not in str(rows(gateway.engine, "mo_audit"))


def test_a_number_that_an_option_holds_is_masked_in_the_trail(gateway: Gateway) -> None:
    store(gateway)

    invoke(gateway, "messages", "--keyword", NUMBER, "--reveal")

    (entry,) = rows(gateway.engine, "mo_audit")
    assert NUMBER not in str(entry)
    assert "324••••••78" in json.dumps(entry.details, ensure_ascii=False) or "\\u2022" in str(entry.details)


def test_nothing_is_revealed_that_cannot_be_noted(gateway: Gateway) -> None:
    store(gateway)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE mo_audit RENAME TO mo_audit_away")

    masked, revealed = invoke(gateway, "messages"), invoke(gateway, "messages", "--reveal")

    assert masked.exit_code == 0
    assert revealed.exit_code == 1
    assert NUMBER not in revealed.output
    assert "numbers are shown only where that can be noted in the audit trail" in complaint(revealed)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE mo_audit_away RENAME TO mo_audit")


def test_replays_and_retries_are_in_the_trail(gateway: Gateway) -> None:
    store(gateway)
    handle(gateway)

    invoke(gateway, "replay", "--state", "unrouted", "--dry-run")
    invoke(gateway, "replay", "--state", "unrouted", "--yes")
    invoke(gateway, "replies", "retry", "--state", "failed", "--yes")
    invoke(gateway, "optouts", "export")

    assert trail(gateway) == [("replay", "replay"), ("retry", "replies"), ("export", "optouts export")]


def test_what_is_sent_or_entered_by_hand_is_in_the_trail(gateway: Gateway) -> None:
    person = keys.person_key(b"test-person-secret", NUMBER)
    sender = ("--sender", "4414", "--provider", "spryng")
    word = ("--word", f"letter of {NUMBER}")

    invoke(gateway, "send", "to you alone", "--to", NUMBER, *sender)
    invoke(gateway, "optouts", "add", NUMBER, *word)
    invoke(gateway, "optouts", "import", "-", stdin="msisdn\n32487654321\n32487654322\n")
    again = invoke(gateway, "optouts", "import", "-", stdin="msisdn\n32487654321\n")
    invoke(gateway, "optouts", "remove", NUMBER)

    assert again.stdout == "0 opt-outs entered.\n"
    sent, added, imported, ended = audit_trail(gateway.engine)
    assert (sent.action, sent.subject, sent.person_key) == ("send", "reply 1", person)
    assert sent.details == {"sender": "4414", "provider": "spryng"}
    assert (added.action, added.subject, added.person_key) == ("optout-add", "opt-out 1", person)
    assert added.details["origin"] == "letter of 324••••••78"
    assert (imported.action, imported.subject) == ("optout-import", "optouts import")
    assert (imported.details["word"], imported.details["entered"]) == ("by hand", 2)
    assert (ended.action, ended.person_key) == ("optout-end", person)


def test_counting_anew_is_in_the_trail(gateway: Gateway) -> None:
    store(gateway)

    invoke(gateway, "reports", "rebuild", TIMEZONE="Asia/Tokyo")

    (entry,) = audit_trail(gateway.engine)
    assert (entry.action, entry.subject, entry.details) == ("rebuild", "reports rebuild", {"zone": "Asia/Tokyo"})


def test_the_trail_is_listed_by_what_and_when(gateway: Gateway) -> None:
    store(gateway)
    invoke(gateway, "messages", "--reveal")
    invoke(gateway, "optouts", "export")

    found = invoke(gateway, "audit", "--action", "reveal", "--since", "1h", "--json").stdout.splitlines()
    nobody = invoke(gateway, "audit", "--since", f"{utc_now() + 2 * DAY:%Y-%m-%d}")  # a local date

    assert [json.loads(line)["subject"] for line in found] == ["messages"]
    assert "export" in invoke(gateway, "audit").stdout
    assert complaint(nobody) == "Nobody has done anything like that."


def test_a_person_is_exported_whole_and_for_the_owner_only(gateway: Gateway, tmp_path: Path) -> None:
    store(gateway)
    store(gateway, MSISDN="32487654321", PARM="somebody else")
    handle(gateway)
    place = tmp_path / "answer.json"

    result = invoke(gateway, "person", f"+{NUMBER}", "--export", str(place), "--reason", "asked")

    assert result.exit_code == 0
    document = json.loads(place.read_text())
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [row["parm"] for row in document["messages"]] == ["ON"]
    assert len(document["handlings"]) == 1
    assert [row["reason"] for row in document["audit"]] == ["asked"]
    assert "32487654321" not in place.read_text()
    assert document["person_key" if "person_key" in document else "msisdn"] == NUMBER
    (entry,) = rows(gateway.engine, "mo_audit")
    assert (entry.action, entry.person_key) == ("export", keys.person_key(b"test-person-secret", NUMBER))


def test_an_export_that_is_there_is_not_written_over(gateway: Gateway, tmp_path: Path) -> None:
    place = tmp_path / "answer.json"
    place.write_text("mine")

    result = invoke(gateway, "person", NUMBER, "--export", str(place))

    assert (result.exit_code, place.read_text()) == (1, "mine")
    assert trail(gateway) == []


def test_a_person_is_shown(gateway: Gateway) -> None:
    store(gateway)

    result = invoke(gateway, "person", NUMBER)

    assert "1 message and 0 replies." in result.stdout
    assert trail(gateway) == [("reveal", "")]


def test_forget_says_first_what_it_would_do_and_asks_for_the_last_digits(gateway: Gateway) -> None:
    store(gateway)
    store(gateway, KEYWORD="STOP", PARM="")
    consent_of(gateway).record()
    handle(gateway)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE mt_message SET state = 'sent', due_at = NULL")

    planned = invoke(gateway, "forget", NUMBER, "--dry-run")
    unasked = invoke(gateway, "forget", NUMBER)
    wrong = invoke(gateway, "forget", NUMBER, "--confirm", "1234")
    assert trail(gateway) == []
    done = invoke(gateway, "forget", NUMBER, "--confirm", "5678", "--reason", "asked")
    again = invoke(gateway, "forget", NUMBER, "--confirm", "5678")

    what = "1 person: 2 messages, 1 reply. STOP entry is kept as a keyed hash.\n"
    assert planned.stdout == f"Would erase {what}"
    assert unasked.exit_code == wrong.exit_code == 2
    assert (done.exit_code, done.stdout) == (0, f"Erased {what}")
    assert again.stdout == "Nothing of this number is stored. STOP entry is kept as a keyed hash.\n"
    for name in metadata.tables:
        assert NUMBER not in str(rows(gateway.engine, name))


def test_forget_refuses_while_something_is_unfinished(gateway: Gateway) -> None:
    store(gateway)

    result = invoke(gateway, "forget", NUMBER, "--confirm", "5678")

    assert result.exit_code == 1
    assert complaint(result).endswith("message 1 is still to be handled: say it again when that is done")


def test_prune_deletes_by_the_setting_or_by_its_option(gateway: Gateway) -> None:
    now = utc_now()
    store_at(gateway, now - 9 * DAY)
    store_at(gateway, now - 7 * DAY, SHORTCODE="5555")
    handle(gateway)
    counter = tally_with(gateway, clock=Clock(now))
    counter.round()
    while any(one.day.date < (now - 4 * DAY).date() for one in counter._due()):  # later ones may be open still
        counter.round()

    unset = invoke(gateway, "prune", "--dry-run")
    planned = invoke(gateway, "prune", "--dry-run", RETENTION="4414=5d")
    unasked = invoke(gateway, "prune", RETENTION="4414=5d")
    done = invoke(gateway, "prune", "--yes", RETENTION="4414=5d")
    other = json.loads(invoke(gateway, "prune", "--older-than", "5d", "--yes", "--json").stdout)

    assert "keeps everything for ever: say --older-than 90d" in complaint(unset)
    assert planned.stdout == "Would delete 1 message of 1 date.\n"
    assert unasked.exit_code == 2
    assert done.stdout == "Deleted 1 message of 1 date.\n"
    assert other["rows"]["mo_message"] == 1
    assert [row.action for row in rows(gateway.engine, "mo_audit")] == ["prune", "prune"]


def test_prune_says_what_to_do_where_nothing_is_counted(gateway: Gateway) -> None:
    result = invoke(gateway, "prune", "--older-than", "5d", "--yes")

    assert result.exit_code == 1
    assert "nothing can be pruned before a worker has counted it" in complaint(result)


def test_rebuilding_says_how_many_dates_stay(gateway: Gateway) -> None:
    store_at(gateway, NOON)
    tally_with(gateway, clock=Clock(NOON)).round()
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE report_counted SET is_pruned = true, is_closed = true")

    result = invoke(gateway, "reports", "rebuild")

    assert "1 date stay as they were counted: messages of theirs were pruned." in result.stderr
