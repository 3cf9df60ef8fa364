"""Replies: did the answer arrive? What went out, what did not and why, and what waits for whom."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, RowMapping

from mo_gateway import gsm
from mo_gateway.masking import without_number
from mo_gateway.reply import Standing
from mo_gateway.store import replies, standing
from mo_gateway.store.types import LARGEST
from mo_gateway.web.dashboard.asked import row_asked
from mo_gateway.web.dashboard.asked_replies import NAMES, Asked, replies_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.roles import May
from mo_gateway.web.dashboard.shown import pieces
from mo_gateway.web.dashboard.texts import gettext as _

ROWS = 100
WINDOWS = ("1h", "24h", "7d")

#: What may quote the number that a reply goes to.
QUOTING = ("body", "error", "reference", "provider_id")


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
        )


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
    reply = _without(row, row["msisdn"], QUOTING)
    is_being_sent = row["state"] == "unknown" and row["due_at"] is not None
    return {**reply, "shown_state": "being sent" if is_being_sent else row["state"]}


def _without(row: RowMapping, msisdn: str, names: Sequence[str]) -> dict[str, Any]:
    return {**row, **{name: without_number(row[name], msisdn) for name in names if row[name]}}
