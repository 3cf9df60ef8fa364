"""Overview: one sentence that says whether anything is lost, figures that lead to their rows, and the balance."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, event, update

from mo_gateway import Message, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.loss_clock import LossClock
from mo_gateway.store.tables import mo_handling, mo_message, mt_message
from mo_gateway.web.dashboard import gate
from tests.handling import captured_log, dispatcher_of, handle_all
from tests.reporting import NOON, store_at, tally_with

from .visiting import Visitor, visitor, words


@keyword("WIN")
def enter(_message: Message) -> str:
    """Take part."""
    return "Thanks"


def seen(somebody: Visitor, at: datetime = NOON) -> str:
    """Give what the overview says at a moment."""
    with time_machine.travel(at, tick=False):
        return words(somebody.text("/"))


@pytest.fixture
def somebody(gateway: Gateway) -> Visitor:
    """An admin, logged in at noon."""
    with time_machine.travel(NOON, tick=False):
        return visitor(gateway)


def test_before_the_first_message_it_says_which_url_to_give_to_the_provider(somebody: Visitor) -> None:
    page = seen(somebody)

    assert "No message yet." in page
    assert "/spryng/mo/•••" in page
    assert "geheim" not in page


def test_a_day_without_trouble_is_one_sentence(gateway: Gateway, somebody: Visitor) -> None:
    store_at(gateway, NOON)
    handle_all(dispatcher_of(gateway, enter))
    save_counts(gateway)

    assert "Nothing is waiting. 1 request was received today, and answered TRUE. 0 open problems." in seen(
        somebody
    )


def save_counts(gateway: Gateway) -> None:
    """Save what was counted of requests, which the server does every few seconds."""
    with gateway.engine.begin() as conn:
        gateway.receiver.intake.save(conn)


def test_a_reply_that_did_not_go_out_is_an_open_problem_as_the_alert_counts_it(
    gateway: Gateway, somebody: Visitor
) -> None:
    store_at(gateway, NOON)
    handle_all(dispatcher_of(gateway, enter))
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).values(state="failed", due_at=None))

    assert "1 open problem." in seen(somebody)


def test_what_waits_and_what_went_wrong_is_counted_and_each_figure_leads_to_its_rows(
    gateway: Gateway, somebody: Visitor
) -> None:
    store_at(gateway, NOON, KEYWORD="NOBODY")
    handle_all(dispatcher_of(gateway, enter))
    store_at(gateway, NOON)
    store_at(gateway, NOON, MSISDN="32400000001")

    page = seen(somebody)
    assert "2 messages wait, the oldest since 22 nov 2026 13:00:00 Amsterdam (UTC+1)." in page
    assert "1 open problem." in page
    with time_machine.travel(NOON, tick=False):
        for address in set(re.findall('href="/dashboard(?!/static)([^"]*)"', somebody.text("/"))):
            assert somebody.get(address.replace("&amp;", "&")).status_code == 200, address


def test_while_callbacks_are_refused_it_says_when_the_first_message_is_lost(
    gateway: Gateway, somebody: Visitor
) -> None:
    LossClock(gateway.settings.refusals_file).refused(NOON - timedelta(hours=1))

    page = seen(somebody)

    assert "We refuse callbacks since 22 nov 2026 12:00:00 Amsterdam (UTC+1)." in page
    assert "the first message is lost at 23 nov 2026 12:00:00 Amsterdam (UTC+1)." in page


def test_without_its_database_a_page_says_so_and_when_the_first_message_is_lost(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    LossClock(gateway.settings.refusals_file).refused(NOON)
    captured_log(monkeypatch, gate)

    def fail(*_args: object) -> None:
        raise OSError("no space left on device")

    event.listen(gateway.engine, "begin", fail)
    response = somebody.get("/")

    assert response.status_code == 503
    assert "The database does not answer" in response.text
    assert "the first message is lost at 23 nov 2026 13:00:00" in words(response.text)


def test_what_was_answered_is_compared_with_what_is_stored_once_the_date_is_over(
    gateway: Gateway, somebody: Visitor
) -> None:
    yesterday = NOON - timedelta(days=1)
    for number in ("32400000001", "32400000002"):
        store_at(gateway, yesterday, MSISDN=number)
    store_at(gateway, yesterday, MSISDN="32400000001")
    save_counts(gateway)
    tally_with(gateway, enter).round()
    in_balance = seen(somebody)

    with gateway.engine.begin() as conn:  # as no crash may
        conn.execute(delete(mo_handling))
        conn.execute(delete(mo_message).where(mo_message.c.msisdn == "32400000002"))
    for _ in tally_with(gateway, enter).rebuild():
        pass

    assert "2026-11-21 3 2 1 0 0 2 ● nothing is missing" in in_balance
    assert "2026-11-21 3 2 1 0 0 1 ✕ 1 is missing" in seen(somebody)


def test_what_is_stored_is_compared_with_what_became_of_it(gateway: Gateway, somebody: Visitor) -> None:
    store_at(gateway, NOON)
    handle_all(dispatcher_of(gateway, enter))
    store_at(gateway, NOON, MSISDN="32400000002")
    tally_with(gateway, enter).round()

    assert "2026-11-22 4414 2 1 0 0 1 ● nothing is missing" in seen(somebody)


def test_every_hour_of_the_last_day_has_its_figures(gateway: Gateway, somebody: Visitor) -> None:
    store_at(gateway, NOON - timedelta(hours=1))
    store_at(gateway, NOON - timedelta(hours=1))
    handle_all(dispatcher_of(gateway, enter))
    tally_with(gateway, enter).round()

    page = seen(somebody)
    assert "22 nov 2026 12:00:00 Amsterdam (UTC+1) 2 1 1" in page
    assert page.count("Amsterdam (UTC+1) 0 0 0") == 23


def test_a_manager_comes_to_the_campaigns(gateway: Gateway) -> None:
    with time_machine.travel(NOON, tick=False):
        response = visitor(gateway, "manager", "win").get("/")

    assert response.location == "/dashboard/campaigns"
