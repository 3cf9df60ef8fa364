"""The SMS that confirms a STOP or a START, in the language of the message's country."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_letters, digits

from .message import Message
from .stop import Wish, WishKind

LONGEST_SHOWN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    """The confirmations of one country: GSM 03.38, one SMS each with a shortcode of 20 digits."""

    stop: str
    stop_one: str
    start: str
    start_one: str

    def of(self, wish: Wish) -> str:
        if wish.kind is WishKind.STOP:
            return self.stop if wish.keyword is None else self.stop_one
        return self.start if wish.keyword is None else self.start_one


_ENGLISH = _Texts(
    stop="You will get no more messages from {shortcode}. To get them again, send START to {shortcode}.",
    stop_one="You will get no more {keyword} messages from {shortcode}. To get them again, send START {keyword}.",
    start="You will get messages from {shortcode} again. To end them, send STOP to {shortcode}.",
    start_one="You will get {keyword} messages from {shortcode} again. To end them, send STOP {keyword}.",
)
_GERMAN = _Texts(
    stop="Sie erhalten keine Nachrichten mehr von {shortcode}. Wieder anmelden: START an {shortcode} senden.",
    stop_one="Sie erhalten zu {keyword} nichts mehr von {shortcode}. Wieder anmelden: START {keyword} senden.",
    start="Sie erhalten wieder Nachrichten von {shortcode}. Abmelden: STOP an {shortcode} senden.",
    start_one="Sie erhalten wieder Nachrichten zu {keyword} von {shortcode}. Abmelden: STOP {keyword} senden.",
)

# ê, á, í and most letters of Turkish are not in GSM 03.38, and a single one would leave 70 characters of the 160.
# So the texts go round them, or leave the accent out, as people who text do.
_TEXTS: Mapping[str, _Texts] = {
    "BEL": _Texts(
        stop=(
            "{shortcode}: u krijgt geen berichten meer / vous ne recevrez plus de messages."
            " Opnieuw/Reprendre: START"
        ),
        stop_one=(
            "{shortcode}: geen berichten meer over {keyword} / plus de messages {keyword}."
            " Opnieuw/Reprendre: START {keyword}"
        ),
        start="{shortcode}: u krijgt weer berichten / vous recevez de nouveau les messages. Stoppen/Fin: STOP",
        start_one=(
            "{shortcode}: weer berichten over {keyword} / de nouveau les messages {keyword}."
            " Stoppen/Fin: STOP {keyword}"
        ),
    ),
    "NLD": _Texts(
        stop="U krijgt geen berichten meer van {shortcode}. Toch weer? Stuur START naar {shortcode}.",
        stop_one="U krijgt geen berichten over {keyword} meer van {shortcode}. Toch weer? Stuur START {keyword}.",
        start="U krijgt weer berichten van {shortcode}. Stoppen? Stuur STOP naar {shortcode}.",
        start_one="U krijgt weer berichten over {keyword} van {shortcode}. Stoppen? Stuur STOP {keyword}.",
    ),
    "FRA": _Texts(
        stop="Vous ne recevrez plus de messages du {shortcode}. Pour reprendre: START au {shortcode}.",
        stop_one="Vous ne recevrez plus de messages {keyword} du {shortcode}. Pour reprendre: START {keyword}.",
        start="Vous recevez de nouveau les messages du {shortcode}. Pour y mettre fin: STOP au {shortcode}.",
        start_one="Vous recevez de nouveau les messages {keyword} du {shortcode}. Fin: STOP {keyword}.",
    ),
    "DEU": _GERMAN,
    "AUT": _GERMAN,
    "ESP": _Texts(
        stop="Baja efectiva: el {shortcode} ya no le manda mensajes. Para volver: ALTA al {shortcode}.",
        stop_one="Baja: el {shortcode} ya no le manda mensajes de {keyword}. Para volver: ALTA {keyword}.",
        start="Alta efectiva: el {shortcode} le manda mensajes de nuevo. Para dejarlo: BAJA al {shortcode}.",
        start_one="Alta efectiva: el {shortcode} le manda mensajes de {keyword}. Para dejarlo: BAJA {keyword}.",
    ),
    "TUR": _Texts(
        stop="{shortcode} artik size mesaj gondermeyecek. Tekrar almak icin {shortcode} numarasina START yazin.",
        stop_one="{shortcode} artik {keyword} mesaji gondermeyecek. Tekrar almak icin START {keyword} yazin.",
        start="{shortcode} size yeniden mesaj gonderecek. Iptal etmek icin {shortcode} numarasina RET yazin.",
        start_one="{shortcode} yeniden {keyword} mesaji gonderecek. Iptal etmek icin RET {keyword} yazin.",
    ),
}


def confirmation(wish: Wish, message: Message) -> str:
    """Write the SMS that confirms a wish, in the language of the message's country, in Belgium in two.

    It is one SMS in the GSM alphabet, whatever came from the phone.
    """
    text = _TEXTS.get(message.country, _ENGLISH).of(wish)
    return text.replace("{shortcode}", message.shortcode).replace("{keyword}", shown(wish.keyword or ""))


# what GSM 03.38 has in one septet, of the characters that keywords are made of
_SHOWN = frozenset(f"{ascii_letters}{digits}!\"#$%&'()*+,-./:;<=>?@_ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü")


def shown(keyword: str) -> str:
    """Write a keyword from a phone on one line, short, in characters that make no SMS dearer."""
    signs = (sign for sign in unicodedata.normalize("NFKC", keyword) if not unicodedata.combining(sign))
    return "".join(sign if sign in _SHOWN else _plain(sign) for sign in signs)[:LONGEST_SHOWN]


def _plain(sign: str) -> str:
    letter = unicodedata.normalize("NFKD", sign)[0]
    return letter if letter in _SHOWN else "?"
