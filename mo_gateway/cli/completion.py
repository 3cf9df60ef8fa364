"""`completion`: the Tab key finishes commands and options."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_MO_GATEWAY_COMPLETE"  # by which the shell asks the program, as click names it


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what SHELL reads to finish commands and options of mo-gateway by the Tab key."""
    made = get_completion_class(shell)
    assert made
    click.echo(made(click.get_current_context().find_root().command, {}, "mo-gateway", VARIABLE).source())
