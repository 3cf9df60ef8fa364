"""`simulate` behaves like Spryng for a while; `verdict` compares what it has noted with the database.

`verdict` does so also when the simulator was killed.
"""

import json
import math
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mo_gateway.gateway.clock import utc_now
from mo_gateway.settings import Settings
from mo_gateway.simulator.agenda import Pace
from mo_gateway.simulator.book import Book
from mo_gateway.simulator.history import read_history
from mo_gateway.simulator.plan import METHODS, Plan
from mo_gateway.simulator.provider import News
from mo_gateway.simulator.report import Report, in_words
from mo_gateway.simulator.simulation import Simulation
from mo_gateway.simulator.target import Target, read_target
from mo_gateway.simulator.verdict import Verdict, compare, stored_rows

from . import types
from .calling import callback_url, form, json_option, url_option
from .setup import settings_from_environment

SHARE = click.FloatRange(0, 1)


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
    form(
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
