"""Two receivers and two workers, each a process of its own in a folder of its own, as on four hosts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running import Program, program

#: What all hosts must agree on, and pauses that fit a run of seconds.
SETTINGS = {"PERSON_SECRET": "the same on each", "ALLOW_UNSAFE_DATABASE": "0", "LEASE": "2", "RETRY_DELAY": "0.2"}

WORK = ("mo_gateway", "work")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The four, and where the receivers are called."""

    receivers: list[Program]
    workers: list[Program]
    urls: list[str]

    @property
    def logs(self) -> str:
        return "".join(host.log for host in (*self.receivers, *self.workers))


@contextmanager
def four_hosts(folder: Path, database_url: str, **environ: str) -> Iterator[Hosts]:
    """Start two receivers and two workers on a database that may be empty."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:

        def host(name: str) -> Program:
            (folder / name).mkdir()
            return stack.enter_context(program(folder / name, database_url, **SETTINGS | environ))

        receivers = [host("receiver-1"), host("receiver-2")]
        workers = [host("worker-1"), host("worker-2")]
        urls = list(pool.map(Program.run, receivers, ["--no-work"] * 2))
        for worker in workers:
            worker.start(*WORK)
        yield Hosts(receivers=receivers, workers=workers, urls=urls)
