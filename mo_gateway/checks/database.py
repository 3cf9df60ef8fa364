"""Is the database there, is it current and durable, and are its people and its clock ours?"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway import keys
from mo_gateway.errors import ConfigError, SchemaError
from mo_gateway.settings import Settings
from mo_gateway.store import reading, schema
from mo_gateway.store.types import database_now

from . import Finding, Verdict

LARGEST_SKEW = timedelta(seconds=2)
FULL = 2  # what SQLite calls synchronous=FULL


def check_database(settings: Settings, clock: Callable[[], datetime]) -> list[Finding]:
    """Look at the database as the gateway would use it."""
    try:
        with reading.opened(settings) as engine, engine.begin() as conn:
            return check_connection(conn, settings, clock)
    except (ConfigError, SchemaError) as exc:
        return [Finding("database", Verdict.WRONG, str(exc))]
    except (SQLAlchemyError, OSError) as exc:
        cause = " ".join(str(getattr(exc, "orig", exc)).split())
        return [Finding("database", Verdict.WRONG, f"{_url(settings)} does not answer: {cause}")]


def check_stored(settings: Settings, message_id: int, reference: str) -> Finding:
    """Look for a message that the running gateway says it has stored."""
    try:
        with reading.opened(settings) as engine, engine.begin() as conn:
            row = reading.message(conn, message_id)
    except (ConfigError, SchemaError, SQLAlchemyError, OSError):
        return Finding("probe", Verdict.OPEN, "its row cannot be looked for in this database")
    if row is not None and row["reference"] == reference:
        return Finding("probe", Verdict.RIGHT, "it is in this database")
    text = "it is not in this database: the gateway runs with another MO_GATEWAY_DATABASE_URL"
    return Finding("probe", Verdict.WRONG, text)


def check_connection(conn: Connection, settings: Settings, clock: Callable[[], datetime]) -> list[Finding]:
    """Look at a database that is open already."""
    on_postgresql = conn.dialect.name == "postgresql"
    product = _product(conn, "PostgreSQL" if on_postgresql else "SQLite")
    shown = f"{product}, schema {schema.newest_version()} (current), {_url(settings)}"
    return [
        Finding("database", Verdict.RIGHT, shown),
        _durable_on_postgresql(conn) if on_postgresql else _durable_on_sqlite(conn),
        _person_secret(conn, settings.person_secret),
        _clock(conn, clock),
    ]


def _product(conn: Connection, name: str) -> str:
    return f"{name} {'.'.join(map(str, conn.dialect.server_version_info or ()))}"


def _url(settings: Settings) -> str:
    return settings.database_url.render_as_string(hide_password=True)


def _durable_on_postgresql(conn: Connection) -> Finding:
    names = ("fsync", "synchronous_commit")
    values = {name: conn.scalar(text("SELECT current_setting(:name)"), {"name": name}) for name in names}
    shown = ", ".join(f"{name} {value}" for name, value in values.items())
    if values["fsync"] == "off":  # the gateway starts only where MO_GATEWAY_ALLOW_UNSAFE_DATABASE accepts it
        return Finding(
            "durable", Verdict.WRONG, f"{shown}: acknowledged messages are lost when the server's host crashes"
        )
    return Finding("durable", Verdict.RIGHT, shown)


def _durable_on_sqlite(conn: Connection) -> Finding:
    journal = conn.scalar(text("PRAGMA journal_mode"))
    synchronous = conn.scalar(text("PRAGMA synchronous")) or 0
    shown = f"journal_mode {journal}, synchronous {'FULL' if synchronous == FULL else synchronous}"
    is_durable = journal == "wal" and synchronous >= FULL
    return Finding("durable", Verdict.RIGHT if is_durable else Verdict.WRONG, shown)


def _person_secret(conn: Connection, secret: bytes) -> Finding:
    newest = reading.newest_with_number(conn)
    if newest is None:
        return Finding("people", Verdict.OPEN, "no message yet to compare the person secret with")
    if keys.person_key(secret, newest["msisdn"]) == newest["person_key"]:
        return Finding(
            "people", Verdict.RIGHT, f"the person secret is the one of message {newest['id']}, the newest"
        )
    return Finding(
        "people",
        Verdict.WRONG,
        f"message {newest['id']} was stored under another person secret: with this one each person counts as"
        " somebody new. Set MO_GATEWAY_PERSON_SECRET, or bring back mo-gateway.person-secret, as it was.",
    )


def _clock(conn: Connection, clock: Callable[[], datetime]) -> Finding:
    before = clock()
    there = conn.execute(select(database_now())).scalar_one()
    skew = max(before - there, there - clock(), timedelta(0))
    shown = f"the database's clock and this host's differ by {skew.total_seconds():.1f} s"
    if skew < LARGEST_SKEW:
        return Finding("clock", Verdict.RIGHT, shown)
    return Finding("clock", Verdict.WRONG, f"{shown}: let both follow the same time server")
