"""What an operator does about replies: try them again, pause a provider, ask for the credit."""

from dataclasses import replace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from mo_gateway import by_hand
from mo_gateway.by_hand import RetryPlan
from mo_gateway.credit import ask
from mo_gateway.errors import ConfigError
from mo_gateway.gateway.sending import open_senders, reply_rules
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.store.replies import TAKEN_UP, Chosen
from mo_gateway.store.standing import ALL
from mo_gateway.web.dashboard.asked_replies import Asked, replies_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

from . import replies

UNKNOWN = "unknown"
NOTHING = RetryPlan(counts={}, stopped=0)


def plan(visit: Visit) -> ResponseReturnValue:
    """Say what trying again would do, all that the filter chooses, and ask."""
    asked = replies_asked(request.args, visit.desk.settings.timezone, visit.now)
    failed, unknown = _states(asked)
    times = {"since": asked.chosen.since, "until": asked.chosen.until or visit.now}
    with visit.looking() as conn:
        plans = [_plan(conn, asked.chosen, states) for states in (failed, unknown)]
    return visit.page(
        "retry.html",
        asked=asked,
        failed=plans[0],
        unknown=plans[1],
        # as it is counted now, so that what fails meanwhile is not tried again unseen
        fields=[pair for pair in asked.given if pair[0] not in times]
        + [(name, moment.isoformat()) for name, moment in times.items() if moment],
    )


def retry(visit: Visit) -> ResponseReturnValue:
    """Try them again; those that may have gone out only where that was ticked."""
    asked = replies_asked(request.form, visit.desk.settings.timezone, visit.now)
    if asked.faults:
        return sentence(400, "; ".join(asked.faults))
    failed, unknown = _states(asked)
    states = (*failed, *(unknown if request.form.get("may_arrive_twice") else ()))
    done: list[int] = []
    if states:
        chosen = replace(asked.chosen, states=states)
        rules = reply_rules(visit.desk.settings)
        done = by_hand.retry(visit.desk.engine, chosen, rules, visit.actor, visit.now)
    return redirect(url_for("dashboard.replies", state="queued", queued_again=len(done)))


def pause(visit: Visit) -> ResponseReturnValue:
    """Pause the replies of a provider or of all, or let them go on."""
    provider, wanted = request.form.get("provider", ""), request.form.get("wanted", "")
    if provider not in (ALL, *SCHEMAS) or wanted not in ("pause", "resume"):
        return sentence(400, _("Choose a provider, or all of them, and whether to pause or to resume."))
    only = None if provider == ALL else provider
    by_hand.set_paused(visit.desk.engine, only, paused=wanted == "pause", by=visit.actor, now=visit.now)
    return redirect(url_for("dashboard.replies", _anchor="providers"))


def ask_credit(visit: Visit) -> ResponseReturnValue:
    """Ask each provider what credit is left, and show it above the replies."""
    settings = visit.desk.settings
    try:
        senders = open_senders(settings)
    except ConfigError as exc:
        return sentence(409, str(exc))
    return replies.page(visit, {name: ask(sender, settings.secrets) for name, sender in senders.items()})


def _states(asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the states that are tried again without more ado, and those that take a tick."""
    usual = TAKEN_UP if asked.chosen.ids else ("failed", UNKNOWN)
    wanted = [state for state in asked.chosen.states or usual if state in TAKEN_UP]
    return tuple(one for one in wanted if one != UNKNOWN), tuple(one for one in wanted if one == UNKNOWN)


def _plan(conn: Connection, chosen: Chosen, states: tuple[str, ...]) -> RetryPlan:
    return by_hand.plan_retry(conn, replace(chosen, states=states)) if states else NOTHING
