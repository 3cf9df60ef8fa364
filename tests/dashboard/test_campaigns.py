"""Campaigns: how it is going, by date and by hour; polls, and the votes behind each total."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.settings import Settings
from mo_gateway.sheets import BYTE_ORDER_MARK
from mo_gateway.store import audit, campaigns
from mo_gateway.store.report_tables import report_counted, report_hour
from mo_gateway.store.tables import mo_message
from tests.conftest import settings_for

from .filling import ROUTES, TEXTS, cells, dead_links, fill, row_of, settings_with
from .visiting import visitor

CAMPAIGN = "/campaigns/4414/win"
POLL = "/campaigns/4414/song"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_with(database_url, tmp_path)


@pytest.fixture
def filled(gateway: Gateway) -> Gateway:
    fill(gateway, TEXTS)
    return gateway


def date_of_messages(gateway: Gateway) -> str:
    """Give the local date on which the messages came: midnight may have passed since."""
    with gateway.engine.connect() as conn:
        received_at = conn.scalars(select(mo_message.c.received_at)).first()
    assert received_at
    return f"{received_at.astimezone(gateway.settings.timezone):%Y-%m-%d}"


def test_the_list_has_a_row_for_the_words_of_each_handler(filled: Gateway) -> None:
    page = visitor(filled).text("/campaigns")

    assert row_of(page, "WIN also GAGNE")[1:5] == ["4414", "always", "3", "0"]
    assert "from 1 jan 2999" in row_of(page, "LATER")[2]
    assert "over since 1 jan 2020" in row_of(page, "PAST")[2]
    assert row_of(page, "song")[1:] == ["SONG", "2", "1", "0", "0", "1"]


def test_a_campaign_counts_its_messages_and_their_senders_by_date(filled: Gateway) -> None:
    page = visitor(filled).text(CAMPAIGN)

    assert row_of(page, date_of_messages(filled))[1:] == ["3", "2", "–", "0", "0", "0"]
    assert "Its words: WIN, GAGNE." in page


def test_a_campaign_counts_its_messages_by_the_hour(filled: Gateway) -> None:
    page = visitor(filled).text(POLL)

    by_hour = page.partition("<h2>By date")[0]
    hours = [int(row[1]) for row in cells(by_hour) if len(row) == 2 and row[1].isdigit()]
    assert (len(hours), sum(hours)) == (24, 4)


def test_a_count_of_words_is_the_number_of_messages_behind_its_link(gateway: Gateway) -> None:
    assert gateway.settings.routes
    gateway.settings.routes.write_text(ROUTES.replace('"GAGNE"', '"Été", "C++"'))
    words = ("WIN", "win", "Win!", "ÉTÉ", "été", "c++", "ete", "wins", "Song", "SONG", "song?", "WIN")
    fill(gateway, [(word, str(n), f"324000000{n:02}") for n, word in enumerate(words)])
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).where(mo_message.c.parm == "11").values(is_test=True))
    fill(gateway)
    somebody = visitor(gateway)

    counts = [
        (int(count), len(re.findall(r'class="whole"', somebody.text(unescape(link)))))
        for page in (CAMPAIGN, POLL, "/keywords")
        for link, count in re.findall(r'href="/dashboard(/messages\?[^"]*)">(\d+)</a>', somebody.text(page))
    ]

    assert {6, 3} <= {count for count, _rows in counts}
    assert [(count, rows) for count, rows in counts if count != rows] == []


def test_the_hours_are_fewer_where_there_are_very_many_messages(filled: Gateway) -> None:
    now = datetime.now(UTC)
    with filled.engine.begin() as conn:
        conn.execute(update(report_hour).values(messages=10))
        found = campaigns.find(conn, "4414", "song", None)
        assert found
        all_of_them = campaigns.hours(conn, found, now=now, most=10)
        this_one = campaigns.hours(conn, found, now=now + timedelta(hours=1), most=9)

    assert len(all_of_them) == 24
    assert len(this_one) == 1


def test_the_charts_are_drawn_from_tables_that_name_what_they_draw(filled: Gateway) -> None:
    page = visitor(filled).text(POLL)

    tables = re.findall(r"<table data-chart=.*?</table>", page, re.DOTALL)
    kinds = [re.findall(r'data-chart="(\w+)"', table)[0] for table in tables]
    assert kinds == ["time", "time", "bar"]
    for kind, table in zip(kinds, tables, strict=True):
        head, _, body = table.partition("<tbody>")
        assert "<caption>" in head
        assert 'class="figure"' in head
        assert kind == "bar" or len(re.findall(r'<th scope="row"><time datetime="', body)) == body.count("<tr>")
    assert '<body data-zone="Europe/Amsterdam">' in page
    assert " style=" not in page
    assert "charts.js" in page


def test_a_campaign_says_how_old_its_figures_are(filled: Gateway) -> None:
    somebody = visitor(filled)
    assert "Data until" in somebody.text(CAMPAIGN)
    assert "behind" not in somebody.text(CAMPAIGN)

    with filled.engine.begin() as conn:
        conn.execute(update(report_counted).values(counted_at=datetime.now(UTC) - timedelta(minutes=6, seconds=5)))

    assert "; the worker is 6 min behind." in somebody.text(CAMPAIGN)


def test_a_campaign_says_when_it_starts_when_it_is_over_and_that_nobody_has_texted_it(gateway: Gateway) -> None:
    fill(gateway)
    somebody = visitor(gateway)

    assert re.search(r"It starts <time[^>]*>1 jan 2999", somebody.text("/campaigns/4415/later"))
    assert "Nobody has texted LATER yet." in somebody.text("/campaigns/4415/later")
    assert re.search(r"It is over since <time[^>]*>1 jan 2020", somebody.text("/campaigns/4415/past"))
    assert "Nobody has voted in song yet." in somebody.text(POLL)
    assert "Nobody has voted yet." in somebody.text("/campaigns")


def test_where_nothing_is_counted_and_no_keyword_is_in_force_the_pages_say_so(database_url: str) -> None:
    gateway = open_gateway(settings_for(database_url))
    try:
        page = visitor(gateway).text("/campaigns")
    finally:
        gateway.close()

    assert "Nothing is counted yet" in page
    assert "No keyword is in force." in page


def test_a_campaign_whose_route_is_gone_keeps_its_page(filled: Gateway) -> None:
    assert filled.settings.routes
    filled.settings.routes.write_text(ROUTES.replace('"WIN"', '"WON"'))
    fill(filled)

    page = visitor(filled).text(CAMPAIGN)

    assert "No route has this word any more." in page
    assert row_of(page, date_of_messages(filled))[1] == "2"


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/4414/nothing",
        "/campaigns/1/win",
        "/campaigns/4414/%00",
        "/votes?poll=x",
        "/votes",
        "/votes/file?poll=x",
        "/votes/list/file?poll=x",
        "/campaigns/file?keyword=x",
    ],
)
def test_what_there_is_not_is_told_in_a_sentence(path: str, filled: Gateway) -> None:
    response = visitor(filled).get(path)

    assert response.status_code == 404
    assert "There is no" in response.text


# Polls


def test_a_poll_has_its_options_with_their_share_and_what_does_not_count_apart(filled: Gateway) -> None:
    page = visitor(filled).text(POLL)

    assert row_of(page, "Blue")[1:] == ["2", "100.0 %", "0", "0", "0"]
    assert row_of(page, "Red")[1:] == ["0", "0.0 %", "1", "0", "0"]
    assert "2 votes count." in page
    assert "1 names no option." in page
    assert re.search(r"It closes <time[^>]*>1 jan 2999", page)
    assert "first vote counts." in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "",
            [
                ("4", "Blue", "counted"),
                ("5", "Red", "double"),
                ("6", "Blue", "counted"),
                ("7", "none", "unreadable"),
            ],
        ),
        ("&standing=counted", [("4", "Blue", "counted"), ("6", "Blue", "counted")]),
        ("&standing=double", [("5", "Red", "double")]),
        ("&option=Blue&standing=late", []),
        ("&standing=nonsense", []),
        ("&before=5", [("4", "Blue", "counted")]),
    ],
)
def test_the_votes_behind_a_total_are_there(
    query: str, found: list[tuple[str, str, str]], filled: Gateway
) -> None:
    page = visitor(filled).text(f"/votes?poll=song{query}")

    rows = re.findall(
        r'/messages/(\d+)">.*?data-title="Option">(\w+)<.*?data-title="Standing">(\w+)<', page, re.DOTALL
    )
    assert rows == found[::-1]
    assert found or "No vote is of this kind." in page


def test_the_last_vote_counts_where_the_poll_says_so(gateway: Gateway) -> None:
    assert gateway.settings.routes
    gateway.settings.routes.write_text(ROUTES.replace('poll = "song"', 'poll = "song"\ncounts = "last"'))
    fill(gateway, TEXTS)

    somebody = visitor(gateway)

    assert "last vote counts." in somebody.text(POLL)
    assert row_of(somebody.text("/votes?poll=song&option=Red"), "5")[2] == "counted"
    assert row_of(somebody.text("/votes?poll=song&option=Blue&standing=double"), "4")[2] == "double"


# A manager


def test_a_manager_sees_the_own_campaigns_and_polls_and_no_others(filled: Gateway) -> None:
    manager = visitor(filled, "manager", "win")

    page = manager.text("/campaigns")

    assert row_of(page, "WIN")[3] == "2"
    assert "GAGNE" not in page
    assert "SONG" not in page
    assert "Nobody has voted yet." in page
    for path in (
        POLL,
        "/campaigns/4414/gagne",
        "/votes?poll=song",
        "/votes/file?poll=song",
        "/votes/list/file?poll=song",
        "/campaigns/file?shortcode=4414&keyword=song",
    ):
        assert manager.get(path).status_code == 404, path


def test_a_manager_of_a_poll_sees_its_votes(filled: Gateway) -> None:
    manager = visitor(filled, "manager", "song")

    assert row_of(manager.text("/campaigns"), "song")[2] == "2"
    assert row_of(manager.text("/votes?poll=song&standing=counted"), "6")
    assert "Blue" in manager.get("/votes/file?poll=song").text


# Files


def test_the_dates_of_a_campaign_are_a_file_of_it_alone(filled: Gateway) -> None:
    response = visitor(filled).get("/campaigns/file?shortcode=4414&keyword=gagne&days=30")

    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [(row["keyword"], row["messages"]) for row in rows] == [("gagne", "1"), ("win", "2")]
    assert re.search(
        r'filename="report_daily-4414-win-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv"',
        response.headers["Content-Disposition"],
    )
    with filled.engine.begin() as conn:
        (entry,) = audit.latest(conn, action="export", limit=2)
    assert entry["subject"] == "report_daily"
    assert sorted(entry["details"]["only"]["keyword"]) == ["gagne", "win"]


def test_the_votes_behind_a_total_are_a_file_of_what_is_asked_for(filled: Gateway) -> None:
    response = visitor(filled).get("/votes/list/file?poll=song&option=Red&standing=double")

    assert response.text.splitlines()[0] == "poll,message_id,option,standing,voted_at_amsterdam"
    assert [line.rpartition(",")[0] for line in response.text.splitlines()[1:]] == ["song,5,Red,double"]
    assert "votes-song-red-double-2" in response.headers["Content-Disposition"]


def test_a_file_for_excel_begins_with_its_mark_and_no_cell_is_a_formula(gateway: Gateway) -> None:
    assert gateway.settings.routes
    gateway.settings.routes.write_text(
        ROUTES.replace('options = ["Blue", "Red"]', 'options = { "=1+1" = "blue" }')
    )
    fill(gateway, TEXTS)

    response = visitor(gateway).get("/votes/file?poll=song&form=excel-nl")

    assert response.text.startswith(f"{BYTE_ORDER_MARK}poll;option;")
    assert "song;'=1+1;" in response.text


def test_a_form_that_there_is_not_is_csv(filled: Gateway) -> None:
    assert visitor(filled).get("/votes/file?poll=song&form=exe").text.startswith("poll,option,")


def test_every_link_of_the_pages_leads_to_a_page(filled: Gateway) -> None:
    somebody = visitor(filled)

    for path in ("/campaigns", CAMPAIGN, POLL, "/votes?poll=song"):
        assert dead_links(somebody, somebody.text(path)) == [], path
