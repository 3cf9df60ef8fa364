"""Problems are found by their indexes, on both databases, however many messages have none."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from mo_gateway.gateway import Gateway
from mo_gateway.store import balance, overview, paging, problems, reading, replies
from mo_gateway.store.selection import Filter
from mo_gateway.store.views import VIEWS

from .plans import explained, scans
from .stored import store

QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "the tiles of the problems": lambda conn: problems.counts(conn, None),
    "messages that failed": lambda conn: problems.failed(conn, None),
    "messages that no handler took": lambda conn: problems.unrouted(conn, None),
    "how the gateway stands": lambda conn: overview.figures(conn),
    "the oldest problem": balance.oldest_dead,
    "a page of messages": lambda conn: list(
        paging.newest_first(conn, Filter(states=("failed", "dead")), before=None, limit=50)
    ),
    "words without a handler": lambda conn: reading.unrouted_words(conn, Filter()),
    "replies that failed": lambda conn: replies.latest(
        conn, replies.Chosen(states=("failed", "unknown")), limit=50
    ),
    "replies to act on": replies.open_now,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_table_is_read_whole_to_find_problems(question: str, gateway: Gateway) -> None:
    store(gateway)
    with explained(gateway) as steps, gateway.engine.begin() as conn:
        QUESTIONS[question](conn)

    assert steps
    assert scans(steps) == []


def test_nor_by_the_view_of_them(gateway: Gateway) -> None:
    (view,) = [view for view in VIEWS if view.name == "report_problems"]
    with explained(gateway) as steps, gateway.engine.begin() as conn:
        conn.execute(text(view.question))

    assert sum("mo_handling_problem_idx" in step for step in steps) >= 2
    assert scans(steps) == []
