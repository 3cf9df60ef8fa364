"""`optouts`: the ledger is seen, filled by hand, and taken elsewhere and back without losing anybody."""

import csv
import json
import re
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from mo_gateway.cli import ledger
from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway import Gateway
from mo_gateway.reply import Reply
from mo_gateway.sheets import neutral, plain
from mo_gateway.store.tables import opt_out

from .commands import HOSTILE, RAW_HOSTILE, invoke, table
from .conftest import make_schema
from .handling import consent_of
from .sending import Script, queue, send_all, sender_of
from .stored import rows, store

PHONE = "32412345678"

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway) -> Run:
    """A function that runs `mo-gateway optouts …`."""

    def run(*arguments: str | int, **changes: str) -> Result:
        return invoke(gateway, "optouts", *arguments, **changes)

    return run


def say_stop(gateway: Gateway, word: str = "STOP") -> int:
    """Store a STOP as it comes from a phone, and have it recorded."""
    message_id = store(gateway, KEYWORD=word, PARM="")
    while consent_of(gateway).record():
        pass
    return message_id


def scopes(gateway: Gateway) -> list[tuple[Any, ...]]:
    """Give what is in force: MSISDN, shortcode, keyword."""
    ledger = rows(gateway.engine, "opt_out")
    return [(row.msisdn, row.shortcode, row.keyword) for row in ledger if row.until is None]


def sent_to_phone(gateway: Gateway, keyword: str | None = None) -> bool:
    """Tell whether a reply to the phone goes out now."""
    provider = Script()
    queue(gateway, Reply("an offer"), keyword=keyword)
    send_all(sender_of(gateway, provider), provider)
    return bool(provider.sent)


# list


def test_opt_outs_are_listed_masked_with_the_message_that_proves_them(gateway: Gateway, run: Run) -> None:
    message_id = say_stop(gateway)

    headers, row = table(run("list"))

    assert headers[:5] == ["ID", "WHO", "SHORTCODE", "KEYWORD", "WORD"]
    assert row[1:5] == ["324••••••78", "4414", "all", "STOP"]
    assert row[-2:] == [str(message_id), "no"]
    assert json.loads(run("list", "--json").stdout)["msisdn"] == "324••••••78"
    assert PHONE in run("list", "--reveal").stdout


def test_what_has_ended_is_listed_where_asked_for(gateway: Gateway, run: Run) -> None:
    say_stop(gateway)
    say_stop(gateway, "START")

    hidden, shown = run("list"), run("list", "--all")

    assert (len(table(hidden)), hidden.stderr) == (1, "No opt-out is like that.\n")
    assert len(table(shown)) == 2


