"""The whole program with its dashboard, on a database that the tests have filled."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import urllib3
from sqlalchemy import Engine

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.web import create_app
from mo_gateway.web.dashboard import session
from tests.conftest import settings_for
from tests.dashboard import everything
from tests.dashboard.happenings import write_routes
from tests.dashboard.visiting import log_in
from tests.dashboard.walking import Place, walk
from tests.running import program

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway that is running, and the cookie of its admin."""

    name: str
    origin: str
    token: str
    engine: Engine
    places: list[Place]
    now: Callable[[], datetime]

    def addresses(self, route: str) -> list[str]:
        """Give the addresses of a route's pages to which links lead."""
        return [place.address for place in self.places if place.route == route and place.is_page]


@contextmanager
def running_site(
    folder: Path, database_url: str, fill: Callable[[Gateway], None], front: str = "flask"
) -> Iterator[Site]:
    """Run the program on a database with the current schema; no worker changes what the tests have put there."""
    given = {**everything.SETTINGS, "ROUTES": str(write_routes(folder))}
    with closing(open_gateway(settings_for(database_url, **given))) as gateway:
        fill(gateway)
        token = log_in(gateway.engine, "an", "admin", at=gateway.clock())
        secrets = {"CALLBACK_SECRET": "geheim", "PERSON_SECRET": "test-person-secret"}
        with program(folder, database_url, **given, **secrets) as started:
            started.others["PYTHONPATH"] = str(ROOT)
            url = started.run("--no-work", "--workers", "1", "--threads", "8", "--front", front)
            origin = url.partition("/spryng/")[0]
            places = walk(create_app(gateway), partial(ask, origin, token))
            yield Site(folder.name.rstrip("0123456789"), origin, token, gateway.engine, places, gateway.clock)


def ask(origin: str, token: str, address: str) -> tuple[int, str, str]:
    """Ask for an address as somebody who is logged in."""
    headers = {"Cookie": f"{session.COOKIE}={token}"}
    response = urllib3.request("GET", origin + address, headers=headers, redirect=False, timeout=30)
    return response.status, response.headers.get("Content-Type", ""), response.data.decode()
