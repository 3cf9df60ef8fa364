"""`openapi`: the document of the read API and of the callback."""

import click

from mo_gateway.web.api.document import document

from . import output
from .setup import settings_from_environment


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the read API and, under `webhooks`, of the callback.

    It needs no database; the rules of the callback are those of the settings.
    """
    output.print_json(document(settings_from_environment()))
