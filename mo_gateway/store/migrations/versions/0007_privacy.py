"""Privacy: what pruning and erasing leave behind, and indexes by which they find what points to a message."""

import sqlalchemy as sa
from alembic import op

from mo_gateway.store import types

revision = "0007"
down_revision = "0006"

#: Table, column, and whether most of its rows have none.
POINTING = (
    ("mo_rejection", "message_id", True),
    ("opt_out", "message_id", True),
    ("opt_out", "until_message_id", True),
    ("mo_subscription", "message_id", False),
    ("mo_subscription", "until_message_id", True),
    ("mo_question", "message_id", False),
)


def upgrade() -> None:
    op.create_table(
        "mo_erased_key",
        sa.Column("table_name", sa.Text(), nullable=False, comment="The table of the erased row."),
        sa.Column("row_id", types.RowId, autoincrement=False, nullable=False, comment="Its number."),
        sa.PrimaryKeyConstraint("table_name", "row_id", name="mo_erased_key_pkey"),
        comment="One row is an erased row whose dedupe key still recognises retries; it is random a day later.",
    )
    op.create_table(
        "report_poll_kept",
        sa.Column("poll", sa.Text(), nullable=False, comment="Name of the poll."),
        sa.Column(
            "option", sa.Text(), nullable=False, comment="What was voted for; empty = the text names no option."
        ),
        sa.Column("votes", types.RowId, nullable=False, comment="Votes that count: one a person."),
        sa.Column(
            "unique_people", types.RowId, nullable=False, comment="Different people who sent it, counted or not."
        ),
        sa.Column("rejected_late", types.RowId, nullable=False, comment="Votes that came too late."),
        sa.Column("rejected_early", types.RowId, nullable=False, comment="Votes that came too early."),
        sa.Column(
            "rejected_double", types.RowId, nullable=False, comment="Votes of people whose other vote counts."
        ),
        sa.Column("unreadable", types.RowId, nullable=False, comment="Votes in time that name no option."),
        sa.Column(
            "up_to_vote",
            types.RowId,
            nullable=False,
            comment="Votes up to this id are counted here, and may be pruned.",
        ),
        sa.PrimaryKeyConstraint("poll", "option", name="report_poll_kept_pkey"),
        comment="One row is an option of a poll whose votes may be pruned: what they came to.",
    )
    op.add_column(
        "report_counted",
        sa.Column(
            "is_pruned",
            sa.Boolean(create_constraint=False),
            server_default=sa.text("false"),
            nullable=False,
            comment="True when messages of it were pruned: it stays as it was counted.",
        ),
    )
    for table, column, is_rare in POINTING:
        where = sa.text(f"{column} IS NOT NULL") if is_rare else None
        op.create_index(
            f"{table}_{column}_idx", table, [column], unique=False, postgresql_where=where, sqlite_where=where
        )
