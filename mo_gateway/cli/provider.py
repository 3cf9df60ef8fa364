"""The provider's side: `trigger` sends one message, `simulate` behaves like Spryng for a while.

`verdict` compares what `simulate` has noted with the database, also when the simulator was killed.
"""

import json
import math
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import click
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mo_gateway.gateway.clock import utc_now
from mo_gateway.settings import Settings
from mo_gateway.simulator.agenda import Pace
from mo_gateway.simulator.book import Book
from mo_gateway.simulator.client import NoAnswer
from mo_gateway.simulator.history import read_history
from mo_gateway.simulator.plan import METHODS, Plan, timestamp
from mo_gateway.simulator.provider import News
from mo_gateway.simulator.report import Report, in_words
from mo_gateway.simulator.simulation import Simulation
from mo_gateway.simulator.target import Target, read_target
from mo_gateway.simulator.trigger import Sent, explain, send
from mo_gateway.simulator.verdict import Verdict, compare, stored_rows

from . import types
from .setup import settings_from_environment

FIELDS = ("MSISDN", "KEYWORD", "PARM", "OPERATOR", "TIMESTAMP", "SHORTCODE", "COUNTRY", "REFERENCE")
ADDRESS_OF_RUN = "http://127.0.0.1:8000"  # where `run` listens unless told otherwise

