"""Room in each page of what grows with every message, so that storing one costs the same after ten million."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = ("mo_message", "mo_handling")


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 90)")
