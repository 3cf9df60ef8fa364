"""Connections to PostgreSQL: no commit weaker than durable, no wait without an end."""

import contextlib
import os
import socket
from datetime import timedelta
from select import POLLIN, poll
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from mo_gateway.errors import UnsafeDatabase

from .pool import ClosingPool

#: Under any of these a COMMIT may come back before the data is safe, or before a standby has it.
WEAKER_THAN_ON = ("off", "local", "remote_write")


def open_engine(
    url: URL, *, patience: timedelta, prepare: bool, allow_unsafe: bool, most_connections: int
) -> Engine:
    """Make an engine whose waits (to connect, for a lock, for a lost network) end after about `patience`.

    `prepare=False` is for a PgBouncer that pools transactions. A server with `fsync=off` is refused with
    UnsafeDatabase, unless `allow_unsafe`.
    """
    milliseconds = int(patience.total_seconds() * 1000)
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=ClosingPool,
        pool_size=5,
        max_overflow=most_connections - 5,
        pool_timeout=patience.total_seconds(),
        connect_args={
            "connect_timeout": max(2, round(patience.total_seconds())),  # libpq: whole seconds, at least 2
            "tcp_user_timeout": milliseconds,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "prepare_threshold": 5 if prepare else None,
            "application_name": "mo-gateway",
        },
    )

    @event.listens_for(engine, "connect")
    def settle(connection: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
        if _shown(connection, "fsync") == "off" and not allow_unsafe:
            connection.close()
            raise UnsafeDatabase(
                "the PostgreSQL server runs with fsync=off and would lose acknowledged messages in a crash:"
                " turn fsync on (MO_GATEWAY_ALLOW_UNSAFE_DATABASE=1 accepts it, for tests)"
            )
        connection.execute(f"SET timezone = 'UTC'; SET lock_timeout = {milliseconds}")
        if _shown(connection, "synchronous_commit") in WEAKER_THAN_ON:
            if not prepare and not allow_unsafe:
                connection.close()
                raise UnsafeDatabase(
                    "behind a pooler of transactions synchronous_commit cannot be set for this program alone:"
                    " say ALTER ROLE ... SET synchronous_commit = 'on'"
                )
            connection.execute("SET synchronous_commit = 'on'")
        connection.commit()
        record.info["warnings"] = _watched_warnings(connection)

    event.listen(engine, "checkout", _refuse_if_ended)
    return engine


def cut_off(connection: psycopg.Connection[Any]) -> None:
    """Shut down a connection that another thread waits on, so that its wait ends with an error.

    Neither `statement_timeout` nor a cancel request ends a COMMIT that waits for a standby the right way: the
    first does nothing and the second makes it look like success.
    """
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def _refuse_if_ended(connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
    """See, without asking the server, whether it has ended a pooled connection; the pool makes a new one then.

    A question could wait for ever for its answer. A server that ended a connection has said so already.
    """
    news = poll()  # not select(), which takes no descriptor over 1023
    try:
        news.register(connection.fileno(), POLLIN)
    except psycopg.Error as exc:
        raise DisconnectionError from exc
    if news.poll(0):
        raise DisconnectionError


def _shown(connection: psycopg.Connection[Any], setting: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    return str(row[0]) if row else ""


def _watched_warnings(connection: psycopg.Connection[Any]) -> list[str]:
    """Give a list to which every warning of the server is added from now on.

    A cancelled wait for a standby comes back as success, with nothing but a WARNING to tell.
    """
    warnings: list[str] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            warnings.append(diagnostic.message_primary or "a warning without a text")

    connection.add_notice_handler(note)
    return warnings
