"""`check`, `rehearse`, `unmatched`, `votes`, `lists`: a campaign seen from a terminal."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.handling import dispatcher_with
from mo_gateway.gateway.routes import open_routes

from .commands import HOSTILE, RAW_HOSTILE, invoke, table
from .conftest import MakeSettings
from .handling import handle_all
from .stored import audit_trail, rows, store

ROUTES = """
[[route]]
keyword = "VOTE"
shortcode = "4414"
[route.vote]
poll = "song"
options = ["Blue", "Red"]
closes = 2026-01-01T00:00:00

[[route]]
keyword = "NEWS"
form = "alone"
[route.subscribe]
list = "news"

[[route]]
keyword = "NEWS"
form = "with text"
[route.unsubscribe]
list = "news"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES)
    return path


@pytest.fixture
def gateway(database_url: str, make_settings: MakeSettings, file: Path) -> Iterator[Gateway]:
    """A gateway with a vote and a list."""
    gateway = open_gateway(make_settings(database_url, ROUTES=str(file)))
    yield gateway
    gateway.close()


@pytest.fixture
def run(gateway: Gateway, file: Path) -> Callable[..., Result]:
    """A function that runs a command with the routes file."""

    def run(*arguments: Any, **changes: str) -> Result:
        return invoke(gateway, *arguments, **{"ROUTES": str(file), **changes})

    return run


def say(gateway: Gateway, text: str, **changes: str) -> int:
    word, _, rest = text.partition(" ")
    number = store(gateway, KEYWORD=word, PARM=rest, **changes)
    handle_all(dispatcher_with(open_routes(gateway.settings), gateway.settings, gateway.engine))
    return number


Run = Callable[..., Result]


def test_a_file_without_fault_is_counted_with_its_routes(run: Run, file: Path) -> None:
    result = run("check", file)

    assert (result.exit_code, result.stdout) == (0, f"{file}: 3 routes with those of modules, no fault.\n")


def test_a_route_that_never_wins_is_named_by_the_check(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(ROUTES + '[[route]]\nkeyword = "NEWS"\n[route.store]\n')

    result = run("check", other)

    assert result.exit_code == 3
    assert f"NEWS on any shortcode, which leads to store:news ({other}:21), never wins" in result.stdout


def test_faults_and_a_file_that_is_not_there_end_with_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[[route]]\nx = 1\n")

    assert [run("check", tmp_path / name).exit_code for name in ("bad.toml", "none.toml")] == [4, 4]


def test_no_command_starts_with_a_broken_routes_file(run: Run, file: Path) -> None:
    file.write_text("[[route]]\n")

    for command in (
        ["routes"],
        ["explain", "WIN", "--shortcode", "4414"],
        ["work"],
        ["run", "--bind", "127.0.0.1:0"],
    ):
        result = run(*command)
        assert (result.exit_code, f"{file}:1: route" in result.stderr) == (4, True), result.stderr


def test_explain_knows_sender_operator_country_and_time(run: Run, file: Path) -> None:
    file.write_text("""
[[route]]
name = "vip"
keyword = "WIN"
senders = ["32499999999"]
operators = ["20601"]
countries = ["BEL"]
until = 2026-12-01T00:00:00
[route.store]
""")
    fits = ["--from", "32499999999", "--operator", "20601", "--country", "BEL", "--at", "2026-11-30T12:00"]

    def winner(*changed: str) -> list[str]:
        told = json.loads(run("explain", "win", "--shortcode", "4414", *fits, *changed, "--json").stdout)
        return [route["handler"] for route in told["routes"] if route["wins"]]

    assert winner() == ["vip"]
    for other in (
        ("--from", "32411111111"),
        ("--operator", "20610"),
        ("--country", "NLD"),
        ("--at", "2026-12-01"),
    ):
        assert winner(*other) == [], other


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Stpo", "It is a STOP, misspelt, and Stpo is no keyword: recorded before any handler"),
        ("STOP vote", "for vote only"),
        ("start", "It is a START"),
    ],
)
def test_explain_says_what_is_a_stop(run: Run, text: str, said: str) -> None:
    result = run("explain", text, "--shortcode", "4414", "--country", "BEL")

    assert said in result.stdout
    assert result.exit_code == 3


