"""The languages that the proof card is read in: their words, and how each writes a date and a number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from .translations import TEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language."""

    code: str  #: as HTML's `lang` and the address have it
    name: str  #: in the language itself
    months: tuple[str, ...]
    decimal_sign: str
    first_of_month: str = "1"
    texts: Mapping[str, str] = field(default_factory=dict)  #: by the English ones

    def date(self, day: date) -> str:
        """Write a date: `22 nov. 2026`."""
        number = self.first_of_month if day.day == 1 else day.day
        return f"{number} {self.months[day.month - 1]} {day.year}"

    def decimal(self, value: float) -> str:
        """Write a number with one decimal."""
        return f"{value:.1f}".replace(".", self.decimal_sign)


ENGLISH = Language(
    code="en",
    name="English",
    months=("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    decimal_sign=".",
)
DUTCH = Language(
    code="nl",
    name="Nederlands",
    months=("jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec."),
    decimal_sign=",",
    texts={english: dutch for english, (dutch, _) in TEXTS.items()},
)
FRENCH = Language(
    code="fr",
    name="Français",
    months=("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    decimal_sign=",",
    first_of_month="1er",
    texts={english: french for english, (_, french) in TEXTS.items()},
)
LANGUAGES = {language.code: language for language in (DUTCH, FRENCH, ENGLISH)}
