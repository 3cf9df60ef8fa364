"""What the runs share: a PostgreSQL that loses nothing in a crash, a fresh database, and where figures go."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.postgres import PostgresServer, running_server

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def durable_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server set up as in production."""
    with running_server(durable=True) as server:
        yield server


@pytest.fixture
def durable_url(durable_server: PostgresServer) -> Iterator[str]:
    """An empty database there; the gateway makes its tables."""
    yield from fresh_database(durable_server, template=None)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mo-gateway.db'}"
    return str(request.getfixturevalue("durable_url"))


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """A function that keeps a line of figures, to be shown at the end of the whole run."""
    lines = request.config.stash.setdefault(FIGURES, [])
    return lambda line: lines.append(f"{request.node.name}: {line}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these runs out of the plain test command: they take minutes."""
    if config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("faults")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the figures."""
    if lines := config.stash.get(FIGURES, []):
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)
