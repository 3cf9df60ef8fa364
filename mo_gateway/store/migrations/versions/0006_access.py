"""Access: users of the dashboard and their sessions, tokens of the read API, the audit trail."""

import sqlalchemy as sa
from alembic import op

from mo_gateway.store import types

revision = "0006"
down_revision = "0005"

#: No program changes what the trail says, ours included; on PostgreSQL only the tables' owner could undo this.
KEPT_ON_POSTGRESQL = (
    "CREATE FUNCTION mo_audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'mo_audit can be added to, and neither changed nor deleted'; END $$",
    "CREATE TRIGGER mo_audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON mo_audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION mo_audit_is_kept()",
)
KEPT_ON_SQLITE = tuple(
    f"CREATE TRIGGER mo_audit_is_kept_from_{event} BEFORE {event} ON mo_audit"
    " BEGIN SELECT RAISE(ABORT, 'mo_audit can be added to, and neither changed nor deleted'); END"
    for event in ("UPDATE", "DELETE")
)


def upgrade() -> None:
    op.create_table(
        "mo_user",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the user in this database."),
        sa.Column("name", sa.Text(), nullable=False, comment="Name to log in with."),
        sa.Column("role", sa.Text(), nullable=False, comment="viewer, manager, operator, compliance or admin."),
        sa.Column(
            "keywords",
            types.Json,
            nullable=False,
            comment="JSON list of the keywords that a manager may see, folded; empty for the other roles.",
        ),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id, with its salt and parameters."),
        sa.Column("created_at", types.UtcDateTime(), nullable=False, comment="When it was made."),
        sa.CheckConstraint(
            "role IN ('viewer', 'manager', 'operator', 'compliance', 'admin')", name=op.f("mo_user_role_check")
        ),
        sa.PrimaryKeyConstraint("id", name="mo_user_pkey"),
        sa.UniqueConstraint("name", name="mo_user_name_key"),
        comment="One row is somebody who may log in to the dashboard.",
    )
    op.create_table(
        "mo_session",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the session in this database."),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what the cookie holds."),
        sa.Column("user_id", types.RowId, nullable=False, comment="Whose."),
        sa.Column("created_at", types.UtcDateTime(), nullable=False, comment="When somebody logged in."),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False, comment="When it was last used, to a minute."),
        sa.ForeignKeyConstraint(["user_id"], ["mo_user.id"], name="mo_session_user_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="mo_session_pkey"),
        sa.UniqueConstraint("token_hash", name="mo_session_token_hash_key"),
        comment="One row is a browser that is logged in.",
    )
    op.create_index("mo_session_user_id_idx", "mo_session", ["user_id"], unique=False)
    op.create_table(
        "mo_login_failure",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the failure in this database."),
        sa.Column("at", types.UtcDateTime(), nullable=False, comment="When."),
        sa.Column("name", sa.Text(), nullable=False, comment="The name that was tried, cut to a readable length."),
        sa.Column(
            "remote_addr",
            sa.Text(),
            nullable=False,
            comment="Address of the caller, behind the trusted proxies.",
        ),
        sa.PrimaryKeyConstraint("id", name="mo_login_failure_pkey"),
        comment="One row is a log-in that failed within the last hour: what the limit on tries is counted from.",
    )
    op.create_index("mo_login_failure_at_idx", "mo_login_failure", ["at"], unique=False)
    op.create_table(
        "mo_token",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the token in this database."),
        sa.Column("name", sa.Text(), nullable=False, comment="What it is for."),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token."),
        sa.Column("created_at", types.UtcDateTime(), nullable=False, comment="When it was made."),
        sa.PrimaryKeyConstraint("id", name="mo_token_pkey"),
        sa.UniqueConstraint("name", name="mo_token_name_key"),
        sa.UniqueConstraint("token_hash", name="mo_token_token_hash_key"),
        comment="One row is a token that opens the read API.",
    )
    op.create_table(
        "mo_audit",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the entry in this database."),
        sa.Column("at", types.UtcDateTime(), nullable=False, comment="When."),
        sa.Column("actor", sa.Text(), nullable=False, comment="Name of the user, or cli: and the host's account."),
        sa.Column(
            "role", sa.Text(), nullable=True, comment="The user's role at that time; NULL on the command line."
        ),
        sa.Column(
            "action",
            sa.Text(),
            nullable=False,
            comment="What was done, such as reveal, replay, export or forget.",
        ),
        sa.Column("subject", sa.Text(), nullable=False, comment="What it was done to; never a number."),
        sa.Column(
            "person_key",
            sa.LargeBinary(),
            nullable=True,
            comment="Keyed hash of the number it was done to; NULL where it was not one person's.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="What the user gave as the reason; may be empty."),
        sa.Column(
            "details",
            types.Json,
            nullable=False,
            comment="JSON object: the filter, counts, what was changed.",
        ),
        sa.Column(
            "remote_addr",
            sa.Text(),
            nullable=False,
            comment="Address of the caller; empty on the command line.",
        ),
        sa.PrimaryKeyConstraint("id", name="mo_audit_pkey"),
        comment="One row is something that somebody saw or did; it can be added to, and neither changed nor deleted.",
    )
    op.create_index("mo_audit_at_idx", "mo_audit", ["at"], unique=False)
    op.create_index("mo_audit_person_key_idx", "mo_audit", ["person_key"], unique=False)
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for statement in KEPT_ON_POSTGRESQL if is_postgresql else KEPT_ON_SQLITE:
        op.execute(statement)
