"""`mo-gateway` in processes of its own: started, called as the provider calls it, killed, looked after."""

import contextlib
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.datastructures import Headers

from .examples import FORM_TYPE, form
from .waiting import until

#: What a gateway's own handlers say: a module in the folder where it is started.
HANDLERS = """
from mo_gateway import keyword

@keyword("WIN")
def thank(message):
    return f"Thank you for {message.parm}."
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider is told."""

    status: int
    body: str
    headers: Headers


def post(url: str, **changes: str) -> Answer:
    """Send the example with some fields changed, or raise OSError where nobody answers."""
    return _answer(urllib.request.Request(url, form(**changes).encode(), {"Content-Type": FORM_TYPE}))


def get(url: str) -> Answer:
    """Ask for a page, or raise OSError where nobody answers."""
    return _answer(urllib.request.Request(url))


def _answer(request: urllib.request.Request) -> Answer:
    try:
        response = urllib.request.urlopen(request, timeout=30)  # seconds; a host may be busy
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return Answer(response.status, response.read().decode(), Headers(response.headers.items()))


def is_taken(url: str, **changes: str) -> bool:
    """Tell whether a message is acknowledged, whoever answers or does not."""
    with contextlib.suppress(OSError):
        return post(url, **changes).body == "TRUE"
    return False


@dataclass
class Program:
    """One `mo-gateway` command, with its output in files of `folder`; everything it starts is in its session."""

    folder: Path
    environ: Mapping[str, str]
    within: tuple[str, ...] = ()  #: a command that runs this one, such as a container's
    others: dict[str, str] = field(default_factory=dict)  #: variables that are not the gateway's own
    process: subprocess.Popen[bytes] = field(init=False)
    _leaders: list[int] = field(default_factory=list)

    def start(self, *command: str) -> None:
        """Start `python -m COMMAND`."""
        self.start_program(sys.executable, "-m", *command)

    def start_program(self, *command: str) -> None:
        """Start any program that reads the gateway's settings."""
        usual = {name: value for name, value in os.environ.items() if not name.startswith("MO_GATEWAY_")}
        settings = {"CALLBACK_SECRET": "geheim", "LOG_FORMAT": "json", **self.environ}
        variables = {f"MO_GATEWAY_{name}": value for name, value in settings.items()}
        with (self.folder / "stdout").open("wb") as stdout, (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, *command],
                cwd=self.folder,
                env=usual | variables | self.others,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                start_new_session=True,
            )
        self._leaders.append(self.process.pid)

    def run(self, *arguments: str, bind: str = "127.0.0.1:0") -> str:
        """Start `mo-gateway run` and give the URL that it prints."""
        self.start("mo_gateway", "run", "--bind", bind, *arguments)
        return until(self._printed, "the URL", within=90)  # on a host with ten times the work it is built for

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def child(self, name: str) -> int | None:
        """Give the process of the `server` or the `worker`, or None while there is none."""
        # where setproctitle is installed, gunicorn gives itself another name
        words = {"server": {"serve", "gunicorn: master [gunicorn]"}, "worker": {"work"}}[name]
        return next((pid for pid in children_of(self.process.pid) if words & set(command_of(pid))), None)

    def serving(self) -> list[int]:
        """Give the processes that take callbacks, once there are any."""
        server = until(lambda: self.child("server"), "the server")  # without it, 0 would be everybody's parent
        return until(lambda: list(children_of(server)), "processes that serve")

    def kill_child(self, name: str) -> None:
        """End the `server` or the `worker` with no chance to clean up, and wait until it is gone."""
        killed = until(lambda: self.child(name), f"the {name}")
        os.kill(killed, signal.SIGKILL)
        until(lambda: killed not in pids(), f"the end of the {name}")

    def family(self) -> set[int]:
        """Give every process of its session that lives."""
        return session(self.process.pid)

    def stop(self, *, within: float = 60.0) -> int:
        """Ask it to end, and give its exit code."""
        self.process.terminate()
        return self.process.wait(within)

    def kill(self) -> None:
        """End it with no chance to clean up; its children are left to themselves."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End whatever is left of it."""
        for leader in self._leaders:
            for pid in session(leader):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self._leaders:
            self.process.wait()

    def _printed(self) -> str:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.log}")
        return self.stdout.strip()


@contextlib.contextmanager
def program(folder: Path, database_url: str, **environ: str) -> Iterator[Program]:
    """Give a program for a database, with one handler, to be started; nothing is left of it afterwards."""
    (folder / "contest.py").write_text(HANDLERS)
    usual = {"DATABASE_URL": database_url, "HANDLERS": "contest", "ALLOW_UNSAFE_DATABASE": "1"}
    made = Program(folder, {**usual, **environ})
    try:
        yield made
    finally:
        made.close()


def pids() -> Iterator[int]:
    """Give every process of this host that lives."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and _stat(int(path.name))[0] not in "ZX":
            yield int(path.name)


def session(leader: int) -> set[int]:
    """Give every process that lives in the session which `leader` began, also when that is gone."""
    return {pid for pid in pids() if int(_stat(pid)[3]) == leader}


@contextlib.contextmanager
def standing_still(pids: Collection[int]) -> Iterator[None]:
    """Let processes stand still meanwhile, and go on then."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: all(_stat(pid)[0] == "T" for pid in pids), "them to stand still")
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def children_of(parent: int) -> Iterator[int]:
    """Give every process that lives and was started by `parent`."""
    return (pid for pid in pids() if int(_stat(pid)[1]) == parent)


def command_of(pid: int) -> list[str]:
    """Give its arguments."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _stat(pid: int) -> list[str]:
    """Give its state, parent, process group and session; of one that is gone, `X`."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return ["X", "0", "0", "0"]
