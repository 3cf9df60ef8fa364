"""`token`: which programs may ask the read API."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from mo_gateway.gateway.clock import utc_now
from mo_gateway.store import reading, tokens
from mo_gateway.store.engine import WRITABLE
from mo_gateway.tokens import Tokens

from . import output
from .actor import at_the_terminal
from .setup import settings_from_environment


@click.group()
def token() -> None:
    """Make and take away tokens of the read API. Without one there is no API.

    Whoever has a token reads all messages, numbers masked, and changes nothing.
    """


@token.command("list")
@output.json_option
def list_tokens(as_json: bool) -> None:
    """List the tokens by name; what they are nobody can tell any more."""
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        found = tokens.of_all(conn)
    if as_json:
        output.print_json_lines(dict(row) for row in found)
        return
    zone = settings.timezone
    table = output.Table("NAME", output.in_zone("CREATED", zone), zone=zone)
    table.add((row["name"], row["created_at"]) for row in found)
    if not found:
        click.echo("There is no token. Next: mo-gateway token add NAME", err=True)


@token.command()
@click.argument("name")
def add(name: str) -> None:
    """Make a token and print it, this once: it is kept as a hash only. NAME says what it is for."""
    with _opened_tokens() as opened:
        made = opened.add(name, at_the_terminal(), utc_now())
    click.echo(made)
    click.echo("It is not shown again. Send it as `Authorization: Bearer TOKEN`.", err=True)


@token.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a token away; it opens nothing from the next request on."""
    with _opened_tokens() as opened:
        opened.remove(name, at_the_terminal(), utc_now())
    click.echo(f"The token {name} opens nothing any more.")


@contextmanager
def _opened_tokens() -> Iterator[Tokens]:
    with reading.opened(settings_from_environment()) as engine:
        yield Tokens(engine.execution_options(**WRITABLE))
