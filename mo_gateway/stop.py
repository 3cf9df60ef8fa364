"""STOP and START: what an SMS wishes; pure reading, nothing is stored or sent here.

STOP alone ends everything on a shortcode; STOP with a live keyword, before or behind it, ends that one. That is
how the Belgian Ethics Commission for telecommunications explains it to subscribers (telethicom.be, "Een SMS-dienst
stopzetten"), and it does no harm elsewhere. A misspelt STOP counts too: the Belgian operators' GOF guidelines name
`sToP` and `TSOP`.

A STOP read where none was meant costs one SMS, which says how to undo it; one overlooked costs the subscriber's
patience, and in the end the shortcode. So STOP is read freely, and START, which lifts it, strictly: exact, and
with nothing but a live keyword beside it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import lru_cache

from .message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class WordList:
    """The words of one language, in some countries; of two words the space may be left out."""

    countries: tuple[str, ...]  #: ISO 3166-1 alpha-3; empty = every country
    language: str
    stop: tuple[str, ...] = ()  #: mean STOP whatever follows, and misspelt too
    stop_alone: tuple[str, ...] = ()  #: everyday words: mean STOP alone or with a keyword, and exact
    start: tuple[str, ...] = ()


# Only what a regulator, a law or a provider documents. ABMELDEN, ENDE, DUR and the like are found nowhere as a
# rule; who has promised them to subscribers adds them as words of their own.
WORD_LISTS = (
    WordList(
        countries=(),
        language="any",
        # CTIA's list as Twilio, Telnyx and Braze have it, less its everyday words. STOP and STOP ALL are also the
        # words of the regulator of the United Kingdom (PhonepayPlus, now Ofcom) and of the Swiss operators.
        stop=("STOP", "STOP ALL", "UNSUBSCRIBE", "OPT OUT"),
        start=("START", "UNSTOP"),
    ),
    WordList(
        countries=("BEL", "FRA", "CAN"),
        language="French",
        # The French word; Canada requires it (CWTA, short code guidelines). Accents do not matter: ARRÊT.
        stop=("ARRET",),
    ),
    WordList(
        countries=("FRA",),
        language="French",
        # What advertisements end with, as the CNIL wants it: `STOP SMS 36xxx`; people copy it in one word.
        stop=("STOP SMS",),
    ),
    WordList(
        countries=("BEL", "DEU", "AUT"),
        language="German",
        # Austria's KEM-V since 2007: both "Stopp" and "Stop". Germany's code of conduct of 2006 has STOP only.
        stop=("STOPP",),
    ),
    WordList(
        countries=("NLD",),
        language="Dutch",
        # SMS-gedragscode: "uit" or "off" (2004), STOP or UIT (2009). AF and AAN are the words in their place in
        # many advertisements: `stuur GRAP AAN naar 4411`. ON is left out: `JOIN ON` is an ordinary message.
        stop_alone=("UIT", "AF", "OFF"),
        start=("AAN",),
    ),
    WordList(
        countries=("ESP",),
        language="Spanish",
        # BAJA: code of conduct for premium messages (BOE-A-2009-12439). ALTA is how one subscribes.
        stop_alone=("BAJA",),
        start=("ALTA",),
    ),
    WordList(
        countries=("TUR",),
        language="Turkish",
        # RET and the sender's name: the national registry's short message (İYS, 3338). IPTAL: the providers' word.
        stop=("RET",),
        stop_alone=("IPTAL",),
    ),
    WordList(
        countries=("USA", "CAN"),
        language="English",
        # 47 CFR 64.1200(a)(10) and CTIA; elsewhere CANCEL and END more often mean something else.
        stop_alone=("CANCEL", "END", "QUIT", "REVOKE"),
    ),
)

#: Words from a phone are kept to this length; a longer PARM is not one word.
LONGEST_WORD = 40


class WishKind(StrEnum):
    """What somebody wishes."""

    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wishes to hear no more, or to hear again."""

    kind: WishKind
    word: str  #: the word that says so, as sent, at most 40 characters
    keyword: str | None = None  #: the live keyword it is about, as sent; None = everything on the shortcode
    is_misspelt: bool = False


