"""`user`: who may log in to the dashboard."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from mo_gateway.gateway.clock import utc_now
from mo_gateway.store import reading, users
from mo_gateway.store.engine import WRITABLE
from mo_gateway.users import Role, Users

from . import output, types
from .actor import at_the_terminal
from .setup import settings_from_environment

role_option = click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="What the user may do."
)
keyword_option = click.option(
    "--keyword",
    "keywords",
    multiple=True,
    type=types.keyword,
    help="A keyword that a manager may see; one or several.",
)
password_option = click.option(
    "--password-file",
    type=click.File(),
    help="A file that holds the password; - is stdin.  [default: it is asked for]",
)


@click.group()
def user() -> None:
    """Make, change and take away users of the dashboard. Without one there is no dashboard.

    viewer: looks, numbers masked · manager: the own keywords · operator: also replays, retries and tests ·
    compliance: also reveals numbers, exports and erases persons, reads the audit trail · admin: everything.
    """


@user.command("list")
@output.json_option
def list_users(as_json: bool) -> None:
    """List the users."""
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        found = users.of_all(conn)
    if as_json:
        output.print_json_lines(dict(row) for row in found)
        return
    zone = settings.timezone
    table = output.Table("NAME", "ROLE", "KEYWORDS", output.in_zone("SEEN", zone), zone=zone)
    table.add((row["name"], row["role"], row["keywords"], row["seen_at"]) for row in found)
    if not found:
        click.echo("There is no user. Next: mo-gateway user add NAME --role admin", err=True)


@user.command()
@click.argument("name")
@role_option
@keyword_option
@password_option
def add(name: str, role: str, keywords: tuple[str, ...], password_file: TextIO | None) -> None:
    """Make a user, who can log in at once."""
    password = _password(password_file)
    with _opened_users() as directory:
        directory.add(name, password, Role(role), keywords, at_the_terminal(), utc_now())
    click.echo(f"{name} may log in at /dashboard/ as {role}.")


@user.command("role")
@click.argument("name")
@role_option
@keyword_option
def set_role(name: str, role: str, keywords: tuple[str, ...]) -> None:
    """Give a user another role; it holds from the next page on."""
    with _opened_users() as directory:
        directory.set_role(name, Role(role), keywords, at_the_terminal(), utc_now())
    click.echo(f"{name} is {role} from the next page on.")


@user.command("password")
@click.argument("name")
@password_option
def set_password(name: str, password_file: TextIO | None) -> None:
    """Give a user another password; whoever is logged in with the old one is logged out."""
    password = _password(password_file)
    with _opened_users() as directory:
        directory.set_password(name, password, at_the_terminal(), utc_now())
    click.echo(f"{name} has a new password, and is logged out everywhere.")


@user.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a user away; what the audit trail says of this user stays."""
    with _opened_users() as directory:
        directory.remove(name, at_the_terminal(), utc_now())
    click.echo(f"{name} may not log in any more.")


@contextmanager
def _opened_users() -> Iterator[Users]:
    with reading.opened(settings_from_environment()) as engine:
        yield Users(engine.execution_options(**WRITABLE))


def _password(file: TextIO | None) -> str:
    """Read a new password; it is never an option, since everybody on the host can read those."""
    if file:
        return file.read().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: give the password with --password-file, - for stdin.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
