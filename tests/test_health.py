"""What load balancers and Prometheus see: alive, ready, counted; and nothing about anybody."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store import schema
from mo_gateway.web import create_app

from .conftest import MakeSettings
from .examples import FORM, FORM_TYPE, form
from .postgres import PostgresServer

CALLBACK = "/spryng/mo/geheim"


@pytest.fixture
def client(gateway: Gateway) -> FlaskClient:
    """A client of a gateway on a fresh database, each kind in turn."""
    return create_app(gateway).test_client()


@pytest.fixture
def sqlite_gateway(sqlite_url: str, make_settings: MakeSettings) -> Iterator[Gateway]:
    """A gateway on SQLite, where the kind of database does not matter."""
    gateway = open_gateway(make_settings(sqlite_url))
    yield gateway
    gateway.close()


@pytest.fixture
def sqlite_client(sqlite_gateway: Gateway) -> FlaskClient:
    """A client of that gateway."""
    return create_app(sqlite_gateway).test_client()


def counted(client: FlaskClient) -> dict[str, float]:
    """Read the counters of Spryng's callbacks by outcome, those that are not 0, and `forbidden`."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        sample.labels.get("outcome", "forbidden"): sample.value
        for family in families
        for sample in family.samples
        if sample.name in ("mogateway_callbacks_total", "mogateway_forbidden_total")
        and sample.labels.get("provider", "spryng") == "spryng"
        and (sample.value or not sample.labels)
    }


def test_a_process_lives_whatever_became_of_the_database(sqlite_client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "mo-gateway.db").unlink()

    answer = sqlite_client.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "OK\n")


def test_a_gateway_that_can_store_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json) == (200, {"ready": True})


def test_a_gateway_without_its_schema_is_not_ready(client: FlaskClient, gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("DROP TABLE mo_schema_version"))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {
        "ready": False,
        "reason": f"the database has schema none and this program needs {schema.newest_version()}:"
        " run `mo-gateway db upgrade`",
    }


def test_a_running_gateway_stays_ready_when_the_schema_becomes_newer(
    client: FlaskClient, gateway: Gateway
) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("UPDATE mo_schema_version SET version_num = '9999'"))

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json) == (200, {"ready": True})


def test_a_gateway_whose_postgresql_is_gone_is_not_ready_and_then_ready_again(
    postgres_server: PostgresServer, postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    client = create_app(gateway).test_client()
    name = postgres_url.rpartition("/")[2]
    before = client.get("/readyz")

    postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    gone = client.get("/readyz")
    postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    back = client.get("/readyz")

    assert (before.status_code, gone.status_code, back.status_code) == (200, 503, 200)
    assert gone.json == {"ready": False, "reason": "the database does not answer"}
    gateway.close()


def test_a_gateway_whose_sqlite_folder_is_gone_is_not_ready(
    sqlite_url: str, make_settings: MakeSettings, tmp_path: Path
) -> None:
    (tmp_path / "volume").mkdir()
    database = shutil.move(tmp_path / "mo-gateway.db", tmp_path / "volume")
    gateway = open_gateway(make_settings(f"sqlite:///{database}"))
    shutil.rmtree(tmp_path / "volume")

    answer = create_app(gateway).test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"ready": False, "reason": "the database does not answer"}
    gateway.close()


def test_a_gateway_on_a_read_only_postgresql_is_not_ready(
    postgres_server: PostgresServer, postgres_url: str, make_settings: MakeSettings
) -> None:
    name = postgres_url.rpartition("/")[2]
    postgres_server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    gateway = open_gateway(make_settings(postgres_url))

    answer = create_app(gateway).test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"ready": False, "reason": "the database is read-only: a standby?"}
    gateway.close()


def test_a_gateway_whose_sqlite_another_program_holds_is_not_ready(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, COMMIT_DEADLINE="0.1"))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    answer = create_app(gateway).test_client().get("/readyz")

    assert answer.status_code == 503
    other.close()
    gateway.close()


def test_metrics_count_callbacks_by_what_became_of_them(client: FlaskClient, gateway: Gateway) -> None:
    for body, path in [
        (form(), CALLBACK),
        (form(), CALLBACK),
        (form(PARM="OFF"), CALLBACK),
        (form(KEYWORD="W"), CALLBACK),
        (form(), "/spryng/mo/wrong"),
    ]:
        client.post(path, data=body, content_type=FORM_TYPE)

    assert counted(client) == {"stored": 2, "duplicate": 1, "rejected": 1, "forbidden": 1}


