"""The engine for the configured database: durable, and never waiting for ever."""

from sqlalchemy import Engine

from mo_gateway.settings import Settings

from . import postgresql, sqlite

#: `with engine.execution_options(**READ_ONLY).begin()`: takes no write lock on SQLite.
READ_ONLY = {"mo_gateway_read_only": True}

#: Takes that back, where a command that looks is to change something after all.
WRITABLE = {"mo_gateway_read_only": False}


def open_engine(settings: Settings, *, most_connections: int = 25) -> Engine:
    """Make the engine; it connects when it is first used.

    Its errors never hold the values that were bound: those are people's numbers and texts.
    """
    if settings.is_sqlite:
        return sqlite.open_engine(
            settings.database_url, patience=settings.commit_deadline, most_connections=most_connections
        )
    return postgresql.open_engine(
        settings.database_url,
        patience=settings.commit_deadline,
        prepare=settings.prepare_statements,
        allow_unsafe=settings.allow_unsafe_database,
        most_connections=most_connections,
    )
