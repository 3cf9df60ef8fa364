"""Connection: what the provider has to call, whether it does, and a test that goes the whole way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from urllib.parse import urlencode

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from mo_gateway.checks import Finding
from mo_gateway.checks.database import check_connection
from mo_gateway.checks.providers import check_choice
from mo_gateway.checks.workers import check_workers
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.settings import Settings
from mo_gateway.simulator.client import NoAnswer
from mo_gateway.simulator.plan import timestamp
from mo_gateway.simulator.trigger import Sent, explain, send
from mo_gateway.store import audit, presence, reading
from mo_gateway.store import connection as store
from mo_gateway.store.audit import Deed
from mo_gateway.web.dashboard import address
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.texts import gettext as _

CALLBACKS = 10
COUNTED_WITHIN = timedelta(hours=24)
EXAMPLE = {"msisdn": "32400000000", "text": "WIN blue", "shortcode": "4414"}
LONGEST = 2_000  # characters of a test: more than an SMS of many parts has

#: Where the docs tell more of what a check found.
DOCS = {
    "database": "docs/deployment.md",
    "durable": "docs/promises.md",
    "people": "docs/settings.md",
    "clock": "docs/operations.md",
    "worker": "docs/operations.md",
    "routes": "docs/routes.md",
    "replies": "docs/replies.md",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps; it is ticked once the database shows it."""

    title: str
    is_done: bool
    advice: str
    page: str  #: of the docs


def show(visit: Visit) -> ResponseReturnValue:
    """Show how the gateway is connected."""
    return _page(visit)


def reveal(visit: Visit) -> ResponseReturnValue:
    """Show the callback URL whole, and note who wanted to see it."""
    with visit.desk.engine.begin() as conn:
        audit.add(conn, visit.actor, Deed(action="reveal", subject="callback URL"), visit.now)
    return _page(visit, url=address.whole(visit.desk.settings))


def send_test(visit: Visit) -> ResponseReturnValue:
    """Send a message as the provider would, through our own callback; it is stored, and marked as a test."""
    given = {name: request.form.get(name, "").strip()[:LONGEST] for name in EXAMPLE}
    sent, fault = _send(visit, given)
    details = {"shortcode": given["shortcode"], "answer": sent.answer.word if sent else "none"}
    subject = f"message {sent.receipt[1]}" if sent and sent.is_kept else ""
    with visit.desk.engine.begin() as conn:
        audit.add(conn, visit.actor, Deed(action="test", subject=subject, details=details), visit.now)
    return _page(visit, given=given, sent=sent, fault=fault)


def _send(visit: Visit, given: dict[str, str]) -> tuple[Sent | None, str]:
    """Give what came back, or why nothing did."""
    settings = visit.desk.settings
    target = address.own_target(settings)
    keyword, _space, parm = given["text"].partition(" ")
    fields = {
        "MSISDN": given["msisdn"].removeprefix("+"),
        "KEYWORD": keyword,
        "PARM": parm,
        "OPERATOR": "20601",
        "TIMESTAMP": timestamp(visit.now, settings.timezone),
        "SHORTCODE": given["shortcode"],
        "COUNTRY": "BEL",
    }
    try:
        form = urlencode(fields, encoding=settings.charset).encode()
        (sent,) = send(target, "POST", form, times=1)
    except UnicodeEncodeError as exc:
        letter = exc.object[exc.start]
        words = _("%(charset)s, which MO_GATEWAY_CHARSET says the provider sends, has no %(letter)s.")
        return None, words % {"charset": settings.charset, "letter": letter}
    except NoAnswer as exc:
        return None, explain(exc, target)
    return sent, sent.hint


def _page(visit: Visit, url: str = "", **of_a_test: object) -> str:
    settings = visit.desk.settings
    with visit.looking() as conn:
        return visit.page(
            "connection.html",
            **{"given": EXAMPLE, **of_a_test},
            url=url or address.shown(settings),
            is_revealed=bool(url),
            steps=_steps(store.reached(conn)),
            findings=[(finding, DOCS[finding.subject]) for finding in _findings(conn, visit)],
            outcomes=store.outcomes(conn, visit.now - COUNTED_WITHIN),
            methods=store.methods(conn),
            callbacks=store.latest_callbacks(conn, CALLBACKS),
            providers=_providers(settings),
        )


def _findings(conn: Connection, visit: Visit) -> Iterator[Finding]:
    settings = visit.desk.settings
    sources = reading.latest_providers(conn) or ["spryng"]
    return chain(
        check_connection(conn, settings, visit.desk.clock),
        check_workers(presence.workers(conn)),
        check_choice(settings.reply_provider, settings.providers, sources),
    )


def _providers(settings: Settings) -> dict[str, bool]:
    """Tell of each provider whether it has what it needs to send."""
    return {name: name in settings.providers for name in SCHEMAS}


def _steps(reached: store.Reached) -> list[Step]:
    return [
        Step(_("A message is stored"), reached.stored, _("Press Test below."), "docs/first-message.md"),
        Step(_("The provider calls"), reached.called, _("Give it the callback URL below."), "docs/callback.md"),
        Step(
            _("A handler takes a message"),
            reached.handled,
            _("Write a route, and send its keyword."),
            "docs/first-handler.md",
        ),
        Step(
            _("A reply is sent"),
            reached.replied,
            _("Set the credentials of a provider, and answer a message."),
            "docs/replies.md",
        ),
    ]