SHARE = click.FloatRange(0, 1)
url_option = click.option(
    "--url",
    "target",
    type=types.callback_url,
    help="The callback URL.  [default: that of this directory's settings]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def callback_url(settings: Settings) -> str:
    """Give the URL that the settings make the gateway listen to."""
    return (settings.public_url or ADDRESS_OF_RUN) + settings.callback_path


@click.command()
@click.argument("text", default="")
@click.option("--shortcode", default="4414", show_default=True)
@click.option("--from", "msisdn", default="32412345678", show_default=True, metavar="MSISDN")
@click.option("--keyword", help="[default: the first word of TEXT]")
@click.option("--parm", help="[default: the rest of TEXT]")
@click.option("--operator", default="20601", show_default=True)
@click.option("--country", default="BEL", show_default=True)
@click.option("--timestamp", "digits", help="[default: now, in the configured zone]")
@click.option("--reference", default="")
@click.option("--without", multiple=True, type=click.Choice(FIELDS), help="Leave a parameter out.")
@click.option("--times", type=click.IntRange(1), default=1, show_default=True, help="Send the same again.")
@click.option("--charset", type=types.charset, default="iso-8859-1", show_default=True)
@click.option(
    "--method", type=click.Choice(("POST", "GET"), case_sensitive=False), default="POST", show_default=True
)
@url_option
@json_option
@click.pass_context
def trigger(
    ctx: click.Context,
    text: str,
    shortcode: str,
    msisdn: str,
    keyword: str | None,
    parm: str | None,
    operator: str,
    country: str,
    digits: str | None,
    reference: str,
    without: tuple[str, ...],
    times: int,
    charset: str,
    method: str,
    target: Target | None,
    as_json: bool,
) -> None:
    """Send one message as Spryng would. TEXT is the whole SMS, such as "WIN blue".

    Nothing is checked on this side: send what is wrong to see how it is answered. Exit code 0 = stored.
    """
    settings = settings_from_environment()
    target = target or read_target(callback_url(settings))
    first, rest = (*text.split(maxsplit=1), "", "")[:2]
    values = (
        msisdn,
        first if keyword is None else keyword,
        rest if parm is None else parm,
        operator,
        timestamp(utc_now(), settings.timezone) if digits is None else digits,
        shortcode,
        country,
        reference,
    )
    fields = {name: value for name, value in zip(FIELDS, values, strict=True) if name not in without}
    form = _form(fields, charset)
    sent: list[Sent] = []
    try:
        for each in send(target, method, form, times=times):
            sent.append(each)
            if not as_json:
                request_in_words = "same again" if len(sent) > 1 else f"{method} …{target.shown_path}"
                click.echo(f"{request_in_words} → {each.in_words()}")
    except NoAnswer as exc:
        raise click.ClickException(explain(exc, target)) from exc
    finally:
        if as_json:
            click.echo(json.dumps([each.as_dict() for each in sent], indent=2))
    for hint in {each.hint for each in sent if each.hint}:
        click.echo(hint, err=True)
    ctx.exit(0 if all(each.is_kept for each in sent) else 1)


@click.command()
@click.option("--count", type=click.IntRange(1), help="Messages to send.  [default: 1000, or no limit with --for]")
@click.option("--for", "duration", type=types.duration, help="Send new messages for this long.")
@click.option(
    "--rate", type=types.rate, help="New messages a second, such as 20/s.  [default: as fast as answers come]"
)
@click.option(
    "--connections", type=click.IntRange(1), default=32, show_default=True, help="In all processes together."
)
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--keep-alive/--no-keep-alive", default=True, show_default=True, help="Or a connection for each request."
)
@click.option(
    "--interval", type=types.duration, default="60s", show_default=True, help="Until a message is tried again."
)
@click.option("--day", type=types.duration, help="Until it is dropped.  [default: 1440 intervals]")
@click.option(
    "--timeout", type=types.duration, default="30s", show_default=True, help="How long to wait for an answer."
)
@click.option(
    "--method", type=click.Choice(tuple(METHODS), case_sensitive=False), default="post", show_default=True
)
@click.option(
    "--charset",
    type=types.charset,
    default="iso-8859-1",
    show_default=True,
    help="Of the bytes sent; nothing in the request names it.",
)
@click.option("--shortcode", default="4414", show_default=True)
@click.option("--keyword", "keywords", multiple=True, default=("WIN",), show_default=True, help="One or several.")
@click.option("--text", "texts", multiple=True, help="A whole SMS; of several each is one at random.")
@click.option("--people", type=click.IntRange(1), help="So many senders.  [default: as many as messages]")
@click.option("--spread", type=types.duration, help="Sent within this time before now.  [default: now]")
@click.option("--repeat", type=SHARE, default=0.0, help="Share sent again although acknowledged.")
@click.option("--copies", type=SHARE, default=0.0, help="Share sent as several copies at once.")
@click.option("--bad", type=SHARE, default=0.0, help="Share with a bad field.")
@click.option("--cut", type=SHARE, default=0.0, help="Share of tries whose connection is cut once it was sent.")
@click.option("--seed", type=int, help="Make the same choices as an earlier run.  [default: a new one]")
@click.option("--history", type=click.Path(dir_okay=False, path_type=Path), help="Write every try into this file.")
@click.option("--check/--no-check", default=True, show_default=True, help="Compare the database at the end.")
@url_option
@json_option
@click.pass_context
def simulate(
    ctx: click.Context,
    count: int | None,
    duration: timedelta | None,
    rate: float | None,
    connections: int,
    processes: int,
    keep_alive: bool,
    interval: timedelta,
    day: timedelta | None,
    timeout: timedelta,
    method: str,
    charset: str,
    shortcode: str,
    keywords: tuple[str, ...],
    texts: tuple[str, ...],
    people: int | None,
    spread: timedelta | None,
    repeat: float,
    copies: float,
    bad: float,
    cut: float,
    seed: int | None,
    history: Path | None,
    check: bool,
    target: Target | None,
    as_json: bool,
) -> None:
    """Be a provider that behaves like Spryng, then compare its book with the database.

    Whatever is not answered 200 TRUE is sent again after the interval, for a (scaled) day. All messages are
    marked as tests. Exit code 3 = the database disagrees, something was dropped, or nothing was acknowledged.
    """
    settings = settings_from_environment()
    plan = Plan(
        run=secrets.token_hex(4),
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        zone=settings.timezone,
        charset=charset,
        method=method,
        shortcode=shortcode,
        keywords=keywords,
        repeat=repeat,
        copies=copies,
        bad=bad,
        cut=cut,
        texts=texts,
        people=people,
        spread=spread or timedelta(0),
    )
    pace = Pace(
        interval=interval,
        day=day,
        rate=rate,
        duration=duration,
        connections=connections,
        timeout=timeout,
        keep_alive=keep_alive,
    )
    simulation = Simulation(
        plan=plan,
        pace=pace,
        target=target or read_target(callback_url(settings)),
        clock=utc_now,
        messages=count or (None if duration else 1000),
        processes=processes,
        history=history,
    )
    _form(
        {"KEYWORD": " ".join((*keywords, *texts)), "SHORTCODE": shortcode}, charset
    )  # before the first one is sent
    click.echo(f"Run {plan.run}, seed {plan.seed}, to {simulation.target.origin}.", err=True)
    try:
        with _progress(simulation) as tell:
            book = simulation.run(tell)
    except OSError as exc:
        raise click.ClickException(f"The history cannot be written: {exc}") from exc
    is_content = _tell(ctx, settings, plan, book, check=check, as_json=as_json)
    ctx.exit(3 if not is_content else 130 if book.is_interrupted else 0)


