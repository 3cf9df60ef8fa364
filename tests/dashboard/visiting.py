"""Users of the dashboard under test: who is logged in, and the forms that they send."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from mo_gateway.gateway import Gateway
from mo_gateway.store import users
from mo_gateway.users import Role, hash_of
from mo_gateway.web import create_app
from mo_gateway.web.dashboard import session

NO_HASH = "$argon2id$"  # nobody logs in with it: these users are logged in already


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser that is logged in."""

    client: FlaskClient
    token: str

    def get(self, path: str) -> TestResponse:
        """Ask for a page below `/dashboard`, or for a file, which is read to its end: few are sent at a time."""
        return self.client.get(f"/dashboard{path}", buffered=True)

    def text(self, path: str) -> str:
        """Give a page, which must be there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def post(self, path: str, **fields: object) -> TestResponse:
        """Send a form of one of our pages."""
        return self.client.post(
            f"/dashboard{path}", data={session.FIELD: proof_of(self.token), **fields}, buffered=True
        )


def words(page: str) -> str:
    """Give what a page says, its tags and its white space aside."""
    without_times = re.sub("</?time[^>]*>", "", page.partition("<main")[2])
    return " ".join(re.sub("<[^>]+>", " ", without_times).split())


def links(page: str) -> list[str]:
    """Give the addresses below `/dashboard` that a page leads to."""
    found = re.findall('href="/dashboard(?!/static)([^"]*)"', page.partition("<main")[2])
    return sorted({address.replace("&amp;", "&") for address in found})


def proof_of(token: str) -> str:
    """Give the hidden field of the forms of a browser."""
    return sha256(f"form of {token}".encode()).hexdigest()


def visitor(gateway: Gateway, role: str = "admin", *keywords: str, name: str | None = None) -> Visitor:
    """Make a user of this role who is logged in; `keywords` are what a manager may see."""
    now = datetime.now(UTC)
    token = log_in(gateway.engine, name or f"the {role}", role, *keywords, at=now)
    client = create_app(gateway).test_client()
    client.set_cookie(session.COOKIE, token, path="/dashboard")
    return Visitor(client, token)


def log_in(engine: Engine, name: str, role: str, *keywords: str, at: datetime) -> str:
    """Make a user with a session, and give what the cookie holds."""
    token = f"token-of-{name.replace(' ', '-')}"
    with engine.begin() as conn:
        users.add(conn, name=name, role=Role(role), keywords=list(keywords), password_hash=NO_HASH, at=at)
        user, _ = users.by_name(conn, name) or (None, None)
        assert user
        users.begin_session(conn, user.id, hash_of(token), at)
    return token
