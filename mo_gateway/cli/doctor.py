"""`doctor`: is everything right that has to be right, and if not, what is to be done."""

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import click

from mo_gateway import logs
from mo_gateway.checks import Finding, Verdict
from mo_gateway.checks.callback import check_callback, send_probe
from mo_gateway.checks.database import check_database, check_stored
from mo_gateway.checks.providers import check_providers
from mo_gateway.checks.settings import check_handlers, check_settings
from mo_gateway.checks.silence import check_silence
from mo_gateway.gateway.clock import utc_now
from mo_gateway.masking import one_line
from mo_gateway.settings import Settings
from mo_gateway.simulator.plan import timestamp
from mo_gateway.simulator.target import Target, read_target

from . import output
from .calling import callback_url, url_option

SIGNS = {Verdict.RIGHT: "✓", Verdict.WRONG: "✗", Verdict.OPEN: "–"}


@click.command()
@url_option
@click.option("--probe", is_flag=True, help="Send a message too: it is stored, and marked as a test.")
@output.json_option
@click.pass_context
def doctor(ctx: click.Context, target: Target | None, probe: bool, as_json: bool) -> None:
    """Check settings, handlers, database, clock, providers and the callback of the running gateway.

    Exit code 3 = something is wrong.
    """
    findings = []
    for finding in _findings(target, probe=probe):
        findings.append(finding)
        if not as_json:
            click.echo(f"{SIGNS[finding.verdict]} {finding.subject:<9} {one_line(finding.text)}")
    if as_json:
        output.print_json([asdict(finding) for finding in findings])
    ctx.exit(3 if any(finding.verdict is Verdict.WRONG for finding in findings) else 0)


def _findings(target: Target | None, *, probe: bool) -> Iterator[Finding]:
    settings, found = check_settings(os.environ)
    yield from found
    if settings is None:
        return
    logs.configure(settings.log_format, settings.secrets)
    yield from check_handlers(settings)
    yield from check_database(settings, utc_now)
    yield from check_silence(settings, utc_now())
    yield from check_providers(settings)
    target = target or read_target(callback_url(settings))
    yield from check_callback(target)
    if probe:
        yield from _probe(settings, target)


def _probe(settings: Settings, target: Target) -> Iterable[Finding]:
    """Send a message, and look whether the gateway that took it uses this database."""
    fields = {
        "MSISDN": "32400000000",
        "KEYWORD": "DOCTOR",
        "OPERATOR": "20601",
        "TIMESTAMP": timestamp(utc_now(), settings.timezone),
        "SHORTCODE": "0000",
        "COUNTRY": "BEL",
        "REFERENCE": f"doctor-{secrets.token_hex(4)}",
    }
    number, finding = send_probe(target, fields)
    return [finding] if number is None else [finding, check_stored(settings, number, fields["REFERENCE"])]