@click.command()
@click.argument("history", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_context
def verdict(ctx: click.Context, history: Path, as_json: bool) -> None:
    """Compare a HISTORY that `simulate` has written with the database, whenever and however that run ended.

    Exit code 3 = the database disagrees, or nothing was acknowledged; 5 = it cannot be read.
    """
    settings = settings_from_environment()
    try:
        plan, book = read_history(history)
    except (OSError, ValueError) as exc:
        raise click.ClickException(f"The history cannot be read: {exc}") from exc
    click.echo(f"Run {plan.run}, seed {plan.seed}.", err=True)
    ctx.exit(0 if _tell(ctx, settings, plan, book, check=True, as_json=as_json) else 3)


def _tell(ctx: click.Context, settings: Settings, plan: Plan, book: Book, *, check: bool, as_json: bool) -> bool:
    """Print the figures of a run; False where there is a reason not to be content."""
    verdict, obstacle = _verdict(settings, plan, book) if check else (None, "")
    report = Report(plan=plan, book=book, verdict=verdict, bad_may_be_true=settings.rejected_answer == 200)
    figures = report.figures()
    click.echo(json.dumps(figures, indent=2) if as_json else in_words(figures))
    if obstacle:
        click.echo(f"Nothing was compared, since the database cannot be read: {obstacle}", err=True)
        ctx.exit(5)
    if verdict and book.acknowledged and not verdict.stored:
        click.echo("Not one is stored: is MO_GATEWAY_DATABASE_URL the database of that gateway?", err=True)
    return not figures["problems"]


def _verdict(settings: Settings, plan: Plan, book: Book) -> tuple[Verdict | None, str]:
    """Compare book and database, or say what stands in the way."""
    try:
        return compare(plan, book, stored_rows(settings, plan)), ""
    except DBAPIError as exc:
        return None, " ".join(str(exc.orig).split())
    except (SQLAlchemyError, FileNotFoundError) as exc:
        return None, str(exc)


def _form(fields: Mapping[str, str], charset: str) -> bytes:
    try:
        return urlencode(fields, encoding=charset).encode()
    except UnicodeEncodeError as exc:
        letter = exc.object[exc.start]
        raise click.UsageError(f"{charset} has no {letter!r}; try --charset windows-1252 or utf-8.") from exc


@contextmanager
def _progress(simulation: Simulation) -> Iterator[Callable[[News], None]]:
    """Show a bar where a person looks on, and the first trouble to everybody."""
    troubles: list[str] = []

    def warn(news: News) -> None:
        if news.trouble and not troubles:
            troubles.append(news.trouble)
            seconds = f"{simulation.pace.interval.total_seconds():g}"
            click.echo(f"Not acknowledged ({news.trouble}); trying again every {seconds} s.", err=True)

    if not sys.stderr.isatty():
        yield warn
        return
    duration = simulation.pace.duration or timedelta(0)
    length = simulation.messages or math.ceil(duration.total_seconds())
    with click.progressbar(length=length, file=sys.stderr) as bar:

        def show(news: News) -> None:
            warn(news)
            bar.update((news.settled if simulation.messages else min(int(news.seconds), length)) - bar.pos)

        yield show
