"""The providers' pages: all of one shape, and their tables those of the code."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.providers import connectcall, intelecom, pswincom, sms1601, spryng
from mo_gateway.reply import Code, Delivery, SendOutcome

PAGES = Path(__file__).parents[2] / "docs" / "providers"

CODES: Mapping[str, Mapping[str, Code]] = {
    "spryng": spryng.CODES,
    "connectcall": connectcall.CODES,
    "sms1601": sms1601.CODES,
    "pswincom": {"LOGON FAIL": pswincom.LOGON["FAIL"], **pswincom.STATUS},
    "intelecom": {str(code): row for code, row in intelecom.CODES.items()},
}
STATES: Mapping[str, Mapping[str, Delivery]] = {
    "spryng": spryng.REPORT_WORDS,
    "sms1601": sms1601.STATES,
    "pswincom": {state: row.delivery for state, row in pswincom.STATES.items()},
    "intelecom": {state: row.delivery for state, row in intelecom.STATES.items()},
}
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "pswincom": {state: row.meaning for state, row in pswincom.STATES.items()},
    "intelecom": {state: row.meaning for state, row in intelecom.STATES.items()},
}
#: Codes of 1601SMS that answer another question than an SMS.
NEVER_OF_AN_SMS = ("122", "123", "124")

every_page = pytest.mark.parametrize("provider", SCHEMAS)


def page(provider: str) -> str:
    return (PAGES / f"{provider}.md").read_text()


def sections(provider: str) -> dict[str, str]:
    """Give what stands under each heading of the second level."""
    _, *parts = re.split(r"^## (.+)\n", page(provider), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def table(provider: str, heading: str) -> dict[str, list[str]]:
    """Give the rows under a heading by what their first cell names: one thing, or several."""
    lines = re.findall(r"^\| (.+) \|$", sections(provider)[heading], re.MULTILINE)
    rows = [line.split(" | ") for line in lines]
    return {name.lower(): row[1:] for row in rows for name in row[0].split(", ")}


def in_words(row: Code) -> str:
    """Say what the gateway does with a code, as the pages begin it."""
    if row.outcome is SendOutcome.LATER:
        return "waits, with all others" if row.holds else "waits, and is tried again"
    return f"`{row.outcome}`"


@every_page
def test_every_page_has_the_same_headings_in_the_same_order(provider: str) -> None:
    name = page(provider).splitlines()[0].removeprefix("# ")

    assert list(sections(provider)) == [
        "Settings",
        "What it can send",
        "Codes",
        "Delivery reports",
        "Inbound messages",
        f"What {name} does not say, and what was decided",
        "Try it without an account",
    ]


@every_page
def test_the_codes_of_a_page_are_those_of_the_client(provider: str) -> None:
    told = table(provider, "Codes")

    for code, row in CODES[provider].items():
        meaning, done, _ = told[code.lower()]
        assert meaning == row.meaning
        assert done.startswith("never answers an SMS" if code in NEVER_OF_AN_SMS else in_words(row))


@every_page
def test_every_page_says_in_the_same_words_what_waiting_means(provider: str) -> None:
    [paragraph] = re.findall(r"^\*\*Waits, with all others\*\*.+?\n\n", page(provider), re.DOTALL | re.MULTILINE)

    assert paragraph in page("spryng")


@pytest.mark.parametrize("provider", STATES)
def test_the_states_of_a_page_are_those_of_the_client(provider: str) -> None:
    told = table(provider, "Delivery reports")

    assert {state: told[state.lower()][1] for state in STATES[provider]} == {
        state: f"`{delivery}`" for state, delivery in STATES[provider].items()
    }
    for state, meaning in MEANINGS.get(provider, {}).items():
        assert told[state.lower()][0].startswith(meaning)


@every_page
def test_a_page_says_where_reports_and_messages_are_brought(provider: str) -> None:
    brings = {"dlr": provider in STATES, "mo": provider in ("pswincom", "intelecom")}

    for kind, is_brought in brings.items():
        assert (f"https://sms.example.com/{provider}/{kind}/SECRET" in page(provider)) is is_brought
