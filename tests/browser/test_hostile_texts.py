"""Two hundred texts that try to be more: each is shown as it was sent, and none of them does anything."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mo_gateway.gateway import Gateway
from mo_gateway.masking import one_line
from mo_gateway.store import audit
from mo_gateway.store.audit import Actor, Deed
from mo_gateway.web.dashboard.routes import ROUTES
from tests.dashboard.everything import count, send, work

from .browsing import opened_window
from .payloads import payloads
from .sites import Site, running_site

pytestmark = pytest.mark.browser

TEXTS = sorted(set(payloads()))
NO_PAGES = {"log_in", "missing", "news"}  # the first two say nothing of strangers, the last is a piece of a page
SCREENS = [
    route.name
    for route in ROUTES
    if "GET" in route.methods and route.name not in NO_PAGES and not route.name.endswith("_file")
]


def fill(gateway: Gateway) -> None:
    """Let strangers send each text behind keywords, alone, as a number, to what fails, in a vote, in a STOP."""
    began = gateway.clock() - timedelta(hours=4)
    for n, words in enumerate(TEXTS):
        at, msisdn = began + timedelta(seconds=n), f"32400{n:06}"
        send(gateway, f"WIN {words}", at=at, MSISDN=msisdn)
        send(gateway, words, at=at, MSISDN=msisdn, REFERENCE=words[:50])
        send(gateway, f"FAIL {words}", at=at, MSISDN=msisdn)
        send(gateway, f"VOTE {words}", at=at, MSISDN=msisdn)
        send(gateway, f"STOP {words}", at=at, MSISDN=msisdn)
        send(gateway, "WIN", at=at, MSISDN=words)
    work(gateway)
    with gateway.engine.begin() as conn:
        for words in TEXTS:
            told = one_line(words)[:50]
            deed = Deed(action=told, subject=told, reason=told, details={told: told})
            audit.add(conn, Actor(name=told), deed, gateway.clock())
    count(gateway)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    """A gateway to which strangers send such texts."""
    folder = tmp_path_factory.mktemp("hostile")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'mo-gateway.db')}"
    with running_site(folder, url, fill) as site:
        yield site


@pytest.mark.parametrize("screen", SCREENS)
def test_no_text_does_anything_on_any_page(screen: str, hostile: Site, browser: Any) -> None:
    addresses = hostile.addresses(screen)
    assert addresses
    with opened_window(browser, hostile.origin, hostile.token) as window:
        for address in addresses:
            window.open(address)
            window.page.mouse.move(400, 400)

            assert not window.is_scrolled_sideways(), address

        assert window.complaints == []


def test_each_text_is_shown_as_it_was_sent_on_the_page_of_its_message(hostile: Site, browser: Any) -> None:
    with hostile.engine.begin() as conn:
        sent = conn.execute(text("SELECT id, parm FROM mo_message WHERE keyword = 'WIN'")).all()
    wrong = []
    with opened_window(browser, hostile.origin, hostile.token) as window:
        for number, parm in sent:
            window.open(f"/dashboard/messages/{number}")
            if one_line(parm) not in window.page.inner_text("main"):
                wrong.append((number, parm))

        assert wrong == []
        assert len(sent) >= 200  # the others hold control characters, and are rejected
        assert window.complaints == []
