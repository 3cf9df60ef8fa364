"""The read API at `/api/`: messages and how the gateway stands, as JSON, for programs that have a token.

A request comes through `gate.py` to a view in `views.py`; what may be asked and what is answered stands in
`schemas.py`, from which `document.py` writes the OpenAPI document too. Nothing here changes anything.
"""

from flask import Flask

from mo_gateway.tokens import Tokens
from mo_gateway.web.source import Source

from .gate import METHODS, gate


def register(app: Flask, source: Source) -> None:
    """Add the API to an application."""
    app.add_url_rule(
        "/api/<path:rest>",
        "api",
        gate(source, Tokens(source.engine)),
        methods=METHODS,
        provide_automatic_options=False,
    )
