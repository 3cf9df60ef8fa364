"""`db …`: the schema, and moving from SQLite to PostgreSQL."""

import click

from mo_gateway.store import reading, schema
from mo_gateway.store.engine import open_engine

from .copy import copy
from .setup import settings_from_environment


@click.group()
def db() -> None:
    """Look after the database: its schema, and moving it."""


@db.command()
def upgrade() -> None:
    """Create the tables, or bring them to this version."""
    engine = open_engine(settings_from_environment())
    try:
        schema.upgrade(engine)
    finally:
        engine.dispose()
    _say_current()


@db.command()
def check() -> None:
    """Say whether the schema is current; exit code 4 where it is not."""
    with reading.opened(settings_from_environment()):
        _say_current()


@db.command()
def sql() -> None:
    """Print the PostgreSQL schema, with every comment, as SQL."""
    click.echo(schema.as_sql(), nl=False)


def _say_current() -> None:
    click.echo(f"The schema is current: {schema.newest_version()}.", err=True)


db.add_command(copy)