def test_of_very_many_routes_those_of_the_word_and_near_it_are_explained(run: Run, file: Path) -> None:
    file.write_text("".join(f'[[route]]\nkeyword = "WORD{n}"\n[route.store]\n' for n in range(100, 200)))

    few = run("explain", "WORD107", "--shortcode", "4414")
    all_of_them = run("explain", "WORD107", "--shortcode", "4414", "--all")

    assert table(few)[2][:2] == ["wins", "WORD107"]
    assert "routes of other words: --all names them" not in all_of_them.stderr
    assert len(all_of_them.stdout.splitlines()) == 102


def test_a_rehearsal_says_what_would_go_elsewhere_and_changes_nothing(
    gateway: Gateway, run: Run, tmp_path: Path
) -> None:
    for text in ("VOTE blue", "VOET blue", "NEWS"):
        say(gateway, text)
    other = tmp_path / "other.toml"
    other.write_text(ROUTES.replace('"VOTE"', '["VOTE", "VOET"]').split('[[route]]\nkeyword = "NEWS"')[0])
    before = rows(gateway.engine, "mo_handling")

    result = run("rehearse", other)
    told = json.loads(run("rehearse", other, "--json").stdout)

    assert result.stdout.splitlines()[0] == "3 messages read; 2 would go elsewhere."
    moves = {(move["before"], move["after"]): move["messages"] for move in told["moves"]}
    assert moves == {
        (None, "vote:vote@4414"): 1,
        ("subscribe:news", None): 1,
        ("vote:vote@4414", "vote:vote@4414"): 1,
    }
    assert rows(gateway.engine, "mo_handling") == before


def test_a_rehearsal_may_be_narrowed_down(gateway: Gateway, run: Run, file: Path) -> None:
    for text in ("VOTE blue", "VOTE red", "NEWS"):
        say(gateway, text)

    assert run("rehearse", file, "--keyword", "vote").stdout.startswith("2 messages read; 0 would go")
    assert run("rehearse", file, "--limit", "1").stdout.startswith("1 message read")


def test_words_that_nobody_takes_are_counted_with_the_nearest_keyword(gateway: Gateway, run: Run) -> None:
    for number, text in enumerate(["VOET a", "voet! b", "NWES", "hello there", "HELLO you", "hello"]):
        say(gateway, text, MSISDN=f"324000000{number}")

    told = [json.loads(line) for line in run("unmatched", "--json").stdout.splitlines()]

    assert [(one["word"], one["messages"], one["nearest"], one["distance"]) for one in told] == [
        ("hello", 3, None, None),
        ("voet", 2, "VOTE", 1),
        ("nwes", 1, "NEWS", 1),
    ]
    assert "A word that people often send instead" in run("unmatched").stderr


def test_a_word_that_draws_on_a_terminal_is_shown_as_escapes(gateway: Gateway, run: Run) -> None:
    store(gateway, KEYWORD="x\x80y", PARM="")
    handle_all(dispatcher_with(open_routes(gateway.settings), gateway.settings, gateway.engine))

    printed = run("unmatched").stdout + run("explain", HOSTILE, "--shortcode", "4414").stdout
    assert not [sign for sign in (*RAW_HOSTILE, "\x80") if sign in printed]


def test_where_everything_found_its_handler_that_is_said(run: Run, gateway: Gateway) -> None:
    assert "Every message found its handler." in run("unmatched").stderr
    assert run("unmatched").stdout.splitlines()[1:] == []


