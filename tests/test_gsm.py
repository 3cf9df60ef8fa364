"""GSM 03.38: its tables against an oracle, parts that are counted and split right, and likenesses."""

import unicodedata
from collections.abc import Iterator

import gsm0338  # type: ignore[import-untyped]  # noqa: F401 - importing it registers the codec gsm03.38
import pytest
import smsutil  # type: ignore[import-untyped]
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mo_gateway import gsm
from mo_gateway.gsm import ALIKE, BASE, EXTENSION, PART, SEPTETS, SINGLE, Alphabet, measure

CODEC = "gsm03.38"

#: Common in Dutch and French texts, and not in GSM.
COMMON = "ëïêâîôûçáíóúœÀÈÊËÏ`‘’“”–—…\u00a0\t"

#: A woman who is an astronaut: an emoji of four characters and seven units.
ASTRONAUT = "👩🏽\u200d🚀"

in_gsm = st.text(st.sampled_from("".join(SEPTETS)), max_size=700)
extended = st.text(st.sampled_from("".join(EXTENSION.values()) + "ab"), max_size=400)
emoji = st.text(st.sampled_from("👍🏽🚀👩\u200d\ufe0f❤ a"), max_size=300)
accented = st.text(st.sampled_from(f"{COMMON} abcdé€"), max_size=400)
mixed = st.text(st.sampled_from(f"{COMMON}👍🚀ab€|\n"), max_size=300)
decomposed = st.text(st.sampled_from("eaoc\u0301\u0308\u0327 \u0338€"), max_size=200)
texts = st.one_of(in_gsm, extended, emoji, accented, mixed, decomposed, st.text(max_size=200))


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def units(text: str, alphabet: Alphabet) -> int:
    """Count units by the codecs of others."""
    if alphabet is Alphabet.GSM:
        return len(text.encode(CODEC))
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def every_character() -> Iterator[str]:
    return map(chr, range(0x110000))


# The tables


def test_the_tables_have_the_138_entries_of_the_standard() -> None:
    assert (len(BASE), len(EXTENSION)) == (128, 10)
    assert len(SEPTETS) == 137  # all but ESC itself


def test_every_character_has_the_septets_that_the_oracle_gives_it() -> None:
    for character, septets in SEPTETS.items():
        assert character.encode(CODEC) == septets, character
        assert septets.decode(CODEC) == character


def test_no_other_character_is_in_gsm() -> None:
    beyond = [character for character in every_character() if character not in SEPTETS]

    encodable = [character for character in beyond if character.encode(CODEC, "ignore")]

    assert encodable == [gsm.ESCAPE]  # the oracle takes a bare ESC, which would swallow the next character


def test_ascii_that_gsm_has_not_is_the_backtick_and_control_characters() -> None:
    ascii_only = map(chr, range(128))

    beyond = {character for character in ascii_only if not gsm.is_gsm(character) and character.isprintable()}

    assert beyond == {"`"}


@pytest.mark.parametrize("character", COMMON)
def test_common_dutch_and_french_characters_that_are_not_in_gsm_make_a_text_ucs_2(character: str) -> None:
    sizing = measure(f"een {character} twee {character}")

    assert (sizing.alphabet, sizing.forced_by) == (Alphabet.UCS2, (character,))


def test_the_capital_c_cedilla_is_in_gsm_and_the_small_one_is_not() -> None:
    # GSM0338.TXT of the Unicode Consortium has it the other way round; 3GPP and both oracles have it so
    assert SEPTETS["Ç"] == b"\x09"
    assert gsm.is_gsm("GARÇON")
    assert not gsm.is_gsm("garçon")


@pytest.mark.parametrize(
    ("written", "composed"),
    [("cafe\u0301", "café"), ("A\u030angstro\u0308m", "Ångström"), ("\u2126", "Ω"), ("\u212b", "Å")],
)
def test_a_text_is_composed_before_it_is_looked_at(written: str, composed: str) -> None:
    sizing = measure(written)

    assert gsm.is_gsm(written)
    assert (sizing.alphabet, sizing.text) == (Alphabet.GSM, composed)


