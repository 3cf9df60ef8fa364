"""How long nothing comes to a shortcode when all is well, by the weekday and the hour: learned from the counts.

The counts know in which hours something came, and at which moment of them they do not. So a silence is taken from
the beginning of the hour in which something last came to the end of the hour that is looked at: by up to two hours
longer than it was, and never shorter.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from .arrivals import MOST_SHORTCODES
from .report_tables import report_hour

PERIOD = timedelta(weeks=12)  # that is looked at
ENOUGH = timedelta(weeks=4)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
IN_HOURS = timedelta(hours=48)  # from here on a suggestion is of whole days

#: A weekday, 0 = Monday, and an hour of it, in local time.
Slot = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How long nothing came to one shortcode."""

    shortcode: str
    first_at: datetime  #: the hour in which the first message of the period came
    last_at: datetime  #: and the last one
    longest: timedelta  #: of all silences
    longest_from: datetime
    #: the longest silence but one: the longest may have been an outage or a holiday; none where there was one only
    usual: Mapping[Slot, timedelta]

    @property
    def history(self) -> timedelta:
        """How much time there is to learn from."""
        return self.last_at - self.first_at

    @property
    def is_enough(self) -> bool:
        """Tell whether there is enough to learn from."""
        return self.history >= ENOUGH and bool(self.usual)

    @property
    def slot(self) -> Slot | None:
        """The weekday and hour that it is usually silent for the longest time at."""
        return max(self.usual, key=self.usual.__getitem__, default=None)

    @property
    def suggested(self) -> timedelta | None:
        """How long it may be silent, so that what is usual is no alert; None where there is too little to say."""
        if not self.is_enough or self.slot is None:
            return None
        usual = self.usual[self.slot]
        return usual if usual <= IN_HOURS else -(-usual // DAY) * DAY


def habits(conn: Connection, zone: ZoneInfo, now: datetime, *, shortcode: str | None = None) -> list[Habit]:
    """Learn from the last weeks how silent each shortcode is, or one; those that most comes to, in their order."""
    return [
        learned(one, hours, zone)
        for one, hours in sorted(_hours(conn, now - PERIOD, shortcode).items())
        if len(hours) > 1
    ]


def learned(shortcode: str, hours: Sequence[datetime], zone: ZoneInfo) -> Habit:
    """Learn from the hours in which something came, two or more, in order."""
    silences: dict[Slot, list[timedelta]] = defaultdict(list)
    for before, after in pairwise(hours):
        # a silence of weeks is at the same hour several times: it counts there once, as long as it became
        reached = {_slot(hour, zone): hour + HOUR - before for hour in _hours_between(before, after)}
        for slot, silence in reached.items():
            silences[slot].append(silence)
    longest_from, until = max(pairwise(hours), key=lambda pair: pair[1] - pair[0])
    return Habit(
        shortcode=shortcode,
        first_at=hours[0],
        last_at=hours[-1],
        longest=until + HOUR - longest_from,
        longest_from=longest_from,
        usual={slot: sorted(found)[-2] for slot, found in silences.items() if len(found) > 1},
    )


def _hours_between(before: datetime, after: datetime) -> Iterator[datetime]:
    """Give the hours after one, up to another and with it."""
    for n in range(1, (after - before) // HOUR + 1):
        yield before + n * HOUR


def _slot(hour: datetime, zone: ZoneInfo) -> Slot:
    local = hour.astimezone(zone)
    return local.weekday(), local.hour


def _hours(conn: Connection, since: datetime, shortcode: str | None) -> dict[str, list[datetime]]:
    """Give the hours in which something came, by shortcode, in order."""
    hour = report_hour.c
    # the date is first in the key; a local date may begin before the date of UTC
    which = [hour.local_date >= since.date() - DAY, hour.hour_at >= since, hour.messages > 0]
    if shortcode is not None:
        which.append(hour.shortcode == shortcode)
    busiest = select(hour.shortcode).where(*which).group_by(hour.shortcode)
    busiest = busiest.order_by(func.sum(hour.messages).desc(), hour.shortcode).limit(MOST_SHORTCODES)
    names = list(conn.scalars(busiest))
    # an hour may be of two dates
    query = select(hour.shortcode, hour.hour_at).where(*which, hour.shortcode.in_(names)).distinct()
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in conn.execute(query.order_by(hour.shortcode, hour.hour_at)):
        found[row.shortcode].append(row.hour_at)
    return found
