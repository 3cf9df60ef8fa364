"""The socket that `run` opens for its children."""

import socket
from threading import Timer

import pytest

from mo_gateway import supervisor
from mo_gateway.errors import ConfigError
from mo_gateway.supervisor import bound_socket

from .postgres import free_port


def test_port_0_is_any_free_port() -> None:
    with bound_socket("127.0.0.1:0") as listener:
        assert listener.getsockname()[1] > 0


def test_an_ipv6_address_stands_in_brackets() -> None:
    with bound_socket("[::1]:0") as listener:
        assert listener.family is socket.AF_INET6


@pytest.mark.parametrize(
    "address", ["8000", "127.0.0.1", "127.0.0.1:", ":8000", "127.0.0.1:http", "127.0.0.1:65536"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        bound_socket(address)


def test_a_port_in_use_is_refused_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE_FOR_PORT", 0.3)
    monkeypatch.setattr(supervisor, "LOOK_EVERY", 0.05)
    with bound_socket("127.0.0.1:0") as theirs:
        address = f"127.0.0.1:{theirs.getsockname()[1]}"

        with pytest.raises(ConfigError, match=f"--bind {address} is not to be had: Address already in use"):
            bound_socket(address)


def test_a_port_that_its_last_owner_is_just_leaving_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOOK_EVERY", 0.05)
    port = free_port()  # which the kernel gives to nobody else in between
    theirs = bound_socket(f"127.0.0.1:{port}")
    leaving = Timer(0.2, theirs.close)
    leaving.start()

    with bound_socket(f"127.0.0.1:{port}") as ours:
        assert ours.getsockname()[1] == port

    leaving.join()


def test_an_address_of_another_host_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"--bind 192\.0\.2\.1:8000 is not to be had: Cannot assign"):
        bound_socket("192.0.2.1:8000")
