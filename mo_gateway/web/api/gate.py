"""What stands before every answer of the API: no token, no API; another token, one answer to all that is asked."""

from collections.abc import Callable

import structlog
from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from mo_gateway.errors import SchemaError, StorageError, TooSlow
from mo_gateway.store.failures import in_one_line
from mo_gateway.tokens import Tokens
from mo_gateway.web.source import Source

from . import problems, views
from .problems import Fault

#: All of them come here, so that a stranger gets one answer to all.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

PATHS = Map(
    [
        Rule("/api/messages", endpoint=views.messages, methods=["GET"]),
        Rule("/api/messages/<number>", endpoint=views.message, methods=["GET"]),
        Rule("/api/status", endpoint=views.status, methods=["GET"]),
        Rule("/api/openapi.json", endpoint=views.openapi, methods=["GET"]),
    ],
    strict_slashes=True,
)

log = structlog.get_logger()


def gate(source: Source, tokens: Tokens) -> Callable[..., Response]:
    """Make the view that answers everything under `/api/`."""

    def view(**_path: str) -> Response:
        if not source.places.acquire(timeout=1):
            return problems.unavailable("Too many answers are being made at this moment.")
        try:
            return _answer(source, tokens)
        except Fault as fault:
            return fault.response
        except TooSlow as exc:
            return problems.unavailable(f"This takes too long: {exc}. Narrow the time down.")
        except (SQLAlchemyError, StorageError, SchemaError, OSError) as exc:
            log.warning("no answer without the database", error=in_one_line(exc))
            return problems.unavailable("The database does not answer.")
        finally:
            source.places.release()

    return view


def _answer(source: Source, tokens: Tokens) -> Response:
    is_known = tokens.know(_token())
    if is_known is None:
        return problems.problem(404, "There is no API without a token: mo-gateway token add NAME")
    if not is_known:
        log.warning("forbidden", remote_addr=request.remote_addr)
        return problems.unauthorized()
    try:
        view, path = PATHS.bind_to_environ(request.environ).match()
    except MethodNotAllowed:
        return problems.not_allowed()
    except NotFound:
        return problems.problem(404, "There is nothing at this address; /api/openapi.json names what there is.")
    answer: Response = view(source, **path)
    return answer


def _token() -> str:
    """Give what is sent as `Authorization: Bearer …`, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
