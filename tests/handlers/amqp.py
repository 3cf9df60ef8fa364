"""A broker on a real socket that speaks as much AMQP 0-9-1 as it takes to publish, and confirms as a test says."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import BinaryIO, NamedTuple

METHOD, HEADER, BODY = 1, 2, 3
FRAME_END = b"\xce"

START, START_OK, TUNE, OPEN, OPEN_OK, CLOSE, CLOSE_OK = (
    (10, 10),
    (10, 11),
    (10, 30),
    (10, 40),
    (10, 41),
    (10, 50),
    (10, 51),
)
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE = (20, 10), (20, 11), (20, 40)
CONFIRM, CONFIRM_OK = (85, 10), (85, 11)
PUBLISH, RETURN, ACK, NACK = (60, 40), (60, 50), (60, 80), (60, 120)

#: What is answered without a thought.
REPLIES = {
    OPEN: (OPEN_OK, b"\0"),
    CLOSE: (CLOSE_OK, b""),
    CHANNEL_OPEN: (CHANNEL_OPEN_OK, bytes(4)),
    CONFIRM: (CONFIRM_OK, b""),
}


class Published(NamedTuple):
    """What somebody has published."""

    exchange: str
    routing_key: str
    is_mandatory: bool
    content_type: str
    delivery_mode: int
    message_id: str
    body: bytes


@dataclass
class Broker:
    """Takes what is published, and answers: ack, nack, return, close, vanish or nothing."""

    answers: list[str] = field(default_factory=list)  #: one for each; when they are used up, ack
    lets_in: bool = True
    published: list[Published] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    url: str = ""

    def hang_up(self) -> None:
        """Close all connections, as a restart of a broker does."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, connection: socket.socket) -> None:
        """Be the broker on one connection until it ends."""
        with connection, connection.makefile("rb") as stream, suppress(OSError, struct.error):
            stream.read(8)
            properties, mechanisms = bytes(4), _long(b"PLAIN AMQPLAIN")
            _send(connection, START, b"\0\x09" + properties + mechanisms + _long(b"en_US"))
            while True:
                kind, channel, payload = _frame(stream)
                method = struct.unpack_from(">HH", payload)
                if kind == METHOD and method == START_OK:
                    if not self.lets_in:
                        _send(connection, CLOSE, struct.pack(">H", 403) + _short("ACCESS_REFUSED") + bytes(4))
                        continue
                    _send(connection, TUNE, struct.pack(">HIH", 10, 131072, 0))
                elif kind == METHOD and method in REPLIES:
                    _send(connection, *REPLIES[method], channel=channel)
                elif kind == METHOD and method == PUBLISH:
                    self._take(connection, channel, payload, _frame(stream)[2], _frame(stream)[2])

    def _take(self, connection: socket.socket, channel: int, publish: bytes, header: bytes, body: bytes) -> None:
        exchange, rest = _cut_short(publish[6:])
        routing_key, flags = _cut_short(rest)
        self.published.append(Published(exchange, routing_key, bool(flags[0] & 1), *_properties(header), body))
        match self.answers.pop(0) if self.answers else "ack":
            case "ack":
                _send(connection, ACK, struct.pack(">QB", 1, 0), channel=channel)
            case "nack":
                _send(connection, NACK, struct.pack(">QB", 1, 0), channel=channel)
            case "return":
                words = struct.pack(">H", 312) + _short("NO_ROUTE") + _short(exchange) + _short(routing_key)
                _send(connection, RETURN, words, channel=channel)
                connection.sendall(_framed(HEADER, channel, header) + _framed(BODY, channel, body))
                _send(connection, ACK, struct.pack(">QB", 1, 0), channel=channel)
            case "close":
                words = struct.pack(">H", 404) + _short("NOT_FOUND - no exchange") + struct.pack(">HH", *PUBLISH)
                _send(connection, CHANNEL_CLOSE, words, channel=channel)
            case "vanish":
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def amqp_broker(*answers: str, lets_in: bool = True) -> Iterator[Broker]:
    """Run a broker; each connection to it has a thread of its own."""
    broker = Broker(list(answers), lets_in)
    threads: list[Thread] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        broker.url = f"amqp://mo:geheim@127.0.0.1:{server.getsockname()[1]}//"

        def accept() -> None:
            with suppress(OSError):
                while True:
                    broker.connections.append(server.accept()[0])
                    threads.append(Thread(target=broker.serve, args=(broker.connections[-1],)))
                    threads[-1].start()

        listener = Thread(target=accept)
        listener.start()
        try:
            yield broker
        finally:
            server.shutdown(socket.SHUT_RDWR)
            listener.join()
            broker.hang_up()
            for thread in threads:
                thread.join()


def _framed(kind: int, channel: int, payload: bytes) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + FRAME_END


def _send(connection: socket.socket, method: tuple[int, int], arguments: bytes, channel: int = 0) -> None:
    connection.sendall(_framed(METHOD, channel, struct.pack(">HH", *method) + arguments))


def _frame(stream: BinaryIO) -> tuple[int, int, bytes]:
    kind, channel, size = struct.unpack(">BHI", stream.read(7))
    return kind, channel, stream.read(size + 1)[:-1]


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _long(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def _cut_short(content: bytes) -> tuple[str, bytes]:
    end = 1 + content[0]
    return content[1:end].decode(), content[end:]


def _properties(header: bytes) -> tuple[str, int, str]:
    """Read content type, delivery mode and message id: of a header with those that kombu sends."""
    content_type, rest = _cut_short(header[14:])
    _encoding, rest = _cut_short(rest)
    (table,) = struct.unpack_from(">I", rest)
    delivery_mode, rest = rest[4 + table], rest[6 + table :]  # a priority stands behind it
    return content_type, delivery_mode, _cut_short(rest)[0]
