"""Overview: is anything lost? Answered in one sentence, then in figures that lead to their rows."""

from datetime import datetime, timedelta
from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from mo_gateway.store import balance
from mo_gateway.store.overview import overview
from mo_gateway.web.dashboard import address
from mo_gateway.web.dashboard.desk import Visit

REFUSED_WITHIN = timedelta(hours=24)
CHART_OF = timedelta(hours=24)
DATES = 7  # of the balance, and of the shortcodes' last messages
MOST_SHORTCODES = 20
HOUR = timedelta(hours=1)


def show(visit: Visit) -> ResponseReturnValue:
    """Show how the gateway stands; a manager, who may not see all of it, comes to the campaigns."""
    if visit.own_keywords is not None:
        return redirect(url_for("dashboard.campaigns"))
    zone = visit.desk.settings.timezone
    dates = balance.latest_dates(zone, visit.now, DATES)
    with visit.looking() as conn:
        found = overview(conn, refused_since=visit.now - REFUSED_WITHIN)
        answered = balance.answered(conn, zone, dates)
        figures: dict[str, Any] = {
            "problems": sum(found.open_problems.values()),
            "today": answered[0],
            "answered": [day for day in answered if day.answered or day.refused or day.messages is not None],
            "handed_on": balance.handed_on(conn, dates),
            "hours": _hours(conn, visit.now),
            "shortcodes": balance.last_by_shortcode(conn, dates[-1], MOST_SHORTCODES),
            "oldest_dead": balance.oldest_dead(conn),
        }
    figures |= {"address": address.shown(visit.desk.settings), "one_hour": HOUR, **visit.desk.loss()}
    return visit.page("overview.html", found=found, **figures)


def _hours(conn: Connection, now: datetime) -> list[dict[str, Any]]:
    """Give each hour of the chart, also those in which nothing came."""
    first = (now - CHART_OF).replace(minute=0, second=0, microsecond=0) + HOUR
    counted = {row["hour_at"]: row for row in balance.hours(conn, first)}
    nothing = {"callbacks": 0, "messages": 0, "handled": 0}
    moments = (first + n * HOUR for n in range(int(CHART_OF / HOUR)))
    return [{**nothing, **counted.get(moment, {}), "hour_at": moment} for moment in moments]
