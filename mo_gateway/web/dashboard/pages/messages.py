"""Messages: any message is found here, by a filter in the address, and new ones are told of."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, RowMapping

from mo_gateway.errors import TooSlow
from mo_gateway.keys import person_key
from mo_gateway.reply import is_msisdn
from mo_gateway.store import paging, reading
from mo_gateway.store.selection import STATES, Filter
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import ONLY, Chosen, choice, number_asked, row_asked, within
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.tables import Table, all_rows, cells, narrowed, words_of
from mo_gateway.web.dashboard.texts import gettext as _

ROWS = 50
MOST_NEW = 1000
USUAL_WINDOW = "24h"
WINDOWS = ("1h", "24h", "7d")

#: States of which few messages are, and an index says which: they are found whenever they came.
OPEN = frozenset(STATES) - {"done"}

#: What a file has.
COLUMNS = {
    "message_id": "number",
    "received_at": "moment",
    "msisdn": "text",
    "shortcode": "text",
    "keyword": "text",
    "parm": "text",
    "state": "text",
    "handler": "text",
    "attempts": "number",
    "error": "text",
    "deliveries": "number",
    "is_test": "yes or no",
}


@dataclass(slots=True)
class Page:
    """The rows of one page, as far as they could be read."""

    rows: list[RowMapping]
    newest: int = 0  #: the highest number of a message
    is_whole: bool = True

    def cut(self, limit: int) -> int | None:
        """Leave out the messages that do not fit whole; give the number below which the next page begins."""
        if len(self.rows) <= limit:
            return None
        over: int = self.rows[limit]["id"]
        self.rows = [row for row in self.rows[:limit] if row["id"] > over]
        return over + 1


def show(visit: Visit) -> ResponseReturnValue:
    """Show the newest messages that are asked for."""
    chosen, before = chosen_of(visit), row_asked(request.args, "before")
    limited, window = _in_window(chosen.filter, visit.now)
    page = _read(visit, limited, before)
    next_before = page.cut(ROWS)
    return visit.page(
        "messages.html",
        chosen=chosen,
        limited=limited,
        page=page,
        before=before,
        next_before=next_before,
        window=window,
        windows=WINDOWS,
        states=STATES,
        only=tuple(ONLY),
        longest=60,
        forms=files.FORMS,
    )


def save(visit: Visit) -> ResponseReturnValue:
    """Send all messages that are asked for, within the same time as the page."""
    chosen = chosen_of(visit)
    if chosen.faults:
        return sentence(400, " ".join(chosen.faults))
    limited, _window = _in_window(chosen.filter, visit.now)
    table = Table(
        name="messages",
        columns=COLUMNS,
        rows=lambda conn, is_whole: _rows(conn, limited, is_whole=is_whole),
        named=words_of(chosen.given),
        only=narrowed(chosen.given),
        person_key=limited.person_key,
        since=limited.since,
        until=limited.until,
        zone=visit.desk.settings.timezone,
    )
    return files.send(visit, table)


def _rows(conn: Connection, chosen: Filter, *, is_whole: bool) -> Generator[Sequence[object]]:
    def find(below: int | None, limit: int) -> list[RowMapping]:
        return [row for part in paging.newest_first(conn, chosen, before=below, limit=limit) for row in part]

    rows = ({**row, "message_id": row["id"]} for row in all_rows(find))
    yield from cells(rows, COLUMNS, "keyword", "parm", "error", is_whole=is_whole)


def tell_news(visit: Visit) -> ResponseReturnValue:
    """Say how many messages are new since a page was made; nothing where that was told already."""
    chosen, after = chosen_of(visit), row_asked(request.args, "after")
    if after is None:
        return sentence(404, _("Nothing is told of a page that is not named."))
    with visit.looking() as conn:
        found = paging.count_after(conn, chosen.filter, after, most=MOST_NEW)
    if not found or row_asked(request.args, "told") == found:
        return "", 204
    return visit.page("news.html", found=found, most=MOST_NEW, chosen=chosen)


def find_person(visit: Visit) -> ResponseReturnValue:
    """Lead to the messages of one number, which stands in no address."""
    number = number_asked(request.form)
    if not is_msisdn(number):
        return sentence(400, _("A number is 6 to 15 digits, country code first, such as +32 412 34 56 78."))
    key = person_key(visit.desk.settings.person_secret, number).hex()
    chosen = choice(request.form, visit.desk.settings.timezone, visit.now)
    return redirect(f"{url_for('dashboard.messages')}?{chosen.but(person=key)}")


def chosen_of(visit: Visit) -> Chosen:
    """Read which messages an address means, of those that the user may see."""
    return within(choice(request.args, visit.desk.settings.timezone, visit.now), visit.own_keywords)


def _in_window(asked: Filter, now: datetime) -> tuple[Filter, str | None]:
    """Narrow a choice down to the last day where it says no time, unless an index finds it whenever it was."""
    is_found_anyway = asked.ids or (asked.states and OPEN.issuperset(asked.states))
    if asked.since or is_found_anyway:
        return asked, None
    return replace(asked, since=(asked.until or now) - timedelta(hours=24)), USUAL_WINDOW


def _read(visit: Visit, chosen: Filter, before: int | None) -> Page:
    """Read a row more than a page has; where that takes too long, give what was found until then."""
    page = Page([])
    try:
        with visit.looking() as conn:
            page.newest = reading.newest_id(conn)
            for part in paging.newest_first(conn, chosen, before=before, limit=ROWS + 1):
                page.rows.extend(part)
    except TooSlow:
        page.is_whole = False
    return page
