"""`deploy/roles.sql`: the gateway does all its work as a role that owns nothing, and cannot change the trail."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from mo_gateway import Message, erasure, keyword, retention
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.retention import Rule
from mo_gateway.store.audit import Actor
from mo_gateway.store.sweeping import TABLES

from .conftest import MakeSettings, fresh_database
from .handling import consent_of, dispatcher_of, handle_all
from .postgres import PostgresServer
from .reporting import DAY, NOON, store_at, tally_with
from .sending import Script, send_all, sender_of
from .stored import rows

ROLES = Path(__file__).parent.parent / "deploy" / "roles.sql"
SOMEBODY = Actor(name="cli:anna")
ROLE = "test_gateway"


@keyword("WIN")
def enter(message: Message) -> str:
    return "You are in."


@pytest.fixture
def restricted(
    postgres_server: PostgresServer, postgres_template: str, make_settings: MakeSettings
) -> Iterator[Gateway]:
    """A gateway that works as the role of the application."""
    for url in fresh_database(postgres_server, template=postgres_template):
        database = url.rpartition("/")[2]
        postgres_server.execute(ROLES.read_text(), database)
        postgres_server.execute(f"CREATE ROLE {ROLE} LOGIN IN ROLE mo_gateway_app")
        try:
            with closing(open_gateway(make_settings(url.replace("postgres@", f"{ROLE}@")))) as gateway:
                yield gateway
        finally:
            postgres_server.execute("DROP OWNED BY mo_gateway_app CASCADE", database)
            postgres_server.execute(f"DROP ROLE {ROLE}; DROP ROLE mo_gateway_app", database)


def test_all_work_is_done_as_a_role_that_owns_nothing(restricted: Gateway) -> None:
    engine, secret = restricted.engine, restricted.settings.person_secret
    for days, number in ((6, "32400000001"), (0, "32412345678")):
        store_at(restricted, NOON - days * DAY, MSISDN=number)
    consent_of(restricted, enter).record()
    handle_all(dispatcher_of(restricted, enter))
    script = Script()
    send_all(sender_of(restricted, script), script)
    counter = tally_with(restricted, enter)
    while not rows(engine, "report_counted") or len(counter._due()) > 2:
        counter.round()

    pruned = retention.prune(engine, [Rule(days=3)], actor=SOMEBODY, now=NOON)
    erasure.erase(engine, "32412345678", person_secret=secret, actor=SOMEBODY, reason="", now=NOON)

    assert pruned.rows["mo_message"] == 1
    assert [row.msisdn for row in rows(engine, "mo_message")] == [""]
    assert [row.action for row in rows(engine, "mo_audit")] == ["prune", "forget"]
    left = erasure.sweep(engine, timedelta(seconds=5))
    with engine.connect() as conn:
        may_maintain = (conn.dialect.server_version_info or (0,)) >= (17,)
    assert bool(left) is not may_maintain


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mo_audit SET actor = 'nobody'",
        "DELETE FROM mo_audit",
        "TRUNCATE mo_audit",
        "DROP TABLE mo_audit",
        "DROP TRIGGER mo_audit_is_kept ON mo_audit",
        "ALTER TABLE mo_audit DISABLE TRIGGER ALL",
        "CREATE TABLE mine (id integer)",
        "UPDATE mo_schema_version SET version_num = '0001'",
    ],
)
def test_the_role_can_neither_change_nor_drop_the_trail(restricted: Gateway, statement: str) -> None:
    with restricted.engine.begin() as conn, pytest.raises(ProgrammingError) as refused:
        conn.exec_driver_sql(statement)

    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_the_role_may_vacuum_what_is_erased() -> None:
    granted = ROLES.read_text().partition("GRANT MAINTAIN ON")[2].partition("TO mo_gateway_app")[0]

    assert {word.strip("' \n") for word in granted.split(",")} == set(TABLES)
