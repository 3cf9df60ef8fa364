"""Routing by more than the word: patterns, senders, operators, countries, forms, times, priorities, questions."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from mo_gateway.errors import ConfigError
from mo_gateway.message import Question
from mo_gateway.plugin import Form, Handler, Keyword, Terms
from mo_gateway.routing import Route, Routes
from mo_gateway.terms import Sms
from mo_gateway.words import fold

from .handlers.received import message

SIX = datetime(2026, 12, 1, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)

#: The most specific first; each is beaten by all before it.
LADDER = [
    ("vip", Keyword("WIN", "4414", terms=Terms(senders=frozenset({"32412345678"})))),
    ("network", Keyword("WIN", "4414", terms=Terms(operators=frozenset({"20601"})))),
    ("country", Keyword("WIN", "4414", terms=Terms(countries=frozenset({"BEL"})))),
    ("form", Keyword("WIN", "4414", terms=Terms(form=Form.WITH_TEXT))),
    ("time", Keyword("WIN", "4414", terms=Terms(since=SIX))),
    ("priority", Keyword("WIN", "4414", priority=1)),
    ("word", Keyword("WIN", "4414")),
    ("word anywhere", Keyword("WIN", None, terms=Terms(senders=frozenset({"32412345678"})))),
    ("pattern", Keyword("win blue", "4414", is_pattern=True)),
    ("pattern anywhere", Keyword("w.*", None, is_pattern=True)),
    ("rest", Keyword("*", "4414")),
    ("rest anywhere", Keyword("*", None)),
]
FITS_ALL = Sms(
    shortcode="4414",
    keyword="win",
    parm="blue",
    msisdn="32412345678",
    operator="20601",
    country="BEL",
    sent_at=SIX,
)


def routes(*named: tuple[str, Keyword]) -> Routes:
    """Give routes, each with a handler of its own that has its name."""
    return Routes(handler(name, keyword) for name, keyword in named)


def handler(name: str, *keywords: Keyword) -> Handler:
    return Handler(name=name, place=f"{name}.toml:1", function=lambda _message: name, keywords=keywords)


def winner(table: Routes, sms: Sms) -> str | None:
    route = table.find(sms)
    return route.handler.name if route else None


@pytest.mark.parametrize("at", range(len(LADDER)), ids=[name for name, _ in LADDER])
def test_each_step_of_the_ladder_wins_over_all_below_it_whatever_was_loaded_first(at: int) -> None:
    below = LADDER[at:]

    assert {winner(routes(*Random(seed).sample(below, len(below))), FITS_ALL) for seed in range(5)} == {
        LADDER[at][0]
    }


@pytest.mark.parametrize(
    ("terms", "sms", "reason"),
    [
        (Terms(senders=frozenset({"32400000000"})), FITS_ALL, "the sender is not on its list"),
        (Terms(operators=frozenset({"20610"})), FITS_ALL, "another operator: 20601"),
        (Terms(countries=frozenset({"NLD"})), FITS_ALL, "another country: BEL"),
        (Terms(form=Form.ALONE), FITS_ALL, "it takes the word alone, and there is text behind it"),
        (
            Terms(form=Form.WITH_TEXT),
            replace(FITS_ALL, parm=" \n"),
            "it takes the word with text behind it, and there is none",
        ),
        (Terms(since=SIX), replace(FITS_ALL, sent_at=SIX - SECOND), "it begins at 2026-12-01 18:00:00 +0000"),
        (Terms(until=SIX), FITS_ALL, "it ended at 2026-12-01 18:00:00 +0000"),
    ],
)
def test_a_route_that_does_not_fit_is_passed_over_and_the_reason_told(terms: Terms, sms: Sms, reason: str) -> None:
    table = routes(("special", Keyword("WIN", "4414", terms=terms)), ("usual", Keyword("WIN", "4414")))

    assert winner(table, sms) == "usual"
    (told,) = [verdict for verdict in table.explain(sms) if verdict.route.handler.name == "special"]
    assert not told.wins
    assert told.is_of_word
    assert told.reason == reason


def test_a_time_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    table = routes(("vote", Keyword("WIN", None, terms=Terms(since=SIX, until=SIX + SECOND))))

    moments = [SIX - SECOND, SIX, SIX + SECOND / 2, SIX + SECOND]
    assert [winner(table, replace(FITS_ALL, sent_at=at)) for at in moments] == [None, "vote", "vote", None]


def test_what_is_not_known_of_a_message_fits() -> None:
    terms = Terms(senders=frozenset({"1"}), operators=frozenset({"2"}), countries=frozenset({"3"}), since=SIX)

    assert (
        winner(routes(("vip", Keyword("WIN", None, terms=terms))), Sms(shortcode="4414", keyword="win")) == "vip"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Terms(), Terms()),
        (Terms(operators=frozenset("12")), Terms(operators=frozenset("23"))),
        (Terms(since=SIX), Terms(since=SIX + SECOND)),
        (Terms(until=SIX), Terms(since=SIX - SECOND)),
        (Terms(form=Form.ALONE), Terms(form=Form.ALONE)),
    ],
)
def test_routes_that_one_message_could_fit_and_nothing_decides_between_are_refused(
    one: Terms, other: Terms
) -> None:
    with pytest.raises(ConfigError, match="two handlers"):
        routes(("a", Keyword("WIN", None, terms=one)), ("b", Keyword("win", None, terms=other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Terms(operators=frozenset("12")), Terms(operators=frozenset("34"))),
        (Terms(countries=frozenset({"BEL"})), Terms(countries=frozenset({"NLD"}))),
        (Terms(senders=frozenset("1")), Terms(senders=frozenset("2"))),
        (Terms(until=SIX), Terms(since=SIX)),
        (Terms(form=Form.ALONE), Terms(form=Form.WITH_TEXT)),
        (Terms(), Terms(since=SIX)),
    ],
)
def test_routes_that_no_message_fits_both_or_that_differ_in_what_they_ask_for_may_stand_together(
    one: Terms, other: Terms
) -> None:
    table = routes(("a", Keyword("WIN", None, terms=one)), ("b", Keyword("win", None, terms=other)))

    assert len(table) == 2


def test_two_handlers_for_the_answers_to_one_question_are_refused() -> None:
    one, other = (replace(handler(name), answers=("postcode",)) for name in "ab")

    with pytest.raises(ConfigError) as refused:
        Routes([one, other])

    assert str(refused.value) == "The answers to 'postcode' have two handlers: a (a.toml:1) and b (b.toml:1)."


@pytest.mark.parametrize("more", [{"keywords": (Keyword("WIN", None),)}, {"answers": ("postcode",)}])
def test_an_observer_takes_no_keyword_and_no_answer(more: dict[str, Any]) -> None:
    observer = replace(handler("crm"), observes=True, **more)

    with pytest.raises(ConfigError) as refused:
        Routes([observer])

    assert str(refused.value) == (
        "crm (crm.toml:1) is marked @every_message, so it sees all messages already:"
        " it takes no keyword and no answer besides."
    )


def test_observers_are_kept_in_the_order_in_which_they_were_loaded() -> None:
    crm, usual, archive = handler("crm"), handler("usual", Keyword("WIN", None)), handler("archive")

    table = Routes([replace(crm, observes=True), usual, replace(archive, observes=True)])

    assert [observer.name for observer in table.observers] == ["crm", "archive"]
    assert [route.handler.name for route in table] == ["usual"]


# Patterns


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("[0-9]{4} ?[A-Z]{2}", "1234 ab", True),
        ("[0-9]{4} ?[A-Z]{2}", "1234ab", True),
        ("[0-9]{4} ?[A-Z]{2}", "send 1234 ab", False),
        ("win.*", "WIN a\nb", True),
        ("été", "ÉTÉ", True),
        (".*", "\ud83d half", True),
        ("", "", True),
    ],
)
def test_a_pattern_matches_the_whole_text_in_upper_or_lower_case(pattern: str, text: str, fits: bool) -> None:
    keyword, _, parm = text.partition(" ")
    table = routes(("it", Keyword(pattern, None, is_pattern=True)))

    sms = Sms(shortcode="4414", keyword=keyword, parm=parm)
    assert winner(table, sms) == ("it" if fits else None)
    assert table.explain(sms)[0].wins is fits


@pytest.mark.timeout(20)
def test_no_pattern_and_no_text_make_it_slow() -> None:
    table = routes(*((f"evil {n}", Keyword(f"(a+)+{n}$|(a|aa)+{n}", None, is_pattern=True)) for n in range(20)))

    assert winner(table, Sms(shortcode="4414", keyword="a" * 10_000 + "!")) is None


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "(?=x)", r"(a)\1", "[", "\\"])
def test_what_is_no_pattern_is_named_with_its_place(pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"it \(it.toml:1\): .* is not a regular expression as RE2 takes it"):
        routes(("it", Keyword(pattern, None, is_pattern=True)))


def test_of_patterns_that_are_equally_specific_the_higher_priority_wins_then_the_first_loaded() -> None:
    first, second = (
        ("first", Keyword("w.*", None, is_pattern=True)),
        ("second", Keyword(".*n", None, is_pattern=True)),
    )
    third = ("third", Keyword("...", None, is_pattern=True, priority=1))

    sms = Sms(shortcode="4414", keyword="win")
    assert winner(routes(first, second), sms) == "first"
    assert winner(routes(second, first), sms) == "second"
    assert winner(routes(first, second, third), sms) == "third"


# Questions


def test_an_answer_goes_to_whoever_waits_for_it_unless_a_keyword_always_wins() -> None:
    asked = message(keyword="HELP", question=Question(expect="postcode", note="", asked_at=SIX, message_id=1))
    postcode = replace(handler("postcode"), answers=("postcode",))
    usual, always = handler("usual", Keyword("HELP", None)), handler("always", Keyword("HELP", None, always=True))

    def taken_by(*handlers: Handler) -> str | None:
        found = Routes(handlers).handler_of(asked)
        return found.name if found else None

    assert taken_by(postcode, usual) == "postcode"
    assert taken_by(postcode, always) == "always"
    assert taken_by(usual) == "usual"  # who asked is not there any more
    assert taken_by() is None


# Shadows and changes


@pytest.mark.parametrize(
    ("keywords", "shadowed"),
    [
        ([Keyword("WIN", None), Keyword("WIN", None, priority=1)], ["0"]),
        ([Keyword("WIN", None, terms=Terms(form=Form.ALONE)), Keyword("WIN", None)], []),
        (
            [
                Keyword("WIN", None, terms=Terms(form=Form.ALONE)),
                Keyword("WIN", None, terms=Terms(form=Form.WITH_TEXT)),
                Keyword("WIN", None),
            ],
            ["2"],
        ),
        ([Keyword("WIN", "4414"), Keyword("WIN", None)], []),
        ([Keyword("WIN", None), Keyword("WIN", None, terms=Terms(since=SIX))], []),
        (
            [
                Keyword("WIN", None, terms=Terms(operators=frozenset("12")), priority=1),
                Keyword("WIN", None, terms=Terms(operators=frozenset("1"))),
            ],
            ["1"],
        ),
    ],
)
def test_a_route_that_can_never_win_is_named(keywords: Sequence[Keyword], shadowed: list[str]) -> None:
    table = routes(*((str(number), keyword) for number, keyword in enumerate(keywords)))

    assert [sentence.split("leads to ")[1].split()[0] for sentence in table.shadowed()] == shadowed


def test_a_route_is_named_with_all_that_it_asks_for() -> None:
    terms = Terms(
        senders=frozenset("1"),
        operators=frozenset({"20610", "20601"}),
        countries=frozenset({"NLD", "BEL"}),
        form=Form.ALONE,
        since=SIX,
        until=SIX + timedelta(hours=2),
    )
    asking, plain, pattern = routes(
        ("a", Keyword("WIN", "4414", terms=terms)),
        ("b", Keyword("Win", None)),
        ("c", Keyword("w.*", None, is_pattern=True)),
    )

    assert str(asking) == (
        "WIN on 4414 (a list of senders; 20601, 20610; BEL, NLD; alone; from 2026-12-01 18:00;"
        " until 2026-12-01 20:00)"
    )
    assert [str(plain), str(pattern)] == ["Win on any shortcode", "/w.*/ on any shortcode"]


def test_a_shadowed_route_is_told_in_a_sentence() -> None:
    table = routes(("usual", Keyword("WIN", "4414")), ("better", Keyword("win", "4414", priority=1)))

    assert table.shadowed() == [
        "WIN on 4414, which leads to usual (usual.toml:1), never wins:"
        " every message that fits it fits a route before it too."
    ]


@pytest.mark.parametrize(
    ("pattern", "keyword", "parm", "verdict"),
    [
        ("w.*", "win", "", "the most specific route that fits"),
        ("win blue", "win", "blue", "the most specific route that fits"),
        ("w.*", "lose", "", "the text does not match: w.*"),
    ],
)
def test_the_verdict_on_a_pattern_is_that_of_the_whole_text(
    pattern: str, keyword: str, parm: str, verdict: str
) -> None:
    table = routes(("it", Keyword(pattern, None, is_pattern=True)))

    (told,) = table.explain(Sms(shortcode="4414", keyword=keyword, parm=parm))
    assert (told.reason, told.is_of_word) == (verdict, told.wins)


def test_another_shortcode_is_told_with_whether_the_word_is_the_same() -> None:
    table = routes(("same", Keyword("WIN", "4415")), ("other", Keyword("LOSE", "4415")))

    told = [(one.route.handler.name, one.reason, one.is_of_word) for one in table.explain(FITS_ALL)]
    assert told == [
        ("same", "another shortcode: 4415, not 4414", True),
        ("other", "another shortcode: 4415, not 4414", False),
    ]


def test_the_words_of_a_handler_are_those_of_the_shortcode_and_of_all() -> None:
    contest = handler(
        "contest",
        Keyword("WIN", "4414"),
        Keyword("Prize", "4414"),
        Keyword("JOIN", None),
        Keyword("ELSEWHERE", "5000"),
        Keyword("*", "4414"),
        Keyword("w.*", "4414", is_pattern=True),
    )
    table = Routes([contest, handler("other", Keyword("NEWS", None))])

    assert table.words_with("4414", "win!") == {"win", "prize", "join"}
    assert table.words_with("5000", "join") == {"join", "elsewhere"}
    assert table.words_with("4414", "nothing") == frozenset()
    assert table.words_with("5000", "WIN") == frozenset()


def test_routes_are_taken_over_all_at_once() -> None:
    table, new = routes(("old", Keyword("WIN", None))), routes(("new", Keyword("LOSE", None)))

    table.take_over(new)

    assert (winner(table, FITS_ALL), winner(table, replace(FITS_ALL, keyword="lose"))) == (None, "new")
    assert len(table) == 1


# The definition, and what is looked up


def sets(values: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


TERMS = st.builds(
    Terms,
    senders=sets("12"),
    operators=sets("ab"),
    countries=sets("xy"),
    form=st.sampled_from(Form),
    since=st.sampled_from([None, SIX]),
    until=st.sampled_from([None, SIX + SECOND]),
)
SHORTCODES = st.sampled_from([None, "4414", "5515"])
PRIORITIES = st.integers(0, 2)
WORDS = st.builds(
    Keyword, st.sampled_from(["win", "WIN!", "lose", "*"]), SHORTCODES, terms=TERMS, priority=PRIORITIES
)
PATTERNS = st.builds(
    Keyword,
    st.sampled_from(["w.*", "[a-z]+", ".* blue", ".", ""]),
    SHORTCODES,
    is_pattern=st.sampled_from([True]),
    terms=TERMS,
    priority=PRIORITIES,
)
KEYWORDS = st.lists(WORDS | PATTERNS, max_size=12)
MESSAGES = st.builds(
    Sms,
    shortcode=st.sampled_from(["4414", "5515"]),
    keyword=st.sampled_from(["Win", "lose", "draw", "?"]),
    parm=st.sampled_from(["", "blue"]),
    msisdn=st.sampled_from(["1", "2", "3", ""]),
    operator=st.sampled_from(["a", "b", "c", ""]),
    country=st.sampled_from(["x", "y", "z", ""]),
    sent_at=st.sampled_from([SIX - SECOND, SIX, SIX + SECOND, None]),
)


def numbered(keywords: Sequence[Keyword]) -> Routes:
    """Give routes to handlers that are named 0, 1, 2 …; what clashes is no example."""
    try:
        return routes(*((str(number), keyword) for number, keyword in enumerate(keywords)))
    except ConfigError:
        raise UnsatisfiedAssumption from None


def fits(keyword: Keyword, sms: Sms) -> bool:
    """Tell by the definition, without any table, whether a route takes a message."""
    terms = keyword.terms
    text = f"{sms.keyword} {sms.parm}".strip()
    is_of_word = keyword.word == "*" or fold(keyword.word) == fold(sms.keyword) != ""
    return (
        keyword.shortcode in (None, sms.shortcode)
        and (bool(re.fullmatch(keyword.word, text, re.IGNORECASE)) if keyword.is_pattern else is_of_word)
        and (not terms.senders or sms.msisdn in ("", *terms.senders))
        and (not terms.operators or sms.operator in ("", *terms.operators))
        and (not terms.countries or sms.country in ("", *terms.countries))
        and (terms.form is Form.ANY or (terms.form is Form.ALONE) == (sms.parm == ""))
        and (terms.since is None or sms.sent_at is None or sms.sent_at >= terms.since)
        and (terms.until is None or sms.sent_at is None or sms.sent_at < terms.until)
    )


def worth(route: Route) -> tuple[object, ...]:
    """Give, by the page, what is compared."""
    keyword, terms = route.keyword, route.keyword.terms
    return (
        1 if keyword.is_pattern else 0 if keyword.word == "*" else 2,
        keyword.shortcode is not None,
        bool(terms.senders),
        bool(terms.operators),
        bool(terms.countries),
        terms.form is not Form.ANY,
        terms.since is not None or terms.until is not None,
        keyword.priority,
    )


@given(KEYWORDS, MESSAGES)
def test_the_route_that_is_found_is_the_first_best_of_all_that_fit(keywords: list[Keyword], sms: Sms) -> None:
    table = numbered(keywords)

    fitting = [route for route in table if fits(route.keyword, sms)]
    assert table.find(sms) == max(fitting, key=worth, default=None)


@given(KEYWORDS, MESSAGES, st.randoms(use_true_random=False))
def test_words_lead_to_the_same_whatever_was_loaded_first(
    keywords: list[Keyword], sms: Sms, order: Random
) -> None:
    named = [(str(number), keyword) for number, keyword in enumerate(keywords) if not keyword.is_pattern]
    numbered([keyword for _, keyword in named])
    shuffled = order.sample(named, len(named))

    assert winner(routes(*named), sms) == winner(routes(*shuffled), sms)


@given(KEYWORDS, MESSAGES)
def test_an_explanation_agrees_with_what_is_found(keywords: list[Keyword], sms: Sms) -> None:
    table = numbered(keywords)
    found = table.find(sms)

    told = table.explain(sms)
    assert [verdict.route for verdict in told if verdict.wins] == ([found] if found else [])
    beaten = {verdict.route.handler.name for verdict in told if verdict.reason.startswith("less specific than")}
    assert beaten == {r.handler.name for r in table if r is not found and fits(r.keyword, sms)}


ALL_MESSAGES = [
    Sms(shortcode=on, keyword=word, parm=parm, msisdn=who, operator=operator, country=country, sent_at=at)
    for on in ("4414", "5515")
    for word in ("win", "lose")
    for parm in ("", "blue")
    for who in ("1", "2", "3", "")
    for operator in ("a", "b", "c", "")
    for country in ("x", "y", "z", "")
    for at in (SIX - SECOND, SIX, SIX + SECOND, None)
]


OF_ONE_WORD = st.builds(
    Keyword,
    st.just("win"),
    st.none(),
    terms=st.builds(
        Terms,
        operators=sets("ab"),
        form=st.sampled_from(Form),
        since=st.sampled_from([None, SIX]),
        until=st.sampled_from([None, SIX + SECOND]),
    ),
    priority=PRIORITIES,
)


@settings(max_examples=60)
@given(st.lists(OF_ONE_WORD, min_size=2, max_size=8))
def test_no_route_that_wins_any_message_is_called_shadowed(keywords: list[Keyword]) -> None:
    table = numbered(keywords)
    named = {sentence.split("leads to ")[1].split()[0] for sentence in table.shadowed()}
    event(f"{len(named)} shadowed")

    assert not named or not named & {winner(table, sms) for sms in ALL_MESSAGES}


@pytest.mark.timeout(60)
def test_thousands_of_patterns_all_match_what_they_should() -> None:
    named = (
        (str(n), Keyword(f"(order|bestel|commande) {n}[a-z]{{2}}( .*)?", None, is_pattern=True))
        for n in range(2000)
    )
    table = routes(*named)

    texts = {str(n): Sms(shortcode="4414", keyword="Bestel", parm=f"{n}xy please") for n in range(0, 2000, 111)}
    assert {name: winner(table, sms) for name, sms in texts.items()} == {name: name for name in texts}
    assert winner(table, Sms(shortcode="4414", keyword="order", parm="2000xy")) is None
