"""In and out: the only page for whoever is not logged in."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mo_gateway.users import TooManyTries, WrongPassword
from mo_gateway.web.dashboard import session
from mo_gateway.web.dashboard.desk import Desk, Visit
from mo_gateway.web.dashboard.texts import gettext as _


def ask(_desk: Desk) -> ResponseReturnValue:
    """Show the form."""
    return _form("", 200)


def log_in(desk: Desk) -> ResponseReturnValue:
    """Let somebody in, with a new token: what the cookie held before opens nothing."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        login = desk.users.log_in(name, password, request.remote_addr or "", desk.clock())
    except WrongPassword:
        return _form(_("There is no user with this name and password."), 403)
    except TooManyTries as exc:
        words = _("Too many log-ins have failed. Try again in %(minutes)s minutes.")
        return _form(words % {"minutes": exc.minutes}, 429)
    response = make_response(redirect(_next()))
    session.keep(response, login.token, desk.settings)
    return response


def log_out(visit: Visit) -> ResponseReturnValue:
    """End the session, here and in the database."""
    visit.desk.users.log_out(session.token())
    response = make_response(redirect(url_for("dashboard.log_in")))
    session.drop(response)
    return response


def _form(fault: str, status: int) -> tuple[str, int]:
    return render_template("login.html", fault=fault, name=request.form.get("name", ""), next=_next()), status


def _next() -> str:
    """Say where to go afterwards: a page of the dashboard, and nowhere else."""
    wanted = request.values.get("next", "")
    return wanted if wanted.startswith("/dashboard/") and "\\" not in wanted else url_for("dashboard.overview")
