"""Settings: every default, every bad value named with what would be right, and secrets that stay secret."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url

from mo_gateway.errors import ConfigError
from mo_gateway.settings import (
    PERSON_SECRET_FILE,
    PREFIX,
    SECRET_FILE,
    Settings,
    SettingsSchema,
    load_settings,
    unknown_variables,
)

SECONDS = "a number of seconds, over 0 and at most a day (86400)"
NETWORKS = "addresses or networks such as 192.0.2.0/24"
POSITIVE = "Must be greater than or equal to 1."

#: A bad value of every setting that can be wrong, and what is said of it.
BAD = [
    ("ALLOW_ANONYMOUS", "maybe", "1 or 0"),
    ("ALLOW_UNSAFE_DATABASE", "2", "1 or 0"),
    ("PREPARE_STATEMENTS", "ja", "1 or 0"),
    ("ALLOWED_NETWORKS", "192.0.2.1/24", f"{NETWORKS} (192.0.2.1/24 has host bits set)"),
    ("ALLOWED_NETWORKS", "192.0.2.1 192.0.2.2", NETWORKS),
    ("METRICS_NETWORKS", "localhost", NETWORKS),
    ("TRUSTED_PROXIES", "two", "Not a valid integer."),
    ("TRUSTED_PROXIES", "-1", "Must be greater than or equal to 0 and less than or equal to 10."),
    ("PUBLIC_URL", "sms.example.org", "the beginning of a URL, such as https://sms.example.org"),
    ("PUBLIC_URL", "ftp://sms.example.org", "the beginning of a URL, such as https://sms.example.org"),
    ("TIMEZONE", "Mars/Base", "the name of a time zone, such as Europe/Amsterdam"),
    ("TIMEZONE", "Europe", "the name of a time zone, such as Europe/Amsterdam"),
    ("TIMEZONE", "../../etc/passwd", "the name of a time zone, such as Europe/Amsterdam"),
    ("CHARSET", "latin-1", "Must be one of: iso-8859-1, windows-1252, utf-8, auto."),
    ("OPERATOR_POLICY", "all", "Must be one of: listed, known-country, any."),
    ("OPERATORS_FILE", "/nowhere", "the path of a file that can be read"),
    ("OPERATORS_FILE", "/", "the path of a file that can be read"),
    ("REJECTED_ANSWER", "500", "Must be one of: 400, 200."),
    ("MAX_BODY_BYTES", "1023", "Must be greater than or equal to 1024 and less than or equal to 16777216."),
    ("MAX_REJECTIONS", "0", POSITIVE),
    ("MAX_WAITING", "0", POSITIVE),
    ("MAX_ATTEMPTS", "1.5", "Not a valid integer."),
    ("MAX_ATTEMPTS", "1001", "Must be greater than or equal to 1 and less than or equal to 1000."),
    ("COMMIT_DEADLINE", "soon", SECONDS),
    ("COMMIT_DEADLINE", "0", SECONDS),
    ("COMMIT_DEADLINE", "1e-9", SECONDS),
    ("LEASE", "nan", SECONDS),
    ("LEASE", "1e300", SECONDS),
    ("RETRY_DELAY", "-5", SECONDS),
    ("RETRY_DELAY", "86401", SECONDS),
    ("LOG_FORMAT", "xml", "Must be one of: auto, human, json."),
]

HAS_SECRETS = {"CALLBACK_SECRET": "geheim", "PERSON_SECRET": "person"}


def load(folder: Path | None = None, /, **given: str) -> Settings:
    return load_settings({PREFIX + name: value for name, value in given.items()}, folder)


def faults(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_settings({PREFIX + name: value for name, value in environ.items()})
    return str(refused.value).splitlines()


def test_every_default(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings == Settings(
        database_url=make_url("sqlite:///mo-gateway.db"),
        callback_secret=((tmp_path / SECRET_FILE).read_text().strip(),),
        person_secret=(tmp_path / PERSON_SECRET_FILE).read_bytes().strip(),
        allowed_networks=(),
        trusted_proxies=0,
        public_url="",
        timezone=ZoneInfo("Europe/Amsterdam"),
        charset="iso-8859-1",
        operator_policy="listed",
        operators_file=None,
        rejected_answer=400,
        max_body_bytes=65536,
        max_rejections=100_000,
        commit_deadline=timedelta(seconds=5),
        max_waiting=1000,
        allow_unsafe_database=False,
        prepare_statements=True,
        handlers=(),
        lease=timedelta(seconds=30),
        retry_delay=timedelta(seconds=5),
        max_attempts=12,
        metrics_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        log_format="auto",
        metrics_folder=None,
    )
    assert settings.is_sqlite
    assert settings.handler_limit == timedelta(seconds=25)


def test_every_setting_is_read(tmp_path: Path) -> None:
    operators = tmp_path / "operators.csv"
    operators.touch()

    settings = load(
        DATABASE_URL="sqlite:////var/lib/sms.db",
        CALLBACK_SECRET="new, old ,",
        PERSON_SECRET="pérson",
        ALLOWED_NETWORKS="192.0.2.0/24, 2001:db8::/32,198.51.100.7",
        TRUSTED_PROXIES="2",
        PUBLIC_URL="https://sms.example.org/",
        TIMEZONE="UTC",
        CHARSET="auto",
        OPERATOR_POLICY="known-country",
        OPERATORS_FILE=str(operators),
        REJECTED_ANSWER="200",
        MAX_BODY_BYTES="1024",
        MAX_REJECTIONS="1",
        COMMIT_DEADLINE="0.5",
        MAX_WAITING="1",
        ALLOW_UNSAFE_DATABASE="true",
        PREPARE_STATEMENTS="no",
        HANDLERS="contest, acme.sms ,,",
        LEASE="6",
        RETRY_DELAY="0.25",
        MAX_ATTEMPTS="1000",
        METRICS_NETWORKS="10.0.0.0/8",
        LOG_FORMAT="json",
    )

    assert settings == Settings(
        database_url=make_url("sqlite:////var/lib/sms.db"),
        callback_secret=("new", "old"),
        person_secret="pérson".encode(),
        allowed_networks=(
            ip_network("192.0.2.0/24"),
            ip_network("2001:db8::/32"),
            ip_network("198.51.100.7/32"),
        ),
        trusted_proxies=2,
        public_url="https://sms.example.org",
        timezone=ZoneInfo("UTC"),
        charset="auto",
        operator_policy="known-country",
        operators_file=operators,
        rejected_answer=200,
        max_body_bytes=1024,
        max_rejections=1,
        commit_deadline=timedelta(seconds=0.5),
        max_waiting=1,
        allow_unsafe_database=True,
        prepare_statements=False,
        handlers=("contest", "acme.sms"),
        lease=timedelta(seconds=6),
        retry_delay=timedelta(seconds=0.25),
        max_attempts=1000,
        metrics_networks=(ip_network("10.0.0.0/8"),),
        log_format="json",
        metrics_folder=None,
    )
    assert settings.handler_limit == timedelta(seconds=5)


def test_an_empty_variable_counts_as_unset() -> None:
    assert load(None, **HAS_SECRETS, TIMEZONE="", MAX_WAITING="").max_waiting == 1000


def test_the_folder_of_shared_counters_is_taken_from_prometheus() -> None:
    environ = {PREFIX + name: value for name, value in HAS_SECRETS.items()}

    settings = load_settings(environ | {"PROMETHEUS_MULTIPROC_DIR": "/run/counters"})

    assert settings.metrics_folder == Path("/run/counters")


@pytest.mark.parametrize(("name", "value", "right"), BAD)
def test_a_bad_value_is_named_with_what_would_be_right(name: str, value: str, right: str) -> None:
    (fault,) = faults({name: value})

    assert fault.startswith(f"MO_GATEWAY_{name} cannot be {value!r}: {right}")


def test_all_bad_values_are_named_at_once_in_the_order_of_the_alphabet() -> None:
    bad = {name: value for name, value, _ in BAD} | {"DATABASE_URL": "mysql://db/sms", "LEASE_FILE": "/nowhere"}
    del bad["LEASE"]

    found = faults(bad)

    assert len(found) == len(bad)
    assert found == sorted(found)


def test_every_setting_that_can_be_wrong_is_tried_wrong() -> None:
    free_text = {"CALLBACK_SECRET", "PERSON_SECRET", "HANDLERS"}
    tried_below = {"DATABASE_URL"}

    assert {name for name, _, _ in BAD} == set(SettingsSchema().fields) - free_text - tried_below


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://sms@db/sms", "postgresql+psycopg"),
        ("postgres://sms@db/sms", "postgresql+psycopg"),
        ("postgresql+psycopg://sms@db/sms", "postgresql+psycopg"),
        ("postgresql:///sms?host=/run/postgresql", "postgresql+psycopg"),
        ("sqlite:///sms.db", "sqlite"),
        ("sqlite:////var/lib/sms.db", "sqlite"),
    ],
)
def test_a_database_url_may_be_spelled_in_several_ways(given: str, driver: str) -> None:
    url = load(None, **HAS_SECRETS, DATABASE_URL=given).database_url

    assert url.drivername == driver
    assert url.database in ("sms", "sms.db", "/var/lib/sms.db")


@pytest.mark.parametrize("given", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(given: str) -> None:
    assert faults({"DATABASE_URL": given}) == [
        "MO_GATEWAY_DATABASE_URL cannot be that value: sqlite:///FILE or postgresql://USER@HOST/NAME;"
        " a database in memory would lose what was acknowledged"
    ]


@pytest.mark.parametrize(
    "given",
    [
        "sms.db",
        "mysql://sms:hunter2@db/sms",
        "postgresql+psycopg2://sms:hunter2@db/sms",
        "postgresql+asyncpg://sms:hunter2@db/sms",
        "postgresql://sms:hunter2@db:port/sms",
        "sqlite+aiosqlite:///sms.db",
        "sqlite://sms.db",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:sms?mode=memory&cache=shared&uri=true",
    ],
)
def test_any_other_database_is_refused_without_showing_its_password(given: str) -> None:
    assert faults({"DATABASE_URL": given}) == [
        "MO_GATEWAY_DATABASE_URL cannot be that value: sqlite:///FILE or postgresql://USER@HOST/NAME"
    ]


@pytest.mark.parametrize("name", ["DATABASE_URL", "CALLBACK_SECRET", "PERSON_SECRET"])
def test_no_complaint_holds_a_secret(tmp_path: Path, name: str) -> None:
    file = tmp_path / "value"
    file.write_text("mysql://sms:canary@db/sms")
    value = file.read_text()

    complaints = [
        *faults({"DATABASE_URL": value, name: value, "LEASE": "x"}),
        *faults({f"{name}_FILE": str(file), "DATABASE_URL": value, "LEASE": "x"}),
    ]

    assert len(complaints) == 4
    assert not [complaint for complaint in complaints if "canary" in complaint]


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("  new,old\n")

    settings = load(PERSON_SECRET="person", CALLBACK_SECRET_FILE=str(file))

    assert settings.callback_secret == ("new", "old")


@pytest.mark.parametrize("name", SettingsSchema().fields)
def test_every_setting_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    missing = tmp_path / "missing"

    (fault,) = faults({f"{name}_FILE": str(missing)})

    assert fault.startswith(f"MO_GATEWAY_{name}_FILE: {missing} cannot be read (")


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_text(content)

    assert faults({"CALLBACK_SECRET_FILE": str(file)}) == [f"MO_GATEWAY_CALLBACK_SECRET_FILE: {file} is empty."]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe")

    (fault,) = faults({"CALLBACK_SECRET_FILE": str(file)})

    assert fault.startswith(f"MO_GATEWAY_CALLBACK_SECRET_FILE: {file} cannot be read (")


def test_a_value_and_a_file_of_the_same_setting_are_refused(tmp_path: Path) -> None:
    assert faults({"CALLBACK_SECRET": "canary", "CALLBACK_SECRET_FILE": str(tmp_path)}) == [
        "MO_GATEWAY_CALLBACK_SECRET and MO_GATEWAY_CALLBACK_SECRET_FILE are both set: only one may be."
    ]


def test_a_made_secret_is_kept_for_this_user_only_and_used_again(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)

    assert first == second
    assert len(first.callback_secret[0]) == 32
    assert first.callback_secret[0].encode() != first.person_secret
    files = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert files == {SECRET_FILE: 0o600, PERSON_SECRET_FILE: 0o600}


def test_two_folders_have_two_secrets(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    assert load(tmp_path).callback_secret != load(tmp_path / "other").callback_secret


def test_processes_that_start_together_make_one_secret(tmp_path: Path) -> None:
    program = f"""if True:
        from pathlib import Path
        from mo_gateway.settings import kept_secret
        input()
        for number in range(20):
            print(kept_secret(Path({str(tmp_path)!r}) / str(number)))
    """
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    one, other = (process.communicate(timeout=60)[0] for process in processes)

    assert one == other
    assert len(set(one.split())) == 20
    assert len(list(tmp_path.iterdir())) == 20


def test_nothing_is_made_where_everything_is_given(tmp_path: Path) -> None:
    load(tmp_path, **HAS_SECRETS)

    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_where_a_setting_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, LEASE="x")

    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a file"
    folder.touch()

    with pytest.raises(ConfigError, match=r"mo-gateway\.secret cannot be written to keep a new secret"):
        load(folder)


def test_anonymous_callbacks_have_no_secret_and_make_none(tmp_path: Path) -> None:
    settings = load(tmp_path, ALLOW_ANONYMOUS="1")

    assert settings.callback_secret == ()
    assert settings.callback_path == "/spryng/mo"
    assert [path.name for path in tmp_path.iterdir()] == [PERSON_SECRET_FILE]


@pytest.mark.parametrize(
    ("secret", "path"),
    [
        ("geheim", "/spryng/mo/geheim"),
        ("new,old", "/spryng/mo/new"),
        ("a/b?c#d", "/spryng/mo/a%2Fb%3Fc%23d"),
        ("50% é+", "/spryng/mo/50%25%20%C3%A9%2B"),
    ],
)
def test_the_callback_path_holds_the_newest_secret_quoted(secret: str, path: str) -> None:
    assert load(CALLBACK_SECRET=secret, PERSON_SECRET="person").callback_path == path


def test_variables_that_are_no_settings_are_found() -> None:
    environ = {
        "MO_GATEWAY_DATABSE_URL": "x",
        "MO_GATEWAY_LEASE": "30",
        "MO_GATEWAY_LEASE_FILE": "x",
        "MO_GATEWAY_lease": "x",
        "MO_GATEWAYS": "x",
        "PATH": "x",
    }

    assert unknown_variables(environ) == ["MO_GATEWAY_DATABSE_URL", "MO_GATEWAY_lease"]
