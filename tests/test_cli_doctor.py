"""`doctor`: each thing that has to be right is looked at, and what is wrong is told with what to do."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text

from mo_gateway.checks.database import check_database
from mo_gateway.cli.doctor import doctor
from mo_gateway.fakes.server import FakeServer, running
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.providers.spryng import SpryngSender
from mo_gateway.reply import Standing
from mo_gateway.settings import Settings
from mo_gateway.store.schema import newest_version
from mo_gateway.store.tables import mo_message

from .conftest import make_schema, settings_for
from .examples import webhook
from .postgres import free_port
from .serving import served
from .stored import store

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of the test's own, for the secrets that are kept."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(sqlite_url: str, folder: Path) -> Run:
    """A function that runs `doctor` on SQLite; it takes options, and variables in place of the usual ones."""

    def run(*options: str, **changes: str) -> Result:
        usual = {
            "DATABASE_URL": sqlite_url,
            "CALLBACK_SECRET": "geheim",
            "PERSON_SECRET": "test-person-secret",
            "ALLOW_UNSAFE_DATABASE": "1",
        }
        environ = {f"MO_GATEWAY_{name}": value for name, value in {**usual, **changes}.items()}
        return CliRunner(env=environ, catch_exceptions=False).invoke(doctor, options)

    return run


@pytest.fixture
def run_on_each(run: Run, database_url: str) -> Run:
    """The same on a database of each kind in turn."""
    return partial(run, DATABASE_URL=database_url)


@pytest.fixture
def sqlite_gateway(sqlite_url: str) -> Iterator[Gateway]:
    """A gateway on the database that `run` looks at."""
    gateway = open_gateway(settings_for(sqlite_url))
    yield gateway
    gateway.close()


def told(result: Result, subject: str) -> list[str]:
    """Give what was said of one subject, signs included."""
    lines = (line.split(maxsplit=2) for line in result.stdout.splitlines())
    return [f"{sign} {sentence}" for sign, about, sentence in lines if about == subject]


def test_all_is_right_with_a_gateway_that_runs_durably(
    sqlite_gateway: Gateway, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_gateway.receiver.receive(sqlite_gateway.spryng, webhook())
    (folder / "handlers_that_doctor_finds.py").write_text(
        "from mo_gateway import keyword\n@keyword('WIN', 'GAGNE')\ndef win(message): ...\n"
    )
    monkeypatch.syspath_prepend(folder)

    with served(sqlite_gateway) as url, running(FakeSpryng()) as fake:
        result = run("--url", f"{url}/geheim", HANDLERS="handlers_that_doctor_finds", **spryng(fake))

    assert [line[0] for line in result.stdout.splitlines()] == ["✓"] * 10
    assert told(result, "handlers") == ["✓ 1, with 2 routes and no clash"]
    assert result.exit_code == 0
    assert "geheim" not in result.output


def test_every_bad_setting_has_its_own_line_and_nothing_else_is_looked_at(run: Run) -> None:
    result = run(TIMEZONE="Europe/Brussel", LEASE="0")

    assert [line.split()[:3] for line in result.stdout.splitlines()] == [
        ["✗", "settings", "MO_GATEWAY_LEASE"],
        ["✗", "settings", "MO_GATEWAY_TIMEZONE"],
    ]
    assert result.exit_code == 3


def test_a_variable_that_is_no_setting_is_named(run: Run) -> None:
    result = run(CALBACK_SECRET="typo")

    assert told(result, "settings") == [
        "✗ MO_GATEWAY_CALBACK_SECRET is not a setting of this program: a slip of the pen?"
    ]
    assert result.exit_code == 3


def test_where_the_callback_secret_comes_from_is_told(run: Run, folder: Path) -> None:
    (folder / "secret.txt").write_text("one,two")

    given = run()
    by_file = run(CALLBACK_SECRET="", CALLBACK_SECRET_FILE="secret.txt")
    made = run(CALLBACK_SECRET="")
    kept = run(CALLBACK_SECRET="")
    none = run(CALLBACK_SECRET="", ALLOW_ANONYMOUS="1")

    assert told(given, "secret") == ["✓ set in MO_GATEWAY_CALLBACK_SECRET"]
    assert told(by_file, "secret") == ["✓ set in MO_GATEWAY_CALLBACK_SECRET_FILE, 2 are accepted"]
    assert "made just now" in told(made, "secret")[0]
    assert told(kept, "secret") == [f"✓ made by this program and kept in {folder}/mo-gateway.secret"]
    assert told(none, "secret")[0].startswith("– none is asked for")
    assert (folder / "mo-gateway.secret").read_text().strip() not in kept.output


def test_handlers_that_cannot_be_imported_are_named(run: Run) -> None:
    result = run(HANDLERS="no_such_module_a,no_such_module_b")

    assert [sentence[:33] for sentence in told(result, "handlers")] == [
        "✗ The module no_such_module_a of ",
        "✗ The module no_such_module_b of ",
    ]
    assert result.exit_code == 3


def test_a_gateway_without_handlers_is_no_fault(run: Run) -> None:
    assert told(run(), "handlers")[0].startswith("– there are none")


def test_the_database_is_named_with_version_and_schema(run_on_each: Run, settings: Settings) -> None:
    database = told(run_on_each(), "database")[0]

    product = "SQLite" if settings.is_sqlite else "PostgreSQL"
    assert database.startswith(f"✓ {product} ")
    assert "(current)" in database


def test_a_server_without_fsync_is_not_durable_and_sqlite_is(run_on_each: Run, settings: Settings) -> None:
    durable = told(run_on_each(), "durable")

    if settings.is_sqlite:
        assert durable == ["✓ journal_mode wal, synchronous FULL"]
    else:  # the plain suite's server
        assert durable[0].startswith("✗ fsync off, synchronous_commit on: ")


def test_a_server_without_fsync_that_is_not_accepted_is_told_as_at_start(run: Run, postgres_url: str) -> None:
    result = run(DATABASE_URL=postgres_url, ALLOW_UNSAFE_DATABASE="0")

    assert "fsync=off" in told(result, "database")[0]
    assert result.exit_code == 3


def test_an_older_schema_is_told_with_the_command_that_upgrades_it(run_on_each: Run, gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("UPDATE mo_schema_version SET version_num = '0000'"))

    assert told(run_on_each(), "database") == [
        f"✗ the database has schema 0000 and this program needs {newest_version()}: run `mo-gateway db upgrade`"
    ]


def test_a_database_that_is_away_is_told_without_its_password(run: Run) -> None:
    url = f"postgresql://somebody:hushhush@127.0.0.1:{free_port()}/nowhere"

    result = run(DATABASE_URL=url)

    assert "does not answer" in told(result, "database")[0]
    assert "hushhush" not in result.output
    assert result.exit_code == 3


def test_a_missing_database_file_is_told_and_not_made(run: Run, folder: Path) -> None:
    result = run(DATABASE_URL="sqlite:///not-there.db")

    assert told(result, "database")[0].startswith("✗ there is no database not-there.db")
    assert not (folder / "not-there.db").exists()


def test_another_person_secret_than_that_of_the_newest_message_is_wrong(
    run_on_each: Run, gateway: Gateway
) -> None:
    before = run_on_each()
    gateway.receiver.receive(gateway.spryng, webhook())

    fitting, other = run_on_each(), run_on_each(PERSON_SECRET="another")

    assert told(before, "people") == ["– no message yet to compare the person secret with"]
    assert told(fitting, "people") == ["✓ the person secret is the one of message 1, the newest"]
    assert told(other, "people")[0].startswith("✗ message 1 was stored under another person secret")
    assert other.exit_code == 3


@pytest.mark.parametrize(("hours", "sign"), [(0, "✓"), (1, "✗"), (-1, "✗")])
def test_a_clock_that_is_off_is_told(settings: Settings, hours: int, sign: str) -> None:
    findings = check_database(settings, lambda: utc_now() + timedelta(hours=hours))

    clock = findings[-1]
    assert (clock.subject, clock.verdict) == ("clock", {"✓": "right", "✗": "wrong"}[sign])


def spryng(fake: FakeServer, **changes: str) -> dict[str, str]:
    """Give the settings that send by a fake Spryng."""
    usual = {"URL": f"{fake.url}/api/simple/message", "USERNAME": "user", "PASSWORD": "geheim-wachtwoord"}
    return {f"SPRYNG_{name}": value for name, value in {**usual, **changes}.items()}


def test_without_a_provider_replies_wait_and_nothing_is_wrong(run: Run) -> None:
    assert told(run(), "replies") == [
        "– no provider is set to send by, so replies wait: docs/replies.md says how to set one"
    ]


def test_a_provider_is_asked_for_our_credit(run: Run) -> None:
    with running(FakeSpryng()) as fake:
        result = run(**spryng(fake))

    assert told(result, "replies") == ["✓ spryng: Spryng has 100.5 credits for us"]
    assert fake.fake.taken == []


def test_a_provider_that_does_not_know_us_is_wrong(run: Run) -> None:
    with running(FakeSpryng()) as fake:
        result = run(**spryng(fake, PASSWORD="hushhush"))

    assert told(result, "replies") == ["✗ spryng: Spryng does not accept the user name or the password"]
    assert result.exit_code == 3
    assert "hushhush" not in result.output


def test_a_provider_that_does_not_answer_is_wrong(run: Run) -> None:
    with running(FakeSpryng()) as fake:
        pass

    assert told(run(**spryng(fake)), "replies") == [
        "✗ spryng: it does not answer: no connection: Connection refused"
    ]


def test_a_provider_that_cannot_be_asked_is_left_open(run: Run) -> None:
    result = run(CONNECTCALL_LOGIN="user", CONNECTCALL_PASSWORD="hushhush", REPLY_PROVIDER="connectcall")

    assert told(result, "replies") == [
        "– connectcall: Connect Call has no call that checks the login without sending an SMS"
    ]


def test_a_provider_that_is_chosen_and_not_set_is_wrong(run: Run) -> None:
    with running(FakeSpryng()) as fake:
        result = run(**spryng(fake), REPLY_PROVIDER="pswincom")

    assert told(result, "replies") == [
        "✗ MO_GATEWAY_REPLY_PROVIDER is pswincom, and pswincom has no settings to send by: replies wait",
        "✓ spryng: Spryng has 100.5 credits for us",
    ]


def test_a_provider_that_no_reply_would_go_by_is_told(run: Run) -> None:
    result = run(CONNECTCALL_LOGIN="user", CONNECTCALL_PASSWORD="hushhush")

    assert "MO_GATEWAY_REPLY_PROVIDER=connectcall sends them all by connectcall" in told(result, "replies")[0]


def test_each_provider_that_brings_messages_and_sends_no_replies_is_told(
    run: Run, sqlite_gateway: Gateway
) -> None:
    store(sqlite_gateway)
    store(sqlite_gateway, TIMESTAMP="20040208152545")
    store(sqlite_gateway, TIMESTAMP="20040208152546")
    with sqlite_gateway.engine.begin() as conn:
        conn.execute(text("UPDATE mo_message SET provider = 'pswincom' WHERE id = 1"))
        conn.execute(text("UPDATE mo_message SET provider = 'intelecom' WHERE id = 2"))
    with running(FakeSpryng()) as fake:
        result = run(**spryng(fake))
        chosen = run(**spryng(fake), REPLY_PROVIDER="spryng")

    waiting = [line.partition(",")[0] for line in told(result, "replies")]
    assert waiting == [
        "– replies to messages from intelecom wait",
        "– replies to messages from pswincom wait",
        "✓ spryng: Spryng has 100.5 credits for us",
    ]
    assert "MO_GATEWAY_REPLY_PROVIDER=spryng sends them all by spryng" in told(result, "replies")[0]
    assert told(chosen, "replies") == ["✓ spryng: Spryng has 100.5 credits for us"]


def test_a_providers_words_never_quote_its_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_sender: SpryngSender) -> Standing:
        return Standing(is_right=False, text="no such user: USERNAME=user&PASSWORD=hush%26hush\x1b[2J")

    monkeypatch.setattr(SpryngSender, "standing", refused)

    result = run(SPRYNG_USERNAME="user", SPRYNG_PASSWORD="hush&hush")

    assert told(result, "replies") == ["✗ spryng: no such user: USERNAME=user&PASSWORD=***\\x1b[2J"]


def test_a_gateway_that_does_not_run_is_told(run: Run) -> None:
    port = free_port()

    result = run("--url", f"http://127.0.0.1:{port}/spryng/mo/geheim")

    assert told(result, "callback") == [
        f"✗ nothing answers at http://127.0.0.1:{port}: is `mo-gateway run` running?"
    ]
    assert told(result, "ready") == []
    assert result.exit_code == 3


def test_the_configured_public_url_is_called_where_no_other_is_given(run: Run) -> None:
    port = free_port()

    result = run(PUBLIC_URL=f"http://127.0.0.1:{port}")

    assert f"127.0.0.1:{port}" in told(result, "callback")[0]


def test_a_wrong_secret_is_told_without_showing_it(run: Run, sqlite_gateway: Gateway) -> None:
    with served(sqlite_gateway) as url:
        result = run("--url", f"{url}/hushhush")

    assert "answers 403: the gateway there has another secret" in told(result, "callback")[0]
    assert "hushhush" not in result.output


def test_a_gateway_that_cannot_store_is_reached_but_not_ready(run_on_each: Run, gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("UPDATE mo_schema_version SET version_num = '0000'"))

    with served(gateway) as url:
        result = run_on_each("--url", f"{url}/geheim")

    assert told(result, "callback")[0].startswith(f"✓ {url}/… answers in ")
    assert told(result, "ready")[0].startswith("✗ messages cannot be stored now: the database has schema 0000")


def test_nothing_is_stored_without_probe(run: Run, sqlite_gateway: Gateway) -> None:
    with served(sqlite_gateway) as url:
        run("--url", f"{url}/geheim")

    with sqlite_gateway.engine.begin() as conn:
        assert conn.execute(select(mo_message)).all() == []


def test_a_probe_is_stored_as_a_test_and_found_in_the_database(run_on_each: Run, gateway: Gateway) -> None:
    with served(gateway) as url:
        result = run_on_each("--url", f"{url}/geheim", "--probe")

    answered, found = told(result, "probe")
    assert answered.startswith("✓ answered TRUE in ")
    assert answered.endswith("stored as message 1, a test")
    assert found == "✓ it is in this database"
    with gateway.engine.begin() as conn:
        row = conn.execute(select(mo_message)).one()
    assert (row.is_test, row.keyword, row.msisdn, row.shortcode) == (True, "DOCTOR", "32400000000", "0000")


def test_a_gateway_on_another_database_is_found_out_by_a_probe(
    run: Run, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    sqlite_gateway.receiver.receive(sqlite_gateway.spryng, webhook())
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    make_schema(elsewhere)

    with served(sqlite_gateway) as url:
        result = run("--url", f"{url}/geheim", "--probe", DATABASE_URL=elsewhere)

    assert told(result, "probe")[1].startswith("✗ it is not in this database")
    assert result.exit_code == 3


def test_json_has_a_verdict_for_each_finding(run: Run, sqlite_gateway: Gateway) -> None:
    with served(sqlite_gateway) as url:
        result = run("--url", f"{url}/geheim", "--json", "--probe")

    findings = json.loads(result.stdout)
    assert {finding["subject"] for finding in findings} == {
        "settings", "secret", "handlers", "database", "durable", "people", "clock", "replies", "callback", "ready",
        "probe",
    }  # fmt: skip
    assert {finding["verdict"] for finding in findings} <= {"right", "wrong", "open"}
