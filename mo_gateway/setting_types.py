"""The kinds of values that settings have, each with what would be right."""

import os
import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

LEAST_DAYS = 2  #: that messages are kept: the counts of a date are closed 26 hours after its end

SWITCH: dict[str, Any] = {"invalid": "1 or 0"}  # said where a value is neither


class Seconds(fields.Float):
    """A duration in seconds, fractions allowed."""

    rule = "a number of seconds, over 0 and at most a day (86400)"
    default_error_messages = {"invalid": rule, "special": rule}  # noqa: RUF012 - marshmallow wants it so

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        seconds = super()._deserialize(value, attr, data, **kwargs)
        if not 0.000001 <= seconds <= 86400:  # a timedelta knows microseconds, less would be 0
            raise ValidationError(self.rule)
        return timedelta(seconds=seconds)


class Words(fields.Field[tuple[str, ...]]):
    """Words with commas between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        return tuple(word for word in (part.strip() for part in value.split(",")) if word)


class Silences(Words):
    """How long a shortcode may be silent: `4414=6h` and so on, with commas between them."""

    rule = "SHORTCODE=TIME, with commas between them; a time is a number and s, m, h or d, at most 31d"
    UNITS: ClassVar[dict[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    LONGEST = timedelta(days=31)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        words = super()._deserialize(value, attr, data)
        parts = [re.fullmatch(r"([0-9]{3,15})=([0-9]{1,7})([smhd])", word, re.ASCII) for word in words]
        found = {part[1]: timedelta(seconds=int(part[2]) * self.UNITS[part[3]]) for part in parts if part}
        if len(found) < len(words) or any(not timedelta() < time <= self.LONGEST for time in found.values()):
            raise ValidationError(self.rule)
        return found


class Networks(Words):
    """Addresses and networks in CIDR notation, with commas between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return tuple(ip_network(word) for word in super()._deserialize(value, attr, data))
        except ValueError as exc:
            raise ValidationError(f"addresses or networks such as 192.0.2.0/24 ({exc})") from exc


class Zone(fields.Field[ZoneInfo]):
    """The name of a time zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ZoneInfo:
        try:
            return ZoneInfo(value)
        except (ValueError, OSError, LookupError) as exc:
            raise ValidationError("the name of a time zone, such as Europe/Amsterdam") from exc


class FilePath(fields.Field[Path]):
    """The path of a file that the program may make."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Path:
        path = Path(value)
        if path.is_dir() or not path.parent.is_dir():
            raise ValidationError("the path of a file, in a folder that is there")
        return path


class ExistingFile(fields.Field[Path]):
    """The path of a file that can be read."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Path:
        if not os.access(value, os.R_OK) or not Path(value).is_file():
            raise ValidationError("the path of a file that can be read")
        return Path(value)


class DatabaseUrl(fields.Field[URL]):
    """Where the database is; a PostgreSQL URL without a driver gets psycopg.

    Several hosts stand behind one another with commas between, as in PostgreSQL's own URLs. Of them the one is
    used that takes writes, unless the URL says otherwise.
    """

    #: What stands before the hosts, and then the hosts.
    SEVERAL_HOSTS = re.compile(r"([^:/]+://(?:[^@/]*@)?)([^@/?]*,[^@/?]*)")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> URL:
        rule = "sqlite:///FILE or postgresql://USER@HOST/NAME"
        try:
            url = self._read(value)
        except (ArgumentError, ValueError) as exc:
            raise ValidationError(rule) from exc
        if url.drivername == "postgresql+psycopg":
            return url
        if url.drivername != "sqlite" or url.host or url.query:
            raise ValidationError(rule)
        if url.database in (None, "", ":memory:"):
            raise ValidationError(f"{rule}; a database in memory would lose what was acknowledged")
        return url

    def _read(self, value: str) -> URL:
        """Read a URL, or raise ArgumentError or ValueError."""
        several = self.SEVERAL_HOSTS.match(value)
        url = self._spread(several) if several else make_url(value)
        if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
            return url
        url = url.set(drivername="postgresql+psycopg")
        if len(hosts_of(url)) > 1 and "target_session_attrs" not in url.query:
            return url.update_query_dict({"target_session_attrs": "read-write"})
        return url

    def _spread(self, several: re.Match[str]) -> URL:
        """Put several hosts where SQLAlchemy looks for them."""
        hosts = [make_url(f"postgresql://{host}") for host in several[2].split(",")]
        names = ",".join(host.host or "" for host in hosts)
        ports = ",".join(str(host.port or "") for host in hosts)
        url = make_url(several[1] + several.string[several.end() :])
        return url.update_query_pairs([("host", names), ("port", ports)], append=True)


def hosts_of(url: URL) -> list[str]:
    """Give the hosts of a PostgreSQL URL, in the order they are tried; or raise ArgumentError or ValueError."""
    _, options = url.get_dialect()().create_connect_args(url)
    return str(options.get("host", "")).split(",")


class WebUrl(fields.Url):
    """A URL of http or https; a host of one's own network will do."""

    rule: str

    def __init__(self, **kwargs: Any) -> None:
        words: dict[str, Any] = {"invalid": self.rule}
        super().__init__(schemes={"http", "https"}, require_tld=False, error_messages=words, **kwargs)


