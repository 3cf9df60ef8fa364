"""The fast front: callbacks on an event loop, without Flask and without a thread for each; its pages by Flask.

A caller that is slow holds nothing but its connection. Which bytes are read, what is stored and what is answered
is decided by what the Flask front uses too: `callbacks.py`, `endpoints.py` and `receive.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from a2wsgi import WSGIMiddleware

from mo_gateway.errors import StorageError
from mo_gateway.gateway import Gateway
from mo_gateway.message import WebhookRequest
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.receive import rejection

from . import access, answers, callbacks, create_app
from .answers import Answer
from .callbacks import Call, CutShort
from .endpoints import Endpoint, endpoints_of, spryngs_answer
from .handover import Handover

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

THREADS_FOR_PAGES = 8


class Front:
    """The ASGI application of a gateway; `threads` wait for the commits of what is not a message from Spryng."""

    def __init__(self, gateway: Gateway, *, threads: int) -> None:
        self.gateway = gateway
        gateway.writer.start()  # it saves the counts, also where it has no message to store
        self._handover = Handover(gateway.receiver, gateway.loop_writer)
        self._endpoints = {name: endpoints_of(gateway, name) for name in SCHEMAS}
        self._durations = {name: gateway.metrics.callback_duration.labels(name) for name in SCHEMAS}
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="callback")
        pages: Any = create_app(gateway)
        self._pages: Any = WSGIMiddleware(pages, workers=THREADS_FOR_PAGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        began = perf_counter()
        path = _path(scope["raw_path"])
        first, slash, rest = path[1:].partition(b"/")
        provider = first.decode("latin-1")
        endpoints = self._endpoints.get(provider)
        if endpoints is None:
            await self._pages(_as_wsgi_wants_it(scope, path), receive, send)
            return
        call = self._call(scope, slash + rest)
        answer = await self._answer(endpoints, call, receive)
        self._durations[provider].observe(perf_counter() - began)
        await send({"type": "http.response.start", "status": answer.status, "headers": _written(answer)})
        await send({"type": "http.response.body", "body": answer.body})

    def _call(self, scope: Scope, path: bytes) -> Call:
        headers = _folded(scope["headers"])
        peer = scope["client"][0] if scope["client"] else ""
        forwarded_for = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        return Call(
            method=scope["method"],
            path=path.decode("latin-1"),
            query=scope["query_string"],
            remote_addr=access.caller(peer, forwarded_for, self.gateway.settings.trusted_proxies),
            content_type=headers.get(b"content-type", b"").decode("latin-1"),
            content_encoding=headers.get(b"content-encoding", b"").decode("latin-1"),
            is_test=headers.get(b"mo-gateway-test") == b"1",
        )

    async def _answer(self, endpoints: Mapping[str, Endpoint], call: Call, receive: Receive) -> Answer:
        endpoint = callbacks.admitted(self.gateway, endpoints, call)
        if isinstance(endpoint, Answer):
            return endpoint
        try:
            body = await _body(receive, self.gateway.settings.max_body_bytes + 1) if call.method == "POST" else b""
            return await self._taken(endpoint, call, body)
        except CutShort:
            return callbacks.cut_short(call)
        except StorageError:
            return callbacks.NOT_STORED

    async def _taken(self, endpoint: Endpoint, call: Call, body: bytes) -> Answer:
        request, status = callbacks.request_of(self.gateway, endpoint, call, body)
        if status:
            return await self._rejected(status, endpoint, request)
        if endpoint.provider is not self.gateway.spryng:
            return await asyncio.get_running_loop().run_in_executor(self._threads, endpoint.take, request)
        new = self.gateway.receiver.prepare(self.gateway.spryng, request)
        return spryngs_answer(self.gateway.settings, await self._handover.stored(endpoint.provider, new))

    async def _rejected(self, status: int, endpoint: Endpoint, request: WebhookRequest) -> Answer:
        fault = callbacks.unreadable(status, self.gateway.settings.max_body_bytes, endpoint, request)
        new = rejection(endpoint.provider, request, status, (fault,))
        receipt = await self._handover.stored(endpoint.provider, new)
        return answers.with_receipts(answers.text(status, fault.rule), [receipt])


async def _body(receive: Receive, most: int) -> bytes:
    """Read the body, or its first `most` bytes; or raise CutShort."""
    body, has_more = b"", True
    while has_more and len(body) < most:
        event = await receive()
        if event["type"] != "http.request":
            raise CutShort
        body += event.get("body", b"")
        has_more = event.get("more_body", False)
    return body[:most]


def _path(target: bytes) -> bytes:
    """Give the path of a request's target, which may be a whole URL."""
    return unquote_to_bytes(target if target.startswith(b"/") else urlsplit(target).path)


def _folded(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Give each header once, as a WSGI server does: of a Content-Type the last, of the others all, with commas."""
    folded: dict[bytes, bytes] = {}
    for name, value in headers:
        is_more = name in folded and name != b"content-type"
        folded[name] = folded[name] + b"," + value if is_more else value
    return folded


def _written(answer: Answer) -> list[tuple[bytes, bytes]]:
    """Give the headers of an answer as bytes; written as on the other front, for those who read them."""
    return [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]


def _as_wsgi_wants_it(scope: Scope, path: bytes) -> Scope:
    """Write what a page's address may hold so that the bridge to Flask does not stumble over it."""
    query = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in scope["query_string"]).encode()
    return scope | {"path": path.decode("utf-8", "replace"), "query_string": query}
