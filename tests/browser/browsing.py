"""A real browser: Debian's chromium, driven by playwright, and what it complained of on the way."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from mo_gateway.web.dashboard import session

FLAGS = ["--no-sandbox", "--disable-gpu"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

WIDE, NARROW, NARROWEST = 1280, 360, 320
HEIGHT = 1000

#: What the browser says of every page whose status is not 200, which is no complaint.
OF_STATUS = "Failed to load resource: the server responded with a status of"

#: The policy's own word, also where the browser's console has none.
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""

#: A chart follows the width of the window in the next frame.
IS_SCROLLED_SIDEWAYS = """() => new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() =>
  tell(document.documentElement.scrollWidth > document.documentElement.clientWidth))))"""


def found_chromium() -> str:
    """Find the browser; where there is none, skip at a desk and fail in CI."""
    path = shutil.which("chromium")
    if not path and "CI" not in os.environ:
        pytest.skip("chromium is not installed")
    assert path, "chromium is not installed"
    return path


@contextmanager
def running_browser() -> Iterator[Any]:
    """Start the browser; without playwright skip at a desk and fail in CI."""
    if "CI" not in os.environ:
        pytest.importorskip("playwright", reason="the extra `browser` is not installed")
    from playwright.sync_api import sync_playwright  # the plain suite runs without it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found_chromium(), args=FLAGS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Window:
    """One window of the browser, on one site."""

    page: Any
    origin: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go to a page, and give its status."""
        response = self.page.goto(self.origin + path)
        return int(response.status)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> Any:
        """Give what has the focus, as plain values."""
        return self.page.evaluate(
            "(({tagName, id, className, textContent, name}) => ({tagName, id, className, name,"
            " text: textContent.trim()}))(document.activeElement)"
        )

    def is_scrolled_sideways(self) -> bool:
        """Tell whether something is wider than the window, once what scripts draw anew for its width is drawn."""
        return bool(self.page.evaluate(IS_SCROLLED_SIDEWAYS))


@contextmanager
def opened_window(
    browser: Any,
    origin: str,
    token: str | None = None,
    *,
    width: int = WIDE,
    theme: str = "light",
    obeys_policy: bool = True,
) -> Iterator[Window]:
    """Open a window, with a cookie where a token is given; it may call nobody but the site."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme=theme,
        reduced_motion="reduce",
        bypass_csp=not obeys_policy,
    )
    context.set_default_timeout(60_000)  # milliseconds; a busy host opens pages slowly
    if token:
        cookie = {"name": session.COOKIE, "value": token, "path": "/dashboard"}
        context.add_cookies([{**cookie, "domain": urlsplit(origin).hostname, "httpOnly": True, "sameSite": "Lax"}])
    context.add_init_script(LISTEN)
    window = Window(context.new_page(), origin)
    _listen(window)
    yield window
    context.close()


def _listen(window: Window) -> None:
    def console(message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(OF_STATUS):
            window.complaints.append(f"{window.page.url}: {message.text}")

    def dialog(shown: Any) -> None:
        window.complaints.append(f"{window.page.url}: a script ran and said {shown.message}")
        shown.dismiss()

    def request(asked: Any) -> None:
        if not asked.url.startswith(window.origin):
            window.complaints.append(f"{window.page.url}: it asks {asked.url}")

    window.page.on("console", console)
    window.page.on("pageerror", lambda error: window.complaints.append(f"{window.page.url}: {error}"))
    window.page.on("dialog", dialog)
    window.page.on("request", request)
