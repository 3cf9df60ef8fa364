"""What a view of the reports is: its rows, its columns with their meaning, and a question to begin with.

A view's columns are added to and never renamed within a major version: users' SQL depends on them.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Float,
    Integer,
    LargeBinary,
    Select,
    String,
    TableClause,
    Text,
    and_,
    case,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy import column as sql_column
from sqlalchemy.sql.selectable import ScalarSelect
from sqlalchemy.types import TypeEngine

from mo_gateway.store.functions import ascii_lower, in_hex, like_number, local_date
from mo_gateway.store.report_tables import report_offset
from mo_gateway.store.tables import mo_handling, mo_message
from mo_gateway.store.types import UtcDateTime

#: Messages with what became of them: the work of observers aside, each has one handling.
IN_HANDS = mo_message.outerjoin(
    mo_handling, and_(mo_handling.c.message_id == mo_message.c.id, ~mo_handling.c.is_observer)
)

NUMBER = "#"  #: stands for a first word that may be a phone number

KINDS: dict[type[TypeEngine[Any]], str] = {
    BigInteger: "number",
    Boolean: "yes or no",
    Date: "date",
    Float: "number",
    Integer: "number",
    LargeBinary: "bytes",
    String: "text",
    UtcDateTime: "moment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewColumn:
    """A column as its reader sees it."""

    name: str
    expression: ColumnElement[Any]
    meaning: str
    unit: str = ""  #: such as `seconds` or `UTC`; empty where there is none
    is_personal: bool = False  #: a number, or what somebody wrote: not for everybody who may count
    added_in: str = "0.1"

    @property
    def kind(self) -> str:
        """The kind of its values, in a word."""
        return next(kind for base, kind in KINDS.items() if isinstance(self.expression.type, base))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view, on both databases the same."""

    name: str
    grain: str  #: what one row is
    rows: Select[Any]  #: FROM and WHERE; the columns are put in
    columns: tuple[ViewColumn, ...]
    question: str  #: SQL to begin with
    order: tuple[str, ...]  #: columns that put its rows into one order, newest or first in it first
    is_private: bool = False  #: nothing of it is for everybody

    @property
    def query(self) -> Select[Any]:
        """The whole SELECT."""
        columns: list[ColumnElement[Any]] = [one.expression.label(one.name) for one in self.columns]
        return self.rows.with_only_columns(*columns)

    @property
    def table(self) -> TableClause:
        """The view as it lies in the database, with the types that its values are read by."""
        return table(self.name, *(sql_column(one.name, one.expression.type) for one in self.columns))


def column(
    name: str, expression: ColumnElement[Any], meaning: str, *, unit: str = "", is_personal: bool = False
) -> ViewColumn:
    """Give a column; a moment's unit is UTC by itself."""
    if isinstance(expression.type, UtcDateTime):
        unit = "UTC"
    return ViewColumn(name=name, expression=expression, meaning=meaning, unit=unit, is_personal=is_personal)


def person(key: ColumnElement[bytes]) -> ViewColumn:
    """Give the column that tells people apart."""
    return column("person_key", in_hex(key), "Keyed hash of the number, in hex: equal for one person.")


def folded() -> ColumnElement[str]:
    """Give a message's first word as routing compares it, but for a phone number, which nobody is to see.

    Of old messages only ASCII letters are folded.
    """
    word = func.coalesce(mo_message.c.keyword_folded, ascii_lower(mo_message.c.keyword))
    bare: ColumnElement[str] = word
    for sign in (".", "-", "/", "(", ")"):  # as people write numbers
        bare = func.replace(bare, literal_column(f"'{sign}'"), literal_column("''"))
    return case((like_number(bare), literal_column(f"'{NUMBER}'", Text())), else_=word)


def date_of(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give the local date of a moment."""
    return local_date(moment, func.coalesce(_offset_at(moment), 0))


def _offset_at(moment: ColumnElement[Any]) -> ScalarSelect[int]:
    latest = report_offset.c.from_at.desc()
    return (
        select(report_offset.c.seconds)
        .where(report_offset.c.from_at <= moment)
        .order_by(latest)
        .limit(1)
        .scalar_subquery()
    )
