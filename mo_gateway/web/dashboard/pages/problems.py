"""Problems: what somebody has to look at, grouped by its cause, the most frequent first."""

from flask import request
from flask.typing import ResponseReturnValue

from mo_gateway.errors import FieldError
from mo_gateway.masking import fault_in_words
from mo_gateway.store import problems, replies
from mo_gateway.store.replies import Chosen
from mo_gateway.web.dashboard.asked import is_word, row_asked
from mo_gateway.web.dashboard.desk import Visit

ROWS = 50


def show(visit: Visit) -> ResponseReturnValue:
    """Show what handlers have failed with, or what no handler took."""
    tab = "unrouted" if request.args.get("kind") == "unrouted" else "failed"
    find = {"failed": problems.failed, "unrouted": problems.unrouted}[tab]
    with visit.looking() as conn:
        counts = problems.counts(conn, visit.own_keywords)
        groups = find(conn, visit.own_keywords)
        last_trouble = None if groups else problems.last_trouble(conn)
    return visit.page(
        "problems.html",
        tab=tab,
        counts=counts,
        groups=groups,
        last_trouble=last_trouble,
        most=problems.MOST,
        is_word=is_word,
    )


def show_unreadable(visit: Visit) -> ResponseReturnValue:
    """Show the requests that were rejected and have not become messages."""
    before = row_asked(request.args, "before")
    with visit.looking() as conn:
        counts = problems.counts(conn, None)
        rows = problems.rejections(conn, before=before, limit=ROWS + 1)
    found = [
        {**row, "faults": [fault_in_words(FieldError(**error)) for error in row["errors"]]} for row in rows[:ROWS]
    ]
    return visit.page(
        "unreadable.html", tab="unreadable", counts=counts, found=found, has_more=len(rows) > ROWS, before=before
    )


def show_replies(visit: Visit) -> ResponseReturnValue:
    """Show the replies that did not go out, or of which nobody knows, by provider and cause."""
    with visit.looking() as conn:
        counts = problems.counts(conn, None)
        groups = replies.count(conn, Chosen(states=("failed", "unknown")))
    found = sorted(groups.items(), key=lambda group: -group[1])
    return visit.page("problem_replies.html", tab="replies", counts=counts, found=found)
