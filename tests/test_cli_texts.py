"""`explain-text`: what a text is as an SMS, and what nobody's text can do to a terminal."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mo_gateway.cli.texts import CAPS, explain_text
from mo_gateway.provider_settings import SCHEMAS

DEAR = "Uw cadeautje ligt klaar bij de kassa, toon dit bericht aan één van onze medewerkers. Groet, Zoë"

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """A function that runs the command."""

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        result = CliRunner(env={"PYTHONUTF8": "1"}).invoke(explain_text, arguments, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def fields(printed: str) -> dict[str, str]:
    """Give the fields that stand above the first table."""
    lines = printed.split("\n\n")[0].splitlines()
    return {line[:14].strip(): line[14:] for line in lines}


def told(run: Run, text: str) -> dict[str, Any]:
    """Give what the command says as JSON."""
    found: dict[str, Any] = json.loads(run("--json", "--", text).stdout)
    return found


def test_a_text_in_gsm_is_told_in_two_tables(run: Run) -> None:
    result = run("You are in for 5 €")

    assert result.stdout.splitlines() == [
        "Alphabet      GSM-7",
        "Parts         1",
        "Units         19, and room for 141 in the last part",
        "Too long for  –",
        "",
        "PART  UNITS  TEXT",
        "1     19     You are in for 5 €",
    ]
    assert result.stderr == ""
    assert result.exit_code == 0


def test_the_character_that_doubles_the_price_is_shown_with_the_text_that_does_not(run: Run) -> None:
    result = run(DEAR)

    as_it_is, parts, forcing, _, alike, alike_parts = result.stdout.split("\n\n")
    assert fields(as_it_is)["Alphabet"] == "UCS-2"
    assert len(parts.splitlines()) == 3
    assert forcing.splitlines()[1] == "'ë'         U+00EB      LATIN SMALL LETTER E WITH DIAERESIS  'e'"
    assert fields(alike)["Alphabet"] == "GSM-7"
    assert "Zoe" in alike_parts
    assert result.stderr == "U+00EB: not in GSM, so 2 parts instead of 1\n"


def test_a_character_without_likeness_is_shown_so_and_no_other_text_is_offered(run: Run) -> None:
    result = run("ë 😀")

    (grin,) = (line for line in result.stdout.splitlines() if "GRINNING" in line)
    assert grin.split() == ["'😀'", "U+1F600", "GRINNING", "FACE", "–"]
    assert "With the likenesses" not in result.stdout


def test_likenesses_that_cannot_be_seen_are_quoted(run: Run) -> None:
    result = run("a\u00a0b\u200bc")

    assert "'\\xa0'" in result.stdout
    assert [line.split()[-1] for line in result.stdout.splitlines() if "U+200B" in line] == ["''"]


@pytest.mark.parametrize(
    ("length", "too_long_for"),
    [
        (160, []),
        (161, ["connectcall"]),
        (459, ["connectcall"]),
        (460, ["connectcall", "sms1601"]),
        (612, ["connectcall", "sms1601"]),
        (613, ["spryng", "connectcall", "sms1601"]),
        (918, ["spryng", "connectcall", "sms1601"]),
        (919, ["spryng", "connectcall", "sms1601", "intelecom"]),
        (2144, ["spryng", "connectcall", "sms1601", "intelecom"]),
        (2145, ["spryng", "connectcall", "sms1601", "pswincom", "intelecom"]),
    ],
)
def test_the_providers_that_would_not_send_it_whole_are_named(
    run: Run, length: int, too_long_for: list[str]
) -> None:
    assert told(run, "a" * length)["too_long_for"] == too_long_for


def test_a_text_in_ucs_2_is_limited_by_its_parts(run: Run) -> None:
    assert told(run, "ĉ" * 67 * 3)["too_long_for"] == ["connectcall"]
    assert told(run, "ĉ" * 67 * 16)["too_long_for"] == ["spryng", "connectcall", "sms1601", "intelecom"]
    assert "pswincom" in told(run, "ĉ" * 67 * 16 + "a")["too_long_for"]


def test_it_knows_every_provider() -> None:
    assert CAPS.keys() == SCHEMAS.keys()


def test_json_has_the_same_for_programs(run: Run) -> None:
    found = told(run, "é\tü")

    assert found == {
        "alphabet": "ucs-2",
        "units": 3,
        "units_left": 67,
        "parts": ["é\tü"],
        "forced_by": [{"character": "\t", "code_point": "U+0009", "name": None, "likeness": " "}],
        "too_long_for": [],
        "warning": None,
        "transliterated": {
            "alphabet": "gsm-7",
            "units": 3,
            "units_left": 157,
            "parts": ["é ü"],
            "forced_by": [],
            "too_long_for": [],
        },
    }


@pytest.mark.parametrize(
    ("stdin", "text"),
    [("two\nlines\n", "two\nlines"), ("", ""), ("ë".encode(), "ë"), (b"h\xe9", "h\ufffd")],
)
def test_a_dash_reads_the_text_from_stdin(run: Run, stdin: str | bytes, text: str) -> None:
    result = run("-", "--json", stdin=stdin)

    assert json.loads(result.stdout)["parts"] == [text]


def test_a_text_cannot_draw_on_the_terminal(run: Run) -> None:
    hostile = "\x1b[31mred\u202e\x07\x9b31m\r\nnext\ud83d\u2028line"

    result = run("--", hostile)

    assert "\\x1b[31mred\\u202e\\x07\\x9b31m\\r\\nnext\\ud83d\\u2028line" in result.stdout
    assert not set(result.output) & set("\x1b\u202e\x07\x9b\r\ud83d\u2028")
