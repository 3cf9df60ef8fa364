"""The engine for the configured database: durable, and never waiting for ever."""

from sqlalchemy import Engine

from mo_gateway.settings import Settings

from . import postgresql, sqlite

#: `with engine.execution_options(**READ_ONLY).begin()`: takes no write lock on SQLite.
READ_ONLY = {"mo_gateway_read_only": True}

#: Takes that back, where a command that looks is to change something after all.
WRITABLE = {"mo_gateway_read_only": False}


def glancing(engine: Engine) -> Engine:
    """Give the same database for single looks that are made often: each takes no lock, and one round trip."""
    looking = engine.execution_options(**READ_ONLY)
    return looking if engine.dialect.name == "sqlite" else looking.execution_options(isolation_level="AUTOCOMMIT")


def open_engine(settings: Settings, *, most_connections: int = 25, may_idle: bool = False) -> Engine:
    """Make the engine; it connects when it is first used.

    On PostgreSQL a process that stands still within a transaction loses its locks when its lease is over, unless
    it `may_idle`: for who reads at a person's pace, or waits for another database. What such a one changes is
    bound to the lease all the same, where it says WRITABLE.
    Its errors never hold the values that were bound: those are people's numbers and texts.
    """
    if settings.is_sqlite:
        return sqlite.open_engine(
            settings.database_url, patience=settings.commit_deadline, most_connections=most_connections
        )
    return postgresql.open_engine(
        settings.database_url,
        patience=settings.commit_deadline,
        longest_idle=settings.lease,
        may_idle=may_idle,
        prepare=settings.prepare_statements,
        allow_unsafe=settings.allow_unsafe_database,
        most_connections=most_connections,
    )
