"""The dashboard: pages for people at `/dashboard/`, in the server of `run` or in one of its own.

A request comes through `gate.py`, which lets in whom its route in `routes.py` is for, to a view in `pages/`; that
reads by functions of `store/`, changes by the steps that the commands use too, and makes a page of `templates/`.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Flask, Response, g, request, url_for
from markupsafe import Markup

from . import session, shown, texts
from .desk import Desk
from .gate import HEADERS, guarded
from .routes import NAVIGATION, ROUTES

EXTENSION = "mo_gateway_dashboard"
FOLDER = Path(__file__).parent


def register(app: Flask, desk: Desk) -> None:
    """Add all pages to an application."""
    app.extensions[EXTENSION] = desk
    pages = Blueprint(
        "dashboard", __name__, url_prefix="/dashboard", template_folder="templates", static_folder="static"
    )
    for route in ROUTES:
        view = guarded(desk, route)
        pages.add_url_rule(route.path, route.name, view, methods=route.methods, provide_automatic_options=False)
    pages.context_processor(lambda: _of_every_page(desk))
    pages.after_request(lambda response: _finished(response, desk))
    texts.register(app)
    shown.register(app, desk.settings.timezone)
    app.register_blueprint(pages)


def _of_every_page(desk: Desk) -> dict[str, object]:
    """Give what the layout needs."""
    visit = g.get("visit")
    may = {route.name: route.may for route in ROUTES}
    navigation = [(name, title) for name, title in NAVIGATION if name in may and visit and visit.may(may[name])]
    return {
        "visit": visit,
        "navigation": navigation,
        "proof": _proof,
        "zone": desk.settings.timezone.key,
        "language": texts.language_now(),
        "static": _static,
    }


def _proof() -> Markup:
    """Give the hidden field without which no form changes anything."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(session.FIELD, session.form_proof())


def _static(name: str) -> str:
    """Give the address of a file with its checksum, so that browsers may keep it for good."""
    return url_for("dashboard.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    """Read a file once in a process, and not for every page."""
    return sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:16]


def _finished(response: Response, desk: Desk) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint == "dashboard.static":
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif session.COOKIE not in request.cookies and "Set-Cookie" not in response.headers:
        session.keep(response, session.token(), desk.settings)
    return response
