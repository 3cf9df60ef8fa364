"""The first tables: messages, rejections, handlings, attempts, replies, intake counts."""

import sqlalchemy as sa
from alembic import op

from mo_gateway.store import types

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "mo_intake",
        sa.Column("minute", types.UtcDateTime(), nullable=False, comment="The minute the requests came in."),
        sa.Column("process", sa.Text(), nullable=False, comment="Host and process that took them."),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who sent them."),
        sa.Column("outcome", sa.Text(), nullable=False, comment="stored, duplicate, rejected or refused."),
        sa.Column("n", sa.Integer(), nullable=False, comment="How many requests."),
        sa.PrimaryKeyConstraint("minute", "process", "provider", "outcome", name="mo_intake_pkey"),
        comment="Requests counted per minute, process, provider and outcome; up to 5 s of a killed process are missing.",
    )
    op.create_table(
        "mo_message",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the message in this database."),
        sa.Column(
            "dedupe_key",
            sa.LargeBinary(),
            nullable=False,
            comment="Equal when the provider repeats itself: the TIMESTAMP digits, then a hash of all fields (16 bytes).",
        ),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who delivered it, such as spryng."),
        sa.Column("msisdn", sa.Text(), nullable=False, comment="The sender: digits, country code first, no +."),
        sa.Column(
            "person_key",
            sa.LargeBinary(),
            nullable=False,
            comment="Keyed hash (HMAC) of the MSISDN: equal for one person, not reversible without the secret.",
        ),
        sa.Column("keyword", sa.Text(), nullable=False, comment="First word of the SMS, as received."),
        sa.Column("parm", sa.Text(), nullable=False, comment="All text after the keyword; may be empty."),
        sa.Column(
            "operator", sa.Text(), nullable=False, comment="MCC and MNC of the sender's network, five digits."
        ),
        sa.Column(
            "operator_defaulted",
            sa.Boolean(),
            nullable=False,
            comment="True when OPERATOR did not come and 20601 was put in, as the provider's document says.",
        ),
        sa.Column(
            "shortcode",
            sa.Text(),
            nullable=False,
            comment="The number that the SMS was sent to, national format.",
        ),
        sa.Column("country", sa.Text(), nullable=False, comment="ISO 3166-1 alpha-3."),
        sa.Column(
            "reference",
            sa.Text(),
            nullable=True,
            comment="The provider's optional REFERENCE; NULL when absent or empty.",
        ),
        sa.Column(
            "timestamp_raw",
            sa.Text(),
            nullable=False,
            comment="The provider's TIMESTAMP, the 14 digits that came.",
        ),
        sa.Column(
            "sent_at",
            types.UtcDateTime(),
            nullable=False,
            comment="The same as a moment, read in the configured zone.",
        ),
        sa.Column(
            "received_at",
            types.UtcDateTime(),
            nullable=False,
            comment="When this gateway first got it, by its own clock.",
        ),
        sa.Column(
            "deliveries", sa.Integer(), nullable=False, comment="How often it came, the first time included."
        ),
        sa.Column("last_received_at", types.UtcDateTime(), nullable=False, comment="When it last came."),
        sa.Column("method", sa.Text(), nullable=False, comment="HTTP method of the first delivery: POST or GET."),
        sa.Column("charset", sa.Text(), nullable=False, comment="How the raw bytes were read."),
        sa.Column(
            "raw",
            sa.LargeBinary(),
            nullable=False,
            comment="The form as it came: the body, or the query of a GET.",
        ),
        sa.Column(
            "marks",
            types.Json,
            nullable=False,
            comment="JSON list of named oddities, such as operator-unlisted.",
        ),
        sa.Column(
            "remote_addr",
            sa.Text(),
            nullable=False,
            comment="Address of the caller, behind the trusted proxies.",
        ),
        sa.Column(
            "is_test",
            sa.Boolean(),
            nullable=False,
            comment="True for messages of trigger, simulate and probes.",
        ),
        sa.PrimaryKeyConstraint("id", name="mo_message_pkey"),
        sa.UniqueConstraint("dedupe_key", name="mo_message_dedupe_key_key"),
        comment="One row is a stored inbound SMS; written once: only deliveries and last_received_at move, and replay --charset repairs a text.",
    )
    op.create_index("mo_message_received_at_idx", "mo_message", ["received_at"], unique=False)
    op.create_table(
        "mo_handling",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the handling in this database."),
        sa.Column("message_id", types.RowId, nullable=False, comment="The message."),
        sa.Column(
            "handler",
            sa.Text(),
            nullable=True,
            comment="Name of the handler; NULL until dispatch has routed the message.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default=sa.text("'pending'"),
            nullable=False,
            comment="pending, done, unrouted, failed (tried and due again) or dead (given up).",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often it was claimed; only grows: it is the fence between two workers.",
        ),
        sa.Column(
            "attempt_limit",
            sa.Integer(),
            nullable=False,
            comment="It is dead after this many attempts; a replay raises it.",
        ),
        sa.Column(
            "due_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When there is work, or when the claim's lease ends; NULL = never.",
        ),
        sa.Column(
            "finished_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When it became done, unrouted or dead.",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="What went wrong at the last attempt."),
        sa.Column(
            "line",
            types.RowId,
            nullable=False,
            comment="The queue it waits in: a hash of sender and shortcode, whose messages are handled one by one.",
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'done', 'unrouted', 'failed', 'dead')", name=op.f("mo_handling_state_check")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="mo_handling_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mo_handling_pkey"),
        sa.UniqueConstraint("message_id", "handler", name="mo_handling_message_id_handler_key"),
        comment="One row is one handler's work on one message.",
    )
    op.create_index(
        "mo_handling_due_at_idx",
        "mo_handling",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "mo_handling_line_idx",
        "mo_handling",
        ["line", "message_id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "mo_handling_problem_idx",
        "mo_handling",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('unrouted', 'failed', 'dead')"),
        sqlite_where=sa.text("state IN ('unrouted', 'failed', 'dead')"),
    )
    op.create_table(
        "mo_rejection",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the rejection in this database."),
        sa.Column(
            "dedupe_key",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of provider, method, media type and raw bytes: equal when the same request comes again.",
        ),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who sent it, such as spryng."),
        sa.Column("received_at", types.UtcDateTime(), nullable=False, comment="When it first came."),
        sa.Column("last_received_at", types.UtcDateTime(), nullable=False, comment="When it last came."),
        sa.Column(
            "deliveries", sa.Integer(), nullable=False, comment="How often it came, the first time included."
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="HTTP method: POST or GET."),
        sa.Column(
            "content_type",
            sa.Text(),
            nullable=False,
            comment="The request's Content-Type; empty where none came.",
        ),
        sa.Column(
            "status",
            sa.Integer(),
            nullable=False,
            comment="Why: 400 fields, 413 too large (raw is cut), 415 media type.",
        ),
        sa.Column(
            "raw",
            sa.LargeBinary(),
            nullable=False,
            comment="The form as it came, cut at MO_GATEWAY_MAX_BODY_BYTES.",
        ),
        sa.Column("errors", types.Json, nullable=False, comment="JSON list of objects: field, value, rule."),
        sa.Column(
            "remote_addr",
            sa.Text(),
            nullable=False,
            comment="Address of the caller, behind the trusted proxies.",
        ),
        sa.Column(
            "is_test",
            sa.Boolean(),
            nullable=False,
            comment="True for requests of trigger, simulate and probes.",
        ),
        sa.Column(
            "replayed_at",
            types.UtcDateTime(),
            nullable=True,
            comment="When a replay turned it into a message; NULL before.",
        ),
        sa.Column("message_id", types.RowId, nullable=True, comment="The message a replay made of it."),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="mo_rejection_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mo_rejection_pkey"),
        sa.UniqueConstraint("dedupe_key", name="mo_rejection_dedupe_key_key"),
        comment="One row is a distinct request that was rejected; kept so that it can be replayed.",
    )
    op.create_table(
        "mt_message",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the reply in this database."),
        sa.Column("message_id", types.RowId, nullable=True, comment="The message it answers."),
        sa.Column("handler", sa.Text(), nullable=True, comment="The handler that wrote it."),
        sa.Column("provider", sa.Text(), nullable=False, comment="Who is to send it."),
        sa.Column("msisdn", sa.Text(), nullable=False, comment="Who gets it: digits, country code first, no +."),
        sa.Column("person_key", sa.LargeBinary(), nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
        sa.Column(
            "sender",
            sa.Text(),
            nullable=False,
            comment="What the handset shows: a number, or at most 11 letters and digits.",
        ),
        sa.Column("body", sa.Text(), nullable=True, comment="The text; NULL where udh and data are sent."),
        sa.Column("udh", sa.Text(), nullable=True, comment="User data header, in hex."),
        sa.Column("data", sa.Text(), nullable=True, comment="Binary content, in hex."),
        sa.Column(
            "reference",
            sa.Text(),
            nullable=True,
            comment="Our id of it, sent along and named by the delivery report.",
        ),
        sa.Column(
            "parts",
            sa.Integer(),
            nullable=True,
            comment="How many SMS it is billed as; NULL until it is counted.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default=sa.text("'queued'"),
            nullable=False,
            comment="queued, sent, failed, unknown (may have gone out) or suppressed.",
        ),
        sa.Column("suppressed_reason", sa.Text(), nullable=True, comment="Why it was not sent."),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often it was claimed.",
        ),
        sa.Column("due_at", types.UtcDateTime(), nullable=True, comment="When there is work; NULL = never."),
        sa.Column(
            "created_at",
            types.UtcDateTime(),
            nullable=False,
            comment="When the handler's work was committed.",
        ),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True, comment="When the provider took it."),
        sa.Column("provider_id", sa.Text(), nullable=True, comment="The provider's own id of it."),
        sa.Column("error_code", sa.Text(), nullable=True, comment="The provider's code, where it refused it."),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'failed', 'unknown', 'suppressed')", name=op.f("mt_message_state_check")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["mo_message.id"], name="mt_message_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mt_message_pkey"),
        comment="One row is a reply to send.",
    )
    op.create_index(
        "mt_message_due_at_idx",
        "mt_message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("mt_message_message_id_idx", "mt_message", ["message_id"], unique=False)
    op.create_table(
        "mo_attempt",
        sa.Column("id", types.RowId, nullable=False, comment="Number of the attempt in this database."),
        sa.Column("handling_id", types.RowId, nullable=True, comment="The handling tried; NULL for a send."),
        sa.Column("mt_message_id", types.RowId, nullable=True, comment="The reply tried; NULL for a handler."),
        sa.Column("number", sa.Integer(), nullable=False, comment="Which try it was, from 1."),
        sa.Column(
            "started_at", types.UtcDateTime(), nullable=False, comment="When it began, by the worker's clock."
        ),
        sa.Column(
            "duration_ms",
            sa.Integer(),
            nullable=True,
            comment="How long it took, in milliseconds; NULL when nobody saw it end.",
        ),
        sa.Column("outcome", sa.Text(), nullable=False, comment="done, unrouted, failed or dead."),
        sa.Column("error", sa.Text(), nullable=True, comment="What went wrong, in one line."),
        sa.ForeignKeyConstraint(["handling_id"], ["mo_handling.id"], name="mo_attempt_handling_id_fkey"),
        sa.ForeignKeyConstraint(["mt_message_id"], ["mt_message.id"], name="mo_attempt_mt_message_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="mo_attempt_pkey"),
        comment="One row is one try of a handler or of a send.",
    )
    op.create_index("mo_attempt_handling_id_idx", "mo_attempt", ["handling_id"], unique=False)
    op.create_index("mo_attempt_mt_message_id_idx", "mo_attempt", ["mt_message_id"], unique=False)
