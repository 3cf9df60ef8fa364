"""Subscribers and STOP: who joined and left, who wants no more, and by which message; entries made by hand."""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from mo_gateway import by_hand
from mo_gateway.by_hand import OptOut, folded_keyword
from mo_gateway.store import consents, values
from mo_gateway.store.types import LARGEST
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import LONGEST_WORD, is_word, number_asked, reason_asked, row_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.tables import Table, all_rows, cells
from mo_gateway.web.dashboard.texts import gettext as _

ROWS = 100

#: What a file of a list has, and one of opt-outs.
MEMBERS = {
    "list": "text",
    "msisdn": "text",
    "shortcode": "text",
    "joined_at": "moment",
    "joined_by_message_id": "number",
    "left_at": "moment",
    "left_by_message_id": "number",
}
OPT_OUTS = {
    "opt_out_id": "number",
    "msisdn": "text",
    "shortcode": "text",
    "keyword": "text",
    "word": "text",
    "since_at": "moment",
    "message_id": "number",
    "confirmed_at": "moment",
    "ended_at": "moment",
    "ended_by_message_id": "number",
}


def show(visit: Visit) -> ResponseReturnValue:
    """Show the lists, who is on the one that is asked for, and who said STOP."""
    return _page(visit)


def save(visit: Visit) -> ResponseReturnValue:
    """Send who is on the list that is asked for, or has left it, or who said STOP."""
    name, is_on, in_force = _asked()
    zone = visit.desk.settings.timezone
    if name:
        state = "on" if is_on else "left"
        rows, only = partial(_members, name=name, is_on=is_on), {"list": [name], "state": [state]}
        return files.send(
            visit,
            Table(name="subscribers", columns=MEMBERS, rows=rows, named=[name, state], only=only, zone=zone),
        )
    state = "in force" if in_force else "ended"
    ledger = partial(_opt_outs, in_force=in_force)
    return files.send(
        visit,
        Table(name="opt-outs", columns=OPT_OUTS, rows=ledger, named=[state], only={"state": [state]}, zone=zone),
    )


def show_opt_out(visit: Visit, opt_out_id: int) -> ResponseReturnValue:
    """Show one opt-out: what was said, when it counted, when it was confirmed."""
    with visit.looking() as conn:
        entry = consents.one_opt_out(conn, opt_out_id) if opt_out_id <= LARGEST else None
        if entry is None:
            return sentence(404, _("There is no opt-out %(number)s.") % {"number": opt_out_id})
        in_spite = consents.tried_in_spite_of(conn, entry)
    return visit.page("opt_out.html", entry=entry, in_spite=in_spite, longest_reason=LONGEST_WORD)


def add_opt_out(visit: Visit) -> ResponseReturnValue:
    """Enter what somebody said on the telephone or in a letter."""
    form, msisdn = request.form, number_asked(request.form)
    try:
        wanted = OptOut(
            msisdn=msisdn,
            shortcode=form.get("shortcode", "").strip() or None,
            keywords=tuple(map(folded_keyword, form.get("keywords", "").split())),
            word=reason_asked(form, msisdn, "word"),
        )
    except ValueError as exc:
        return _page(visit, fault=str(exc)), 400
    secret = visit.desk.settings.person_secret
    entry = by_hand.add_opt_out(visit.desk.engine, wanted, secret, visit.actor, visit.now)
    if entry is None:
        return _page(visit, fault=_("It was in force already: nothing was entered.")), 409
    return redirect(url_for("dashboard.opt_out", opt_out_id=entry))


def end_opt_out(visit: Visit, opt_out_id: int) -> ResponseReturnValue:
    """Enter that somebody wants messages again."""
    with visit.looking() as conn:
        entry = consents.one_opt_out(conn, opt_out_id) if opt_out_id <= LARGEST else None
    if entry is None or entry["until"]:
        return sentence(404, _("There is no opt-out %(number)s in force.") % {"number": opt_out_id})
    try:
        reason = reason_asked(request.form, entry["msisdn"])
    except ValueError as exc:
        return sentence(400, str(exc))
    by_hand.end_opt_out(visit.desk.engine, opt_out_id, reason, visit.actor, visit.now)
    return redirect(url_for("dashboard.opt_out", opt_out_id=opt_out_id))


def _asked() -> tuple[str, bool, bool]:
    """Give the list that is meant, whether those on it are, and whether opt-outs in force are."""
    name = request.args.get("list", "")
    is_on, in_force = request.args.get("state") != "left", request.args.get("optouts") != "ended"
    return name if is_word(name) else "", is_on, in_force


def _members(conn: Connection, is_whole: bool, *, name: str, is_on: bool) -> Generator[Sequence[object]]:
    found = all_rows(lambda below, limit: consents.members(conn, name, is_on=is_on, before=below, limit=limit))
    rows = (
        {
            **row,
            "joined_at": row["since"],
            "joined_by_message_id": row["message_id"],
            "left_at": row["until"],
            "left_by_message_id": row["until_message_id"],
        }
        for row in found
    )
    yield from cells(rows, MEMBERS, is_whole=is_whole)


def _opt_outs(conn: Connection, is_whole: bool, *, in_force: bool) -> Generator[Sequence[object]]:
    found = all_rows(lambda below, limit: consents.opt_outs(conn, in_force=in_force, before=below, limit=limit))
    rows = (
        {
            **row,
            "opt_out_id": row["id"],
            "since_at": row["since"],
            "ended_at": row["until"],
            "ended_by_message_id": row["until_message_id"],
        }
        for row in found
    )
    yield from cells(rows, OPT_OUTS, "word", is_whole=is_whole)


def _page(visit: Visit, fault: str = "") -> str:
    name, is_on, in_force = _asked()
    before = row_asked(request.args, "before")
    found: dict[str, Any] = {"name": name, "is_on": is_on, "in_force": in_force, "forms": files.FORMS}
    with visit.looking() as conn:
        found["lists"] = values.lists(conn)
        found["counts"] = consents.opt_out_counts(conn)
        if name:
            found["members"] = consents.members(conn, name, is_on=is_on, before=before, limit=ROWS)
        else:
            found["opt_outs"] = consents.opt_outs(conn, in_force=in_force, before=before, limit=ROWS)
    rows = found.get("members", found.get("opt_outs", ()))
    return visit.page("subscribers.html", fault=fault, has_more=len(rows) == ROWS, **found)
