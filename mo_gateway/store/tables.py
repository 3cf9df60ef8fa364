"""The tables, as SQLAlchemy sees them; the migrations make them, and a test compares the two.

Users' SQL depends on these names. Each column has its comment here, in the migration and in `schema.sql`.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .types import Json, RowId, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


def in_order_of_time(table: str, column: str) -> Index:
    """Index moments that come in the order of the rows: on PostgreSQL that takes nearly no room, and no time."""
    name = f"{table}_{column}_idx"
    index = Index(name, column, postgresql_using="brin", postgresql_with={"autosummarize": "on"})
    return index.ddl_if(dialect="postgresql")


# A page that is nine tenths full takes no new row. Without that each would go to a gap of its size in any page,
# however old: PostgreSQL would read that page for it, and write it to its log as a whole.
_WITH_ROOM = {"fillfactor": "90"}

mo_message = Table(
    "mo_message",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the message in this database."),
    Column(
        "dedupe_key",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="Equal when the provider repeats itself: the TIMESTAMP digits, then a hash of all fields (16 bytes).",
    ),
    Column("provider", Text, nullable=False, comment="Who delivered it, such as spryng."),
    Column("msisdn", Text, nullable=False, comment="The sender: digits, country code first, no +."),
    Column(
        "person_key",
        LargeBinary,
        nullable=False,
        comment="Keyed hash (HMAC) of the MSISDN: equal for one person, not reversible without the secret.",
    ),
    Column("keyword", Text, nullable=False, comment="First word of the SMS, as received."),
    Column("parm", Text, nullable=False, comment="All text after the keyword; may be empty."),
    Column(
        "operator",
        Text,
        nullable=False,
        comment="MCC and MNC of the sender's network, five digits; empty where another provider does not say.",
    ),
    Column(
        "operator_defaulted",
        Boolean(create_constraint=False),
        nullable=False,
        comment="True when OPERATOR did not come and 20601 was put in, as the provider's document says.",
    ),
    Column("shortcode", Text, nullable=False, comment="The number that the SMS was sent to, national format."),
    Column("country", Text, nullable=False, comment="ISO 3166-1 alpha-3."),
    Column("reference", Text, comment="The provider's optional REFERENCE; NULL when absent or empty."),
    Column(
        "timestamp_raw",
        Text,
        nullable=False,
        comment="The provider's TIMESTAMP, the 14 digits that came; of other providers, their time written so, 0 where none came.",
    ),
    Column("sent_at", UtcDateTime, nullable=False, comment="The same as a moment, read in the configured zone."),
    Column(
        "received_at",
        UtcDateTime,
        nullable=False,
        comment="When this gateway first got it, by its own clock.",
    ),
    Column("deliveries", Integer, nullable=False, comment="How often it came, the first time included."),
    Column("last_received_at", UtcDateTime, nullable=False, comment="When it last came."),
    Column("method", Text, nullable=False, comment="HTTP method of the first delivery: POST or GET."),
    Column("charset", Text, nullable=False, comment="How the raw bytes were read."),
    Column("raw", LargeBinary, nullable=False, comment="The form as it came: the body, or the query of a GET."),
    Column("marks", Json, nullable=False, comment="JSON list of named oddities, such as operator-unlisted."),
    Column("remote_addr", Text, nullable=False, comment="Address of the caller, behind the trusted proxies."),
    Column(
        "is_test",
        Boolean(create_constraint=False),
        nullable=False,
        comment="True for messages of trigger, simulate and probes.",
    ),
    Column(
        "keyword_folded",
        Text,
        comment="The first word as routing compares it; NULL of messages that schema 0004 or an older one stored.",
    ),
    Index("mo_message_received_at_idx", "received_at"),
    postgresql_with=_WITH_ROOM,
    comment="One row is a stored inbound SMS; written once: only deliveries and last_received_at move, and replay --charset repairs a text.",
)

mo_rejection = Table(
    "mo_rejection",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the rejection in this database."),
    Column(
        "dedupe_key",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="Hash of provider, method, media type and raw bytes: equal when the same request comes again.",
    ),
    Column("provider", Text, nullable=False, comment="Who sent it, such as spryng."),
    Column("received_at", UtcDateTime, nullable=False, comment="When it first came."),
    Column("last_received_at", UtcDateTime, nullable=False, comment="When it last came."),
    Column("deliveries", Integer, nullable=False, comment="How often it came, the first time included."),
    Column("method", Text, nullable=False, comment="HTTP method: POST or GET."),
    Column("content_type", Text, nullable=False, comment="The request's Content-Type; empty where none came."),
    Column(
        "status",
        Integer,
        nullable=False,
        comment="Why: 400 fields, 413 too large (raw is cut), 415 media type.",
    ),
    Column("raw", LargeBinary, nullable=False, comment="The form as it came, cut at MO_GATEWAY_MAX_BODY_BYTES."),
    Column("errors", Json, nullable=False, comment="JSON list of objects: field, value, rule."),
    Column("remote_addr", Text, nullable=False, comment="Address of the caller, behind the trusted proxies."),
    Column(
        "is_test",
        Boolean(create_constraint=False),
        nullable=False,
        comment="True for requests of trigger, simulate and probes.",
    ),
    Column("replayed_at", UtcDateTime, comment="When a replay turned it into a message; NULL before."),
    Column("message_id", RowId, ForeignKey("mo_message.id"), comment="The message a replay made of it."),
    Index(
        "mo_rejection_message_id_idx",
        "message_id",
        postgresql_where=text("message_id IS NOT NULL"),
        sqlite_where=text("message_id IS NOT NULL"),
    ),
    comment="One row is a distinct request that was rejected; kept so that it can be replayed.",
)

mo_handling = Table(
    "mo_handling",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the handling in this database."),
    Column("message_id", RowId, ForeignKey("mo_message.id"), nullable=False, comment="The message."),
    Column("handler", Text, comment="Name of the handler; NULL until dispatch has routed the message."),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'pending'"),
        comment="pending, done, unrouted, failed (tried and due again) or dead (given up).",
    ),
    Column(
        "attempts",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="How often it was claimed; only grows: it is the fence between two workers.",
    ),
    Column(
        "attempt_limit",
        Integer,
        nullable=False,
        comment="It is dead after this many attempts; a replay raises it.",
    ),
    Column("due_at", UtcDateTime, comment="When there is work, or when the claim's lease ends; NULL = never."),
    Column("finished_at", UtcDateTime, comment="When it became done, unrouted or dead."),
    Column("error", Text, comment="What went wrong at the last attempt."),
    Column(
        "line",
        RowId,
        nullable=False,
        comment="The queue it waits in: a hash of sender and shortcode, whose messages are handled one by one.",
    ),
    Column(
        "may_be_stop",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("true"),  # an older program, which does not know it, stores STOPs too
        comment="True until a worker has looked whether the message is a STOP or a START, whoever waits before it.",
    ),
    Column(
        "is_observer",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("false"),
        comment="True for the work of an observer (every_message), beside that of the one handler.",
    ),
    Column(
        "is_mute",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("false"),
        comment="True while a replay runs that must not answer a second time.",
    ),
    Column(
        "is_claimed",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("false"),
        comment="True from a claim until somebody has said what became of that try.",
    ),
    UniqueConstraint("message_id", "handler"),
    CheckConstraint("state IN ('pending', 'done', 'unrouted', 'failed', 'dead')", name="state"),
    Index(
        "mo_handling_due_at_idx",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "mo_handling_line_idx",
        "line",
        "message_id",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "mo_handling_may_be_stop_idx",
        "message_id",
        "line",
        postgresql_where=text("may_be_stop"),
        sqlite_where=text("may_be_stop = 1"),  # as the queries say it, else it is not used
    ),
    Index(
        "mo_handling_problem_idx",
        "state",
        "id",
        postgresql_where=text("state IN ('unrouted', 'failed', 'dead')"),
        sqlite_where=text("state IN ('unrouted', 'failed', 'dead')"),
    ),
    postgresql_with=_WITH_ROOM,
    comment="One row is one handler's work on one message.",
)

opt_out = Table(
    "opt_out",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the opt-out in this database."),
    Column("person_key", LargeBinary, nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
    Column("msisdn", Text, nullable=False, comment="Who wants no more: digits, country code first, no +."),
    Column("shortcode", Text, comment="The shortcode it was said to; NULL = all of them."),
    Column("keyword", Text, comment="The one keyword that is not wanted, folded; NULL = all of them."),
    Column("word", Text, nullable=False, comment="The word that was sent, or who entered it."),
    Column("since", UtcDateTime, nullable=False, comment="When it was recorded; no reply goes out from then on."),
    Column("until", UtcDateTime, comment="When a START undid it; NULL = it is in force."),
    Column("message_id", RowId, ForeignKey("mo_message.id"), comment="The message that proves it."),
    Column("until_message_id", RowId, ForeignKey("mo_message.id"), comment="The message that undid it."),
    Column("confirmed_at", UtcDateTime, comment="When its confirmation was sent."),
    Index(
        "opt_out_person_key_idx",
        "person_key",
        postgresql_where=text("until IS NULL"),
        sqlite_where=text("until IS NULL"),
    ),
    Index(
        "opt_out_message_id_idx",
        "message_id",
        postgresql_where=text("message_id IS NOT NULL"),
        sqlite_where=text("message_id IS NOT NULL"),
    ),
    Index(
        "opt_out_until_message_id_idx",
        "until_message_id",
        postgresql_where=text("until_message_id IS NOT NULL"),
        sqlite_where=text("until_message_id IS NOT NULL"),
    ),
    comment="One row is one STOP, until START; every reply is checked against it at the moment of sending.",
)

mt_message = Table(
    "mt_message",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the reply in this database."),
    Column("message_id", RowId, ForeignKey("mo_message.id"), comment="The message it answers."),
    Column(
        "handler", Text, comment="The handler that wrote it; NULL for a confirmation and what was sent by hand."
    ),
    Column("provider", Text, nullable=False, comment="Who is to send it."),
    Column("msisdn", Text, nullable=False, comment="Who gets it: digits, country code first, no +."),
    Column("person_key", LargeBinary, nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
    Column(
        "sender",
        Text,
        nullable=False,
        comment="What the handset shows: a number, or at most 11 letters and digits.",
    ),
    Column("body", Text, comment="The text; NULL where udh and data are sent, or a vcard."),
    Column("udh", Text, comment="User data header, in hex."),
    Column("data", Text, comment="Binary content, in hex."),
    Column("reference", Text, comment="Our id of it, sent along and named by the delivery report."),
    Column("parts", Integer, comment="How many SMS it is billed as; NULL until it is counted."),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'queued'"),
        comment="queued, sent, failed, unknown (may have gone out; with due_at, it is being sent) or suppressed.",
    ),
    Column(
        "suppressed_reason",
        Text,
        comment="Why it was not sent: opt-out, limit, loop, budget, expired, test or withdrawn.",
    ),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="How often it was claimed."),
    Column("due_at", UtcDateTime, comment="When there is work, or when the claim's lease ends; NULL = never."),
    Column("created_at", UtcDateTime, nullable=False, comment="When the handler's work was committed."),
    Column("sent_at", UtcDateTime, comment="When the provider took it."),
    Column("provider_id", Text, comment="The provider's own id of it."),
    Column("error_code", Text, comment="The provider's code, where it refused it."),
    Column("error", Text, comment="What went wrong at the last attempt."),
    Column(
        "attempt_limit",
        Integer,
        nullable=False,
        server_default=text("12"),
        comment="It has failed after this many attempts; a retry by hand raises it.",
    ),
    Column("expires_at", UtcDateTime, comment="It is not sent any more after this moment; NULL = it always is."),
    Column("tried_at", UtcDateTime, comment="When it was last claimed to be sent."),
    Column("first_tried_at", UtcDateTime, comment="When it was first claimed, since a retry by hand."),
    Column("shortcode", Text, comment="The shortcode of the message it answers; by hand, its sender."),
    Column("keyword", Text, comment="The keyword of the message it answers, folded; NULL = none."),
    Column("options", Json, comment="JSON object of what only some providers know: vcard, at, group."),
    Column(
        "is_test",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("false"),
        comment="True for answers to messages of trigger, simulate and probes.",
    ),
    Column("opt_out_id", RowId, comment="The row of opt_out that it confirms; it goes out all the same."),
    CheckConstraint("state IN ('queued', 'sent', 'failed', 'unknown', 'suppressed')", name="state"),
    Index("mt_message_message_id_idx", "message_id"),
    Index(
        "mt_message_due_idx",
        "provider",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index("mt_message_reference_idx", "reference"),
    Index("mt_message_provider_id_idx", "provider_id"),
    in_order_of_time("mt_message", "created_at"),
    Index("mt_message_tried_idx", "person_key", "tried_at"),
    Index(
        "mt_message_problem_idx",
        "state",
        "id",
        postgresql_where=text("state IN ('failed', 'unknown', 'suppressed')"),
        sqlite_where=text("state IN ('failed', 'unknown', 'suppressed')"),
    ),
    comment="One row is a reply to send.",
)

mt_report = Table(
    "mt_report",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the delivery report in this database."),
    Column(
        "dedupe_key",
        LargeBinary,
        nullable=False,
        unique=True,
        comment="Hash of the provider and what the report says: equal when it comes again.",
    ),
    Column("mt_message_id", RowId, ForeignKey("mt_message.id"), comment="The reply; NULL while none is known."),
    Column("provider", Text, nullable=False, comment="Who sent it."),
    Column("status", Text, nullable=False, comment="Our class of it: delivered, failed, pending or unknown."),
    Column("provider_status", Text, nullable=False, comment="The provider's own word."),
    Column("reference", Text, comment="Our id of the reply, as the report names it."),
    Column("provider_id", Text, comment="The provider's own id of the reply."),
    Column("reported_at", UtcDateTime, comment="When it happened, as the provider says; NULL where it does not."),
    Column("received_at", UtcDateTime, nullable=False, comment="When this gateway first got it."),
    Column("last_received_at", UtcDateTime, nullable=False, comment="When it last came."),
    Column("deliveries", Integer, nullable=False, comment="How often it came, the first time included."),
    Column("raw", LargeBinary, nullable=False, comment="This report's part of the request, as it came."),
    Column("remote_addr", Text, nullable=False, comment="Address of the caller, behind the trusted proxies."),
    CheckConstraint("status IN ('delivered', 'failed', 'pending', 'unknown')", name="status"),
    Index("mt_report_mt_message_id_idx", "mt_message_id"),
    Index(
        "mt_report_unknown_idx",
        "received_at",
        postgresql_where=text("mt_message_id IS NULL"),
        sqlite_where=text("mt_message_id IS NULL"),
    ),
    comment="One row is a delivery report, joined to its reply whatever came first.",
)

mt_provider = Table(
    "mt_provider",
    metadata,
    Column("provider", Text, primary_key=True, comment="The provider; * is all of them together."),
    Column("paused_at", UtcDateTime, comment="When somebody paused its replies; NULL = they go out."),
    Column("held_until", UtcDateTime, comment="When it is tried again after trouble of its own."),
    Column("failures", Integer, nullable=False, server_default=text("0"), comment="Troubles in a row."),
    Column("error", Text, comment="What the last trouble was."),
    Column("next_at", UtcDateTime, comment="When its rate next has room."),
    Column("day", Text, comment="The day that parts counts, in the configured zone: YYYY-MM-DD; of * only."),
    Column("parts", Integer, nullable=False, server_default=text("0"), comment="Parts handed over on that day."),
    comment="How the sending by one provider stands; each claim of a reply locks its row.",
)

mo_attempt = Table(
    "mo_attempt",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the attempt in this database."),
    Column("handling_id", RowId, ForeignKey("mo_handling.id"), comment="The handling tried; NULL for a send."),
    Column("mt_message_id", RowId, ForeignKey("mt_message.id"), comment="The reply tried; NULL for a handler."),
    Column("number", Integer, nullable=False, comment="Which try it was, from 1."),
    Column("started_at", UtcDateTime, nullable=False, comment="When it began, by the worker's clock."),
    Column("duration_ms", Integer, comment="How long it took, in milliseconds; NULL when nobody saw it end."),
    Column(
        "outcome",
        Text,
        nullable=False,
        comment="done, unrouted, failed or dead; of a send: sent, failed, later or unknown.",
    ),
    Column("error", Text, comment="What went wrong, in one line."),
    Index("mo_attempt_handling_id_idx", "handling_id"),
    Index("mo_attempt_mt_message_id_idx", "mt_message_id"),
    in_order_of_time("mo_attempt", "started_at"),
    comment="One row is one try of a handler or of a send.",
)

mo_vote = Table(
    "mo_vote",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the vote in this database."),
    Column("poll", Text, nullable=False, comment="Name of the poll."),
    Column("option", Text, comment="What was voted for; NULL = the text names no option."),
    Column("person_key", LargeBinary, nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
    Column("message_id", RowId, ForeignKey("mo_message.id"), nullable=False, comment="The message that votes."),
    Column("voted_at", UtcDateTime, nullable=False, comment="When it was sent, by the provider's clock."),
    Column("timing", Text, nullable=False, comment="in time, early or late; only a vote in time can count."),
    Column(
        "last_counts",
        Boolean(create_constraint=False),
        nullable=False,
        comment="True where a person's last vote counts, false where the first does.",
    ),
    UniqueConstraint("poll", "message_id"),
    CheckConstraint("timing IN ('in time', 'early', 'late')", name="timing"),
    Index("mo_vote_person_idx", "poll", "person_key"),
    Index("mo_vote_message_id_idx", "message_id"),
    comment="One row is a vote that was sent; which of a person's votes counts is told when they are counted.",
)

mo_subscription = Table(
    "mo_subscription",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the subscription in this database."),
    Column("list", Text, nullable=False, comment="Name of the list."),
    Column("person_key", LargeBinary, nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
    Column("msisdn", Text, nullable=False, comment="Who is on it: digits, country code first, no +."),
    Column("shortcode", Text, nullable=False, comment="The shortcode that it was joined on."),
    Column("since", UtcDateTime, nullable=False, comment="When they joined."),
    Column("until", UtcDateTime, comment="When they left; NULL = they are on it."),
    Column(
        "message_id", RowId, ForeignKey("mo_message.id"), nullable=False, comment="The message that proves it."
    ),
    Column("until_message_id", RowId, ForeignKey("mo_message.id"), comment="The message that ended it."),
    Index(
        "mo_subscription_person_idx",
        "list",
        "person_key",
        unique=True,
        postgresql_where=text("until IS NULL"),
        sqlite_where=text("until IS NULL"),
    ),
    Index("mo_subscription_person_key_idx", "person_key"),
    Index("mo_subscription_message_id_idx", "message_id"),
    Index(
        "mo_subscription_until_message_id_idx",
        "until_message_id",
        postgresql_where=text("until_message_id IS NOT NULL"),
        sqlite_where=text("until_message_id IS NOT NULL"),
    ),
    comment="One row is one person's time on a list, with the messages that prove it.",
)

mo_question = Table(
    "mo_question",
    metadata,
    Column("id", RowId, primary_key=True, comment="Number of the question in this database."),
    Column("line", RowId, nullable=False, comment="The queue of its person and shortcode, as in mo_handling."),
    Column("person_key", LargeBinary, nullable=False, comment="Keyed hash (HMAC) of the MSISDN."),
    Column("shortcode", Text, nullable=False, comment="The shortcode that the answer comes to."),
    Column("expect", Text, nullable=False, comment="Name of what takes the answer."),
    Column("note", Text, nullable=False, comment="What the asking handler wanted remembered."),
    Column(
        "timeout_text", Text, nullable=False, comment="What is sent when no answer came in time; may be empty."
    ),
    Column(
        "message_id", RowId, ForeignKey("mo_message.id"), nullable=False, comment="The message that led to it."
    ),
    Column("asked_at", UtcDateTime, nullable=False, comment="When it was asked."),
    Column("expires_at", UtcDateTime, nullable=False, comment="An answer sent later is an ordinary message."),
    Column("ended_at", UtcDateTime, comment="When it was over; NULL = it waits for an answer."),
    Column("outcome", Text, comment="answered, timed out, replaced or stopped; NULL = it waits for an answer."),
    Column("answer_message_id", RowId, ForeignKey("mo_message.id"), comment="The message that answered it."),
    CheckConstraint("outcome IN ('answered', 'timed out', 'replaced', 'stopped')", name="outcome"),
    Index("mo_question_line_idx", "line"),
    Index("mo_question_answer_idx", "answer_message_id"),
    Index(
        "mo_question_expires_at_idx",
        "expires_at",
        postgresql_where=text("ended_at IS NULL"),
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index("mo_question_message_id_idx", "message_id"),
    comment="One row is a question that a handler asked a person.",
)

mo_worker = Table(
    "mo_worker",
    metadata,
    Column("process", Text, primary_key=True, comment="Host and process."),
    Column("started_at", UtcDateTime, nullable=False, comment="When it began."),
    Column("seen_at", UtcDateTime, nullable=False, comment="When it last said that it is there."),
    Column("routes_loaded_at", UtcDateTime, nullable=False, comment="When the routes in force were loaded."),
    Column("routes", Integer, nullable=False, comment="How many routes are in force."),
    Column("reload_asked_at", UtcDateTime, comment="When it was asked to load its routes anew; NULL = it has."),
    Column("reload_error", Text, comment="Why the last load failed; NULL = it did not."),
    comment="One row is a worker process, and how it stands with its routes.",
)

mo_intake = Table(
    "mo_intake",
    metadata,
    Column("minute", UtcDateTime, primary_key=True, comment="The minute the requests came in."),
    Column("process", Text, primary_key=True, comment="Host and process that took them."),
    Column("provider", Text, primary_key=True, comment="Who sent them."),
    Column("outcome", Text, primary_key=True, comment="stored, duplicate, rejected or refused."),
    Column("n", Integer, nullable=False, comment="How many requests."),
    comment="Requests counted per minute, process, provider and outcome; up to 5 s of a killed process are missing.",
)
