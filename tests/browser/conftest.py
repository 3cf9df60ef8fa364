"""The browser, and the gateways that it looks at: one with data, one without, one whose database is away."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mo_gateway.gateway import Gateway
from tests.dashboard.everything import fill
from tests.postgres import PostgresServer

from .browsing import running_browser
from .sites import Site, running_site


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The browser; one for each process of the test run."""
    with running_browser() as started:
        yield started


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    """A gateway with a bit of everything."""
    with running_site(*_fresh(tmp_path_factory, sqlite_template, "filled"), fill) as site:
        yield site


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    """A gateway on its first day."""
    with running_site(*_fresh(tmp_path_factory, sqlite_template, "empty"), _nothing) as site:
        yield site


@pytest.fixture(scope="session")
def away(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, postgres_template: str
) -> Iterator[Site]:
    """A gateway whose database lets nobody in any more."""
    postgres_server.create_database("away", postgres_template)
    with running_site(tmp_path_factory.mktemp("away"), postgres_server.url("away"), fill) as site:
        postgres_server.execute("ALTER DATABASE away ALLOW_CONNECTIONS false")
        postgres_server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'away'")
        yield site


def _fresh(factory: pytest.TempPathFactory, template: Path, name: str) -> tuple[Path, str]:
    folder = factory.mktemp(name)
    return folder, f"sqlite:///{shutil.copy(template, folder / 'mo-gateway.db')}"


def _nothing(_gateway: Gateway) -> None:
    pass
