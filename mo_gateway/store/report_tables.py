"""The tables behind the reports: counts that the worker keeps, and what it needs to keep them.

Everything here can be counted again from the other tables, as long as those have the messages.
Users ask the views, not these: their shape may change with any version.
"""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text, text

from .access_tables import metadata as metadata  # with those tables in it
from .types import RowId, UtcDateTime

report_day = Table(
    "report_day",
    metadata,
    Column("local_date", Date, primary_key=True, comment="The date, in the zone of report_state."),
    Column("shortcode", Text, primary_key=True, comment="The number that was written to."),
    Column("keyword_folded", Text, primary_key=True, comment="First word, as routing compares it."),
    Column("operator", Text, primary_key=True, comment="MCC and MNC; empty where the provider does not say."),
    Column("is_test", Boolean(create_constraint=False), primary_key=True, comment="Of trigger, simulate, probes."),
    Column("messages", Integer, nullable=False, comment="Messages stored."),
    Column("callbacks", Integer, nullable=False, comment="How often they came, repeats included."),
    Column("unique_people", Integer, nullable=False, comment="Different senders."),
    Column(
        "new_people", Integer, comment="Whose first message to this shortcode is here; NULL until it is closed."
    ),
    Column("handled", Integer, nullable=False, comment="Messages that a handler has done."),
    Column("unrouted", Integer, nullable=False, comment="Messages that no handler took."),
    Column("failed", Integer, nullable=False, comment="Messages given up."),
    Column("waiting", Integer, nullable=False, comment="Messages that are still to be handled."),
    Column("replies_sent", Integer, nullable=False, comment="Replies that a provider took."),
    Column("replies_delivered", Integer, nullable=False, comment="Of them, reported as delivered."),
    Column("replies_failed", Integer, nullable=False, comment="Replies that did not go out."),
    Column("stops", Integer, nullable=False, comment="Messages that were a STOP."),
    Column("last_at", UtcDateTime, nullable=False, comment="When the newest of them was received."),
    Index("report_day_keyword_idx", "keyword_folded", "shortcode"),
    comment="One row is what one date, shortcode, first word and operator came to.",
)

report_hour = Table(
    "report_hour",
    metadata,
    Column("local_date", Date, primary_key=True, comment="The date; an hour may be of two, in some zones."),
    Column("hour_at", UtcDateTime, primary_key=True, comment="When the hour began, UTC."),
    Column("shortcode", Text, primary_key=True, comment="The number that was written to."),
    Column("messages", Integer, nullable=False, comment="Messages stored, tests aside."),
    Column("callbacks", Integer, nullable=False, comment="How often they came, repeats included."),
    Column("handled", Integer, nullable=False, comment="Of these messages, those that a handler has done."),
    Column("max_wait_ms", RowId, comment="The longest time from receipt to the handler's end; NULL = none ended."),
    comment="One row is what one hour and shortcode came to.",
)

report_person = Table(
    "report_person",
    metadata,
    Column("local_date", Date, primary_key=True, comment="The date, which is closed or being closed."),
    Column("person_key", Text, primary_key=True, comment="Keyed hash of the sender's number, in hex."),
    Column("shortcode", Text, primary_key=True, comment="The number that was written to."),
    Column("keyword_folded", Text, primary_key=True, comment="First word, as routing compares it."),
    Column("messages", Integer, nullable=False, comment="Messages, tests aside."),
    Column("first_at", UtcDateTime, nullable=False, comment="When the first was received."),
    Column("last_at", UtcDateTime, nullable=False, comment="When the last was received."),
    Column("last_message_id", RowId, nullable=False, comment="The last of them."),
    Index("report_person_person_key_idx", "person_key", "shortcode"),
    comment="One row is a sender's day with one word on one shortcode; dates that are not closed are not here.",
)

report_word = Table(
    "report_word",
    metadata,
    Column("local_date", Date, primary_key=True, comment="The date."),
    Column("shortcode", Text, primary_key=True, comment="The number that was written to."),
    Column("word", Text, primary_key=True, comment="First word, as routing compares it."),
    Column("messages", Integer, nullable=False, comment="Messages that no handler took, tests aside."),
    Column("nearest_keyword", Text, comment="The keyword that may have been meant, of the routes when counted."),
    Column("distance", Integer, comment="How many letters it is away."),
    comment="One row is a word that no handler took, on one date.",
)

