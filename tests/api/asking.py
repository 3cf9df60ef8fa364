"""A program under test that has a token, and asks the API."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mo_gateway.gateway import Gateway
from mo_gateway.store.audit import Actor
from mo_gateway.tokens import Tokens
from mo_gateway.web import create_app


@dataclass(frozen=True, slots=True)
class Asker:
    """A client with a token."""

    client: FlaskClient
    token: str

    def ask(self, path: str, method: str = "GET") -> TestResponse:
        """Ask for what is at a path below `/api`."""
        return self.client.open(f"/api{path}", method=method, headers={"Authorization": f"Bearer {self.token}"})

    def found(self, path: str) -> Any:
        """Give what is there."""
        response = self.ask(path)
        assert response.status_code == 200, response.text
        return response.json


def asker(gateway: Gateway) -> Asker:
    """Make a token, and a client that has it."""
    token = Tokens(gateway.engine).add("tests", Actor(name="test"), gateway.clock())
    return Asker(create_app(gateway).test_client(), token)
