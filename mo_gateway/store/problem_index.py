"""What is a problem, asked so that both databases find it by its index, which holds nothing else.

PostgreSQL can tell that such an index has all rows that a query wants. SQLite cannot: it uses the index for a
query that says what the index says, word by word, beside what else it wants.
"""

from collections.abc import Collection
from typing import Any, Self

from sqlalchemy import Boolean, ColumnElement, and_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .tables import mo_handling, mt_message

OF_HANDLINGS = ("unrouted", "failed", "dead")
OF_REPLIES = ("failed", "unknown", "suppressed")


class _on_sqlite(FunctionElement[bool]):  # noqa: N801 - it reads as the SQL function that it is
    """A condition that PostgreSQL needs not be told."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Self:  # noqa: ARG002
        """Stand in a condition as it is: SQLAlchemy would add `= 1`, and the words would be others."""
        return self


@compiles(_on_sqlite, "sqlite")
def _told(element: _on_sqlite, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(element.clauses, **kwargs)


@compiles(_on_sqlite, "postgresql")
def _untold(_element: _on_sqlite, _compiler: SQLCompiler, **_kwargs: Any) -> str:
    return "true"


def _in_words(state: ColumnElement[str], states: Collection[str]) -> _on_sqlite:
    """Say what an index says: its values stand in the statement, since SQLite looks at no parameters for that."""
    return _on_sqlite(state.in_(bindparam(None, states, expanding=True, literal_execute=True)))


_IS_PROBLEM = _in_words(mo_handling.c.state, OF_HANDLINGS)
_IS_PROBLEM_OF_REPLY = _in_words(mt_message.c.state, OF_REPLIES)


def handling_is(states: Collection[str]) -> ColumnElement[bool]:
    """Ask for handlings in any of these states, by the index of problems where these are all in it."""
    wanted = mo_handling.c.state.in_(states)
    return and_(_IS_PROBLEM, wanted) if set(states) <= set(OF_HANDLINGS) else wanted


def reply_is(states: Collection[str]) -> ColumnElement[bool]:
    """Ask for replies in any of these states, by the index of problems where these are all in it."""
    wanted = mt_message.c.state.in_(states)
    return and_(_IS_PROBLEM_OF_REPLY, wanted) if set(states) <= set(OF_REPLIES) else wanted
