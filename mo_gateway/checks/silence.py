"""Has something come to each shortcode that is not to be silent?"""

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import ConfigError, SchemaError
from mo_gateway.moments import age
from mo_gateway.settings import Settings
from mo_gateway.store import arrivals, reading
from mo_gateway.store.arrivals import Silence

from . import Finding, Verdict

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def check_silence(settings: Settings, now: datetime) -> list[Finding]:
    """Look when something last came, by the same measure as the alert; nothing where no limit is set."""
    if not settings.max_silence:
        return []
    try:
        with reading.opened(settings) as engine, engine.begin() as conn:
            found = silences(conn, settings, now)
    except (ConfigError, SchemaError, SQLAlchemyError, OSError):  # `check_database` tells of it
        return []
    if found:
        return [Finding("silence", Verdict.WRONG, in_words(one, now)) for one in found]
    shown = ", ".join(settings.max_silence)
    return [
        Finding("silence", Verdict.RIGHT, f"what MO_GATEWAY_MAX_SILENCE names was not silent for long: {shown}")
    ]


def silences(conn: Connection, settings: Settings, now: datetime) -> list[Silence]:
    """Name the shortcodes that are silent for longer than the settings allow."""
    if not settings.max_silence:
        return []
    found = arrivals.last_arrivals(conn, now, wanted=settings.max_silence)
    return arrivals.silences(found, settings.max_silence, now)


def in_words(silence: Silence, now: datetime) -> str:
    """Say how long nothing has come."""
    seconds = int(silence.allowed.total_seconds())
    allowed = next(f"{seconds // size} {unit}" for size, unit in UNITS if seconds % size == 0)
    silent_for = age(now - silence.last_at) if silence.last_at else "a month"
    return f"nothing has come to {silence.shortcode} for {silent_for}, and {allowed} are allowed"
