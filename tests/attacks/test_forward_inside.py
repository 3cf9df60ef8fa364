"""A target of `forward` that leads inside is not called, however it is written and whatever it turns to later.

How addresses are told apart is tried in tests/handlers/test_addresses.py; here a listener counts calls.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest

from mo_gateway.errors import MoGatewayError
from mo_gateway.handlers.forward import forward
from tests.handlers.received import message
from tests.listening import listening, says

pytestmark = pytest.mark.attacks

HTTP_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

#: Ways to write this host into a URL, or to lead to it; `{port}` is the listener's.
URLS = [
    # as it is
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}?/",
    "http://127.8.8.8:{port}/",
    "http://127.255.255.254:{port}/",
    "http://0.0.0.0:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "https://127.0.0.1:{port}/",
    # numbers that a resolver understands
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7F.0x0.0x0.0x1:{port}/",
    "http://0x7f.1:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0177.0.0.01:{port}/",
    "http://127.0.0.01:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://0:{port}/",
    "http://0x0:{port}/",
    "http://00.00.00.00:{port}/",
    "http://4294967296:{port}/",
    # digits of other scripts, and what looks like dots
    "http://１２７.０.０.１:{port}/",
    "http://127。0。0。1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    # IPv6, and IPv4 within it
    "http://[::1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[0000::0001]:{port}/",
    "http://[::]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[::7f00:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::FFFF:7f00:1]:{port}/",
    "http://[::ffff:0:127.0.0.1]:{port}/",
    "http://[::ffff:0.0.0.0]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2002:7f00:0001::1]:{port}/",
    "http://[2001:0:7f00:1::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[fe80::1%lo]:{port}/",
    "http://[::1%25lo]:{port}/",
    "http://[::1%lo]:{port}/",
    "http://[fc00::1]:{port}/",
    "http://[v1.127.0.0.1]:{port}/",
    # what two readers take for two hosts
    "http://www.example.com@127.0.0.1:{port}/",
    "http://www.example.com:80@127.0.0.1:{port}/",
    "http://user:geheim@127.0.0.1:{port}/",
    "http://@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@www.example.com/",
    "http://127.0.0.1:{port}\\@www.example.com/",
    "http://127.0.0.1:{port}#@www.example.com/",
    "http://www.example.com#@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}%2f@www.example.com/",
    "http://127.0.0.1%00.example.com:{port}/",
    "http://127.0.0.1%2e:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http:///127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: www.example.com",
    "http://www.example.com\t@127.0.0.1:{port}/",
    # other ways to speak
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET",
    "file://127.0.0.1:{port}/etc/passwd",
    "unix://127.0.0.1:{port}/",
]

#: What a name may lead to, look-up by look-up.
ANSWERS = {
    "inside": [["127.0.0.1"]],
    "inside, by IPv6": [["::1"]],
    "mapped": [["::ffff:127.0.0.1"]],
    "outside and inside": [["203.0.113.7", "127.0.0.1"], ["127.0.0.1"]],
    "inside and outside": [["127.0.0.1", "8.8.8.8"]],
    "outside at first": [["8.8.8.8", "0.0.0.0"], ["127.0.0.1"]],
    "nowhere at first": [[], ["127.0.0.1"]],
    "link-local, with a scope": [["fe80::1%1"]],
}


@dataclass
class Listener:
    """Listens on every address of this host, and keeps which of them was called."""

    port: int
    called: list[str] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with _listening() as listener:
        yield listener


@contextmanager
def _listening() -> Iterator[Listener]:
    server = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    listener = Listener(server.getsockname()[1])

    def take() -> None:
        with suppress(OSError):
            while True:
                caller, _ = server.accept()
                with caller, suppress(OSError):
                    listener.called.append(caller.getsockname()[0])
                    caller.recv(65536)
                    caller.sendall(HTTP_OK)

    thread = Thread(target=take)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def forwarded(url: str, *networks: str) -> str | None:
    """Give a message to a route that forwards to `url`; None where it went through, else what stood against it."""
    try:
        forward(url, networks=[ip_network(one) for one in networks], timeout=timedelta(seconds=2))(message())
    except (MoGatewayError, ValueError) as exc:
        return str(exc)
    return None


def resolve_to(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> None:
    """Let a name lead to one list of addresses after another, and to the last one for ever."""
    looked_up = iter(answers[:-1])

    def getaddrinfo(_host: str, port: int, *_args: object, **_kwargs: object) -> list[Any]:
        return [(None, None, None, "", (address, port)) for address in next(looked_up, answers[-1])]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("url", URLS)
def test_no_writing_of_this_host_is_called(listener: Listener, url: str) -> None:
    assert forwarded(url.format(port=listener.port))
    assert listener.called == []


def test_who_allows_this_host_reaches_it(listener: Listener) -> None:
    assert forwarded(f"http://127.0.0.1:{listener.port}/", "127.0.0.0/8") is None
    assert forwarded(f"http://[::1]:{listener.port}/", "::1/128") is None

    assert listener.called == ["::ffff:127.0.0.1", "::1"]


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS.keys())
def test_no_name_that_leads_inside_is_called(
    listener: Listener, answers: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, answers)

    for _ in range(len(answers) + 1):
        assert forwarded(f"http://www.example.com:{listener.port}/")
    assert listener.called == []


def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, [["127.0.0.2"], ["127.0.0.3"]])

    results = [forwarded(f"http://www.example.com:{listener.port}/", "127.0.0.2/32") for _ in range(2)]

    assert results[0] is None
    assert "127.0.0.3" in (results[1] or "")
    assert listener.called == ["::ffff:127.0.0.2"]


@pytest.mark.parametrize(
    "status", ["300 Choices", "301 Moved", "302 Found", "303 Other", "307 Again", "308 Moved"]
)
@pytest.mark.parametrize("header", ["Location", "Refresh: 0; url", "Content-Location", "Link"])
def test_no_answer_leads_to_another_call(listener: Listener, status: str, header: str) -> None:
    there = f"{header}{'=' if ';' in header else ': '}http://127.0.0.1:{listener.port}/"
    answer = f"HTTP/1.1 {status}\r\n{there}\r\nContent-Length: 0\r\n\r\n".encode()

    with listening(says(answer)) as port:
        said = forwarded(f"http://127.0.0.1:{port}/", "127.0.0.0/8")

    assert "redirects are not followed" in (said or "")
    assert listener.called == []


def test_no_proxy_of_the_environment_is_called(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")

    with listening(says(HTTP_OK)) as port:
        assert forwarded(f"http://127.0.0.1:{port}/", "127.0.0.0/8") is None

    assert listener.called == []
