"""How people write durations and moments: `2h`, `2026-11-22`, `2026-11-22T14:00`."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = timedelta(days=36500)
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (0, "s"))

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)([smhd]?)")
_AGO = re.compile(r"[0-9.]+[smhd]")


def read_duration(value: str) -> timedelta:
    """Read `0.5` (seconds), `30s`, `2m`, `1h` or `1d`, longer than nothing; or raise ValueError."""
    match = _DURATION.fullmatch(value)
    seconds = float(match[1]) * SECONDS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(f"{value!r} is no duration such as 0.5, 30s, 2m or 1h")
    return timedelta(seconds=seconds)


def age(duration: timedelta) -> str:
    """Write how long ago something was: `9 s`, `4 min`, `3 h`, `2 d`."""
    seconds = max(0, int(duration.total_seconds()))
    size, unit = next((size, unit) for size, unit in AGES if seconds >= size)
    return f"{seconds // (size or 1)} {unit}"


def is_ago(value: str) -> bool:
    """Tell whether it is a time that counts from now, such as `2h`."""
    return _AGO.fullmatch(value) is not None


def read_moment(value: str, zone: ZoneInfo, now: datetime, *, end_of_day: bool = False) -> datetime:
    """Read `2h` (ago), `2026-11-22` or `2026-11-22T14:00` (in `zone` where it names none); or raise ValueError.

    A date alone is its first moment, or with `end_of_day` the first moment after it.
    """
    if is_ago(value):
        return now - read_duration(value)
    try:
        return _read_date_or_time(value, zone, end_of_day=end_of_day)
    except (ValueError, OverflowError) as exc:
        raise ValueError(f"{value!r} is no time such as 2h, 2026-11-22 or 2026-11-22T14:00") from exc


def _read_date_or_time(value: str, zone: ZoneInfo, *, end_of_day: bool) -> datetime:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
    else:
        moment = datetime.combine(day + timedelta(days=end_of_day), time())
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC)