def read_wish(message: Message, *, is_live: Callable[[str], bool], extra: Collection[str] = ()) -> Wish | None:
    """Give what a message wishes, or None; `is_live` tells keywords that have a handler on its shortcode.

    Words in `extra` mean STOP as the everyday ones do: alone or with a live keyword.
    """
    senses = _senses(message.country, extra)
    first, rest = _first_and_rest(message, senses, is_live)
    return _said_first(first, rest, senses, is_live) or _said_last(first, rest, senses, is_live)


def might_be_wish(keyword: str, parm: str, extra: Collection[str] = ()) -> bool:
    """Tell whether `read_wish` could find a wish, whatever the country and the live keywords; quickly."""
    listed = _ANYWHERE.union(*map(_forms, extra)) if extra else _ANYWHERE
    if _is_listed(keyword, parm, listed):
        return True
    parted = _parted(keyword, parm)
    return parted is not None and _is_listed(*parted, listed)


@lru_cache(maxsize=4096)  # keywords come again and again
def fold(word: str) -> str:
    """Make words comparable: NFKC, casefolded, without accents and all that is neither letter nor digit.

    Stronger than the folding of keywords: here é is e, and the ı of a Turkish keyboard is i.
    """
    if word.isascii():
        return "".join(filter(str.isalnum, word)).lower()
    folded = unicodedata.normalize("NFKD", word).casefold().replace("ı", "i")
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", folded)))


# Reading


class _Sense(Enum):
    """How a word of the lists is meant."""

    STOP = auto()
    STOP_ALONE = auto()
    STOP_MISSPELT = auto()
    START = auto()


#: What each word means, folded; two words are there with and without their space.
_Senses = Mapping[str, _Sense]

#: Tells a keyword that has a handler.
_IsLive = Callable[[str], bool]


def _forms(word: str) -> set[str]:
    """Give what a word of a list is compared with."""
    return {fold(word), " ".join(filter(None, map(fold, word.split())))} - {""}


def _transpositions(word: str) -> set[str]:
    """Give a folded word with each two neighbouring letters exchanged."""
    swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    return set(swapped) - {word}


def _with_sense(words: Iterable[str], sense: _Sense) -> dict[str, _Sense]:
    return {form: sense for word in words for form in _forms(word)}


def _misspelt(words: Iterable[str]) -> dict[str, _Sense]:
    # three letters in another order are too often a word of their own
    long_enough = (folded for word in words if len(folded := fold(word)) >= 4)
    return {slip: _Sense.STOP_MISSPELT for word in long_enough for slip in _transpositions(word)}


def _senses_in(country: str) -> _Senses:
    senses: dict[str, _Sense] = {}
    for words in WORD_LISTS:
        if not words.countries or country in words.countries:
            senses |= _misspelt(words.stop)
            senses |= _with_sense(words.start, _Sense.START)
            senses |= _with_sense(words.stop_alone, _Sense.STOP_ALONE)
            senses |= _with_sense(words.stop, _Sense.STOP)
    return senses


_EVERYWHERE = _senses_in("")
_BY_COUNTRY = {country: _senses_in(country) for words in WORD_LISTS for country in words.countries}
_ANYWHERE = frozenset(_EVERYWHERE).union(*_BY_COUNTRY.values())


def _senses(country: str, extra: Collection[str]) -> _Senses:
    listed = _BY_COUNTRY.get(country, _EVERYWHERE)
    return {**_with_sense(extra, _Sense.STOP_ALONE), **listed} if extra else listed


def _first_and_rest(message: Message, senses: _Senses, is_live: _IsLive) -> tuple[str, str]:
    """Give KEYWORD and PARM, or the first word and the rest where a sign stands between instead of a space."""
    whole = message.keyword, message.parm
    parted = _parted(*whole)
    if parted is None or fold(message.keyword) in senses or is_live(message.keyword):
        return whole
    return parted if fold(parted[0]) in senses or is_live(parted[0]) else whole


