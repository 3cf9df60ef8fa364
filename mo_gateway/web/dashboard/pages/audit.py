"""Audit: who saw and did what. It can be read, and not be changed."""

from flask import request
from flask.typing import ResponseReturnValue

from mo_gateway.store import audit
from mo_gateway.web.dashboard.asked import row_asked, words_asked
from mo_gateway.web.dashboard.desk import Visit

ROWS = 100


def show(visit: Visit) -> ResponseReturnValue:
    """Show the latest entries, of one user or one action where that is asked for."""
    chosen, before = words_asked(request.args, "actor", "action"), row_asked(request.args, "before")
    with visit.looking() as conn:
        entries = audit.latest(
            conn, actor=chosen.get("actor"), action=chosen.get("action"), before=before, limit=ROWS
        )
    return visit.page("audit.html", entries=entries, chosen=chosen, has_more=len(entries) == ROWS)
