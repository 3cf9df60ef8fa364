"""The proxies that the docs put before a gateway: the real programs, with the files of `deploy/`."""

import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import ClassVar

import pytest

from .listening import closed_port
from .waiting import until

DEPLOY = Path(__file__).parent.parent / "deploy"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Proxy(ABC):
    """A proxy on a port of its own, with all its files in a folder of its own."""

    name: ClassVar[str]
    end: ClassVar[signal.Signals]  #: asks it to end in order, with all that is answered in its log

    folder: Path
    gateway_port: int
    port: int = field(default_factory=closed_port)

    @abstractmethod
    def write(self) -> list[str]:
        """Write its configuration, as shipped but for places and ports, and give the command that uses it."""

    @abstractmethod
    def check(self) -> subprocess.CompletedProcess[str]:
        """Have it read its configuration only."""

    @abstractmethod
    def log(self) -> str:
        """Give all that was logged, once it has stopped."""

    def start(self) -> None:
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(self.write(), stdout=output, stderr=output)
        until(self._listens, f"{self.name} to listen")

    def stop(self) -> None:
        self.process.send_signal(self.end)
        self.process.wait()

    def logs(self) -> str:
        """Give all that was logged; it is stopped for that, since it logs after it has answered."""
        self.stop()
        return self.log()

    def post(self, path: str, body: str = "KEYWORD=WIN", **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", path, body, FORM | {"Connection": "close"} | headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def _listens(self) -> bool:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False


class Nginx(Proxy):
    name = "nginx"
    end = signal.SIGQUIT

    def write(self) -> list[str]:
        shipped = _shipped(
            "nginx.conf",
            {
                "listen 8080": f"listen 127.0.0.1:{self.port}",
                "127.0.0.1:8000": f"127.0.0.1:{self.gateway_port}",
                "/var/log/nginx": str(self.folder),
            },
        )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        path = self.folder / "nginx.conf"
        path.write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr;events {{}} http {{ {folders} {shipped} }}"
        )
        return ["nginx", "-c", str(path), "-p", str(self.folder), "-e", "stderr"]

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.write(), "-t"], capture_output=True, text=True, check=False)

    def log(self) -> str:
        return (self.folder / "access.log").read_text() + (self.folder / "error.log").read_text()


class Haproxy(Proxy):
    name = "haproxy"
    end = signal.SIGUSR1

    def write(self) -> list[str]:
        shipped = _shipped(
            "haproxy.cfg",
            {
                "bind :8080": f"bind 127.0.0.1:{self.port}",
                "127.0.0.1:8000": f"127.0.0.1:{self.gateway_port}",
                "log /dev/log local0": "log stdout format raw local0",
            },
        )
        path = self.folder / "haproxy.cfg"
        path.write_text(shipped)
        return ["haproxy", "-db", "-f", str(path)]

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.write(), "-c"], capture_output=True, text=True, check=False)

    def log(self) -> str:
        return (self.folder / "output").read_text()


PROXIES = {kind.name: kind for kind in (Nginx, Haproxy)}


def made_proxy(name: str, folder: Path, gateway_port: int) -> Proxy:
    """Make a proxy, or skip the test where the program is not installed."""
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    return PROXIES[name](folder, gateway_port)


@contextmanager
def running_proxy(name: str, folder: Path, gateway_port: int) -> Iterator[Proxy]:
    """Run a proxy, or skip the test where the program is not installed."""
    proxy = made_proxy(name, folder, gateway_port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _shipped(file: str, places: dict[str, str]) -> str:
    """Give a file of `deploy/` with other places; each must be there, else a test would use the real one."""
    text = (DEPLOY / file).read_text()
    for before, after in places.items():
        assert before in text
        text = text.replace(before, after)
    return text
