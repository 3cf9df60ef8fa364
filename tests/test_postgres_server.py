"""The tests' own PostgreSQL: neighbours see nothing of each other, and a durable server keeps what it has."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, inspect

from mo_gateway.settings import Settings

from .postgres import PostgresServer, running_server


@pytest.fixture(scope="module")
def durable_server() -> Iterator[PostgresServer]:
    with running_server(durable=True) as server:
        yield server


@pytest.mark.parametrize("round_", [1, 2])
def test_a_fresh_database_has_nothing_of_its_neighbour(
    postgres_server: PostgresServer, postgres_url: str, round_: int
) -> None:
    database = postgres_url.rpartition("/")[2]

    before = postgres_server.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'left_behind'", database)
    postgres_server.execute("CREATE TABLE left_behind ()", database)

    assert before == [(0,)]


def test_a_fresh_database_of_either_kind_has_the_schema(database_url: str) -> None:
    engine = create_engine(database_url)
    tables = inspect(engine).get_table_names()
    engine.dispose()

    assert "mo_message" in tables


def test_an_empty_database_has_no_tables(empty_postgres_url: str) -> None:
    engine = create_engine(empty_postgres_url)
    tables = inspect(engine).get_table_names()
    engine.dispose()

    assert tables == []


def test_settings_are_of_the_fresh_database_and_may_be_overridden(
    settings: Settings, make_settings: Callable[..., Settings]
) -> None:
    changed = make_settings(settings.database_url.render_as_string(), OPERATOR_POLICY="any")

    assert (settings.operator_policy, changed.operator_policy) == ("listed", "any")
    assert changed.database_url == settings.database_url


@pytest.mark.parametrize(
    "crash",
    [
        pytest.param(PostgresServer.kill, id="kill"),
        pytest.param(lambda server: server.stop("immediate"), id="stop immediate"),
        pytest.param(lambda server: server.stop("fast"), id="stop fast"),
    ],
)
def test_a_durable_server_has_its_rows_after_a_crash(
    durable_server: PostgresServer, crash: Callable[[PostgresServer], None]
) -> None:
    durable_server.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 1 AS n")

    crash(durable_server)
    durable_server.start()

    assert durable_server.execute("SELECT n FROM kept") == [(1,)]
    assert durable_server.execute("SHOW fsync") == [("on",)]


def test_a_server_has_utf_8_databases_and_a_collation_that_no_host_changes(
    postgres_server: PostgresServer,
) -> None:
    shown = postgres_server.execute(
        "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database"
        " WHERE datname = 'postgres'"
    )

    assert shown == [("UTF8", "b", "C.UTF-8")]
