"""Replies: did the answer arrive? What went out, what did not and why, and what waits for whom."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, RowMapping

from mo_gateway import gsm
from mo_gateway.masking import without_number
from mo_gateway.reply import Standing
from mo_gateway.store import replies, standing
from mo_gateway.store.replies import Chosen
from mo_gateway.store.types import LARGEST
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import row_asked
from mo_gateway.web.dashboard.asked_replies import NAMES, Asked, replies_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.roles import May
from mo_gateway.web.dashboard.shown import pieces
from mo_gateway.web.dashboard.tables import Table, all_rows, cells, narrowed, words_of
from mo_gateway.web.dashboard.texts import gettext as _

ROWS = 100
WINDOWS = ("1h", "24h", "7d")

#: What may quote the number that a reply goes to.
QUOTING = ("body", "error", "reference", "provider_id")

#: What a file has.
COLUMNS = {
    "reply_id": "number",
    "queued_at": "moment",
    "msisdn": "text",
    "provider": "text",
    "status": "text",
    "delivery": "text",
    "attempts": "number",
    "body": "text",
    "suppressed_reason": "text",
    "provider_code": "text",
    "provider_code_text": "text",
    "message_id": "number",
    "is_test": "yes or no",
}


def show(visit: Visit) -> ResponseReturnValue:
    """Show the replies that are asked for, under the counts of the same time."""
    return page(visit)


def page(visit: Visit, credit: Mapping[str, Standing] | None = None) -> ResponseReturnValue:
    """Make the page, with what providers have just said of the credit where they were asked."""
    asked = replies_asked(request.args, visit.desk.settings.timezone, visit.now)
    before = row_asked(request.args, "before")
    with visit.looking() as conn:
        rows = replies.latest(conn, asked.chosen, limit=ROWS, before=before)
        return visit.page(
            "replies.html",
            asked=asked,
            chosen=asked.chosen,
            rows=[_masked(row) for row in rows],
            has_more=len(rows) == ROWS,
            is_any=bool(rows) or replies.is_any(conn),
            counts=_counts(conn, asked, visit),
            open_now=replies.open_now(conn),
            providers=_providers(conn, visit),
            credit=credit,
            queued_again=row_asked(request.args, "queued_again"),
            windows=WINDOWS,
            names=NAMES,
            states=replies.STATES,
            deliveries=replies.DELIVERIES,
            may_act=visit.may(May.ACT),
            may_see_people=visit.may(May.SEE_PEOPLE),
            forms=files.FORMS,
        )


def save(visit: Visit) -> ResponseReturnValue:
    """Send all replies that are asked for, within the same time as the page."""
    asked = replies_asked(request.args, visit.desk.settings.timezone, visit.now)
    if asked.faults:
        return sentence(400, " ".join(asked.faults))
    table = Table(
        name="replies",
        columns=COLUMNS,
        rows=lambda conn, is_whole: _rows(conn, asked.chosen, is_whole=is_whole),
        named=words_of(asked.given),
        only=narrowed(asked.given),
        since=asked.chosen.since,
        until=asked.chosen.until,
        zone=visit.desk.settings.timezone,
    )
    return files.send(visit, table)


def show_one(visit: Visit, reply_id: int) -> ResponseReturnValue:
    """Show one reply: its text as a phone gets it, every try, every report, and the message that it answers."""
    with visit.looking() as conn:
        row = replies.one(conn, reply_id) if reply_id <= LARGEST else None
        if row is None:
            return sentence(404, _("There is no reply %(number)s.") % {"number": reply_id})
        tries, reports = replies.tries(conn, reply_id), replies.reports_of(conn, reply_id)
    reply = _masked(row)
    sizing = gsm.measure(reply["body"]) if reply["body"] else None
    return visit.page(
        "reply.html",
        reply=reply,
        sizing=sizing,
        parts=[pieces(part, sizing.forced_by) for part in sizing.parts] if sizing else [],
        tries=[_without(tried, row["msisdn"], ("error",)) for tried in tries],
        reports=[_without(one, row["msisdn"], ("provider_status",)) for one in reports],
        can_retry=reply["state"] in replies.TAKEN_UP and reply["due_at"] is None,
        may_act=visit.may(May.ACT),
        may_see_people=visit.may(May.SEE_PEOPLE),
    )


def _rows(conn: Connection, chosen: Chosen, *, is_whole: bool) -> Generator[Sequence[object]]:
    found = all_rows(lambda below, limit: replies.latest(conn, chosen, limit=limit, before=below))
    rows = (
        {
            **row,
            "reply_id": row["id"],
            "queued_at": row["created_at"],
            "status": _state(row),
            "provider_code": row["error_code"],
            "provider_code_text": row["error"],
        }
        for row in found
    )
    yield from cells(rows, COLUMNS, "body", "provider_code_text", is_whole=is_whole)


def _counts(conn: Connection, asked: Asked, visit: Visit) -> dict[str, int]:
    """Count what became of the replies of the same time: by state, by delivery, and what a STOP has stopped."""
    counts = dict.fromkeys(("sent", "suppressed", "opt-out", "delivered", "undelivered"), 0)
    for row in replies.totals(conn, asked.window(visit.now)):
        delivery = {"delivered": "delivered", "failed": "undelivered"}.get(row["delivery"])
        for name in (row["state"], row["suppressed_reason"], delivery):
            if name in counts:
                counts[name] += row["replies"]
    return counts


def _providers(conn: Connection, visit: Visit) -> Sequence[Mapping[str, Any]]:
    """Tell of each provider that is set, or that anything waits for, how it stands; `*` is all of them."""
    rows = {row["provider"]: row for row in standing.of_all(conn)}
    waiting, settings = replies.waiting(conn), visit.desk.settings
    names = sorted({*settings.providers, *waiting, *rows} - {standing.ALL})
    nothing = {"paused_at": None, "held_until": None, "failures": 0, "error": None}
    return [
        {
            **rows.get(name, nothing),
            "name": name,
            "waiting": sum(waiting.values()) if name == standing.ALL else waiting.get(name, 0),
            "is_all": name == standing.ALL,
            "can_send": name == standing.ALL or name in settings.providers,
        }
        for name in (standing.ALL, *names)
    ]


def _masked(row: RowMapping) -> dict[str, Any]:
    """Take the number out of what may quote it; what is being sent counts as unknown until that is over."""
    return {**_without(row, row["msisdn"], QUOTING), "shown_state": _state(row)}


def _state(row: RowMapping) -> str:
    is_being_sent = row["state"] == "unknown" and row["due_at"] is not None
    return "being sent" if is_being_sent else str(row["state"])


def _without(row: RowMapping, msisdn: str, names: Sequence[str]) -> dict[str, Any]:
    return {**row, **{name: without_number(row[name], msisdn) for name in names if row[name]}}
