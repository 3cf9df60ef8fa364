"""The routing of one message among thousands of routes, beside looking at one route after another."""

import random
import string
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from time import perf_counter

from mo_gateway.plugin import Handler, Keyword, Terms
from mo_gateway.routing import Route, Routes
from mo_gateway.terms import Sms
from mo_gateway.words import fold

ROUTES = 10_000
MESSAGES = 2_000
SHORTCODES = ("4414", "5515", "6616", None)
OPERATORS = ("20601", "20610", "20620")


def measure(*, rounds: int) -> Iterator[dict[str, str]]:
    """Route the same messages both ways, in turn; give a row for each way."""
    dice = random.Random(4414)
    handlers = list(_handlers(dice))
    routes = Routes(handlers)
    messages = list(_messages(dice, handlers))
    ways = {"ours": routes.find, "one after another": _one_after_another(list(routes))}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in dice.sample(sorted(ways), len(ways)):
            some = messages if name == "ours" else messages[:50]  # it would take minutes
            taken[name].append(_seconds_each(ways[name], some))
    ours = median(taken["ours"])
    for name, seconds in taken.items():
        yield {
            "way": name,
            "routes": str(len(routes)),
            "µs each": f"{median(seconds) * 1e6:.1f}",
            "lowest–highest": f"{min(seconds) * 1e6:.1f}–{max(seconds) * 1e6:.1f}",
            "times ours": f"{median(seconds) / ours:.0f}",
        }


def _handlers(dice: random.Random) -> Iterator[Handler]:
    words = {"".join(dice.choices(string.ascii_uppercase, k=6)) for _ in range(ROUTES)}
    for number, word in enumerate(sorted(words)):
        operators = frozenset(dice.sample(OPERATORS, 1)) if number % 5 == 0 else frozenset()
        keyword = Keyword(word, dice.choice(SHORTCODES), terms=Terms(operators=operators))
        yield Handler(name=word, place="", function=lambda _message: None, keywords=(keyword,))


def _messages(dice: random.Random, handlers: Sequence[Handler]) -> Iterator[Sms]:
    for _ in range(MESSAGES):
        word = dice.choice(handlers).keywords[0].word if dice.random() < 0.8 else "NOTHING"
        shortcode = dice.choice([one for one in SHORTCODES if one])
        yield Sms(shortcode=shortcode, keyword=word.lower(), parm="blue", operator=dice.choice(OPERATORS))


def _one_after_another(routes: Sequence[Route]) -> Callable[[Sms], Route | None]:
    def find(sms: Sms) -> Route | None:
        folded = fold(sms.keyword)
        for route in routes:
            keyword = route.keyword
            if keyword.shortcode in (None, sms.shortcode) and fold(keyword.word) == folded:
                return route
        return None

    return find


def _seconds_each(find: Callable[[Sms], Route | None], messages: Sequence[Sms]) -> float:
    began = perf_counter()
    for sms in messages:
        find(sms)
    return (perf_counter() - began) / len(messages)
