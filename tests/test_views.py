"""The views of the reports: the same columns and rows on both databases, documented, and made only once."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, insert, inspect, text, update

from mo_gateway import Join, Leave, Message, Timing, Vote, keyword
from mo_gateway.errors import SchemaError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Outcome
from mo_gateway.store import schema
from mo_gateway.store.report_tables import report_state
from mo_gateway.store.tables import metadata, mo_handling, mo_intake, mt_message, opt_out
from mo_gateway.store.views import VIEWS, making
from mo_gateway.store.views.view import View

from .conftest import engine_for, settings_for
from .handling import consent_of, dispatcher_of, handle_all
from .postgres import PostgresServer
from .reporting import DAY, NOON, Clock, read, rows_of, store_at, tally_with
from .sending import Script, add_report, send_all, sender_of

DEPLOY = Path(__file__).parent.parent / "deploy"


@keyword("VOTE", name="vote")
def vote(message: Message) -> list[Any]:
    timing = Timing.LATE if message.parm == "late" else Timing.IN_TIME
    return [Vote(poll="song", option=message.parm, timing=timing), "Thanks."]


@keyword("NEWS", name="news")
def news(message: Message) -> Join | Leave:
    return Leave("news") if message.parm == "off" else Join("news")


@keyword("FAIL", name="fail")
def fail(message: Message) -> None:
    raise RuntimeError(f"no: {message.msisdn}")


def let_things_happen(gateway: Gateway) -> None:
    """Have something for every view, at moments that are always the same."""
    store_at(gateway, NOON - 9 * DAY, KEYWORD="VOTE", PARM="blue")
    store_at(gateway, NOON - timedelta(microseconds=1), KEYWORD="Vote", PARM="late", MSISDN="32400000002")
    store_at(gateway, NOON, KEYWORD="NEWS", PARM="")
    store_at(gateway, NOON, KEYWORD="NEWS", PARM="off")
    store_at(gateway, NOON, KEYWORD="FAIL", PARM="=1+1 'quoted' é", MSISDN="32400000003")
    store_at(gateway, NOON, KEYWORD="NIEWS", PARM="", MSISDN="32400000004")
    store_at(gateway, NOON, KEYWORD="32412345678", PARM="", MSISDN="32400000006")
    store_at(gateway, NOON, KEYWORD="STOP", PARM="", MSISDN="32400000005")
    store_at(gateway, NOON - 9 * DAY, KEYWORD="VOTE", PARM="blue")  # the provider repeats itself
    with gateway.engine.begin() as conn:
        counted = {"minute": NOON, "process": "host:1", "provider": "spryng", "n": 1}
        conn.execute(insert(mo_intake), [{**counted, "outcome": one.value} for one in Outcome])
    consent_of(gateway, vote, news, fail).record()
    handle_all(dispatcher_of(gateway, vote, news, fail))
    provider = Script()
    send_all(sender_of(gateway, provider, clock=Clock()), provider)
    add_report(gateway, 1)
    put_clocks_right(gateway)
    tally = tally_with(gateway, vote, news, fail, clock=Clock(NOON + timedelta(hours=1)))
    tally.round()


def put_clocks_right(gateway: Gateway) -> None:
    """Put what the database's own clock has said to a moment that is always the same."""
    moments = [mo_handling.c.finished_at, mt_message.c.sent_at, mt_message.c.tried_at, opt_out.c.confirmed_at]
    with gateway.engine.begin() as conn:
        for column in moments:
            then = NOON + timedelta(seconds=1, microseconds=1_000)
            conn.execute(update(column.table).where(column.is_not(None)).values({column: then}))


@pytest.fixture
def filled(gateway: Gateway) -> Gateway:
    let_things_happen(gateway)
    return gateway


def test_each_view_has_rows_whose_values_are_of_the_kinds_it_says(filled: Gateway) -> None:
    kinds: dict[str, Any] = {
        "number": (int, float),
        "text": str,
        "moment": datetime,
        "date": date,
        "yes or no": bool,
    }

    for view in VIEWS:
        found = read(filled.engine, view.name)
        assert found, view.name
        for row in found:
            for value, column in zip(row, view.columns, strict=True):
                assert value is None or isinstance(value, kinds[column.kind]), f"{view.name}.{column.name}"


