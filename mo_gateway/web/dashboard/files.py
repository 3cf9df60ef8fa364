"""Rows taken along as a file: streamed, noted in the audit trail, and named after what is in it."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain, islice

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from mo_gateway import sheets
from mo_gateway.store import audit, exports
from mo_gateway.store.audit import Deed
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.exports import Choice

from .desk import Visit
from .gate import sentence
from .texts import gettext as _

#: The forms that pages offer, with their names.
FORMS = {"csv": "CSV", "excel-nl": "Excel (NL/BE/FR)"}

LINES = 500  # that are handed on at a time


def form_asked() -> str:
    """Give the form that is asked for: CSV where it is none of ours."""
    form = request.args.get("form", "csv")
    return form if form in FORMS else "csv"


def answer(visit: Visit, chosen: Choice, named: Sequence[str] = ()) -> ResponseReturnValue:
    """Send the rows of a view; `named` are the words of the choice, for the file's name."""
    engine, form = visit.desk.engine, form_asked()
    with visit.looking() as conn:
        exports.check(conn, chosen.view)
    with ExitStack() as open_things:
        if not visit.desk.files.acquire(timeout=1):
            return sentence(503, _("Too many files are being made at this moment. Try again in a minute."))
        open_things.callback(visit.desk.files.release)
        lines = _lines(engine, chosen, form)
        open_things.callback(lines.close)
        first = list(islice(lines, 2))  # the head and a row: what cannot be read is known before the answer begins
        with engine.execution_options(**WRITABLE).begin() as conn:
            audit.add(conn, visit.actor, _deed(chosen, form), visit.now)
        response = Response(_in_parts(chain(first, lines)), mimetype="text/csv")
        response.call_on_close(open_things.pop_all().close)
    name = exports.file_name(chosen, form, visit.now.astimezone(chosen.zone).date(), named)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _deed(chosen: Choice, form: str) -> Deed:
    since, until = (str(date) if date else None for date in (chosen.first_date, chosen.last_date))
    only = {name: [str(value) for value in values] for name, values in chosen.only.items()}
    return Deed(
        action="export",
        subject=chosen.view.name,
        details={"form": form, "since": since, "until": until, "only": only},
    )


def _lines(engine: Engine, chosen: Choice, form: str) -> Generator[str]:
    columns = {one.name: one.kind for one in chosen.columns}
    with exports.snapshot(engine) as conn, closing(exports.rows(conn, chosen)) as rows:
        yield from sheets.lines(form, columns, rows, chosen.zone)


def _in_parts(lines: Iterator[str]) -> Iterator[bytes]:
    while part := "".join(islice(lines, LINES)):
        yield part.encode("utf-8", "backslashreplace")
