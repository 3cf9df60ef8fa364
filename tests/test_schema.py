"""The schema: migrations, `schema.sql` and the tables in the code are the same, on both databases."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, event, insert, inspect, select, text
from sqlalchemy.exc import StatementError

from mo_gateway.errors import SchemaError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.preparation import Preparation, make_ready
from mo_gateway.store import schema
from mo_gateway.store.tables import metadata, mo_handling, mo_intake, mo_message, mt_message
from mo_gateway.store.types import to_text
from mo_gateway.store.views import VIEWS, making

from .conftest import engine_for, fresh_database, settings_for
from .examples import NOW
from .handling import consent_of
from .postgres import PostgresServer, free_port, wait_until
from .sending import Script, send_all, sender_of
from .stored import rows

SCHEMA_SQL = Path(__file__).parent.parent / "schema.sql"

#: What users' SQL, constraints and the planner see of our tables, a list of rows for each kind of thing.
CATALOGUE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
            AND NOT a.attisdropped
    """,
    "tables": """
        SELECT relname, relkind, relpersistence, reloptions, obj_description(oid, 'pg_class')
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, convalidated, condeferrable, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "sequences": "SELECT sequencename, data_type::text, start_value, increment_by, cycle FROM pg_sequences",
}

#: What the tables in the code say nothing of.
BESIDE_TABLES = ("triggers", "functions")


def catalogue(server: PostgresServer, database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Read what is in a database, the version table aside."""
    name = database_url.rpartition("/")[2]
    return {
        kind: sorted(
            (row for row in server.execute(query, name) if not row[0].startswith(schema.VERSION_TABLE)), key=str
        )
        for kind, query in CATALOGUE.items()
    }


