"""The proof card in the browser: in each language, on a screen and on paper, where it is one page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mo_gateway.web.dashboard.languages import LANGUAGES, Language
from tests.dashboard.everything import PROVEN

from .axe import violations
from .browsing import NARROW, NARROWEST, WIDE, Window, opened_window
from .sites import Site
from .test_screens import LOOKS

pytestmark = pytest.mark.browser

#: The paper of each page, in whole points.
PAPER = re.compile(rb"/MediaBox \[0 0 (\d+)\S* (\d+)")


@pytest.fixture(params=list(LANGUAGES.values()), ids=list(LANGUAGES))
def language(request: pytest.FixtureRequest) -> Language:
    """Each language of the card."""
    found: Language = request.param
    return found


@contextmanager
def card(site: Site, browser: Any, language: Language, **look: Any) -> Iterator[Window]:
    """Ask for the proof of one number as people do, and then for the language."""
    with opened_window(browser, site.origin, site.token, **look) as window:
        window.open("/dashboard/subscribers")
        window.page.fill("form[action$='/subscribers/proof'] input[name=number]", f"+{PROVEN}")
        window.press("Enter")
        window.page.click(f"form.languages button:has-text('{language.name}')")
        window.page.wait_for_url(f"**/subscribers/proof?language={language.code}")
        yield window


def printed(window: Window) -> bytes:
    """Give what the browser saves when somebody prints to a PDF."""
    pdf: bytes = window.page.pdf(prefer_css_page_size=True)
    return pdf


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_card_is_printed_on_one_sheet_of_a4(
    language: Language, theme: str, filled: Site, browser: Any, pytestconfig: pytest.Config
) -> None:
    with card(filled, browser, language, theme=theme) as window:
        pdf = printed(window)
    folder: Path | None = pytestconfig.getoption("--screenshots")
    if folder:
        (folder / f"card-{language.code}-{theme}.pdf").write_bytes(pdf)

    assert [tuple(map(int, size)) for size in PAPER.findall(pdf)] == [(594, 841)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_paper_stands_the_card_and_nothing_else_black_on_white(theme: str, filled: Site, browser: Any) -> None:
    with card(filled, browser, LANGUAGES["nl"], theme=theme) as window:
        window.page.emulate_media(media="print")
        seen = window.page.evaluate("document.body.innerText")
        colours = window.page.evaluate("""[...document.querySelectorAll("html, article, article *")]
            .map((each) => getComputedStyle(each)).map(({color, backgroundColor}) => [color, backgroundColor])""")

    assert seen.startswith("Bewijs van toestemming van +324••••••14")
    assert "mo_gateway" not in seen
    assert "Nederlands" not in seen
    assert {background for _, background in colours} <= {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
    assert {colour for colour, _ in colours} <= {"rgb(0, 0, 0)", "rgb(51, 51, 51)"}


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_wrong_with_the_card(
    language: Language, theme: str, width: int, filled: Site, browser: Any, pytestconfig: pytest.Config
) -> None:
    with card(filled, browser, language, theme=theme, width=width, obeys_policy=False) as window:
        folder: Path | None = pytestconfig.getoption("--screenshots")
        if folder:
            window.page.screenshot(path=folder / f"card-{language.code}-{theme}-{width}.png", full_page=True)

        assert violations(window.page) == []


def test_the_browser_has_no_complaint_and_the_card_is_not_wider_than_the_window(
    language: Language, filled: Site, browser: Any
) -> None:
    with card(filled, browser, language) as window:
        for width in (WIDE, NARROW, NARROWEST):
            window.page.set_viewport_size({"width": width, "height": 800})

            assert not window.is_scrolled_sideways(), f"{width} px"

        assert window.page.evaluate("document.documentElement.lang") == language.code
        assert window.complaints == []


def test_the_button_prints(filled: Site, browser: Any) -> None:
    with card(filled, browser, LANGUAGES["fr"]) as window:
        window.page.evaluate("window.print = () => document.title = 'on its way'")
        window.page.click("text=Imprimer ou enregistrer en PDF")

        assert window.page.title() == "on its way"
