"""The rules of a callback that hold on either front: who may call, what is read, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from mo_gateway.errors import FieldError
from mo_gateway.gateway import Gateway
from mo_gateway.message import WebhookRequest
from mo_gateway.settings import Settings

from . import access, answers
from .answers import Answer
from .endpoints import Endpoint

ALLOWED_METHODS = "GET, HEAD, POST"

NOT_STORED = answers.text(503, "Not stored; send it again.")

log = structlog.get_logger()


class CutShort(Exception):
    """The caller went away in the middle of the body; there is nobody to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as a front has read it, but for its body."""

    method: str
    path: str  #: what stands behind `/provider`: bytes read as Latin-1
    query: bytes
    remote_addr: str  #: who called, also through the proxies that are trusted
    content_type: str
    content_encoding: str
    is_test: bool

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()


def admitted(gateway: Gateway, endpoints: Mapping[str, Endpoint], call: Call) -> Endpoint | Answer:
    """Find what is called, or give the answer for who may not call, or asks for nothing that we do.

    A stranger gets the same whatever the path and the method, and so learns nothing.
    """
    endpoint = _permitted(gateway.settings, endpoints, call)
    if endpoint is None:
        gateway.metrics.forbidden.inc()
        log.warning("forbidden", remote_addr=call.remote_addr)
        return answers.text(403, "Forbidden.")
    if call.method == "HEAD":
        return answers.text(200, "")
    if call.method not in ("GET", "POST"):
        return answers.text(405, f"Use one of {ALLOWED_METHODS}.", ("Allow", ALLOWED_METHODS))
    return endpoint


def request_of(gateway: Gateway, endpoint: Endpoint, call: Call, body: bytes) -> tuple[WebhookRequest, int]:
    """Give the request's bytes, those of the body or else of the query, and the status that stands against
    reading them, or 0. Of a body that is too long it is enough to have its first bytes and one too many.
    """
    limit = gateway.settings.max_body_bytes
    raw = body or call.query[: limit + 1]
    request = WebhookRequest(
        method=call.method,
        raw=raw[:limit],
        content_type=call.content_type,
        remote_addr=call.remote_addr,
        received_at=gateway.clock(),
        is_test=call.is_test,
    )
    if len(raw) > limit:
        return request, 413
    return request, 415 if body and not _is_readable(endpoint, call) else 0


def unreadable(status: int, limit: int, endpoint: Endpoint, request: WebhookRequest) -> FieldError:
    """Say in the manner of a bad field why a request cannot be read at all."""
    if status == 413:
        rule = f"A request may be {limit} bytes long at most."
        return FieldError(field="(body)", value=f"over {limit} bytes", rule=rule)
    named = " or ".join(filter(None, endpoint.media_types or ()))
    rule = f"Send {named}, without a Content-Encoding."
    return FieldError(field="(body)", value=request.content_type[:100], rule=rule)


def cut_short(call: Call) -> Answer:
    """Answer half a request: half an SMS must not be stored as one."""
    log.warning("cut short", remote_addr=call.remote_addr)
    return answers.text(400, "The body was cut short.")


def _permitted(settings: Settings, endpoints: Mapping[str, Endpoint], call: Call) -> Endpoint | None:
    """Check address and secret, and find what is called."""
    if settings.allowed_networks and not access.is_from(call.remote_addr, settings.allowed_networks):
        return None
    word, slash, secret = call.path[1:].partition("/")
    if settings.callback_secret:
        is_known = access.has_secret(secret.encode("latin-1"), settings.callback_secret)
    else:
        is_known = not slash
    return endpoints.get(word) if is_known else None


def _is_readable(endpoint: Endpoint, call: Call) -> bool:
    if endpoint.media_types is None:
        return True
    return call.media_type in endpoint.media_types and call.content_encoding.lower() in ("", "identity")
