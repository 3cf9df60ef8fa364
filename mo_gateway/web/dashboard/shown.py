"""How values are written on pages: moments in the one zone, numbers masked, texts as phones sent them."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from mo_gateway.masking import masked, one_line, without_number

from .texts import gettext as _
from .texts import language_now, ngettext

#: The shape and the colour that stand beside the word, never in its place.
SIGNS = {
    "done": ("●", "ok"),
    "sent": ("●", "ok"),
    "delivered": ("●", "ok"),
    "pending": ("◐", "wait"),
    "being sent": ("◐", "wait"),
    "queued": ("◐", "wait"),
    "unknown": ("◐", "wait"),
    "unrouted": ("▲", "wait"),
    "suppressed": ("▲", "wait"),
    "failed": ("✕", "fail"),
    "dead": ("✕", "fail"),
    "stored": ("●", "ok"),
    "rejected": ("▲", "wait"),
    "right": ("●", "ok"),
    "open": ("○", "wait"),
    "wrong": ("✕", "fail"),
    "refused": ("✕", "fail"),
}


def register(app: Flask, zone: ZoneInfo) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        moment=lambda value: moment(value, zone),
        number=number,
        text=text,
        state=state,
        count=count,
        decimal=decimal,
        ago=ago,
        without=without_number,
    )


def moment(value: datetime | None, zone: ZoneInfo) -> Markup:
    """Write `22 nov 2026 14:02:11 Amsterdam (UTC+1)`, with UTC for whoever points at it."""
    if value is None:
        return Markup("–")
    local = value.astimezone(zone)
    ahead = int(local.utcoffset().total_seconds()) // 60  # type: ignore[union-attr] # it is aware
    hours, minutes = divmod(abs(ahead), 60)
    offset = f"UTC{'-' if ahead < 0 else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")
    place = _(zone.key.rpartition("/")[2].replace("_", " "))
    written = f"{language_now().date(local)} {local:%H:%M:%S} {place} ({offset})"
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        utc.isoformat(timespec="seconds"), f"{utc:%Y-%m-%d %H:%M:%S}", written
    )


def number(msisdn: str | None) -> Markup:
    """Write a phone number masked; a screen reader says its end."""
    if not msisdn:
        return Markup('<span class="muted">{}</span>').format(_("(erased)"))
    label = _("number ending in %(digits)s") % {"digits": msisdn[-2:]}
    shape = Markup('<span class="number"><span aria-hidden="true">+{}</span><span class="aside">{}</span></span>')
    return shape.format(masked(msisdn), label)


def text(value: str | None, longest: int = 0) -> Markup:
    """Write a text from a phone: what is invisible or turns the writing round as an escape, nothing as words."""
    if not value:
        return Markup('<span class="muted">{}</span>').format(_("(empty text)"))
    shown = one_line(value)
    cut = shown if not longest or len(shown) <= longest else f"{shown[: longest - 1]}…"
    return Markup('<bdi class="phone">{}</bdi>').format(cut)


def pieces(part: str, forced_by: Collection[str]) -> list[tuple[str, bool]]:
    """Take a part of a reply apart: runs of characters, each with whether it is what makes the whole UCS-2."""
    runs = groupby(part, key=forced_by.__contains__)
    return [("".join(map(_seen, characters)), is_forcing) for is_forcing, characters in runs]


def _seen(character: str) -> str:
    return character if character == "\n" else one_line(character)


def state(word: str, said: str = "") -> Markup:
    """Write a state: its shape, its colour and its word, or what is said in its stead."""
    sign, colour = SIGNS.get(word, ("○", "muted"))
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        colour, sign, said or word
    )


def ago(duration: timedelta) -> str:
    """Write how long ago something was, beside the moment itself."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 3600:
        minutes = seconds // 60
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", minutes) % {"num": minutes}
    if seconds < 86400:
        hours = seconds // 3600
        return ngettext("%(num)s hour ago", "%(num)s hours ago", hours) % {"num": hours}
    days = seconds // 86400
    return ngettext("%(num)s day ago", "%(num)s days ago", days) % {"num": days}


def decimal(value: float) -> str:
    """Write a number with one decimal."""
    return language_now().decimal(value)


def count(value: int | None) -> str:
    """Write a whole number with thin spaces between the thousands."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")
