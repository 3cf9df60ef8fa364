"""Replay: first what it would do, over the whole filter; then, once somebody has confirmed that, it is done."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from urllib.parse import urlencode

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from mo_gateway import replay
from mo_gateway.errors import ConfigError
from mo_gateway.gateway.readers import open_readers
from mo_gateway.gateway.routes import open_routes
from mo_gateway.masking import fault_in_words, without_numbers
from mo_gateway.message import Outcome
from mo_gateway.readmit import Reading, Readmission
from mo_gateway.store import audit
from mo_gateway.store.audit import Deed
from mo_gateway.store.selection import Filter
from mo_gateway.web.dashboard.asked import Chosen, choice, row_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

MOST = 2000  # messages that one replay makes due again: as many as can be looked at while somebody waits
MOST_REQUESTS = 500  # rejected requests that are read again at once
MOST_FAULTS = 20  # of these that are told


def plan(visit: Visit) -> ResponseReturnValue:
    """Show what a replay of the messages that are asked for would do."""
    return _plan(visit, _chosen(visit, request.args))


def run(visit: Visit) -> ResponseReturnValue:
    """Make the messages due again whose number was shown and confirmed, and not one more."""
    chosen, limit = _chosen(visit, request.form), row_asked(request.form, "limit") or 0
    if refusal := _refusal(chosen):
        return sentence(400, refusal)
    if "confirmed" not in request.form or not 0 < limit <= MOST:
        return _plan(visit, chosen, fault=_("Nothing was done: tick that you have read what it would do."))
    answers_again = "answers_again" in request.form

    def note(conn: Connection, due_again: int) -> None:
        details = {"filter": _in_the_trail(chosen), "due_again": due_again, "answers_again": answers_again}
        audit.add(conn, visit.actor, Deed(action="replay", subject="messages", details=details), visit.now)

    tries = visit.desk.settings.max_attempts
    again = replay.run_again(
        visit.desk.engine, chosen.filter, limit=limit, tries=tries, answers_again=answers_again, note=note
    )
    rest = urlencode(_pairs(chosen))
    return visit.page("replayed.html", due_again=sum(again), chosen=chosen, rest=rest, most=MOST)


def plan_rejected(visit: Visit) -> ResponseReturnValue:
    """Show what reading the rejected requests again would do."""
    return _plan_rejected(visit)


def run_rejected(visit: Visit) -> ResponseReturnValue:
    """Read as many rejected requests again as were shown and confirmed."""
    limit = row_asked(request.form, "limit") or 0
    if "confirmed" not in request.form or not 0 < limit <= MOST_REQUESTS:
        return _plan_rejected(visit, fault=_("Nothing was done: tick that you have read what it would do."))
    with visit.desk.engine.begin() as conn:  # before: each request is a transaction of its own
        deed = Deed(action="replay", subject="rejected requests", details={"at_most": limit})
        audit.add(conn, visit.actor, deed, visit.now)
    of_each = list(islice(_readmission(visit).readings(Filter(until=visit.now), dry_run=False), limit))
    return visit.page("readmitted.html", **_counted(of_each))


def _plan(visit: Visit, chosen: Chosen, fault: str = "") -> ResponseReturnValue:
    if refusal := _refusal(chosen):
        return sentence(400, refusal)
    try:
        routes = open_routes(visit.desk.settings)
    except ConfigError as exc:
        return visit.page("replay.html", routes_fault=str(exc), chosen=chosen), 409
    with visit.looking() as conn:
        found = replay.plan_with(conn, routes, chosen.filter, MOST)
    pairs = _pairs(chosen)
    page = visit.page(
        "replay.html", plan=found, chosen=chosen, pairs=pairs, query=urlencode(pairs), most=MOST, fault=fault
    )
    return page, 400 if fault else 200


def _chosen(visit: Visit, args: MultiDict[str, str]) -> Chosen:
    """Read which messages are meant, none of them newer than the page: so a plan and its replay mean the same."""
    chosen = choice(args, visit.desk.settings.timezone, visit.now)
    asked = chosen.filter
    states = asked.states or (() if asked.ids else replay.USUAL_STATES)
    return replace(chosen, filter=replace(asked, states=states, until=asked.until or visit.now))


def _pairs(chosen: Chosen) -> list[tuple[str, str]]:
    """Write a choice so that it means the same a minute later."""
    asked = chosen.filter
    moments = {"since": asked.since, "until": asked.until}
    fixed = [(name, moment.isoformat()) for name, moment in moments.items() if moment]
    states = [("state", state) for state in asked.states]
    return [*fixed, *states, *(pair for pair in chosen.given if pair[0] not in ("since", "until", "state"))]


def _in_the_trail(chosen: Chosen) -> str:
    """Write a choice without a number, which a keyword may be."""
    return urlencode(
        [(name, without_numbers(value) if name == "keyword" else value) for name, value in _pairs(chosen)]
    )


def _refusal(chosen: Chosen) -> str:
    """Say why nothing of this can be run again, or nothing where it can."""
    if chosen.faults:  # else the rest of the filter would mean more than was asked for
        return " ".join(chosen.faults)
    asked = chosen.filter
    if "done" in asked.states and replace(asked, states=(), until=None) == Filter():
        return _("Every message that is done would run again, and be answered again: narrow it down first.")
    return ""


def _plan_rejected(visit: Visit, fault: str = "") -> ResponseReturnValue:
    job = _readmission(visit)
    total = job.count(Filter())
    of_each = list(islice(job.readings(Filter(), dry_run=True), MOST_REQUESTS))
    page = visit.page("readmission.html", total=total, most=MOST_REQUESTS, fault=fault, **_counted(of_each))
    return page, 400 if fault else 200


def _readmission(visit: Visit) -> Readmission:
    settings = visit.desk.settings
    return Readmission(
        engine=visit.desk.engine,
        readers=open_readers(settings),
        person_secret=settings.person_secret,
        stop_words=settings.stop_words,
        tries=settings.max_attempts,
        charset=None,
    )


def _counted(of_each: list[list[Reading]]) -> Mapping[str, object]:
    """Count what became of the messages of some requests, and say what is still wrong with them."""
    readings = [reading for of_one in of_each for reading in of_one]

    def having(outcome: Outcome) -> list[Reading]:
        return [reading for reading in readings if reading.outcome is outcome]

    bad = having(Outcome.REJECTED)
    return {
        "requests": len(of_each),
        "stored": having(Outcome.STORED),
        "there": having(Outcome.DUPLICATE),
        "bad": bad,
        "faults": [
            (one.rejection_id, [fault_in_words(error) for error in one.errors]) for one in bad[:MOST_FAULTS]
        ],
    }
