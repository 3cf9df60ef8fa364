"""How long a client may take: gunicorn itself would wait for the rest of a request for ever, on either front.

A request must be there whole PATIENCE seconds after its first byte, and what is answered must be taken as fast.
The time that the gateway takes for itself does not count.
"""

import errno
import socket
from asyncio import AbstractEventLoop, TimerHandle, Transport
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers.gthread import ThreadWorker

PATIENCE = 3.0  # seconds


class TimedSocket(socket.socket):
    """A client's connection: what is not there at the deadline is not waited for."""

    deadline = 0.0  #: by the clock of `monotonic`

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read what is there, waiting for it until the deadline; or raise ConnectionResetError."""
        self.settimeout(max(self.deadline - monotonic(), 0.0))
        try:
            return super().recv(size, flags)
        except (TimeoutError, BlockingIOError) as exc:
            with suppress(OSError):
                self.shutdown(socket.SHUT_RD)  # an answer can still be sent
            raise _too_slow() from exc

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of it; or raise ConnectionResetError."""
        self.settimeout(PATIENCE)
        try:
            super().sendall(data, flags)
        except TimeoutError as exc:
            with suppress(OSError):
                self.shutdown(socket.SHUT_RDWR)
            raise _too_slow() from exc


class DeadlineWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's threads, none of which waits for a client longer than to the deadline.

    The deadline counts from the moment when there is something to read, not from that when a thread is free: of
    any number of slow clients that came at once, none is waited for once the first has had its time.
    """

    def enqueue_req(self, conn: Any) -> None:
        """Give a thread to a connection, once there is something to read on it."""
        if not (conn.initialized or conn.data_ready):
            self._await_first_byte(conn)
            return
        conn.sock.deadline = monotonic() + PATIENCE
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer a request, and give what gunicorn must know: whether the connection goes on."""
        goes_on = super().handle(conn)
        if not goes_on:
            _part(conn.sock)
        return goes_on

    def _await_first_byte(self, conn: Any) -> None:
        """Let the main thread wait, as it does between requests."""
        conn.sock = TimedSocket(fileno=conn.sock.detach())
        conn.sock.settimeout(0)
        conn.timeout = monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))


class DeadlineProtocol(ASGIProtocol):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's connection on an event loop, cut off at the deadline."""

    def connection_made(self, transport: Transport) -> None:
        self._until_whole = Fuse(self.worker.loop, transport)
        self._until_taken = Fuse(self.worker.loop, transport)
        self._until_whole.light()
        self.worker.connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        parser = self._callback_parser
        if parser is None or parser.is_complete:
            self._until_whole.put_out()
        else:
            self._until_whole.light()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._until_taken.light()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._until_taken.put_out()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.worker.connections.discard(self)
        self._until_whole.put_out()
        self._until_taken.put_out()

    def part_if_idle(self) -> None:
        """Hang up where all that was asked is answered and nothing new has begun."""
        if self._awaiting_request and self.req_count > 1 and not self._until_whole.is_lit:
            self.transport.close()

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> Any:
        """Answer without a task for each request: our application ends with its answer."""
        return await self._handle_http_request(request, sockname, peername)

    def _close_transport(self) -> None:
        super()._close_transport()
        if self.transport.get_write_buffer_size():
            self._until_taken.light()


class Fuse:
    """Cuts a connection off PATIENCE seconds after it was lit first, unless it is put out before."""

    def __init__(self, loop: AbstractEventLoop, transport: Transport) -> None:
        self._loop = loop
        self._transport = transport
        self._burning: TimerHandle | None = None

    @property
    def is_lit(self) -> bool:
        return self._burning is not None

    def light(self) -> None:
        if not self._burning:
            self._burning = self._loop.call_later(PATIENCE, self._transport.abort)

    def put_out(self) -> None:
        if self._burning:
            self._burning.cancel()
            self._burning = None


def _part(connection: socket.socket) -> None:
    """Say that nothing more comes, and read on until the client has hung up, so that it gets its last answer.

    gunicorn does this too: in the main thread, where one client after another that does not hang up would keep
    everybody waiting.
    """
    with suppress(OSError):
        connection.settimeout(PATIENCE)  # where it is no TimedSocket but one of TLS
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def _too_slow() -> ConnectionResetError:
    """Make the error that gunicorn takes for a client that has gone."""
    return ConnectionResetError(errno.ECONNRESET, "the client is too slow")
