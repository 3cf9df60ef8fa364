"""The tables of people who look in from outside: who may log in, who is logged in, and what they did.

None of them is touched by the acknowledgement path or by a worker's handling.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text

from .tables import metadata as metadata
from .types import Json, RowId, UtcDateTime

mo_user = Table(
    "mo_user",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the user in this database."),
    Column("name", Text, nullable=False, unique=True, comment="Name to log in with."),
    Column("role", Text, nullable=False, comment="viewer, manager, operator, compliance or admin."),
    Column(
        "keywords",
        Json,
        nullable=False,
        comment="JSON list of the keywords that a manager may see, folded; empty for the other roles.",
    ),
    Column("password_hash", Text, nullable=False, comment="argon2id, with its salt and parameters."),
    Column("created_at", UtcDateTime, nullable=False, comment="When it was made."),
    CheckConstraint("role IN ('viewer', 'manager', 'operator', 'compliance', 'admin')", name="role"),
    comment="One row is somebody who may log in to the dashboard.",
)

mo_session = Table(
    "mo_session",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the session in this database."),
    Column("token_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of what the cookie holds."),
    Column("user_id", RowId, ForeignKey("mo_user.id", ondelete="CASCADE"), nullable=False, comment="Whose."),
    Column("created_at", UtcDateTime, nullable=False, comment="When somebody logged in."),
    Column("seen_at", UtcDateTime, nullable=False, comment="When it was last used, to a minute."),
    Index("mo_session_user_id_idx", "user_id"),
    comment="One row is a browser that is logged in.",
)

mo_login_failure = Table(
    "mo_login_failure",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the failure in this database."),
    Column("at", UtcDateTime, nullable=False, comment="When."),
    Column("name", Text, nullable=False, comment="The name that was tried, cut to a readable length."),
    Column("remote_addr", Text, nullable=False, comment="Address of the caller, behind the trusted proxies."),
    Index("mo_login_failure_at_idx", "at"),
    comment="One row is a log-in that failed within the last hour: what the limit on tries is counted from.",
)

mo_token = Table(
    "mo_token",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the token in this database."),
    Column("name", Text, nullable=False, unique=True, comment="What it is for."),
    Column("token_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of the token."),
    Column("created_at", UtcDateTime, nullable=False, comment="When it was made."),
    comment="One row is a token that opens the read API.",
)

mo_erased_key = Table(
    "mo_erased_key",
    metadata,
    Column("table_name", Text, primary_key=True, comment="The table of the erased row."),
    Column("row_id", RowId, primary_key=True, autoincrement=False, comment="Its number."),
    comment="One row is an erased row whose dedupe key still recognises retries; it is random a day later.",
)

mo_audit = Table(
    "mo_audit",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the entry in this database."),
    Column("at", UtcDateTime, nullable=False, comment="When."),
    Column("actor", Text, nullable=False, comment="Name of the user, or cli: and the host's account."),
    Column("role", Text, comment="The user's role at that time; NULL on the command line."),
    Column("action", Text, nullable=False, comment="What was done, such as reveal, replay, export or forget."),
    Column("subject", Text, nullable=False, comment="What it was done to; never a number."),
    Column(
        "person_key",
        LargeBinary,
        comment="Keyed hash of the number it was done to; NULL where it was not one person's.",
    ),
    Column("reason", Text, nullable=False, comment="What the user gave as the reason; may be empty."),
    Column("details", Json, nullable=False, comment="JSON object: the filter, counts, what was changed."),
    Column("remote_addr", Text, nullable=False, comment="Address of the caller; empty on the command line."),
    Index("mo_audit_at_idx", "at"),
    Index("mo_audit_person_key_idx", "person_key"),
    comment="One row is something that somebody saw or did; it can be added to, and neither changed nor deleted.",
)
