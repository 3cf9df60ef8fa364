"""`optouts`: the ledger of who wants no more, to look at, to fill by hand, to take elsewhere."""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

import click
from sqlalchemy import RowMapping

from mo_gateway import by_hand, keys
from mo_gateway.by_hand import OptOut
from mo_gateway.gateway.clock import utc_now
from mo_gateway.store import opt_outs, reading
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.opt_outs import Entry

from . import ledger, output, types
from .actor import at_the_terminal
from .filters import read_moment, row_number
from .order import counted
from .setup import settings_from_environment
from .trail import note, opened

HEADERS = ("WHO", "SHORTCODE", "KEYWORD", "WORD")

shortcode_option = click.option(
    "--shortcode", type=types.shortcode, help="The shortcode it is about.  [default: all of them]"
)
keyword_option = click.option(
    "--keyword",
    "keywords",
    multiple=True,
    type=types.keyword,
    help="A keyword that it is about; one or several.  [default: all of them]",
)
word_option = click.option(
    "--word", type=types.text, default="by hand", show_default=True, help="What the entry says of its origin."
)
ended_option = click.option("--all", "ended_too", is_flag=True, help="Those that have ended too.")


@click.group()
def optouts() -> None:
    """List, enter and end opt-outs; import and export them."""


@optouts.command("list")
@ended_option
@click.option("--limit", type=row_number, default=50, metavar="N", help="At most so many.  [default: 50]")
@output.json_option
@output.reveal_option
def list_opt_outs(ended_too: bool, limit: int, as_json: bool, reveal: bool) -> None:
    """List opt-outs in force, newest first, each with the message that proves it."""
    settings = settings_from_environment()
    with opened(settings) as engine, engine.begin() as conn:
        rows = opt_outs.latest(conn, in_force=not ended_too, limit=limit)
    if as_json:
        output.print_json_lines(_as_dict(row, reveal=reveal) for row in rows)
    else:
        zone = settings.timezone
        since, until = output.in_zone("SINCE", zone), output.in_zone("UNTIL", zone)
        table = output.Table("ID", *HEADERS, since, until, "MESSAGE", "CONFIRMED", zone=zone)
        table.add(_cells(row, reveal=reveal) for row in rows)
    if not rows:
        click.echo("No opt-out is like that.", err=True)


@optouts.command()
@click.argument("msisdn", type=types.msisdn)
@shortcode_option
@keyword_option
@word_option
def add(msisdn: str, shortcode: str | None, keywords: tuple[str, ...], word: str) -> None:
    """Enter that somebody wants no more, as they said on the telephone or in a letter.

    With --keyword, name each word that leads to the same handler.
    """
    settings = settings_from_environment()
    try:
        wanted = OptOut(msisdn=msisdn, shortcode=shortcode, keywords=keywords, word=word)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc
    with reading.opened(settings) as engine:
        entry = by_hand.add_opt_out(engine, wanted, settings.person_secret, at_the_terminal(), utc_now())
    click.echo("It was in force already." if entry is None else f"Opt-out {entry} is in force.")


@optouts.command()
@click.argument("msisdn", type=types.msisdn)
@shortcode_option
@keyword_option
def remove(msisdn: str, shortcode: str | None, keywords: tuple[str, ...]) -> None:
    """Enter that somebody wants messages again; what ended stays in the ledger.

    Without --shortcode it ends what is about all of them, and nothing that was said to one.
    """
    settings = settings_from_environment()
    person = keys.person_key(settings.person_secret, msisdn)
    with reading.opened(settings) as engine:
        ended, still = by_hand.end_opt_outs(engine, person, shortcode, keywords, at_the_terminal(), utc_now())
    click.echo("Nothing like that was in force." if ended is None else f"Opt-out {ended} has ended.")
    if still:
        click.echo(f"Still in force: {_scopes(still)}.", err=True)


@optouts.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@shortcode_option
@word_option
def import_opt_outs(file: TextIO, shortcode: str | None, word: str) -> None:
    """Enter the numbers of a CSV file, which `export` writes; - is stdin.

    Its first line names the columns, with commas or semicolons between them: `msisdn`, and where there are,
    `shortcode`, `keyword`, `word`, `since`, `until`. --shortcode and --word are for lines that have none. What has
    an `until` is left out. All of the file is entered, or, where a line is wrong, none of it.
    """
    settings = settings_from_environment()
    now = utc_now()
    lines = ledger.read(file, lambda written: read_moment(written, settings.timezone, now))
    entries = [
        Entry(
            person_key=keys.person_key(settings.person_secret, line.msisdn),
            msisdn=line.msisdn,
            shortcode=line.shortcode or shortcode,
            keyword=line.keyword,
            word=line.word or word,
            since=line.since or now,
        )
        for line in lines
        if not line.has_ended
    ]
    with reading.opened(settings) as engine:
        with engine.begin() as conn:  # the writer waits for the shorter transaction only
            new = opt_outs.not_in_force(conn, entries)
        with engine.execution_options(**WRITABLE).begin() as conn:
            opt_outs.add_all(conn, new)
            if new:
                note(conn, "optout-import", {"entered": len(new)})
    left_out = {"in force already": len(entries) - len(new), "ended": len(lines) - len(entries)}
    click.echo(f"{counted(len(new), 'opt-out')} entered.")
    for why, n in left_out.items():
        if n:
            click.echo(f"{counted(n, 'line')} left out: {why}.", err=True)


@optouts.command()
@ended_option
def export(ended_too: bool) -> None:
    """Print the ledger as CSV, numbers whole: `import` reads it."""
    with (
        reading.opened(settings_from_environment()) as engine,
        engine.execution_options(**WRITABLE).begin() as conn,
    ):
        note(conn, "export")
        rows = opt_outs.latest(conn, in_force=not ended_too, limit=None)
    ledger.write(rows, sys.stdout)


def _as_dict(row: RowMapping, *, reveal: bool) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "person_key"}
    return {**shown, "msisdn": output.number(row["msisdn"], reveal=reveal)}


def _cells(row: RowMapping, *, reveal: bool) -> list[object]:
    return [
        row["id"],
        output.number(row["msisdn"], reveal=reveal),
        row["shortcode"] or "all",
        row["keyword"] or "all",
        row["word"],
        row["since"],
        row["until"],
        row["message_id"],
        row["confirmed_at"] is not None,
    ]


def _scopes(rows: Iterable[RowMapping]) -> str:
    """Say what is still not wanted, as `--shortcode` and `--keyword` would name it."""
    return "; ".join(
        f"{row['keyword'] or 'all keywords'} on {row['shortcode'] or 'all shortcodes'}" for row in rows
    )
