"""`routes` and `explain`: which text goes to which handler, and why."""

from typing import Any

import click

from mo_gateway.gateway import open_routes
from mo_gateway.routing import Route, Sms, fold

from . import output
from .setup import settings_from_environment


@click.command()
@output.json_option
def routes(as_json: bool) -> None:
    """List the keywords as their authors wrote them, with shortcode, handler and the place of its code."""
    settings = settings_from_environment()
    found = sorted(open_routes(settings), key=_order)
    if as_json:
        output.print_json_lines(map(_as_dict, found))
        return
    table = output.Table("KEYWORD", "SHORTCODE", "HANDLER", "PLACE", zone=settings.timezone)
    table.add([route.keyword.word, _shortcode(route), route.handler.name, route.handler.place] for route in found)
    if not found:
        click.echo("There are no handlers: MO_GATEWAY_HANDLERS names the modules that hold them.", err=True)


@click.command()
@click.argument("text")
@click.option("--shortcode", required=True, help="The number that the SMS is sent to.")
@output.json_option
@click.pass_context
def explain(ctx: click.Context, text: str, shortcode: str, as_json: bool) -> None:
    """Say which handler would get TEXT, the whole SMS, and why the other routes would not.

    Exit code 3 = none would.
    """
    settings = settings_from_environment()
    keyword, parm = [*text.split(maxsplit=1), "", ""][:2]
    verdicts = open_routes(settings).explain(Sms(shortcode=shortcode, keyword=keyword, parm=parm))
    is_routed = any(verdict.wins for verdict in verdicts)
    if as_json:
        told = [
            {**_as_dict(verdict.route), "wins": verdict.wins, "reason": verdict.reason} for verdict in verdicts
        ]
        output.print_json(
            {
                "keyword": keyword,
                "compared_as": fold(keyword),
                "shortcode": shortcode,
                "is_routed": is_routed,
                "routes": told,
            }
        )
    else:
        shown, folded = (output.cell(word, settings.timezone) for word in (keyword, fold(keyword)))
        click.echo(f"The keyword is {shown}, compared as {folded}.")
        table = output.Table("", "KEYWORD", "SHORTCODE", "HANDLER", "WHY", zone=settings.timezone)
        table.add(
            [
                "wins" if verdict.wins else "loses",
                verdict.route.keyword.word,
                _shortcode(verdict.route),
                verdict.route.handler.name,
                verdict.reason,
            ]
            for verdict in verdicts
        )
    if not is_routed:
        click.echo("No handler takes it: it would be stored and stay unrouted.", err=True)
        ctx.exit(3)


def _order(route: Route) -> tuple[str, str]:
    return fold(route.keyword.word), route.keyword.shortcode or ""


def _shortcode(route: Route) -> str:
    return route.keyword.shortcode or "any"


def _as_dict(route: Route) -> dict[str, Any]:
    return {
        "keyword": route.keyword.word,
        "shortcode": route.keyword.shortcode,
        "handler": route.handler.name,
        "place": route.handler.place,
    }