def test_a_poll_is_listed_counted_and_counted_once_more(gateway: Gateway, run: Run) -> None:
    say(gateway, "VOTE blue", MSISDN="32411111111")
    say(gateway, "VOTE red", MSISDN="32422222222")
    say(gateway, "VOTE red", MSISDN="32411111111", TIMESTAMP="20240208152545")
    say(gateway, "VOTE purple", MSISDN="32433333333")
    say(gateway, "VOTE blue", MSISDN="32444444444", TIMESTAMP="20260208152545")

    assert run("votes", "list").stdout == "song\n"
    shown = run("votes", "show", "song").stdout
    assert [row[1:] for row in table(run("votes", "show", "song"))[1:3]] == [["1", "50.0%"]] * 2
    assert "2 votes counted. Kept apart: 1 double, 1 late, 0 early, 1 unreadable." in shown
    right = run("votes", "recount", "song")
    assert (right.exit_code, right.stdout.partition(":")[2].strip()) == (
        0,
        "5 votes right, 0 missing, 0 different, 0 too many.",
    )


def test_a_recount_finds_what_is_wrong_and_mends_it_when_told_to(gateway: Gateway, run: Run) -> None:
    for number, text in enumerate(["VOTE blue", "VOTE red", "NEWS"], 1):
        say(gateway, text, MSISDN=f"3241111111{number}")
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM mo_vote WHERE message_id = 1")
        conn.exec_driver_sql("UPDATE mo_vote SET option = 'Blue' WHERE message_id = 2")
        conn.exec_driver_sql(
            "INSERT INTO mo_vote (poll, option, person_key, message_id, voted_at, timing, last_counts)"
            " SELECT 'song', 'Red', person_key, id, sent_at, 'in time', is_test FROM mo_message WHERE id = 3"
        )

    found = run("votes", "recount", "song")
    mended = run("votes", "recount", "song", "--mend")
    after = run("votes", "recount", "song", "--json")

    assert (found.exit_code, mended.exit_code, after.exit_code) == (3, 0, 0)
    assert "0 votes right, 1 missing, 1 different, 1 too many" in found.stdout
    assert json.loads(after.stdout)["right"] == 2
    (entry,) = audit_trail(gateway.engine)
    assert (entry.action, entry.subject) == ("recount", "votes recount")
    assert entry.details == {"poll": "song", "mend": True, "missing": 1, "different": 1, "surplus": 1}
    assert len(rows(gateway.engine, "mt_message")) == 0


def test_a_poll_that_is_not_there_is_said(run: Run) -> None:
    shown, recounted, listed = run("votes", "show", "x"), run("votes", "recount", "x"), run("votes", "list")

    assert (shown.exit_code, recounted.exit_code, listed.exit_code) == (1, 1, 0)
    assert "nobody has voted in x" in shown.stderr
    assert "there are song" in recounted.stderr
    assert "Nobody has voted yet." in listed.stderr


def test_a_list_shows_who_is_on_it_with_the_proof_and_numbers_masked(gateway: Gateway, run: Run) -> None:
    joined = say(gateway, "NEWS", MSISDN="32411111178")
    say(gateway, "NEWS", MSISDN="32422222278")
    left = say(gateway, "NEWS no more", MSISDN="32422222278")

    assert table(run("lists", "list"))[1:] == [["news", "1", "2"]]
    (shown,) = [json.loads(line) for line in run("lists", "show", "news", "--json").stdout.splitlines()]
    assert (shown["msisdn"], shown["message_id"]) == ("324••••••78", joined)
    assert "32422222278" in run("lists", "show", "news", "--former", "--reveal").stdout
    former = [json.loads(line) for line in run("lists", "show", "news", "--former", "--json").stdout.splitlines()]
    assert former[0]["until_message_id"] == left
    assert "Nobody is on the list other." in run("lists", "show", "other").stderr


def test_show_tells_of_votes_lists_and_questions(gateway: Gateway, run: Run) -> None:
    voted, joined = say(gateway, "VOTE blue"), say(gateway, "NEWS")

    assert "song  Blue    in time" in run("show", voted).stdout
    assert "subscriptions" in run("show", joined).stdout
    assert json.loads(run("show", voted, "--json").stdout)["votes"][0]["option"] == "Blue"
