"""Reports: the views that SQL can ask, a question for each, and their rows as a file."""

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.settings import Settings
from mo_gateway.store import audit
from mo_gateway.store.views import VIEWS, making
from mo_gateway.store.views.view import View
from mo_gateway.web.dashboard.desk import FILES_AT_ONCE
from mo_gateway.web.dashboard.pages.reports import command
from tests.conftest import settings_for

from .filling import TEXTS, dead_links, fill, row_of, settings_with
from .visiting import visitor


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_with(database_url, tmp_path)


def test_every_view_is_in_the_list_with_what_one_row_of_it_is(gateway: Gateway) -> None:
    page = visitor(gateway).text("/reports")

    for view in VIEWS:
        assert row_of(page, view.name)[2] == str(len(view.columns))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_its_columns_a_question_and_a_line_that_asks_it(view: View, gateway: Gateway) -> None:
    somebody = visitor(gateway)

    page = somebody.text(f"/reports/{view.name}")

    for column in view.columns:
        is_personal = column.is_personal or view.is_private
        told = [column.name, column.kind, column.unit or "–", column.meaning, "▲ yes" if is_personal else "no"]
        assert row_of(page, column.name) == told
    assert view.question.partition("'")[0].replace(">", "&gt;").replace("<", "&lt;") in page
    assert not set('"$`\\') & set(view.question)  # what means something between double quotes
    assert dead_links(somebody, page) == []


def test_the_line_that_asks_names_the_database_and_nobodys_password() -> None:
    url = make_url("postgresql+psycopg://somebody:hidden@db.example:5433/mo_gateway")

    assert command(url, "SELECT 1;") == 'psql -h db.example -p 5433 -d mo_gateway -U YOUR_NAME -c "SELECT 1;"'
    assert command(make_url("sqlite:////var/a b.db")) == "sqlite3 -readonly -header '/var/a b.db'"


def test_rows_are_a_file_without_what_is_personal_and_the_trail_tells_who_took_it(gateway: Gateway) -> None:
    fill(gateway, TEXTS)

    response = visitor(gateway, "viewer").get("/reports/report_messages/file?form=csv")

    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert len(rows) == len(TEXTS)
    assert not {"keyword", "parm"} & set(rows[0])
    assert "3240000000" not in response.text
    with gateway.engine.begin() as conn:
        (entry,) = audit.latest(conn, action="export", limit=2)
    assert (entry["actor"], entry["role"], entry["subject"]) == ("the viewer", "viewer", "report_messages")


def test_a_file_holds_the_dates_that_are_asked_for(gateway: Gateway) -> None:
    fill(gateway, TEXTS)

    response = visitor(gateway).get("/reports/report_daily/file?since=2020-01-01&until=2020-01-31")

    assert response.text.count("\n") == 1
    assert 'filename="report_daily-2020-01-01-to-2020-01-31.csv"' in response.headers["Content-Disposition"]


def test_a_large_view_comes_in_several_parts(gateway: Gateway) -> None:
    fill(gateway, [("WIN", str(n), "32400000001") for n in range(600)])

    response = visitor(gateway).client.get("/dashboard/reports/report_messages/file", buffered=False)

    assert len(list(response.iter_encoded())) == 2


def test_no_more_files_are_sent_at_a_time_than_leave_room_for_the_callbacks(gateway: Gateway) -> None:
    client = visitor(gateway).client
    path = "/dashboard/reports/report_columns/file"
    under_way = [client.get(path) for _ in range(FILES_AT_ONCE)]

    too_many = client.get(path)
    under_way[0].close()
    then = client.get(path)

    assert (too_many.status_code, then.status_code) == (503, 200)
    assert "Too many files" in too_many.text
    for response in (*under_way, then):
        response.close()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/reports/x", 404, "There is no report x."),
        ("/reports/x/file", 404, "There is no report x."),
        ("/reports/report_people_private/file", 403, "tells people"),
        ("/reports/report_daily/file?since=tomorrow", 400, "is no time such as"),
        ("/reports/report_daily/file?since=2026-11-02&until=2026-11-01", 400, "is not before"),
    ],
)
def test_what_is_no_file_is_told_in_a_sentence(path: str, status: int, words: str, gateway: Gateway) -> None:
    response = visitor(gateway).get(path)

    assert response.status_code == status
    assert words in response.text


def test_a_view_that_the_database_has_not_is_told(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("DROP VIEW report_votes"))
    try:
        page = visitor(gateway).text("/reports")
    finally:
        with gateway.engine.begin() as conn:
            making.drop(conn)
        making.make(gateway.engine)

    assert "The database has not report_votes: mo-gateway db upgrade makes them." in page


def test_on_postgresql_the_page_gives_what_lets_an_analyst_read(postgres_url: str) -> None:
    gateway = open_gateway(settings_for(postgres_url))
    try:
        somebody = visitor(gateway)
        page = somebody.text("/reports")
        start = page.index("CREATE ROLE mo_reader")
        statements = page[start : page.index("</pre>", start)]
        with gateway.engine.begin() as conn:
            conn.execute(text(statements))
        assert "CREATE ROLE" not in somebody.text("/reports")
        with gateway.engine.begin() as conn:
            conn.execute(text("REVOKE SELECT ON report_daily FROM mo_reader"))
        assert "GRANT SELECT ON report_daily TO mo_reader" in somebody.text("/reports")
    finally:
        with gateway.engine.begin() as conn:
            conn.execute(text("DROP OWNED BY mo_reader"))
            conn.execute(text("DROP ROLE mo_reader"))
        gateway.close()


def test_on_sqlite_the_page_warns_of_handing_out_the_file(sqlite_url: str) -> None:
    gateway = open_gateway(settings_for(sqlite_url))
    try:
        page = visitor(gateway).text("/reports")
    finally:
        gateway.close()

    assert "Whoever can read the file can read everything in it" in page
    assert "datasette " in page
    assert "CREATE ROLE" not in page


def test_reports_are_not_for_a_manager(gateway: Gateway) -> None:
    manager = visitor(gateway, "manager", "win")

    assert manager.get("/reports").status_code == 403
    assert ">Reports<" not in manager.text("/keywords")
