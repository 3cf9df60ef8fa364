"""`silence`: how long nothing comes to a shortcode when all is well, and what MO_GATEWAY_MAX_SILENCE could be."""

from calendar import day_name
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import click

from mo_gateway.gateway.clock import utc_now
from mo_gateway.setting_types import Silences
from mo_gateway.settings import PREFIX, Settings
from mo_gateway.store import agenda, reading
from mo_gateway.store.habits import DAY, ENOUGH, HOUR, PERIOD, Habit, Slot, habits

from . import output, types
from .order import counted
from .setup import settings_from_environment

HEADERS = ("SHORTCODE", "HISTORY", "LONGEST", "SINCE", "USUAL", "UP TO", "ALLOWED", "SUGGESTED")
UNITS = ((DAY, "d"), (HOUR, "h"), (timedelta(minutes=1), "m"), (timedelta(seconds=1), "s"))


@click.command()
@click.option("--shortcode", type=types.shortcode, help="This one only, hour by hour.  [default: all of them]")
@output.json_option
def silence(shortcode: str | None, as_json: bool) -> None:
    """Say how long nothing comes to each shortcode when all is well, and suggest MO_GATEWAY_MAX_SILENCE.

    It is learned from the counts of the last 12 weeks. For each weekday and hour the longest silence is left out,
    since it may have been an outage or a holiday, and the next one is what is usual there. The longest of these is
    suggested: so what has happened twice is no alert. Nothing is changed.

    \b
    mo-gateway silence
    mo-gateway silence --shortcode 4414
    """
    settings = settings_from_environment()
    with reading.opened(settings) as engine, engine.begin() as conn:
        found = habits(conn, settings.timezone, utc_now(), shortcode=shortcode)
        dates_counted, dates = agenda.progress(conn)
    if dates_counted < dates:
        left = counted(dates - dates_counted, "date")
        click.echo(f"{left} not counted yet: they look as if nothing had come.", err=True)
    if as_json:
        output.print_json_lines(_as_dict(one, settings) for one in found)
    elif found:
        _print(found, settings, by_hour=shortcode is not None)
    if not found:
        click.echo(f"Too little has come in the last {PERIOD.days // 7} weeks to learn from.", err=True)


def _print(found: Iterable[Habit], settings: Settings, *, by_hour: bool) -> None:
    zone = settings.timezone
    table = output.Table(*HEADERS, zone=zone)
    table.add(_cells(one, settings) for one in found)
    if by_hour:
        for one in found:
            click.echo(f"\nUsual silence on {one.shortcode}, in hours, up to the end of each hour ({zone.key}):")
            hours = output.Table("", *(f"{hour:02}" for hour in range(24)), zone=zone)
            hours.add([day_name[day][:3], *row] for day, row in enumerate(_by_weekday(one)))
    suggested = {one.shortcode: one.suggested for one in found if _can_be_set(one)}
    if suggested:
        click.echo(f"\n{PREFIX}MAX_SILENCE={_setting({**settings.max_silence, **suggested})}")


def _cells(habit: Habit, settings: Settings) -> list[object]:
    allowed = settings.max_silence.get(habit.shortcode)
    usual = habit.usual[habit.slot] if habit.slot else None
    return [
        habit.shortcode,
        counted(habit.history.days, "day"),
        _written(habit.longest),
        f"{habit.longest_from.astimezone(settings.timezone):%Y-%m-%d %H}h",
        usual and _written(usual),
        habit.slot and _slot_in_words(habit.slot),
        allowed and _written(allowed),
        _suggestion(habit),
    ]


def _suggestion(habit: Habit) -> str:
    """Say what to allow, or why nothing is suggested."""
    if habit.suggested is None:
        return (
            f"too little history, under {ENOUGH.days // 7} weeks" if habit.history < ENOUGH else "too few messages"
        )
    if not _can_be_set(habit):
        return f"more than {Silences.LONGEST.days} days cannot be set"
    return _written(habit.suggested)


def _can_be_set(habit: Habit) -> bool:
    return habit.suggested is not None and habit.suggested <= Silences.LONGEST


def _setting(allowed: Mapping[str, timedelta | None]) -> str:
    """Write the setting; what it names beside the shortcodes that are learned of stays in it."""
    return ",".join(f"{shortcode}={_written(time)}" for shortcode, time in sorted(allowed.items()) if time)


def _written(time: timedelta) -> str:
    """Write a time as the setting has it, such as 9h."""
    return next(f"{time // size}{unit}" for size, unit in UNITS if not time % size)


def _slot_in_words(slot: Slot) -> str:
    """Write the end of an hour: that is when the silence has become so long."""
    weekday, hour = slot
    return f"{day_name[weekday]} {hour + 1:02}:00"


def _by_weekday(habit: Habit) -> list[list[int | None]]:
    """Give the usual silence in hours, a row for each weekday."""
    usual = {slot: silence // HOUR for slot, silence in habit.usual.items()}
    return [[usual.get((weekday, hour)) for hour in range(24)] for weekday in range(7)]


def _as_dict(habit: Habit, settings: Settings) -> dict[str, Any]:
    allowed, usual = settings.max_silence.get(habit.shortcode), habit.usual.get(habit.slot or (0, 0))
    return {
        "shortcode": habit.shortcode,
        "first_at": habit.first_at,
        "last_at": habit.last_at,
        "days": habit.history.days,
        "is_enough": habit.is_enough,
        "longest_seconds": _seconds(habit.longest),
        "longest_from": habit.longest_from,
        "usual_seconds": _seconds(usual),
        "usual_hours": {day_name[day]: row for day, row in enumerate(_by_weekday(habit))},
        "allowed_seconds": _seconds(allowed),
        "suggested": _written(habit.suggested) if habit.suggested and _can_be_set(habit) else None,
    }


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else int(time.total_seconds())
