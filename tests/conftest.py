"""Fixtures that all tests share: fresh databases of both kinds, and settings."""

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.settings import PREFIX, Settings, load_settings
from mo_gateway.store import schema
from mo_gateway.store.engine import open_engine

from .postgres import PostgresServer, running_server

hypothesis.settings.register_profile("ci", deadline=None, print_blob=True)
hypothesis.settings.load_profile("ci")

MakeSettings = Callable[..., Settings]


def settings_for(database_url: str, **given: str) -> Settings:
    """Make settings for a database of the tests; `given` are variables without their MO_GATEWAY_."""
    usual = {
        "DATABASE_URL": database_url,
        "CALLBACK_SECRET": "geheim",
        "PERSON_SECRET": "test-person-secret",
        "ALLOW_UNSAFE_DATABASE": "1",  # the plain suite's PostgreSQL runs without fsync
    }
    return load_settings({PREFIX + name: value for name, value in {**usual, **given}.items()})


def make_schema(database_url: str) -> None:
    """Make the current tables in an empty database."""
    engine = open_engine(settings_for(database_url))
    schema.upgrade(engine)
    engine.dispose()


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
def emptied_databases() -> list[str]:
    """Databases that a test has left as it found them; to make one takes ten times as long as to empty one."""
    return []


@pytest.fixture(scope="session")
def fresh_look(postgres_server: PostgresServer, postgres_template: str) -> str:
    """How a database looks in which no test has changed anything but rows."""
    return postgres_server.look_of(postgres_template)


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, postgres_template: str, fresh_look: str, emptied_databases: list[str]
) -> Iterator[str]:
    """A PostgreSQL database with the current schema, fresh or as good as fresh."""
    name = emptied_databases.pop() if emptied_databases else new_database(postgres_server, postgres_template)
    yield postgres_server.url(name)
    with contextlib.suppress(psycopg.Error):  # a test may have stopped the server, or let nobody in
        if postgres_server.look_of(name) == fresh_look:
            postgres_server.empty(name)
            emptied_databases.append(name)
            return
    postgres_server.drop_database(name)


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
    name = new_database(server, template)
    yield server.url(name)
    server.drop_database(name)


def new_database(server: PostgresServer, template: str | None) -> str:
    """Make a database and give its name."""
    name = f"test_{secrets.token_hex(4)}"
    server.create_database(name, template)
    return name


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """A gateway on a fresh database, each kind in turn."""
    gateway = open_gateway(settings)
    yield gateway
    gateway.close()
