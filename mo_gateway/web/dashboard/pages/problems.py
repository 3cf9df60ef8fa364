"""Problems: what somebody has to look at, grouped by its cause, the most frequent first."""

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, RowMapping

from mo_gateway.errors import FieldError
from mo_gateway.masking import fault_in_words
from mo_gateway.store import problems, replies
from mo_gateway.store.problems import Group
from mo_gateway.store.replies import Chosen
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import is_word, row_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.tables import Table, all_rows

ROWS = 50
FIND: Mapping[str, Callable[[Connection, tuple[str, ...] | None], list[Group]]] = {
    "failed": problems.failed,
    "unrouted": problems.unrouted,
}

#: What the file of each tab has.
GROUPS = {
    "kind": "text",
    "cause": "text",
    "handler": "text",
    "shortcode": "text",
    "messages": "number",
    "dead": "number",
    "came_back": "number",
    "first_at": "moment",
    "last_at": "moment",
    "last_message_id": "number",
}
UNREADABLE = {
    "rejection_id": "number",
    "received_at": "moment",
    "last_received_at": "moment",
    "deliveries": "number",
    "provider": "text",
    "status": "number",
    "faults": "text",
    "is_test": "yes or no",
}
REPLIES = {"provider": "text", "status": "text", "provider_code": "text", "replies": "number"}


def show(visit: Visit) -> ResponseReturnValue:
    """Show what handlers have failed with, or what no handler took."""
    tab = _tab()
    with visit.looking() as conn:
        counts = problems.counts(conn, visit.own_keywords)
        groups = FIND[tab](conn, visit.own_keywords)
        last_trouble = None if groups else problems.last_trouble(conn)
    return visit.page(
        "problems.html",
        tab=tab,
        counts=counts,
        groups=groups,
        last_trouble=last_trouble,
        most=problems.MOST,
        is_word=is_word,
        forms=files.FORMS,
    )


def save(visit: Visit) -> ResponseReturnValue:
    """Send what handlers have failed with, or what no handler took, as the page groups it."""
    return _send(visit, _tab(), GROUPS, partial(_groups, tab=_tab(), own=visit.own_keywords))


def show_unreadable(visit: Visit) -> ResponseReturnValue:
    """Show the requests that were rejected and have not become messages."""
    before = row_asked(request.args, "before")
    with visit.looking() as conn:
        counts = problems.counts(conn, None)
        rows = problems.rejections(conn, before=before, limit=ROWS + 1)
    return visit.page(
        "unreadable.html",
        tab="unreadable",
        counts=counts,
        found=[{**row, "faults": _faults(row)} for row in rows[:ROWS]],
        has_more=len(rows) > ROWS,
        before=before,
        forms=files.FORMS,
    )


def save_unreadable(visit: Visit) -> ResponseReturnValue:
    """Send all of them."""
    return _send(visit, "unreadable", UNREADABLE, _rejections)


def show_replies(visit: Visit) -> ResponseReturnValue:
    """Show the replies that did not go out, or of which nobody knows, by provider and cause."""
    with visit.looking() as conn:
        counts = problems.counts(conn, None)
        found = _counted(conn)
    return visit.page("problem_replies.html", tab="replies", counts=counts, found=found, forms=files.FORMS)


def save_replies(visit: Visit) -> ResponseReturnValue:
    """Send the same counts."""
    return _send(visit, "replies", REPLIES, _replies)


def _tab() -> str:
    return "unrouted" if request.args.get("kind") == "unrouted" else "failed"


def _send(
    visit: Visit,
    tab: str,
    columns: Mapping[str, str],
    rows: Callable[[Connection, bool], Generator[Sequence[object]]],
) -> ResponseReturnValue:
    zone = visit.desk.settings.timezone
    table = Table(name="problems", columns=columns, rows=rows, named=[tab], only={"kind": [tab]}, zone=zone)
    return files.send(visit, table)


def _groups(
    conn: Connection, _is_whole: bool, *, tab: str, own: tuple[str, ...] | None
) -> Generator[Sequence[object]]:
    for group in FIND[tab](conn, own):
        yield [tab, *(getattr(group, name) for name in GROUPS if name != "kind")]


def _rejections(conn: Connection, _is_whole: bool) -> Generator[Sequence[object]]:
    for row in all_rows(lambda below, limit: problems.rejections(conn, before=below, limit=limit)):
        told = {**row, "rejection_id": row["id"], "faults": "; ".join(_faults(row))}
        yield [told[name] for name in UNREADABLE]


def _replies(conn: Connection, _is_whole: bool) -> Generator[Sequence[object]]:
    for cause, number in _counted(conn):
        yield [*cause, number]


def _counted(conn: Connection) -> list[tuple[tuple[str, str, str | None], int]]:
    groups = replies.count(conn, Chosen(states=("failed", "unknown")))
    return sorted(groups.items(), key=lambda group: -group[1])


def _faults(row: RowMapping) -> list[str]:
    return [fault_in_words(FieldError(**error)) for error in row["errors"]]
