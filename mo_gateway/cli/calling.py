"""How commands call the gateway as its provider does: to which URL, and with which form."""

from collections.abc import Mapping
from urllib.parse import urlencode

import click

from mo_gateway.settings import Settings

from . import types

ADDRESS_OF_RUN = "http://127.0.0.1:8000"  # where `run` listens unless told otherwise

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


def form(fields: Mapping[str, str], charset: str) -> bytes:
    """Write fields as Spryng does; or raise UsageError where a charset has not all letters."""
    try:
        return urlencode(fields, encoding=charset).encode()
    except UnicodeEncodeError as exc:
        letter = exc.object[exc.start]
        raise click.UsageError(f"{charset} has no {letter!r}; try --charset windows-1252 or utf-8.") from exc
