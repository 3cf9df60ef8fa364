"""Routing: from shortcode and keyword to the one handler; pure, and the same whatever was loaded first.

The most specific wins: the word on this shortcode, the word on any, `*` on this shortcode, `*` on any. Whole
words are compared, folded; two handlers for the same word and shortcode are refused.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .errors import ConfigError
from .plugin import ANY_WORD, Handler, Keyword


@dataclass(frozen=True, slots=True)
class Route:
    """One word on one shortcode, or on any, and whom it leads to."""

    keyword: Keyword
    handler: Handler

    def __str__(self) -> str:
        return f"{self.keyword.word} on {self.keyword.shortcode or 'any shortcode'}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one route when a text was routed, and why."""

    route: Route
    wins: bool
    reason: str


def fold(word: str) -> str:
    """Make words comparable: NFKC, casefolded (ß is ss), without white space and punctuation around them.

    Accents count: é is not e.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    start, end = 0, len(folded)
    while start < end and _is_outer(folded[start]):
        start += 1
    while end > start and _is_outer(folded[end - 1]):
        end -= 1
    return folded[start:end]


class Routes:
    """All routes of a gateway."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        """Raise ConfigError that names every clash, and every word that no SMS can begin with."""
        self._routes: dict[tuple[str | None, str], Route] = {}
        routes = (Route(keyword, handler) for handler in handlers for keyword in handler.keywords)
        faults = [fault for route in routes if (fault := self._add(route))]
        if faults:
            raise ConfigError("\n".join(faults))

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def find(self, shortcode: str, keyword: str) -> Route | None:
        """Give the route of a message, or None where no handler takes it."""
        for key in _most_specific_first(shortcode, keyword):
            if key in self._routes:
                return self._routes[key]
        return None

    def words_with(self, shortcode: str, keyword: str) -> frozenset[str]:
        """Give, folded, all words of the handler that takes this one by name; none where no handler does."""
        route = self.find(shortcode, keyword)
        if route is None or route.keyword.word == ANY_WORD:
            return frozenset()
        words = (other.word for other in route.handler.keywords if other.shortcode in (None, shortcode))
        return frozenset(fold(word) for word in words if word != ANY_WORD)

    def explain(self, shortcode: str, keyword: str) -> list[Verdict]:
        """Give every route with what became of it and why: the winner first, then those it beat."""
        winner = self.find(shortcode, keyword)
        verdicts = [self._verdict(route, winner, shortcode, keyword) for route in self]
        return sorted(verdicts, key=lambda verdict: (not verdict.wins, "not the same word" in verdict.reason))

    def _verdict(self, route: Route, winner: Route | None, shortcode: str, keyword: str) -> Verdict:
        wanted, on = route.keyword.word, route.keyword.shortcode
        if route is winner:
            return Verdict(route, wins=True, reason="the most specific route for this word and shortcode")
        if on not in (None, shortcode):
            return Verdict(route, wins=False, reason=f"another shortcode: {on}, not {shortcode}")
        if wanted != ANY_WORD and fold(wanted) != fold(keyword):
            return Verdict(route, wins=False, reason=f"not the same word: {wanted}")
        return Verdict(route, wins=False, reason=f"less specific than {winner}")

    def _add(self, route: Route) -> str | None:
        """Take in a route, or give the sentence that says why not."""
        word, handler = route.keyword.word, route.handler
        folded = ANY_WORD if word == ANY_WORD else fold(word)
        if not folded or len(word.split()) != 1:
            return f"{handler.name} ({handler.place}): {word!r} is not one word that an SMS can begin with."
        other = self._routes.setdefault((route.keyword.shortcode, folded), route)
        if other.handler.function is not handler.function:
            return (
                f"{route} has two handlers: {other.handler.name} ({other.handler.place})"
                f" and {handler.name} ({handler.place})."
            )
        return None


def _most_specific_first(shortcode: str, keyword: str) -> list[tuple[str | None, str]]:
    folded = fold(keyword)
    words = ([folded] if folded else []) + [ANY_WORD]
    return [(on, word) for word in words for on in (shortcode, None)]


def _is_outer(character: str) -> bool:
    """Tell whether a character may stand around a word without being of it: space, punctuation, invisible."""
    return unicodedata.category(character)[0] in "ZPC"
