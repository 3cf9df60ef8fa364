"""How the values of options are written: durations, rates, numbers, words, callback URLs."""

import re
from datetime import timedelta

import click

from mo_gateway import by_hand
from mo_gateway.form import CHARSET_NAMES
from mo_gateway.moments import SECONDS, read_duration
from mo_gateway.reply import is_msisdn
from mo_gateway.setting_types import LEAST_DAYS
from mo_gateway.simulator.target import Target, read_target

_NUMBER = r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_RATE = re.compile(rf"{_NUMBER}(?:/([smh]))?")


def duration(value: str) -> timedelta:
    """Read a time longer than nothing: `0.5`, `30s`, `2m`, `1h`, `1d`; a bare number is seconds."""
    try:
        return read_duration(value)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc


def address(value: str) -> tuple[str, int]:
    """Read where to listen: `127.0.0.1:9000`, `[::1]:9000`; port 0 = any that is free."""
    host, colon, port = value.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise click.BadParameter(f"{value!r} is no address such as 127.0.0.1:9000")
    return host.strip("[]"), int(port)


def rate(value: str) -> float:
    """Read how many a second: `20`, `20/s`, `600/m`."""
    match = _RATE.fullmatch(value)
    number = float(match[1]) if match else 0
    if not match or not number:
        raise click.BadParameter(f"{value!r} is no rate such as 20/s or 600/m")
    return number / SECONDS[match[2] or ""]


def msisdn(value: str) -> str:
    """Read a phone number; what is wrong is not quoted, for it may be one all the same."""
    if not is_msisdn(value):
        raise click.BadParameter("an MSISDN is 6 to 15 digits, country code first, without +")
    return value


def person(value: str) -> str:
    """Read a phone number, with or without the + before it."""
    return msisdn(value.removeprefix("+"))


def days(value: str) -> int:
    """Read a number of days, such as `90d`."""
    match = re.fullmatch(r"([0-9]{1,5})d", value)
    if not match or int(match[1]) < LEAST_DAYS:
        raise click.BadParameter(f"{value!r} is no number of days such as 90d, from {LEAST_DAYS}d on")
    return int(match[1])


def shortcode(value: str) -> str:
    """Read a shortcode, or the long number that stands in its place."""
    try:
        return by_hand.check_shortcode(value)
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc


def keyword(value: str) -> str:
    """Read a keyword, and fold it as those of messages are."""
    try:
        return by_hand.folded_keyword(text(value))
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc


def text(value: str) -> str:
    """Read a text that can be stored: bytes that are not UTF-8 cannot be, nor can NUL."""
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise click.BadParameter("what was typed is not UTF-8") from exc
    if "\0" in value:
        raise click.BadParameter("it has a NUL, which no text can hold")
    return value


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
