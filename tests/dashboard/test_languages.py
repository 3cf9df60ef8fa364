"""The languages of the proof card: dates, numbers, and that no text is forgotten in one of them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

import mo_gateway.web.dashboard
from mo_gateway.web.dashboard import shown
from mo_gateway.web.dashboard.languages import DUTCH, ENGLISH, FRENCH, LANGUAGES, Language
from mo_gateway.web.dashboard.pages import proof
from mo_gateway.web.dashboard.texts import gettext, written_in
from mo_gateway.web.dashboard.translations import TEXTS

TEMPLATES = Path(mo_gateway.web.dashboard.__file__).parent / "templates"
BRUSSELS = ZoneInfo("Europe/Brussels")
PHONE = "32412345678"

TRANSLATED = [DUTCH, FRENCH]

# dates and numbers


@pytest.mark.parametrize(
    ("language", "first", "march"),
    [
        (ENGLISH, "1 nov 2026 13:00:00 Brussels (UTC+1)", "31 mar 2026 14:00:00 Brussels (UTC+2)"),
        (DUTCH, "1 nov. 2026 13:00:00 Brussel (UTC+1)", "31 mrt. 2026 14:00:00 Brussel (UTC+2)"),
        (FRENCH, "1er nov. 2026 13:00:00 Bruxelles (UTC+1)", "31 mars 2026 14:00:00 Bruxelles (UTC+2)"),
    ],
)
def test_a_moment_is_written_as_in_the_language(language: Language, first: str, march: str) -> None:
    with written_in(language):
        written = [
            shown.moment(at, BRUSSELS).striptags()
            for at in (datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 3, 31, 12, tzinfo=UTC))
        ]

    assert written == [first, march]


def test_a_place_that_has_no_other_name_keeps_its_own() -> None:
    with written_in(FRENCH):
        assert "New York (UTC-5)" in shown.moment(datetime(2026, 11, 22, tzinfo=UTC), ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("America/St_Johns", "UTC-3:30"), ("Asia/Kathmandu", "UTC+5:45"), ("Africa/Abidjan", "UTC+0")],
)
def test_an_offset_of_part_of_an_hour_is_written_as_people_write_it(zone: str, offset: str) -> None:
    assert f"({offset})" in shown.moment(datetime(2026, 11, 22, tzinfo=UTC), ZoneInfo(zone))


@pytest.mark.parametrize(("language", "written"), [(ENGLISH, "2.5"), (DUTCH, "2,5"), (FRENCH, "2,5")])
def test_a_number_is_written_as_in_the_language(language: Language, written: str) -> None:
    with written_in(language):
        assert shown.decimal(2.54) == written


def test_a_language_ends_where_its_block_does_also_by_an_error() -> None:
    with pytest.raises(RuntimeError, match="niets"), written_in(DUTCH):
        raise RuntimeError(gettext("nothing"))

    assert gettext("nothing") == "nothing"


# each text in each language


def texts_of_the_card() -> set[str]:
    """Give every text of the template, of the macros that it takes, and of what may become of an answer."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    tree = environment.parse((TEMPLATES / "proof.html").read_text())
    found = {text for _, _, text in extract_from_ast(tree)}
    for taken in tree.find_all(nodes.FromImport):
        elsewhere = environment.parse((TEMPLATES / taken.template.as_const()).read_text())
        for macro in elsewhere.find_all(nodes.Macro):
            if macro.name in taken.names:
                found |= {text for _, _, text in extract_from_ast(nodes.Template([macro]))}
    return {text for text in found if isinstance(text, str)} | {
        *proof.STATES.values(),
        *proof.REASONS.values(),
        *proof.DELIVERIES.values(),
        proof.NOT_SENT,
    }


def test_every_text_of_the_card_is_in_every_language() -> None:
    missing = texts_of_the_card() - set(TEXTS)

    assert missing == {"Subscribers & STOP"}  # leads back to a page in English, as the navigation does


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.code)
def test_a_translation_says_something_and_has_the_same_values(language: Language) -> None:
    assert set(language.texts) == set(TEXTS)
    for english, translated in language.texts.items():
        assert translated.strip() == translated != "", english
        assert sorted(_values(translated)) == sorted(_values(english))
        assert not re.search("[<>&{}]", translated), "it would be HTML"


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.code)
def test_what_the_filters_say_by_themselves_is_translated_too(language: Language) -> None:
    def said() -> list[str]:
        return [shown.number("").striptags(), shown.number(PHONE).striptags(), shown.text("").striptags()]

    english = said()
    with written_in(language):
        assert set(said()).isdisjoint(english)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_year_has_twelve_months_of_different_names(language: Language) -> None:
    assert len(set(language.months)) == 12


def _values(text: str) -> list[str]:
    return re.findall(r"%\((\w+)\)s", text)
