"""`credit`: what is left to send by, asked of each provider that can tell."""

import click

from mo_gateway.credit import ask
from mo_gateway.gateway.sending import open_senders

from . import output
from .setup import settings_from_environment


@click.command()
@output.json_option
@click.pass_context
def credit(ctx: click.Context, as_json: bool) -> None:
    """Ask each provider that is set to send by what credit is left; no SMS is sent.

    Exit code 3 = one does not answer, or does not know us.
    """
    settings = settings_from_environment()
    found = {name: ask(sender, settings.secrets) for name, sender in open_senders(settings).items()}
    if as_json:
        output.print_json_lines(
            {"provider": name, "credit": standing.credit, "is_right": standing.is_right, "text": standing.text}
            for name, standing in found.items()
        )
    else:
        table = output.Table("PROVIDER", "CREDIT", "IN WORDS", zone=settings.timezone)
        table.add([name, standing.credit, standing.text] for name, standing in found.items())
    if not found:
        click.echo("No provider is set to send by.", err=True)
    ctx.exit(0 if all(standing.is_right for standing in found.values()) else 3)
