"""Message: why did it go this way? Its whole story, with what was assumed, and how to try it elsewhere."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from mo_gateway.about import about_message
from mo_gateway.as_test import pytest_case
from mo_gateway.explanation import Explanation, explain
from mo_gateway.message import Message
from mo_gateway.store import audit, reading
from mo_gateway.store.audit import Deed
from mo_gateway.store.types import LARGEST
from mo_gateway.web.dashboard.asked import is_word
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

REVEALED_FOR = 60  # seconds

#: What the marks of a message mean.
MARKS = {
    "charset-unknown": "The request names a charset that is not known here; the configured one was used.",
    "undecodable-bytes": "The bytes are not all UTF-8, as which they were read; each bad one became �.",
    "charset-repaired": "The bytes were read again in another charset, and the texts are others since.",
    "clock-skipped": "The time lies in the hour that a change of the clocks leaves out.",
    "clock-repeated": "The time lies in the hour that comes twice; it was read as the first.",
    "operator-unlisted": "The operator is in no table, and the policy accepts that.",
    "operator-country-differs": "The operator is a network of another country than the country that was given.",
    "operator-left-out": "The network's MNC has three digits, for which there is no room.",
    "country-assumed": "The network tells no single country; the default one was used.",
    "time-missing": "No time came along; the moment of receipt was used.",
}


def show(visit: Visit, message_id: int) -> ResponseReturnValue:
    """Show a message, its number masked."""
    return _page(visit, message_id)


def reveal(visit: Visit, message_id: int) -> ResponseReturnValue:
    """Show a message with its number for a minute, and note who saw it and why."""
    reason = request.form.get("reason", "").strip()
    if not is_word(reason):
        return _page(
            visit, message_id, fault=_("Say why, in at most 200 characters: it is kept in the audit trail.")
        )
    if message_id > LARGEST:
        return _missing(message_id)
    with visit.desk.engine.begin() as conn:
        row = reading.message(conn, message_id)
        if row is None:
            return _missing(message_id)
        deed = Deed(action="reveal", subject=f"message {message_id}", person_key=row["person_key"], reason=reason)
        audit.add(conn, visit.actor, deed, visit.now)
    return _page(visit, message_id, is_revealed=True)


def _page(visit: Visit, message_id: int, *, is_revealed: bool = False, fault: str = "") -> ResponseReturnValue:
    """Make the page, for whoever may see the message."""
    if message_id > LARGEST:
        return _missing(message_id)
    with visit.looking() as conn:
        about = about_message(conn, message_id, reveal=is_revealed)
        if about is None or not _is_mine(visit, about["message"]["keyword_folded"]):
            return _missing(message_id)
        (message,) = reading.messages_after(conn, message_id - 1, limit=1)
    explanation, routes_fault = _explained(visit, message)
    page = visit.page(
        "message.html",
        about=about,
        message=about["message"],
        states=sorted({handling["state"] for handling in about["handlings"]}),
        marks=MARKS,
        explanation=explanation,
        verdicts=[one for one in explanation.near if visit.sees(one.route)] if explanation else [],
        routes_fault=routes_fault,
        case=_case(visit, message, about),
        is_revealed=is_revealed,
        revealed_for=REVEALED_FOR,
        fault=fault,
    )
    return page, 400 if fault else 200


def _is_mine(visit: Visit, keyword_folded: str | None) -> bool:
    """Tell whether the user may see messages with a keyword."""
    return visit.own_keywords is None or keyword_folded in visit.own_keywords


def _explained(visit: Visit, message: Message) -> tuple[Explanation | None, str]:
    """Say where the routes of today lead a message, or what is wrong with them."""
    routes, fault = visit.routes()
    if routes is None:
        return None, fault
    return explain(message, routes, visit.desk.settings.stop_words), ""


def _case(visit: Visit, message: Message, about: Mapping[str, Any]) -> str:
    """Write the message as a test of the handlers that are configured."""
    settings = visit.desk.settings
    return pytest_case(
        message,
        is_done=all(handling["state"] == "done" for handling in about["handlings"]),
        replies=[reply["body"] for reply in about["replies"] if reply["handler"]],
        modules=settings.handlers,
        has_file=settings.routes is not None,
    )


def _missing(message_id: int) -> ResponseReturnValue:
    return sentence(404, _("There is no message %(number)s, or none that you may see.") % {"number": message_id})
