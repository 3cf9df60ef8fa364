"""The proof card in each language: what it says, how one gets to another, and what stays English."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from mo_gateway.gateway import Gateway
from mo_gateway.store.tables import mo_message, mo_subscription, mt_message, mt_report, opt_out
from mo_gateway.web.dashboard.languages import LANGUAGES
from tests.sending import add_report
from tests.stored import rows

from .test_subscribers import PHONE, audited, key_of, receive
from .visiting import Visitor, visitor, words

BRUSSELS = ZoneInfo("Europe/Brussels")
NOON = datetime(2026, 11, 22, 13, 2, 11, tzinfo=UTC)

#: What a card says of somebody who joined, left and said STOP.
SAID = {
    "en": (
        "Proof of consent of +324••••••78",
        "news: from 22 nov 2026 14:02:11 Brussels (UTC+1) until 22 nov 2026 14:02:11 Brussels (UTC+1)",
        "Joined with “ JOIN please ” to 4414",
        "sent 22 nov 2026 14:02:11 Brussels (UTC+1) received 22 nov 2026 14:02:11 Brussels (UTC+1)",
        "Answered “ Welcome to the news ” ● sent 22 nov 2026 14:02:11 Brussels (UTC+1) , ● delivered – reply 1",
        "Left with “ LEAVE ”",
        "STOP everything on 4414: in force since",
        "In force after 1.5 s",
        "Confirmed 22 nov 2026 14:02:14 Brussels (UTC+1), after 3.5 s",
        "Sent in spite of it ● nothing",
    ),
    "nl": (
        "Bewijs van toestemming van +324••••••78",
        "news : van 22 nov. 2026 14:02:11 Brussel (UTC+1) tot 22 nov. 2026 14:02:11 Brussel (UTC+1)",
        "Aangemeld met “ JOIN please ” naar 4414",
        "verstuurd op 22 nov. 2026 14:02:11 Brussel (UTC+1) ontvangen op 22 nov. 2026 14:02:11 Brussel (UTC+1)",
        "Geantwoord “ Welcome to the news ” ● verstuurd op 22 nov. 2026 14:02:11 Brussel (UTC+1)",
        "Afgemeld met “ LEAVE ”",
        "STOP alles op 4414: van kracht sinds",
        "Van kracht na 1,5 s",
        "Bevestigd 22 nov. 2026 14:02:14 Brussel (UTC+1), na 3,5 s",
        "Toch nog verstuurd ● niets",
    ),
    "fr": (
        "Preuve de consentement de +324••••••78",
        "news : du 22 nov. 2026 14:02:11 Bruxelles (UTC+1) au 22 nov. 2026 14:02:11 Bruxelles (UTC+1)",
        "Inscription par « JOIN please » au 4414",
        "envoyé le 22 nov. 2026 14:02:11 Bruxelles (UTC+1) reçu le 22 nov. 2026 14:02:11 Bruxelles (UTC+1)",
        "Réponse « Welcome to the news » ● envoyée le 22 nov. 2026 14:02:11 Bruxelles (UTC+1)",
        "Désinscription par « LEAVE »",
        "STOP tout sur le 4414 : en vigueur depuis le",
        "En vigueur après 1,5 s",
        "Confirmé 22 nov. 2026 14:02:14 Bruxelles (UTC+1), après 3,5 s",
        "Envoyé malgré tout ● rien",
    ),
}


@pytest.fixture
def somebody(gateway: Gateway) -> Visitor:
    """Who has to prove things."""
    return visitor(gateway, "compliance")


@pytest.fixture
def brussels(gateway: Gateway) -> Gateway:
    """A gateway in Brussels."""
    return replace(gateway, settings=replace(gateway.settings, timezone=BRUSSELS))


def card(somebody: Visitor, query: str = "", **fields: str) -> str:
    """Ask for the proof of a number."""
    response = somebody.post(f"/subscribers/proof{query}", **(fields or {"number": PHONE}))
    assert response.status_code == 200, response.text
    return response.text


def live(gateway: Gateway) -> None:
    """Let somebody join, leave and say STOP, each at a known moment."""
    receive(gateway, "JOIN", "please")
    receive(gateway, "LEAVE")
    receive(gateway, "STOP")
    (first, *_) = rows(gateway.engine, "mt_message")
    add_report(gateway, first.id)
    since, confirmed = NOON + timedelta(seconds=1.5), NOON + timedelta(seconds=3.5)
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).values(sent_at=NOON, received_at=NOON))
        conn.execute(update(mo_subscription).values(since=NOON, until=NOON))
        conn.execute(update(mt_message).values(sent_at=NOON, tried_at=NOON))
        conn.execute(update(opt_out).values(since=since, confirmed_at=confirmed))


# what is said


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_card_is_in_the_language_of_its_address(code: str, brussels: Gateway) -> None:
    live(brussels)

    page = card(visitor(brussels, "compliance"), f"?language={code}")

    assert f'<html lang="{code}">' in page
    assert f"<title>{LANGUAGES[code].texts.get('Proof of consent', 'Proof of consent')} – mo_gateway" in page
    assert [said for said in SAID[code] if _close(said) not in _close(words(page))] == []


def _close(said: str) -> str:
    """Leave out white space, which stands where tags were."""
    return re.sub(r"\s", "", said)


def test_without_a_language_that_we_know_the_card_is_english(gateway: Gateway, somebody: Visitor) -> None:
    receive(gateway, "JOIN")

    for query in ("", "?language=", "?language=de", "?language=%3Cb%3E", "?language=nl-BE"):
        page = card(somebody, query)

        assert '<html lang="en">' in page
        assert "Joined with" in page


def test_only_the_card_is_translated_and_the_rest_says_that_it_is_english(
    gateway: Gateway, somebody: Visitor
) -> None:
    receive(gateway, "JOIN")

    headers = {
        card(somebody, f"?language={code}").partition("<main")[0].partition("<header")[2] for code in LANGUAGES
    }

    assert len(headers) == 1
    assert headers.pop().startswith(' lang="en">')
    assert "Stand van" not in somebody.text("/subscribers")
    assert '<html lang="en">' in somebody.text("/subscribers")


@pytest.mark.parametrize("number_is_typed", [True, False])
def test_another_language_is_a_button_away_and_needs_no_script(
    number_is_typed: bool, gateway: Gateway, somebody: Visitor
) -> None:
    if number_is_typed:
        receive(gateway, "STOP")
    page = card(somebody)
    (handle,) = re.findall('name="person_key" value="([0-9a-f]+)"', page)

    addresses = re.findall('formaction="/dashboard/subscribers/proof([^"]+)"', page)
    others = [card(somebody, address, person_key=handle) for address in addresses]

    assert addresses == ["?language=nl", "?language=fr", "?language=en"]
    assert [re.findall('<html lang="(..)"', other) for other in others] == [["nl"], ["fr"], ["en"]]
    assert ["+324••••••78" in other for other in others] == [number_is_typed] * 3
    assert all(PHONE not in other for other in (page, *others))
    assert audited(gateway) == [("proof", key_of(gateway), "")] * 4  # each is an opening


def test_whose_number_is_not_known_is_not_said_to_be_erased(somebody: Visitor) -> None:
    page = card(somebody, "?language=nl", person_key="0" * 32)

    assert "Bewijs van toestemming van een onbekend nummer" in words(page)
    assert "Dit nummer heeft zich voor geen enkele lijst aangemeld" in page
    assert "(gewist)" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "queued"}, "◐ wacht op verzending"),
        ({"state": "unknown", "due_at": NOON}, "◐ wordt verstuurd"),
        ({"state": "unknown", "due_at": None}, "◐ mogelijk verstuurd"),
        ({"state": "failed"}, "✕ kon niet verstuurd worden"),
        ({"state": "suppressed", "suppressed_reason": "opt-out"}, "▲ niet verstuurd wegens STOP"),
        ({"state": "suppressed", "suppressed_reason": "budget"}, "▲ niet verstuurd wegens een limiet"),
        ({"state": "suppressed", "suppressed_reason": "from a later version"}, "▲ niet verstuurd –"),
    ],
)
def test_what_became_of_an_answer_is_said_in_words(
    changes: dict[str, Any], said: str, gateway: Gateway, somebody: Visitor
) -> None:
    receive(gateway, "JOIN")
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(**{"sent_at": None, **changes}))

    assert said in words(card(somebody, "?language=nl"))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("delivered", "● remise"),
        ("failed", "✕ pas remise"),
        ("pending", "◐ en route"),
        ("unknown", "◐ remise inconnue"),
    ],
)
def test_what_the_delivery_reports_say_is_said_in_words(
    status: str, said: str, gateway: Gateway, somebody: Visitor
) -> None:
    receive(gateway, "JOIN")
    add_report(gateway, rows(gateway.engine, "mt_message")[0].id)
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_report).values(status=status))

    assert f", {said} – réponse" in words(card(somebody, "?language=fr"))
