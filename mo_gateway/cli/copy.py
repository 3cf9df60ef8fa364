"""`db copy`: from SQLite to PostgreSQL."""

from pathlib import Path

import click
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from mo_gateway.errors import ConfigError
from mo_gateway.store import copy as store
from mo_gateway.store.engine import open_engine

from .progress import progress
from .setup import settings_from_environment


def sqlite_path(value: str) -> Path:
    """Read the path of a SQLite database, or its `sqlite:///` URL."""
    if "://" not in value:
        return Path(value)
    try:
        url = make_url(value)
    except (ArgumentError, ValueError) as exc:
        raise click.BadParameter("it must be a file or sqlite:///FILE") from exc
    if url.get_backend_name() != "sqlite" or not url.database:
        raise click.BadParameter("it must be a file or sqlite:///FILE")
    return Path(url.database)


@click.command()
@click.argument("source", type=sqlite_path)
def copy(source: Path) -> None:
    """Copy everything from SOURCE, a SQLite database, into the configured PostgreSQL database.

    That one must have its tables (`mo-gateway db upgrade`) and no rows. Stop the gateway first: what comes in
    after the copy has begun is not in it. SOURCE stays as it is.

    \b
    MO_GATEWAY_DATABASE_URL=postgresql://USER@HOST/NAME mo-gateway db copy mo-gateway.db
    """
    settings = settings_from_environment()
    if settings.is_sqlite:
        raise ConfigError("MO_GATEWAY_DATABASE_URL must name the PostgreSQL database to copy into")
    engine = open_engine(settings, may_idle=True)  # while the other one is counted
    try:
        copied = _copied(source, engine)
    finally:
        engine.dispose()
    for name, n in copied.items():
        click.echo(f"{name} {n}")
    click.echo(
        "All is copied. Keep the files mo-gateway.*secret with the gateway. Next: mo-gateway status", err=True
    )


def _copied(source: Path, engine: Engine) -> dict[str, int]:
    """Copy in one transaction; give each table with its number of rows."""
    copied = {}
    with store.opened_source(source) as conn, engine.begin() as target:
        store.reserve(target)
        for table in store.tables():
            with progress(store.count(conn, table), table.name) as tell:
                copied[table.name] = store.copy_rows(conn, target, table, tell=tell)
        store.copy_state(conn, target)
    return copied
