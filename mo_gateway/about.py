"""Everything that is known of one message, as a person may see it: for `show`, and for the page of a message."""

from typing import Any
from urllib.parse import unquote_to_bytes

from sqlalchemy import Connection, RowMapping

from .as_test import trigger_line
from .masking import masked, without_number
from .store import opt_outs, questions, reading

#: What may quote a phone number.
QUOTING = ("keyword", "keyword_folded", "parm", "body", "error", "reference", "provider_id")

#: What of a message is told here alone, and in no list of messages.
NOT_LISTED = ("dedupe_key", "person_key", "raw", "remote_addr", "method", "charset", "last_received_at")


def about_message(conn: Connection, message_id: int, *, reveal: bool) -> dict[str, Any] | None:
    """Give a message, and by name the rows of what became of it; numbers are masked, unless `reveal`; or None."""
    found = reading.message(conn, message_id)
    if found is None:
        return None
    row: dict[str, Any] = {**found}
    replies = reading.replies(conn, message_id)
    numbers = {row["msisdn"], *(reply["msisdn"] for reply in replies)}

    def shown(one: RowMapping) -> dict[str, Any]:
        values: dict[str, Any] = {**one}
        if reveal:
            return values
        for name in (name for name in QUOTING if values.get(name)):
            for msisdn in numbers:
                values[name] = without_number(values[name], msisdn)
        return {**values, **{name: masked(values[name]) for name in ("msisdn",) if name in values}}

    return {
        "message": {
            **shown(found),
            "raw": _form(row["raw"], row["msisdn"], reveal=reveal),
        },
        "handlings": [shown(handling) for handling in reading.handlings(conn, message_id)],
        "attempts": [shown(attempt) for attempt in reading.attempts(conn, message_id)],
        "replies": [shown(reply) for reply in replies],
        "sends": [shown(send) for send in reading.sends(conn, message_id)],
        "reports": [dict(report) for report in reading.reports(conn, message_id)],
        "opt_outs": [shown(entry) for entry in opt_outs.of_message(conn, message_id)],
        "votes": [dict(vote) for vote in reading.votes(conn, message_id)],
        "subscriptions": [shown(entry) for entry in reading.subscriptions(conn, message_id)],
        "questions": [dict(question) for question in questions.of_message(conn, message_id)],
        "trigger": trigger_line(row),
    }


def _form(raw: bytes, msisdn: str, *, reveal: bool) -> str:
    """Write the form as it came, the number masked; hide it whole where it writes the number some other way."""
    form = raw.decode("latin-1")
    shown = form if reveal else without_number(form, msisdn)
    if not reveal and msisdn and msisdn.encode() in unquote_to_bytes(shown.encode("latin-1", "replace")):
        return f"{len(raw)} bytes that are shown with the number only"
    return shown
