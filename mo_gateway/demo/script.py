"""What the provider sends in the thirty days of the demo: the same for one seed and moment.

Most of it is drawn; what must not be missing (a loop, an outage, a STOP and its START) is written by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from mo_gateway.message import WebhookRequest

from .people import Person, people, somebody

DAYS = 30
POLL_OPEN_FOR = timedelta(days=12)
POLL_CLOSED_SINCE = timedelta(days=6)
REPEAT_EVERY = timedelta(minutes=1)  # so does Spryng
PROVIDERS_ADDRESS = "192.0.2.10"  # in a network that is for documents only
FORM = "application/x-www-form-urlencoded"

#: Weights of the hours of a local day, and of Monday to Sunday.
HOURS = (2, 1, 1, 1, 1, 1, 3, 6, 9, 10, 10, 11, 14, 11, 9, 9, 10, 12, 15, 20, 22, 18, 10, 5)
WEEKDAYS = (9, 9, 10, 10, 13, 16, 14)

#: What is sent how often, as a weight; of several texts one is drawn.
TEXTS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (24, ("INFO", "info", "Info please", "INFO à propos de la fête", "INFO wann ist es schön in Köln?")),
    (22, ("WIN blue", "WIN red", "win! groen", "GAGNE été", "WIN ça va être super", "WIN 🎉🎉", "WIN 😀 blue")),
    (16, ("NEWS", "news", "NEWS OFF")),
    (8, ("RULES", "RULES please")),
    (8, ("TIP there is a queue at gate 3", "TIP café fermé à 22 h", "TIP 👍 nice show", "TIP")),
    (6, ("ORDER 2 tickets", "ORDER 1 ticket + bus", "ORDER 4 tickets, named Zoë")),
    (5, ("WINN blue", "WNI red", "VOET blue", "NEWZ", "IFNO", "hallo", "What is this?", "0612")),
    (2, ("STOP", "stop", "Stop NEWS", "STPO", "ARRET")),
    (1, ("START",)),
)
VOTES = ("VOTE blue", "VOTE red", "vote Green", "STEM blauw", "VOTE rood", "VOTE blue!", "VOTE purple", "VOTE")

#: Whom a page, a spreadsheet or a terminal may trip over.
HOSTILE = (
    "WIN <script>alert('sms')</script>",
    "<b>WIN</b> <img src=x onerror=alert(1)>",
    'TIP =HYPERLINK("https://example.com";"click")',
    "TIP \u202egnp.exe",  # read from right to left
)
LONG = "TIP " + "The bus from the station was late, and then the gate was closed. J'étais déçu. " * 6

#: Fields that no message may have.
FAULTS = (
    ("COUNTRY", "BE"),
    ("KEYWORD", "W"),
    ("OPERATOR", "2060"),
    ("TIMESTAMP", "20261301120000"),
    ("MSISDN", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What comes, in the order of time."""

    history: tuple[WebhookRequest, ...]
    unsent: tuple[WebhookRequest, ...]  #: the last ones, whose replies are still queued
    waiting: tuple[WebhookRequest, ...]  #: behind them, still to be handled
    refusals: tuple[datetime, ...]  #: when a request was refused
    outages: tuple[tuple[datetime, datetime], ...]  #: from when until when the target of ORDER was down


def poll_times(now: datetime) -> tuple[datetime, datetime]:
    """Say when the poll of the demo opens and closes."""
    closes = now - POLL_CLOSED_SINCE
    return closes - POLL_OPEN_FOR, closes


def write(now: datetime, zone: ZoneInfo, *, seed: int, messages: int) -> Script:
    """Write the script of the thirty days before `now`, with so many messages, and a quarter as many votes."""
    return _Author(now, zone, Random(f"demo {seed}")).script(messages)  # noqa: S311 - chance, not a secret


