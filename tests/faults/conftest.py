"""What the runs share: a PostgreSQL that loses nothing in a crash, a fresh database, and where figures go."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.postgres import PostgresServer, running_server

from .machines import Machines, two_machines
from .trial import SEEN


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a run that kills and restarts more time than a plain test, unless it says how much itself."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(3600 if item.get_closest_marker("long") else 300))


@pytest.fixture(scope="session")
def durable_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server set up as in production."""
    with running_server(durable=True) as server:
        yield server


@pytest.fixture
def durable_url(durable_server: PostgresServer) -> Iterator[str]:
    """An empty database there; the gateway makes its tables."""
    yield from fresh_database(durable_server, template=None)


@pytest.fixture
def machines() -> Iterator[Machines]:
    """A primary and its synchronous standby, with an empty database."""
    with two_machines() as machines:
        yield machines


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mo-gateway.db'}"
    return str(request.getfixturevalue("durable_url"))


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A function that keeps a line of figures, to be shown at the end of the whole run."""
    return lambda line: request.node.user_properties.append(("figures", line))


@pytest.fixture(autouse=True)
def sum_up(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep what the trials of a test have seen, to be added up at the end of the whole run."""
    SEEN.clear()
    yield
    request.node.user_properties.extend(("seen", asdict(figures)) for figures in SEEN)


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How many times over the long form breaks everything: `--rounds`."""
    return int(request.config.getoption("rounds"))
