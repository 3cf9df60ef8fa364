"""`db copy`: everything from SQLite to PostgreSQL, or nothing."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Row, Table, insert, select, update

from mo_gateway.cli.copy import copy
from mo_gateway.errors import ConfigError, MoGatewayError, SchemaError
from mo_gateway.gateway import open_gateway
from mo_gateway.message import Outcome, Receipt
from mo_gateway.settings import PREFIX
from mo_gateway.store import access_tables, report_tables, tables
from mo_gateway.store import copy as store
from mo_gateway.store.views import making

from .conftest import engine_for, settings_for
from .replaying import enter, receive, work

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
ODD = datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)

#: Values at the edges of what each column can hold; where it may be NULL, that too.
ROWS: dict[Table, list[dict[str, Any]]] = {
    tables.mo_message: [
        {
            "id": 7,
            "dedupe_key": bytes(16),
            "provider": "spryng",
            "msisdn": "324123456789012",
            "person_key": b"\xff" * 16,
            "keyword": "Ａ🎉",
            "parm": "",
            "operator": "20601",
            "operator_defaulted": True,
            "shortcode": "4414",
            "country": "BEL",
            "reference": None,
            "timestamp_raw": "00010101000000",
            "sent_at": FIRST,
            "received_at": ODD,
            "deliveries": 2_147_483_647,
            "last_received_at": LAST,
            "method": "GET",
            "charset": "utf-8",
            "raw": b"\x00=\xff&%00\r\n",
            "marks": [],
            "remote_addr": "::1",
            "is_test": False,
            "keyword_folded": None,
        },
        {
            "id": 2**40,
            "dedupe_key": b"\x00" * 15 + b"\x01",
            "provider": "spryng",
            "msisdn": "",
            "person_key": b"",
            "keyword": "\x80\u202e",
            "parm": "line\nline\ttab 'quote\" \\ \\u0000 %s",
            "operator": "01001",
            "operator_defaulted": False,
            "shortcode": "0",
            "country": "NLD",
            "reference": "",
            "timestamp_raw": "20261122140211",
            "sent_at": LAST,
            "received_at": FIRST,
            "deliveries": 1,
            "last_received_at": ODD,
            "method": "POST",
            "charset": "iso-8859-1",
            "raw": b"",
            "marks": ["operator-unlisted", "é🎉"],
            "remote_addr": "",
            "is_test": True,
            "keyword_folded": "a🎉",
        },
    ],
    tables.mo_rejection: [
        {
            "id": 3,
            "dedupe_key": b"k" * 16,
            "provider": "spryng",
            "received_at": FIRST,
            "last_received_at": LAST,
            "deliveries": 12,
            "method": "POST",
            "content_type": "",
            "status": 400,
            "raw": bytes(range(256)),
            "errors": [{"field": "PARM", "value": "\ufffd🎉", "rule": "may hold no control characters"}],
            "remote_addr": "192.0.2.1",
            "is_test": False,
            "replayed_at": ODD,
            "message_id": 7,
        },
        {
            "id": 2**40,
            "dedupe_key": bytes(16),
            "provider": "spryng",
            "received_at": ODD,
            "last_received_at": ODD,
            "deliveries": 1,
            "method": "GET",
            "content_type": "text/plain; charset=é",
            "status": 415,
            "raw": b"",
            "errors": [],
            "remote_addr": "",
            "is_test": True,
            "replayed_at": None,
            "message_id": None,
        },
    ],
    tables.mo_handling: [
        {
            "id": 5,
            "message_id": 7,
            "handler": None,
            "state": "dead",
            "attempts": 12,
            "attempt_limit": 12,
            "due_at": None,
            "finished_at": ODD,
            "error": "RuntimeError: no 🎉",
            "line": -(2**63),
            "may_be_stop": False,
        },
        {
            "id": 6,
            "message_id": 2**40,
            "handler": "contest.enter",
            "state": "pending",
            "attempts": 0,
            "attempt_limit": 12,
            "due_at": ODD + timedelta(microseconds=1),
            "finished_at": None,
            "error": None,
            "line": 2**63 - 1,
            "may_be_stop": True,
        },
    ],
    tables.opt_out: [
        {
            "id": 4,
            "person_key": b"\xff" * 16,
            "msisdn": "324123456789012",
            "shortcode": "4414",
            "keyword": "ａ🎉",
            "word": "ARRÊT\u202e",
            "since": FIRST,
            "until": LAST,
            "message_id": 7,
            "until_message_id": 2**40,
            "confirmed_at": ODD,
        },
        {
            "id": 2**40,
            "person_key": b"",
            "msisdn": "",
            "shortcode": None,
            "keyword": None,
            "word": "",
            "since": ODD,
            "until": None,
            "message_id": None,
            "until_message_id": None,
            "confirmed_at": None,
        },
    ],
    tables.mt_message: [
        {
            "id": 8,
            "message_id": 7,
            "handler": "contest.enter",
            "provider": "sms1601",
            "msisdn": "324123456789012",
            "person_key": b"\xff" * 16,
            "sender": "Contest",
            "body": None,
            "udh": "0605040B8423F0",
            "data": "FF",
            "reference": "0123456789abcdef",
            "parts": 2_147_483_647,
            "state": "unknown",
            "suppressed_reason": "opt-out",
            "attempts": 3,
            "due_at": FIRST,
            "created_at": ODD,
            "sent_at": LAST,
            "provider_id": "outbox:1",
            "error_code": "HTTP 504",
            "error": "HTTP 504: a proxy had no answer for us 🎉",
            "attempt_limit": 15,
            "expires_at": LAST,
            "tried_at": FIRST,
            "first_tried_at": LAST,
            "shortcode": "4414",
            "keyword": "ａ🎉",
            "options": {"vcard": {"name": "É🎉"}, "at": ODD.isoformat(), "group": "leden"},
            "is_test": True,
            "opt_out_id": 4,
        },
        {
            "id": 2**40,
            "message_id": None,
            "handler": None,
            "provider": "spryng",
            "msisdn": "",
            "person_key": b"",
            "sender": "",
            "body": "line\nline\ttab 'quote\" \\ \\u0000 %s",
            "udh": None,
            "data": None,
            "reference": None,
            "parts": None,
            "state": "suppressed",
            "suppressed_reason": None,
            "attempts": 0,
            "due_at": None,
            "created_at": FIRST,
            "sent_at": None,
            "provider_id": None,
            "error_code": None,
            "error": None,
            "attempt_limit": 1,
            "expires_at": None,
            "tried_at": None,
            "first_tried_at": None,
            "shortcode": None,
            "keyword": None,
            "options": None,
            "is_test": False,
            "opt_out_id": None,
        },
    ],
    tables.mt_report: [
        {
            "id": 9,
            "dedupe_key": b"r" * 16,
            "mt_message_id": 8,
            "provider": "sms1601",
            "status": "delivered",
            "provider_status": "DELIVERED",
            "reference": "0123456789abcdef",
            "provider_id": "outbox:1",
            "reported_at": FIRST,
            "received_at": ODD,
            "last_received_at": LAST,
            "deliveries": 2,
            "raw": bytes(range(256)),
            "remote_addr": "192.0.2.1",
        },
        {
            "id": 2**40,
            "dedupe_key": bytes(16),
            "mt_message_id": None,
            "provider": "spryng",
            "status": "unknown",
            "provider_status": "",
            "reference": None,
            "provider_id": None,
            "reported_at": None,
            "received_at": FIRST,
            "last_received_at": FIRST,
            "deliveries": 1,
            "raw": b"",
            "remote_addr": "::1",
        },
    ],
    tables.mt_provider: [
        {
            "provider": "*",
            "paused_at": ODD,
            "held_until": None,
            "failures": 0,
            "error": None,
            "next_at": None,
            "day": "2026-11-22",
            "parts": 2_147_483_647,
        },
        {
            "provider": "spryng",
            "paused_at": None,
            "held_until": LAST,
            "failures": 12,
            "error": "203: not enough credits",
            "next_at": FIRST,
            "day": None,
            "parts": 0,
        },
    ],
    tables.mo_attempt: [
        {
            "id": 1,
            "handling_id": None,
            "mt_message_id": 8,
            "number": 3,
            "started_at": ODD,
            "duration_ms": None,
            "outcome": "unknown",
            "error": "no-answer: no whole answer: time-out",
        },
        {
            "id": 2**40,
            "handling_id": 5,
            "mt_message_id": None,
            "number": 1,
            "started_at": FIRST,
            "duration_ms": 2_147_483_647,
            "outcome": "done",
            "error": None,
        },
    ],
    tables.mo_vote: [
        {
            "id": 1,
            "poll": "song",
            "option": None,
            "person_key": b"\xff" * 16,
            "message_id": 7,
            "voted_at": FIRST,
            "timing": "late",
            "last_counts": True,
        },
        {
            "id": 2**40,
            "poll": "é🎉",
            "option": "Blue",
            "person_key": b"",
            "message_id": 7,
            "voted_at": LAST,
            "timing": "in time",
            "last_counts": False,
        },
    ],
    tables.mo_subscription: [
        {
            "id": 1,
            "list": "news",
            "person_key": b"\xff" * 16,
            "msisdn": "324123456789012",
            "shortcode": "4414",
            "since": FIRST,
            "until": LAST,
            "message_id": 7,
            "until_message_id": 2**40,
        },
        {
            "id": 2**40,
            "list": "news",
            "person_key": b"\xff" * 16,
            "msisdn": "",
            "shortcode": "0",
            "since": ODD,
            "until": None,
            "message_id": 7,
            "until_message_id": None,
        },
    ],
    tables.mo_question: [
        {
            "id": 1,
            "line": -(2**63),
            "person_key": b"\xff" * 16,
            "shortcode": "4414",
            "expect": "postcode",
            "note": "é🎉",
            "timeout_text": "",
            "message_id": 7,
            "asked_at": FIRST,
            "expires_at": LAST,
            "ended_at": ODD,
            "outcome": "answered",
            "answer_message_id": 2**40,
        },
        {
            "id": 2**40,
            "line": 2**63 - 1,
            "person_key": b"",
            "shortcode": "0",
            "expect": "name",
            "note": "",
            "timeout_text": "Too late.",
            "message_id": 7,
            "asked_at": ODD,
            "expires_at": ODD,
            "ended_at": None,
            "outcome": None,
            "answer_message_id": None,
        },
    ],
    tables.mo_worker: [
        {
            "process": "host:1",
            "started_at": FIRST,
            "seen_at": ODD,
            "routes_loaded_at": LAST,
            "routes": 0,
            "reload_asked_at": None,
            "reload_error": "routes.toml:3: …",
        },
        {
            "process": "host:2",
            "started_at": FIRST,
            "seen_at": ODD,
            "routes_loaded_at": ODD,
            "routes": 10_000,
            "reload_asked_at": ODD,
            "reload_error": None,
        },
    ],
    tables.mo_intake: [
        {"minute": ODD, "process": "host:1", "provider": "spryng", "outcome": "stored", "n": 0},
    ],
    access_tables.mo_user: [
        {
            "name": "é🎉",
            "role": "manager",
            "keywords": ["win", "é🎉"],
            "password_hash": "$argon2id$",
            "created_at": ODD,
        },
    ],
    access_tables.mo_session: [
        {"token_hash": bytes(32), "user_id": 1, "created_at": FIRST, "seen_at": LAST},
    ],
    access_tables.mo_login_failure: [{"at": ODD, "name": "", "remote_addr": "::1"}],
    access_tables.mo_token: [{"name": "é🎉", "token_hash": bytes(range(32)), "created_at": ODD}],
    access_tables.mo_erased_key: [{"table_name": "mo_message", "row_id": 2**40}],
    access_tables.mo_audit: [
        {
            "at": ODD,
            "actor": "é🎉",
            "role": role,
            "action": "reveal",
            "subject": "",
            "person_key": key,
            "reason": "",
            "details": {"filter": {"shortcode": ["4414"]}},
            "remote_addr": "::1",
        }
        for role, key in ((None, None), ("admin", bytes(range(16))))
    ],
    report_tables.report_day: [
        {
            "local_date": date(year, 1, 1),
            "shortcode": "4414",
            "keyword_folded": word,
            "operator": "",
            "is_test": new_people is None,
            "messages": 2_147_483_647,
            "callbacks": 2_147_483_647,
            "unique_people": 1,
            "new_people": new_people,
            "handled": 0,
            "unrouted": 0,
            "failed": 0,
            "waiting": 0,
            "replies_sent": 0,
            "replies_delivered": 0,
            "replies_failed": 0,
            "stops": 0,
            "last_at": LAST,
        }
        for year, word, new_people in ((1, "", None), (9999, "é🎉", 0))
    ],
    report_tables.report_hour: [
        {
            "local_date": date(2026, 11, 22),
            "hour_at": moment,
            "shortcode": "0",
            "messages": 1,
            "callbacks": 2,
            "handled": 0,
            "max_wait_ms": wait,
        }
        for moment, wait in ((FIRST, None), (LAST, 2**40))
    ],
    report_tables.report_person: [
        {
            "local_date": date(2026, 11, 22),
            "person_key": "ff" * 16,
            "shortcode": "4414",
            "keyword_folded": "é🎉",
            "messages": 1,
            "first_at": FIRST,
            "last_at": LAST,
            "last_message_id": 2**40,
        },
    ],
    report_tables.report_word: [
        {
            "local_date": date(2026, 11, 22),
            "shortcode": "4414",
            "word": word,
            "messages": 1,
            "nearest_keyword": nearest,
            "distance": distance,
        }
        for word, nearest, distance in (("", None, None), ("é🎉", "É🎉", 1))
    ],
    report_tables.report_poll: [
        {
            "poll": "song",
            "option": "",
            "votes": 2**40,
            "unique_people": 0,
            "rejected_late": 0,
            "rejected_early": 0,
            "rejected_double": 0,
            "unreadable": 2**40,
            "counted_at": ODD,
        },
    ],
    report_tables.report_poll_kept: [
        {
            "poll": "song",
            "option": "",
            "votes": 2**40,
            "unique_people": 0,
            "rejected_late": 0,
            "rejected_early": 0,
            "rejected_double": 0,
            "unreadable": 2**40,
            "up_to_vote": 2**40,
        },
    ],
    report_tables.report_route: [
        {
            "shortcode": "",
            "keyword": word,
            "terms": "",
            "keyword_folded": folded,
            "handler": "test",
            "alias_of": alias,
            "source": "routes.toml:3",
            "active_from": moment,
            "active_to": moment,
        }
        for word, folded, alias, moment in (("*", None, None, None), ("É🎉", "é🎉", "WIN", ODD))
    ],
    report_tables.report_offset: [{"from_at": FIRST, "seconds": -1}, {"from_at": LAST, "seconds": 2_147_483_647}],
    report_tables.report_counted: [
        {
            "local_date": date(2026, 11, day),
            "starts_at": ODD,
            "counted_at": moment,
            "number": 2_147_483_647,
            "is_due": moment is None,
            "is_closed": moment is not None,
        }
        for day, moment in ((22, None), (23, ODD))
    ],
}


def copied(source: str, target: str) -> Result:
    """Run `mo-gateway db copy SOURCE`."""
    environ = {
        "DATABASE_URL": target,
        "CALLBACK_SECRET": "geheim",
        "PERSON_SECRET": "test-person-secret",
        "ALLOW_UNSAFE_DATABASE": "1",
    }
    return CliRunner().invoke(copy, [source], env={PREFIX + name: value for name, value in environ.items()})


def contents(database_url: str) -> dict[str, list[Row[Any]]]:
    """Give every row of every table."""
    with engine_for(database_url) as engine, engine.begin() as conn:
        return {
            table.name: list(conn.execute(select(table).order_by(*table.primary_key.columns)))
            for table in store.tables()
        }


def fill(database_url: str, rows: Mapping[Table, list[dict[str, Any]]]) -> None:
    with engine_for(database_url) as engine, engine.begin() as conn:
        for table, its_rows in rows.items():
            conn.execute(insert(table), its_rows)


def take(database_url: str, number: int) -> Receipt:
    """Let a gateway take one message and handle it."""
    with closing(open_gateway(settings_for(database_url))) as gateway:
        receipt = receive(gateway, PARM=str(number))
        work(gateway, enter)
    return receipt


def test_every_value_of_every_column_arrives_as_it_was(sqlite_url: str, postgres_url: str) -> None:
    fill(sqlite_url, ROWS)
    take(sqlite_url, 1)

    result = copied(sqlite_url, postgres_url)

    source, target = contents(sqlite_url), contents(postgres_url)
    assert result.exit_code == 0, result.output
    assert all(source.values()), "a table without a row is not tried"
    assert target == source
    assert {"mo_message 3", "mo_handling 3", "mt_message 3"} <= set(result.stdout.splitlines())


@pytest.mark.parametrize("table", store.tables(), ids=str)
def test_every_column_that_may_be_null_is_tried_with_a_value_and_without(table: Table) -> None:
    for column in table.columns:
        assert not column.nullable or {row[column.name] is None for row in ROWS[table]} == {False, True}, column


def test_reports_are_counted_on_from_where_they_were(sqlite_url: str, postgres_url: str) -> None:
    state = report_tables.report_state
    fill(sqlite_url, ROWS)
    was = {"zone": "Asia/Tokyo", "attempts_seen": 2**40, "reports_seen": 7}
    for url in (sqlite_url, postgres_url):
        with engine_for(url) as engine:
            making.make(engine)
    with engine_for(sqlite_url) as engine, engine.begin() as conn:
        conn.execute(update(state).values(was))

    copied(sqlite_url, postgres_url)

    with engine_for(postgres_url) as engine, engine.begin() as conn:
        (found,) = conn.execute(select(state)).mappings()
        assert found == {"id": 1, **was, "views": making.digest(engine.dialect)}


def test_new_rows_are_counted_on_from_the_highest(sqlite_url: str, postgres_url: str) -> None:
    fill(sqlite_url, ROWS)

    copied(sqlite_url, postgres_url)

    receipt = take(postgres_url, 1)
    assert (receipt.outcome, receipt.id) == (Outcome.STORED, 2**40 + 1)


def test_a_repetition_is_recognised_after_the_move(sqlite_url: str, postgres_url: str) -> None:
    stored = take(sqlite_url, 1)

    copied(sqlite_url, postgres_url)

    again = take(postgres_url, 1)
    assert (again.outcome, again.id, again.deliveries) == (Outcome.DUPLICATE, stored.id, 2)


def test_more_rows_than_a_chunk_are_copied(
    sqlite_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CHUNK", 2)
    for number in range(5):
        take(sqlite_url, number)

    copied(sqlite_url, postgres_url)

    assert contents(postgres_url) == contents(sqlite_url)


def test_the_source_may_be_a_path_and_open_elsewhere(sqlite_url: str, postgres_url: str) -> None:
    with closing(open_gateway(settings_for(sqlite_url))) as gateway:
        receive(gateway)  # is still in the write-ahead log

        result = copied(sqlite_url.removeprefix("sqlite:///"), postgres_url)

    assert result.exit_code == 0
    assert len(contents(postgres_url)["mo_message"]) == 1


def test_a_target_with_rows_is_left_as_it_is(sqlite_url: str, postgres_url: str) -> None:
    take(sqlite_url, 1)
    take(postgres_url, 2)
    before = contents(postgres_url)

    result = copied(sqlite_url, postgres_url)

    assert isinstance(result.exception, MoGatewayError)
    assert "copy into an empty database" in str(result.exception)
    assert contents(postgres_url) == before


def test_where_one_row_does_not_fit_nothing_is_kept(sqlite_url: str, postgres_url: str) -> None:
    take(sqlite_url, 1)
    with engine_for(sqlite_url) as engine, engine.begin() as conn:
        conn.execute(update(tables.mt_message).values(body="SQLite keeps \0, PostgreSQL does not"))

    result = copied(sqlite_url, postgres_url)

    assert "a row of mt_message does not fit into PostgreSQL" in str(result.exception)
    assert not any(contents(postgres_url).values())


def test_a_target_without_tables_names_what_makes_them(sqlite_url: str, empty_postgres_url: str) -> None:
    result = copied(sqlite_url, empty_postgres_url)

    assert isinstance(result.exception, SchemaError)
    assert "run `mo-gateway db upgrade`" in str(result.exception)


def test_a_target_on_sqlite_is_refused(sqlite_url: str) -> None:
    result = copied(sqlite_url, sqlite_url)

    assert isinstance(result.exception, ConfigError)
    assert "must name the PostgreSQL database" in str(result.exception)


def test_an_older_source_is_to_be_upgraded_first(sqlite_url: str, postgres_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("UPDATE mo_schema_version SET version_num = '0000'")

    result = copied(path, postgres_url)

    assert isinstance(result.exception, SchemaError)
    assert f"{path} has schema 0000 and this program needs" in str(result.exception)


@pytest.mark.parametrize("content", [None, b"", b"no database" * 100])
def test_a_source_that_is_none_stays_as_it_is(tmp_path: Path, postgres_url: str, content: bytes | None) -> None:
    source = tmp_path / "other.db"
    if content is not None:
        source.write_bytes(content)

    result = copied(str(source), postgres_url)

    assert isinstance(result.exception, ConfigError)
    assert str(source) in str(result.exception)
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == (
        [(source, content)] if content is not None else []
    )


@pytest.mark.parametrize("source", ["postgresql://localhost/x", "sqlite://", "://"])
def test_only_a_sqlite_file_can_be_a_source(postgres_url: str, source: str) -> None:
    result = copied(source, postgres_url)

    assert result.exit_code == 2
    assert "it must be a file or sqlite:///FILE" in result.stderr
