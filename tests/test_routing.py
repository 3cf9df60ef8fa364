"""Routing: whole words, folded; the most specific wins, whatever was loaded first."""

import unicodedata
from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.errors import ConfigError
from mo_gateway.plugin import ANY_WORD, Handler, Keyword
from mo_gateway.routing import Route, Routes
from mo_gateway.terms import Sms
from mo_gateway.words import fold

Words = tuple[str, str | None]  # a word as its author wrote it, and the shortcode; None = any

#: One handler a step, the most specific first.
LADDER: Sequence[Words] = [("WIN", "4414"), ("WIN", None), (ANY_WORD, "4414"), (ANY_WORD, None)]


def handler(name: str, *keywords: Words) -> Handler:
    return Handler(
        name=name,
        place=f"{name}.py:7",
        function=lambda _message: name,
        keywords=tuple(Keyword(word, shortcode) for word, shortcode in keywords),
        transaction=False,
    )


def sms(shortcode: str, keyword: str) -> Sms:
    return Sms(shortcode=shortcode, keyword=keyword)


def handlers_of(keywords: Sequence[Words]) -> list[Handler]:
    """Make a handler for each keyword; its name says which."""
    return [handler(f"{word} on {shortcode}", (word, shortcode)) for word, shortcode in keywords]


def name_of(route: Route | None) -> str | None:
    return route.handler.name if route else None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("win", "WIN"),
        ("WIN", "ＷＩＮ"),
        ("STRASSE", "straße"),
        ("STRASSE", "STRAẞE"),
        ("café", "CAFE\u0301"),
        ("CAFÉ", "cafe\u0301"),
        ("ﬁn", "FIN"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("№1", "No1"),
        ("WIN", "win!"),
        ("WIN", "«win»"),
        ("WIN", "(win)."),
        ("WIN", "  win\t\r\n"),
        ("WIN", "\u00a0win\u3000"),
        ("WIN", "\ufeffwin\u200b"),
        ("WIN", "\u200ewin\x00"),
        ("WIN", "“win”…"),
        ("WIN", "*WIN*"),
        ("A1", "a1"),
        ("日本", "日本。"),
    ],
)
def test_words_that_a_person_takes_for_the_same_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("é", "e"),
        ("WIN", "W1N"),
        ("LIGHT", "LIGHTNING"),
        ("WIN-NER", "WINNER"),
        ("WIN.NER", "WINNER"),
        ("WI\u200bN", "WIN"),
        ("WI N", "WIN"),
        ("ıI", "ii"),
        ("+1", "1"),
        ("WIN€", "WIN"),
        ("👍", "👎"),
    ],
)
def test_words_that_differ_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["", " ", "!?", "*", "＊", "…", "\u200b\ufeff", "\t\r\n", "«»"])
def test_what_is_only_space_and_punctuation_folds_to_nothing(text: str) -> None:
    assert fold(text) == ""


@given(text=st.text(st.characters()))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=st.text())
def test_how_accents_are_composed_does_not_matter(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}

    assert forms == {fold(text)}


@given(word=st.text("abcäöüéßñ0123456789", min_size=1), around=st.text(" \t\n.,;:!?\"'()-_*\u200b\u00a0"))
def test_space_and_punctuation_around_a_word_do_not_matter(word: str, around: str) -> None:
    assert fold(around + word + around) == fold(word)


@pytest.mark.parametrize("order", list(permutations(LADDER)))
@pytest.mark.parametrize(
    ("shortcode", "keyword", "step"),
    [("4414", "Win!", 0), ("9999", "win", 1), ("4414", "LOSE", 2), ("9999", "LOSE", 3)],
)
def test_the_most_specific_wins_whatever_was_loaded_first(
    order: Sequence[Words], shortcode: str, keyword: str, step: int
) -> None:
    found = Routes(handlers_of(order)).find(sms(shortcode, keyword))

    word, on = LADDER[step]
    assert name_of(found) == f"{word} on {on}"


@pytest.mark.parametrize("missing", range(4))
def test_the_next_step_takes_what_a_missing_one_would_have(missing: int) -> None:
    ladder = [step for number, step in enumerate(LADDER) if number != missing]

    found = Routes(handlers_of(ladder)).find(sms("4414", "WIN"))

    assert name_of(found) == "{} on {}".format(*ladder[0])


def test_without_a_catch_all_other_words_lead_nowhere() -> None:
    routes = Routes([handler("contest", ("WIN", "4414"))])

    assert routes.find(sms("4414", "LOSE")) is None
    assert routes.find(sms("4415", "WIN")) is None
    assert Routes([]).find(sms("4414", "WIN")) is None


def test_aliases_lead_to_the_same_handler() -> None:
    routes = Routes([handler("contest", ("WIN", "4414"), ("GAGNÉ", "4414"), ("GEWINN", None))])

    found = [routes.find(sms(*message)) for message in [("4414", "win"), ("4414", "gagné"), ("9", "gewinn")]]

    assert [name_of(route) for route in found] == ["contest"] * 3


def test_only_whole_words_are_taken() -> None:
    routes = Routes([handler("lamp", ("LIGHT", None))])

    assert name_of(routes.find(sms("4414", "Light"))) == "lamp"
    for other in ("LIGHTNING", "LIGH", "ALIGHT", "LIGHT-ON"):
        assert routes.find(sms("4414", other)) is None


