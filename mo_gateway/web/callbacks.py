"""The providers' callbacks: bytes in, the answer out, and `TRUE` only for what is durable."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from time import perf_counter

import structlog
from werkzeug.wrappers import Request, Response

from mo_gateway.errors import FieldError, StorageError
from mo_gateway.gateway import Gateway
from mo_gateway.message import Outcome, Receipt, WebhookRequest
from mo_gateway.settings import Settings

from . import access

FORM = "application/x-www-form-urlencoded"
ALLOWED_METHODS = "GET, HEAD, POST"

log = structlog.get_logger()


class CutShort(Exception):
    """The caller went away in the middle of the body; there is nobody to answer."""


def spryng_callback(gateway: Gateway) -> Callable[..., Iterable[bytes]]:
    """Make the WSGI application for everything under `/spryng`, whatever the method: a stranger learns nothing.

    It stands beside Flask's dispatch, which would cost more than all the rest of the way to the database.
    """

    @Request.application
    def application(request: Request) -> Response:
        began = perf_counter()
        response = _spryng(gateway, request)
        gateway.metrics.callback_duration.labels("spryng").observe(perf_counter() - began)
        return response

    return application


def _spryng(gateway: Gateway, request: Request) -> Response:
    if not _may_call(gateway.settings, request.remote_addr or "", request.environ["PATH_INFO"]):
        gateway.metrics.forbidden.inc()
        log.warning("forbidden", remote_addr=request.remote_addr)
        return _text(403, "Forbidden.")
    if request.method == "HEAD":
        return _text(200, "")
    if request.method not in ("GET", "POST"):
        return _text(405, f"Use one of {ALLOWED_METHODS}.", Allow=ALLOWED_METHODS)
    try:
        return _answer(gateway, *_read(gateway, request))
    except CutShort:
        log.warning("cut short", remote_addr=request.remote_addr)
        return _text(400, "The body was cut short.")
    except StorageError:
        return _text(503, "Not stored; send it again.", **{"Retry-After": "60"})


def _may_call(settings: Settings, address: str, path: str) -> bool:
    """Check address and secret; `path` is what stands behind `/spryng`, as WSGI has it: bytes read as Latin-1."""
    if settings.allowed_networks and not access.is_from(address, settings.allowed_networks):
        return False
    if not settings.callback_secret:
        return path == "/mo"
    return path.startswith("/mo/") and access.has_secret(path[4:].encode("latin-1"), settings.callback_secret)


def _read(gateway: Gateway, request: Request) -> tuple[WebhookRequest, int]:
    """Take the request's bytes, and the status that stands against reading them as a form, or 0."""
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
    return webhook_request, 415 if body and not _is_form(request) else 0


def _body(request: Request, most: int) -> bytes:
    """Read the body, or its first `most` bytes; or raise CutShort: half an SMS must not be stored as one."""
    try:
        body = request.stream.read(most)
    except OSError as exc:  # the server's word for a chunked body without its end
        raise CutShort from exc
    if len(body) < min(most, request.content_length or 0):
        raise CutShort
    return body


def _is_form(request: Request) -> bool:
    encoding = request.headers.get("Content-Encoding", "identity")
    return request.mimetype in ("", FORM) and encoding.lower() == "identity"


def _answer(gateway: Gateway, webhook_request: WebhookRequest, status: int) -> Response:
    if status:
        fault = _unreadable(status, gateway.settings.max_body_bytes, webhook_request)
        receipt = gateway.receiver.reject(gateway.spryng, webhook_request, status, (fault,))
        return _with_receipt(_text(status, fault.rule), receipt)
    receipt = gateway.receiver.receive(gateway.spryng, webhook_request)
    if receipt.outcome is Outcome.REJECTED and gateway.settings.rejected_answer != 200:
        return _with_receipt(_problem(receipt), receipt)
    return _with_receipt(_response(200, b"TRUE", "text/plain"), receipt)


def _unreadable(status: int, limit: int, webhook_request: WebhookRequest) -> FieldError:
    if status == 413:
        rule = f"A request may be {limit} bytes long at most."
        return FieldError(field="(body)", value=f"over {limit} bytes", rule=rule)
    rule = f"Send {FORM}, without a Content-Encoding."
    return FieldError(field="(body)", value=webhook_request.content_type[:100], rule=rule)


def _problem(receipt: Receipt) -> Response:
    fields = len(receipt.errors)
    problem = {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": f"{fields} field{'s break' if fields > 1 else ' breaks'} a rule of the callback;"
        f" the request is kept as rejection {receipt.id}.",
        "errors": [asdict(error) for error in receipt.errors],
    }
    return _response(400, json.dumps(problem).encode(), "application/problem+json")


def _with_receipt(response: Response, receipt: Receipt) -> Response:
    response.headers["MO-Gateway-Receipt"] = f"{receipt.outcome} {receipt.id}"
    return response


def _text(status: int, sentence: str, **headers: str) -> Response:
    response = _response(status, f"{sentence}\n".encode() if sentence else b"", "text/plain")
    response.headers.update(headers)
    return response


def _response(status: int, body: bytes, content_type: str) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(body, status, headers, content_type=content_type)
