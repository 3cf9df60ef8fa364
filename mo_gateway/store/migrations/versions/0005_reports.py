"""Reports: the tables that the worker counts into, and the first word as routing compares it."""

import sqlalchemy as sa
from alembic import op

from mo_gateway.store import types

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "report_counted",
        sa.Column("local_date", sa.Date(), nullable=False, comment="The date."),
        sa.Column("starts_at", types.UtcDateTime(), nullable=False, comment="The moment it begins."),
        sa.Column(
            "counted_at",
            types.UtcDateTime(),
            nullable=True,
            comment="What was there at that moment is counted; NULL = nothing yet.",
        ),
        sa.Column(
            "number",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Counts up with every change: the fence between two workers that count the same date.",
        ),
        sa.Column(
            "is_due",
            sa.Boolean(create_constraint=False),
            server_default=sa.text("true"),
            nullable=False,
            comment="True where something has happened to its messages since it was counted.",
        ),
        sa.Column(
            "is_closed",
            sa.Boolean(create_constraint=False),
            server_default=sa.text("false"),
            nullable=False,
            comment="True when it is over, no provider repeats its messages any more and its people are counted.",
        ),
        sa.PrimaryKeyConstraint("local_date", name="report_counted_pkey"),
        comment="One row is a date, and how its counting stands.",
    )
    op.create_table(
        "report_day",
        sa.Column("local_date", sa.Date(), nullable=False, comment="The date, in the zone of report_state."),
        sa.Column("shortcode", sa.Text(), nullable=False, comment="The number that was written to."),
        sa.Column("keyword_folded", sa.Text(), nullable=False, comment="First word, as routing compares it."),
        sa.Column(
            "operator", sa.Text(), nullable=False, comment="MCC and MNC; empty where the provider does not say."
        ),
        sa.Column(
            "is_test", sa.Boolean(create_constraint=False), nullable=False, comment="Of trigger, simulate, probes."
        ),
        sa.Column("messages", sa.Integer(), nullable=False, comment="Messages stored."),
        sa.Column("callbacks", sa.Integer(), nullable=False, comment="How often they came, repeats included."),
        sa.Column("unique_people", sa.Integer(), nullable=False, comment="Different senders."),
        sa.Column(
            "new_people",
            sa.Integer(),
            nullable=True,
            comment="Whose first message to this shortcode is here; NULL until it is closed.",
        ),
        sa.Column("handled", sa.Integer(), nullable=False, comment="Messages that a handler has done."),
        sa.Column("unrouted", sa.Integer(), nullable=False, comment="Messages that no handler took."),
        sa.Column("failed", sa.Integer(), nullable=False, comment="Messages given up."),
        sa.Column("waiting", sa.Integer(), nullable=False, comment="Messages that are still to be handled."),
        sa.Column("replies_sent", sa.Integer(), nullable=False, comment="Replies that a provider took."),
        sa.Column("replies_delivered", sa.Integer(), nullable=False, comment="Of them, reported as delivered."),
        sa.Column("replies_failed", sa.Integer(), nullable=False, comment="Replies that did not go out."),
        sa.Column("stops", sa.Integer(), nullable=False, comment="Messages that were a STOP."),
        sa.Column("last_at", types.UtcDateTime(), nullable=False, comment="When the newest of them was received."),
        sa.PrimaryKeyConstraint(
            "local_date", "shortcode", "keyword_folded", "operator", "is_test", name="report_day_pkey"
        ),
        comment="One row is what one date, shortcode, first word and operator came to.",
    )
    op.create_index("report_day_keyword_idx", "report_day", ["keyword_folded", "shortcode"], unique=False)
    op.create_table(
        "report_hour",
        sa.Column(
            "local_date", sa.Date(), nullable=False, comment="The date; an hour may be of two, in some zones."
        ),
        sa.Column("hour_at", types.UtcDateTime(), nullable=False, comment="When the hour began, UTC."),
        sa.Column("shortcode", sa.Text(), nullable=False, comment="The number that was written to."),
        sa.Column("messages", sa.Integer(), nullable=False, comment="Messages stored, tests aside."),
        sa.Column("callbacks", sa.Integer(), nullable=False, comment="How often they came, repeats included."),
        sa.Column(
            "handled", sa.Integer(), nullable=False, comment="Of these messages, those that a handler has done."
        ),
        sa.Column(
            "max_wait_ms",
            types.RowId,
            nullable=True,
            comment="The longest time from receipt to the handler's end; NULL = none ended.",
        ),
        sa.PrimaryKeyConstraint("local_date", "hour_at", "shortcode", name="report_hour_pkey"),
        comment="One row is what one hour and shortcode came to.",
    )
    op.create_table(
        "report_offset",
        sa.Column("from_at", types.UtcDateTime(), nullable=False, comment="From this moment on."),
        sa.Column("seconds", sa.Integer(), nullable=False, comment="Local time is so many seconds ahead of UTC."),
        sa.PrimaryKeyConstraint("from_at", name="report_offset_pkey"),
        comment="One row is a change of the clocks in the zone of report_state.",
    )
    op.create_table(
        "report_person",
        sa.Column("local_date", sa.Date(), nullable=False, comment="The date, which is closed or being closed."),
        sa.Column("person_key", sa.Text(), nullable=False, comment="Keyed hash of the sender's number, in hex."),
        sa.Column("shortcode", sa.Text(), nullable=False, comment="The number that was written to."),
        sa.Column("keyword_folded", sa.Text(), nullable=False, comment="First word, as routing compares it."),
        sa.Column("messages", sa.Integer(), nullable=False, comment="Messages, tests aside."),
        sa.Column("first_at", types.UtcDateTime(), nullable=False, comment="When the first was received."),
        sa.Column("last_at", types.UtcDateTime(), nullable=False, comment="When the last was received."),
        sa.Column("last_message_id", types.RowId, nullable=False, comment="The last of them."),
        sa.PrimaryKeyConstraint(
            "local_date", "person_key", "shortcode", "keyword_folded", name="report_person_pkey"
        ),
        comment="One row is a sender's day with one word on one shortcode; dates that are not closed are not here.",
    )
    op.create_index("report_person_person_key_idx", "report_person", ["person_key", "shortcode"], unique=False)
    op.create_table(
        "report_poll",
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
            "counted_at",
            types.UtcDateTime(),
            nullable=False,
            comment="What was there at that moment is counted.",
        ),
        sa.PrimaryKeyConstraint("poll", "option", name="report_poll_pkey"),
        comment="One row is an option of a poll, counted.",
    )
    op.create_table(
        "report_route",
        sa.Column(
            "shortcode", sa.Text(), nullable=False, comment="Where the word is taken; empty = on any shortcode."
        ),
        sa.Column("keyword", sa.Text(), nullable=False, comment="The word as its author wrote it."),
        sa.Column(
            "terms", sa.Text(), nullable=False, comment="What else a message must be like; empty = nothing."
        ),
        sa.Column(
            "keyword_folded",
            sa.Text(),
            nullable=True,
            comment="The word as routing compares it; NULL of a pattern and of *.",
        ),
        sa.Column("handler", sa.Text(), nullable=False, comment="Who takes it."),
        sa.Column(
            "alias_of", sa.Text(), nullable=True, comment="The handler's first word, where this is another one."
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="File and line."),
        sa.Column(
            "active_from",
            types.UtcDateTime(),
            nullable=True,
            comment="It takes what was sent then or later; NULL = always.",
        ),
        sa.Column(
            "active_to",
            types.UtcDateTime(),
            nullable=True,
            comment="It takes what was sent before; NULL = always.",
        ),
        sa.PrimaryKeyConstraint("shortcode", "keyword", "terms", name="report_route_pkey"),
        comment="One row is a word of the routes in force, as the last worker that has counted knows them.",
    )
    op.create_table(
        "report_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one row."),
        sa.Column(
            "zone",
            sa.Text(),
            nullable=True,
            comment="The zone of all local dates; NULL until a worker has begun to count.",
        ),
        sa.Column(
            "attempts_seen",
            types.RowId,
            server_default=sa.text("0"),
            nullable=False,
            comment="mo_attempt, up to this id.",
        ),
        sa.Column(
            "reports_seen",
            types.RowId,
            server_default=sa.text("0"),
            nullable=False,
            comment="mt_report, up to this id.",
        ),
        sa.Column(
            "views",
            sa.Text(),
            nullable=True,
            comment="Digest of the views as they were made; NULL = there are none.",
        ),
        sa.PrimaryKeyConstraint("id", name="report_state_pkey"),
        comment="How far the counting is, and what the views are.",
    )
    op.create_table(
        "report_word",
        sa.Column("local_date", sa.Date(), nullable=False, comment="The date."),
        sa.Column("shortcode", sa.Text(), nullable=False, comment="The number that was written to."),
        sa.Column("word", sa.Text(), nullable=False, comment="First word, as routing compares it."),
        sa.Column("messages", sa.Integer(), nullable=False, comment="Messages that no handler took, tests aside."),
        sa.Column(
            "nearest_keyword",
            sa.Text(),
            nullable=True,
            comment="The keyword that may have been meant, of the routes when counted.",
        ),
        sa.Column("distance", sa.Integer(), nullable=True, comment="How many letters it is away."),
        sa.PrimaryKeyConstraint("local_date", "shortcode", "word", name="report_word_pkey"),
        comment="One row is a word that no handler took, on one date.",
    )
    if op.get_context().dialect.name == "postgresql":  # small, since moments and rows come in the same order
        for table, column in (("mo_attempt", "started_at"), ("mt_message", "created_at")):
            op.create_index(
                f"{table}_{column}_idx",
                table,
                [column],
                postgresql_using="brin",
                postgresql_with={"autosummarize": "on"},
            )
    # last: nobody stores a message from here to the end of the transaction
    op.add_column(
        "mo_message",
        sa.Column(
            "keyword_folded",
            sa.Text(),
            nullable=True,
            comment="The first word as routing compares it; NULL of messages that schema 0004 or an older one stored.",
        ),
    )