class PublicUrl(WebUrl):
    """How the world reaches this gateway, without a path."""

    rule = "the beginning of a URL, such as https://sms.example.org"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        url = str(super()._deserialize(value, attr, data, **kwargs))
        if "?" in url or "#" in url:
            raise self.make_error("invalid")
        return url.rstrip("/")


class ProviderUrl(WebUrl):
    """Where a provider's API is; a password has a variable of its own."""

    rule = "a URL that begins with https:// or http://, without a user name, a password or a #"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        url = str(super()._deserialize(value, attr, data, **kwargs))
        try:
            parts = urlsplit(url)
            is_usable = bool(parts.hostname) and parts.port != 0
        except ValueError:  # an address or a port that is none
            is_usable = False
        if not is_usable or "@" in parts.netloc or "#" in url:
            raise self.make_error("invalid")
        return url


class FolderUrl(ProviderUrl):
    """Where the pages of a provider's API lie: their names are put behind it."""

    rule = "a URL that begins with https:// or http://, without a user name, a password, a ? or a #"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        url = str(super()._deserialize(value, attr, data, **kwargs))
        if "?" in url:
            raise self.make_error("invalid")
        return url


class HostUrl(fields.String):
    """A URL of one of some schemes, with a host; it may hold a user name and a password."""

    schemes: tuple[str, ...] = ()  #: empty = any
    rule: str

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        url = str(super()._deserialize(value, attr, data, **kwargs))
        try:
            parts = urlsplit(url)
            is_usable = bool(parts.scheme) and parts.port != 0 and url.isprintable()
        except ValueError:  # an address or a port that is none
            is_usable = False
        if not is_usable or (self.schemes and (parts.scheme not in self.schemes or not parts.hostname)):
            raise ValidationError(self.rule)
        return url


class SmtpUrl(HostUrl):
    """The mail server: `smtp` uses TLS where the server offers it, `starttls` insists, `smtps` begins with it."""

    schemes = ("smtp", "starttls", "smtps")
    rule = "smtp://HOST:PORT, starttls://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST"


class BrokerUrl(HostUrl):
    """A message broker, as kombu writes it."""

    rule = "a URL such as amqp://USER:PASSWORD@HOST/VHOST or redis://HOST/0"


class StopReply(fields.String):
    """How a STOP is confirmed: `auto`, `none`, or the text to send."""

    WORDS = ("auto", "none")
    PLACES = ("{shortcode}", "{keyword}")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if text.casefold() in self.WORDS:
            return text.casefold()
        is_text = text.replace("\n", " ").isprintable()
        if not is_text or any(place not in self.PLACES for place in re.findall(r"\{.*?\}|[{}]", text)):
            raise ValidationError("auto, none, or a text, in which {shortcode} and {keyword} are filled in")
        if not text.replace("{keyword}", "").strip():
            raise ValidationError(
                "a text with more than {keyword} in it, which is empty where everything was ended"
            )
        return text


class Retention(fields.Field[dict[str, int]]):
    """How many days messages are kept, by shortcode; `*` is all others, and a bare number of days is `*`."""

    rule = (
        "days such as 400d, or with commas between them 4414=90d,*=400d; at least 2d, for a date is open so long"
    )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in value.split(","):
            match = re.fullmatch(r"\s*(?:(\*|[0-9]{3,15})\s*=\s*)?([0-9]{1,5})d\s*", part)
            shortcode = (match[1] or "*") if match else ""
            if not match or int(match[2]) < LEAST_DAYS or shortcode in found:
                raise ValidationError(self.rule)
            found[shortcode] = int(match[2])
        return found


class Codes(fields.Field[dict[str, str]]):
    """What a provider's words mean: `WORD=delivered` and so on, with commas between them."""

    MEANINGS = ("delivered", "failed", "pending", "unknown")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        if any(not word or meaning not in self.MEANINGS for word, _, meaning in pairs):
            raise ValidationError(
                f"WORD=MEANING, with commas between them; a meaning is {', '.join(self.MEANINGS)}"
            )
        return {word: meaning for word, _, meaning in pairs}