def test_both_databases_give_the_same_rows(sqlite_url: str, postgres_url: str) -> None:
    told = []
    for url in (sqlite_url, postgres_url):
        with closing(open_gateway(settings_for(url))) as gateway:
            let_things_happen(gateway)
            with gateway.engine.begin() as conn:
                told.append({view.name: rows_of(conn, view, *same(view)) for view in VIEWS})

    for view in VIEWS:
        for first, second in zip(told[0][view.name], told[1][view.name], strict=True):
            assert [one for one in zip(same(view), first, second, strict=True) if one[1] != one[2]] == [], (
                view.name
            )


#: Columns that the database's own clock fills.
BY_THE_CLOCK = {"age_seconds", "started_at", "duration_ms"}


def same(view: View) -> list[str]:
    return [column.name for column in view.columns if column.name not in BY_THE_CLOCK]


def test_the_question_to_begin_with_can_be_asked_of_each_view(filled: Gateway) -> None:
    with filled.engine.begin() as conn:
        for view in VIEWS:
            assert f"FROM {view.name}" in view.question
            conn.execute(text(view.question)).all()


def test_the_order_of_a_view_leaves_no_two_rows_equal(filled: Gateway) -> None:
    for view in VIEWS:
        found = read(filled.engine, view.name, *view.order)
        assert len(set(found)) == len(found), view.name


def test_report_columns_lists_what_the_database_has(gateway: Gateway) -> None:
    there = {name: inspect(gateway.engine).get_columns(name) for name in inspect(gateway.engine).get_view_names()}

    listed = read(gateway.engine, "report_columns", "view_name", "column_name", "is_personal")

    assert [(name, column) for name, column, _ in listed] == [
        (name, column["name"]) for name in sorted(there) for column in there[name]
    ]
    assert {(name, column) for name, column, is_personal in listed if is_personal} == {
        ("report_attempts", "error_text"),
        ("report_messages", "keyword"),
        ("report_messages", "parm"),
        ("report_opt_outs", "word"),
        ("report_people_private", "msisdn"),
        ("report_replies", "provider_code_text"),
    }


def test_no_view_but_the_private_one_tells_a_number(filled: Gateway) -> None:
    for view in VIEWS:
        columns = [column.name for column in view.columns if not column.is_personal]
        told = str(read(filled.engine, view.name, *columns))
        assert not re.search("32412345678|3240000000", told), view.name


# Making


def test_postgresql_keeps_the_meaning_of_every_view_and_column(postgres_url: str) -> None:
    query = text(
        "SELECT c.relname, a.attname, col_description(c.oid, a.attnum), obj_description(c.oid) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind = 'v' AND c.relname LIKE 'report\\_%'"
    )
    with engine_for(postgres_url) as engine, engine.begin() as conn:
        found = {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(query)}

    assert len(found) == sum(len(view.columns) for view in VIEWS)
    assert all(meaning and grain for meaning, grain in found.values())
    assert found["report_daily", "operator"][0] == "The senders' network; empty where not known. (MCC and MNC)"


def test_views_are_made_once_and_exchanged_only_where_they_are_others(gateway: Gateway) -> None:
    making.make(gateway.engine)
    written: list[str] = []
    event.listen(gateway.engine, "before_cursor_execute", lambda *given: written.append(given[2]))

    making.make(gateway.engine)
    assert not any(" VIEW " in statement for statement in written)

    with gateway.engine.begin() as conn:
        conn.execute(report_state.update().values(views="of an older version"))
        conn.exec_driver_sql("CREATE VIEW report_mine AS SELECT 1 AS one")
        conn.exec_driver_sql("DROP VIEW report_daily")
        conn.exec_driver_sql("CREATE VIEW report_daily AS SELECT 1 AS one")
    making.make(gateway.engine)

    assert sorted(inspect(gateway.engine).get_view_names()) == sorted(["report_mine", *(v.name for v in VIEWS)])
    read(gateway.engine, "report_daily")


def test_a_view_of_somebodys_own_stays_where_ours_has_only_more_columns(postgres_url: str) -> None:
    with engine_for(postgres_url) as engine:
        making.make(engine)
        with engine.begin() as conn:
            conn.execute(report_state.update().values(views="others"))
            conn.exec_driver_sql("CREATE VIEW mine AS SELECT messages FROM report_daily")

        making.make(engine)

        with engine.begin() as conn:
            assert conn.exec_driver_sql("SELECT * FROM mine").all() == []


