"""Settings: every default, every bad value named with what would be right, and secrets that stay secret."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha1
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url

from mo_gateway import provider_settings
from mo_gateway.errors import ConfigError
from mo_gateway.gateway.sending import open_senders
from mo_gateway.settings import (
    PERSON_SECRET_FILE,
    PREFIX,
    SECRET_FILE,
    SECRETS,
    Settings,
    load_settings,
    names,
    unknown_variables,
)

SECONDS = "a number of seconds, over 0 and at most a day (86400)"
NETWORKS = "addresses or networks such as 192.0.2.0/24"
SILENCE = "SHORTCODE=TIME, with commas between them; a time is a number and s, m, h or d, at most 31d"
POSITIVE = "Must be greater than or equal to 1."
NOT_NEGATIVE = "Must be greater than or equal to 0."
SENDER = "a number of at most 15 digits, or at most 11 letters, digits and signs"
STOP_REPLY = "auto, none, or a text, in which {shortcode} and {keyword} are filled in"
STOP_REPLY_ALONE = "a text with more than {keyword} in it, which is empty where everything was ended"
API_URL = "a URL that begins with https:// or http://, without a user name, a password or a #"
FOLDER_URL = "a URL that begins with https:// or http://, without a user name, a password, a ? or a #"
FOLDERS = ("CONNECTCALL", "SMS1601", "INTELECOM")
CODES = "WORD=MEANING, with commas between them; a meaning is delivered, failed, pending, unknown"
RATE = "Must be greater than or equal to 1 and less than or equal to 100000."

#: A bad value of every setting that can be wrong, and what is said of it.
RETENTION = (
    "days such as 400d, or with commas between them 4414=90d,*=400d; at least 2d, for a date is open so long"
)

BAD = [
    ("RETENTION", "1d", RETENTION),
    ("RETENTION", "4414=90d,4414=80d", RETENTION),
    ("RETENTION", "a year", RETENTION),
    ("ALLOW_ANONYMOUS", "maybe", "1 or 0"),
    ("ALLOW_UNSAFE_DATABASE", "2", "1 or 0"),
    ("PREPARE_STATEMENTS", "ja", "1 or 0"),
    ("ALLOWED_NETWORKS", "192.0.2.1/24", f"{NETWORKS} (192.0.2.1/24 has host bits set)"),
    ("ALLOWED_NETWORKS", "192.0.2.1 192.0.2.2", NETWORKS),
    ("METRICS_NETWORKS", "localhost", NETWORKS),
    ("MAX_SILENCE", "6h", SILENCE),
    ("MAX_SILENCE", "4414=6", SILENCE),
    ("MAX_SILENCE", "4414=0h", SILENCE),
    ("MAX_SILENCE", "4414=32d", SILENCE),
    ("MAX_SILENCE", "4414=6h,4414=7h", SILENCE),
    ("MAX_SILENCE", "WIN=6h", SILENCE),
    ("MAX_SILENCE", "4414=6h 4415=2d", SILENCE),
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
    ("REFUSALS_FILE", "/nowhere/file", "the path of a file, in a folder that is there"),
    ("REFUSALS_FILE", "/", "the path of a file, in a folder that is there"),
    ("ROUTES", "/nowhere.toml", "the path of a file that can be read"),
    ("FORWARD_NETWORKS", "intern", NETWORKS),
    ("BROKER_URL", "mq.example.org", "a URL such as amqp://USER:PASSWORD@HOST/VHOST or redis://HOST/0"),
    ("BROKER_URL", "amqp://mq:0", "a URL such as amqp://USER:PASSWORD@HOST/VHOST or redis://HOST/0"),
    ("SMTP_URL", "http://mail", "smtp://HOST:PORT, starttls://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST"),
    ("SMTP_URL", "smtp:///", "smtp://HOST:PORT, starttls://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST"),
    ("EMAIL_FROM", "sms", "an address such as sms@example.com"),
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
    ("REPLY_PROVIDER", "spring", "Must be one of: spryng, connectcall, sms1601, pswincom, intelecom."),
    ("REPLY_SENDER", "1234567890123456", SENDER),
    ("REPLY_SENDER", "Café", SENDER),
    ("REPLY_SENDER", "twelve signs", SENDER),
    ("REPLY_LIMIT", "0", POSITIVE),
    ("LOOP_LIMIT", "0", POSITIVE),
    ("DAILY_BUDGET", "-1", NOT_NEGATIVE),
    ("REPLY_MAX_AGE", "86401", SECONDS),
    ("SEND_TIMEOUT", "0", SECONDS),
    ("SEND_TIMEOUT", "30", "less than MO_GATEWAY_LEASE, which is 30: a call ends within it"),
    ("SEND_THREADS", "65", "Must be greater than or equal to 1 and less than or equal to 64."),
    ("SEND_TEST_REPLIES", "ja", "1 or 0"),
    ("TRANSLITERATE", "ë", "1 or 0"),
    ("STOP_REPLY", "Bye {number}", STOP_REPLY),
    ("STOP_REPLY", "Bye {keyword", STOP_REPLY),
    ("STOP_REPLY", "Bye\x00", STOP_REPLY),
    ("STOP_REPLY", "{keyword}", STOP_REPLY_ALONE),
    ("STOP_REPLY", "{keyword} \n{keyword}", STOP_REPLY_ALONE),
    ("DEFAULT_COUNTRY", "nld", "three capitals"),
    ("DEFAULT_COUNTRY", "NLD\n", "three capitals"),
    ("LOG_FORMAT", "xml", "Must be one of: auto, human, json."),
    ("SPRYNG_API", "soap", "Must be one of: send, simple, rest."),
    ("SPRYNG_API", "rest", "rest where a TOKEN is set, send or simple where a USERNAME is"),
    ("SPRYNG_SERVICE", "my service", "at most 10 letters and digits"),
    ("SPRYNG_RAW_ENCODING", "utf-8", "1 or 0"),
    ("SPRYNG_REPORT_CODES", "ACCEPTED=sent", CODES),
    ("SPRYNG_REPORT_CODES", "ACCEPTED", CODES),
    ("SPRYNG_REPORT_CODES", "=failed", CODES),
    ("SMS1601_HASH_PASSWORD", "sha1", "1 or 0"),
    ("SMS1601_TEST", "x", "1 or 0"),
    ("SMS1601_SCHEDULE", "x", "1 or 0"),
    ("SMS1601_LOGGING", "x", "1 or 0"),
    ("SMS1601_E_MAIL", "x", "1 or 0"),
    ("SMS1601_POLL", "x", "1 or 0"),
    ("PSWINCOM_REPORTS", "x", "1 or 0"),
    ("CONNECTCALL_CHARSET", "latin1", "Must be one of: utf-8, iso-8859-1, windows-1252."),
    ("SMS1601_CHARSET", "latin1", "Must be one of: utf-8, iso-8859-1, windows-1252."),
    ("INTELECOM_SERVICE_ID", "twelve", "Not a valid integer."),
    ("INTELECOM_SERVICE_ID", "0", POSITIVE),
    ("INTELECOM_PRIORITY", "4", "Must be greater than or equal to 1 and less than or equal to 3."),
    ("INTELECOM_REPORTS", "x", "1 or 0"),
    ("INTELECOM_UNIQUE_REFERENCES", "x", "1 or 0"),
    *((f"{name}_URL", "ftp://sms.example.org", API_URL) for name in ("SPRYNG", "PSWINCOM")),
    *((f"{name}_URL", "ftp://sms.example.org", FOLDER_URL) for name in FOLDERS),
    *((f"{name}_URL", "https://sms.example.org/api?tenant=7", FOLDER_URL) for name in FOLDERS),
    *((f"{name.upper()}_RATE", "0", RATE) for name in provider_settings.SCHEMAS),
]

#: Settings that may hold any text.
FREE_TEXT = {
    *("CALLBACK_SECRET", "PERSON_SECRET", "HANDLERS", "STOP_WORDS"),
    *("SPRYNG_USERNAME", "SPRYNG_PASSWORD", "SPRYNG_SECRET", "SPRYNG_TOKEN", "SPRYNG_ROUTE"),
    *("CONNECTCALL_LOGIN", "CONNECTCALL_PASSWORD", "SMS1601_USERNAME", "SMS1601_PASSWORD"),
    *("PSWINCOM_USERNAME", "PSWINCOM_PASSWORD", "PSWINCOM_HOLD_WORDS", "INTELECOM_USERNAME", "INTELECOM_PASSWORD"),
}

#: Credentials that suffice to send by a provider, in each way that it has.
COMPLETE = [
    {"SPRYNG_USERNAME": "user", "SPRYNG_PASSWORD": "canary"},
    {"SPRYNG_USERNAME": "user", "SPRYNG_SECRET": "canary"},
    {"SPRYNG_TOKEN": "canary"},
    {"CONNECTCALL_LOGIN": "user", "CONNECTCALL_PASSWORD": "canary"},
    {"SMS1601_USERNAME": "user", "SMS1601_PASSWORD": "canary"},
    {"PSWINCOM_USERNAME": "user", "PSWINCOM_PASSWORD": "canary"},
    {"INTELECOM_SERVICE_ID": "1234", "INTELECOM_USERNAME": "user", "INTELECOM_PASSWORD": "canary"},
]

HAS_SECRETS = {"CALLBACK_SECRET": "geheim", "PERSON_SECRET": "person"}


def load(folder: Path | None = None, /, **given: str) -> Settings:
    return load_settings({PREFIX + name: value for name, value in given.items()}, folder)


def faults(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_settings({PREFIX + name: value for name, value in environ.items()})
    return str(refused.value).splitlines()


def fault_of(environ: Mapping[str, str]) -> str:
    """Give the one complaint, beside that a credential alone does not suffice."""
    (fault,) = [fault for fault in faults(environ) if not fault.startswith("To send by ")]
    return fault


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
        retention={},
        commit_deadline=timedelta(seconds=5),
        max_waiting=1000,
        allow_unsafe_database=False,
        prepare_statements=True,
        handlers=(),
        routes=None,
        forward_networks=(),
        broker_url="",
        smtp_url="",
        email_from="",
        lease=timedelta(seconds=30),
        retry_delay=timedelta(seconds=5),
        max_attempts=12,
        refusals_file=Path("mo-gateway.refusing"),
        metrics_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        max_silence={},
        reply_provider="",
        reply_sender="",
        reply_limit=30,
        loop_limit=5,
        daily_budget=0,
        reply_max_age=timedelta(days=1),
        send_timeout=timedelta(seconds=10),
        send_threads=4,
        send_test_replies=False,
        transliterate=False,
        stop_words=(),
        stop_reply="auto",
        default_country="NLD",
        providers={},
        report_codes={},
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
        REFUSALS_FILE="refusing",
        REJECTED_ANSWER="200",
        MAX_BODY_BYTES="1024",
        MAX_REJECTIONS="1",
        RETENTION="4414=90d,*=400d",
        COMMIT_DEADLINE="0.5",
        MAX_WAITING="1",
        ALLOW_UNSAFE_DATABASE="true",
        PREPARE_STATEMENTS="no",
        HANDLERS="contest, acme.sms ,,",
        LEASE="6",
        RETRY_DELAY="0.25",
        MAX_ATTEMPTS="1000",
        METRICS_NETWORKS="10.0.0.0/8",
        MAX_SILENCE="4414=6h, 4415=2d,04416=90m,",
        REPLY_PROVIDER="connectcall",
        REPLY_SENDER="Contest 4",
        REPLY_LIMIT="1",
        LOOP_LIMIT="2",
        DAILY_BUDGET="5000",
        REPLY_MAX_AGE="3600",
        SEND_TIMEOUT="5.5",
        SEND_THREADS="64",
        SEND_TEST_REPLIES="1",
        TRANSLITERATE="1",
        STOP_WORDS="AFMELDEN, geen sms",
        STOP_REPLY="Bye from {shortcode}, no more {keyword}",
        DEFAULT_COUNTRY="BEL",
        CONNECTCALL_LOGIN="user",
        CONNECTCALL_PASSWORD="geheim-wachtwoord",
        SPRYNG_REPORT_CODES="ACCEPTED=pending, REJECTED=failed",
        LOG_FORMAT="json",
        ROUTES=str(operators),
        FORWARD_NETWORKS="10.0.0.0/8",
        BROKER_URL="amqp://user:geheim-broker@mq.example.org/sms",
        SMTP_URL="starttls://user:geheim%2Bmail@mail.example.org:587",
        EMAIL_FROM="sms@example.org",
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
        refusals_file=Path("refusing"),
        rejected_answer=200,
        max_body_bytes=1024,
        max_rejections=1,
        retention={"4414": 90, "*": 400},
        commit_deadline=timedelta(seconds=0.5),
        max_waiting=1,
        allow_unsafe_database=True,
        prepare_statements=False,
        handlers=("contest", "acme.sms"),
        routes=operators,
        forward_networks=(ip_network("10.0.0.0/8"),),
        broker_url="amqp://user:geheim-broker@mq.example.org/sms",
        smtp_url="starttls://user:geheim%2Bmail@mail.example.org:587",
        email_from="sms@example.org",
        lease=timedelta(seconds=6),
        retry_delay=timedelta(seconds=0.25),
        max_attempts=1000,
        metrics_networks=(ip_network("10.0.0.0/8"),),
        max_silence={"4414": timedelta(hours=6), "4415": timedelta(days=2), "04416": timedelta(minutes=90)},
        reply_provider="connectcall",
        reply_sender="Contest 4",
        reply_limit=1,
        loop_limit=2,
        daily_budget=5000,
        reply_max_age=timedelta(hours=1),
        send_timeout=timedelta(seconds=5.5),
        send_threads=64,
        send_test_replies=True,
        transliterate=True,
        stop_words=("AFMELDEN", "geen sms"),
        stop_reply="Bye from {shortcode}, no more {keyword}",
        default_country="BEL",
        providers={
            "connectcall": {
                "url": "https://portal.business-isp.nl/api/",
                "login": "user",
                "password": "geheim-wachtwoord",
                "charset": "utf-8",
                "rate": 600,
            }
        },
        report_codes={"ACCEPTED": "pending", "REJECTED": "failed"},
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
    fault = fault_of({name: value})

    shown = "that value" if name in SECRETS else repr(value)
    assert fault.startswith(f"MO_GATEWAY_{name} cannot be {shown}: {right}")


def test_all_bad_values_are_named_at_once_in_the_order_of_the_alphabet() -> None:
    bad = {name: value for name, value, _ in reversed(BAD)}
    bad |= {"DATABASE_URL": "mysql://db/sms", "LEASE_FILE": "/nowhere"}
    del bad["LEASE"]  # its file is named
    del bad["INTELECOM_SERVICE_ID"]  # does not suffice alone, which is named as well

    found = faults(bad)

    assert len(found) == len(bad)
    assert found == sorted(found)


def test_a_value_that_is_not_utf_8_is_refused() -> None:
    assert faults({"STOP_REPLY": "tot ziens, caf\udce9"}) == ["MO_GATEWAY_STOP_REPLY is not UTF-8."]


def test_every_setting_that_can_be_wrong_is_tried_wrong() -> None:
    tried_below = {"DATABASE_URL"}

    assert {name for name, _, _ in BAD} == set(names()) - FREE_TEXT - tried_below


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


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://sms:hunter2@db1,db2:5433/sms",
        "postgresql://sms:hunter2@db1,db2:5433/sms?target_session_attrs=read-write",
        "postgresql+psycopg://sms:hunter2@/sms?host=db1&host=db2:5433",
        "postgresql://sms:hunter2@/sms?host=db1,db2&port=,5433",
    ],
)
def test_of_several_hosts_the_one_is_wanted_that_takes_writes(given: str) -> None:
    url = load(None, **HAS_SECRETS, DATABASE_URL=given).database_url

    _, options = url.get_dialect()().create_connect_args(url)

    assert options == {
        "host": "db1,db2",
        "port": ",5433",
        "user": "sms",
        "password": "hunter2",
        "dbname": "sms",
        "target_session_attrs": "read-write",
    }


def test_hosts_may_be_addresses() -> None:
    url = load(None, **HAS_SECRETS, DATABASE_URL="postgresql://192.0.2.1:5433,[2001:db8::2]:5434/sms").database_url

    _, options = url.get_dialect()().create_connect_args(url)

    assert (options["host"], options["port"]) == ("192.0.2.1,2001:db8::2", "5433,5434")


def test_a_database_url_may_want_another_kind_of_host() -> None:
    given = "postgresql://db1,db2/sms?target_session_attrs=prefer-standby"

    url = load(None, **HAS_SECRETS, DATABASE_URL=given).database_url

    assert url.query["target_session_attrs"] == "prefer-standby"


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
        "postgresql://sms:hunter2@db1,db2:port/sms",
        "postgresql://sms:hunter2@db1:1:2,db2/sms",
        "postgresql://sms:hunter2@db1:1,db2:2/sms?port=3",
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


@pytest.mark.parametrize("name", names())
def test_every_setting_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    missing = tmp_path / "missing"

    fault = fault_of({f"{name}_FILE": str(missing)})

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
        "MO_GATEWAY_SPRING_USERNAME": "x",
        "MO_GATEWAY_SPRYNG_LOGIN": "x",
        "MO_GATEWAY_SPRYNG_TOKEN": "x",
        "MO_GATEWAY_SPRYNG_TOKEN_FILE": "x",
        "MO_GATEWAY_lease": "x",
        "MO_GATEWAYS": "x",
        "PATH": "x",
    }

    assert unknown_variables(environ) == [
        "MO_GATEWAY_DATABSE_URL",
        "MO_GATEWAY_SPRING_USERNAME",
        "MO_GATEWAY_SPRYNG_LOGIN",
        "MO_GATEWAY_lease",
    ]


# Replies


@pytest.mark.parametrize(("lease", "seconds"), [("30", 10), ("0.6", 0.2), ("300", 100)])
def test_a_call_of_a_provider_may_take_a_third_of_the_lease(lease: str, seconds: float) -> None:
    assert load(None, **HAS_SECRETS, LEASE=lease).send_timeout == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("given", "meant"), [("AUTO", "auto"), ("None", "none"), ("Bye\n{keyword}", "Bye\n{keyword}")]
)
def test_a_stop_is_confirmed_as_usual_or_not_at_all_or_in_ones_own_words(given: str, meant: str) -> None:
    assert load(None, **HAS_SECRETS, STOP_REPLY=given).stop_reply == meant


# The providers that replies go out by


@pytest.mark.parametrize("credentials", COMPLETE, ids=" ".join)
def test_a_provider_is_used_once_its_credentials_are_set(credentials: dict[str, str]) -> None:
    settings = load(None, **HAS_SECRETS, **credentials)

    (provider,) = open_senders(settings)
    assert {name.partition("_")[0].lower() for name in credentials} == {provider}


def test_several_providers_may_be_used() -> None:
    settings = load(None, **HAS_SECRETS, **COMPLETE[0], **COMPLETE[3], **COMPLETE[6])

    assert settings.providers.keys() == {"spryng", "connectcall", "intelecom"}


def test_what_has_a_default_does_not_make_a_provider_used() -> None:
    settings = load(None, **HAS_SECRETS, SPRYNG_ROUTE="economy", SPRYNG_API="send", SMS1601_TEST="1")

    assert settings.providers == {}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (
            "SPRYNG_USERNAME",
            "spryng, set SPRYNG_PASSWORD, or SPRYNG_SECRET, or SPRYNG_TOKEN, beside SPRYNG_USERNAME",
        ),
        ("SPRYNG_PASSWORD", "spryng, set SPRYNG_USERNAME, or SPRYNG_TOKEN, beside SPRYNG_PASSWORD"),
        ("SPRYNG_SECRET", "spryng, set SPRYNG_USERNAME, or SPRYNG_TOKEN, beside SPRYNG_SECRET"),
        ("CONNECTCALL_LOGIN", "connectcall, set CONNECTCALL_PASSWORD, beside CONNECTCALL_LOGIN"),
        ("SMS1601_PASSWORD", "sms1601, set SMS1601_USERNAME, beside SMS1601_PASSWORD"),
        ("PSWINCOM_USERNAME", "pswincom, set PSWINCOM_PASSWORD, beside PSWINCOM_USERNAME"),
        (
            "INTELECOM_SERVICE_ID",
            "intelecom, set INTELECOM_USERNAME and INTELECOM_PASSWORD, beside INTELECOM_SERVICE_ID",
        ),
    ],
)
def test_credentials_that_do_not_suffice_are_named_with_what_is_missing(given: str, fault: str) -> None:
    (found,) = faults({given: "1234"})

    assert found.replace(PREFIX, "") == f"To send by {fault}."


def test_every_provider_with_half_its_credentials_is_named_beside_what_else_is_wrong() -> None:
    halves = dict(next(iter(credentials.items())) for credentials in COMPLETE if len(credentials) > 1)

    found = faults({**halves, "PSWINCOM_RATE": "0", "LEASE": "x"})

    assert len(found) == 5 + 2
    assert [fault for fault in found if fault.startswith("To send by pswincom, set ")]


def test_a_credential_that_cannot_be_read_is_not_called_missing(tmp_path: Path) -> None:
    (fault,) = faults({"SPRYNG_USERNAME": "user", "SPRYNG_PASSWORD_FILE": str(tmp_path / "missing")})

    assert fault.startswith("MO_GATEWAY_SPRYNG_PASSWORD_FILE: ")


@pytest.mark.parametrize(
    ("credentials", "api", "chosen"),
    [
        (COMPLETE[0], "", "simple"),
        (COMPLETE[1], "", "simple"),
        (COMPLETE[0], "send", "send"),
        (COMPLETE[1], "simple", "simple"),
        (COMPLETE[2], "", "rest"),
        (COMPLETE[2], "rest", "rest"),
        (COMPLETE[0] | COMPLETE[2], "", "rest"),
    ],
)
def test_the_api_of_spryng_is_chosen_by_the_credentials(
    credentials: dict[str, str], api: str, chosen: str
) -> None:
    settings = load(None, **HAS_SECRETS, **credentials, SPRYNG_API=api)

    assert settings.providers["spryng"]["api"] == chosen
    assert open_senders(settings)


@pytest.mark.parametrize(
    ("credentials", "api"),
    [(COMPLETE[0], "rest"), (COMPLETE[1], "rest"), (COMPLETE[2], "send"), (COMPLETE[0] | COMPLETE[2], "simple")],
)
def test_an_api_of_spryng_that_does_not_fit_the_credentials_is_refused(
    credentials: dict[str, str], api: str
) -> None:
    assert faults({**credentials, "SPRYNG_API": api}) == [
        f"MO_GATEWAY_SPRYNG_API cannot be '{api}': rest where a TOKEN is set, send or simple where a USERNAME is"
    ]


@pytest.mark.parametrize(
    "url",
    ["https://sms.example.org/#top", "https://[", "http://sms.example.org:port/", "http://sms.example.org:0/"],
)
def test_the_address_of_an_api_must_be_one_that_can_be_called(url: str) -> None:
    assert faults({"PSWINCOM_URL": url}) == [f"MO_GATEWAY_PSWINCOM_URL cannot be '{url}': {API_URL}"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/", "http://fake", "https://sms.example.org/api?tenant=7"])
def test_the_address_of_an_api_may_be_on_ones_own_network(url: str) -> None:
    assert load(None, **HAS_SECRETS, **COMPLETE[5], PSWINCOM_URL=url).providers["pswincom"]["url"] == url


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    assert faults({"PSWINCOM_URL": "https://user:canary@sms.example.org/"}) == [
        f"MO_GATEWAY_PSWINCOM_URL cannot be that value: {API_URL}"
    ]


@pytest.mark.parametrize("credentials", COMPLETE, ids=" ".join)
def test_no_complaint_holds_a_credential_of_a_provider(tmp_path: Path, credentials: dict[str, str]) -> None:
    file = tmp_path / "credential"
    file.write_text("canary\0")
    files = {f"{name}_FILE": str(file) for name, value in credentials.items() if value == "canary"}

    complaints = [
        *faults({**credentials, "LEASE": "x"}),
        *faults({**credentials, **files}),
        *faults({**files, "LEASE": "x"}),
        *faults({"LEASE": "x", **{name: value for name, value in credentials.items() if value == "canary"}}),
    ]

    assert len(complaints) >= 3
    assert not [complaint for complaint in complaints if "canary" in complaint]


@pytest.mark.parametrize("credentials", COMPLETE, ids=" ".join)
def test_the_secrets_are_those_of_the_callback_and_of_the_providers(credentials: dict[str, str]) -> None:
    settings = load(CALLBACK_SECRET="new,old", PERSON_SECRET="person", **credentials)

    assert settings.secrets == ("new", "old", "canary", sha1(b"canary").hexdigest())


def test_settings_can_be_printed_without_giving_a_secret_away() -> None:
    given = {name: value for credentials in COMPLETE for name, value in credentials.items()}
    url = "postgresql://sms:canary@db/sms?passfile=canary"

    settings = load(None, DATABASE_URL=url, CALLBACK_SECRET="canary", PERSON_SECRET="canary", **given)

    assert "reply_limit=30" in repr(settings)
    assert "canary" not in repr(settings)
