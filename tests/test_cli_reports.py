"""`mo-gateway reports`: what can be asked, and counting anew."""

import json

from click.testing import CliRunner, Result
from sqlalchemy import text

from mo_gateway.cli import main
from mo_gateway.gateway import Gateway
from mo_gateway.settings import PREFIX
from mo_gateway.store.views import VIEWS

from .reporting import NOON, read, store_at, tally_with


def run(gateway: Gateway, *arguments: str, **settings: str) -> Result:
    url = gateway.engine.url.render_as_string(hide_password=False)
    environ = {"DATABASE_URL": url, "CALLBACK_SECRET": "geheim", "ALLOW_UNSAFE_DATABASE": "1", **settings}
    return CliRunner().invoke(main, ["reports", *arguments], env={PREFIX + n: v for n, v in environ.items()})


def test_the_views_are_listed_with_their_grain(gateway: Gateway) -> None:
    lines = run(gateway, "list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == [view.name for view in VIEWS]
    assert lines[0] == "report_messages         one stored message"


def test_a_view_is_shown_with_its_columns_and_a_question(gateway: Gateway) -> None:
    shown = run(gateway, "show", "report_vote_totals").stdout

    assert "share            number  0 to 1  Of all votes that count." in shown
    assert shown.endswith(
        "SELECT option, votes, share FROM report_vote_totals WHERE poll = 'song' ORDER BY votes DESC;\n"
    )


def test_datasette_is_told_what_each_view_and_column_is_and_a_question_that_can_be_asked(gateway: Gateway) -> None:
    printed = run(gateway, "datasette")
    if not gateway.settings.is_sqlite:
        assert printed.exit_code == 1
        assert "Datasette reads files of SQLite" in printed.stderr
        return

    ((name, found),) = json.loads(printed.stdout)["databases"].items()
    assert f"{name}.db" in str(gateway.engine.url)
    assert found["tables"].keys() == {view.name for view in VIEWS}
    assert found["tables"]["report_vote_totals"]["columns"]["share"] == "Of all votes that count."
    with gateway.engine.connect() as conn:
        for question in found["queries"].values():
            conn.execute(text(question["sql"])).all()


def test_programs_get_the_same_as_json(gateway: Gateway) -> None:
    listed = json.loads(run(gateway, "list", "--json").stdout)
    shown = json.loads(run(gateway, "show", "report_people_private", "--json").stdout)

    assert shown in listed
    assert shown["columns"][2] == {
        "name": "msisdn",
        "type": "text",
        "unit": "",
        "meaning": "The number: digits, country code first.",
        "is_personal": True,
    }


def test_a_view_that_is_none_is_an_error_that_says_where_they_are_named(gateway: Gateway) -> None:
    result = run(gateway, "show", "report_nothing")

    assert result.exit_code == 1
    assert result.stderr == "there is no view report_nothing: `mo-gateway reports list` names them\n"


def test_everything_is_counted_anew_in_the_zone_of_the_settings(gateway: Gateway) -> None:
    store_at(gateway, NOON.replace(hour=18))
    tally_with(gateway).round()

    result = run(gateway, "rebuild", TIMEZONE="Asia/Tokyo")

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("counted by the dates of Asia/Tokyo.\n")
    assert [str(row[0]) for row in read(gateway.engine, "report_daily", "local_date")] == ["2026-11-23"]
