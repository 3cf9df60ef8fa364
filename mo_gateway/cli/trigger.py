"""`trigger`: one message, sent as Spryng would."""

import json

import click

from mo_gateway.gateway.clock import utc_now
from mo_gateway.simulator.client import NoAnswer
from mo_gateway.simulator.plan import timestamp
from mo_gateway.simulator.target import Target, read_target
from mo_gateway.simulator.trigger import Sent, explain, send

from . import types
from .calling import callback_url, form, json_option, url_option
from .setup import settings_from_environment

FIELDS = ("MSISDN", "KEYWORD", "PARM", "OPERATOR", "TIMESTAMP", "SHORTCODE", "COUNTRY", "REFERENCE")


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
    body = form(fields, charset)
    sent: list[Sent] = []
    try:
        for each in send(target, method, body, times=times):
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
