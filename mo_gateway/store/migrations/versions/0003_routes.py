"""Routes without code: votes, lists, questions, observers, and which routes each worker has."""

import sqlalchemy as sa
from alembic import op

from mo_gateway.store import types

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "mo_worker",
        sa.Column("process", sa.Text(), nullable=False, comment="Host and process."),
        sa.Column("started_at", types.UtcDateTime(), nullable=False, comment="When it began."),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False, comment="When it last said that it is there."),
        sa.Column(
            "routes_loaded_at",
            types.UtcDateTime(),
            nullable=False,
            comment="When the routes in force were loaded.",
        ),
        sa.Column("routes", sa.Integer(), nullable=False, comment="How many routes are in force."),
        sa.Column(
            "reload_asked_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When it was asked to load its routes anew; NULL = it has.",
        ),
        sa.Column(
            "reload_error", sa.Text(), nullable=True, comment="Why the last load failed; NULL = it did not."
        ),
        sa.PrimaryKeyConstraint("process", name="mo_worker_pkey"),
        comment="One row is a worker process, and how it stands with its routes.",
    )
    op.create_table(
        "mo_question",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the question in this database."),
        sa.Column(
            "line",
            types.RowId,
            nullable=False,
            comment="The queue of its person and shortcode, as in mo_handling.",
        ),
        sa.Column("person_key", sa.LargeBinary(), nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
        sa.Column("shortcode", sa.Text(), nullable=False, comment="The shortcode that the answer comes to."),
        sa.Column("expect", sa.Text(), nullable=False, comment="Name of what takes the answer."),
        sa.Column("note", sa.Text(), nullable=False, comment="What the asking handler wanted remembered."),
        sa.Column(
            "timeout_text",
            sa.Text(),
            nullable=False,
            comment="What is sent when no answer came in time; may be empty.",
        ),
        sa.Column("message_id", types.RowId, nullable=False, comment="The message that led to it."),
        sa.Column("asked_at", types.UtcDateTime(), nullable=False, comment="When it was asked."),
        sa.Column(
            "expires_at",
            types.UtcDateTime(),
            nullable=False,
            comment="An answer sent later is an ordinary message.",
        ),
        sa.Column(
            "ended_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When it was over; NULL = it waits for an answer.",
        ),
        sa.Column(
            "outcome",
            sa.Text(),
            nullable=True,
            comment="answered, timed out, replaced or stopped; NULL = it waits for an answer.",
        ),
        sa.Column("answer_message_id", types.RowId, nullable=True, comment="The message that answered it."),
        sa.CheckConstraint(
            "outcome IN ('answered', 'timed out', 'replaced', 'stopped')", name=op.f("mo_question_outcome_check")
        ),
        sa.ForeignKeyConstraint(
            ["answer_message_id"], ["mo_message.id"], name="mo_question_answer_message_id_fkey"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="mo_question_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mo_question_pkey"),
        comment="One row is a question that a handler asked a person.",
    )
    op.create_index(
        "mo_question_expires_at_idx",
        "mo_question",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("mo_question_answer_idx", "mo_question", ["answer_message_id"], unique=False)
    op.create_index("mo_question_line_idx", "mo_question", ["line"], unique=False)
    op.create_table(
        "mo_subscription",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the subscription in this database."),
        sa.Column("list", sa.Text(), nullable=False, comment="Name of the list."),
        sa.Column("person_key", sa.LargeBinary(), nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
        sa.Column("msisdn", sa.Text(), nullable=False, comment="Who is on it: digits, country code first, no +."),
        sa.Column("shortcode", sa.Text(), nullable=False, comment="The shortcode that it was joined on."),
        sa.Column("since", types.UtcDateTime(), nullable=False, comment="When they joined."),
        sa.Column("until", types.UtcDateTime(), nullable=True, comment="When they left; NULL = they are on it."),
        sa.Column("message_id", types.RowId, nullable=False, comment="The message that proves it."),
        sa.Column("until_message_id", types.RowId, nullable=True, comment="The message that ended it."),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="mo_subscription_message_id_fkey"),
        sa.ForeignKeyConstraint(
            ["until_message_id"], ["mo_message.id"], name="mo_subscription_until_message_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="mo_subscription_pkey"),
        comment="One row is one person's time on a list, with the messages that prove it.",
    )
    op.create_index(
        "mo_subscription_person_idx",
        "mo_subscription",
        ["list", "person_key"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
        sqlite_where=sa.text("until IS NULL"),
    )
    op.create_index("mo_subscription_person_key_idx", "mo_subscription", ["person_key"], unique=False)
    op.create_table(
        "mo_vote",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the vote in this database."),
        sa.Column("poll", sa.Text(), nullable=False, comment="Name of the poll."),
        sa.Column(
            "option", sa.Text(), nullable=True, comment="What was voted for; NULL = the text names no option."
        ),
        sa.Column("person_key", sa.LargeBinary(), nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
        sa.Column("message_id", types.RowId, nullable=False, comment="The message that votes."),
        sa.Column(
            "voted_at", types.UtcDateTime(), nullable=False, comment="When it was sent, by the provider's clock."
        ),
        sa.Column(
            "timing", sa.Text(), nullable=False, comment="in time, early or late; only a vote in time can count."
        ),
        sa.Column(
            "last_counts",
            sa.Boolean(),
            nullable=False,
            comment="True where a person's last vote counts, false where the first does.",
        ),
        sa.CheckConstraint("timing IN ('in time', 'early', 'late')", name=op.f("mo_vote_timing_check")),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="mo_vote_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mo_vote_pkey"),
        sa.UniqueConstraint("poll", "message_id", name="mo_vote_poll_message_id_key"),
        comment="One row is a vote that was sent; which of a person's votes counts is told when they are counted.",
    )
    op.create_index("mo_vote_message_id_idx", "mo_vote", ["message_id"], unique=False)
    op.create_index("mo_vote_person_idx", "mo_vote", ["poll", "person_key"], unique=False)
    op.add_column(
        "mo_handling",
        sa.Column(
            "is_observer",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True for the work of an observer (every_message), beside that of the one handler.",
        ),
    )
    op.add_column(
        "mo_handling",
        sa.Column(
            "is_mute",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True while a replay runs that must not answer a second time.",
        ),
    )
