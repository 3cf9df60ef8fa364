"""Rows taken along as a file: streamed, noted in the audit trail, and named after what is in it.

Numbers are masked. Who may see people gets them whole for a reason, which the trail keeps, as for a single one.
"""

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

from .asked import reason_asked
from .desk import Visit
from .gate import sentence
from .tables import Table
from .texts import gettext as _

#: The forms that pages offer, with their names.
FORMS = {"csv": "CSV", "excel-nl": "Excel (NL/BE/FR)"}

LINES = 500  # that are handed on at a time


def form_asked() -> str:
    """Give the form that is asked for: CSV where it is none of ours."""
    form = request.args.get("form") or request.form.get("file", "csv")  # `form` is the proof of a form
    return form if form in FORMS else "csv"


def answer(visit: Visit, chosen: Choice, named: Sequence[str] = ()) -> ResponseReturnValue:
    """Send the rows of a view; `named` are the words of the choice, for the file's name."""
    with visit.looking() as conn:
        exports.check(conn, chosen.view)
    table = Table(
        name=chosen.view.name,
        columns={one.name: one.kind for one in chosen.columns},
        rows=lambda conn, _is_whole: exports.rows(conn, chosen),
        named=named,
        only={name: [str(value) for value in values] for name, values in chosen.only.items()},
        since=chosen.since,
        until=chosen.until,
        zone=chosen.zone,
    )
    return send(visit, table)


def send(visit: Visit, table: Table) -> ResponseReturnValue:
    """Send the rows of a table; with whole numbers where a form asks for that, and says why."""
    try:
        reason = reason_asked(request.form, None) if request.method == "POST" else ""
    except ValueError as exc:
        return sentence(400, str(exc))
    engine, form = visit.desk.engine, form_asked()
    with ExitStack() as open_things:
        if not visit.desk.files.acquire(timeout=1):
            return sentence(503, _("Too many files are being made at this moment. Try again in a minute."))
        open_things.callback(visit.desk.files.release)
        lines = _lines(engine, table, form, is_whole=bool(reason))
        open_things.callback(lines.close)
        first = list(islice(lines, 2))  # the head and a row: what cannot be read is known before the answer begins
        with engine.execution_options(**WRITABLE).begin() as conn:
            audit.add(conn, visit.actor, _deed(table, form, reason), visit.now)
        response = Response(_in_parts(chain(first, lines)), mimetype="text/csv")
        response.call_on_close(open_things.pop_all().close)
    name = table.file_name(form, visit.now.astimezone(table.zone).date())
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _deed(table: Table, form: str, reason: str) -> Deed:
    dates = {"since": table.first_date, "until": table.last_date}
    told = {name: str(date) if date else None for name, date in dates.items()}
    numbers = {"numbers": "whole"} if reason else {}
    return Deed(
        action="export",
        subject=table.name,
        person_key=table.person_key,
        reason=reason,
        details={"form": form, **told, "only": dict(table.only), **numbers},
    )


def _lines(engine: Engine, table: Table, form: str, *, is_whole: bool) -> Generator[str]:
    with exports.snapshot(engine) as conn, closing(table.rows(conn, is_whole)) as rows:
        yield from sheets.lines(form, table.columns, rows, table.zone)


def _in_parts(lines: Iterator[str]) -> Iterator[bytes]:
    while part := "".join(islice(lines, LINES)):
        yield part.encode("utf-8", "backslashreplace")
