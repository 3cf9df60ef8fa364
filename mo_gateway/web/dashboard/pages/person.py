"""Person: all that there is of one number, in both directions; the number itself stands in no address."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, RowMapping

from mo_gateway import keys
from mo_gateway.masking import without_number
from mo_gateway.reply import is_msisdn
from mo_gateway.store import consents, people
from mo_gateway.web.dashboard.asked import LONGEST_WORD, number_asked, person_asked, row_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

ROWS = 100

#: What may quote the person's number.
QUOTING = ("body", "error", "parm", "keyword")


def ask(visit: Visit) -> ResponseReturnValue:
    """Ask for a number."""
    return visit.page("find_person.html", fault="")


def find(visit: Visit) -> ResponseReturnValue:
    """Go to the page of the person whose number was typed."""
    msisdn = number_asked(request.form)
    if not is_msisdn(msisdn):
        fault = _("A number has 6 to 15 digits, its country code first.")
        return visit.page("find_person.html", fault=fault), 400
    person = keys.person_key(visit.desk.settings.person_secret, msisdn)
    return redirect(url_for("dashboard.one_person", person_key=person.hex()))


def show(visit: Visit, person_key: str) -> ResponseReturnValue:
    """Show all that there is of one person."""
    person = person_asked({"person_key": person_key})
    if person is None:
        return sentence(404, _("There is no such person."))
    with visit.looking() as conn:
        found = _found(conn, person)
    return visit.page("person.html", handle=person_key, rows=ROWS, longest_reason=LONGEST_WORD, **found)


def _found(conn: Connection, person: bytes) -> dict[str, Any]:
    """Gather it, the number taken out of what may quote it."""
    messages = people.messages_of(conn, person, before=row_asked(request.args, "before"), limit=ROWS)
    replies = people.replies_of(conn, person, before=row_asked(request.args, "replies_before"), limit=ROWS)
    subscriptions, opt_outs = consents.subscriptions_of(conn, person), consents.opt_outs_of(conn, person)
    rows = [*messages, *replies, *subscriptions, *opt_outs]
    msisdn = next((row["msisdn"] for row in rows if row["msisdn"]), "")
    return {
        "msisdn": msisdn,
        "is_known": bool(rows) or "before" in request.args or "replies_before" in request.args,
        "messages": [_without(row, msisdn) for row in messages],
        "replies": [_without(row, msisdn) for row in replies],
        "votes": people.votes_of(conn, person, ROWS),
        "subscriptions": subscriptions,
        "opt_outs": opt_outs,
    }


def _without(row: RowMapping, msisdn: str) -> dict[str, Any]:
    return {**row, **{name: without_number(row[name], msisdn) for name in QUOTING if row.get(name)}}