# Counting and splitting


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("a" * 152 + "€" + "b" * 10, [152, 11]),
        ("ë" * 70, [70]),
        ("ë" * 71, [67, 4]),
        ("ë" * 134, [67, 67]),
        ("ë" * 135, [67, 67, 1]),
        ("😀" * 35, [35]),
        ("😀" * 36, [33, 3]),
    ],
)
def test_parts_are_as_long_as_the_standard_allows(text: str, sizes: list[int]) -> None:
    assert [len(part) for part in measure(text).parts] == sizes


@pytest.mark.parametrize(
    ("text", "counted", "left"),
    [
        ("", 0, 160),
        ("a€", 3, 157),
        ("a" * 160, 160, 0),
        ("a" * 161, 161, 145),
        ("€" * 81, 162, 143),
        ("ë", 1, 69),
        ("ë" * 71, 71, 63),
        (ASTRONAUT, 7, 63),
        ("😀" * 36, 72, 61),
    ],
)
def test_units_are_counted_and_what_is_left_in_the_last_part(text: str, counted: int, left: int) -> None:
    sizing = measure(text)

    assert (sizing.units, sizing.units_left) == (counted, left)


@given(texts)
@example("a" * 154 + "€" * 4)
def test_parts_hold_the_whole_text_within_their_limits(text: str) -> None:
    sizing = measure(text)

    most = SINGLE if len(sizing.parts) == 1 else PART
    assert sizing.text == "".join(sizing.parts) == nfc(text)
    for part in sizing.parts:
        assert units(part, sizing.alphabet) <= most[sizing.alphabet]
    assert sizing.units == units(sizing.text, sizing.alphabet)
    assert sizing.units_left == most[sizing.alphabet] - units(sizing.parts[-1], sizing.alphabet)


@given(texts)
def test_there_are_as_few_parts_as_there_can_be(text: str) -> None:
    sizing = measure(text)

    for part, following in zip(sizing.parts, sizing.parts[1:], strict=False):
        assert units(part + following[0], sizing.alphabet) > PART[sizing.alphabet]
    assert (len(sizing.parts) == 1) == (units(nfc(text), sizing.alphabet) <= SINGLE[sizing.alphabet])


@given(st.one_of(in_gsm, extended))
def test_no_part_ends_between_esc_and_what_it_announces(text: str) -> None:
    septets = [part.encode(CODEC) for part in measure(text).parts]

    assert not any(part.endswith(b"\x1b") for part in septets)
    assert b"".join(septets).decode(CODEC) == text


@given(st.one_of(emoji, mixed))
def test_no_surrogate_pair_is_cut(text: str) -> None:
    parts = measure(f"ë{text}").parts

    for part in parts:
        assert part.encode("utf-16-be").decode("utf-16-be") == part


@given(texts)
def test_it_splits_as_the_oracle_does(text: str) -> None:
    composed = nfc(text)  # smsutil leaves that to its callers
    assume(composed)  # it calls an empty text UCS-2
    assume(gsm.ESCAPE not in composed)  # and takes ESC for a character of GSM

    split = smsutil.split(composed)

    sizing = measure(text)
    assert split.encoding == ("gsm0338" if sizing.alphabet is Alphabet.GSM else "utf_16_be")
    assert list(sizing.parts) == [part.content for part in split.parts]
    octets = 1 if sizing.alphabet is Alphabet.GSM else 2  # it counts septets as bytes
    assert sizing.units * octets == split.total_bytes


def test_an_escape_character_is_never_taken_for_a_part_of_gsm() -> None:
    assert measure(f"{gsm.ESCAPE}e").alphabet is Alphabet.UCS2  # in GSM it would arrive as €


@pytest.mark.parametrize("text", ["\ud83d", "\ude00a", "ë\udce9" * 80])
def test_half_of_a_surrogate_pair_is_counted_and_sent_as_a_question_mark(text: str) -> None:
    sizing = measure(text)

    assert sizing.units == len(text)
    assert sizing.text == gsm.transliterated(text) == text
    assert "003F" in gsm.ucs2_hex(text)


def test_ucs_2_is_written_high_octet_first_in_nfc() -> None:
    assert gsm.ucs2_hex("Ae\u0301€😀") == "004100E920ACD83DDE00"
    assert gsm.ucs2_hex("") == ""


