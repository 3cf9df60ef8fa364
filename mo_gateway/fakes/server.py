"""A fake provider on a real socket: what it took, what it answers, and the trouble it makes when asked to."""

import contextlib
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message as Headers
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

MAKE_WAY = 5.0  # seconds that a slow answer takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An HTTP request: one that a fake gets, or one that it makes to tell of a delivery."""

    method: str
    path: str  #: without the query
    query: str
    body: bytes
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeAnswer:
    """What a fake answers."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An SMS that a fake took, in its own words turned into ours."""

    id: str  #: the provider's own id of it
    to: str
    sender: str
    text: str = ""
    udh: str = ""
    data: str = ""
    reference: str = ""
    wants_report: bool = True
    other: tuple[tuple[str, str], ...] = ()  #: what else came, for a test to look at


class Trouble(StrEnum):
    """What a provider can do instead of answering properly."""

    SLOW = "slow"  #: takes the SMS and answers too late
    RESET = "reset"  #: takes the SMS and resets the connection in the middle of its answer
    CLOSE = "close"  #: closes the connection without a word, and takes nothing
    HTML = "html"  #: a page, with status 200
    HUGE = "huge"  #: an answer of 10 MB
    DRIP = "drip"  #: an answer that never ends, a byte now and then
    TOO_MANY = "429"
    ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"


#: Those that the provider makes after it has taken the SMS.
AFTER_TAKING = (Trouble.SLOW, Trouble.RESET, Trouble.HTML, Trouble.HUGE, Trouble.DRIP, Trouble.BAD_GATEWAY)
HTML_PAGE = b"<!DOCTYPE html><html><body><h1>Welcome</h1><p>Please log in: OK 1 200</p></body></html>"


class Fake(Protocol):
    """One provider's behaviour."""

    @property
    def taken(self) -> Sequence[Taken]:
        """What it took, the first one first."""

    def answer(self, call: Call) -> FakeAnswer:
        """Do what the provider does with a call, and give its answer."""

    def report(self, taken: Taken, state: str) -> Call:
        """Write the delivery report of an SMS: `path` and `query` are put behind the address of the gateway.

        `state` is the provider's own word; empty = delivered.
        """


class FakeServer:
    """Serves a fake on a port of this host; each call in a thread of its own."""

    def __init__(self, fake: Fake, host: str = "127.0.0.1", port: int = 0) -> None:
        self.fake = fake
        self.troubles: deque[Trouble] = deque()  #: one for each of the next calls
        self.on_taken: Callable[[Taken], None] = lambda _taken: None
        self.faults: list[BaseException] = []  #: what the fake itself raised, which no provider documents
        self.ending = Event()
        self._one_call = Lock()
        self._server = _Server(host, port, _handler_for(self))
        self._server.fake_server = self

    @property
    def url(self) -> str:
        """The address, without a slash at its end; where it listens on all, that of this host itself."""
        bound, port = str(self._server.server_address[0]), self._server.server_port
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104 - recognised, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()

    def stop(self) -> None:
        """End all calls and let go of the port."""
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: Call) -> tuple[FakeAnswer, Trouble | None]:
        """Answer a call; or say what trouble is made instead, after the SMS was taken or before."""
        with self._one_call:
            trouble = self.troubles.popleft() if self.troubles else None
            if trouble and trouble not in AFTER_TAKING:
                return FakeAnswer(body=b""), trouble
            before = len(self.fake.taken)
            answer = self.fake.answer(call)
            new = self.fake.taken[before:]
        for taken in new:
            self.on_taken(taken)
        return answer, trouble


@contextmanager
def running(fake: Fake) -> Iterator[FakeServer]:
    """Serve a fake for the length of a `with`; at its end raise what the fake itself raised, if anything."""
    server = FakeServer(fake)
    server.start()
    try:
        yield server
    finally:
        server.stop()
    if server.faults:
        raise server.faults[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # with the library's 5, the next of several callers waits a second
    fake_server: FakeServer

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)

    def handle_error(self, *_call: Any) -> None:
        """Write nothing: a caller that goes away is part of the play; anything else is kept."""
        exc = sys.exc_info()[1]
        if exc is not None and not isinstance(exc, OSError):
            self.fake_server.faults.append(exc)


def _handler_for(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"fake_server": server})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake_server: FakeServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name for it
        """Write no log: the query holds passwords."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        parts = urlsplit(self.path)
        call = Call(method=self.command, path=parts.path, query=parts.query, body=body, headers=self.headers)
        answer, trouble = self.fake_server.answer(call)
        self.close_connection = True
        with contextlib.suppress(OSError):  # the caller may be gone
            if trouble is None:
                self._send(answer)
            else:
                self._make(trouble, answer)

    def _send(self, answer: FakeAnswer, *, announced: int | None = None) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def _make(self, trouble: Trouble, answer: FakeAnswer) -> None:
        if trouble is Trouble.SLOW:
            self.fake_server.ending.wait(MAKE_WAY)
            self._send(answer)
        elif trouble is Trouble.RESET:
            self._send(FakeAnswer(body=answer.body[:1]), announced=len(answer.body) + 10)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif trouble is Trouble.HTML:
            self._send(FakeAnswer(body=HTML_PAGE, content_type="text/html; charset=utf-8"))
        elif trouble is Trouble.HUGE:
            self._send(FakeAnswer(body=b"1" * 10_000_000))
        elif trouble is Trouble.DRIP:
            self._send(FakeAnswer(body=b""), announced=1_000_000)
            while not self.fake_server.ending.wait(0.05):
                self.wfile.write(b" ")
        elif trouble is not Trouble.CLOSE:
            headers = (("Retry-After", "7"),) if trouble in (Trouble.TOO_MANY, Trouble.UNAVAILABLE) else ()
            self._send(FakeAnswer(status=int(trouble.value), body=b"trouble", headers=headers))
