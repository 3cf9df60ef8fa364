"""Clients that hold a connection and hope to hold a thread with it: ten for each thread that there is."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

import pytest

from mo_gateway.web.deadline import PATIENCE
from tests.proxies import Proxy
from tests.running import post
from tests.waiting import until

from .fronts import FEW_THREADS, Front

pytestmark = pytest.mark.attacks

HOW_MANY = 10 * FEW_THREADS
PAUSE = 0.3  # seconds between two drops

HALF_A_HEADER = b"POST /spryng/mo/geheim HTTP/1.1\r\nHost: sms.example\r\nX-Slow: "
HALF_A_BODY = (
    b"POST /spryng/mo/geheim HTTP/1.1\r\nHost: sms.example\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\nMSISDN="
)
ASKS = b"GET /metrics HTTP/1.1\r\nHost: sms.example\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to be slow: what is sent at once, what is sent again and again, and whether answers are read."""

    beginning: bytes
    drop: bytes
    reads: bool = True
    how_many: int = HOW_MANY


KINDS = {
    "silent": Kind(b"", b""),
    "half a header": Kind(HALF_A_HEADER, b""),
    "a byte of the header at a time": Kind(HALF_A_HEADER, b"x"),
    "a byte of the body at a time": Kind(HALF_A_BODY, b"x"),
    # fewer: each must first be given megabytes, which the kernel takes in its place
    "asks and never reads": Kind(ASKS * 400, ASKS * 20, reads=False, how_many=FEW_THREADS + 1),
    "does not hang up": Kind(b"GET / HTTP/9.9\r\nHost: sms.example\r\n\r\n", b""),
}


class SlowClients:
    """Some connections of one kind."""

    def __init__(self, kind: Kind, port: int) -> None:
        self.kind = kind
        self.open = {_connected(port) for _ in range(kind.how_many)}

    def drip(self, end: Event) -> None:
        """Send on until the end, and note who is hung up on."""
        for client in self.open:
            _send(client, self.kind.beginning)
        while not end.wait(PAUSE):
            for client in tuple(self.open):
                if _is_cut_off(client, self.kind):
                    self.open.discard(client)
                    client.close()
        for client in self.open:
            client.close()


@contextmanager
def slow_clients(kind: Kind, port: int) -> Iterator[SlowClients]:
    """Give the connections, which are slow in a thread of their own."""
    clients, end = SlowClients(kind, port), Event()
    thread = Thread(target=clients.drip, args=(end,))
    thread.start()
    try:
        yield clients
    finally:
        end.set()
        thread.join()


def _connected(port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # what is not read stays with the server
    client.connect(("127.0.0.1", port))
    client.settimeout(0)
    return client


def _send(client: socket.socket, data: bytes) -> None:
    with suppress(BlockingIOError):  # nobody reads on: what was sent is where it should be
        client.send(data)


def _is_cut_off(client: socket.socket, kind: Kind) -> bool:
    """Send the next drop, and read what there is; tell whether the other side has had enough."""
    try:
        _send(client, kind.drop)
        return kind.reads and not client.recv(65536)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def seconds_for_an_honest_request(url: str, reference: str) -> float:
    began = monotonic()
    assert post(url, REFERENCE=reference).body == "TRUE"
    return monotonic() - began


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_take_no_more_than_their_time_and_then_their_connection_is_gone(
    front: Front, kind: str
) -> None:
    with slow_clients(KINDS[kind], front.port) as clients:
        seconds = seconds_for_an_honest_request(front.url, f"slow: {kind}")
        until(lambda: not clients.open, "all slow clients to be cut off")

    assert seconds < 2 * PATIENCE


@pytest.mark.parametrize("kind", KINDS)
def test_behind_a_proxy_slow_clients_keep_nobody_waiting(proxied_front: Front, proxy: Proxy, kind: str) -> None:
    with slow_clients(KINDS[kind], proxy.port):
        seconds = seconds_for_an_honest_request(
            f"http://127.0.0.1:{proxy.port}{proxied_front.path}", f"slow, by {proxy.name}: {kind}"
        )

    assert seconds < PATIENCE  # as long as each of them would keep a thread
