"""Each screen in the browser: with data, without, with an error; in both themes, on a desk and on a telephone."""

from pathlib import Path
from typing import Any

import pytest

from mo_gateway.web.dashboard.routes import ROUTES

from .axe import violations
from .browsing import NARROW, NARROWEST, WIDE, opened_window
from .sites import Site

pytestmark = pytest.mark.browser

#: Pages without a link to them: the log-in is before all others, and what is missing is linked nowhere.
UNLINKED = {"log_in": "/dashboard/login", "missing": "/dashboard/nowhere"}
PIECES = {"news"}  # what htmx alone asks for, to put it into a page
SCREENS = [route.name for route in ROUTES if "GET" in route.methods and route.name not in PIECES]

#: Both themes and both layouts, without all four pairs of them.
LOOKS = [pytest.param("light", WIDE, id="light-wide"), pytest.param("dark", NARROW, id="dark-narrow")]

MOST = 3  # addresses of a screen that are looked at: those that follow differ in their filters

STATES = ["filled", "empty"]


def addresses(site: Site, screen: str) -> list[str]:
    """Give the first few addresses of a screen that links lead to."""
    return [UNLINKED[screen]] if screen in UNLINKED else site.addresses(screen)[:MOST]


@pytest.fixture(params=STATES)
def site(request: pytest.FixtureRequest) -> Site:
    """A gateway with data, and one without."""
    found: Site = request.getfixturevalue(request.param)
    return found


def test_every_link_leads_to_a_page_or_a_file_that_is_there(site: Site) -> None:
    broken = [place for place in site.places if place.status != 200 or place.route == "missing"]

    assert broken == []


@pytest.mark.parametrize("screen", [name for name in SCREENS if name not in UNLINKED])
def test_links_lead_to_each_screen(screen: str, filled: Site) -> None:
    assert screen in {place.route for place in filled.places}


@pytest.mark.parametrize(("theme", "width"), LOOKS)
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_wrong(screen: str, theme: str, width: int, site: Site, browser: Any) -> None:
    with opened_window(browser, site.origin, site.token, theme=theme, width=width, obeys_policy=False) as window:
        for address in addresses(site, screen):
            window.open(address)

            assert violations(window.page) == [], address


@pytest.mark.parametrize("screen", SCREENS)
def test_the_browser_has_no_complaint_and_nothing_is_wider_than_the_window(
    screen: str, site: Site, browser: Any
) -> None:
    with opened_window(browser, site.origin, site.token) as window:
        for address in addresses(site, screen):
            window.open(address)
            for width in (WIDE, NARROW, NARROWEST):
                window.page.set_viewport_size({"width": width, "height": 800})

                assert not window.is_scrolled_sideways(), f"{address} at {width} px"

        assert window.complaints == []


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "log_in"])
def test_a_page_says_that_the_database_is_away(screen: str, filled: Site, away: Site, browser: Any) -> None:
    with opened_window(browser, away.origin, away.token) as window:
        for address in addresses(filled, screen)[:1]:
            status = window.open(address)

            assert status == 503
            assert "The database does not answer" in window.page.inner_text("h1")

        assert window.complaints == []


def test_axe_finds_nothing_wrong_with_the_page_that_says_so(away: Site, browser: Any) -> None:
    with opened_window(browser, away.origin, away.token, obeys_policy=False) as window:
        window.open("/dashboard/")

        assert violations(window.page) == []


def test_a_theme_that_is_chosen_stays_on_the_next_page(filled: Site, browser: Any) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    with opened_window(browser, filled.origin, filled.token, theme="light") as window:
        window.open("/dashboard/")
        light = window.page.evaluate(background)
        window.page.click("#theme")
        dark = window.page.evaluate(background)
        window.open("/dashboard/audit")

        assert window.page.evaluate(background) == dark != light
        assert window.complaints == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_pictures_are_taken_where_they_are_asked_for(
    screen: str, theme: str, width: int, site: Site, browser: Any, pytestconfig: pytest.Config
) -> None:
    folder: Path | None = pytestconfig.getoption("--screenshots")
    if folder is None:
        pytest.skip("no --screenshots DIR")
    with opened_window(browser, site.origin, site.token, theme=theme, width=width) as window:
        for n, address in enumerate(addresses(site, screen)[:2]):
            window.open(address)
            window.page.screenshot(path=folder / f"{screen}-{n}-{site.name}-{theme}-{width}.png", full_page=True)
