"""Keywords: who gets which text, and what people send instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from mo_gateway.store import keywords as store
from mo_gateway.store import presence
from mo_gateway.store.exports import Choice
from mo_gateway.store.views.counts import KEYWORDS
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import row_asked, words_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.roles import May
from mo_gateway.words import fold

ROWS = 100
NEAR = 20  # near misses that are shown
DAYS = 7  # of which messages are counted
DAYS_OF_WORDS = 30  # in which a word was mistyped
QUOTED = '"\\'  # what stands between quotes as an escape only


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A word that many send and no handler takes, and what would make it one."""

    word: str
    shortcode: str
    keyword: str  #: that may have been meant
    messages: int
    source: str  #: where its route stands
    line: str  #: what would stand there


def show(visit: Visit) -> ResponseReturnValue:
    """Show the routes in force, and below them what is mistyped."""
    chosen, skip = words_asked(request.args, "word"), row_asked(request.args, "skip") or 0
    since, words_since = visit.first_of(DAYS), visit.first_of(DAYS_OF_WORDS)
    with visit.looking() as conn:
        rows = store.keywords(
            conn,
            since=since,
            own=visit.own_keywords,
            word=fold(chosen.get("word", "")) or None,
            skip=skip,
            limit=ROWS + 1,
        )
        near = store.near_misses(conn, since=words_since, own=visit.own_keywords, limit=NEAR)
        routes = store.of_same_handlers(conn, {row["nearest_keyword"] for row in near})
        workers = presence.workers(conn)
    routes_of_file, fault = visit.routes()
    return visit.page(
        "keywords.html",
        rows=[{**row, "terms": _without_times(row["terms"])} for row in rows[:ROWS]],
        more=skip + ROWS if len(rows) > ROWS else None,
        skip=skip,
        chosen=chosen,
        since=since,
        words_since=words_since,
        near=[_near_miss(row, routes) for row in near],
        failing=[one for one in workers if one.error],
        fault=fault,
        shadowed=routes_of_file.shadowed() if routes_of_file and visit.may(May.LOOK_AT_ALL) else [],
        forms=files.FORMS,
    )


def save(visit: Visit) -> ResponseReturnValue:
    """Send the routes in force as a file, those that begin with a word where that is asked for."""
    chosen = words_asked(request.args, "word")
    word = fold(chosen.get("word", "")) or None
    only: dict[str, Sequence[object]] = {}
    if visit.own_keywords is not None or word is not None:
        with visit.looking() as conn:
            only["keyword"] = store.written(conn, visit.own_keywords, word)
    choice = Choice(view=KEYWORDS, zone=visit.desk.settings.timezone, only=only)
    return files.answer(visit, choice, list(chosen.values()))


def _without_times(terms: str) -> str:
    """Leave out the times of a route, which the page has as moments."""
    return "; ".join(term for term in terms.split("; ") if not term.startswith(("from ", "until ")))


def _near_miss(row: RowMapping, routes: Sequence[RowMapping]) -> NearMiss:
    meant = [one for one in routes if one["keyword"] == row["nearest_keyword"]]
    route = next((one for one in meant if one["shortcode"] == row["shortcode"]), meant[0])
    same = [one for one in routes if one["handler"] == route["handler"]]
    return NearMiss(
        word=row["word"],
        shortcode=row["shortcode"],
        keyword=row["nearest_keyword"],
        messages=row["messages"],
        source=route["source"],
        line=alias_line(route, same, row["word"]),
    )


def alias_line(route: RowMapping, same: Sequence[RowMapping], word: str) -> str:
    """Write the line that makes a word an alias, in the routes file or in Python, wherever the route stands."""
    aliases = list(dict.fromkeys(one["keyword"] for one in same if one["alias_of"]))
    first = route["alias_of"] or route["keyword"]
    if not route["source"].rpartition(":")[0].endswith(".py"):
        return f"aliases = [{', '.join(map(_quoted, [*aliases, word]))}]"
    words = ", ".join(map(_quoted, [first, *aliases, word]))
    shortcode = f", shortcode={_quoted(route['shortcode'])}" if route["shortcode"] else ""
    return f"@keyword({words}{shortcode})"


def _quoted(word: str) -> str:
    """Write a word between quotes so that TOML and Python read it, and nothing in it is unseen."""
    written = (one if one.isprintable() and one not in QUOTED else rf"\U{ord(one):08X}" for one in word)
    return f'"{"".join(written)}"'
