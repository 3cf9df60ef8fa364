"""Overview: is anything lost? Answered in one sentence, then in figures that lead to their rows."""

from datetime import timedelta

from flask.typing import ResponseReturnValue

from mo_gateway.store.overview import overview
from mo_gateway.web.dashboard.desk import Visit

REFUSED_WITHIN = timedelta(hours=24)


def show(visit: Visit) -> ResponseReturnValue:
    """Show how the gateway stands."""
    with visit.looking() as conn:
        found = overview(conn, refused_since=visit.now - REFUSED_WITHIN)
    return visit.page("overview.html", found=found)
