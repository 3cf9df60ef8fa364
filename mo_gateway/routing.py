"""Routing: from a message to the one handler that takes it; pure, and the same whatever was loaded first.

The most specific route wins. What is compared, in this order:

1. the word: a word, then a regular expression, then `*`;
2. the shortcode: this one, then any;
3. what else the route asks for: a list of senders, then operators, then countries, then `alone` or `with text`,
   then a time;
4. the priority; of regular expressions with the same, the one that was loaded first.

Whole words are compared, folded. Two routes that could take the same message and differ in none of these are
refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from . import terms
from .errors import ConfigError
from .message import Message
from .patterns import Pattern
from .plugin import ANY_WORD, Handler, Keyword
from .terms import Sms
from .words import fold, is_first_word


@dataclass(frozen=True, slots=True)
class Route:
    """One word on one shortcode, or on any, and whom it leads to."""

    keyword: Keyword
    handler: Handler

    def __str__(self) -> str:
        asked = f" ({self.terms_in_words})" if self.terms_in_words else ""
        return f"{self.word} on {self.keyword.shortcode or 'any shortcode'}{asked}"

    @property
    def word(self) -> str:
        """The word as its author wrote it; a regular expression between two slashes."""
        return f"/{self.keyword.word}/" if self.keyword.is_pattern else self.keyword.word

    @property
    def terms_in_words(self) -> str:
        """What else it asks for; empty where nothing."""
        return terms.in_words(self.keyword.terms)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one route when a text was routed, and why."""

    route: Route
    wins: bool
    reason: str
    is_of_word: bool = True  #: False where another word is meant altogether


class Routes:
    """All routes of a gateway, those that are in force until others take their place."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        """Raise ConfigError that names every clash, and every word that no SMS can begin with."""
        self._table = _Table(handlers)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._table.routes)

    def __len__(self) -> int:
        return len(self._table.routes)

    def take_over(self, other: "Routes") -> None:
        """Let the routes of `other` be in force from now on, all at once."""
        self._table = other._table

    @property
    def observers(self) -> tuple[Handler, ...]:
        """What sees every message."""
        return self._table.observers

    @property
    def questions(self) -> dict[str, Handler]:
        """Who takes the answers to each question."""
        return dict(self._table.answers)

    def find(self, sms: Sms | Message) -> Route | None:
        """Give the route of a message by its words alone, or None where no handler takes it."""
        return self._table.find(sms)

    def handler_of(self, message: Message) -> Handler | None:
        """Give who handles a message: whoever waits for its sender's answer, or else whom its words lead to."""
        table = self._table
        route = table.find(message)
        by_words = route.handler if route else None
        if message.question and not (route and route.keyword.always):
            return table.answers.get(message.question.expect, by_words)
        return by_words

    def words_with(self, shortcode: str, keyword: str) -> frozenset[str]:
        """Give, folded, all words of the handlers that take this one by name; none where no handler does."""
        folded = fold(keyword)
        routes = self._table.of_word(shortcode, folded) or self._table.of_word(None, folded)
        words = (one for route in routes for one in route.handler.keywords if one.shortcode in (None, shortcode))
        return frozenset(fold(one.word) for one in words if one.word != ANY_WORD and not one.is_pattern)

    def named_word(self, shortcode: str, keyword: str) -> str | None:
        """Give a word, folded, where a route names it for a shortcode; None where it is anybody's."""
        folded = fold(keyword)
        is_named = self._table.of_word(shortcode, folded) or self._table.of_word(None, folded)
        return folded if is_named and folded != ANY_WORD else None

    def plain_words(self, shortcode: str) -> frozenset[str]:
        """Give the words that lead to a handler on a shortcode, as written; no patterns, and not `*`."""
        return frozenset(
            route.keyword.word
            for route in self
            if route.keyword.shortcode in (None, shortcode)
            and not route.keyword.is_pattern
            and route.keyword.word != ANY_WORD
        )

    def explain(self, sms: Sms | Message) -> list[Verdict]:
        """Give every route with what became of it and why: the winner first, then those it beat."""
        winner = self.find(sms)
        verdicts = [_verdict(route, winner, sms) for route in self]
        return sorted(verdicts, key=lambda verdict: (not verdict.wins, not verdict.is_of_word))

    def shadowed(self) -> list[str]:
        """Name, in a sentence each, the routes that can never win."""
        return list(self._table.shadowed())


