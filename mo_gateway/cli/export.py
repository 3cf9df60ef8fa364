"""`export`: the views of the reports as files, for a spreadsheet or for another program."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from mo_gateway import sheets
from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.masking import one_line
from mo_gateway.nearness import nearest
from mo_gateway.settings import Settings
from mo_gateway.store import exports
from mo_gateway.store.exports import Choice
from mo_gateway.store.views import VIEWS
from mo_gateway.store.views.view import View
from mo_gateway.words import fold

from . import output
from .filters import read_moment, row_number
from .progress import progress
from .setup import settings_from_environment
from .trail import opened
from .whole_file import check_free, whole_file

PREFIX = "report_"

Write = Callable[[str], object]


def view_named(name: str) -> View:
    """Find a view; or raise BadParameter, which names the nearest, or all."""
    views = {view.name: view for view in VIEWS}
    if name in views:
        return views[name]
    near = f"{PREFIX}{name}" if f"{PREFIX}{name}" in views else nearest(frozenset(views), fold(name))[0]
    meant = f"did you mean {near}?" if near else f"there are {', '.join(views)}"
    raise click.BadParameter(f"{name!r} is no view; {meant}")


@click.command()
@click.argument("view", type=view_named, required=False)
@click.option("--for", "form", type=click.Choice(sheets.FORMS), default="csv", show_default=True, help="Its form.")
@click.option("--since", metavar="WHEN", help="Rows of then or later: 30m, 2h, 7d ago, a date, or an ISO time.")
@click.option("--until", metavar="WHEN", help="Rows of before then; a date alone counts to the end of its day.")
@click.option("--limit", type=row_number, metavar="N", help="At most so many.  [default: all]")
@click.option(
    "--output",
    "-o",
    "place",
    default="-",
    metavar="FILE",
    help="A file, or a folder to make one in; - is stdout.  [default: -]",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--reveal", is_flag=True, help="Show phone numbers and what people wrote, too.")
def export(*, view: View | None, form: str, place: str, force: bool, **options: Any) -> None:
    """Write the rows of VIEW, one of the reports; without VIEW they are listed.

    \b
    mo-gateway export report_daily --since 2026-11-01 --until 2026-11-30 -o reports/
    mo-gateway export report_votes --for excel-nl -o votes.csv
    """
    settings = settings_from_environment()
    if view is None:
        _list_views(settings)
        return
    chosen = _choice(view, settings, **options)
    _say_what_is_left_out(chosen)
    with _failures(place):
        path = _path(place, chosen, form)
        with _written(path, force=force) as write, opened(settings, "export") as engine:
            _write_rows(engine, chosen, form, write)
    if path:
        click.echo(f"Written to {path}.", err=True)


def _list_views(settings: Settings) -> None:
    table = output.Table("VIEW", "ONE ROW IS", zone=settings.timezone)
    table.add([view.name, view.grain] for view in VIEWS)


def _choice(
    view: View, settings: Settings, *, since: str | None, until: str | None, limit: int | None, reveal: bool
) -> Choice:
    """Read what is wanted; or raise UsageError where that cannot be."""
    if view.is_private and not reveal:
        raise click.UsageError(f"{view.name} tells people's numbers: only --reveal exports it")
    if (since or until) and not exports.time_column(view):
        raise click.UsageError(f"{view.name} has no time that --since and --until could be about")
    now, zone = utc_now(), settings.timezone
    chosen = Choice(
        view=view,
        is_revealed=reveal,
        since=None if since is None else read_moment(since, zone, now),
        until=None if until is None else read_moment(until, zone, now, end_of_day=True),
        zone=zone,
        limit=limit,
    )
    if chosen.since and chosen.until and chosen.since >= chosen.until:
        raise click.UsageError("--since is not before --until")
    return chosen


def _say_what_is_left_out(chosen: Choice) -> None:
    names = ", ".join(one.name for one in chosen.left_out)
    if names:
        click.echo(f"Left out, for they tell numbers or what people wrote: {names}; --reveal adds them.", err=True)


def _write_rows(engine: Engine, chosen: Choice, form: str, write: Write) -> None:
    columns = {one.name: one.kind for one in chosen.columns}
    with exports.snapshot(engine) as conn:
        exports.check(conn, chosen.view)
        total = exports.count(conn, chosen) if sys.stderr.isatty() else 0  # only where somebody sees a bar
        with (
            progress(total, chosen.view.name) as tell,
            closing(exports.rows(conn, chosen, tell=tell)) as rows,
        ):
            for line in sheets.lines(form, columns, rows, chosen.zone):
                write(line)


def _path(place: str, chosen: Choice, form: str) -> Path | None:
    """Give the file to write, or None for stdout."""
    if place == "-":
        return None
    path = Path(place).resolve()  # what a link leads to is written, and the link stays
    if path.is_dir():
        return path / exports.file_name(chosen, form, utc_now().astimezone(chosen.zone).date())
    if place.endswith("/"):
        raise MoGatewayError(f"there is no folder {path}")
    return path


@contextmanager
def _failures(place: str) -> Iterator[None]:
    """Turn what can go wrong with a file into a sentence."""
    try:
        yield
    except BrokenPipeError:
        raise  # who reads has had enough: click ends quietly then
    except OSError as exc:
        where = "stdout" if place == "-" else place
        raise MoGatewayError(f"{where} cannot be written: {exc.strerror}") from exc


@contextmanager
def _written(path: Path | None, *, force: bool) -> Iterator[Write]:
    """Give what a line is written with; the last one is safe when this ends."""
    if path:
        check_free(path, force=force)
        with whole_file(path) as file:
            yield lambda line: file.write(_encoded(line))
            check_free(path, force=force)  # somebody may have made it meanwhile
        return
    if sys.stdout.isatty():
        yield lambda line: click.echo(one_line(line.removeprefix(sheets.BYTE_ORDER_MARK).rstrip("\r\n")))
        return
    yield lambda line: sys.stdout.buffer.write(_encoded(line))
    sys.stdout.buffer.flush()


def _encoded(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace")  # half a surrogate pair is shown, and stops nothing
