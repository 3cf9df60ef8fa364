"""The proxies' configurations, tried in the real programs before a made-up gateway."""

import os
import re
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from .listening import closed_port
from .proxies import PROXIES, Proxy, made_proxy, running_proxy

SECRET = "7f1c-the-secret"


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


@pytest.fixture
def gateway() -> Iterator[MadeUpGateway]:
    with MadeUpGateway() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=PROXIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def proxy(name: str, tmp_path: Path, gateway: MadeUpGateway) -> Iterator[Proxy]:
    with running_proxy(name, tmp_path, gateway.server_port) as proxy:
        yield proxy


def test_the_program_takes_the_configuration(name: str, tmp_path: Path) -> None:
    checked = made_proxy(name, tmp_path, gateway_port=8000).check()

    assert checked.returncode == 0, checked.stderr
    assert "[warn" not in checked.stderr.lower()


def test_a_callback_goes_through(proxy: Proxy, gateway: MadeUpGateway) -> None:
    answer = proxy.post(f"/spryng/mo/{SECRET}", "KEYWORD=WIN&PARM=%E9")

    assert answer == (200, b"TRUE")
    assert gateway.requests[0].path == f"/spryng/mo/{SECRET}"
    assert gateway.requests[0].body == b"KEYWORD=WIN&PARM=%E9"


@pytest.mark.parametrize("path", ["/spryng/mo/{}", "//spryng/mo/{}", "/SPRYNG/MO/{}", "/spryng/dlr/%37{}"])
def test_the_log_holds_neither_secret_nor_query(proxy: Proxy, path: str) -> None:
    proxy.post(path.format(SECRET) + "?MSISDN=32412345678&PARM=private")

    log = proxy.logs()
    assert re.search(r'"POST /+spryng/(mo|dlr)/-" 200', log, re.IGNORECASE)
    assert not re.search(r"the-secret|MSISDN|private", log)


def test_a_gateway_that_is_away_brings_no_secret_into_the_log(name: str, tmp_path: Path) -> None:
    with running_proxy(name, tmp_path, closed_port()) as proxy:
        status, _ = proxy.post(f"/spryng/mo/{SECRET}?PARM=private")

    log = proxy.log()
    assert status in (502, 503)
    assert f'"POST /spryng/mo/-" {status}' in log
    assert not re.search(r"the-secret|private", log)


def test_who_called_is_what_the_proxy_saw(proxy: Proxy, gateway: MadeUpGateway) -> None:
    proxy.post(f"/spryng/mo/{SECRET}", **{"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"})

    headers = gateway.requests[0].headers
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert headers.get_all("X-Forwarded-Proto") == ["http"]


def test_connections_to_the_gateway_are_kept(proxy: Proxy, gateway: MadeUpGateway) -> None:
    threads = os.cpu_count() or 1  # of the proxy, each of which may keep a connection of its own
    for _ in range(3 * threads):
        proxy.post(f"/spryng/mo/{SECRET}")

    assert len({request.client_address for request in gateway.requests}) <= threads


def test_half_a_request_never_reaches_the_gateway(proxy: Proxy, gateway: MadeUpGateway) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as slow:
        slow.sendall(b"POST /spryng/mo/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nKEYWORD=")
        proxy.post("/spryng/mo/honest")

    assert [request.path for request in gateway.requests] == ["/spryng/mo/honest"]


def test_a_body_beyond_reason_is_refused_by_the_proxy(proxy: Proxy, gateway: MadeUpGateway) -> None:
    status, _ = proxy.post(f"/spryng/mo/{SECRET}", "x" * 300_000)

    assert status == 413
    assert gateway.requests == []
