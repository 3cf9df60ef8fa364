"""STOP and START: which texts mean it, what they mean it of, and the SMS that says so."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mo_gateway.confirmation import LONGEST_SHOWN, confirmation, shown
from mo_gateway.gsm import Alphabet, measure
from mo_gateway.message import Message
from mo_gateway.stop import LONGEST_WORD, WORD_LISTS, Wish, WishKind, WordList, fold, might_be_wish, read_wish
from mo_gateway.words import fold as fold_keyword

PAGE = Path(__file__).parent.parent / "docs" / "stop.md"

MOMENT = datetime(2026, 11, 22, 14, 2, 11, tzinfo=UTC)

STOP, START = WishKind.STOP, WishKind.START

#: What has a handler in these tests, folded as routing does it.
LIVE = {"win", "quiz", "c++", "❤", "sotp", "stop-smoking"}

#: A country with words of its own for each list, and one with none.
COUNTRIES = sorted({country for words in WORD_LISTS for country in words.countries} | {"GBR"})


def sms(text: str, country: str = "BEL", shortcode: str = "4414") -> Message:
    """Give a message as Spryng parts it: the first word, and the rest."""
    keyword, _, parm = text.partition(" ")
    return Message(
        provider="spryng",
        msisdn="32412345678",
        keyword=keyword,
        parm=parm,
        operator="20601",
        shortcode=shortcode,
        country=country,
        reference=None,
        timestamp_raw="20261122150211",
        sent_at=MOMENT,
        received_at=MOMENT,
        charset="iso-8859-1",
    )


def is_live(word: str) -> bool:
    return fold_keyword(word) in LIVE


def read(text: str, country: str = "BEL") -> Wish | None:
    return read_wish(sms(text, country), is_live=is_live)


def exact(words: WordList) -> Iterator[str]:
    yield from (*words.stop, *words.stop_alone, *words.start)


def each_word(kind: str) -> list[tuple[str, str]]:
    """Give each word of the lists with each country where it counts."""
    return [
        (word, country)
        for words in WORD_LISTS
        for word in getattr(words, kind)
        for country in words.countries or COUNTRIES
    ]


def transposed(word: str) -> set[str]:
    """Give a word with each two neighbouring letters exchanged, in the plainest way."""
    slips = set()
    for at in range(len(word) - 1):
        letters = list(word)
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
        slips.add("".join(letters))
    return slips - {word}


# What ends everything


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        "sToP",
        "Stop.",
        "  STOP!!!",
        "«STOP»",
        "S.T.O.P.",
        "STOP🛑",
        "ＳＴＯＰ",
        "ST\u200bOP",
        "Stop. Thank you",
        "STOP please do not text me any more",
        "Stop,thanks",
        "STOP 12345",
        "STOP ALL",
        "STOPALL",
        "STOP-ALL",
        "STOP all!",
        "STOP STOP STOP",
        "STOP START",
        "STOP WIN QUIZ",
        "STOP LOSE",
        "STOP\nWIN\nplease",
        "ARRET",
        "ARRÊT",
        "arre\u0302t svp",
        "Stopp",
        "unsubscribe me",
        "opt out",
        "OPT-OUT",
        "optout",
        "please STOP",
        "please: stop!",
        "START STOP",
        "UIT STOP",
        "cant STPO",
    ],
)
def test_stop_ends_everything_whatever_follows(text: str) -> None:
    wish = read(text.strip())

    assert wish is not None
    assert (wish.kind, wish.keyword) == (STOP, None)


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("UIT", "NLD"),
        ("Uit!", "NLD"),
        ("uit uit", "NLD"),
        ("af", "NLD"),
        ("off", "NLD"),
        ("BAJA", "ESP"),
        ("baja.", "ESP"),
        ("RET", "TUR"),
        ("RET MARKA", "TUR"),
        ("iptal", "TUR"),
        ("İPTAL", "TUR"),
        ("ıptal", "TUR"),
        ("İptal", "TUR"),
        ("Stopp", "AUT"),
        ("STOP", "GBR"),
        ("STOP ALL", "GBR"),
        ("STOP SMS", "FRA"),
        ("STOPSMS", "FRA"),
        ("CANCEL", "USA"),
        ("STOP", "VUT"),
    ],
)
def test_each_country_has_its_own_words(text: str, country: str) -> None:
    wish = read(text, country)

    assert wish is not None
    assert (wish.kind, wish.keyword, wish.is_misspelt) == (STOP, None, False)


@pytest.mark.parametrize(("word", "country"), each_word("stop") + each_word("stop_alone"))
def test_every_stop_word_ends_everything_in_its_countries(word: str, country: str) -> None:
    expected = Wish(kind=STOP, word=word)

    assert read(word, country) == expected
    assert read(word.lower(), country) == Wish(kind=STOP, word=word.lower())
    assert read(word.replace(" ", ""), country) == Wish(kind=STOP, word=word.replace(" ", ""))


# What ends one keyword


@pytest.mark.parametrize(
    ("text", "word", "keyword"),
    [
        ("STOP WIN", "STOP", "WIN"),
        ("stop win", "stop", "win"),
        ("STOP, WIN!", "STOP,", "WIN!"),
        ("STOP + WIN", "STOP", "WIN"),
        ("STOP +WIN", "STOP", "WIN"),
        ("STOP+WIN", "STOP", "WIN"),
        ("STOP-WIN", "STOP", "WIN"),
        ("STOP C++", "STOP", "C++"),
        ("STOP ❤", "STOP", "❤"),
        ("STOP STOP WIN", "STOP", "WIN"),
        ("TSOP WIN", "TSOP", "WIN"),
        ("ARRÊT WIN", "ARRÊT", "WIN"),
        ("WIN STOP", "STOP", "WIN"),
        ("win stop.", "stop.", "win"),
        ("WIN: STOP", "STOP", "WIN:"),
        ("WIN+ STOP", "STOP", "WIN"),
        ("WIN+STOP", "STOP", "WIN"),
        ("WIN/stop!", "stop!", "WIN"),
        ("WIN + STOP", "STOP", "WIN"),
        ("WIN TSOP", "TSOP", "WIN"),
        ("SOTP STOP", "STOP", "SOTP"),
    ],
)
def test_stop_and_a_live_keyword_end_that_one(text: str, word: str, keyword: str) -> None:
    wish = read(text)

    assert wish is not None
    assert (wish.kind, wish.word.strip("+ "), wish.keyword) == (STOP, word, keyword)


@pytest.mark.parametrize(
    ("text", "country"),
    [("UIT WIN", "NLD"), ("WIN UIT", "NLD"), ("WIN af", "NLD"), ("BAJA WIN", "ESP"), ("WIN RET", "TUR")],
)
def test_an_everyday_word_and_a_live_keyword_end_that_one(text: str, country: str) -> None:
    wish = read(text, country)

    assert wish is not None
    assert (wish.kind, wish.keyword) == (STOP, "WIN")


# What is none


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("I want to stop", "BEL"),
        ("please do stop", "BEL"),
        ("WIN please STOP", "BEL"),
        ("WIN STOP now", "BEL"),
        ("STOPPEN", "NLD"),
        ("stops", "BEL"),
        ("STOOP", "BEL"),
        ("STTOP", "BEL"),
        ("STP", "BEL"),
        ("SOP", "BEL"),
        ("STOP1", "BEL"),
        ("POTS", "BEL"),
        ("non-stop", "BEL"),
        ("nonstop muziek", "BEL"),
        ("stop-smoking", "BEL"),
        ("Stop-Smoking day 3", "BEL"),
        ("WIN", "BEL"),
        ("WIN ON", "NLD"),
        ("HELLO", "BEL"),
        ("... STOP", "BEL"),
        ("!", "BEL"),
        ("", "BEL"),
        ("Uit Gent", "NLD"),
        ("Af en toe", "NLD"),
        ("af-en-toe", "NLD"),
        ("Baja California", "ESP"),
        ("licht uit", "NLD"),
        ("iptal randevu", "TUR"),
        ("CANCEL my order", "USA"),
    ],
)
def test_other_texts_are_handlers_business_alone(text: str, country: str) -> None:
    assert read(text, country) is None


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("UIT", "BEL"),
        ("AF", "BEL"),
        ("AF", "FRA"),
        ("BAJA", "NLD"),
        ("RET", "DEU"),
        ("ARRET", "NLD"),
        ("STOPP", "NLD"),
        ("END", "GBR"),
        ("ALTA", "BEL"),
        ("AAN", "BEL"),
        ("WIN AAN", "BEL"),
    ],
)
def test_words_of_other_countries_do_not_count(text: str, country: str) -> None:
    assert read(text, country) is None


def test_signs_behind_a_word_count_up_to_its_greatest_length_and_spaces_do_not() -> None:
    short, long = "STOP" + "!" * (LONGEST_WORD - 4), "STOP" + "!" * LONGEST_WORD

    assert read(f"WIN {short}") == Wish(kind=STOP, word=short, keyword="WIN")
    assert read(f"WIN {long}") is None
    assert read(long) == Wish(kind=STOP, word=short)
    assert read(f"WIN   STOP{' ' * 1000}") == Wish(kind=STOP, word="STOP", keyword="WIN")


# Misspellings


@pytest.mark.parametrize(("word", "country"), each_word("stop"))
def test_every_transposition_of_a_stop_word_is_read_as_it(word: str, country: str) -> None:
    plain = word.replace(" ", "")
    slips = {slip for slip in transposed(plain) if slip.lower() not in LIVE}

    for slip in slips if len(plain) >= 4 else ():
        assert read(slip, country) == Wish(kind=STOP, word=slip, is_misspelt=True)
        assert read(f"{slip} WIN", country) == Wish(kind=STOP, word=slip, keyword="WIN", is_misspelt=True)


@pytest.mark.parametrize(("word", "country"), each_word("stop_alone") + each_word("start") + [("RET", "TUR")])
def test_everyday_words_short_words_and_start_count_only_as_they_are_written(word: str, country: str) -> None:
    for slip in transposed(word):
        assert read(slip, country) is None


def test_no_misspelling_is_a_word_of_any_list() -> None:
    words = {fold(word) for words in WORD_LISTS for word in exact(words)}
    slips = {slip for words in WORD_LISTS for word in words.stop for slip in transposed(fold(word))}

    assert words & slips == set()


def test_no_word_means_two_things_in_one_country() -> None:
    for country in COUNTRIES:
        lists = [words for words in WORD_LISTS if country in words.countries or not words.countries]
        words = [fold(word) for words in lists for word in exact(words)]
        assert len(words) == len(set(words)), country


@pytest.mark.parametrize("text", ["SOTP", "sotp", "Sotp!", "SOTP please", "SOTP WIN"])
def test_a_live_keyword_beats_a_misspelling(text: str) -> None:
    assert read(text) is None


def test_a_live_keyword_further_on_beats_a_misspelling() -> None:
    assert read("WIN SOTP") is None
    assert read("hello SOTP") is None
    assert read("STOP SOTP") == Wish(kind=STOP, word="STOP", keyword="SOTP")


@pytest.mark.parametrize(("text", "country"), [("STOP", "BEL"), ("ARRET", "BEL"), ("UIT", "NLD"), ("BAJA", "ESP")])
def test_no_live_keyword_beats_an_exact_word(text: str, country: str) -> None:
    wish = read_wish(sms(text, country), is_live=lambda _word: True)

    assert wish == Wish(kind=STOP, word=text)


def test_a_word_of_the_lists_is_never_the_keyword_behind_another() -> None:
    def read_where_all_is_live(text: str) -> Wish | None:
        return read_wish(sms(text), is_live=lambda _word: True)

    assert read_where_all_is_live("STOP START") == Wish(kind=STOP, word="STOP")
    assert read_where_all_is_live("STOP ARRET") == Wish(kind=STOP, word="STOP")
    assert read_where_all_is_live("START STOP") == Wish(kind=STOP, word="STOP", keyword="START")
    assert read_where_all_is_live("STOP TSOP") == Wish(kind=STOP, word="STOP", keyword="TSOP")


def test_stop_all_is_everything_even_where_all_is_a_keyword() -> None:
    wish = read_wish(sms("STOP ALL", "GBR"), is_live=lambda _word: True)

    assert wish == Wish(kind=STOP, word="STOP ALL")


# START


@pytest.mark.parametrize(("word", "country"), each_word("start"))
def test_every_start_word_undoes_all_or_one(word: str, country: str) -> None:
    assert read(word, country) == Wish(kind=START, word=word)
    assert read(f"{word.lower()}!", country) == Wish(kind=START, word=f"{word.lower()}!")
    assert read(f"{word} WIN", country) == Wish(kind=START, word=word, keyword="WIN")
    assert read(f"WIN {word}", country) == Wish(kind=START, word=word, keyword="WIN")


@pytest.mark.parametrize(
    "text",
    [
        "START please",
        "please START",
        "START 12345",
        "START LOSE",
        "LOSE START",
        "START WIN QUIZ",
        "TSART",
        "STRAT",
    ],
)
def test_start_counts_exact_and_with_nothing_but_a_live_keyword(text: str) -> None:
    assert read(text) is None


# Words of one's own


def test_own_words_end_everything_or_one_keyword() -> None:
    words = ("AFMELDEN", "geen sms")

    def with_own(text: str) -> Wish | None:
        return read_wish(sms(text), is_live=is_live, extra=words)

    assert with_own("afmelden") == Wish(kind=STOP, word="afmelden")
    assert with_own("Geen SMS!") == Wish(kind=STOP, word="Geen SMS!")
    assert with_own("WIN afmelden") == Wish(kind=STOP, word="afmelden", keyword="WIN")
    assert with_own("afmelden voor dinsdag") is None
    assert with_own("AFMELEDN") is None
    assert with_own("STOP thanks") == Wish(kind=STOP, word="STOP")


def test_own_words_do_not_change_the_meaning_of_the_lists() -> None:
    wish = read_wish(sms("STOP thanks"), is_live=is_live, extra=("stop", "START", "", "?!", "! ALL"))

    assert wish == Wish(kind=STOP, word="STOP")
    assert read_wish(sms("START"), is_live=is_live, extra=("START",)) == Wish(kind=START, word="START")
    assert read_wish(sms("!! ALL"), is_live=is_live, extra=("", "?!", "! ALL")) is None


# Hostile texts

PIECES = st.sampled_from(
    [
        *{word for words in WORD_LISTS for word in exact(words)},
        *["WIN", "TSOP", "STPOALL", "ALL", "OUT", "OPT", "C++", "❤", "sotp", "afmelden", "geen", "sms"],
        *[
            " ",
            "  ",
            "+",
            "-",
            ".",
            "!",
            "_",
            "\n",
            "\t",
            "\x00",
            "\u200b",
            "\u0302",
            "\ud800",
            "\u00a0",
            "½",
            "ﷺ",
        ],
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=6).map("".join))


@given(
    keyword=TEXTS,
    parm=TEXTS,
    country=st.sampled_from(COUNTRIES),
    live=st.sets(TEXTS, max_size=3),
    all_live=st.booleans(),
)
@example(keyword="WIN+S-T-O-P", parm="", country="BEL", live={"WIN"}, all_live=False)
@example(keyword="½", parm="STOP", country="BEL", live={"1"}, all_live=False)
@example(keyword="STOP", parm="!" * 10_000 + "WIN", country="BEL", live=set(), all_live=True)
@example(keyword="WIN", parm="STOP" + " " * 10_000, country="BEL", live={"WIN"}, all_live=False)
def test_no_text_breaks_reading_and_what_might_be_a_wish_is_never_missed(
    keyword: str, parm: str, country: str, live: set[str], all_live: bool
) -> None:
    own = ("AFMELDEN", "geen sms")
    message = replace(sms("", country), keyword=keyword, parm=parm)

    for extra in ((), own):
        wish = read_wish(message, is_live=lambda word: all_live or word in live, extra=extra)
        if wish is not None:
            assert might_be_wish(keyword, parm, extra)
            assert len(wish.word) <= LONGEST_WORD
            assert wish.keyword is None or 0 < len(wish.keyword) <= LONGEST_WORD
            assert fold(keyword)


@given(TEXTS)
def test_folding_leaves_letters_and_digits_only(text: str) -> None:
    assert fold(text) == "" or fold(text).isalnum()


@pytest.mark.parametrize(
    ("keyword", "parm"),
    [("WIN", ""), ("WIN", "blue"), ("HELLO", "I want to stop"), ("café", "crème"), ("stops", "here"), ("", "")],
)
def test_usual_texts_are_known_to_be_no_wish_without_a_closer_look(keyword: str, parm: str) -> None:
    assert not might_be_wish(keyword, parm)
    assert not might_be_wish(keyword, parm, ("AFMELDEN",))


def test_a_long_text_costs_no_time() -> None:
    texts = ["!" * 65_536, " " * 65_536, "+STOP" * 13_000, "é " * 32_768, "WIN" + "!" * 65_536 + "a"]
    begun = thread_time()  # of this thread alone: a host may be busy

    for keyword, parm in product(["STOP", "WIN", *texts], texts):
        might_be_wish(keyword, parm)
    for parm in texts:
        read(f"STOP {parm}")
        read(f"WIN {parm}")

    assert thread_time() - begun < 5


# The confirmation

WISHES = [Wish(kind=kind, word="x", keyword=keyword) for kind in WishKind for keyword in (None, "WIN")]


@pytest.mark.parametrize("country", [*COUNTRIES, "XXX"])
@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: f"{wish.kind} {wish.keyword}")
def test_a_confirmation_names_the_shortcode_and_the_keyword(wish: Wish, country: str) -> None:
    text = confirmation(wish, sms("STOP", country))

    assert "4414" in text
    assert ("WIN" in text) == (wish.keyword is not None)
    assert "{" not in text


@pytest.mark.parametrize("country", [*COUNTRIES, "XXX"])
@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: f"{wish.kind} {wish.keyword}")
def test_a_confirmation_says_what_undoes_it(wish: Wish, country: str) -> None:
    text = confirmation(wish, sms("STOP", country))
    told = re.findall(r"\b(?:START|STOP|ALTA|BAJA|RET)\b(?: WIN\b)?", text)[-1]

    undone = read(told, country)

    assert undone is not None
    assert (undone.kind is not wish.kind, undone.keyword) == (True, wish.keyword)


def test_belgium_is_told_in_dutch_and_in_french() -> None:
    text = confirmation(Wish(kind=STOP, word="STOP"), sms("STOP"))

    assert "u krijgt geen berichten meer" in text
    assert "vous ne recevrez plus de messages" in text


@given(
    wish=st.builds(Wish, kind=st.sampled_from(WishKind), word=TEXTS, keyword=st.none() | TEXTS),
    country=st.sampled_from([*COUNTRIES, "XXX"]),
)
@example(wish=Wish(kind=STOP, word="STOP", keyword="€" * 40), country="BEL")
@example(wish=Wish(kind=STOP, word="STOP", keyword="W" * 40), country="BEL")
@example(wish=Wish(kind=START, word="START", keyword="{shortcode}"), country="TUR")
def test_a_confirmation_is_one_sms_on_one_line_whatever_the_phone_sent(wish: Wish, country: str) -> None:
    text = confirmation(wish, sms("STOP", country, shortcode="1" * 20))

    sizing = measure(text)
    assert (sizing.alphabet, len(sizing.parts)) == (Alphabet.GSM, 1)
    assert text.isprintable()


@pytest.mark.parametrize("country", [*COUNTRIES, "XXX"])
@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: f"{wish.kind} {wish.keyword}")
def test_a_confirmation_that_comes_back_is_no_wish(wish: Wish, country: str) -> None:
    assert read(confirmation(wish, sms("STOP", country)), country) is None


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("WIN", "WIN"),
        ("café", "café"),
        ("fête", "fete"),
        ("KAZANÇ", "KAZANÇ"),
        ("kazanç", "kazanc"),
        ("straße", "straße"),
        ("q\u0302", "q"),
        ("ＷＩＮ", "WIN"),
        ("W\nIN", "W?IN"),
        ("a{b}€", "a?b??"),
        ("победа", "??????"),
        ("❤", "?"),
        ("ABCDEFGHIJKLMNOPQ", "ABCDEFGHIJKLMNO"),
        ("", ""),
    ],
)
def test_a_keyword_is_shown_in_what_every_sms_has(keyword: str, expected: str) -> None:
    assert shown(keyword) == expected
    assert len(expected) <= LONGEST_SHOWN


# The page


def test_the_word_lists_are_those_of_the_page() -> None:
    table = re.search(r"^\| country .*?(?=^$)", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert table
    documented = [[cell.strip() for cell in row.strip("|").split("|")] for row in table[0].splitlines()[2:]]

    assert documented == [
        [
            ", ".join(words.countries) or "every country",
            words.language,
            *(", ".join(f"`{word}`" for word in of) for of in (words.stop, words.stop_alone, words.start)),
        ]
        for words in WORD_LISTS
    ]
