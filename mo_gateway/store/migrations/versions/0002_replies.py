"""Replies: what a send needs to know, delivery reports, opt-outs, how each provider stands."""

import sqlalchemy as sa
from alembic import op

from mo_gateway.store import types

revision = "0002"
down_revision = "0001"

#: Columns whose comment says more now; SQLite keeps no comments.
COMMENTS = {
    "mo_message": {
        "operator": "MCC and MNC of the sender's network, five digits; empty where another provider does not say.",
        "timestamp_raw": "The provider's TIMESTAMP, the 14 digits that came; of other providers, their time written so, 0 where none came.",
    },
    "mt_message": {
        "handler": "The handler that wrote it; NULL for a confirmation and what was sent by hand.",
        "body": "The text; NULL where udh and data are sent, or a vcard.",
        "state": "queued, sent, failed, unknown (may have gone out; with due_at, it is being sent) or suppressed.",
        "suppressed_reason": "Why it was not sent: opt-out, limit, loop, budget, expired, test or withdrawn.",
        "due_at": "When there is work, or when the claim's lease ends; NULL = never.",
    },
    "mo_attempt": {"outcome": "done, unrouted, failed or dead; of a send: sent, failed, later or unknown."},
}


def upgrade() -> None:
    op.create_table(
        "opt_out",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the opt-out in this database."),
        sa.Column("person_key", sa.LargeBinary(), nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
        sa.Column(
            "msisdn", sa.Text(), nullable=False, comment="Who wants no more: digits, country code first, no +."
        ),
        sa.Column(
            "shortcode", sa.Text(), nullable=True, comment="The shortcode it was said to; NULL = all of them."
        ),
        sa.Column(
            "keyword",
            sa.Text(),
            nullable=True,
            comment="The one keyword that is not wanted, folded; NULL = all of them.",
        ),
        sa.Column("word", sa.Text(), nullable=False, comment="The word that was sent, or who entered it."),
        sa.Column(
            "since",
            types.UtcDateTime(),
            nullable=False,
            comment="When it was recorded; no reply goes out from then on.",
        ),
        sa.Column(
            "until", types.UtcDateTime(), nullable=True, comment="When a START undid it; NULL = it is in force."
        ),
        sa.Column("message_id", types.RowId, nullable=True, comment="The message that proves it."),
        sa.Column("until_message_id", types.RowId, nullable=True, comment="The message that undid it."),
        sa.Column("confirmed_at", types.UtcDateTime(), nullable=True, comment="When its confirmation was sent."),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="opt_out_message_id_fkey"),
        sa.ForeignKeyConstraint(["until_message_id"], ["mo_message.id"], name="opt_out_until_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="opt_out_pkey"),
        comment="One row is one STOP, until START; every reply is checked against it at the moment of sending.",
    )
    op.create_index(
        "opt_out_person_key_idx",
        "opt_out",
        ["person_key"],
        unique=False,
        postgresql_where=sa.text("until IS NULL"),
        sqlite_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "mt_provider",
        sa.Column("provider", sa.Text(), nullable=False, comment="The provider; * is all of them together."),
        sa.Column(
            "paused_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When somebody paused its replies; NULL = they go out.",
        ),
        sa.Column(
            "held_until",
            types.UtcDateTime(),
            nullable=True,
            comment="When it is tried again after trouble of its own.",
        ),
        sa.Column(
            "failures", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="Troubles in a row."
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="What the last trouble was."),
        sa.Column("next_at", types.UtcDateTime(), nullable=True, comment="When its rate next has room."),
        sa.Column(
            "day",
            sa.Text(),
            nullable=True,
            comment="The day that parts counts, in the configured zone: YYYY-MM-DD; of * only.",
        ),
        sa.Column(
            "parts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Parts handed over on that day.",
        ),
        sa.PrimaryKeyConstraint("provider", name="mt_provider_pkey"),
        comment="How the sending by one provider stands; each claim of a reply locks its row.",
    )
    op.add_column(
        "mt_message", sa.Column("error", sa.Text(), nullable=True, comment="What went wrong at the last attempt.")
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "attempt_limit",
            sa.Integer(),
            server_default=sa.text("12"),
            nullable=False,
            comment="It has failed after this many attempts; a retry by hand raises it.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "expires_at",
            types.UtcDateTime(),
            nullable=True,
            comment="It is not sent any more after this moment; NULL = it always is.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column("tried_at", types.UtcDateTime(), nullable=True, comment="When it was last claimed to be sent."),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "first_tried_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When it was first claimed, since a retry by hand.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "shortcode",
            sa.Text(),
            nullable=True,
            comment="The shortcode of the message it answers; by hand, its sender.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "keyword",
            sa.Text(),
            nullable=True,
            comment="The keyword of the message it answers, folded; NULL = none.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "options",
            types.Json,
            nullable=True,
            comment="JSON object of what only some providers know: vcard, at, group.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "is_test",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True for answers to messages of trigger, simulate and probes.",
        ),
    )
    op.add_column(
        "mt_message",
        sa.Column(
            "opt_out_id",
            types.RowId,
            nullable=True,
            comment="The row of opt_out that it confirms; it goes out all the same.",
        ),
    )
    op.create_index(
        "mt_message_due_idx",
        "mt_message",
        ["provider", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "mt_message_problem_idx",
        "mt_message",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('failed', 'unknown', 'suppressed')"),
        sqlite_where=sa.text("state IN ('failed', 'unknown', 'suppressed')"),
    )
    op.create_index("mt_message_provider_id_idx", "mt_message", ["provider_id"], unique=False)
    op.create_index("mt_message_reference_idx", "mt_message", ["reference"], unique=False)
    op.create_index("mt_message_tried_idx", "mt_message", ["person_key", "tried_at"], unique=False)
    op.create_table(
        "mt_report",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the delivery report in this database."),
        sa.Column(
            "dedupe_key",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the provider and what the report says: equal when it comes again.",
        ),
        sa.Column("mt_message_id", types.RowId, nullable=True, comment="The reply; NULL while none is known."),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who sent it."),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="Our class of it: delivered, failed, pending or unknown."
        ),
        sa.Column("provider_status", sa.Text(), nullable=False, comment="The provider's own word."),
        sa.Column("reference", sa.Text(), nullable=True, comment="Our id of the reply, as the report names it."),
        sa.Column("provider_id", sa.Text(), nullable=True, comment="The provider's own id of the reply."),
        sa.Column(
            "reported_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When it happened, as the provider says; NULL where it does not.",
        ),
        sa.Column("received_at", types.UtcDateTime(), nullable=False, comment="When this gateway first got it."),
        sa.Column("last_received_at", types.UtcDateTime(), nullable=False, comment="When it last came."),
        sa.Column(
            "deliveries", sa.Integer(), nullable=False, comment="How often it came, the first time included."
        ),
        sa.Column(
            "raw", sa.LargeBinary(), nullable=False, comment="This report's part of the request, as it came."
        ),
        sa.Column(
            "remote_addr", sa.Text(), nullable=False, comment="Address of the caller, behind the trusted proxies."
        ),
        sa.CheckConstraint(
            "status IN ('delivered', 'failed', 'pending', 'unknown')", name=op.f("mt_report_status_check")
        ),
        sa.ForeignKeyConstraint(["mt_message_id"], ["mt_message.id"], name="mt_report_mt_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mt_report_pkey"),
        sa.UniqueConstraint("dedupe_key", name="mt_report_dedupe_key_key"),
        comment="One row is a delivery report, joined to its reply whatever came first.",
    )
    op.create_index("mt_report_mt_message_id_idx", "mt_report", ["mt_message_id"], unique=False)
    op.create_index(
        "mt_report_unknown_idx",
        "mt_report",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("mt_message_id IS NULL"),
        sqlite_where=sa.text("mt_message_id IS NULL"),
    )
    op.drop_index("mt_message_due_at_idx", "mt_message")
    is_postgresql = op.get_context().dialect.name == "postgresql"
    if is_postgresql:
        for table, comments in COMMENTS.items():
            for column, comment in comments.items():
                op.alter_column(table, column, comment=comment)
    # last, since from here on until the end no message can be stored
    op.add_column(
        "mo_handling",
        sa.Column(
            "may_be_stop",
            sa.Boolean(),
            # SQLite can't change a default later, and there rows are few enough to be set one by one
            server_default=sa.text("false" if is_postgresql else "true"),
            nullable=False,
            comment="True until a worker has looked whether the message is a STOP or a START, whoever waits before it.",
        ),
    )
    if not op.get_context().as_sql:  # a schema on paper has no rows
        _fill()
    if is_postgresql:  # receivers of before go on storing meanwhile, and do not set it
        op.alter_column("mo_handling", "may_be_stop", server_default=sa.text("true"))
    op.create_index(
        "mo_handling_may_be_stop_idx",
        "mo_handling",
        ["message_id", "line"],
        unique=False,
        postgresql_where=sa.text("may_be_stop"),
        sqlite_where=sa.text("may_be_stop = 1"),
    )


