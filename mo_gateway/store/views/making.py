"""Views brought into the database: made where there are none, exchanged where a version has others."""

from hashlib import sha256

from sqlalchemy import Connection, Dialect, Engine, inspect, select, text
from sqlalchemy.exc import InternalError, ProgrammingError
from sqlalchemy.schema import CreateView

from mo_gateway.errors import SchemaError
from mo_gateway.store.report_tables import report_state
from mo_gateway.store.types import insert_into

from . import VIEWS
from .view import View

READER = "mo_reader"  #: everything but numbers and what people wrote
COMPLIANCE = "mo_compliance"  #: those too


def make(engine: Engine) -> None:
    """Bring the views to this version, in a transaction of its own, and only where they are others.

    To exchange a view needs a lock that each reader of it holds: who asks a long question is waited for, up to the
    patience of the engine, and then nothing is changed.
    """
    wanted = digest(engine.dialect)
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('mo_gateway.views'))"))
        if conn.scalar(select(report_state.c.views)) == wanted and not missing(conn):
            return
        for view in VIEWS:
            _exchange(conn, view)
        if conn.dialect.name == "postgresql":
            _let_read(conn)
        _note(conn, wanted)


def _exchange(conn: Connection, view: View) -> None:
    """Put a view in the place of what it was before."""
    if conn.dialect.name != "postgresql":
        conn.execute(text(f"DROP VIEW IF EXISTS {view.name}"))
        conn.execute(CreateView(view.query, view.name))
        return
    try:
        with conn.begin_nested():  # columns that came at the end: views of others' that are made from it stay
            conn.execute(CreateView(view.query, view.name, or_replace=True))
    except ProgrammingError:
        _drop(conn, view)
        conn.execute(CreateView(view.query, view.name))
    for comment in _comments(view):
        conn.execute(text(comment.replace(":", r"\:")))


def drop(conn: Connection) -> None:
    """Take away every view of ours; or raise SchemaError where somebody has made one of theirs from it."""
    for view in VIEWS:
        _drop(conn, view)
    _note(conn, None)


def _drop(conn: Connection, view: View) -> None:
    try:
        conn.execute(text(f"DROP VIEW IF EXISTS {view.name}"))
    except InternalError as exc:
        raise SchemaError(
            f"{view.name} must be made anew, and a view of your own is made from it: drop yours, run"
            f" `mo-gateway db upgrade`, and make it again ({' '.join(str(exc.orig).split())})"
        ) from exc


def missing(conn: Connection) -> list[str]:
    """Name the views that are not there."""
    there = set(inspect(conn).get_view_names())
    return [view.name for view in VIEWS if view.name not in there]


def digest(dialect: Dialect) -> str:
    """Give what tells these views from any others."""
    return sha256(as_sql(dialect).encode()).hexdigest()


def as_sql(dialect: Dialect, *, noted: bool = False) -> str:
    """Write all views as SQL, with comments where the database keeps such; `noted` says that they are made too."""
    statements: list[str] = []
    for view in VIEWS:
        statements.append(str(CreateView(view.query, view.name).compile(dialect=dialect)).strip())
        if dialect.name == "postgresql":
            statements += _comments(view)
    if noted:
        statements.append(f"INSERT INTO report_state (id, views) VALUES (1, '{digest(dialect)}')")
    return "\n\n".join(f"{statement};" for statement in statements)


def grants(role: str) -> list[str]:
    """Give the statements that let a role of `deploy/reader.sql` read what is for it, on PostgreSQL."""
    if role == COMPLIANCE:
        return [f"GRANT SELECT ON {', '.join(view.name for view in VIEWS)} TO {role}"]
    found = []
    for view in VIEWS:
        readable = [column.name for column in view.columns if not column.is_personal]
        columns = "" if len(readable) == len(view.columns) else f" ({', '.join(readable)})"
        if not view.is_private:
            found.append(f"GRANT SELECT{columns} ON {view.name} TO {role}")
    return found


def kept_from(conn: Connection, role: str) -> list[str]:
    """Name the views that a role is for and cannot read, on PostgreSQL; all where there is no such role."""
    readable = [view.name for view in VIEWS if role == COMPLIANCE or not view.is_private]
    if not conn.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
        return readable
    asked = text("SELECT has_any_column_privilege(:role, :view, 'SELECT')")
    there = set(readable) - set(missing(conn))
    return [one for one in readable if one in there and not conn.scalar(asked, {"role": role, "view": one})]


def _let_read(conn: Connection) -> None:
    """Give the roles of `deploy/reader.sql`, where there are such, what they could read before."""
    for role in (READER, COMPLIANCE):
        if conn.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
            # a view that was replaced has its old rights still, and they are of its new columns too
            conn.execute(text(f"REVOKE SELECT ON {', '.join(view.name for view in VIEWS)} FROM {role}"))
            for statement in grants(role):
                conn.execute(text(statement))


def _comments(view: View) -> list[str]:
    comments = [f"COMMENT ON VIEW {view.name} IS {_quoted(f'One row is {view.grain}.')}"]
    for column in view.columns:
        meaning = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
        comments.append(f"COMMENT ON COLUMN {view.name}.{column.name} IS {_quoted(meaning)}")
    return comments


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _note(conn: Connection, views: str | None) -> None:
    row = insert_into(conn, report_state).values(id=1, views=views)
    conn.execute(row.on_conflict_do_update(index_elements=["id"], set_={"views": views}))
