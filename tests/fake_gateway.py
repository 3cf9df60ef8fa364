"""A gateway for the simulator's tests: a small real HTTP server that behaves as a test tells it to."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition
from typing import Any

from sqlalchemy import Engine, insert

from mo_gateway.form import read_form
from mo_gateway.store.tables import mo_message

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRUE = (200, b"TRUE")


@dataclass(frozen=True)
class Call:
    """One request as the gateway saw it."""

    method: str
    path: str
    raw: bytes
    is_test: bool
    client_port: int  #: tells connections apart

    @property
    def fields(self) -> dict[str, str]:
        return dict(read_form(self.raw, content_type="", charset="iso-8859-1").parameters)

    @property
    def reference(self) -> str:
        return self.fields["REFERENCE"]


#: A status, a body and more headers; or None, to hang up without an answer.
Reaction = tuple[Any, ...] | None


@dataclass
class FakeGateway:
    """A gateway that does what `react` says, and stores rows when it is told to."""

    engine: Engine
    url: str = ""
    react: Callable[[Call], Reaction] = lambda call: TRUE
    calls: list[Call] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    lock: Condition = field(default_factory=Condition)

    def take(self, call: Call) -> Reaction:
        with self.lock:
            self.calls.append(call)
            self.lock.notify_all()
        return self.react(call)

    def times(self, call: Call) -> int:
        """How often that message has come so far."""
        with self.lock:
            return sum(each.reference == call.reference for each in self.calls)

    def wait_for_calls(self, n: int) -> None:
        """Wait until so many came: a caller that hangs up may be gone before its request was read."""
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.calls) >= n, timeout=10)

    def store(self, call: Call, **changed: Any) -> Reaction:
        """Store it, unless it was stored before, and acknowledge it."""
        with self.lock, self.engine.begin() as conn:
            if call.reference not in self.stored:
                self.stored.add(call.reference)
                conn.execute(insert(mo_message), a_row(call.fields) | changed)
        return TRUE


def a_row(fields: dict[str, str]) -> dict[str, Any]:
    """Give the columns of a message, whatever is wrong with it."""
    return {
        "dedupe_key": secrets.token_bytes(16),
        "provider": "spryng",
        "msisdn": fields.get("MSISDN", ""),
        "person_key": b"",
        "keyword": fields["KEYWORD"],
        "parm": fields["PARM"],
        "operator": "20601",
        "operator_defaulted": False,
        "shortcode": "4414",
        "country": "BEL",
        "reference": fields["REFERENCE"],
        "timestamp_raw": fields["TIMESTAMP"],
        "sent_at": NOON,
        "received_at": NOON,
        "deliveries": 1,
        "last_received_at": NOON,
        "method": "POST",
        "charset": "iso-8859-1",
        "raw": b"",
        "marks": [],
        "remote_addr": "127.0.0.1",
        "is_test": True,
    }


class Handler(BaseHTTPRequestHandler):
    """Turns requests into Calls and reactions into answers."""

    protocol_version = "HTTP/1.1"
    fake: FakeGateway

    def do_GET(self) -> None:
        self.answer(self.path.partition("?")[2].encode())

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, raw: bytes) -> None:
        is_test = self.headers["MO-Gateway-Test"] == "1"
        path = self.path.partition("?")[0]
        reaction = self.fake.take(Call(self.command, path, raw, is_test, self.client_address[1]))
        if reaction is None:
            self.close_connection = True
            return
        status, body, *headers = reaction
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Tests tell of themselves."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up are part of the tests."""