class _Author:
    """Draws what people write; one for each script."""

    def __init__(self, now: datetime, zone: ZoneInfo, dice: Random) -> None:
        self._now = now
        self._zone = zone
        self._dice = dice
        self._everybody = people(dice)

    def script(self, messages: int) -> Script:
        now = self._now
        down = now - timedelta(days=9, hours=3)  # the gateway's database
        up = down + timedelta(minutes=14)
        came = [*self._drawn(messages), *self._votes(messages // 4), *self._by_hand(), *self._while_down(down, up)]
        came = [one for first in came for one in self._with_repeats(first)]
        came += self._bad_ones()
        return Script(
            history=tuple(sorted(came, key=lambda one: one.received_at)),
            unsent=tuple(self._late("INFO", seconds) for seconds in (110, 95, 80, 65)),
            waiting=tuple(self._late("TIP is anybody there?", seconds) for seconds in (40, 20, 5)),
            refusals=tuple(
                down + minute * REPEAT_EVERY for minute in range(14) for _message in range(1 + minute // 2)
            ),
            outages=(
                (now - timedelta(days=13), now - timedelta(days=11)),
                (now - timedelta(hours=2), now + timedelta(days=1)),
            ),
        )

    def _request(self, person: Person, text: str, sent_at: datetime, **fields: str) -> WebhookRequest:
        """Write a text as Spryng sends it: in Latin-1, or in UTF-8 where that has no such letter."""
        keyword, _, parm = text.partition(" ")
        form = {
            "MSISDN": person.msisdn,
            "KEYWORD": keyword,
            "PARM": parm,
            "OPERATOR": person.operator,
            "TIMESTAMP": f"{sent_at.astimezone(self._zone):%Y%m%d%H%M%S}",
            "SHORTCODE": person.shortcode,
            "COUNTRY": person.country,
            "REFERENCE": "",
            **fields,
        }
        is_latin = all(ord(sign) < 256 for sign in text)
        return WebhookRequest(
            method="POST",
            raw=urlencode(form, encoding="iso-8859-1" if is_latin else "utf-8").encode(),
            content_type=FORM if is_latin else f"{FORM}; charset=utf-8",
            remote_addr=PROVIDERS_ADDRESS,
            received_at=sent_at + timedelta(seconds=self._dice.uniform(0.4, 3)),
        )

    def _moment(self) -> datetime:
        """Draw a moment: more in the evening, more at the weekend, more lately; none in the last minutes."""
        dice = self._dice
        while True:
            day = self._now.astimezone(self._zone) - timedelta(days=DAYS * (1 - dice.random() ** 0.8))
            hour = dice.choices(range(24), HOURS)[0]
            local = day.replace(hour=hour, minute=dice.randrange(60), second=dice.randrange(60), microsecond=0)
            is_in_time = self._now - timedelta(days=DAYS) < local < self._now - timedelta(minutes=5)
            if is_in_time and dice.random() * max(WEEKDAYS) < WEEKDAYS[local.weekday()]:
                return local.astimezone(self._now.tzinfo)

    def _drawn(self, messages: int) -> Iterator[WebhookRequest]:
        dice = self._dice
        for _ in range(messages):
            (texts,) = dice.choices([texts for _, texts in TEXTS], [weight for weight, _ in TEXTS])
            yield self._request(somebody(self._everybody, dice), dice.choice(texts), self._moment())

    def _votes(self, people: int) -> Iterator[WebhookRequest]:
        """Vote while the poll is open, most of all at its end, some twice, and some too late."""
        dice = self._dice
        opens, closes = poll_times(self._now)
        for person in self._everybody[:people]:
            sent_at = closes - (closes - opens) * dice.random() ** 3
            yield self._request(person, dice.choice(VOTES), sent_at)
            if dice.random() < 0.12:
                yield self._request(person, dice.choice(VOTES), sent_at + timedelta(minutes=dice.randint(2, 90)))
        for person in dice.sample(self._everybody, people // 10):
            yield self._request(person, dice.choice(VOTES), closes + timedelta(minutes=dice.randint(1, 300)))

    def _by_hand(self) -> Iterator[WebhookRequest]:
        """Write what must not be missing."""
        now, everybody = self._now, self._everybody
        for text, person in zip((*HOSTILE, LONG), everybody, strict=False):
            yield self._request(person, text, now - timedelta(days=4, minutes=self._dice.randrange(600)))
        machine = everybody[-1]  # it answers each reply by itself
        for number in range(9):
            yield self._request(machine, "INFO", now - timedelta(days=5) + timedelta(seconds=20 * number))
        for place, person in enumerate(everybody[-13:-1]):
            stopped = now - timedelta(days=20 - place)
            for later, text in ((0, "NEWS"), (2, "STOP"), (30, "INFO"), (60, "START"), (90, "INFO")):
                if later < 60 or place % 3 == 0:  # most of them never come back
                    yield self._request(person, text, stopped + timedelta(minutes=later))
        for number, person in enumerate(everybody[44:48]):
            for later, text in ((0, "NEWS"), (26, "NEWS OFF")):
                yield self._request(person, text, now - timedelta(days=3 + 5 * number) + timedelta(hours=later))
        for number, person in enumerate(everybody[20:23]):
            yield self._request(person, "ORDER 1 ticket", now - timedelta(minutes=80 - 15 * number))
        for number, person in enumerate(everybody[30:44]):
            yield self._request(person, "ORDER 2 tickets", now - timedelta(days=12, minutes=37 * number))

    def _while_down(self, down: datetime, up: datetime) -> Iterator[WebhookRequest]:
        """Send what the gateway refuses at first, and stores as soon as it can."""
        for number, person in enumerate(self._everybody[50:57]):
            request = self._request(person, "INFO", down + 2 * number * REPEAT_EVERY)
            yield replace(request, received_at=up + timedelta(seconds=number))

    def _with_repeats(self, first: WebhookRequest) -> Iterator[WebhookRequest]:
        """Give a request, and now and then the repeats of a provider that has not seen our answer."""
        yield first
        repeats = self._dice.randint(1, 3) if self._dice.random() < 0.04 else 0
        for number in range(1, repeats + 1):
            again_at = first.received_at + number * REPEAT_EVERY
            if again_at < self._now - timedelta(minutes=3):
                yield replace(first, received_at=again_at)

    def _bad_ones(self) -> Iterator[WebhookRequest]:
        for number in range(24):
            name, value = FAULTS[number % len(FAULTS)]
            person = somebody(self._everybody, self._dice)
            bad = self._request(person, "WIN blue", self._moment(), **{name: value})
            yield bad
            if number % 4 == 0:
                yield replace(bad, received_at=bad.received_at + REPEAT_EVERY)

    def _late(self, text: str, seconds: int) -> WebhookRequest:
        sent_at = self._now - timedelta(seconds=seconds)
        return replace(
            self._request(somebody(self._everybody[60:], self._dice), text, sent_at), received_at=sent_at
        )