# `STOP+WIN`, as people write who were told to send "STOP + keyword", and `Stop,thanks`
_TWO_IN_ONE = re.compile(r"[\W_]*([^\W_]+)[\W_]+(?=[^\W_])(.*)", re.DOTALL)


def _parted(keyword: str, parm: str) -> tuple[str, str] | None:
    """Give the first word and the rest of a text whose KEYWORD is of several words, or None."""
    if keyword.isalnum():
        return None
    two = _TWO_IN_ONE.fullmatch(unicodedata.normalize("NFKC", keyword))
    return (two[1], f"{two[2]} {parm}") if two else None


def _is_listed(first: str, rest: str, listed: Collection[str]) -> bool:
    """Tell whether one of the lookups of reading would find something in `listed`."""
    start = fold(first)
    if start in listed:
        return True
    end = _short(rest)
    return bool(end) and (end in listed or f"{start} {end}" in listed)


def _short(rest: str) -> str:
    """Fold the rest of a text; one too long for a word is nothing."""
    rest = rest.strip()
    return fold(rest) if len(rest) <= LONGEST_WORD else ""


def _said_first(first: str, rest: str, senses: _Senses, is_live: _IsLive) -> Wish | None:
    """Read `STOP`, `STOP WIN`, `STOP please`, `STOP ALL`."""
    if senses.get(f"{fold(first)} {_short(rest)}") in (_Sense.STOP, _Sense.STOP_ALONE):
        return _wish(_Sense.STOP, f"{first} {rest.strip()}")
    sense = _sense(first, senses, is_live)
    if sense is None:
        return None
    others = [word for word in _words(rest, is_live) if not _is_same(_sense(word, senses, is_live), sense)]
    if len(others) == 1 and _sense(others[0], senses, is_live) is None:
        keyword = _live(others[0], is_live)
        if keyword:
            return _wish(sense, first, keyword)
    return _wish(sense, first) if not others or _counts_anyway(sense) else None


def _said_last(first: str, rest: str, senses: _Senses, is_live: _IsLive) -> Wish | None:
    """Read `WIN STOP`, `please STOP`; a STOP further on is a word like any other."""
    if _short(rest) not in senses or len(words := _words(rest, is_live)) != 1 or not fold(first):
        return None
    sense = _sense(words[0], senses, is_live)
    keyword = _live(first, is_live)
    if sense and (keyword or _counts_anyway(sense)):
        return _wish(sense, words[0], keyword)
    return None


def _sense(word: str, senses: _Senses, is_live: _IsLive) -> _Sense | None:
    """Give how a word is meant; a live keyword is never a misspelling."""
    sense = senses.get(fold(word))
    return None if sense is _Sense.STOP_MISSPELT and _live(word, is_live) else sense


def _wish(sense: _Sense, word: str, keyword: str | None = None) -> Wish:
    kind = WishKind.START if sense is _Sense.START else WishKind.STOP
    is_misspelt = sense is _Sense.STOP_MISSPELT
    return Wish(kind=kind, word=word[:LONGEST_WORD], keyword=keyword, is_misspelt=is_misspelt)


def _counts_anyway(sense: _Sense) -> bool:
    """Tell whether a word means STOP whatever else is said."""
    return sense in (_Sense.STOP, _Sense.STOP_MISSPELT)


def _is_same(one: _Sense | None, other: _Sense) -> bool:
    """Tell whether a word only repeats another: `STOP STOP`."""
    return one is not None and (one is _Sense.START) == (other is _Sense.START)


def _words(text: str, is_live: _IsLive) -> list[str]:
    """Give the words of a text; a lone sign is one where it is a live keyword."""
    return [word for word in text.split() if fold(word) or is_live(word)]


def _live(word: str, is_live: _IsLive) -> str | None:
    """Give a word as the live keyword that it is, else without the signs around it: `+WIN`, `C++`."""
    inner = word.strip("".join({sign for sign in word if not sign.isalnum()}))
    forms = (word, inner) if len(word) <= LONGEST_WORD else (inner[:LONGEST_WORD],)
    return next((form for form in forms if form and is_live(form)), None)
