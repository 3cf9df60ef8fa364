"""The providers' callbacks: bytes in, the answer out, and an acknowledgement only for what is durable."""

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

import structlog
from werkzeug.wrappers import Request, Response

from mo_gateway.errors import FieldError, StorageError
from mo_gateway.gateway import Gateway
from mo_gateway.message import WebhookRequest
from mo_gateway.settings import Settings

from . import access, answers
from .endpoints import Endpoint, endpoints_of

ALLOWED_METHODS = "GET, HEAD, POST"

log = structlog.get_logger()


class CutShort(Exception):
    """The caller went away in the middle of the body; there is nobody to answer."""


def callback(gateway: Gateway, provider: str) -> Callable[..., Iterable[bytes]]:
    """Make the WSGI application for everything under `/provider`, whatever the method: a stranger learns nothing.

    It stands beside Flask's dispatch, which would cost more than all the rest of the way to the database.
    """
    endpoints = endpoints_of(gateway, provider)

    @Request.application
    def application(request: Request) -> Response:
        began = perf_counter()
        response = _respond(gateway, endpoints, request)
        gateway.metrics.callback_duration.labels(provider).observe(perf_counter() - began)
        return response

    return application


def _respond(gateway: Gateway, endpoints: Mapping[str, Endpoint], request: Request) -> Response:
    path = request.environ["PATH_INFO"]
    endpoint = _permitted(gateway.settings, endpoints, request.remote_addr or "", path)
    if endpoint is None:
        gateway.metrics.forbidden.inc()
        log.warning("forbidden", remote_addr=request.remote_addr)
        return answers.text(403, "Forbidden.")
    if request.method == "HEAD":
        return answers.text(200, "")
    if request.method not in ("GET", "POST"):
        return answers.text(405, f"Use one of {ALLOWED_METHODS}.", Allow=ALLOWED_METHODS)
    try:
        return _taken(gateway, endpoint, request)
    except CutShort:
        log.warning("cut short", remote_addr=request.remote_addr)
        return answers.text(400, "The body was cut short.")
    except StorageError:
        return answers.text(503, "Not stored; send it again.")


def _permitted(settings: Settings, endpoints: Mapping[str, Endpoint], address: str, path: str) -> Endpoint | None:
    """Check address and secret, and find what is called.

    `path` is what stands behind `/provider`, as WSGI has it: bytes read as Latin-1.
    """
    if settings.allowed_networks and not access.is_from(address, settings.allowed_networks):
        return None
    word, slash, secret = path[1:].partition("/")
    if settings.callback_secret:
        is_known = access.has_secret(secret.encode("latin-1"), settings.callback_secret)
    else:
        is_known = not slash
    return endpoints.get(word) if is_known else None


def _taken(gateway: Gateway, endpoint: Endpoint, request: Request) -> Response:
    webhook_request, status = _read(gateway, endpoint, request)
    if not status:
        return endpoint.take(webhook_request)
    fault = _unreadable(status, gateway.settings.max_body_bytes, endpoint, webhook_request)
    receipt = gateway.receiver.reject(endpoint.provider, webhook_request, status, (fault,))
    return answers.with_receipts(answers.text(status, fault.rule), [receipt])


def _read(gateway: Gateway, endpoint: Endpoint, request: Request) -> tuple[WebhookRequest, int]:
    """Take the request's bytes, and the status that stands against reading them, or 0."""
    limit = gateway.settings.max_body_bytes
    body = _body(request, limit + 1) if request.method == "POST" else b""
    raw = body or request.query_string[: limit + 1]
    webhook_request = WebhookRequest(
        method=request.method,
        raw=raw[:limit],
        content_type=request.content_type or "",
        remote_addr=request.remote_addr or "",
        received_at=gateway.clock(),
        is_test=request.headers.get("MO-Gateway-Test") == "1",
    )
    if len(raw) > limit:
        return webhook_request, 413
    return webhook_request, 415 if body and not _is_readable(endpoint, request) else 0


def _body(request: Request, most: int) -> bytes:
    """Read the body, or its first `most` bytes; or raise CutShort: half an SMS must not be stored as one."""
    try:
        body = request.stream.read(most)
    except OSError as exc:  # the server's word for a chunked body without its end
        raise CutShort from exc
    if len(body) < min(most, request.content_length or 0):
        raise CutShort
    return body


def _is_readable(endpoint: Endpoint, request: Request) -> bool:
    if endpoint.media_types is None:
        return True
    encoding = request.headers.get("Content-Encoding", "identity")
    return request.mimetype in endpoint.media_types and encoding.lower() == "identity"


def _unreadable(status: int, limit: int, endpoint: Endpoint, webhook_request: WebhookRequest) -> FieldError:
    if status == 413:
        rule = f"A request may be {limit} bytes long at most."
        return FieldError(field="(body)", value=f"over {limit} bytes", rule=rule)
    named = " or ".join(filter(None, endpoint.media_types or ()))
    rule = f"Send {named}, without a Content-Encoding."
    return FieldError(field="(body)", value=webhook_request.content_type[:100], rule=rule)
