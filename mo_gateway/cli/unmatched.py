"""`unmatched`: what people send that no handler takes, and what they may have meant."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import click
from rapidfuzz.distance import OSA
from sqlalchemy import RowMapping

from mo_gateway.gateway import open_routes
from mo_gateway.plugin import ANY_WORD
from mo_gateway.routing import Routes, fold
from mo_gateway.settings import Settings
from mo_gateway.store import reading
from mo_gateway.store.selection import Filter

from . import output
from .filters import filter_options
from .routing import NEAR


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
        row["nearest"], row["distance"] = _nearest(table, row["shortcode"], row["word"])
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


def _nearest(table: Routes, shortcode: str, word: str) -> tuple[str | None, int | None]:
    """Give the keyword on a shortcode that is nearest to a word, and how far it is; or nothing."""
    words = {
        route.keyword.word
        for route in table
        if route.keyword.shortcode in (None, shortcode)
        and not route.keyword.is_pattern
        and route.keyword.word != ANY_WORD
    }
    # of a short word everything is near
    most = min(NEAR, max(1, len(word) // 2))
    near = [(distance, other) for other in words if (distance := OSA.distance(fold(other), word)) <= most]
    if not word or not near:
        return None, None
    distance, nearest = min(near)
    return nearest, distance