def test_a_word_from_a_phone_draws_neither_on_a_terminal_nor_in_a_spreadsheet(gateway: Gateway, run: Run) -> None:
    run("add", PHONE)
    run("add", PHONE, "--shortcode", "4414")
    for reply_id, word in ((1, HOSTILE), (2, "=HYPERLINK(1)")):
        with gateway.engine.begin() as conn:
            conn.execute(update(opt_out).where(opt_out.c.id == reply_id).values(word=word, keyword=word))

    for command in (["list"], ["list", "--json"], ["export"]):
        output = run(*command).output
        assert not [character for character in RAW_HOSTILE if character in output]
    cells = [cell for row in csv.reader(StringIO(run("export").stdout)) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


# add and remove


def test_who_is_entered_by_hand_hears_nothing_on_any_shortcode(gateway: Gateway, run: Run) -> None:
    result = run("add", PHONE, "--word", "letter of 3 March")

    assert result.stdout == "Opt-out 1 is in force.\n"
    assert not sent_to_phone(gateway)
    (row,) = rows(gateway.engine, "opt_out")
    assert (row.shortcode, row.keyword, row.word, row.message_id) == (None, None, "letter of 3 March", None)


def test_an_entry_can_be_about_some_keywords_of_one_shortcode(gateway: Gateway, run: Run) -> None:
    run("add", PHONE, "--shortcode", "4414", "--keyword", "WIN!", "--keyword", "Gagné")

    assert scopes(gateway) == [(PHONE, "4414", "gagné"), (PHONE, "4414", "win")]
    assert not sent_to_phone(gateway, keyword="win")
    assert sent_to_phone(gateway, keyword="news")


def test_entering_somebody_twice_changes_nothing(gateway: Gateway, run: Run) -> None:
    run("add", PHONE)

    assert run("add", PHONE).stdout == "It was in force already.\n"
    assert len(scopes(gateway)) == 1


def test_who_is_taken_out_hears_again_and_the_entry_is_kept(gateway: Gateway, run: Run) -> None:
    run("add", PHONE)

    result = run("remove", PHONE)

    assert result.stdout == "Opt-out 1 has ended.\n"
    assert sent_to_phone(gateway)
    (row,) = rows(gateway.engine, "opt_out")
    assert row.until


def test_taking_out_says_what_is_still_in_force(gateway: Gateway, run: Run) -> None:
    say_stop(gateway)
    run("add", PHONE, "--shortcode", "5000", "--keyword", "win")

    result = run("remove", PHONE)

    assert result.stdout == "Nothing like that was in force.\n"
    assert result.stderr == "Still in force: all keywords on 4414; win on 5000.\n"
    assert run("remove", PHONE, "--shortcode", "5000", "--keyword", "WIN").stdout == "Opt-out 2 has ended.\n"
    assert scopes(gateway) == [(PHONE, "4414", None)]


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["+32412345678"],
        ["0412345678"],
        ["12345"],
        ["3241234567\udcff"],
        [PHONE, "--shortcode", "all"],
        [PHONE, "--shortcode", "٤٤١٤"],
        [PHONE, "--keyword", "!!"],
        [PHONE, "--keyword", "two words"],
        [PHONE, "--keyword", "a\0b"],
    ],
)
def test_what_would_never_match_is_refused(gateway: Gateway, run: Run, command: str, arguments: list[str]) -> None:
    assert run(command, *arguments).exit_code == 2
    assert rows(gateway.engine, "opt_out") == []


# import and export


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[str | bytes], str]:
    """A function that writes a file and gives its name."""

    def write(content: str | bytes) -> str:
        path = tmp_path / "optouts.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


FileOf = Callable[[str | bytes], str]


def test_what_is_exported_can_be_imported_elsewhere(
    gateway: Gateway, run: Run, file_of: FileOf, tmp_path: Path
) -> None:
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    make_schema(elsewhere)
    say_stop(gateway)
    run("add", "31612345678", "--shortcode", "4414", "--keyword", "win")
    run("add", "4915112345678")
    run("remove", "4915112345678")
    exported = run("export", "--all").stdout

    there = run("import", file_of(exported), DATABASE_URL=elsewhere)

    assert there.stdout == "2 opt-outs entered.\n"
    assert there.stderr == "1 line left out: ended.\n"
    again = run("export", DATABASE_URL=elsewhere).stdout
    assert sorted(again.splitlines()) == sorted(line for line in exported.splitlines() if "4915" not in line)


def test_an_imported_number_hears_nothing(gateway: Gateway, run: Run, file_of: FileOf) -> None:
    run("import", file_of(f"msisdn\n{PHONE}\n"), "--shortcode", "4414", "--word", "old system")

    assert not sent_to_phone(gateway)
    assert rows(gateway.engine, "opt_out")[0].word == "old system"


@pytest.mark.parametrize(
    "content",
    [
        b"msisdn,shortcode,keyword\r\n32412345678,4414,WIN\r\n",
        b"\xef\xbb\xbfmsisdn;shortcode;keyword\r\n32412345678;4414;WIN\r\n;;\r\n\r\n",
        b'"MSISDN";"Shortcode";"Keyword"\n"32412345678";"4414";"win"',
        b"name\tkeyword\tshortcode\tmsisdn\nJan\tWin!\t4414\t 32412345678 \n",
    ],
)
def test_files_of_every_spreadsheet_are_read(gateway: Gateway, run: Run, file_of: FileOf, content: bytes) -> None:
    result = run("import", file_of(content))

    assert result.stdout == "1 opt-out entered.\n"
    assert scopes(gateway) == [(PHONE, "4414", "win")]


def test_a_file_comes_by_stdin_too(gateway: Gateway) -> None:
    result = invoke(gateway, "optouts", "import", "-", stdin=f"msisdn\n{PHONE}\n")

    assert (result.exit_code, scopes(gateway)) == (0, [(PHONE, None, None)])


