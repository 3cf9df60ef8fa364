"""Reports: the views that SQL can ask, with what one needs to begin."""

import shlex

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import URL, make_url

from mo_gateway.moments import read_moment
from mo_gateway.store.exports import Choice, time_column
from mo_gateway.store.views import VIEWS, making
from mo_gateway.store.views.view import View
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.texts import gettext as _

DAYS = 30  # that a file holds, where nothing else is asked for


def show_all(visit: Visit) -> ResponseReturnValue:
    """List the views, and say what an analyst still needs."""
    is_sqlite = visit.desk.settings.is_sqlite
    url = make_url(visit.desk.settings.database_url)
    with visit.looking() as conn:
        missing = making.missing(conn)
        kept = [] if is_sqlite else making.kept_from(conn, making.READER)
    return visit.page(
        "reports.html",
        views=VIEWS,
        missing=missing,
        grants=_grants(kept),
        is_sqlite=is_sqlite,
        connect=command(url),
        datasette=shlex.join(["datasette", url.database or ""]),
    )


def show(visit: Visit, name: str) -> ResponseReturnValue:
    """Show the columns of a view, a question to begin with, and how to take its rows along."""
    view = _view(name)
    if view is None:
        return _no_view(name)
    return visit.page(
        "report.html",
        view=view,
        time=time_column(view),
        first=visit.first_of(DAYS),
        command=command(make_url(visit.desk.settings.database_url), f"{view.question};"),
        forms=files.FORMS,
    )


def save(visit: Visit, name: str) -> ResponseReturnValue:
    """Send the rows of a view, of some dates where it has dates, without what is personal."""
    view = _view(name)
    if view is None:
        return _no_view(name)
    if view.is_private:
        return sentence(403, _("%(view)s tells people's numbers, and is no file of this page.") % {"view": name})
    zone = visit.desk.settings.timezone
    if not time_column(view):
        return files.answer(visit, Choice(view=view, zone=zone))
    first, last = request.args.get("since") or f"{DAYS}d", request.args.get("until", "")
    try:
        since = read_moment(first, zone, visit.now)
        until = read_moment(last, zone, visit.now, end_of_day=True) if last else None
    except ValueError as exc:
        return sentence(400, str(exc))
    if until and since >= until:
        return sentence(400, _("%(since)s is not before %(until)s.") % {"since": first, "until": last})
    return files.answer(visit, Choice(view=view, zone=zone, since=since, until=until))


def _view(name: str) -> View | None:
    return next((view for view in VIEWS if view.name == name), None)


def _no_view(name: str) -> ResponseReturnValue:
    return sentence(404, _("There is no report %(name)s.") % {"name": name})


def _grants(kept: list[str]) -> str:
    """Write what lets the reader's role read; empty where it does."""
    if not kept:
        return ""
    begin = [f"CREATE ROLE {making.READER} NOLOGIN", f"GRANT USAGE ON SCHEMA public TO {making.READER}"]
    return "".join(f"{statement};\n" for statement in [*begin, *making.grants(making.READER)])


def command(url: URL, question: str = "") -> str:
    """Write the line that asks the database, without anybody's name or password in it.

    No question of a view has in it what means something between double quotes.
    """
    if url.get_backend_name() == "sqlite":
        line = shlex.join(["sqlite3", "-readonly", "-header", url.database or ""])
        return f'{line} "{question}"' if question else line
    place = {"-h": url.host, "-p": url.port and str(url.port), "-d": url.database}
    options = [word for name, value in place.items() if value for word in (name, value)]
    line = shlex.join(["psql", *options, "-U", "YOUR_NAME"])
    return f'{line} -c "{question}"' if question else line
