"""Choosing messages: each condition of the filter, and the ways to write a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest
from sqlalchemy import select, update

from mo_gateway.cli.filters import read_moment, row_number
from mo_gateway.gateway import Gateway
from mo_gateway.store import paging
from mo_gateway.store.selection import Filter, conditions
from mo_gateway.store.tables import mo_handling, mo_message

from .examples import NOW, webhook
from .plans import explained, scans

BRUSSELS = ZoneInfo("Europe/Brussels")


def store(gateway: Gateway, *, minutes: int = 0, **changes: str) -> int:
    """Store the example, received some minutes after NOW, and give its number."""
    request = webhook(now=NOW + timedelta(minutes=minutes), **changes)
    return gateway.receiver.receive(gateway.spryng, request).id


def set_handling(gateway: Gateway, message_id: int, **values: str) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_handling).where(mo_handling.c.message_id == message_id).values(values))


def found(gateway: Gateway, **chosen: Any) -> list[int]:
    query = select(mo_message.c.id).join(mo_handling).where(*conditions(Filter(**chosen)))
    with gateway.engine.begin() as conn:
        return list(conn.scalars(query.order_by(mo_message.c.id)))


def test_nothing_set_chooses_every_message(gateway: Gateway) -> None:
    stored = [store(gateway, PARM="a"), store(gateway, PARM="b")]

    assert found(gateway) == stored


def test_since_is_inclusive_and_until_is_not(gateway: Gateway) -> None:
    stored = [store(gateway, minutes=minutes, PARM=str(minutes)) for minutes in (0, 1, 2)]

    chosen = found(gateway, since=NOW, until=NOW + timedelta(minutes=2))

    assert chosen == stored[:2]


def test_any_of_several_states_is_chosen(gateway: Gateway) -> None:
    failed, dead, done = (store(gateway, PARM=state) for state in ("failed", "dead", "done"))
    for message_id, state in ((failed, "failed"), (dead, "dead"), (done, "done")):
        set_handling(gateway, message_id, state=state)

    assert found(gateway, states=("failed", "dead")) == [failed, dead]


def test_a_handler_is_chosen_by_its_whole_name(gateway: Gateway) -> None:
    mine, other = store(gateway, PARM="a"), store(gateway, PARM="b")
    set_handling(gateway, mine, handler="quiz")
    set_handling(gateway, other, handler="quiz.late")

    assert found(gateway, handler="quiz") == [mine]


def test_a_shortcode_and_ids_are_chosen(gateway: Gateway) -> None:
    first, second, _third = (store(gateway, SHORTCODE=number) for number in ("4414", "3010", "7000"))

    assert found(gateway, shortcode="3010") == [second]
    assert found(gateway, ids=(first, second)) == [first, second]


@pytest.mark.parametrize("written", ["été", "ÉTÉ", "E\u0301te\u0301", "Été!"])
def test_a_keyword_is_chosen_as_routing_compares_it(gateway: Gateway, written: str) -> None:
    stored = [store(gateway, KEYWORD=word) for word in ("ÉTÉ", "été", "Été!", "ete", "étés")]

    assert found(gateway, keywords=(written,)) == stored[:3]


def test_any_of_several_keywords_is_chosen(gateway: Gateway) -> None:
    stored = [store(gateway, KEYWORD=word) for word in ("WIN", "gagne", "Wins")]

    assert found(gateway, keywords=("Win", "GAGNE")) == stored[:2]


def test_of_old_messages_whose_word_is_not_folded_ascii_keywords_are_chosen(gateway: Gateway) -> None:
    ascii_word, _other = (store(gateway, KEYWORD=word) for word in ("Win", "ÉTÉ"))
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).values(keyword_folded=None))

    assert found(gateway, keywords=("WIN", "été")) == [ascii_word]


def test_tests_are_left_out_where_only_real_messages_are_asked_for(gateway: Gateway) -> None:
    test, real = store(gateway, PARM="a"), store(gateway, PARM="b")
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).where(mo_message.c.id == test).values(is_test=True))

    assert found(gateway, is_real=True) == [real]


def test_a_page_of_a_keyword_is_found_by_indexes(gateway: Gateway) -> None:
    store(gateway)
    with explained(gateway) as steps, gateway.engine.begin() as conn:
        chosen = Filter(keywords=("WIN", "été"), since=NOW - timedelta(days=1), is_real=True)
        (page,) = paging.newest_first(conn, chosen, before=None, limit=50)

    assert len(page) == 1
    assert any("mo_message_pkey" in step or "INTEGER PRIMARY KEY" in step for step in steps)
    assert scans(steps) == []


def test_all_conditions_hold_at_once(gateway: Gateway) -> None:
    wanted = store(gateway, SHORTCODE="3010", KEYWORD="JOIN")
    store(gateway, SHORTCODE="3010")
    store(gateway, KEYWORD="JOIN")

    assert found(gateway, shortcode="3010", keywords=("join",), states=("pending",)) == [wanted]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("1.5h", NOW - timedelta(hours=1.5)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-22", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("2026-11-22T14:00", datetime(2026, 11, 22, 13, tzinfo=UTC)),
        ("2026-07-01 14:00:30", datetime(2026, 7, 1, 12, 0, 30, tzinfo=UTC)),
        ("2026-11-22T14:00Z", datetime(2026, 11, 22, 14, tzinfo=UTC)),
        ("2026-11-22T14:00-05:00", datetime(2026, 11, 22, 19, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_the_configured_zone_unless_it_names_one(written: str, moment: datetime) -> None:
    assert read_moment(written, BRUSSELS, NOW) == moment


@pytest.mark.parametrize("day", ["2026-11-22", "2026-03-29", "2026-10-25"])
def test_until_a_date_is_the_end_of_that_day(day: str) -> None:
    until = read_moment(day, BRUSSELS, NOW, end_of_day=True)

    next_day = datetime.fromisoformat(day) + timedelta(days=1)
    assert until.astimezone(BRUSSELS).replace(tzinfo=None) == next_day


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "2h ago", "0s", "1.2.3h", "99999999d", "20", "2026-13-01", "2026-02-29", "0001-01-01", "²h"],
)
def test_what_is_no_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(click.BadParameter, match="such as"):
        read_moment(written, BRUSSELS, NOW)


def test_until_the_last_day_of_the_calendar_is_refused_with_an_example() -> None:
    with pytest.raises(click.BadParameter, match="such as"):
        read_moment("9999-12-31", BRUSSELS, NOW, end_of_day=True)


@pytest.mark.parametrize("written", ["0", "-1", "", "²", "1.0", "9223372036854775808", "x"])
def test_what_is_no_number_of_a_row_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 812"):
        row_number(written)
