"""Audit: who saw and did what. It can be read, and not be changed."""

import json
from collections.abc import Generator, Mapping, Sequence
from functools import partial

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from mo_gateway.store import audit
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import row_asked, words_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.tables import Table, all_rows

ROWS = 100

#: What a file has.
COLUMNS = {
    "audit_id": "number",
    "at": "moment",
    "actor": "text",
    "role": "text",
    "action": "text",
    "subject": "text",
    "reason": "text",
    "details": "text",
}


def show(visit: Visit) -> ResponseReturnValue:
    """Show the latest entries, of one user or one action where that is asked for."""
    chosen, before = words_asked(request.args, "actor", "action"), row_asked(request.args, "before")
    with visit.looking() as conn:
        entries = audit.latest(
            conn, actor=chosen.get("actor"), action=chosen.get("action"), before=before, limit=ROWS
        )
    return visit.page(
        "audit.html", entries=entries, chosen=chosen, has_more=len(entries) == ROWS, forms=files.FORMS
    )


def save(visit: Visit) -> ResponseReturnValue:
    """Send all entries, of one user or one action where that is asked for."""
    chosen = words_asked(request.args, "actor", "action")
    table = Table(
        name="audit",
        columns=COLUMNS,
        rows=partial(_rows, chosen=chosen),
        named=list(chosen.values()),
        only={name: [value] for name, value in chosen.items()},
        zone=visit.desk.settings.timezone,
    )
    return files.send(visit, table)


def _rows(conn: Connection, _is_whole: bool, *, chosen: Mapping[str, str]) -> Generator[Sequence[object]]:
    actor, action = chosen.get("actor"), chosen.get("action")
    for row in all_rows(
        lambda below, limit: audit.latest(conn, actor=actor, action=action, before=below, limit=limit)
    ):
        details = json.dumps(row["details"], ensure_ascii=False) if row["details"] else ""
        told = {**row, "audit_id": row["id"], "details": details}
        yield [told[name] for name in COLUMNS]
