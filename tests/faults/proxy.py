"""A wire between the gateway and PostgreSQL that can be cut, made slow, or go silent."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from time import sleep

#: Closes a connection with a RST instead of a FIN.
AT_ONCE = struct.pack("ii", 1, 0)

#: What the loop's writer calls its statement, and the byte that a request to run it begins with.
STORE, RUN = b"mo_gateway_store", b"B"


@dataclass(slots=True, eq=False)
class Wire:
    """One connection, in its two halves."""

    client: socket.socket
    server: socket.socket
    is_storing: bool = False  #: the server was asked to store messages, and has not answered yet

    def cut(self, last_words: bytes = b"") -> None:
        """Reset both halves, once the client was told so much."""
        if last_words:
            with suppress(OSError):  # this one may have ended before
                self.client.sendall(last_words)
        for half in (self.client, self.server):
            with suppress(OSError):  # the other side may be gone, or the half closed before
                half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                half.shutdown(socket.SHUT_RD)  # wakes who reads from it
            half.close()


class Proxy:
    """Hands bytes on between its own port and that of a server of this host."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._wires: list[Wire] = []
        self._flows = Event()
        self._flows.set()
        self.refuses = False  #: cuts each new connection at once
        self.swallows = False  #: cuts a connection where the server says that messages are stored
        self.swallowed = 0
        self.delay = 0.0  #: seconds before anything is handed on
        Thread(target=self._accept, daemon=True).start()

    def cut(self, last_words: bytes = b"") -> None:
        """Cut all connections, once their clients were told so much."""
        for wire in list(self._wires):
            wire.cut(last_words)

    def stall(self) -> None:
        """Hand nothing on any more, and tell nobody: to both sides the other is only slow."""
        self._flows.clear()

    def go_on(self) -> None:
        """Hand on what has waited, and what comes."""
        self._flows.set()

    def close(self) -> None:
        """Cut all connections and take no new ones."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.go_on()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                wire = Wire(client, socket.create_connection(("127.0.0.1", self._server_port)))
                if self.refuses:
                    wire.cut()
                    continue
                self._wires.append(wire)
                Thread(target=self._hand_on, args=(wire, wire.client, wire.server), daemon=True).start()
                Thread(target=self._hand_on, args=(wire, wire.server, wire.client), daemon=True).start()

    def _hand_on(self, wire: Wire, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self._flows.wait()
                sleep(self.delay)
                if source is wire.client:
                    wire.is_storing = piece.startswith(RUN) and STORE in piece
                elif wire.is_storing and self.swallows:
                    self.swallowed += 1
                    break
                target.sendall(piece)
        wire.cut()


@contextmanager
def proxy_to(server_port: int) -> Iterator[Proxy]:
    """Put a proxy before a server."""
    proxy = Proxy(server_port)
    try:
        yield proxy
    finally:
        proxy.close()
