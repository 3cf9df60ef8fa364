"""What the built-in handlers have in common: the kinds of values in a routes file, and where a handler stands.

Each of them is a module with the same three names: a function named like the module, for use from Python;
`Options`, the keys that its table in a routes file may have; `build`, which makes a route's handler from these.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import OneOf

from mo_gateway.errors import ConfigError
from mo_gateway.message import Message
from mo_gateway.values import LONGEST_NAME

#: What handles a message.
Handling = Callable[[Message], Any]

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h|d)")
FIRST_YEAR, LAST_YEAR = 1970, 9998  # of a moment, so that it is one in every time zone
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def pure(function: Handling) -> Handling:
    """Mark a handler that only reads its message: whoever wants to know what it would answer may call it."""
    function.is_pure = True  # type: ignore[attr-defined] # functions have room for it
    return function


def is_pure(function: Callable[..., Any]) -> bool:
    """Tell whether it is known of a handler that to call it changes nothing."""
    return getattr(function, "is_pure", False) is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a route's handler stands."""

    folder: Path  #: of the routes file; other files are named from here
    timezone: ZoneInfo
    forward_networks: tuple[IPv4Network | IPv6Network, ...] = ()  #: private ones that may be called
    broker_url: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    email_from: str = ""

    def moment(self, value: datetime | None) -> datetime | None:
        """Give a moment of a routes file as aware UTC; one without a zone is in MO_GATEWAY_TIMEZONE."""
        if value is None:
            return None
        aware = value if value.tzinfo else value.replace(tzinfo=self.timezone)
        return aware.astimezone(UTC)

    def lines_of(self, name: str) -> dict[int, str]:
        """Read the lines of a file that are neither empty nor begin with #, by number; or raise ConfigError."""
        path = self.folder / name
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"{path} cannot be read ({exc})") from exc
        found = {number: line for number, line in enumerate(lines, 1) if line and not line.startswith("#")}
        if not found:
            raise ConfigError(f"{path} is empty")
        return found


class Text(fields.String):
    """A text that is not empty."""

    default_error_messages = {"invalid": "a text, in quotes"}  # noqa: RUF012 - marshmallow wants it so

    def __init__(self, *, longest: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text or len(text) > self._longest or "\0" in text:
            raise ValidationError(f"a text of 1 to {self._longest} characters")
        return text


class Name(Text):
    """A text on one line, such as the name of a poll or of a list."""

    def __init__(self, *, longest: int = LONGEST_NAME, **kwargs: Any) -> None:
        super().__init__(longest=longest, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.isprintable():
            raise ValidationError("a text in one line, of characters that can be seen")
        return text


class Table(fields.Dict):
    """A table that is not empty; what is wrong in it is told by its key alone."""

    def __init__(self, keys: fields.Field[Any], values: fields.Field[Any], *, rule: str, **kwargs: Any) -> None:
        super().__init__(keys, values, **kwargs)
        self._rule = rule

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict) or not value:
            raise ValidationError(self._rule)
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call] # marshmallow's
        except ValidationError as exc:
            if not isinstance(exc.messages, dict):
                raise
            faults = {
                key: [one for several in wrong.values() for one in several] for key, wrong in exc.messages.items()
            }
            raise ValidationError(faults) from exc


class Duration(fields.Field[timedelta]):
    """A time: `"90s"`, `"10m"`, `"2h"`, `"1d"`."""

    rule = 'a duration such as "90s", "10m", "2h" or "1d"'

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> timedelta:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
        if not 0 < seconds <= 3650 * 86400:
            raise ValidationError(self.rule)
        return timedelta(seconds=seconds)


class Moment(fields.Field[datetime]):
    """A moment, as TOML writes it, without quotes; a date alone is its first moment."""

    rule = "a moment without quotes, such as 2026-12-01T18:00:00"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, date):
            raise ValidationError(self.rule)
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise ValidationError(f"a moment of the years {FIRST_YEAR} to {LAST_YEAR}")
        return value if isinstance(value, datetime) else datetime.combine(value, time())


class OneOrMore(fields.Field[tuple[str, ...]]):
    """A text, or a list of texts that is not empty."""

    rule = 'a text, or a list of texts: "WIN" or ["WIN", "GAGNE"]'

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            raise ValidationError(self.rule)
        return tuple(words)


class Switch(fields.Field[bool]):
    """Yes or no."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("true or false, without quotes")
        return value


class Count(fields.Field[int]):
    """A whole number between two."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:  # true is a kind of 1
            raise ValidationError(f"a whole number from {self.least} to {self.most}, without quotes")
        return value


class Choice(fields.String):
    """One of a few words."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        rule = " or ".join(f'"{word}"' for word in words)
        super().__init__(validate=OneOf(words, error=rule), error_messages={"invalid": rule}, **kwargs)


class Options(Schema):
    """The keys of a handler's table in a routes file; each built-in handler has its own."""

    error_messages = {"unknown": "there is no such key", "type": "a table"}  # noqa: RUF012 - marshmallow wants it so
