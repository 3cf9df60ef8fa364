"""A first day with the demo: from an empty folder to a person of whom nothing is left, by hand, in a browser.

What comes of a form has no address, so axe looks at it here.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.running import Program
from tests.waiting import until

from .axe import violations
from .browsing import Window, opened_window

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # the demo alone takes half a minute

PASSWORD = "correct horse battery"
TARGET = "https://crm.example.invalid/sms"  # of ORDER, in the demo; nothing is ever there

SETTINGS = {"ROUTES": "routes.toml", "FORWARD_NETWORKS": "127.0.0.0/8", "TIMEZONE": "Europe/Amsterdam"}


def test_what_failed_runs_again_a_campaign_is_downloaded_and_a_person_erased(
    tmp_path: Path, browser: Any, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/sms").respond_with_data("")
    command(tmp_path, "init", "--demo", settings={})
    command(tmp_path, "user", "add", "an", "--role", "admin", "--password-file", "-", stdin=PASSWORD)
    with running(tmp_path) as (gateway, origin), opened_window(browser, origin, obeys_policy=False) as window:
        log_in(window)
        open_before = open_problems(window)

        failed = newest_failed(window)
        lead_to(httpserver.url_for("/sms"), gateway)
        again = replay_all_like_it(window)
        until(lambda: len(httpserver.log) >= again, "the target to get them", within=60)
        until(lambda: nothing_is_tried(window), "what is left of it to be tried again", within=120)
        open_after = open_problems(window)

        rows = downloaded_campaign(window)

        number = revealed_number(window, failed)
        assert files_with(number, tmp_path) != []
        erase_sender(window, failed, number)
        assert window.complaints == []

    assert again > 0
    assert open_after < open_before
    assert rows[0].startswith("local_date,")
    assert len(rows) > 1
    assert files_with(number, tmp_path) == []


def files_with(number: str, folder: Path) -> list[str]:
    """Give the files of the database that have a number in them."""
    return [file.name for file in folder.glob("mo-gateway.db*") if number.encode() in file.read_bytes()]


def command(folder: Path, *arguments: str, settings: Mapping[str, str] = SETTINGS, stdin: str = "") -> None:
    """Type a command of the gateway in its folder."""
    environ = os.environ | {f"MO_GATEWAY_{name}": value for name, value in settings.items()}
    typed = [sys.executable, "-m", "mo_gateway", *arguments]
    subprocess.run(typed, cwd=folder, env=environ, input=stdin, text=True, check=True, capture_output=True)


@contextmanager
def running(folder: Path) -> Iterator[tuple[Program, str]]:
    """Run the gateway in its folder, and say where it is."""
    gateway = Program(folder, SETTINGS)
    try:
        url = gateway.run()
        yield gateway, url.partition("/spryng/")[0]
        assert gateway.stop() == 0
    finally:
        gateway.close()


def log_in(window: Window) -> None:
    window.open("/dashboard/")
    window.page.get_by_label("Name").fill("an")
    window.page.get_by_label("Password").fill(PASSWORD)
    window.page.get_by_role("button", name="Log in").click()
    window.page.wait_for_url("**/dashboard/")


def open_problems(window: Window) -> int:
    """Read in the sentence of the overview how many problems are open."""
    window.open("/dashboard/")
    found = re.search(r"(\d+) open problem", window.page.inner_text(".headline"))
    assert found
    return int(found[1])


def newest_failed(window: Window) -> str:
    """Look among the problems for the newest message that a handler failed with, and give its address."""
    window.open("/dashboard/")
    window.page.get_by_role("link", name="problems open now").click()
    row = window.page.get_by_role("row").filter(has_text="HandlerError")
    row.get_by_role("link").nth(1).click()
    return str(window.page.url.removeprefix(window.origin))


def lead_to(url: str, gateway: Program) -> None:
    """Mend the target of ORDER, and have the worker take that."""
    routes = gateway.folder / "routes.toml"
    routes.write_text(routes.read_text().replace(TARGET, url))
    command(gateway.folder, "reload")
    until(lambda: '"routes loaded"' in gateway.log, "the worker to load the routes")


def replay_all_like_it(window: Window) -> int:
    """Run all again that failed like this; give how many."""
    window.open("/dashboard/problems")
    window.page.get_by_role("row").filter(has_text="HandlerError").get_by_role(
        "link", name="Plan a replay"
    ).click()
    assert violations(window.page) == []
    window.page.get_by_label("I have read what it would do").check()
    window.page.get_by_role("button", name="again").click()
    assert violations(window.page) == []
    found = re.search(r"(\d+) messages? (?:is|are) due again", window.page.inner_text(".headline"))
    assert found
    return int(found[1])


def nothing_is_tried(window: Window) -> bool:
    """Tell by the sentence of the overview whether every message has ended: who waits for one is not erased."""
    window.open("/dashboard/")
    words = window.page.inner_text(".headline")
    return words.startswith("Nothing is waiting.") and "tried again" not in words


def downloaded_campaign(window: Window) -> list[str]:
    """Take the first campaign along as CSV; give its lines."""
    window.open("/dashboard/")
    window.page.get_by_role("link", name="Campaigns").click()
    window.page.locator("tbody th a").first.click()
    with window.page.expect_download() as download:
        window.page.get_by_role("link", name="CSV", exact=True).first.click()
    return Path(download.value.path()).read_text().splitlines()


def revealed_number(window: Window, message: str) -> str:
    """Have the sender's whole number shown, which is kept with the reason; give its digits."""
    window.open(message)
    window.page.get_by_label("Why").fill("a request to be forgotten")
    window.page.get_by_role("button", name="Reveal the number").click()
    # That the page goes after a minute is what it is for, also where there are no scripts.
    assert [found for found in violations(window.page) if not found.startswith("meta-refresh")] == []
    return str(window.page.inner_text("strong.number")).removeprefix("+")


def erase_sender(window: Window, message: str, number: str) -> None:
    """Look at what would go, and let it go."""
    window.open(message)
    window.page.get_by_role("link", name="person", exact=True).click()
    window.page.get_by_role("button", name="Erase …").click()
    assert violations(window.page) == []
    window.page.get_by_label("The last").fill(number[-4:])
    window.page.get_by_label("Why").fill("a request to be forgotten")
    window.page.get_by_role("button", name="Erase for good").click()
    window.page.get_by_role("heading", name="Erased").wait_for()
    assert "Traces" not in window.page.inner_text("main")
    assert violations(window.page) == []