@pytest.mark.parametrize("keyword", ["", "*", "?!", "\u200b", " "])
def test_a_text_that_folds_to_nothing_reaches_catch_alls_only(keyword: str) -> None:
    routes = Routes(handlers_of(LADDER))

    assert name_of(routes.find(sms("4414", keyword))) == "* on 4414"
    assert name_of(routes.find(sms("9999", keyword))) == "* on None"
    assert Routes(handlers_of([("WIN", None)])).find(sms("4414", keyword)) is None


@pytest.mark.parametrize("word", ["", " ", "?", "**", "＊", "\u200b", "WIN NOW", "WIN\u00a0NOW", "WIN\nNOW"])
def test_a_word_that_no_sms_can_begin_with_is_refused(word: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Routes([handler("contest", ("WIN", None), (word, None))])

    assert str(refused.value) == f"contest (contest.py:7): {word!r} is not one word that an SMS can begin with."


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("one", "other"), [("WIN", "win"), ("WIN", "Win!"), ("STRASSE", "Straße"), ("é", "e\u0301"), ("*", "*")]
)
@pytest.mark.parametrize("shortcode", ["4414", None])
def test_two_handlers_of_the_same_word_are_refused_with_both_places(
    order: Sequence[int], one: str, other: str, shortcode: str | None
) -> None:
    handlers = [handler("contest", (one, shortcode)), handler("lottery", (other, shortcode))]

    with pytest.raises(ConfigError) as refused:
        Routes(handlers[number] for number in order)

    places = ["contest (contest.py:7)", "lottery (lottery.py:7)"]
    word = (one, other)[order[1]]
    assert str(refused.value) == (
        f"{word} on {shortcode or 'any shortcode'} has two handlers: {places[order[0]]} and {places[order[1]]}."
    )


def test_everything_that_is_wrong_is_named_at_once() -> None:
    handlers = [
        handler("contest", ("WIN", None), ("?", None)),
        handler("lottery", ("win", None)),
        handler("raffle", ("Win", None), ("BIG WIN", None)),
    ]

    with pytest.raises(ConfigError) as refused:
        Routes(handlers)

    faults = str(refused.value).splitlines()
    assert faults == [
        "contest (contest.py:7): '?' is not one word that an SMS can begin with.",
        "raffle (raffle.py:7): 'BIG WIN' is not one word that an SMS can begin with.",
        "win on any shortcode has two handlers: contest (contest.py:7) and lottery (lottery.py:7).",
        "Win on any shortcode has two handlers: contest (contest.py:7) and raffle (raffle.py:7).",
    ]


def test_the_same_word_on_another_shortcode_is_no_clash() -> None:
    routes = Routes(handlers_of([("WIN", "4414"), ("WIN", "4415"), ("WIN", None)]))

    assert name_of(routes.find(sms("4415", "WIN"))) == "WIN on 4415"


def test_the_same_function_twice_is_no_clash() -> None:
    contest = handler("contest", ("WIN", None), ("win", None), ("Win!", None))

    routes = Routes([contest, contest])

    assert [str(route) for route in routes] == ["WIN on any shortcode"]


def test_an_explanation_begins_with_the_winner_and_gives_every_loser_a_reason() -> None:
    routes = Routes(handlers_of([("LOSE", None), *reversed(LADDER), ("WIN", "4415")]))

    verdicts = routes.explain(sms("4414", "win"))

    assert [(verdict.route.handler.name, verdict.wins) for verdict in verdicts[:1]] == [("WIN on 4414", True)]
    assert {verdict.route.handler.name: verdict.reason for verdict in verdicts[1:]} == {
        "WIN on None": "less specific than WIN on 4414",
        "* on 4414": "less specific than WIN on 4414",
        "* on None": "less specific than WIN on 4414",
        "WIN on 4415": "another shortcode: 4415, not 4414",
        "LOSE on None": "not the same word: LOSE",
    }


def test_an_explanation_without_a_winner_still_gives_reasons() -> None:
    verdicts = Routes(handlers_of([("WIN", None), ("*", "4415")])).explain(sms("4414", "LOSE"))

    assert [verdict.wins for verdict in verdicts] == [False, False]
    assert {verdict.reason for verdict in verdicts} == {
        "not the same word: WIN",
        "another shortcode: 4415, not 4414",
    }


words = st.one_of(
    st.sampled_from(["WIN", "win", "Straße", "STRASSE", "é", "LIGHT", ANY_WORD]),
    st.text(min_size=1).filter(lambda word: fold(word) and len(word.split()) == 1),
)
shortcodes = st.sampled_from(["4414", "4415", None])


def folded(keywords: Words) -> Words:
    word, shortcode = keywords
    return (ANY_WORD if word == ANY_WORD else fold(word), shortcode)


@given(
    keywords=st.lists(st.tuples(words, shortcodes), unique_by=folded, max_size=6),
    shortcode=st.one_of(st.just("4414"), st.text()),
    keyword=st.one_of(words, st.text(st.characters())),
    shuffler=st.randoms(use_true_random=False),
)
def test_any_text_finds_the_same_route_whatever_the_order_of_handlers(
    keywords: list[Words], shortcode: str, keyword: str, shuffler: Random
) -> None:
    handlers = handlers_of(keywords)
    first = Routes(handlers)
    shuffler.shuffle(handlers)
    second = Routes(handlers)

    found = [name_of(routes.find(sms(shortcode, keyword))) for routes in (first, second)]
    winners = [
        [verdict.route.handler.name for verdict in routes.explain(sms(shortcode, keyword)) if verdict.wins]
        for routes in (first, second)
    ]

    assert found[0] == found[1]
    assert winners[0] == winners[1] == [name for name in found[:1] if name is not None]
