"""The dashboard by keyboard alone: every control is reached, one sees where one is, and single keys can be off."""

from typing import Any

import pytest

from mo_gateway.store.audit import Actor
from mo_gateway.users import Role, Users

from .browsing import Window, opened_window
from .sites import Site
from .test_screens import SCREENS, addresses

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
MOST_STOPS = 2_000

#: Everything that a mouse could use and that is to be seen.
CONTROLS = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.disabled)
  .filter((each) => each.type !== "radio" || each.checked)  // the arrows choose among these
  .map((each) => each.outerHTML)"""

#: What has the focus, and whether one sees that.
STOP = """() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.right > 0 && box.bottom > 0;
  return {html: it.outerHTML, isSeen, isBody: it === document.body};
}"""


#: As a row has none whose first word is none that an address can name.
FIRST_ROW_LOSES_ITS_LINK = """() => {
  const row = document.querySelector("tbody tr");
  row.parentNode.append(row.cloneNode(true));
  row.querySelector("[data-key=r]").remove();
}"""


def stops(window: Window) -> list[dict[str, Any]]:
    """Press Tab until it has gone round."""
    found: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        window.press("Tab")
        stop = window.page.evaluate(STOP)
        if stop["isBody"] or stop in found[:1]:
            break
        found.append(stop)
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_tab_reaches_every_control_the_skip_link_first_and_one_sees_where_one_is(
    screen: str, filled: Site, browser: Any
) -> None:
    with opened_window(browser, filled.origin, filled.token) as window:
        for address in addresses(filled, screen)[:2]:
            window.open(address)

            found = stops(window)

            assert 'class="skip"' in found[0]["html"]
            assert set(window.page.evaluate(CONTROLS)) - {stop["html"] for stop in found} == set(), address
            assert [stop["html"] for stop in found if not stop["isSeen"]] == [], address


def test_the_skip_link_leads_past_the_navigation(filled: Site, browser: Any) -> None:
    with opened_window(browser, filled.origin, filled.token) as window:
        window.open("/dashboard/audit")
        window.press("Tab", "Enter", "Tab")

        assert window.page.evaluate("document.activeElement.closest('main') !== null")


def test_somebody_logs_in_looks_and_logs_out_without_a_mouse(filled: Site, browser: Any) -> None:
    Users(filled.engine).add("bea", PASSWORD, Role.ADMIN, (), Actor(name="test"), filled.now())
    with opened_window(browser, filled.origin) as window:
        window.open("/dashboard/audit")
        window.press("Tab", "Tab")
        window.page.keyboard.type("bea")
        window.press("Tab")
        window.page.keyboard.type(PASSWORD)
        window.press("Enter")
        window.page.wait_for_url("**/dashboard/audit")
        heading = window.page.inner_text("h1")
        window.page.focus("text=Log out")
        window.press("Enter")
        window.page.wait_for_url("**/dashboard/login")

        assert heading == "Audit"


def test_nothing_is_seen_of_a_page_by_going_back_after_the_log_out(filled: Site, browser: Any) -> None:
    Users(filled.engine).add("carl", PASSWORD, Role.ADMIN, (), Actor(name="test"), filled.now())
    with opened_window(browser, filled.origin) as window:
        window.open("/dashboard/audit")
        window.page.fill("#name", "carl")
        window.page.fill("#password", PASSWORD)
        window.press("Enter")
        window.page.wait_for_url("**/dashboard/audit")
        window.page.click("text=Log out")
        window.page.wait_for_url("**/dashboard/login")
        window.page.go_back()
        window.page.wait_for_load_state()

        assert window.page.inner_text("h1") == "Log in"
        assert "carl" not in window.page.content()


def test_slash_goes_to_the_filter_and_is_a_letter_there(filled: Site, browser: Any) -> None:
    with opened_window(browser, filled.origin, filled.token) as window:
        window.open("/dashboard/audit")
        window.press("/", "/")

        assert window.focused()["name"] == "actor"
        assert window.page.input_value("[name=actor]") == "/"


def test_j_and_k_go_from_row_to_row(filled: Site, browser: Any) -> None:
    row = "[...document.querySelectorAll('tbody tr')].indexOf(document.activeElement.closest('tr'))"
    with opened_window(browser, filled.origin, filled.token) as window:
        window.open("/dashboard/audit")
        rows = []
        for key in ("j", "j", "k", "k"):
            window.press(key)
            rows.append(window.page.evaluate(row))

        assert rows == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("page", "asked"), [("problems", "error="), ("messages?state=dead", "state=dead"), ("messages", "since=")]
)
def test_r_plans_the_replay_of_the_row_or_of_what_the_page_shows(
    page: str, asked: str, filled: Site, browser: Any
) -> None:
    with opened_window(browser, filled.origin, filled.token) as window:
        window.open(f"/dashboard/{page}")
        window.press("j", "r")
        window.page.wait_for_url(f"**/dashboard/replay?*{asked}*")

        assert window.complaints == []


def test_r_plans_nothing_of_another_row(filled: Site, browser: Any) -> None:
    with opened_window(browser, filled.origin, filled.token) as window:
        window.open("/dashboard/problems")
        address = window.page.url
        window.page.evaluate(FIRST_ROW_LOSES_ITS_LINK)
        window.press("j", "r")

        assert window.page.locator("tbody [data-key=r]").count() > 0
        assert window.page.url == address


def test_a_question_mark_lists_the_keys_and_they_stay_off_for_who_switches_them_off(
    filled: Site, browser: Any
) -> None:
    with opened_window(browser, filled.origin, filled.token) as window:
        window.open("/dashboard/audit")
        window.press("?")
        listed = window.page.inner_text("dialog")
        window.press("Space", "Escape")
        window.press("?")
        is_open_now = window.page.is_visible("dialog")
        window.open("/dashboard/audit")
        window.press("/")
        focused_then = window.focused()["tagName"]
        window.page.click("#show-keys")

        assert "to the next row" in listed
        assert not is_open_now
        assert focused_then == "BODY"
        assert window.page.is_visible("dialog")
        assert window.complaints == []
