"""The callbacks on the Flask front: bytes in, the answer out; a thread waits for the commit."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_content_length, get_input_stream

from mo_gateway.errors import StorageError
from mo_gateway.gateway import Gateway

from . import answers, callbacks
from .answers import Answer
from .callbacks import Call, CutShort
from .endpoints import Endpoint, endpoints_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def callback(gateway: Gateway, provider: str) -> "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]":
    """Make the WSGI application for everything under `/provider`.

    It stands beside Flask's dispatch, which would cost more than all the rest of the way to the database.
    """
    endpoints = endpoints_of(gateway, provider)
    duration = gateway.metrics.callback_duration.labels(provider)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began = perf_counter()
        answer = _answer(gateway, endpoints, environ)
        duration.observe(perf_counter() - began)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    return application


def _answer(gateway: Gateway, endpoints: Mapping[str, Endpoint], environ: "WSGIEnvironment") -> Answer:
    call = _call(environ)
    endpoint = callbacks.admitted(gateway, endpoints, call)
    if isinstance(endpoint, Answer):
        return endpoint
    try:
        body = _body(environ, gateway.settings.max_body_bytes + 1) if call.method == "POST" else b""
        return _taken(gateway, endpoint, call, body)
    except CutShort:
        return callbacks.cut_short(call)
    except StorageError:
        return callbacks.NOT_STORED


def _taken(gateway: Gateway, endpoint: Endpoint, call: Call, body: bytes) -> Answer:
    request, status = callbacks.request_of(gateway, endpoint, call, body)
    if not status:
        return endpoint.take(request)
    fault = callbacks.unreadable(status, gateway.settings.max_body_bytes, endpoint, request)
    receipt = gateway.receiver.reject(endpoint.provider, request, status, (fault,))
    return answers.with_receipts(answers.text(status, fault.rule), [receipt])


def _call(environ: "WSGIEnvironment") -> Call:
    return Call(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=environ.get("QUERY_STRING", "").encode("latin-1"),
        remote_addr=environ.get("REMOTE_ADDR", ""),
        content_type=environ.get("CONTENT_TYPE", ""),
        content_encoding=environ.get("HTTP_CONTENT_ENCODING", ""),
        is_test=environ.get("HTTP_MO_GATEWAY_TEST") == "1",
    )


def _body(environ: "WSGIEnvironment", most: int) -> bytes:
    """Read the body, or its first `most` bytes; or raise CutShort."""
    try:
        body = get_input_stream(environ).read(most)
    except (
        ClientDisconnected,
        OSError,
    ) as exc:  # the second is the server's word for a chunked body without its end
        raise CutShort from exc
    if len(body) < min(most, get_content_length(environ) or 0):
        raise CutShort
    return body
