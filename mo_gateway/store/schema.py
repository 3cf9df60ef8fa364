"""The schema: made and upgraded by migrations, checked at every start."""

import io
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, inspect, text

from mo_gateway.errors import SchemaError

from .views import making

VERSION_TABLE = "mo_schema_version"
HEADING = (
    "-- The PostgreSQL schema, written by `mo-gateway db sql` from the migrations and the views, never by hand."
)


def upgrade(engine: Engine) -> None:
    """Bring the tables to this version, in one transaction, then the views; messages go on coming in meanwhile."""
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            # of two hosts that start together on an empty database the second waits, and finds it done
            conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mo_gateway.schema'))"))
        _refuse_newer(version(conn))
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
    making.make(engine)


def version(conn: Connection) -> str | None:
    """Give the schema's version, or None where the database has none of our tables."""
    return MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE}).get_current_revision()


def newest_version() -> str:
    """Give the version that this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def is_empty(conn: Connection) -> bool:
    """Tell whether there is nothing of ours yet."""
    return not inspect(conn).has_table(VERSION_TABLE)


def check(conn: Connection) -> None:
    """Raise SchemaError unless the schema is current."""
    _refuse_newer(version(conn))
    check_not_older(conn)


def check_not_older(conn: Connection) -> None:
    """Raise SchemaError where the schema is older than this program.

    A program that runs already goes on when the schema becomes newer: migrations take nothing away from it.
    """
    found, wanted = version(conn) or "none", newest_version()
    if found == "none" or found < wanted:
        raise SchemaError(
            f"the database has schema {found} and this program needs {wanted}: run `mo-gateway db upgrade`"
        )


def as_sql() -> str:
    """Write the whole PostgreSQL schema, with every comment: the tables by the migrations, then the views."""
    written = io.StringIO()
    config = _config(output=written)
    config.set_main_option("sqlalchemy.url", "postgresql+psycopg://")
    command.upgrade(config, "head", sql=True)
    lines = [line.rstrip() for line in written.getvalue().strip().splitlines()]
    views = making.as_sql(URL.create("postgresql+psycopg").get_dialect()(), noted=True)
    return "\n".join([HEADING, "", *lines, "", views, ""])


def _refuse_newer(found: str | None) -> None:
    newest = newest_version()
    if found and found > newest:  # versions are numbers of four digits
        raise SchemaError(
            f"the database has schema {found} of a newer mo_gateway, and this one knows {newest} at most:"
            " run the newer one"
        )


def _config(output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
