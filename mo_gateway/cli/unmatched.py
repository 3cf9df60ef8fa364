"""`unmatched`: what people send that no handler takes, and what they may have meant."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import click
from sqlalchemy import RowMapping

from mo_gateway.gateway.routes import open_routes
from mo_gateway.nearness import nearest
from mo_gateway.settings import Settings
from mo_gateway.store import reading
from mo_gateway.store.selection import Filter
from mo_gateway.words import fold

from . import output
from .filters import filter_options


@click.command()
@filter_options(limit=20)
@output.json_option
def unmatched(*, settings: Settings, chosen: Filter, limit: int, as_json: bool) -> None:
    """List the first words of messages that no handler took, the most frequent first, with the nearest keyword."""
    table = open_routes(settings)
    with reading.opened(settings) as engine, engine.begin() as conn:
        rows = reading.unrouted_words(conn, chosen)
    found = sorted(_folded(rows), key=lambda row: (-row["messages"], row["word"]))[:limit]
    for row in found:
        row["nearest"], row["distance"] = nearest(table.plain_words(row["shortcode"]), row["word"])
    if as_json:
        output.print_json_lines(found)
        return
    columns = output.Table(
        "WORD",
        "SHORTCODE",
        "MESSAGES",
        output.in_zone("LAST", settings.timezone),
        "NEAREST KEYWORD",
        zone=settings.timezone,
    )
    columns.add([row["word"], row["shortcode"], row["messages"], row["last_at"], row["nearest"]] for row in found)
    if not found:
        click.echo("Every message found its handler.", err=True)
    elif any(row["nearest"] for row in found):
        click.echo("A word that people often send instead may become an alias of its route.", err=True)


def _folded(rows: Sequence[RowMapping]) -> Iterator[dict[str, Any]]:
    """Add up words that are the same to routing."""
    found: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row["shortcode"], fold(row["keyword"])].append(row)
    for (shortcode, word), same in found.items():
        yield {
            "word": word,
            "shortcode": shortcode,
            "messages": sum(row["messages"] for row in same),
            "last_at": max(row["last_at"] for row in same),
        }
