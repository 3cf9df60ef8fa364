"""Who writes in the demo: numbers that nobody has.

The British (+44 7700 900xxx), French (+33 6 39 98 xx xx) and German (+49 30 23125xxx) ones are kept free for
films and books by Ofcom, ARCEP and the Bundesnetzagentur. Belgium and the Netherlands keep none: +32 400 and
+31 6 0000 are given to no operator.
"""

from dataclasses import dataclass
from random import Random

SHARE_OF_FREQUENT = 0.15  # people who write much more often than the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Where people write from, and to which number."""

    code: str  #: ISO 3166-1 alpha-3
    prefix: str  #: of the numbers that nobody has
    digits: int  #: that follow it
    people: int
    shortcode: str
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A made-up subscriber."""

    msisdn: str
    operator: str
    country: str
    shortcode: str


COUNTRIES = (
    Country(
        code="BEL",
        prefix="3240000",
        digits=4,
        people=320,
        shortcode="4414",
        operators=("20601", "20610", "20620"),
    ),
    Country(
        code="NLD",
        prefix="3160000",
        digits=4,
        people=260,
        shortcode="3669",
        operators=("20408", "20404", "20416"),
    ),
    Country(
        code="FRA",
        prefix="33639980",
        digits=3,
        people=90,
        shortcode="36180",
        operators=("20801", "20810", "20820"),
    ),
    Country(code="DEU", prefix="493023125", digits=3, people=40, shortcode="32223", operators=("26201", "26202")),
    Country(
        code="GBR",
        prefix="447700900",
        digits=3,
        people=60,
        shortcode="60777",
        operators=("23410", "23415", "23430"),
    ),
)


def people(dice: Random) -> list[Person]:
    """Make everybody, in an order of their own."""
    made = [
        Person(
            msisdn=f"{country.prefix}{number:0{country.digits}}",
            operator=dice.choice(country.operators),
            country=country.code,
            shortcode=country.shortcode,
        )
        for country in COUNTRIES
        for number in dice.sample(range(10**country.digits), country.people)
    ]
    dice.shuffle(made)
    return made


def somebody(everybody: list[Person], dice: Random) -> Person:
    """Choose who writes: half of all messages come from the few who write often."""
    few = everybody[: round(len(everybody) * SHARE_OF_FREQUENT)]
    return dice.choice(few if dice.random() < 0.5 else everybody)
