"""What stands before every page: no user, no dashboard; no log-in, no page; no permission, no way in.

A route that names no permission is open to nobody, whatever it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import SchemaError, StorageError, TooSlow
from mo_gateway.store.failures import in_one_line

from . import session
from .desk import Desk, Visit
from .roles import May
from .texts import gettext as _

#: Everything comes from here and nothing from elsewhere; no script stands in a page, and nobody frames one.
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Route:
    """One page or one action of the dashboard."""

    name: str  #: for `url_for`, behind `dashboard.`
    path: str
    view: Callable[..., ResponseReturnValue]  #: called with the Visit, or where it is May.LOG_IN with the Desk
    may: May
    methods: tuple[str, ...] = ("GET",)


def guarded(desk: Desk, route: Route) -> Callable[..., ResponseReturnValue]:
    """Make the view of a route, which lets in whom the route is for."""

    def view(**path: object) -> ResponseReturnValue:
        if not desk.places.acquire(timeout=1):
            return sentence(503, _("Too many pages are being made at this moment. Try again in a few seconds."))
        try:
            return _answer(desk, route, path)
        except TooSlow as exc:
            return sentence(503, _("This takes too long: %(why)s. Narrow the time down.") % {"why": exc})
        except (SQLAlchemyError, StorageError, SchemaError, OSError) as exc:
            log.warning("no page without the database", error=in_one_line(exc))
            return render_template("away.html", **desk.loss()), 503
        finally:
            desk.places.release()

    return view


def sentence(status: int, words: str) -> tuple[str, int]:
    """Make a page of one sentence, for whoever may not see more."""
    return render_template("sentence.html", words=words, visit=g.get("visit")), status


def _answer(desk: Desk, route: Route, path: Mapping[str, object]) -> ResponseReturnValue:
    now = desk.clock()
    user = desk.users.of_session(session.token(), now)
    if user is None and not desk.users.exist():
        return sentence(404, _("There is no dashboard without a user: mo-gateway user add NAME --role admin"))
    if not _only_looks() and not session.is_our_form(request):
        return sentence(403, _("This form is too old, or not of this page. Load the page anew and try again."))
    if route.may is May.LOG_IN:
        return route.view(desk)
    if user is None:
        return redirect(url_for("dashboard.log_in", next=_where()))
    g.visit = visit = Visit(desk=desk, user=user, now=now, remote_addr=request.remote_addr or "")
    if not visit.may(route.may):
        return sentence(403, _("Your role, %(role)s, may not do this.") % {"role": user.role})
    return route.view(visit, **path)


def _only_looks() -> bool:
    return request.method in ("GET", "HEAD")


def _where() -> str:
    return request.full_path.rstrip("?") if _only_looks() else url_for("dashboard.overview")