report_poll = Table(
    "report_poll",
    metadata,
    Column("poll", Text, primary_key=True, comment="Name of the poll."),
    Column("option", Text, primary_key=True, comment="What was voted for; empty = the text names no option."),
    Column("votes", RowId, nullable=False, comment="Votes that count: one a person."),
    Column("unique_people", RowId, nullable=False, comment="Different people who sent it, counted or not."),
    Column("rejected_late", RowId, nullable=False, comment="Votes that came too late."),
    Column("rejected_early", RowId, nullable=False, comment="Votes that came too early."),
    Column("rejected_double", RowId, nullable=False, comment="Votes of people whose other vote counts."),
    Column("unreadable", RowId, nullable=False, comment="Votes in time that name no option."),
    Column("counted_at", UtcDateTime, nullable=False, comment="What was there at that moment is counted."),
    comment="One row is an option of a poll, counted.",
)

report_poll_kept = Table(
    "report_poll_kept",
    metadata,
    Column("poll", Text, primary_key=True, comment="Name of the poll."),
    Column("option", Text, primary_key=True, comment="What was voted for; empty = the text names no option."),
    Column("votes", RowId, nullable=False, comment="Votes that count: one a person."),
    Column("unique_people", RowId, nullable=False, comment="Different people who sent it, counted or not."),
    Column("rejected_late", RowId, nullable=False, comment="Votes that came too late."),
    Column("rejected_early", RowId, nullable=False, comment="Votes that came too early."),
    Column("rejected_double", RowId, nullable=False, comment="Votes of people whose other vote counts."),
    Column("unreadable", RowId, nullable=False, comment="Votes in time that name no option."),
    Column(
        "up_to_vote", RowId, nullable=False, comment="Votes up to this id are counted here, and may be pruned."
    ),
    comment="One row is an option of a poll whose votes may be pruned: what they came to.",
)

report_route = Table(
    "report_route",
    metadata,
    Column("shortcode", Text, primary_key=True, comment="Where the word is taken; empty = on any shortcode."),
    Column("keyword", Text, primary_key=True, comment="The word as its author wrote it."),
    Column("terms", Text, primary_key=True, comment="What else a message must be like; empty = nothing."),
    Column("keyword_folded", Text, comment="The word as routing compares it; NULL of a pattern and of *."),
    Column("handler", Text, nullable=False, comment="Who takes it."),
    Column("alias_of", Text, comment="The handler's first word, where this is another one."),
    Column("source", Text, nullable=False, comment="File and line."),
    Column("active_from", UtcDateTime, comment="It takes what was sent then or later; NULL = always."),
    Column("active_to", UtcDateTime, comment="It takes what was sent before; NULL = always."),
    comment="One row is a word of the routes in force, as the last worker that has counted knows them.",
)

report_offset = Table(
    "report_offset",
    metadata,
    Column("from_at", UtcDateTime, primary_key=True, comment="From this moment on."),
    Column("seconds", Integer, nullable=False, comment="Local time is so many seconds ahead of UTC."),
    comment="One row is a change of the clocks in the zone of report_state.",
)

report_counted = Table(
    "report_counted",
    metadata,
    Column("local_date", Date, primary_key=True, comment="The date."),
    Column("starts_at", UtcDateTime, nullable=False, comment="The moment it begins."),
    Column("counted_at", UtcDateTime, comment="What was there at that moment is counted; NULL = nothing yet."),
    Column(
        "number",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Counts up with every change: the fence between two workers that count the same date.",
    ),
    Column(
        "is_due",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("true"),
        comment="True where something has happened to its messages since it was counted.",
    ),
    Column(
        "is_closed",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("false"),
        comment="True when it is over, no provider repeats its messages any more and its people are counted.",
    ),
    Column(
        "is_pruned",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=text("false"),
        comment="True when messages of it were pruned: it stays as it was counted.",
    ),
    comment="One row is a date, and how its counting stands.",
)

report_state = Table(
    "report_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row."),
    Column("zone", Text, comment="The zone of all local dates; NULL until a worker has begun to count."),
    Column("attempts_seen", RowId, nullable=False, server_default=text("0"), comment="mo_attempt, up to this id."),
    Column("reports_seen", RowId, nullable=False, server_default=text("0"), comment="mt_report, up to this id."),
    Column("views", Text, comment="Digest of the views as they were made; NULL = there are none."),
    comment="How far the counting is, and what the views are.",
)