class _Table:
    """Routes by what is looked up first; it never changes."""

    def __init__(self, handlers: Iterable[Handler]) -> None:
        self.routes: list[Route] = []
        self.observers: tuple[Handler, ...] = ()
        self.answers: dict[str, Handler] = {}
        self._by_word: dict[tuple[str | None, str], list[Route]] = {}
        self._patterns: dict[str | None, list[tuple[Route, Pattern]]] = {}
        faults = [fault for handler in handlers for fault in self._add(handler)]
        for same_word in self._by_word.values():
            same_word.sort(key=_rank, reverse=True)
            faults += _clashes(same_word)
        for patterns in self._patterns.values():
            patterns.sort(key=lambda one: _rank(one[0]), reverse=True)  # of equals the first one loaded
        if faults:
            raise ConfigError("\n".join(faults))

    def find(self, sms: Sms | Message) -> Route | None:
        folded = fold(sms.keyword)
        if folded:
            for on in (sms.shortcode, None):
                if found := _first_that_fits(self.of_word(on, folded), sms):
                    return found
        for on in (sms.shortcode, None):
            for route, pattern in self._patterns.get(on, ()):
                if terms.misfit(route.keyword.terms, sms) is None and pattern.matches(_whole(sms)):
                    return route
        for on in (sms.shortcode, None):
            if found := _first_that_fits(self.of_word(on, ANY_WORD), sms):
                return found
        return None

    def of_word(self, shortcode: str | None, folded: str) -> Sequence[Route]:
        return self._by_word.get((shortcode, folded), ())

    def shadowed(self) -> Iterator[str]:
        for same_word in self._by_word.values():
            for at, route in enumerate(same_word):
                if not terms.is_covered(route.keyword.terms, [other.keyword.terms for other in same_word[:at]]):
                    continue
                yield f"{_named(route)} never wins: every message that fits it fits a route before it too."

    def _add(self, handler: Handler) -> Iterator[str]:
        """Take in the routes of a handler, and give a sentence for each that cannot be."""
        if handler.observes:
            self.observers += (handler,)
            if handler.keywords or handler.answers:
                yield (
                    f"{handler.name} ({handler.place}) is marked @every_message, so it sees all messages already:"
                    " it takes no keyword and no answer besides."
                )
        for question in handler.answers:
            other = self.answers.setdefault(question, handler)
            if other.function is not handler.function:
                yield (
                    f"The answers to {question!r} have two handlers: {other.name} ({other.place})"
                    f" and {handler.name} ({handler.place})."
                )
        for keyword in handler.keywords:
            route = Route(keyword, handler)
            if keyword.is_pattern:
                try:
                    pattern = Pattern(keyword.word)
                except ValueError as exc:
                    yield f"{handler.name} ({handler.place}): {exc}."
                    continue
                self._patterns.setdefault(keyword.shortcode, []).append((route, pattern))
            else:
                folded = ANY_WORD if keyword.word == ANY_WORD else fold(keyword.word)
                if folded != ANY_WORD and not is_first_word(keyword.word):
                    yield (
                        f"{handler.name} ({handler.place}): {keyword.word!r} is not one word that an SMS"
                        " can begin with."
                    )
                    continue
                same_word = self._by_word.setdefault((keyword.shortcode, folded), [])
                if any(_is_same(route, other) for other in same_word):
                    continue
                same_word.append(route)
            self.routes.append(route)


def _first_that_fits(routes: Sequence[Route], sms: Sms | Message) -> Route | None:
    return next((route for route in routes if terms.misfit(route.keyword.terms, sms) is None), None)


def _rank(route: Route) -> tuple[bool | int, ...]:
    """Give what is compared between routes of the same word and shortcode; the greatest wins."""
    return (*terms.specificity(route.keyword.terms), route.keyword.priority)


def _clashes(routes: Sequence[Route]) -> Iterator[str]:
    """Give a sentence for each two routes of one word that nothing decides between."""
    for _rank_of_both, equals in groupby(routes, key=_rank):
        before: list[Route] = []
        for route in equals:
            other = next((other for other in before if _are_rivals(other, route)), None)
            if other:
                yield (
                    f"{route} has two handlers: {other.handler.name} ({other.handler.place})"
                    f" and {route.handler.name} ({route.handler.place})."
                )
            before.append(route)


def _is_same(one: Route, other: Route) -> bool:
    """Tell whether two routes of one word and shortcode lead to one function under the same terms."""
    return one.handler.function is other.handler.function and _of_route(one) == _of_route(other)


def _of_route(route: Route) -> tuple[object, ...]:
    return route.keyword.terms, route.keyword.priority, route.keyword.always


def _are_rivals(one: Route, other: Route) -> bool:
    if one.handler.function is other.handler.function:
        return False
    return terms.may_meet(one.keyword.terms, other.keyword.terms)


def _verdict(route: Route, winner: Route | None, sms: Sms | Message) -> Verdict:
    keyword = route.keyword
    if route is winner:
        return Verdict(route, wins=True, reason="the most specific route that fits")
    if keyword.shortcode not in (None, sms.shortcode):
        reason = f"another shortcode: {keyword.shortcode}, not {sms.shortcode}"
        return Verdict(route, wins=False, reason=reason, is_of_word=_is_of_word(keyword, sms))
    if not _is_of_word(keyword, sms):
        what = "the text does not match" if keyword.is_pattern else "not the same word"
        return Verdict(route, wins=False, reason=f"{what}: {keyword.word}", is_of_word=False)
    if misfit := terms.misfit(keyword.terms, sms):
        return Verdict(route, wins=False, reason=misfit)
    return Verdict(route, wins=False, reason=f"less specific than {winner}")


def _is_of_word(keyword: Keyword, sms: Sms | Message) -> bool:
    if keyword.is_pattern:
        return Pattern(keyword.word).matches(_whole(sms))
    return keyword.word == ANY_WORD or fold(keyword.word) == fold(sms.keyword)


def _whole(sms: Sms | Message) -> str:
    return f"{sms.keyword} {sms.parm}" if sms.parm else sms.keyword


def _named(route: Route) -> str:
    return f"{route}, which leads to {route.handler.name} ({route.handler.place}),"