def test_metrics_count_refused_callbacks(sqlite_client: FlaskClient, sqlite_gateway: Gateway) -> None:
    with sqlite_gateway.engine.begin() as conn:
        conn.execute(text("DROP TABLE mo_message"))

    answer = sqlite_client.post(CALLBACK, data=form(), content_type=FORM_TYPE)

    assert answer.status_code == 503
    assert counted(sqlite_client) == {"refused": 1, "forbidden": 0}


def test_metrics_measure_how_long_callbacks_take(sqlite_client: FlaskClient) -> None:
    sqlite_client.post(CALLBACK, data=form(), content_type=FORM_TYPE)

    assert 'mogateway_callback_duration_seconds_count{provider="spryng"} 1.0' in sqlite_client.get("/metrics").text


def test_metrics_name_nobody(sqlite_client: FlaskClient) -> None:
    canaries = {"KEYWORD": "CANARYWORD", "PARM": "canary text", "REFERENCE": "canary-reference"}
    for changes in ({}, {"MSISDN": "0"}, {"COUNTRY": "CANARYLAND"}):
        sqlite_client.post(CALLBACK, data=form(**canaries | changes), content_type=FORM_TYPE)
    sqlite_client.post("/spryng/mo/canary-secret", data=form(**canaries))

    shown = sqlite_client.get("/metrics").text

    assert counted(sqlite_client)["stored"] == 1
    for canary in ("canary", "geheim", FORM["MSISDN"]):
        assert canary not in shown.lower()


@pytest.mark.parametrize(
    ("address", "networks", "status"),
    [
        ("127.0.0.1", "", 200),
        ("127.8.9.10", "", 200),
        ("::1", "", 200),
        ("::ffff:127.0.0.1", "", 200),
        ("192.0.2.1", "", 403),
        ("::ffff:192.0.2.1", "", 403),
        ("", "", 403),
        ("192.0.2.1", "192.0.2.0/24", 200),
        ("127.0.0.1", "192.0.2.0/24", 403),
    ],
)
def test_metrics_are_shown_to_their_networks_only(
    sqlite_url: str, make_settings: MakeSettings, address: str, networks: str, status: int
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, METRICS_NETWORKS=networks))

    answer = create_app(gateway).test_client().get("/metrics", environ_overrides={"REMOTE_ADDR": address})

    assert answer.status_code == status
    assert ("mogateway_" in answer.text) is (status == 200)
    gateway.close()


def test_processes_that_share_a_folder_show_the_counters_of_all(sqlite_url: str, tmp_path: Path) -> None:
    program = f"""if True:
        import os
        from mo_gateway.gateway import open_gateway
        from mo_gateway.settings import load_settings
        from mo_gateway.web import create_app
        client = create_app(open_gateway(load_settings(os.environ))).test_client()
        client.post("/spryng/mo", data={form()!r})
        print(client.get("/metrics").text)
    """
    (tmp_path / "counters").mkdir()
    environ = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counters"),
        "MO_GATEWAY_DATABASE_URL": sqlite_url,
        "MO_GATEWAY_ALLOW_ANONYMOUS": "1",
        "MO_GATEWAY_PERSON_SECRET": "person",
    }

    shown = [
        subprocess.run([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, check=True).stdout
        for _ in range(2)
    ]

    assert b'mogateway_callbacks_total{outcome="stored",provider="spryng"} 1.0' in shown[1]
    assert b'mogateway_callbacks_total{outcome="duplicate",provider="spryng"} 1.0' in shown[1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/", 404),
        ("/nothing", 404),
        ("/healthz/", 404),
        ("/spryngs/mo/geheim", 404),
        ("/static/x", 404),
        ("/dashboard/", 404),
        ("/spryng/mo/wrong", 403),
        (CALLBACK, 400),
    ],
)
def test_every_answer_is_neither_kept_nor_guessed_at(sqlite_client: FlaskClient, path: str, status: int) -> None:
    answer = sqlite_client.get(path)

    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_looking_is_all_that_can_be_done(sqlite_client: FlaskClient, path: str) -> None:
    assert sqlite_client.head(path).status_code == 200
    assert [sqlite_client.open(path, method=method).status_code for method in ("POST", "PUT", "DELETE")] == [
        405
    ] * 3
