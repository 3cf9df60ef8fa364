"""`report_columns`: every column of every view, so that SQL itself says what there is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, union_all

from .view import View, ViewColumn, column

_NAME = "report_columns"


def columns_view(views: Sequence[View]) -> View:
    """Give the view that lists the columns of these, and its own."""
    own = _view(_described([]))
    return _view(_described([*views, own]))


def _described(views: Sequence[View]) -> Select[Any]:
    """Give a SELECT of literals: a row for each column, or one that describes nothing."""
    rows = [_row(view.name, position, one) for view in views for position, one in enumerate(view.columns, 1)]
    nothing = ViewColumn(name="", expression=literal(""), meaning="")
    listed = union_all(*rows or [_row("", 0, nothing)]).subquery("listed")
    return select(listed)


def _row(view: str, position: int, one: ViewColumn) -> Select[Any]:
    values: list[ColumnElement[Any]] = [
        literal(view).label("view_name"),
        literal(position).label("position"),
        literal(one.name).label("column_name"),
        literal(one.kind).label("type"),
        literal(one.unit).label("unit"),
        literal(one.meaning).label("meaning"),
        literal(one.is_personal).label("is_personal"),
        literal(one.added_in).label("added_in"),
    ]
    return select(*values)


def _view(rows: Select[Any]) -> View:
    listed = rows.selected_columns
    return View(
        name=_NAME,
        grain="one column of a view",
        rows=rows,
        columns=(
            column("view_name", listed["view_name"], "Name of the view."),
            column("position", listed["position"], "Where the column stands in it, from 1."),
            column("column_name", listed["column_name"], "Name of the column."),
            column("type", listed["type"], "text, number, moment, date, or yes or no."),
            column("unit", listed["unit"], "Unit of its values; empty where there is none."),
            column("meaning", listed["meaning"], "What it says."),
            column("is_personal", listed["is_personal"], "Whether it tells a number or what somebody wrote."),
            column("added_in", listed["added_in"], "The version that brought it."),
        ),
        question="SELECT column_name, type, unit, meaning FROM report_columns"
        " WHERE view_name = 'report_daily' ORDER BY position",
        order=("view_name", "position"),
    )
