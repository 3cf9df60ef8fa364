"""Connections to PostgreSQL: no commit weaker than durable, no wait without an end."""

import contextlib
import os
import socket
from datetime import timedelta
from select import POLLIN, poll
from typing import Any

import psycopg
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from psycopg.pq.abc import PGconn
from psycopg.rows import tuple_row
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from mo_gateway.errors import UnsafeDatabase
from mo_gateway.setting_types import hosts_of

from .pool import ClosingPool

#: Under any of these a COMMIT may come back before the data is safe, or before a standby has it.
WEAKER_THAN_ON = ("off", "local", "remote_write")


class DistrustfulConnection(psycopg.Connection[Any]):
    """A connection that listens to the server's warnings, and whose commit fails where there is one.

    A cancelled wait for a standby comes back as success, with nothing but a WARNING to tell. A claim that only one
    disk has must not be acted on: after a failover somebody else would act on it too.
    """

    def __init__(self, pgconn: PGconn, row_factory: Any = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self.warnings: list[str] = []  #: since whoever looks has cleared it
        self.add_notice_handler(self._note)

    def commit(self) -> None:
        """Commit, or raise psycopg.OperationalError where that may be on one disk only."""
        heard = len(self.warnings)
        super().commit()
        if new := self.warnings[heard:]:
            raise psycopg.OperationalError(f"the server answered with a warning: {new[0]}")

    def _note(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            self.warnings.append(diagnostic.message_primary or "a warning without a text")


def open_engine(
    url: URL,
    *,
    patience: timedelta,
    longest_idle: timedelta,
    may_idle: bool,
    prepare: bool,
    allow_unsafe: bool,
    most_connections: int,
) -> Engine:
    """Make an engine whose waits (to connect, for a lock, for a lost network) end after about `patience`.

    Several hosts share it: where the first is silent, there is still time for the second.
    The server ends a transaction in which nothing is said for `longest_idle`, so that a frozen process keeps its
    locks no longer; with `may_idle` only one that is said to write.
    `prepare=False` is for a PgBouncer that pools transactions. A server with `fsync=off` is refused with
    UnsafeDatabase, unless `allow_unsafe`.
    """
    milliseconds = int(patience.total_seconds() * 1000)
    limit = f"idle_in_transaction_session_timeout = {int(longest_idle.total_seconds() * 1000)}"
    settings = f"SET timezone = 'UTC'; SET lock_timeout = {milliseconds}"
    if prepare and not may_idle:  # behind a pooler of transactions it would be said to anybody's connection
        settings += f"; SET {limit}"
    for_each_host = patience.total_seconds() / len(hosts_of(url))
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=ClosingPool,
        pool_size=5,
        max_overflow=most_connections - 5,
        pool_timeout=patience.total_seconds(),
        connect_args={
            "connect_timeout": max(2, round(for_each_host)),  # libpq: whole seconds, at least 2
            "tcp_user_timeout": milliseconds,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "prepare_threshold": 5 if prepare else None,
            "application_name": "mo-gateway",
        },
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, options: Any) -> DistrustfulConnection:
        return DistrustfulConnection.connect(*args, **options)

    @event.listens_for(engine, "connect")
    def settle(connection: DistrustfulConnection, record: ConnectionPoolEntry) -> None:
        if _shown(connection, "fsync") == "off" and not allow_unsafe:
            connection.close()
            raise UnsafeDatabase(
                "the PostgreSQL server runs with fsync=off and would lose acknowledged messages in a crash:"
                " turn fsync on (MO_GATEWAY_ALLOW_UNSAFE_DATABASE=1 accepts it, for tests)"
            )
        connection.execute(settings)
        if _shown(connection, "synchronous_commit") in WEAKER_THAN_ON:
            if not prepare and not allow_unsafe:
                connection.close()
                raise UnsafeDatabase(
                    "behind a pooler of transactions synchronous_commit cannot be set for this program alone:"
                    " say ALTER ROLE ... SET synchronous_commit = 'on'"
                )
            connection.execute("SET synchronous_commit = 'on'")
        connection.commit()
        record.info["warnings"] = connection.warnings

    def keep_to_the_limit(conn: Connection) -> None:
        if conn.get_execution_options().get("mo_gateway_read_only") is False:
            conn.exec_driver_sql(f"SET LOCAL {limit}")

    if may_idle:
        event.listen(engine, "begin", keep_to_the_limit)
    event.listen(engine, "checkout", _refuse_if_ended)
    event.listen(engine, "handle_error", _as_lost)
    return engine


def limit_statements(conn: Connection, limit: timedelta) -> None:
    """Have the server end each statement of this transaction that takes longer; SQLite has no such thing."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"SET LOCAL statement_timeout = {int(limit.total_seconds() * 1000)}")


def cut_off(connection: psycopg.Connection[Any]) -> None:
    """Shut down a connection that another thread waits on, so that its wait ends with an error.

    Neither `statement_timeout` nor a cancel request ends a COMMIT that waits for a standby the right way: the
    first does nothing and the second makes it look like success.
    """
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def abandoned_commits(connection: psycopg.Connection[Any], *, after: float) -> int:
    """Count the commits of this role, of whatever host, that have waited more than `after` seconds for a standby.

    Their callers have given up. The server keeps them nevertheless, each on a connection of its own.
    """
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND wait_event = 'SyncRep'"
        " AND query_start < clock_timestamp() - make_interval(secs => %s)"
    )
    row = connection.execute(query, [after]).fetchone()
    return int(row[0]) if row else 0


def is_ended(connection: psycopg.Connection[Any]) -> bool:
    """See, without asking the server, whether it has ended a connection that is idle.

    A question could wait for ever for its answer. A server that ended a connection has said so already.
    """
    news = poll()  # not select(), which takes no descriptor over 1023
    try:
        news.register(connection.fileno(), POLLIN)
    except psycopg.Error:
        return True
    return bool(news.poll(0))


def _refuse_if_ended(connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
    """Have the pool make a new connection in the place of one that the server has ended."""
    if is_ended(connection):
        raise DisconnectionError


def _as_lost(context: ExceptionContext) -> OperationalError | None:
    """Take a connection for lost that is of no use any more.

    The server takes no writes any more: a new one looks for the other. Or the server has ended it, since this
    process stood still in a transaction.
    """
    cause = context.original_exception
    if not isinstance(cause, ReadOnlySqlTransaction | IdleInTransactionSessionTimeout):
        return None
    context.is_disconnect = True
    return OperationalError(context.statement, None, cause, hide_parameters=True, connection_invalidated=True)


def _shown(connection: psycopg.Connection[Any], setting: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    return str(row[0]) if row else ""
