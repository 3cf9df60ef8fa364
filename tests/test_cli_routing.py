"""`routes` and `explain`: the routes as their authors wrote them, and why a text goes where it goes."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from mo_gateway.cli.routing import explain, routes

HANDLERS = """\
from mo_gateway import keyword

@keyword("WIN", "Gagné", shortcode="4414")
def enter_contest(message): ...

@keyword("win")
def win_anywhere(message): ...

@keyword("*")
def anything(message): ...
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs a command of a gateway whose handlers are these, or others."""

    def run(command: click.Command, *arguments: str, handlers: str = HANDLERS) -> Result:
        name = f"handlers_{tmp_path.name}"
        (tmp_path / f"{name}.py").write_text(handlers)
        monkeypatch.syspath_prepend(tmp_path)
        environ = {
            "MO_GATEWAY_CALLBACK_SECRET": "geheim",
            "MO_GATEWAY_PERSON_SECRET": "person",
            "MO_GATEWAY_HANDLERS": name if handlers else "",
        }
        result = CliRunner(env=environ).invoke(command, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_routes_are_listed_as_written_and_sorted_with_the_place_of_their_code(run: Run) -> None:
    result = run(routes)

    words = [line.split()[:2] for line in result.stdout.splitlines()]
    assert words == [["KEYWORD", "SHORTCODE"], ["*", "any"], ["Gagné", "4414"], ["win", "any"], ["WIN", "4414"]]
    assert "enter_contest" in result.stdout
    assert ".py:3" in result.stdout


def test_routes_as_json_are_one_object_a_line(run: Run) -> None:
    result = run(routes, "--json")

    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(route["keyword"], route["shortcode"]) for route in found] == [
        ("*", None),
        ("Gagné", "4414"),
        ("win", None),
        ("WIN", "4414"),
    ]
    assert found[3]["handler"].endswith("enter_contest")


def test_without_handlers_the_setting_that_names_them_is_told(run: Run) -> None:
    result = run(routes, handlers="")

    assert "MO_GATEWAY_HANDLERS" in result.stderr
    assert result.exit_code == 0


def test_explain_shows_the_winner_first_and_each_loser_with_its_reason(run: Run) -> None:
    result = run(explain, "  Win! blue", "--shortcode", "4414")

    compared, _headers, *lines = result.stdout.splitlines()
    assert compared == "The keyword is Win!, compared as win."
    assert [line.split()[0] for line in lines] == ["wins", "loses", "loses", "loses"]
    assert "enter_contest" in lines[0]
    assert any("anything" in line and "less specific than WIN on 4414" in line for line in lines)
    assert any("Gagné" in line and "not the same word" in line for line in lines)
    assert result.exit_code == 0


def test_explain_as_json_says_the_same(run: Run) -> None:
    result = run(explain, "Win! blue", "--shortcode", "4414", "--json")

    told = json.loads(result.stdout)
    assert (told["keyword"], told["compared_as"], told["is_routed"]) == ("Win!", "win", True)
    assert [route["wins"] for route in told["routes"]] == [True, False, False, False]


@pytest.mark.parametrize("json_option", [[], ["--json"]])
def test_a_text_that_no_handler_takes_ends_with_exit_code_3(run: Run, json_option: list[str]) -> None:
    only_win = HANDLERS.split('@keyword("win")')[0]

    result = run(explain, "JOIN", "--shortcode", "4414", *json_option, handlers=only_win)

    assert result.exit_code == 3
    assert "unrouted" in result.stderr


def test_a_text_without_a_word_reaches_the_catch_all(run: Run) -> None:
    result = run(explain, " ", "--shortcode", "4414")

    assert result.stdout.splitlines()[2].split()[:2] == ["wins", "*"]


def test_a_text_cannot_draw_on_the_terminal(run: Run) -> None:
    result = run(explain, "\x1b[31mWIN\u202e now", "--shortcode", "4414")

    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
    assert "\\x1b[31mWIN\\u202e" in result.stdout
