"""Servers on raw sockets, each of which does one thing wrong, or right."""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from .postgres import free_port

#: Made by `openssl req -x509`, for localhost, for a century.
CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"

Script = Callable[[socket.socket, Event], None]


@contextmanager
def listening(script: Script) -> Iterator[int]:
    """Give a port; each connection to it is served by `script`, in a thread, until the end is set."""
    end = Event()
    server = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=_accept, args=(server, script, end))
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        end.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def _accept(server: socket.socket, script: Script, end: Event) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                script(connection, end)


@contextmanager
def tls_server(script: Script) -> Iterator[int]:
    """Give a port where a handshake comes before the script."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)

    def shake_hands_first(connection: socket.socket, end: Event) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            script(tls, end)

    with listening(shake_hands_first) as port:
        yield port


def says(*pieces: bytes) -> Script:
    """Read a request, write these pieces, close."""

    def script(connection: socket.socket, end: Event) -> None:
        connection.recv(65536)
        for piece in pieces:
            connection.sendall(piece)

    return script


def drips(beginning: bytes, drop: bytes) -> Script:
    """Write a beginning, then a drop every now and then, for good."""

    def script(connection: socket.socket, end: Event) -> None:
        connection.recv(65536)
        connection.sendall(beginning)
        while not end.wait(0.05):
            connection.sendall(drop)

    return script


def is_silent(connection: socket.socket, end: Event) -> None:
    end.wait()


def resets(connection: socket.socket, end: Event) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_in_the_middle(connection: socket.socket, end: Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_port() -> int:
    """Find a port where nobody listens, and which the kernel gives to nobody meanwhile."""
    return free_port()
