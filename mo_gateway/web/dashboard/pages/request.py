"""What a person may ask for: everything that is known of them, as a file, and to be erased."""

from flask import Response, request
from flask.typing import ResponseReturnValue

from mo_gateway import dossier, erasure
from mo_gateway.erasure import Unfinished
from mo_gateway.store import people
from mo_gateway.web.dashboard.asked import person_asked, reason_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

LAST = 4  # digits that confirm


def export(visit: Visit, person_key: str) -> ResponseReturnValue:
    """Give all that is stored of one person, as a file; neither its name nor its address tells the number."""
    msisdn = _number(visit, person_key)
    if not msisdn:
        return _nobody()
    try:
        reason = reason_asked(request.form, msisdn)
    except ValueError as exc:
        return sentence(400, str(exc))
    found = dossier.dossier(
        visit.desk.engine,
        msisdn,
        person_secret=visit.desk.settings.person_secret,
        actor=visit.actor,
        action="export",
        reason=reason,
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
    if "last" not in request.form:
        return _page(visit, person_key, msisdn, "")
    try:
        _check_last(msisdn)
        reason = reason_asked(request.form, msisdn)
    except ValueError as exc:
        return _page(visit, person_key, msisdn, str(exc)), 400
    try:
        return _erased(visit, msisdn, reason)
    except Unfinished as exc:
        return _page(visit, person_key, msisdn, str(exc)), 409


def _erased(visit: Visit, msisdn: str, reason: str) -> str:
    settings, engine = visit.desk.settings, visit.desk.engine
    done = erasure.erase(
        engine,
        msisdn,
        person_secret=settings.person_secret,
        actor=visit.actor,
        reason=reason,
        now=visit.now,
    )
    return visit.page("erased.html", plan=done, left=erasure.sweep(engine, settings.commit_deadline / 2))


def _page(visit: Visit, person_key: str, msisdn: str, fault: str) -> str:
    plan = erasure.plan(visit.desk.engine, msisdn, person_secret=visit.desk.settings.person_secret)
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


def _check_last(msisdn: str) -> None:
    if request.form["last"].strip() != msisdn[-LAST:]:
        raise ValueError(_("Those are not the last four digits of the number: nothing is erased."))
