"""What is a problem, asked so that both databases find it by its index, which holds nothing else.

PostgreSQL can tell that such an index has all rows that a query wants. SQLite cannot: it uses the index for a
query that says what the index says, word by word, beside what else it wants.
"""

from collections.abc import Collection
from typing import Any, Self

from sqlalchemy import Boolean, ColumnElement, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .tables import mo_handling, mt_message

OF_HANDLINGS = ("unrouted", "failed", "dead")
OF_REPLIES = ("failed", "unknown", "suppressed")


class _is_problem(FunctionElement[bool]):  # noqa: N801 - it reads as the SQL function that it is
    """That a state is one of an index's: the words of the index on SQLite; PostgreSQL needs not be told."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Self:  # noqa: ARG002
        """Stand in a condition as it is: SQLAlchemy would add `= 1` on SQLite, and the words would be others."""
        return self


class _is_problem_of_reply(_is_problem):  # noqa: N801
    """The same of a reply."""

    inherit_cache = True


@compiles(_is_problem, "sqlite")
def _handling_on_sqlite(_element: _is_problem, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "mo_handling.state IN ('unrouted', 'failed', 'dead')"


@compiles(_is_problem_of_reply, "sqlite")
def _reply_on_sqlite(_element: _is_problem_of_reply, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "mt_message.state IN ('failed', 'unknown', 'suppressed')"


@compiles(_is_problem, "postgresql")
@compiles(_is_problem_of_reply, "postgresql")
def _on_postgresql(_element: _is_problem, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "true"


def handling_is(states: Collection[str]) -> ColumnElement[bool]:
    """Ask for handlings in any of these states, by the index of problems where these are all in it."""
    wanted = mo_handling.c.state.in_(states)
    return and_(_is_problem(), wanted) if set(states) <= set(OF_HANDLINGS) else wanted


def reply_is(states: Collection[str]) -> ColumnElement[bool]:
    """Ask for replies in any of these states, by the index of problems where these are all in it."""
    wanted = mt_message.c.state.in_(states)
    return and_(_is_problem_of_reply(), wanted) if set(states) <= set(OF_REPLIES) else wanted