def sqlite_catalogue(engine: Engine) -> dict[str, Any]:
    """Read what is in a SQLite database, the version table aside."""
    seen: dict[str, Any] = {}
    with engine.connect() as conn:
        for table in inspect(conn).get_table_names():
            if table == schema.VERSION_TABLE:
                continue
            indexes = [row[1:] for row in conn.execute(text(f"PRAGMA index_list({table})"))]
            seen[table] = {
                "columns": [row[1:] for row in conn.execute(text(f"PRAGMA table_info({table})"))],
                "foreign keys": sorted(row[2:] for row in conn.execute(text(f"PRAGMA foreign_key_list({table})"))),
                "checks": inspect(conn).get_check_constraints(table),
                "indexes": sorted(indexes),
                "columns of indexes": {
                    row[0]: conn.execute(text(f"PRAGMA index_info({row[0]})")).all() for row in indexes
                },
            }
        seen["statements of indexes"] = sorted(
            conn.scalars(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
        )
    return seen


@pytest.fixture
def empty_urls(postgres_server: PostgresServer) -> Iterator[list[str]]:
    """Three PostgreSQL databases with nothing in them."""
    with ExitStack() as stack:
        database = contextmanager(fresh_database)
        yield [stack.enter_context(database(postgres_server, template=None)) for _ in range(3)]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database of each kind."""
    with engine_for(database_url) as engine:
        yield engine


def test_migrations_schema_sql_and_the_tables_in_the_code_make_the_same_postgresql_schema(
    postgres_server: PostgresServer, empty_urls: list[str]
) -> None:
    by_migrations, by_tables, by_sql = empty_urls

    with engine_for(by_migrations) as engine:
        schema.upgrade(engine)
    with engine_for(by_tables) as engine:
        metadata.create_all(engine)
        making.make(engine)
    postgres_server.execute(SCHEMA_SQL.read_text(), by_sql.rpartition("/")[2])

    made = catalogue(postgres_server, by_migrations)
    assert catalogue(postgres_server, by_tables) | {kind: made[kind] for kind in BESIDE_TABLES} == made
    assert catalogue(postgres_server, by_sql) == made
    assert all(made.values())
    assert {row[0] for row in made["columns"]} == {*metadata.tables, *(view.name for view in VIEWS)}


def test_schema_sql_makes_a_database_that_is_taken_as_current(
    postgres_server: PostgresServer, empty_postgres_url: str
) -> None:
    postgres_server.execute(SCHEMA_SQL.read_text(), empty_postgres_url.rpartition("/")[2])

    with engine_for(empty_postgres_url) as engine, engine.connect() as conn:
        schema.check(conn)


def test_schema_sql_is_what_the_migrations_make() -> None:
    assert SCHEMA_SQL.read_text() == schema.as_sql(), "run `mo-gateway db sql > schema.sql`"


def test_schema_sql_says_first_that_it_is_not_written_by_hand() -> None:
    assert "written by `mo-gateway db sql`" in SCHEMA_SQL.read_text().splitlines()[0]


def test_migrations_and_the_tables_in_the_code_make_the_same_sqlite_schema(tmp_path: Path) -> None:
    with (
        engine_for(f"sqlite:///{tmp_path}/migrations.db") as by_migrations,
        engine_for(f"sqlite:///{tmp_path}/tables.db") as by_tables,
    ):
        schema.upgrade(by_migrations)
        with by_tables.begin() as conn:
            metadata.create_all(conn)

        made = sqlite_catalogue(by_migrations)
        assert sqlite_catalogue(by_tables) == made
    assert set(metadata.tables) < set(made)


def test_every_table_and_column_has_a_comment() -> None:
    comments = {
        str(thing): thing.comment or "" for table in metadata.tables.values() for thing in (table, *table.columns)
    }

    assert [name for name, comment in comments.items() if not comment.endswith(".")] == []


def test_an_upgrade_of_a_current_schema_changes_nothing(engine: Engine) -> None:
    schema.upgrade(engine)

    with engine.connect() as conn:
        schema.check(conn)
        assert schema.version(conn) == schema.newest_version()


def test_a_database_without_our_tables_is_empty_and_not_current(empty_postgres_url: str) -> None:
    with engine_for(empty_postgres_url) as engine, engine.connect() as conn:
        assert schema.is_empty(conn)
        with pytest.raises(SchemaError, match=r"has schema none and .* needs [0-9]+: run `mo-gateway db upgrade`"):
            schema.check(conn)


def test_of_two_hosts_that_start_together_one_makes_the_tables_and_the_other_waits(
    postgres_server: PostgresServer, empty_postgres_url: str
) -> None:
    name = empty_postgres_url.rpartition("/")[2]
    waiting = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'advisory'"

    with engine_for(empty_postgres_url) as first, engine_for(empty_postgres_url) as second:
        late = Thread(target=schema.upgrade, args=[second])

        @event.listens_for(first, "commit", once=True)
        def meet_the_other(_conn: Connection) -> None:
            late.start()
            wait_until(lambda: bool(postgres_server.execute(waiting)), "the second one to wait")

        schema.upgrade(first)
        late.join()

        with second.connect() as conn:
            schema.check(conn)


def test_an_empty_postgresql_database_is_made_ready(empty_postgres_url: str) -> None:
    with engine_for(empty_postgres_url) as engine:
        make_ready(engine)

        with engine.connect() as conn:
            schema.check(conn)


def test_an_older_postgresql_schema_is_left_to_the_operator(postgres_url: str) -> None:
    with engine_for(postgres_url) as engine:
        with engine.begin() as conn:
            conn.execute(text(f"DELETE FROM {schema.VERSION_TABLE}"))

        with pytest.raises(SchemaError, match="run `mo-gateway db upgrade`"):
            make_ready(engine)


def test_an_older_sqlite_schema_is_upgraded(tmp_path: Path) -> None:
    with engine_for(f"sqlite:///{tmp_path}/old.db") as engine:
        with engine.begin() as conn:
            conn.execute(text(f"CREATE TABLE {schema.VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)"))

        make_ready(engine)

        with engine.connect() as conn:
            schema.check(conn)
            assert set(metadata.tables) < set(inspect(conn).get_table_names())


@pytest.fixture(params=["sqlite", "postgresql"])
def first_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind with the tables of the first version."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/first.db" if is_sqlite else str(request.getfixturevalue("empty_postgres_url"))
    with engine_for(url) as engine, engine.begin() as conn:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
    return url


def message_of_the_first_version(conn: Connection, keyword: str, **handling: Any) -> int:
    """Store a message as the first version did, with its handling; give its number."""
    values = {
        "dedupe_key": secrets.token_bytes(16),
        "provider": "spryng",
        "msisdn": "32412345678",
        "person_key": bytes(16),
        "keyword": keyword,
        "parm": "",
        "operator": "20601",
        "operator_defaulted": False,
        "shortcode": "4414",
        "country": "BEL",
        "timestamp_raw": "20261122140211",
        "sent_at": NOW,
        "received_at": NOW,
        "deliveries": 1,
        "last_received_at": NOW,
        "method": "POST",
        "charset": "utf-8",
        "raw": b"",
        "marks": [],
        "remote_addr": "",
        "is_test": handling.pop("is_test", False),
    }
    message_id: int = conn.execute(insert(mo_message).values(values).returning(mo_message.c.id)).scalar_one()
    usual = {"attempt_limit": 12, "line": message_id, "due_at": None}
    conn.execute(insert(mo_handling).values({**usual, **handling, "message_id": message_id}))
    return message_id


def reply_of_the_first_version(conn: Connection, message_id: int | None, body: str, age: timedelta) -> None:
    """Queue a reply as the first version did, some time ago."""
    queued_at = datetime.now(UTC) - age
    conn.execute(
        insert(mt_message).values(
            message_id=message_id,
            provider="spryng",
            msisdn="32412345678",
            person_key=bytes(16),
            sender="4414",
            body=body,
            due_at=queued_at,
            created_at=queued_at,
        )
    )


@pytest.fixture
def upgraded(first_url: str) -> Iterator[Gateway]:
    """A gateway whose database came from the first version, with a queue of everything."""
    with engine_for(first_url) as engine:
        with engine.begin() as conn:
            answered = message_of_the_first_version(conn, "WIN", state="done", attempts=1)
            tried = message_of_the_first_version(conn, "TEST", state="done", attempts=1, is_test=True)
            message_of_the_first_version(conn, "STOP", due_at=NOW)
            message_of_the_first_version(conn, "STOP", state="failed", attempts=1, due_at=NOW)
            reply_of_the_first_version(conn, answered, "of last week", timedelta(days=7))
            reply_of_the_first_version(conn, answered, "of today", timedelta(hours=1))
            reply_of_the_first_version(conn, tried, "to a test", timedelta(hours=1))
            reply_of_the_first_version(conn, None, "to nobody's message", timedelta(hours=1))
        schema.upgrade(engine)
    with closing(open_gateway(settings_for(first_url))) as gateway:
        yield gateway


def columns(engine: Engine) -> dict[tuple[str, str], Any]:
    """Give every column of every table."""
    inspector = inspect(engine)
    return {
        (table, column["name"]): column
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
    }


def test_an_upgrade_leaves_the_program_before_what_it_reads_and_asks_it_for_nothing_new(first_url: str) -> None:
    with engine_for(first_url) as engine:
        before = columns(engine)
        schema.upgrade(engine)
        after = columns(engine)
    old_tables = {table for table, _ in before}

    changed = [name for name, column in before.items() if str(after[name]["type"]) != str(column["type"])]
    asked_for = [
        name
        for name, column in after.items()
        if name[0] in old_tables and name not in before and not column["nullable"] and column["default"] is None
    ]

    assert changed == []
    assert asked_for == []


def test_the_replies_of_the_first_version_know_their_shortcode_and_whether_they_answer_a_test(
    upgraded: Gateway,
) -> None:
    found = [(row.body, row.shortcode, row.is_test) for row in rows(upgraded.engine, "mt_message")]

    assert found == [
        ("of last week", "4414", False),
        ("of today", "4414", False),
        ("to a test", "4414", True),
        ("to nobody's message", None, False),
    ]


def test_of_the_replies_of_the_first_version_those_of_the_last_day_go_out(upgraded: Gateway) -> None:
    provider = Script(is_local=False)

    send_all(sender_of(upgraded, provider), provider)

    assert [message.text for message in provider.sent] == ["of today", "to nobody's message"]
    found = [(row.state, row.suppressed_reason) for row in rows(upgraded.engine, "mt_message")]
    assert found == [("suppressed", "expired"), ("sent", None), ("suppressed", "test"), ("sent", None)]


def test_what_waits_since_the_first_version_to_be_tried_is_looked_at_for_stop(upgraded: Gateway) -> None:
    assert [bool(row.may_be_stop) for row in rows(upgraded.engine, "mo_handling")] == [False, False, True, False]

    consent_of(upgraded).record()

    (opt_out,) = rows(upgraded.engine, "opt_out")
    assert (opt_out.message_id, opt_out.shortcode, opt_out.until) == (3, "4414", None)


def test_the_schema_of_a_newer_program_is_refused(engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))

    for step in (make_ready, schema.upgrade):
        with pytest.raises(SchemaError, match="schema 9999 of a newer mo_gateway, and this one knows"):
            step(engine)


def test_a_database_that_is_away_is_made_ready_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mo_gateway.preparation.TRY_AGAIN_AFTER", 0.0)
    folder = tmp_path / "not mounted yet"

    with engine_for(f"sqlite:///{folder}/sms.db") as engine:
        preparation = Preparation(engine)
        preparation.go_on()
        folder.mkdir()
        preparation.go_on()

        with engine.connect() as conn:
            schema.check(conn)


def test_a_database_that_is_away_is_not_asked_all_the_time() -> None:
    with engine_for(f"postgresql://postgres@127.0.0.1:{free_port()}/sms") as engine:
        attempts: list[object] = []
        event.listen(engine, "handle_error", attempts.append)
        preparation = Preparation(engine)

        for _ in range(3):
            preparation.go_on()

    assert len(attempts) == 1


moments = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - the zone is drawn apart
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - the same
    timezones=st.timezones(),
)


def stored(engine: Engine, moment: datetime) -> datetime:
    with engine.begin() as conn:
        conn.execute(delete(mo_intake))
        conn.execute(insert(mo_intake).values(minute=moment, process="", provider="", outcome="", n=1))
        minute: datetime = conn.scalars(select(mo_intake.c.minute)).one()
        return minute


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=timezone(timedelta(hours=-11, minutes=-30))),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_moment_comes_back_as_it_was_stored(engine: Engine, moment: datetime) -> None:
    found = stored(engine, moment)

    assert found == moment
    assert found.utcoffset() == timedelta(0)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(moment=moments)
def test_any_moment_of_any_zone_comes_back(engine: Engine, moment: datetime) -> None:
    assert stored(engine, moment) == moment.astimezone(UTC)


def test_a_moment_is_text_of_one_length_on_sqlite() -> None:
    noon_in_brussels = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=1)))

    assert to_text(noon_in_brussels) == "2026-01-01 11:00:00.000000"


@given(one=moments, other=moments)
def test_moments_sort_as_text_on_sqlite(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) is (one.astimezone(UTC) < other.astimezone(UTC))


def test_a_moment_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="a moment needs its time zone, and 2026-11-22 14:02:11 has none"):
        stored(engine, datetime(2026, 11, 22, 14, 2, 11))  # noqa: DTZ001
