"""The proxy's configuration, tried in a real nginx before a made-up gateway."""

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx.conf"
SECRET = "7f1c-the-secret"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


class MadeUpGateway(ThreadingHTTPServer):
    """Answers TRUE and remembers what came from where."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.requests: list[Answering] = []


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MadeUpGateway

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(self)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"TRUE")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""


@dataclass
class Proxy:
    """An nginx with the shipped configuration, on a port of its own."""

    folder: Path
    gateway_port: int
    port: int = field(default_factory=lambda: free_port())

    def write(self) -> Path:
        places = {"listen 8080": f"listen 127.0.0.1:{self.port}", "/var/log/nginx": str(self.folder)}
        shipped = CONFIGURATION.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{self.gateway_port}")
        for before, after in places.items():
            shipped = shipped.replace(before, after)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        path = self.folder / "nginx.conf"
        path.write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr;events {{}} http {{ {folders} {shipped} }}"
        )
        return path

    def start(self) -> None:
        self.process = subprocess.Popen(["nginx", "-c", self.write(), "-p", self.folder, "-e", "stderr"])
        while True:  # ends with the test's time limit
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
                return

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # in order: what is answered is logged
        self.process.wait()

    def post(self, path: str, body: str = "KEYWORD=WIN", **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", path, body, FORM | {"Connection": "close"} | headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def logs(self) -> str:
        """Give all that was logged; nginx is stopped for it, since it logs after it has answered."""
        self.stop()
        return (self.folder / "access.log").read_text() + (self.folder / "error.log").read_text()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def gateway() -> Iterator[MadeUpGateway]:
    with MadeUpGateway() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(tmp_path: Path, gateway: MadeUpGateway) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path, gateway.server_port)
    proxy.start()
    yield proxy
    proxy.stop()


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    path = Proxy(tmp_path, gateway_port=8000).write()

    test = subprocess.run(["nginx", "-t", "-c", path, "-e", "stderr"], capture_output=True, text=True, check=False)

    assert test.returncode == 0, test.stderr
    assert "[warn]" not in test.stderr


def test_a_callback_goes_through(proxy: Proxy, gateway: MadeUpGateway) -> None:
    answer = proxy.post(f"/spryng/mo/{SECRET}", "KEYWORD=WIN&PARM=%E9")

    assert answer == (200, b"TRUE")
    assert gateway.requests[0].path == f"/spryng/mo/{SECRET}"
    assert gateway.requests[0].body == b"KEYWORD=WIN&PARM=%E9"


@pytest.mark.parametrize("path", ["/spryng/mo/{}", "//spryng/mo/{}", "/SPRYNG/MO/{}", "/spryng/dlr/%37{}"])
def test_the_log_holds_neither_secret_nor_query(proxy: Proxy, path: str) -> None:
    proxy.post(path.format(SECRET) + "?MSISDN=32412345678&PARM=private")

    log = proxy.logs()
    assert re.search(r'"POST /spryng/(mo|dlr)/-" 200', log, re.IGNORECASE)
    assert not re.search(r"the-secret|MSISDN|private", log)


def test_a_gateway_that_is_away_brings_no_secret_into_the_log(tmp_path: Path) -> None:
    proxy = Proxy(tmp_path, gateway_port=free_port())
    proxy.start()

    status, _ = proxy.post(f"/spryng/mo/{SECRET}?PARM=private")

    log = proxy.logs()
    assert status == 502
    assert '"POST /spryng/mo/-" 502' in log
    assert not re.search(r"the-secret|private", log)


def test_who_called_is_what_the_proxy_saw(proxy: Proxy, gateway: MadeUpGateway) -> None:
    proxy.post(f"/spryng/mo/{SECRET}", **{"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"})

    headers = gateway.requests[0].headers
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert headers.get_all("X-Forwarded-Proto") == ["http"]


def test_connections_to_the_gateway_are_kept(proxy: Proxy, gateway: MadeUpGateway) -> None:
    for _ in range(3):
        proxy.post(f"/spryng/mo/{SECRET}")

    assert len({request.client_address for request in gateway.requests}) == 1


def test_half_a_request_never_reaches_the_gateway(proxy: Proxy, gateway: MadeUpGateway) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as slow:
        slow.sendall(b"POST /spryng/mo/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nKEYWORD=")
        proxy.post("/spryng/mo/honest")

    assert [request.path for request in gateway.requests] == ["/spryng/mo/honest"]


def test_a_body_beyond_reason_is_refused_by_the_proxy(proxy: Proxy, gateway: MadeUpGateway) -> None:
    status, _ = proxy.post(f"/spryng/mo/{SECRET}", "x" * 300_000)

    assert status == 413
    assert gateway.requests == []