def test_a_view_of_somebodys_own_that_stands_in_the_way_is_named(postgres_url: str) -> None:
    with engine_for(postgres_url) as engine:
        making.make(engine)
        with engine.begin() as conn:
            conn.execute(report_state.update().values(views="others"))
            conn.exec_driver_sql("DROP VIEW report_daily")
            conn.exec_driver_sql("CREATE VIEW report_daily AS SELECT 1 AS one")
            conn.exec_driver_sql("CREATE VIEW mine AS SELECT one FROM report_daily")

        with pytest.raises(SchemaError, match=r"report_daily must be made anew.* mine depends on"):
            making.make(engine)


def test_a_view_that_is_missing_is_named(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        assert making.missing(conn) == []
        conn.exec_driver_sql("DROP VIEW report_daily")
        assert making.missing(conn) == ["report_daily"]
    making.make(gateway.engine)
    read(gateway.engine, "report_daily")


def test_dropping_the_views_leaves_none_and_they_can_be_made_again(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        making.drop(conn)
    assert inspect(gateway.engine).get_view_names() == []

    schema.upgrade(gateway.engine)

    assert len(inspect(gateway.engine).get_view_names()) == len(VIEWS)


# Who may read


@pytest.fixture
def readers(postgres_server: PostgresServer, postgres_url: str) -> Iterator[str]:
    """A database with the roles of `deploy/reader.sql`; they are of the whole server, so they go afterwards."""
    database = postgres_url.rpartition("/")[2]
    postgres_server.execute((DEPLOY / "reader.sql").read_text(), database)
    yield database
    for role in (making.READER, making.COMPLIANCE):
        postgres_server.execute(f"DROP OWNED BY {role}; DROP ROLE {role}", database)


def asked_as(server: PostgresServer, role: str, question: str, database: str) -> str:
    """Ask as somebody of a role; say what the server says to it."""
    try:
        server.execute(f"SET ROLE {role}; {question}", database)
    except psycopg.errors.InsufficientPrivilege as exc:
        return str(exc).partition("\n")[0]
    return "answered"


def test_the_roles_of_reader_sql_read_what_is_for_them(
    postgres_server: PostgresServer, postgres_url: str, readers: str
) -> None:
    with engine_for(postgres_url) as engine:
        for of_an_older_version in (False, True):
            if of_an_older_version:
                with engine.begin() as conn:
                    conn.execute(report_state.update().values(views="others"))
                making.make(engine)  # and they read the new ones too
            for view in VIEWS:
                columns = ", ".join(column.name for column in view.columns if not column.is_personal)
                expected = f"permission denied for view {view.name}" if view.is_private else "answered"
                for question, told in (
                    (f"SELECT {columns} FROM {view.name}", expected),
                    (f"SELECT * FROM {view.name}", told_of_everything(view)),
                ):
                    assert asked_as(postgres_server, making.READER, question, readers) == told
                assert asked_as(postgres_server, making.COMPLIANCE, f"TABLE {view.name}", readers) == "answered"


def told_of_everything(view: View) -> str:
    is_all_theirs = not view.is_private and not any(column.is_personal for column in view.columns)
    return "answered" if is_all_theirs else f"permission denied for view {view.name}"


@pytest.mark.parametrize("role", [making.READER, making.COMPLIANCE])
def test_nobody_of_the_roles_reads_a_table(postgres_server: PostgresServer, readers: str, role: str) -> None:
    for table in metadata.tables:
        told = asked_as(postgres_server, role, f"SELECT * FROM {table}", readers)
        assert told == f"permission denied for table {table}"


def test_a_column_that_comes_to_be_personal_is_read_no_more(
    postgres_server: PostgresServer, postgres_url: str, readers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = next(view for view in VIEWS if view.name == "report_daily")
    later = replace(daily, columns=tuple(replace(one, is_personal=one.name == "stops") for one in daily.columns))
    question = "SELECT stops FROM report_daily"
    assert asked_as(postgres_server, making.READER, question, readers) == "answered"
    monkeypatch.setattr(making, "VIEWS", [later])
    with engine_for(postgres_url) as engine:
        making.make(engine)

    assert asked_as(postgres_server, making.READER, question, readers) == "permission denied for view report_daily"


def test_reader_sql_grants_what_the_program_grants() -> None:
    written = (DEPLOY / "reader.sql").read_text()

    grants = [*making.grants(making.READER), *making.grants(making.COMPLIANCE)]
    assert re.findall(r"^(GRANT SELECT.*);$", written, re.MULTILINE) == grants
