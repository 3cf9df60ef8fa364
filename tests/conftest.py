"""Fixtures that all tests share: fresh databases of both kinds, and settings."""

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from sqlalchemy import Engine

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.settings import PREFIX, Settings, load_settings
from mo_gateway.store import schema
from mo_gateway.store.engine import open_engine

from .faults import figures
from .postgres import PostgresServer, SpareDatabase, running_server

# A host may be busy: how long it takes to draw examples, or to try one, says nothing.
hypothesis.settings.register_profile(
    "ci", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ci")

TESTS = Path(__file__).parent
MakeSettings = Callable[..., Settings]


def settings_for(database_url: str, **given: str) -> Settings:
    """Make settings for a database of the tests; `given` are variables without their MO_GATEWAY_."""
    usual = {
        "DATABASE_URL": database_url,
        "CALLBACK_SECRET": "geheim",
        "PERSON_SECRET": "test-person-secret",
        "ALLOW_UNSAFE_DATABASE": "1",  # the plain suite's PostgreSQL runs without fsync
        "REFUSALS_FILE": f"{tempfile.gettempdir()}/mo-gateway-{secrets.token_hex(8)}.refusing",
    }
    return load_settings({PREFIX + name: value for name, value in {**usual, **given}.items()})


@contextlib.contextmanager
def engine_for(database_url: str) -> Iterator[Engine]:
    """Open a database, and close it whatever comes: a connection left open would fail another test."""
    engine = open_engine(settings_for(database_url))
    try:
        yield engine
    finally:
        engine.pool.dispose()  # for good: `engine.dispose()` would begin a new pool for who looks later


def make_schema(database_url: str) -> None:
    """Make the current tables in an empty database."""
    with engine_for(database_url) as engine:
        schema.upgrade(engine)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, quick rather than durable; one for each process of the test run."""
    with running_server(durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database with the current schema, to be copied."""
    postgres_server.create_database("current_schema")
    make_schema(postgres_server.url("current_schema"))
    return "current_schema"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the current schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "current-schema.db"
    make_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def spare_databases(postgres_server: PostgresServer, postgres_template: str) -> Iterator[list[SpareDatabase]]:
    """Databases that a test has left as it found them; to make one takes ten times as long as to empty one."""
    spare: list[SpareDatabase] = []
    yield spare
    for database in spare:
        database.drop()


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, postgres_template: str, spare_databases: list[SpareDatabase]
) -> Iterator[str]:
    """A PostgreSQL database with the current schema, fresh or as good as fresh."""
    database = spare_databases.pop() if spare_databases else SpareDatabase(postgres_server, postgres_template)
    yield postgres_server.url(database.name)
    is_emptied = False
    try:
        with contextlib.suppress(psycopg.Error):  # a test may have stopped the server, or let nobody in
            is_emptied = database.is_emptied()
    finally:
        spare_databases.append(database) if is_emptied else database.drop()


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh PostgreSQL database with nothing in it."""
    yield from fresh_database(postgres_server, template=None)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with the current schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'mo-gateway.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with the current schema, of each kind in turn."""
    kind = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(kind))


@pytest.fixture
def make_settings() -> MakeSettings:
    """A function: `make_settings(database_url, OPERATOR_POLICY="any")`."""
    return settings_for


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings for a fresh database, each kind in turn."""
    return settings_for(database_url)


def fresh_database(server: PostgresServer, *, template: str | None) -> Iterator[str]:
    """Give the URL of a new database, and drop it afterwards, whoever is still connected."""
    name = f"test_{secrets.token_hex(4)}"
    server.create_database(name, template)
    yield server.url(name)
    server.drop_database(name)


#: The files of tests about what is counted, read with SQL, exported, pruned and erased.
OF_REPORTS = {
    "test_alerts",
    "test_cli_export",
    "test_cli_privacy",
    "test_cli_reports",
    "test_cli_silence",
    "test_erasure",
    "test_retention",
    "test_roles",
    "test_scrape",
    "test_sheets",
    "test_tally",
    "test_views",
}


@pytest.fixture(autouse=True)
def _whole_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one round of counting count all that is due, however slow the host is."""
    monkeypatch.setattr("mo_gateway.tally.A_ROUND", 60.0)


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """A gateway on a fresh database, each kind in turn."""
    gateway = open_gateway(settings)
    yield gateway
    gateway.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make the tests of pages and those of reports a gate each, but for those that are of another gate already."""
    for item in items:
        is_taken = any(map(item.get_closest_marker, ("attacks", "release", "slow")))
        if item.path.parent in (TESTS / "api", TESTS / "dashboard") and not is_taken:
            item.add_marker(pytest.mark.pages)
        if item.path.parent == TESTS and item.path.stem in OF_REPORTS and not is_taken:
            item.add_marker(pytest.mark.reports)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take how long the long form of the fault runs may be, and where pictures of the dashboard go."""
    parser.addoption(
        "--rounds", type=int, default=3, help="how many times over the long fault runs break everything"
    )
    parser.addoption("--screenshots", type=Path, help="a folder for pictures of each screen, by the browser gate")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the fault runs have seen."""
    outcomes = terminalreporter.stats.values()
    reports = [report for found in outcomes for report in found if isinstance(report, pytest.TestReport)]
    if lines := figures.lines(reports):
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)
