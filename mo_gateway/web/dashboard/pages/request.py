"""What a person may ask for: everything that is known of them, as a file, and to be erased."""

import re

from flask import Response, request
from flask.typing import ResponseReturnValue

from mo_gateway import dossier, erasure
from mo_gateway.erasure import Plan, Unfinished
from mo_gateway.store import people
from mo_gateway.web.dashboard.asked import LONGEST_WORD, is_word, person_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

LAST = 4  # digits that confirm
ENOUGH = 8  # digits in a row that would tell a number


def export(visit: Visit, person_key: str) -> ResponseReturnValue:
    """Give all that is stored of one person, as a file; neither its name nor its address tells the number."""
    msisdn = _number(visit, person_key)
    if not msisdn:
        return _nobody()
    if fault := _fault_of_reason(msisdn):
        return sentence(400, fault)
    secret, engine = visit.desk.settings.person_secret, visit.desk.engine
    found = dossier.dossier(
        engine,
        msisdn,
        person_secret=secret,
        actor=visit.actor,
        action="export",
        reason=_reason(),
        now=visit.now,
    )
    date = visit.now.astimezone(visit.desk.settings.timezone).date()
    response = Response(dossier.as_json(msisdn, found, now=visit.now), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="person-{person_key[:8]}-{date}.json"'
    return response


def erase(visit: Visit, person_key: str) -> ResponseReturnValue:
    """Say what would be erased; and erase it, once the last digits and a reason are given."""
    msisdn = _number(visit, person_key)
    if not msisdn:
        return _nobody()
    secret = visit.desk.settings.person_secret
    if "last" in request.form:
        fault = _fault_of_last(msisdn) or _fault_of_reason(msisdn)
        if not fault:
            return _erased(visit, person_key, msisdn)
    else:
        fault = ""
    plan = erasure.plan(visit.desk.engine, msisdn, person_secret=secret)
    return _page(visit, person_key, msisdn, plan, fault), 400 if fault else 200


def _erased(visit: Visit, person_key: str, msisdn: str) -> ResponseReturnValue:
    settings, engine = visit.desk.settings, visit.desk.engine
    secret = settings.person_secret
    try:
        done = erasure.erase(
            engine, msisdn, person_secret=secret, actor=visit.actor, reason=_reason(), now=visit.now
        )
    except Unfinished as exc:
        plan = erasure.plan(engine, msisdn, person_secret=secret)
        return _page(visit, person_key, msisdn, plan, str(exc)), 409
    left = erasure.sweep(engine, settings.commit_deadline / 2)
    return visit.page("erased.html", plan=done, left=left)


def _page(visit: Visit, person_key: str, msisdn: str, plan: Plan, fault: str) -> str:
    return visit.page("erase.html", handle=person_key, msisdn=msisdn, plan=plan, fault=fault, last=LAST)


def _number(visit: Visit, person_key: str) -> str:
    """Give the number of a person of whom anything is stored under it, or nothing."""
    person = person_asked({"person_key": person_key})
    if person is None:
        return ""
    with visit.looking() as conn:
        return people.number_of(conn, person)


def _nobody() -> ResponseReturnValue:
    return sentence(404, _("Nothing is stored here under the number of this person."))


def _reason() -> str:
    return request.form.get("reason", "").strip()


def _fault_of_last(msisdn: str) -> str:
    right = request.form["last"].strip() == msisdn[-LAST:]
    return "" if right else _("Those are not the last four digits of the number: nothing is erased.")


def _fault_of_reason(msisdn: str) -> str:
    """Say what is wrong with the reason, which stays in the audit trail for good."""
    reason = _reason()
    if not is_word(reason):
        return _("A reason is needed, of at most %(most)s characters.") % {"most": LONGEST_WORD}
    if msisdn[-ENOUGH:] in re.sub(r"\D", "", reason):
        return _("No number may stand in the reason: it stays in the audit trail for good.")
    return ""
