"""Keywords: who gets which text, what comes close to a keyword, and a text that is tried."""

import csv
import io
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mo_gateway import keyword
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.settings import Settings
from mo_gateway.store import audit, presence
from mo_gateway.store.presence import Loaded
from tests.conftest import settings_for
from tests.reporting import tally_with

from .filling import ROUTES, TEXTS, dead_links, fill, row_of, settings_with
from .visiting import visitor


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_with(database_url, tmp_path)


@pytest.fixture
def filled(gateway: Gateway) -> Gateway:
    fill(gateway, TEXTS)
    return gateway


@pytest.fixture
def without_routes(database_url: str) -> Iterator[Gateway]:
    gateway = open_gateway(settings_for(database_url))
    yield gateway
    gateway.close()


def routes_of(gateway: Gateway) -> Path:
    assert gateway.settings.routes
    return gateway.settings.routes


def test_each_keyword_stands_there_with_its_handler_its_place_and_its_messages(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords")

    place = f"{routes_of(filled)}:2"
    assert row_of(page, "WIN")[:5] == ["WIN", "4414", f"reply:win@4414 {place}", "–", "2"]
    assert row_of(page, "GAGNE alias of WIN")[4] == "1"
    assert row_of(page, "SONG")[4] == "4"
    assert "2999" in row_of(page, "LATER")[3]
    assert row_of(page, "PAST")[3].endswith("(over)")


def test_a_keyword_can_be_looked_for_by_its_beginning(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords?word=Ga")

    assert row_of(page, "GAGNE alias of WIN")
    assert ">SONG<" not in page
    assert "Nothing matches" in visitor(filled, name="other").text("/keywords?word=w_n")


def test_words_that_come_close_stand_below_with_the_line_that_makes_them_an_alias(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords").partition('id="near"')[2]

    assert row_of(page, "winn")[:4] == ["winn", "4414", "2", "WIN"]
    line = "&#34;GAGNE&#34;, &#34;winn&#34;]"
    assert f"aliases = [{line}" in page
    assert "It would have matched" in page
    assert "state=unrouted" in page


def test_the_line_for_an_alias_makes_it_one(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords")
    start = page.index("aliases = [")
    line = page[start : page.index("<", start)].replace("&#34;", '"')

    routes_of(filled).write_text(ROUTES.replace('aliases = ["GAGNE"]', line))
    fill(filled)

    page = visitor(filled, name="later").text("/keywords")
    assert row_of(page, "winn alias of WIN")[4] == "2"
    assert "comes close to a keyword" in page


def test_the_line_for_an_alias_is_python_where_the_handler_is(without_routes: Gateway) -> None:
    @keyword("HELLO", shortcode="4414")
    def hello(_message: object) -> None: ...

    fill(without_routes, [("HELO", "", "32400000001")])
    tally_with(without_routes, hello, clock=without_routes.clock).round()

    page = visitor(without_routes).text("/keywords")

    assert "@keyword(&#34;HELLO&#34;, shortcode=&#34;4414&#34;)" not in page
    assert "@keyword(&#34;HELLO&#34;, &#34;helo&#34;, shortcode=&#34;4414&#34;)" in page


def test_without_a_handler_the_page_gives_four_lines_that_make_one(
    without_routes: Gateway, tmp_path: Path
) -> None:
    page = visitor(without_routes).text("/keywords")

    start = page.index("[[route]]")
    lines = page[start : page.index("</pre>", start)].replace("&#34;", '"')
    assert len(tomllib.loads(lines)["route"][0]) == len(lines.splitlines()) - 1 == 3
    settings_with(str(without_routes.settings.database_url), tmp_path, lines)


def test_a_fault_in_the_routes_is_told_with_its_file_and_line(filled: Gateway) -> None:
    routes_of(filled).write_text('[[route]]\nkeyword = "A B"\nreply = { text = "x" }\n')

    page = visitor(filled).text("/keywords")
    of_manager = visitor(filled, "manager", "win").text("/keywords")

    assert f"{routes_of(filled)}:2: " in page
    assert "workers go on with those that they have loaded" in page
    assert row_of(page, "WIN")[4] == "2"
    assert "A B" not in of_manager
    assert "only those see who may look at all of them" in of_manager


def test_a_worker_that_could_not_load_its_routes_is_named_with_the_fault(filled: Gateway) -> None:
    with filled.engine.begin() as conn:
        presence.arrive(conn, "host:7", Loaded(routes=4))
        presence.loaded(conn, "host:7", Loaded(routes=4, error="routes.toml:7: wrong"), asked_at=None)

    page = visitor(filled).text("/keywords")

    assert "The worker host:7 could not load its routes anew. The last good ones, loaded <time" in page
    assert "routes.toml:7: wrong" in page
    assert "routes.toml:7" not in visitor(filled, "manager", "win").text("/keywords")


def test_a_route_that_never_wins_is_told(filled: Gateway) -> None:
    first = '[[route]]\nname = "yes"\nkeyword = "WIN"\nreply = { text = "yes" }\n'
    second = '[[route]]\nname = "no"\nkeyword = "WIN"\npriority = -1\nreply = { text = "no" }\n'
    routes_of(filled).write_text(first + second)

    assert "never wins" in visitor(filled).text("/keywords")


def test_a_manager_sees_the_own_keywords_and_what_comes_close_to_them(filled: Gateway) -> None:
    page = visitor(filled, "manager", "song").text("/keywords")

    assert row_of(page, "SONG")
    assert "WIN" not in page
    assert "winn" not in page
    assert "None of your keywords is in force" in visitor(filled, "manager", "xyz", name="m2").text("/keywords")


def test_the_keywords_are_a_file_of_the_own_ones_and_the_trail_tells_who_took_it(filled: Gateway) -> None:
    response = visitor(filled, "manager", "win").get("/keywords/file?form=csv")

    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["keyword"] for row in rows] == ["WIN"]
    assert response.headers["Content-Disposition"].startswith('attachment; filename="report_keywords-2')
    with filled.engine.begin() as conn:
        entry = audit.latest(conn, action="export", limit=2)
    assert [(one["actor"], one["subject"]) for one in entry] == [("the manager", "report_keywords")]


def test_a_file_has_the_keywords_that_begin_with_the_word_that_is_asked_for(filled: Gateway) -> None:
    somebody = visitor(filled)

    response = somebody.get("/keywords/file?word=ga")

    assert [row["keyword"] for row in csv.DictReader(io.StringIO(response.text))] == ["GAGNE"]
    assert "report_keywords-ga-2" in response.headers["Content-Disposition"]
    assert "/dashboard/keywords/file?form=csv&amp;word=ga" in somebody.text("/keywords?word=ga")


def test_a_hostile_word_is_shown_as_text(filled: Gateway) -> None:
    assert "<b>song" not in visitor(filled).text("/keywords")


def test_every_link_of_the_page_leads_to_a_page(filled: Gateway) -> None:
    somebody = visitor(filled)

    assert dead_links(somebody, somebody.text("/keywords")) == []


# Try a text


def test_a_text_that_is_tried_tells_who_wins_and_why_the_others_lose(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords/try?text=win+now&shortcode=4414")

    assert row_of(page, "● wins")[1:4] == ["WIN", "4414", f"reply:win@4414 {routes_of(filled)}:2"]
    assert "not the same word: SONG" in page
    assert "The keyword is" in page


def test_the_preview_shows_the_answer_and_marks_what_makes_it_ucs_2(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords/try?text=win+now&shortcode=4414")

    assert "Thanks <mark>–</mark> win now" in page
    assert "UCS-2" in page
    assert row_of(page, "–")[1:] == ["U+2013", "-"]


def test_the_preview_of_a_long_answer_has_its_parts(filled: Gateway) -> None:
    page = visitor(filled).text(f"/keywords/try?text=win+{'x' * 100}&shortcode=4414")

    assert page.count("<li>") - page.partition("<main")[0].count("<li>") == 2


def test_the_preview_shows_what_a_vote_is_answered_and_counts_nothing(filled: Gateway) -> None:
    somebody = visitor(filled)
    before = row_of(somebody.text("/campaigns/4414/song"), "Blue")

    page = somebody.text("/keywords/try?text=SONG+blue&shortcode=4414")

    assert "You chose Blue." in page
    assert "GSM-7" in page
    assert row_of(somebody.text("/campaigns/4414/song"), "Blue") == before


def test_a_hostile_text_is_shown_as_text_in_the_preview_too(filled: Gateway) -> None:
    page = visitor(filled).text("/keywords/try?text=win+%3Cscript%3E%E2%80%AEx&shortcode=4414")

    assert "<script>x" not in page
    assert "&lt;script&gt;<mark>\\u202e</mark>x" in page
    assert page.count("\u202e") == 1  # in the field, where it can be changed


def test_a_stop_is_told_and_a_text_that_nobody_takes(filled: Gateway) -> None:
    somebody = visitor(filled)

    assert "It is a STOP: recorded before any handler" in somebody.text("/keywords/try?text=STOP&shortcode=4414")
    assert "stay unrouted" in somebody.text("/keywords/try?text=NOTHING&shortcode=4414")


@pytest.mark.parametrize(
    "query",
    ["text=&shortcode=4414", "text=WIN&shortcode=", "text=a%00&shortcode=4414", f"text={'x' * 1601}&shortcode=4"],
)
def test_what_is_no_text_is_not_tried(query: str, gateway: Gateway) -> None:
    page = visitor(gateway).text(f"/keywords/try?{query}")

    assert "are needed" in page
    assert "What becomes of it" not in page


def test_a_manager_is_not_told_of_the_keywords_of_others(filled: Gateway) -> None:
    page = visitor(filled, "manager", "song").text("/keywords/try?text=win+now&shortcode=4414")

    assert "A keyword that is not yours takes it" in page
    assert "Thanks" not in page
    assert "GAGNE" not in page


def test_routes_that_cannot_be_loaded_are_told_of_where_a_text_is_tried(filled: Gateway) -> None:
    routes_of(filled).write_text("[[route]]\nkeyword = 7\n")

    page = visitor(filled).text("/keywords/try?text=win&shortcode=4414")

    assert "The routes cannot be loaded" in page
    assert f"{routes_of(filled)}:2" in page
