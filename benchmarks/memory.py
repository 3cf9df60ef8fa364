"""The memory of the gateway's processes while messages go through: it grows at first and must then be flat."""

from collections.abc import Iterator, Sequence

from .databases import Database
from .designs import ASGI, new_folder
from .load import send
from .process import Server
from .processes import children, processes


def measure(
    databases: Sequence[Database], *, rounds: int, seconds: int, connections: int
) -> Iterator[dict[str, str]]:
    """Give a row after each load; the first is of a server at rest."""
    for database in databases:
        with new_folder() as folder, ASGI.serving(database.fresh(folder), folder) as server:
            messages = 1
            yield _row(database.name, messages, server)
            for number in range(rounds):
                load = send(server, run=f"load-{number}", seconds=seconds, connections=connections)
                messages += load.acknowledged
                yield _row(database.name, messages, server)


def _row(database: str, messages: int, server: Server) -> dict[str, str]:
    everything = processes()
    (pid,) = server.pids
    parts = {part.words[3]: part for part in children(pid, everything)}  # python -m mo_gateway PART
    servers = children(parts["serve"].pid, everything)
    return {
        "database": database,
        "messages": f"{messages:,}",
        "server processes MiB": ", ".join(f"{process.resident / 2**20:.1f}" for process in servers),
        "worker MiB": f"{parts['work'].resident / 2**20:.1f}",
    }
