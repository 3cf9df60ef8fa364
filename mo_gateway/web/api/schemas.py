"""What may be asked of the API and what it answers: each schema reads or writes, and stands in the document.

The rows of a table have the fields that its columns are, with their comments; so a new column is answered, and
documented, without a word here.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, Table
from sqlalchemy.types import TypeEngine

from mo_gateway.about import NOT_LISTED
from mo_gateway.moments import read_moment
from mo_gateway.store.access_tables import metadata
from mo_gateway.store.selection import STATES
from mo_gateway.store.types import LARGEST, UtcDateTime

LONGEST_WORD = 200  # characters
MOST = 500  # messages of one answer
USUAL = 50

_NUMBER = re.compile(r"[0-9]{1,19}")
_MOMENT = "2h (ago), 2026-11-22, 2026-11-22T14:00 (in MO_GATEWAY_TIMEZONE) or 2026-11-22T13:00Z"


class Whole(fields.Integer):
    """The digits of a number, and no other way to write one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _NUMBER.fullmatch(value):
            raise ValidationError("must be a whole number in digits")
        return int(value)


class Moment(fields.Field[datetime]):
    """A moment as people write it; the schema's context says in which zone, and what is now."""

    def __init__(self, *, end_of_day: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.end_of_day = end_of_day

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        assert isinstance(self.root, Query)
        try:
            return read_moment(value, self.root.zone, self.root.now, end_of_day=self.end_of_day)
        except ValueError as exc:
            raise ValidationError(f"must be a moment: {_MOMENT}") from exc


class Hex(fields.String):
    """Bytes, in hex."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.hex()


def _word(meaning: str) -> fields.String:
    rules = [
        validate.Length(1, LONGEST_WORD),
        validate.Regexp(r"^[^\x00]+$", error="may hold no NUL"),
    ]
    return fields.String(validate=rules, metadata={"description": meaning})


def _moment(meaning: str, *, end_of_day: bool = False) -> Moment:
    written = [
        {"type": "string", "pattern": "^[1-9][0-9]{0,3}[smhd]$"},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
    ]
    described = {"description": f"{meaning}: {_MOMENT}", "anyOf": written}
    return Moment(end_of_day=end_of_day, metadata=described)


class Query(Schema):
    """Which messages are meant; what is not given does not narrow it."""

    class Meta:
        """A name that is none of these is an error, since it would narrow nothing."""

        unknown = RAISE

    since = _moment("First received at this moment or later")
    until = _moment("First received before this moment", end_of_day=True)
    state = fields.List(
        fields.String(validate=validate.OneOf(STATES)),
        metadata={"description": "A handling is in this state; given several times, in any of these"},
    )
    handler = _word("Name of the handler; observers are found by name, and where they have a problem")
    shortcode = _word("The number that the SMS was sent to")
    keyword = _word("The first word, as routing compares it: whatever the case, and the punctuation around it")
    limit = Whole(
        load_default=USUAL,
        validate=validate.Range(1, MOST),
        metadata={"description": "So many messages; 1 is the latest one that matches"},
    )
    before = Whole(
        validate=validate.Range(1, LARGEST),
        metadata={"description": "Messages with a lower id: the last id of the page before"},
    )

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        super().__init__()
        self.error_messages["unknown"] = "is no parameter of this address"
        self.zone, self.now = zone, now


def _field(column: Column[Any]) -> fields.Field[Any]:
    """Make the field that a column is."""
    kind, meaning = _kind(column.type), {"description": str(column.comment)}
    return kind(required=True, allow_none=bool(column.nullable), metadata=meaning)


def _kind(column_type: TypeEngine[Any]) -> type[fields.Field[Any]]:
    kinds: Mapping[type[TypeEngine[Any]], type[fields.Field[Any]]] = {
        UtcDateTime: fields.AwareDateTime,
        LargeBinary: Hex,
        JSON: fields.Raw,
        Boolean: fields.Boolean,
        Integer: fields.Integer,
    }
    return next((kind for known, kind in kinds.items() if isinstance(column_type, known)), fields.String)


def _columns(table: Table, names: Collection[str] = (), *, without: Collection[str] = ()) -> dict[str, Any]:
    """Make the fields that the columns of a table are, or those of some names."""
    chosen = [column for column in table.columns if column.name not in without]
    return {column.name: _field(column) for column in chosen if not names or column.name in names}


def _rows(name: str, described: dict[str, Any]) -> fields.Field[Any]:
    return fields.List(fields.Nested(Schema.from_dict(described, name=name)), required=True)


_TABLE = metadata.tables
_HANDLING = ("handler", "state", "attempts", "due_at", "finished_at", "error")
_REPLY = {"reply": fields.Integer(required=True, metadata={"description": "Number of the reply."})}
_MASKED = {"description": "The sender, masked: the middle of the number is dots."}

#: What a list of messages says of each.
Listed = Schema.from_dict(
    {
        **_columns(_TABLE["mo_message"], without=NOT_LISTED),
        "msisdn": fields.String(required=True, metadata=_MASKED),
        "handlings": _rows("HandlingInShort", _columns(_TABLE["mo_handling"], _HANDLING)),
    },
    name="MessageInShort",
)

Messages = Schema.from_dict(
    {
        "messages": fields.List(
            fields.Nested(Listed), required=True, metadata={"description": "The newest first."}
        ),
        "before": fields.Integer(
            required=True,
            allow_none=True,
            metadata={"description": "Ask with this as `before` for the next page; null = this is the last one."},
        ),
    },
    name="Messages",
)

_STORED = {
    **_columns(_TABLE["mo_message"]),
    "msisdn": fields.String(required=True, metadata=_MASKED),
    "raw": fields.String(
        required=True, metadata={"description": "The form as it came, its bytes read as Latin-1; masked."}
    ),
}
_ATTEMPT = ("number", "started_at", "duration_ms", "outcome", "error")
_REPORT = ("status", "provider_status", "reported_at", "received_at", "deliveries")

#: Everything that is known of one message: what `show --json` prints.
Message = Schema.from_dict(
    {
        "message": fields.Nested(Schema.from_dict(_STORED, name="StoredMessage"), required=True),
        "handlings": _rows("Handling", _columns(_TABLE["mo_handling"])),
        "attempts": _rows("Attempt", _columns(_TABLE["mo_attempt"])),
        "replies": _rows("Reply", _columns(_TABLE["mt_message"])),
        "sends": _rows("Send", {**_REPLY, **_columns(_TABLE["mo_attempt"], _ATTEMPT)}),
        "reports": _rows("Report", {**_REPLY, **_columns(_TABLE["mt_report"], _REPORT)}),
        "opt_outs": _rows("OptOut", _columns(_TABLE["opt_out"])),
        "votes": _rows("Vote", _columns(_TABLE["mo_vote"])),
        "subscriptions": _rows("Subscription", _columns(_TABLE["mo_subscription"])),
        "questions": _rows("Question", _columns(_TABLE["mo_question"])),
        "trigger": fields.String(
            required=True, metadata={"description": "The command that sends the same from a test number."}
        ),
    },
    name="Message",
)


def _count(meaning: str) -> fields.Field[Any]:
    return fields.Integer(required=True, metadata={"description": meaning})


def _when(meaning: str) -> fields.Field[Any]:
    return fields.AwareDateTime(required=True, allow_none=True, metadata={"description": meaning})


class Problem(Schema):
    """Handlings that went wrong in the same way."""

    state = fields.String(required=True, metadata={"description": "failed or dead"})
    handler = fields.String(required=True, allow_none=True)
    cause = fields.String(
        required=True, metadata={"description": "What stands before the first colon of the error"}
    )
    count = _count("So many handlings")
    next = fields.String(required=True, metadata={"description": "The command to begin with"})


class Standing(Schema):
    """Why no reply goes out by a provider at the moment."""

    provider = fields.String(required=True, metadata={"description": "* is all of them"})
    paused_at = _when("When somebody paused it")
    held_until = _when("When it is tried again after trouble")
    error = fields.String(required=True, allow_none=True)


class Silence(Schema):
    """A shortcode to which nothing has come for longer than MO_GATEWAY_MAX_SILENCE allows."""

    shortcode = fields.String(required=True)
    last_at = _when("When something last came; null = nothing, or not for a month")
    allowed = fields.Float(required=True, metadata={"description": "So many seconds are allowed"})


class Status(Schema):
    """How the gateway stands: what `status --json` prints."""

    waiting = _count("Handlings that wait for a worker")
    oldest_waiting_at = _when("When the message that waits longest was received")
    failed = _count("Handlings that failed and are tried again")
    dead = _count("Handlings that were given up")
    unrouted = _count("Messages that no handler is for")
    rejected = _count("Rejections that no replay has turned into a message")
    replies_queued = _count("Replies that wait to be sent")
    oldest_reply_at = _when("Since when the reply that waits longest could have gone out")
    replies_failed = _count("Replies that did not go out")
    replies_unknown = _count("Replies that may have gone out, and nobody knows")
    standing = fields.List(fields.Nested(Standing), required=True)
    refused = _count("Requests refused within the last hour; the provider sends them again")
    last_message_at = _when("When the last message came")
    problems = fields.List(fields.Nested(Problem), required=True)
    silences = fields.List(fields.Nested(Silence), required=True)
    refusing_since = _when("Since when all callbacks are refused; null = they are not")
    first_loss_at = _when("When the first of them is lost")


class BadParameter(Schema):
    """A parameter that breaks a rule."""

    parameter = fields.String(required=True)
    rule = fields.String(required=True, metadata={"description": "What would be right"})


class ApiProblem(Schema):
    """Why there is no answer (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "One sentence"})
    errors = fields.List(fields.Nested(BadParameter), metadata={"description": "Where parameters are bad: each"})
