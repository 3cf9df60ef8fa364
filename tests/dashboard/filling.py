"""Something to see on the pages of keywords and campaigns: routes of a file, messages, votes, what is counted."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

from mo_gateway.gateway import Gateway
from mo_gateway.gateway.handling import dispatcher_with
from mo_gateway.gateway.routes import open_routes
from mo_gateway.gateway.upkeep import tally_of
from mo_gateway.settings import Settings
from tests.conftest import settings_for
from tests.handling import handle_all
from tests.reporting import store_at

from .visiting import Visitor

ROUTES = """
[[route]]
keyword = "WIN"
aliases = ["GAGNE"]
shortcode = "4414"
reply = { text = "Thanks – {{ text }}" }

[[route]]
keyword = "SONG"
shortcode = "4414"
[route.vote]
poll = "song"
options = ["Blue", "Red"]
closes = 2999-01-01
text = "You chose {{ option }}."

[[route]]
keyword = "LATER"
shortcode = "4415"
from = 2999-01-01
reply = { text = "Hello" }

[[route]]
keyword = "PAST"
shortcode = "4415"
until = 2020-01-01
reply = { text = "Hello" }
"""


def settings_with(database_url: str, folder: Path, routes: str = ROUTES) -> Settings:
    """Give settings with a routes file."""
    path = folder / "routes.toml"
    path.write_text(routes)
    return settings_for(database_url, ROUTES=str(path))


def fill(gateway: Gateway, texts: Iterable[tuple[str, str, str]] = ()) -> None:
    """Have messages of keyword, parm and sender be stored, handled and counted."""
    now = datetime.now(UTC)
    for keyword, parm, sender in texts:
        store_at(gateway, now - timedelta(seconds=1), KEYWORD=keyword, PARM=parm, MSISDN=sender, SHORTCODE="4414")
    routes = open_routes(gateway.settings)
    handle_all(dispatcher_with(routes, gateway.settings, gateway.engine))
    tally_of(routes, gateway.settings, gateway.engine).round()


#: People who play, vote, vote again and mistype.
TEXTS = (
    ("WIN", "", "32400000001"),
    ("win", "again", "32400000001"),
    ("GAGNE", "", "32400000002"),
    ("SONG", "blue", "32400000001"),
    ("SONG", "red", "32400000001"),
    ("SONG", "blue", "32400000002"),
    ("SONG", "green", "32400000003"),
    ("WINN", "", "32400000003"),
    ("WINN", "", "32400000004"),
    ("<b>song", "", "32400000004"),
)


def cells(page: str) -> list[list[str]]:
    """Give the cells of the rows of all tables of a page, as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [[_text(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def row_of(page: str, first: str) -> list[str]:
    """Give the one row that begins so."""
    found = [row for row in cells(page) if row and row[0] == first]
    assert len(found) == 1, (first, cells(page))
    return found[0]


def _text(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def dead_links(somebody: Visitor, page: str) -> list[str]:
    """Follow every link of a page, and name those that lead to no page."""
    main = page.partition("<main")[2]
    addresses = {unescape(one) for one in re.findall(r'href="(/dashboard[^"]*)"', main)}
    assert addresses
    dead = []
    for one in addresses:
        with somebody.client.get(one) as response:  # a file is under way until it is closed
            if response.status_code != 200:
                dead.append(one)
    return dead
