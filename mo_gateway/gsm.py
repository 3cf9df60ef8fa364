"""GSM 03.38: the alphabet that a text needs, the parts it is sent in, and a cheaper text that looks like it.

The tables are those of 3GPP TS 23.038, 6.2.1, in its order. A part holds 140 octets, six of them a header where
there are several. Every text is normalised to NFC before it is looked at: an e and U+0301 are é then, which GSM
has, where by themselves they would make the whole text UCS-2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import combining, normalize

ESCAPE = "\x1b"

#: 0x00 to 0x7F. 0x09 is the capital Ç, as 3GPP has it; the Unicode Consortium's GSM0338.TXT has the small one
#: there. So Ç is a character of GSM, and ç is none: it could arrive as a capital in the middle of a word.
BASE = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

#: What stands behind ESC, in two septets.
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

#: Every character of GSM → its septets, one a byte. ESC announces one and is none.
SEPTETS: Mapping[str, bytes] = {
    **{character: bytes([code]) for code, character in enumerate(BASE) if character != ESCAPE},
    **{character: bytes([ord(ESCAPE), code]) for code, character in EXTENSION.items()},
}

#: What can stand for characters beyond GSM → those characters. Where a likeness could change the meaning there is
#: none: 10² is not 102, 1½ is not 11/2, 20° is not 200. Letters with accents need no row: they lose them.
ALIKE = {
    "'": "‘’‚‛‹›ʼ′`´",
    '"': "“”„‟«»″",
    "-": "‐‑‒–—―−•",
    "...": "…",
    " ": "\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u0085\u2028\u2029",
    # soft hyphen, breaks of no width, byte order mark, marks of direction
    "": "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "oe": "œ",
    "OE": "Œ",
    "ij": "ĳ",
    "IJ": "Ĳ",
    "a": "ª",
    "o": "º",
    "d": "đð",
    "D": "ĐÐ",
    "i": "ı",
    "l": "ł",
    "L": "Ł",
    "th": "þ",
    "Th": "Þ",
    "SS": "ẞ",
    "ff": "ﬀ",
    "fi": "ﬁ",
    "fl": "ﬂ",
    "ffi": "ﬃ",
    "ffl": "ﬄ",
    "/": "⁄",
    "x": "×",
    "<=": "≤",
    ">=": "≥",
    "->": "→",
    "<-": "←",
    "|": "¦",
    "(c)": "©",
    "(R)": "®",
    "(TM)": "™",
}
LIKENESSES = {character: alike for alike, characters in ALIKE.items() for character in characters}

#: Combining classes from here on are accents. Lower ones strike a sign out, as in ≠, or are letters themselves.
ACCENTS = 200


class Alphabet(StrEnum):
    """What an SMS is written in; its characters are counted in units."""

    GSM = "gsm-7"  #: units are septets
    UCS2 = "ucs-2"  #: units are 16 bits; characters beyond U+FFFF take two


#: Units in a text of one part.
SINGLE = {Alphabet.GSM: 160, Alphabet.UCS2: 70}
#: Units in each of several parts, whose header has a reference of 8 bits.
PART = {Alphabet.GSM: 153, Alphabet.UCS2: 67}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What a text is as an SMS."""

    alphabet: Alphabet
    parts: tuple[str, ...]  #: one at least
    units: int  #: of the whole text
    units_left: int  #: in the last part
    forced_by: tuple[str, ...]  #: the characters that are not in GSM, each once

    @property
    def text(self) -> str:
        """The text in NFC, as it was measured: this is what must be sent."""
        return "".join(self.parts)


def measure(text: str) -> Sizing:
    """Find the alphabet of a text and split it into as few parts as there can be."""
    text = normalize("NFC", text)
    forced_by = tuple(dict.fromkeys(character for character in text if character not in SEPTETS))
    alphabet = Alphabet.UCS2 if forced_by else Alphabet.GSM
    total = units(text, alphabet)
    is_single = total <= SINGLE[alphabet]
    parts = (text,) if is_single else _split(text, alphabet)
    room = (SINGLE if is_single else PART)[alphabet]
    return Sizing(
        alphabet=alphabet,
        parts=parts,
        units=total,
        units_left=room - units(parts[-1], alphabet),
        forced_by=forced_by,
    )


def units(text: str, alphabet: Alphabet) -> int:
    """Count the units that a text takes; for GSM it must be of GSM."""
    if alphabet is Alphabet.GSM:
        return sum(len(SEPTETS[character]) for character in text)
    return len(text) + sum(character > "\uffff" for character in text)


def is_gsm(text: str) -> bool:
    """Tell whether a text can be written in GSM."""
    return all(character in SEPTETS for character in normalize("NFC", text))


def transliterated(text: str) -> str:
    """Replace what is not in GSM by its likeness, such as ë by e, where that makes it a text of GSM.

    All or nothing: with one emoji left it would be UCS-2 all the same, and have lost its accents in vain. Nor may
    it come to more parts, as seventy times … would, or to no text at all. What is given back is in NFC always.
    """
    text = normalize("NFC", text)
    alike, left_out = _alike(text)
    if left_out or not alike or len(measure(alike).parts) > len(measure(text).parts):
        return text
    return alike


def likeness(character: str) -> str | None:
    """Give what can stand for a character in GSM: itself, another text, or an empty one.

    None where nothing can.
    """
    if character in SEPTETS:
        return character
    if character in LIKENESSES:
        return LIKENESSES[character]
    if combining(character) >= ACCENTS:
        return ""
    apart = normalize("NFD", character)
    if len(apart) == 1 or combining(apart[-1]) < ACCENTS:
        return None
    # one accent at a time, since ǻ is nearer to å than to a
    alike, left_out = _alike(normalize("NFC", apart[:-1]))
    return None if left_out else alike


def doubling(text: str) -> str | None:
    """Say which characters cost parts that the text would not have without them; None where none does.

    Without them means with their likenesses, or with nothing where there is none. Where that would be more than
    one character in ten, they are no slip but another script, which has no cheaper way.
    """
    sizing = measure(text)
    alike, left_out = _alike(sizing.text)
    parts, parts_without = len(sizing.parts), len(measure(alike).parts)
    if parts <= parts_without or left_out * 10 > len(sizing.text):
        return None
    names = ", ".join(map(code_point, sizing.forced_by))
    return f"{names}: not in GSM, so {parts} parts instead of {parts_without}"


def code_point(character: str) -> str:
    """Name a character in a way that draws nothing: `U+00EB`."""
    return f"U+{ord(character):04X}"


def ucs2_hex(text: str) -> str:
    """Write a text as UCS-2, high octet first, in hex digits; half of a surrogate pair becomes `?`."""
    return normalize("NFC", text).encode("utf-16-be", "replace").hex().upper()


def _alike(text: str) -> tuple[str, int]:
    """Write a text in GSM, and count the characters that are left out since they have no likeness."""
    pieces = [likeness(character) for character in text]
    kept = [piece for piece in pieces if piece is not None]
    return "".join(kept), len(pieces) - len(kept)


def _split(text: str, alphabet: Alphabet) -> tuple[str, ...]:
    """Fill part after part.

    Characters stay whole, with their ESC or both their surrogates, since phones of all ages decode a part before
    they join it. Sequences of characters, such as those of one emoji, may be cut: joining makes them whole again.
    """
    parts = []
    begin = used = 0
    for place, character in enumerate(text):
        size = units(character, alphabet)
        if used + size > PART[alphabet]:
            parts.append(text[begin:place])
            begin, used = place, 0
        used += size
    return (*parts, text[begin:])