# Likenesses


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        (COMMON, "eieaioucaiouoeAEEEI'''\"\"--...  "),
        ("Ça va ? l’été à l’œuvre", "Ça va ? l'été à l'oeuvre"),
        ("één ĳsje", "één ijsje"),
        ("İstanbul, ığdır, Şişli", "Istanbul, igdir, Sisli"),
        ("Łódź", "Lodz"),
        ("ǻ ǖ ḉ Ḉ ế", "å ü c Ç e"),
        ("x\u0302 + \u2126", "x + Ω"),
        ("soft\u00adhyphen\ufeff\u200e", "softhyphen"),
        ("5 × 3 ≤ 15 → ok ™", "5 x 3 <= 15 -> ok (TM)"),
    ],
)
def test_characters_beyond_gsm_are_replaced_by_their_likeness(text: str, alike: str) -> None:
    assert gsm.transliterated(text) == alike


@pytest.mark.parametrize(
    "text", ["10 m²", "1½", "20°", "a ≠ b", "a =\u0338 b", "Ελλάδα", "привет", "한국", ASTRONAUT]
)
def test_what_a_likeness_would_change_or_cannot_show_has_none(text: str) -> None:
    assert gsm.transliterated(text) == nfc(text)


def test_one_character_without_likeness_leaves_all_as_it_is() -> None:
    assert gsm.transliterated("Très réussi, ça 😀") == "Très réussi, ça 😀"


def test_a_text_of_invisible_characters_is_not_emptied() -> None:
    assert gsm.transliterated("\u200b\u200e") == "\u200b\u200e"


@pytest.mark.parametrize("text", ["…" * 70, "™" * 134])
def test_a_likeness_is_not_taken_where_it_costs_more_parts(text: str) -> None:
    assert gsm.transliterated(text) == text


@given(in_gsm)
def test_a_text_of_gsm_is_never_touched(text: str) -> None:
    assert gsm.transliterated(text) == text


@given(texts)
def test_a_likeness_never_has_more_parts_and_is_of_gsm_where_it_differs(text: str) -> None:
    alike = gsm.transliterated(text)

    assert len(measure(alike).parts) <= len(measure(text).parts)
    assert alike == nfc(text) or gsm.is_gsm(alike)
    assert gsm.transliterated(alike) == alike


def test_each_likeness_is_of_gsm_and_stands_for_characters_that_are_not() -> None:
    for alike, characters in ALIKE.items():
        assert gsm.is_gsm(alike)
        for character in characters:
            assert not gsm.is_gsm(character), character
    assert len(gsm.LIKENESSES) == sum(map(len, ALIKE.values()))


def test_every_character_of_unicode_has_a_likeness_of_gsm_or_none() -> None:
    composed = {part for character in every_character() for part in nfc(character)}

    for character in composed:
        likeness = gsm.likeness(character)
        assert likeness is None or gsm.is_gsm(likeness), character


# One character that doubles the price


@pytest.mark.parametrize("character", ["ë", "’", "\u00a0", "😀", "²"])
def test_one_character_that_doubles_the_price_is_named(character: str) -> None:
    code_point = f"U+{ord(character):04X}"

    assert gsm.doubling("a" * 100 + character) == f"{code_point}: not in GSM, so 2 parts instead of 1"


def test_all_characters_that_double_it_together_are_named_once() -> None:
    warning = gsm.doubling("l’été là-bas, l’hiver ici, ça va mieux… " * 4)

    assert warning == "U+2019, U+00E7, U+2026: not in GSM, so 3 parts instead of 2"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 161,  # in GSM
        "à bientôt",  # one part in both
        "привет, как дела? " * 10,  # another script
        "👍" * 40,
        "…" * 71,  # the likeness is as long
        "",
    ],
)
def test_a_text_that_has_no_cheaper_way_is_not_warned_of(text: str) -> None:
    assert gsm.doubling(text) is None


@given(texts)
def test_a_warning_is_plain_ascii(text: str) -> None:
    warning = gsm.doubling(text)

    assert warning is None or (warning.isascii() and warning.isprintable())
