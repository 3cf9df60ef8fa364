"""Which addresses may be called: none inside, however it is written, and none that a name turns to later."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address, ip_network
from threading import Thread
from typing import Any

import pytest

from mo_gateway.errors import HandlerError
from mo_gateway.handlers.addresses import check_literal, checked_by, is_target, may_be_called
from mo_gateway.wire import NotSent, Wire

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "217.19.227.48", "2606:4700:4700::1111", "2a00:1450:400e::1"]

#: Ways to write 127.0.0.1 that a resolver understands, and that no address looks like.
SPELLINGS = [
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0x7f.0.0.0x1",
    "127.0.0.01",
    "127.0.0.1.",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_inside_is_not_called(address: str) -> None:
    assert not may_be_called(ip_address(address), ())


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_called(address: str) -> None:
    assert may_be_called(ip_address(address), ())


def test_networks_that_are_allowed_are_called_and_no_others() -> None:
    networks = [ip_network("10.20.0.0/16"), ip_network("fd00::/8")]

    assert may_be_called(ip_address("10.20.1.1"), networks)
    assert may_be_called(ip_address("fd00::1"), networks)
    assert not may_be_called(ip_address("10.21.1.1"), networks)
    assert not may_be_called(ip_address("::ffff:10.20.1.1"), networks)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com",
        "https://www.example.com:8443/sms.php?key=1&a=%20",
        "http://localhost:8000/",
        "http://intern/sms",
        "http://127.0.0.1/",
        "http://[::1]:8000/",
        "http://4414.example/",
        "http://0x7f.example/",
    ],
)
def test_a_url_that_can_be_called_is_a_target(url: str) -> None:
    assert is_target(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "www.example.com",
        "ftp://www.example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:geheim@www.example.com/",
        "https://@www.example.com/",
        "https://www.example.com@127.0.0.1/",
        "https://www.example.com\\@127.0.0.1/",
        "https://www.example.com/#x",
        "https://www.example.com/a b",
        "https://www.example.com/\r\nHost: x",
        "https://www.example.com:0/",
        "https://www.example.com:99999/",
        "https://[::1/",
        "https://[fe80::1%25lo]/",
        "https://127.0.0.1%2f/",
        "https://bücher.example/",
        "https://①②⑦.⓪.⓪.①/",
        *(f"http://{host}/" for host in SPELLINGS),
    ],
)
def test_a_url_that_is_none_or_looks_like_another_is_no_target(url: str) -> None:
    assert not is_target(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
def test_an_address_that_may_not_be_called_is_found_without_a_call(host: str) -> None:
    with pytest.raises(HandlerError, match="MO_GATEWAY_FORWARD_NETWORKS"):
        check_literal(f"http://{host}/", ())


def test_a_name_is_not_looked_up_at_load() -> None:
    check_literal("https://there.is.no.such.host.invalid/", ())


@contextmanager
def canary() -> Iterator[tuple[int, list[int]]]:
    """Give a port of this host, and the list of those who connect to it."""
    came: list[int] = []
    server = socket.create_server(("127.0.0.1", 0))

    def sing() -> None:
        while True:
            try:
                connection, (_host, port) = server.accept()
            except OSError:
                return
            came.append(port)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.close()

    thread = Thread(target=sing)
    thread.start()
    try:
        yield server.getsockname()[1], came
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def wire(*networks: str) -> Wire:
    return Wire(timeout=timedelta(seconds=5), addresses=checked_by([ip_network(one) for one in networks]))


def resolver(*answers: list[str]) -> Callable[..., list[Any]]:
    """Make a resolver that gives one answer after another, and the last one for ever."""
    looked_up = iter([*answers[:-1]])

    def getaddrinfo(_host: str, port: int, *_args: object, **_kwargs: object) -> list[Any]:
        return [(None, None, None, "", (address, port)) for address in next(looked_up, answers[-1])]

    return getaddrinfo


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", *SPELLINGS])
def test_nobody_connects_to_this_host(host: str) -> None:
    with canary() as (port, came), pytest.raises((HandlerError, NotSent)):
        wire().get(f"http://{host}:{port}/")

    assert came == []


def test_who_allows_this_host_reaches_it() -> None:
    with canary() as (port, came):
        assert wire("127.0.0.0/8").get(f"http://127.0.0.1:{port}/").status == 200

    assert len(came) == 1


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["8.8.8.8", "127.0.0.1"]))

    with canary() as (port, came), pytest.raises(HandlerError, match=r"127\.0\.0\.1"):
        wire().get(f"http://www.example.com:{port}/")

    assert came == []


def test_a_name_that_leads_elsewhere_at_the_second_look_up_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.2"], ["127.0.0.1"]))

    with canary() as (port, came), pytest.raises(NotSent, match="Connection refused"):
        wire("127.0.0.2/32").get(f"http://www.example.com:{port}/")
    with pytest.raises(HandlerError, match=r"127\.0\.0\.1"):
        wire("127.0.0.2/32").get(f"http://www.example.com:{port}/")

    assert came == []


def test_a_name_without_an_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver([]))

    with pytest.raises(NotSent, match="no connection"):
        wire().get("http://www.example.com/")


def test_so_many_addresses_are_tried_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"10.0.0.{number}" for number in range(100)]
    monkeypatch.setattr(socket, "getaddrinfo", resolver([*many, *many]))

    assert checked_by([ip_network("10.0.0.0/8")])("www.example.com", 80) == [ip_address(one) for one in many[:4]]
