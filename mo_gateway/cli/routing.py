"""`routes` and `explain`: which text goes to which handler, and why."""

from typing import Any
from zoneinfo import ZoneInfo

import click

from mo_gateway.explanation import Explanation, made_up
from mo_gateway.explanation import explain as explain_message
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.routes import open_routes
from mo_gateway.routing import Route
from mo_gateway.words import fold

from . import output
from .filters import read_moment
from .order import counted
from .setup import settings_from_environment


@click.command()
@output.json_option
def routes(as_json: bool) -> None:
    """List the keywords as their authors wrote them, with shortcode, handler and the place of its code."""
    settings = settings_from_environment()
    table = open_routes(settings)
    found = sorted(table, key=_order)
    if as_json:
        output.print_json_lines(map(_as_dict, found))
        return
    columns = output.Table("KEYWORD", "SHORTCODE", "HANDLER", "ONLY", "PLACE", zone=settings.timezone)
    columns.add(_cells(route) for route in found)
    for handler in table.observers:
        click.echo(f"Every message also goes to {handler.name} ({handler.place}).")
    for question, handler in sorted(table.questions.items()):
        click.echo(f"Answers to {question!r} go to {handler.name} ({handler.place}).")
    for sentence in table.shadowed():
        click.echo(sentence, err=True)
    if not found:
        click.echo(
            "There are no routes: MO_GATEWAY_ROUTES names a file with some,"
            " MO_GATEWAY_HANDLERS modules with handlers.",
            err=True,
        )


@click.command()
@click.argument("text")
@click.option("--shortcode", required=True, help="The number that the SMS is sent to.")
@click.option("--from", "sender", default="", metavar="MSISDN", help="Who sends it.  [default: anybody]")
@click.option("--operator", default="", help="The sender's network, five digits.  [default: any]")
@click.option("--country", default="", help="ISO 3166-1 alpha-3, such as BEL.  [default: any]")
@click.option("--at", "moment", metavar="WHEN", help="When it is sent.  [default: now]")
@click.option("--all", "show_all", is_flag=True, help="Name each route, however many there are.")
@output.json_option
@click.pass_context
def explain(
    ctx: click.Context,
    *,
    text: str,
    shortcode: str,
    sender: str,
    operator: str,
    country: str,
    moment: str | None,
    show_all: bool,
    as_json: bool,
) -> None:
    """Say which handler would get TEXT, the whole SMS, and why the other routes would not.

    A STOP is read first, whatever the routes. Exit code 3 = no handler would get it.

    \b
    mo-gateway explain "Stpo" --shortcode 4414 --country BEL
    mo-gateway explain "VOTE blue" --shortcode 4414 --at 2026-12-01T20:00
    """
    settings = settings_from_environment()
    now = utc_now()
    message = made_up(
        text,
        shortcode=shortcode,
        sent_at=read_moment(moment, settings.timezone, now) if moment else now,
        received_at=now,
        sender=sender,
        operator=operator,
        country=country,
    )
    found = explain_message(message, open_routes(settings), settings.stop_words)
    if as_json:
        output.print_json(_explanation_as_dict(found))
    else:
        shown, folded = (output.cell(word, settings.timezone) for word in (message.keyword, found.compared_as))
        click.echo(f"The keyword is {shown}, compared as {folded}.")
        if found.wish:
            click.echo(found.wish)
        _print_verdicts(found, settings.timezone, show_all=show_all)
    if found.winner is None:
        what = "recorded, and no handler sees it" if found.wish else "stored and stay unrouted"
        click.echo(f"No handler takes it: it would be {what}.", err=True)
        ctx.exit(3)


def _order(route: Route) -> tuple[str, str]:
    return fold(route.keyword.word), route.keyword.shortcode or ""


def _shortcode(route: Route) -> str:
    return route.keyword.shortcode or "any"


def _cells(route: Route) -> list[object]:
    return [route.word, _shortcode(route), route.handler.name, route.terms_in_words, route.handler.place]


def _as_dict(route: Route) -> dict[str, Any]:
    terms = route.keyword.terms
    return {
        "keyword": route.keyword.word,
        "is_pattern": route.keyword.is_pattern,
        "shortcode": route.keyword.shortcode,
        "handler": route.handler.name,
        "place": route.handler.place,
        "senders": len(terms.senders),
        "operators": sorted(terms.operators),
        "countries": sorted(terms.countries),
        "form": terms.form.value,
        "from": terms.since,
        "until": terms.until,
        "priority": route.keyword.priority,
        "always": route.keyword.always,
    }


def _explanation_as_dict(found: Explanation) -> dict[str, Any]:
    return {
        "keyword": found.message.keyword,
        "compared_as": found.compared_as,
        "shortcode": found.message.shortcode,
        "stop": found.wish,
        "is_routed": found.winner is not None,
        "routes": [
            {**_as_dict(verdict.route), "wins": verdict.wins, "reason": verdict.reason}
            for verdict in found.verdicts
        ],
    }


def _print_verdicts(found: Explanation, zone: ZoneInfo, *, show_all: bool) -> None:
    shown = found.verdicts if show_all else found.near
    table = output.Table("", "KEYWORD", "SHORTCODE", "HANDLER", "WHY", zone=zone)
    table.add(
        [
            "wins" if verdict.wins else "loses",
            verdict.route.word,
            _shortcode(verdict.route),
            verdict.route.handler.name,
            verdict.reason,
        ]
        for verdict in shown
    )
    if hidden := len(found.verdicts) - len(shown):
        click.echo(f"{counted(hidden, 'route')} of other words: --all names them.", err=True)
