"""What is answered where nothing is found, in the form of RFC 9457: a status, and a sentence that says why."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Response

TRY_AGAIN_AFTER = "5"  # seconds


class Fault(Exception):
    """The request cannot be answered as it stands."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def problem(status: int, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> Response:
    """Make a problem; `errors` name each parameter that is bad."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if errors:
        content["errors"] = errors
    return Response(json.dumps(content), status, content_type="application/problem+json")


def bad_query(faults: Mapping[str, Sequence[str]]) -> Response:
    """Name every parameter that is bad, and its rule."""
    errors = [{"parameter": name, "rule": " ".join(rules)} for name, rules in sorted(faults.items())]
    count = "1 parameter breaks" if len(errors) == 1 else f"{len(errors)} parameters break"
    return problem(400, f"{count} a rule.", errors)


def unauthorized() -> Response:
    """Answer whoever has no right token, whatever is wrong with it."""
    response = problem(401, "Send a token that `mo-gateway token add` has made, as Authorization: Bearer TOKEN.")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def not_allowed() -> Response:
    """Say that there is nothing to do but to look."""
    response = problem(405, "The API is read only: use GET.")
    response.headers["Allow"] = "GET, HEAD"
    return response


def unavailable(detail: str) -> Response:
    """Ask for another try in a while."""
    response = problem(503, detail)
    response.headers["Retry-After"] = TRY_AGAIN_AFTER
    return response