def _fill() -> None:
    """Give the rows that are there what new ones are made with; the reply to an old message must not go out late."""
    message = sa.table("mo_message", *(sa.column(name) for name in ("id", "shortcode", "is_test")))
    names = ("message_id", "shortcode", "is_test", "created_at", "expires_at", "due_at")
    reply = sa.table("mt_message", *(sa.column(name) for name in names))
    handling = sa.table(
        "mo_handling",
        *(sa.column(name) for name in ("attempts", "due_at")),
        sa.column("may_be_stop", sa.Boolean()),
    )
    is_old = sa.type_coerce(reply.c.created_at, types.UtcDateTime()) < types.database_now(-86400.0)
    answered = message.c.id == reply.c.message_id
    is_test = sa.select(message.c.is_test).where(answered).scalar_subquery()
    op.execute(
        sa.update(reply)
        .where(reply.c.due_at.is_not(None))
        .values(
            shortcode=sa.select(message.c.shortcode).where(answered).scalar_subquery(),
            is_test=sa.func.coalesce(is_test, sa.false()),
            expires_at=sa.case((is_old, types.database_now()), else_=types.database_now(86400.0)),
        )
    )
    is_new = (handling.c.attempts == 0) & handling.c.due_at.is_not(None)
    wrong = is_new if op.get_context().dialect.name == "postgresql" else ~is_new
    op.execute(sa.update(handling).where(wrong).values(may_be_stop=~handling.c.may_be_stop))
