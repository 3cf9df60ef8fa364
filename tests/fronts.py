"""The two fronts, called in this process as their servers call them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.test import create_environ, run_wsgi_app

from mo_gateway.gateway import Gateway
from mo_gateway.web import create_app
from mo_gateway.web.asgi import Front

FRONTS = ("flask", "asgi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    @property
    def receipt(self) -> tuple[str, int] | None:
        """The word and the id in `MO-Gateway-Receipt`."""
        word, _, number = self.headers.get("MO-Gateway-Receipt", "").partition(" ")
        return (word, int(number)) if word else None


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `path` is percent-encoded, as on the wire."""

    method: str
    path: str
    query: bytes = b""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    remote_addr: str = "127.0.0.1"


#: Takes what a Request is made of, and gives the answer of a front.
Caller = Callable[..., Answer]


@contextmanager
def calling(front: str, gateway: Gateway) -> Iterator[Caller]:
    """Put a front before a gateway and give what calls it."""
    if front == "flask":
        app = create_app(gateway)
        yield lambda *given, **named: _by_wsgi(app, Request(*given, **named))
        return
    with asyncio.Runner() as runner:
        made = Front(gateway, threads=4)
        yield lambda *given, **named: runner.run(_by_asgi(made, Request(*given, **named)))


def _by_wsgi(app: Any, request: Request) -> Answer:
    """Call as gunicorn's threads do."""
    given = request.headers
    environ = create_environ(
        method=request.method, input_stream=BytesIO(request.body), headers=Headers(list(given.items()))
    )
    query = request.query.decode("latin-1")
    target = f"{request.path}?{query}" if query else request.path
    environ |= {
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "REMOTE_ADDR": request.remote_addr,
        "CONTENT_LENGTH": given.get("Content-Length", str(len(request.body))),
    }
    if "Transfer-Encoding" in given:
        del environ["CONTENT_LENGTH"]
        environ["wsgi.input_terminated"] = True
    chunks, status, answered = run_wsgi_app(app, environ, buffered=True)
    return Answer(status=int(status.split()[0]), headers=answered, body=b"".join(chunks))


async def _by_asgi(front: Front, request: Request) -> Answer:
    """Call as gunicorn's event loop does: a body that is shorter than announced ends with a disconnect."""
    given = request.headers
    scope = {
        "type": "http",
        "method": request.method,
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "path": unquote_to_bytes(request.path).decode("utf-8", "replace"),
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (request.remote_addr, 50000),
        "server": ("localhost", 80),
    }
    is_whole = len(request.body) >= int(given.get("Content-Length", 0))
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": request.body, "more_body": not is_whole},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0) if events else {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await front(scope, receive, send)
    start, *rest = sent
    found = Headers([(name.decode(), value.decode("latin-1")) for name, value in start["headers"]])
    is_head = request.method == "HEAD"  # the server leaves out what has no place there
    return Answer(
        status=start["status"],
        headers=found,
        body=b"" if is_head else b"".join(event.get("body", b"") for event in rest),
    )


@contextmanager
def calling_at_once(front: str, gateway: Gateway) -> Iterator[Callable[[Sequence[Request]], list[Answer]]]:
    """Put a front before a gateway and give what sends it many requests at once, which share their commits."""
    if front == "flask":
        app = create_app(gateway)
        with ThreadPoolExecutor(32) as threads:
            yield lambda requests: list(threads.map(partial(_by_wsgi, app), requests))
        return
    made = Front(gateway, threads=4)

    async def all_of(requests: Sequence[Request]) -> list[Answer]:
        return await asyncio.gather(*(_by_asgi(made, request) for request in requests))

    with asyncio.Runner() as runner:
        yield lambda requests: runner.run(all_of(requests))
