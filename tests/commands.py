"""Commands under test: run as `mo-gateway` runs them, on the database of a gateway."""

from typing import NoReturn

from click.testing import CliRunner, Result

from mo_gateway.cli import main
from mo_gateway.gateway import Gateway
from mo_gateway.settings import PREFIX

#: A text that would draw on a terminal, and the characters of it that must not reach one.
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe\u2066\x9b31m\nnext line\r\ttab"
RAW_HOSTILE = ("\x1b", "\x07", "\u202e", "\u2066", "\x9b", "\r", "\t")


def environ_of(gateway: Gateway, **changes: str) -> dict[str, str]:
    """Give the variables that lead a command to a gateway's database; `changes` are without MO_GATEWAY_."""
    usual = {
        "DATABASE_URL": gateway.settings.database_url.render_as_string(hide_password=False),
        "ALLOW_UNSAFE_DATABASE": "1",
        "CALLBACK_SECRET": "geheim",
        "PERSON_SECRET": "test-person-secret",
        "TIMEZONE": "Europe/Brussels",
        "REFUSALS_FILE": str(gateway.settings.refusals_file),
    }
    return {PREFIX + name: value for name, value in {**usual, **changes}.items()}


def invoke(gateway: Gateway, *arguments: str | int, stdin: str | bytes = "", **changes: str) -> Result:
    """Run a command; its exit code and output are those that a shell would see."""
    runner = CliRunner(env=environ_of(gateway, **changes))
    result = runner.invoke(main, [str(argument) for argument in arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def table(result: Result) -> list[list[str]]:
    """Take a printed table to pieces: two spaces or more stand between columns."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in result.stdout.splitlines()]


def interrupt(*_arguments: object) -> NoReturn:
    """Press Ctrl-C."""
    raise KeyboardInterrupt
