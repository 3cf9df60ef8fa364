"""How the values of options are written: durations, rates, charsets, callback URLs."""

import re
from datetime import timedelta

import click

from mo_gateway.form import CHARSET_NAMES
from mo_gateway.simulator.target import Target, read_target

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = timedelta(days=36500)

_NUMBER = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_DURATION = re.compile(rf"{_NUMBER}([smhd]?)")
_RATE = re.compile(rf"{_NUMBER}(?:/([smh]))?")


def duration(value: str) -> timedelta:
    """Read a time longer than nothing: `0.5`, `30s`, `2m`, `1h`, `1d`; a bare number is seconds."""
    match = _DURATION.fullmatch(value)
    seconds = float(match[1]) * SECONDS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST.total_seconds():
        raise click.BadParameter(f"{value!r} is no duration such as 0.5, 30s, 2m or 1h")
    return timedelta(seconds=seconds)


def rate(value: str) -> float:
    """Read how many a second: `20`, `20/s`, `600/m`."""
    match = _RATE.fullmatch(value)
    number = float(match[1]) if match else 0
    if not match or not number:
        raise click.BadParameter(f"{value!r} is no rate such as 20/s or 600/m")
    return number / SECONDS[match[2] or ""]


def charset(value: str) -> str:
    """Read the name of a charset that the gateway knows."""
    known = CHARSET_NAMES.get(value.lower())
    if not known:
        raise click.BadParameter(f"{value!r} is none of {', '.join(CHARSET_NAMES)}")
    return known


def callback_url(value: str) -> Target:
    """Read a callback URL, secret included."""
    try:
        return read_target(value)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc
