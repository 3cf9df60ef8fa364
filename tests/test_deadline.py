"""How long a thread waits for a client, on a real connection."""

import socket
from collections.abc import Iterator
from contextlib import closing
from time import monotonic

import pytest

from mo_gateway.web import deadline
from mo_gateway.web.deadline import TimedSocket
from mo_gateway.web.server import OPTIONS


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        yield client


@pytest.fixture
def served(client: socket.socket) -> Iterator[TimedSocket]:
    """The other end of the client's connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with closing(TimedSocket(fileno=accepted.detach())) as served:
            yield served


def test_what_is_there_is_read_however_late(served: TimedSocket, client: socket.socket) -> None:
    client.sendall(b"MSISDN=")
    assert served.recv(1) == b"M"
    served.deadline = monotonic() - 60

    assert served.recv(100) == b"SISDN="


def test_what_is_not_there_is_awaited_until_the_deadline(served: TimedSocket, client: socket.socket) -> None:
    served.deadline = began = monotonic()
    served.deadline += 0.2

    with pytest.raises(ConnectionResetError):
        served.recv(100)

    assert monotonic() - began >= 0.2


def test_after_the_deadline_an_answer_can_still_be_sent(served: TimedSocket, client: socket.socket) -> None:
    served.deadline = monotonic()
    with pytest.raises(ConnectionResetError):
        served.recv(100)

    served.sendall(b"HTTP/1.1 400")

    assert client.recv(100) == b"HTTP/1.1 400"
    assert served.recv(100) == b""


def test_an_answer_that_nobody_reads_is_not_sent_for_ever(
    served: TimedSocket, client: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "PATIENCE", 0.2)

    with pytest.raises(ConnectionResetError):
        served.sendall(bytes(50_000_000))

    with pytest.raises(BrokenPipeError):
        served.sendall(b"more")


def test_gunicorn_of_ones_own_has_the_deadline_too() -> None:
    assert OPTIONS["worker_class"] is deadline.DeadlineWorker
