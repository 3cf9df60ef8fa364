"""The memory of the gateway's processes while messages go through: it grows at first and must then be flat."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .databases import Database
from .designs import OURS, serving
from .load import send
from .processes import children, processes


def measure(
    databases: Sequence[Database], *, rounds: int, seconds: float, connections: int
) -> Iterator[dict[str, str]]:
    """Give a row after each load; the first is of a server at rest."""
    for database in databases:
        with TemporaryDirectory(prefix="mo-gateway-benchmark-") as path:
            url = database.fresh(Path(path))
            with serving(OURS, url, Path(path)) as server:
                messages = 1
                yield _row(database.name, messages, server.pid)
                for number in range(rounds):
                    load = send(server.url, run=f"load-{number}", seconds=seconds, connections=connections)
                    messages += load.acknowledged
                    yield _row(database.name, messages, server.pid)


def _row(database: str, messages: int, pid: int) -> dict[str, str]:
    everything = processes()
    parts = {part.words[3]: part for part in children(pid, everything)}  # python -m mo_gateway PART
    servers = children(parts["serve"].pid, everything)
    return {
        "database": database,
        "messages": f"{messages:,}",
        "server processes MiB": ", ".join(f"{process.resident / 2**20:.1f}" for process in servers),
        "worker MiB": f"{parts['work'].resident / 2**20:.1f}",
    }