def test_what_is_in_force_or_comes_twice_is_entered_once(gateway: Gateway, run: Run, file_of: FileOf) -> None:
    run("add", PHONE, "--shortcode", "4414")
    lines = [f"{PHONE},4414,", f"{PHONE},4414,win", f"{PHONE},5000,win", f"{PHONE},5000,Win", f"{PHONE},5000,"]

    result = run("import", file_of("\n".join(["msisdn,shortcode,keyword", *lines])))

    assert result.stdout == "2 opt-outs entered.\n"
    assert result.stderr == "3 lines left out: in force already.\n"
    assert scopes(gateway)[1:] == [(PHONE, "5000", "win"), (PHONE, "5000", None)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"msisdn\n{PHONE}\n+32412345679\n3.24E+10\n", "line 3: an MSISDN is 6 to 15 digits"),
        (f"msisdn\n{PHONE}\n+32412345679\n3.24E+10\n", "line 4: an MSISDN is 6 to 15 digits"),
        (f"msisdn,shortcode\n{PHONE},\n{PHONE},all\n", "line 3: a shortcode is 3 to 15 digits"),
        (f"msisdn,keyword\n{PHONE},\n{PHONE},two words\n", "line 3: a keyword is one word"),
        (f"msisdn,word\n{PHONE},\n{PHONE},a\0b\n", "line 3: it has a NUL"),
        (f"msisdn,since\n{PHONE},\n{PHONE},22/11/2026\n", "line 3: '22/11/2026' is no time"),
        (f'msisdn,word\n{PHONE},ok\n{PHONE},"open\n', "line 3: unexpected end"),
        (f"msisdn,word\n{PHONE},{'x' * 200_000}\n", "line 2: field larger"),
        (f"number\n{PHONE}\n", "no column msisdn"),
        (f"msisdn and name\n{PHONE}\n", "no column msisdn"),
        ("", "no column msisdn"),
        ("msisdn,word\n32412345678,caf\xe9\n".encode("latin-1"), "not UTF-8"),
        (f"msisdn\n{PHONE}\n".encode("utf-16"), "not UTF-8"),
        (bytes(range(256)), "not UTF-8"),
    ],
)
def test_a_file_with_a_fault_is_not_entered_at_all(
    gateway: Gateway, run: Run, file_of: FileOf, content: str | bytes, said: str
) -> None:
    result = run("import", file_of(content))

    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert rows(gateway.engine, "opt_out") == []


def test_of_many_faults_the_first_are_named(run: Run, file_of: FileOf) -> None:
    result = run("import", file_of("msisdn\n" + "x\n" * 50))

    assert "line 21: " in result.stderr
    assert "line 22: " not in result.stderr
    assert "and 30 more" in result.stderr


@pytest.mark.parametrize("name", ["not-there.csv", "."])
def test_what_is_no_file_is_a_usage_error(run: Run, name: str) -> None:
    assert run("import", name).exit_code == 2


def test_ten_thousand_numbers_are_entered_at_once(gateway: Gateway, run: Run, file_of: FileOf) -> None:
    numbers = "\n".join(f"324{number:08}" for number in range(10_000))

    assert run("import", file_of(f"msisdn\n{numbers}\n")).stdout == "10000 opt-outs entered.\n"
    assert run("import", file_of(f"msisdn\n{numbers}\n")).stdout == "0 opt-outs entered.\n"


@given(text=st.text())
def test_whatever_a_file_holds_it_is_read_or_refused_in_a_sentence(text: str) -> None:
    def read_moment(_written: str) -> Any:
        return None

    for content in (text, f"msisdn;word\n{text}", f"msisdn,keyword\n32412345678,{text}"):
        with suppress(MoGatewayError):
            lines = ledger.read(StringIO(content), read_moment)
            assert all(line.msisdn.isdigit() for line in lines)


@given(beginning=st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "a;=", "a,\t+"]), rest=st.text())
def test_a_cell_is_read_as_it_was_before_it_was_made_harmless(beginning: str, rest: str) -> None:
    text = beginning + rest.replace("'", "")
    cell = neutral(text)

    assert plain(cell) == text
    assert not re.search(r"\A[-=+@\t\r]|[;,][\t ]*[-=+@]", cell)
