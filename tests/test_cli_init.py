"""`init`: what it writes can be used as it is, and nothing that is there is lost."""

import os
import re
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mo_gateway.cli import main
from mo_gateway.demo import filling
from mo_gateway.settings import PREFIX, load_settings, unknown_variables

from .conftest import settings_for
from .stored import rows
from .test_demo import filled_in

pytestmark = pytest.mark.pages  # what the pages are filled with

VARIABLE = re.compile(r"^#?(MO_GATEWAY_[A-Z_]+)=(.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of the test's own, and an environment without settings."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    """Type a command; `environ` are variables without their MO_GATEWAY_."""
    env = {PREFIX + name: value for name, value in environ.items()}
    result = CliRunner(env=env).invoke(main, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_routes_that_it_writes_have_no_fault(folder: Path) -> None:
    assert run("init", "sms").exit_code == 0

    checked = run("check", "sms/routes.toml")

    assert (checked.exit_code, checked.stdout) == (
        0,
        "sms/routes.toml: 5 routes with those of modules, no fault.\n",
    )


def test_the_settings_that_it_writes_are_settings_of_this_program(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "sms")
    monkeypatch.chdir(folder / "sms")
    written = dict(VARIABLE.findall((folder / "sms" / ".env").read_text()))
    examples = {name: value for name, value in written.items() if value}

    settings = load_settings({**examples, "MO_GATEWAY_HANDLERS": ""})

    assert unknown_variables(written) == []
    assert settings.routes == Path("routes.toml")
    assert not settings.is_sqlite


def test_a_first_message_is_answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("init")

    explained = run("explain", "vote blauw", "--shortcode", "4414", ROUTES="routes.toml")

    assert explained.exit_code == 0
    assert "vote:vote" in explained.stdout


def test_it_says_what_it_wrote_and_what_is_next() -> None:
    result = run("init", "my sms")

    assert result.stdout == "my sms/routes.toml\nmy sms/.env\n"
    assert result.stderr.splitlines() == [
        "Next:",
        "  cd 'my sms' && set -a && . ./.env && set +a",
        "  mo-gateway run",
        '  mo-gateway trigger "INFO"',
    ]


def test_only_this_user_can_read_what_credentials_will_be_in(folder: Path) -> None:
    run("init")

    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays_as_it_is_and_is_named(folder: Path) -> None:
    (folder / ".env").write_text("MO_GATEWAY_TIMEZONE=Europe/London\n")

    result = run("init")

    assert result.stdout == "routes.toml\n"
    assert ".env is there already, and stays as it is." in result.stderr
    assert (folder / ".env").read_text() == "MO_GATEWAY_TIMEZONE=Europe/London\n"


def test_a_fault_in_the_routes_that_are_there_is_said(folder: Path) -> None:
    (folder / "routes.toml").write_text("[[route]]\nkeyword = 7\n")

    result = run("init")

    assert result.exit_code == 4
    assert "routes.toml" in result.stderr


def test_the_demo_has_routes_of_its_own(folder: Path) -> None:
    run("init")

    result = run("init", "--demo")

    assert result.exit_code == 1
    assert result.stderr == (
        "routes.toml is there already, and --demo has routes of its own: name another folder\n"
    )


def test_the_demo_is_filled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "fill", partial(filling.fill, messages=8))  # the whole demo takes its time

    first = run("init", "--demo")
    second = run("init", "--demo")

    assert first.exit_code == 0
    assert re.search(r"^[0-9]+ requests of 30 days are in the database", first.stdout, re.MULTILINE)
    assert first.stderr.splitlines()[-3:] == [
        "  mo-gateway user add an --role admin",
        "  mo-gateway run",
        "  mo-gateway status",
    ]
    assert second.exit_code == 1
    assert re.fullmatch(
        r"the database holds messages already, up to number [0-9]+: --demo fills an empty one only\n",
        second.stderr,
    )
    checked = run("check", "routes.toml")
    assert (checked.exit_code, checked.stdout) == (0, "routes.toml: 10 routes with those of modules, no fault.\n")


def test_a_database_with_messages_of_somebody_is_left_alone(folder: Path, database_url: str) -> None:
    with filled_in(folder, database_url, messages=4) as made:
        before = len(rows(made.engine, "mo_message"))
        result = run("init", "--demo", "demo", DATABASE_URL=database_url, ALLOW_UNSAFE_DATABASE="1")
        after = len(rows(made.engine, "mo_message"))

    assert result.exit_code == 1
    assert "holds messages already" in result.stderr
    assert before == after
    assert not (folder / "demo" / "routes.toml").exists()


def test_the_demo_goes_where_the_settings_say(
    folder: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "fill", partial(filling.fill, messages=4))  # the whole demo takes its time

    result = run("init", "--demo", DATABASE_URL=postgres_url, ALLOW_UNSAFE_DATABASE="1")

    assert result.exit_code == 0
    assert not (folder / "mo-gateway.db").exists()
    assert filling.newest_message(settings_for(postgres_url)) > 100
