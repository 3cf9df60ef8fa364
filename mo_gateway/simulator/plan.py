"""What the provider sends: message number n of a seed is always the same one.

So nothing of a message need be kept once it is settled: the verdict writes it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

METHODS = {"post": ("POST",), "get": ("GET",), "mix": ("POST", "GET")}
LONGEST_REPEAT = 3
MOST_COPIES = 4

#: Networks of Spryng's own list; an empty one leaves the parameter out, so that its default is used.
OPERATORS = ("20601", "20610", "20620", "")

#: What people write: nothing, accents, the characters that percent-encoding is about, several lines.
PARMS = (
    "",
    "ON",
    "blue",
    "été à Liège, ça va?",
    "Crème brûlée 100 % + sucre",
    "a=b&c;d #1/2",
    "Zürich - Köln",
    "¡Hola! ¿Qué tal, señor?",
    "first line\nsecond line\r\n\tthird",
    "Rue de la Loi 16, 1000 Bruxelles, à côté de l'arrêt de bus; j'espère gagner. " * 2,
)
PARMS_BEYOND_LATIN_1 = ("€ 5", "10 € s’il vous plaît")

#: Fields that no operator policy and no charset makes right; None leaves the parameter out.
FAULTS: tuple[tuple[str, str | None], ...] = (
    ("MSISDN", None),
    ("MSISDN", "0032412345678"),
    ("MSISDN", "3241234567a"),
    ("KEYWORD", "W"),
    ("KEYWORD", "ABCDEFGHIJKLMNOP"),
    ("KEYWORD", "WIN\x00"),
    ("OPERATOR", "2060"),
    ("TIMESTAMP", "2026022912000"),
    ("TIMESTAMP", "20261301120000"),
    ("SHORTCODE", None),
    ("SHORTCODE", "44-14"),
    ("COUNTRY", "BE"),
    ("COUNTRY", "XXX"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """One message of the plan, ready to be sent."""

    n: int
    reference: str
    fields: Mapping[str, str]
    form: bytes  #: the fields, percent-encoded in the plan's charset
    is_bad: bool
    repeats: int  #: how often it is sent again although it was acknowledged
    copies: int  #: how many of it are sent at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The shape of all messages of a run; shares are numbers from 0 to 1."""

    run: str  #: stands in every REFERENCE, so that the rows of this run can be found
    seed: int
    zone: ZoneInfo
    charset: str = "iso-8859-1"
    method: str = "post"  #: post, get or mix
    shortcode: str = "4414"
    keywords: tuple[str, ...] = ("WIN",)
    repeat: float = 0.0
    copies: float = 0.0
    bad: float = 0.0
    cut: float = 0.0
    texts: tuple[str, ...] = ()  #: whole SMS to choose from, instead of keyword and text
    people: int | None = None  #: who send them, at random; None = each message has a sender of its own
    spread: timedelta = timedelta(0)  #: every TIMESTAMP lies within this time before the sending

    @property
    def prefix(self) -> str:
        """What the REFERENCE of every message of this run begins with."""
        return f"SIM-{self.run}-"

    def sms(self, n: int, sent_at: datetime) -> Sms:
        """Write message number `n`."""
        dice = Random(f"{self.seed}/{n}")  # noqa: S311 - a reproducible choice, not a secret
        is_bad = dice.random() < self.bad
        repeats = dice.randint(1, LONGEST_REPEAT) if dice.random() < self.repeat else 0
        copies = dice.randint(2, MOST_COPIES) if dice.random() < self.copies else 1
        fields = {
            "MSISDN": f"32400{n:06}",
            "KEYWORD": dice.choice(self.keywords),
            "PARM": dice.choice(PARMS if self.charset == "iso-8859-1" else PARMS + PARMS_BEYOND_LATIN_1),
            "OPERATOR": dice.choice(OPERATORS),
            "TIMESTAMP": timestamp(sent_at, self.zone),
            "SHORTCODE": self.shortcode,
            "COUNTRY": "BEL",
            "REFERENCE": f"{self.prefix}{n}",
        }
        if self.texts:
            keyword, _, parm = dice.choice(self.texts).partition(" ")
            fields |= {"KEYWORD": keyword, "PARM": parm}
        if self.people:
            fields["MSISDN"] = f"32400{dice.randrange(self.people):06}"
        if self.spread:
            fields["TIMESTAMP"] = timestamp(sent_at - self.spread * dice.random(), self.zone)
        if is_bad:
            name, value = dice.choice(FAULTS)
            fields[name] = value or ""
        sent = {name: value for name, value in fields.items() if value or name == "PARM"}
        return Sms(
            n=n,
            reference=fields["REFERENCE"],
            fields=MappingProxyType(sent),
            form=urlencode(sent, encoding=self.charset).encode(),
            is_bad=is_bad,
            repeats=0 if is_bad else repeats,
            copies=1 if is_bad else copies,
        )

    def text(self, n: int) -> tuple[str, str]:
        """Give keyword and parm of message number `n`."""
        fields = self.sms(n, datetime(2000, 1, 1, tzinfo=UTC)).fields  # whatever the moment
        return fields["KEYWORD"], fields["PARM"]

    def manner(self, n: int, number: int) -> tuple[str, bool]:
        """Say how try `number` of message `n` goes: the method, and whether its connection is cut."""
        if self.method != "mix" and not self.cut:
            return METHODS[self.method][0], False
        dice = Random(f"{self.seed}/{n}/{number}")  # noqa: S311 - a reproducible choice, not a secret
        return dice.choice(METHODS[self.method]), dice.random() < self.cut


def timestamp(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment as Spryng does: 14 digits of the zone's wall clock."""
    return f"{moment.astimezone(zone):%Y%m%d%H%M%S}"
