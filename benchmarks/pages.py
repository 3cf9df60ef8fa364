"""Pages: how long the dashboard takes for each of them, at the server, over millions of messages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from flask.testing import FlaskClient
from sqlalchemy import select

from mo_gateway.gateway import Gateway
from mo_gateway.store.access_tables import mo_user
from mo_gateway.store.functions import in_hex
from mo_gateway.store.tables import mo_message, mt_message
from mo_gateway.web import create_app
from mo_gateway.web.dashboard import session
from mo_gateway.web.dashboard.routes import ROUTES
from tests.dashboard.visiting import log_in

TIMES = 5  #: that each page is asked for; the median is told

#: What people ask the list of messages.
CHOICES = (
    "?since=7d",
    "?state=unrouted",
    "?state=done&since=1h",
    "?keyword=WORD5",
    "?keyword=WORD5&state=unrouted&since=7d",
    "?keyword=NOBODY",
    "?shortcode=4414&since=24h",
)


#: What an address says behind its path, where the page is of something.
QUERIES = {"news": "?after=1", "votes": "?poll=song"}

#: Not measured: no page, or one of a row that a filled database has none of; nor is any file, however long it is.
LEFT_OUT = frozenset({"log_in", "missing", "opt_out"})


def measure(gateway: Gateway) -> Iterator[tuple[str, float]]:
    """Give each page with the seconds that it takes for somebody who may see all of it."""
    client = _client(gateway)
    for address in (*_addresses(gateway), *(f"/messages{choice}" for choice in CHOICES)):
        yield address, _seconds(client, f"/dashboard{address}")


def _client(gateway: Gateway) -> FlaskClient:
    with gateway.engine.begin() as conn:
        conn.execute(mo_user.delete())
    client = create_app(gateway).test_client()
    token = log_in(gateway.engine, "somebody", "admin", at=datetime.now(UTC))
    client.set_cookie(session.COOKIE, token, path="/dashboard")
    return client


def _addresses(gateway: Gateway) -> Iterator[str]:
    """Write an address for each route that is looked at, the newest rows in the place of its variables."""
    with gateway.engine.connect() as conn:
        newest = conn.execute(select(mo_message).order_by(mo_message.c.id.desc()).limit(1)).one()
        reply = conn.scalar(select(mt_message.c.id).order_by(mt_message.c.id.desc()).limit(1))
        person = conn.scalar(select(in_hex(mo_message.c.person_key)).where(mo_message.c.id == newest.id))
    values = {
        "message_id": newest.id,
        "reply_id": reply,
        "person_key": person,
        "shortcode": newest.shortcode,
        "keyword": newest.keyword,
        "name": "report_daily",
    }
    for route in ROUTES:
        is_page = "GET" in route.methods and not route.path.endswith("/file")
        if is_page and route.name not in LEFT_OUT:
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda variable: str(values[variable[1]]), route.path)
            yield path + QUERIES.get(route.name, "")


def _seconds(client: FlaskClient, page: str) -> float:
    def once() -> float:
        began = perf_counter()
        response = client.get(page, buffered=True)
        assert response.status_code == 200, f"{page}: {response.status}"
        return perf_counter() - began

    return median(once() for _ in range(TIMES))
