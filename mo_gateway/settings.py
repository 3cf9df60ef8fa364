"""All settings, read once at start from the environment, and nowhere else.

Each variable is a field's name in capitals behind `MO_GATEWAY_`; each may also be given as `…_FILE`, the
path of a file that holds the value. `docs/settings.md` explains them; a test compares it with this module.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import OneOf, Range
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from .errors import ConfigError

PREFIX = "MO_GATEWAY_"
SECRET_FILE = "mo-gateway.secret"  # noqa: S105 - the name of a file
PERSON_SECRET_FILE = "mo-gateway.person-secret"  # noqa: S105 - the name of a file
SWITCH: dict[str, Any] = {"invalid": "1 or 0"}  # said where a value is neither
CHARSETS = ("iso-8859-1", "windows-1252", "utf-8", "auto")

#: Settings whose value must never be shown, not even when it is wrong.
SECRETS = ("DATABASE_URL", "CALLBACK_SECRET", "PERSON_SECRET")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided; checked, with every default in place."""

    database_url: URL
    callback_secret: tuple[str, ...]  #: any of these opens the callback; empty = none is asked for
    person_secret: bytes  #: key of the HMAC that makes `person_key` from an MSISDN
    allowed_networks: tuple[Network, ...]  #: who may post; empty = everybody who knows the secret
    trusted_proxies: int  #: how many proxies before us write X-Forwarded-For
    public_url: str  #: what stands before the path in the printed callback URL; empty = the bound address
    timezone: ZoneInfo
    charset: str
    operator_policy: str  #: listed, known-country or any
    operators_file: Path | None
    rejected_answer: int  #: 400 or 200
    max_body_bytes: int
    max_rejections: int  #: rows kept in `mo_rejection`
    commit_deadline: timedelta
    max_waiting: int
    allow_unsafe_database: bool
    prepare_statements: bool
    handlers: tuple[str, ...]  #: modules to import
    lease: timedelta
    retry_delay: timedelta
    max_attempts: int
    metrics_networks: tuple[Network, ...]
    log_format: str  #: auto, human or json
    metrics_folder: Path | None  #: where the processes of one `run` share their counters

    @property
    def handler_limit(self) -> timedelta:
        """How long one try of a handler may take: 25 s of a 30 s lease, so that the lease outlives it."""
        return self.lease * 5 / 6

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.get_backend_name() == "sqlite"

    @property
    def callback_path(self) -> str:
        """The path that Spryng is to call, with the newest secret in it."""
        if not self.callback_secret:
            return "/spryng/mo"
        return f"/spryng/mo/{quote(self.callback_secret[0], safe='')}"


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


class ExistingFile(fields.Field[Path]):
    """The path of a file that can be read."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Path:
        if not os.access(value, os.R_OK) or not Path(value).is_file():
            raise ValidationError("the path of a file that can be read")
        return Path(value)


class DatabaseUrl(fields.Field[URL]):
    """Where the database is; a PostgreSQL URL without a driver gets psycopg."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> URL:
        rule = "sqlite:///FILE or postgresql://USER@HOST/NAME"
        try:
            url = make_url(value)
        except (ArgumentError, ValueError) as exc:
            raise ValidationError(rule) from exc
        if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
            return url.set(drivername="postgresql+psycopg")
        if url.drivername != "sqlite" or url.host or url.query:
            raise ValidationError(rule)
        if url.database in (None, "", ":memory:"):
            raise ValidationError(f"{rule}; a database in memory would lose what was acknowledged")
        return url


class PublicUrl(fields.Url):
    """How the world reaches this gateway, without a path."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        url = str(super()._deserialize(value, attr, data, **kwargs))
        if "?" in url or "#" in url:
            raise self.make_error("invalid")
        return url.rstrip("/")


class SettingsSchema(Schema):
    """One field a variable, with its default and what would be right."""

    class Meta:
        unknown = RAISE

    DATABASE_URL = DatabaseUrl(load_default=make_url("sqlite:///mo-gateway.db"))
    CALLBACK_SECRET = Words(load_default=())
    ALLOW_ANONYMOUS = fields.Boolean(load_default=False, error_messages=SWITCH)
    PERSON_SECRET = fields.String(load_default="")
    ALLOWED_NETWORKS = Networks(load_default=())
    TRUSTED_PROXIES = fields.Integer(load_default=0, validate=Range(0, 10))
    PUBLIC_URL = PublicUrl(
        load_default="",
        schemes={"http", "https"},
        require_tld=False,
        error_messages={"invalid": "the beginning of a URL, such as https://sms.example.org"},
    )
    TIMEZONE = Zone(load_default=ZoneInfo("Europe/Amsterdam"))
    CHARSET = fields.String(load_default="iso-8859-1", validate=OneOf(CHARSETS))
    OPERATOR_POLICY = fields.String(load_default="listed", validate=OneOf(("listed", "known-country", "any")))
    OPERATORS_FILE = ExistingFile(load_default=None)
    REJECTED_ANSWER = fields.Integer(load_default=400, validate=OneOf((400, 200)))
    MAX_BODY_BYTES = fields.Integer(load_default=65536, validate=Range(1024, 16 * 1024 * 1024))
    MAX_REJECTIONS = fields.Integer(load_default=100_000, validate=Range(min=1))
    COMMIT_DEADLINE = Seconds(load_default=timedelta(seconds=5))
    MAX_WAITING = fields.Integer(load_default=1000, validate=Range(min=1))
    ALLOW_UNSAFE_DATABASE = fields.Boolean(load_default=False, error_messages=SWITCH)
    PREPARE_STATEMENTS = fields.Boolean(load_default=True, error_messages=SWITCH)
    HANDLERS = Words(load_default=())
    LEASE = Seconds(load_default=timedelta(seconds=30))
    RETRY_DELAY = Seconds(load_default=timedelta(seconds=5))
    MAX_ATTEMPTS = fields.Integer(load_default=12, validate=Range(1, 1000))
    METRICS_NETWORKS = Networks(load_default=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
    LOG_FORMAT = fields.String(load_default="auto", validate=OneOf(("auto", "human", "json")))


def load_settings(environ: Mapping[str, str], folder: Path | None = None) -> Settings:
    """Read and check every setting, or raise one ConfigError that names all the bad ones.

    Where no callback secret or person secret is given, one is made, kept in `folder` (default: the working
    directory; mode 0600) and used again.
    """
    given, faults = _given(environ)
    try:
        values = SettingsSchema().load(given)
    except ValidationError as exc:
        faults |= {name: _fault(name, given[name], messages) for name, messages in exc.messages_dict.items()}
    if not faults and values["ALLOW_ANONYMOUS"] and values["CALLBACK_SECRET"]:
        name = f"{PREFIX}ALLOW_ANONYMOUS"
        faults[name] = f"{name} and {PREFIX}CALLBACK_SECRET are both set: a secret is asked for, or it is not."
    if faults:
        raise ConfigError("\n".join(faults[name] for name in sorted(faults)))
    keep = folder or Path.cwd()
    if values.pop("ALLOW_ANONYMOUS"):
        values["CALLBACK_SECRET"] = ()
    elif not values["CALLBACK_SECRET"]:
        values["CALLBACK_SECRET"] = (kept_secret(keep / SECRET_FILE),)
    values["PERSON_SECRET"] = (values["PERSON_SECRET"] or kept_secret(keep / PERSON_SECRET_FILE)).encode()
    shared = environ.get("PROMETHEUS_MULTIPROC_DIR")  # prometheus-client's own name for it
    values["METRICS_FOLDER"] = Path(shared) if shared else None
    return Settings(**{name.lower(): value for name, value in values.items()})


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Name the variables that look like settings and are none: most often a slip of the pen."""
    known = {PREFIX + name + suffix for name in SettingsSchema().fields for suffix in ("", "_FILE")}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def kept_secret(path: Path) -> str:
    """Read the secret in `path`; where there is no such file, make one that only this user can read."""
    if not path.exists():
        _keep_new_secret(path)
    return _read(path)


def _keep_new_secret(path: Path) -> None:
    # A hard link appears whole or not at all: of two processes that start together one wins, both read it.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(draft, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written to keep a new secret: {exc.strerror}") from exc
    finally:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing was
            draft.unlink()


def _given(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the values that are set, directly or by file, and a fault for each file that cannot be read."""
    given, faults = {}, {}
    for name in SettingsSchema().fields:
        value, path = environ.get(PREFIX + name, ""), environ.get(f"{PREFIX}{name}_FILE", "")
        if value and path:
            faults[name] = f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set: only one may be."
        elif path:
            try:
                given[name] = _read(Path(path))
            except ConfigError as exc:
                faults[name] = f"{PREFIX}{name}_FILE: {exc}."
        elif value:
            given[name] = value
    return given, faults


def _read(path: Path) -> str:
    try:
        content = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read ({exc})") from exc
    if not content:
        raise ConfigError(f"{path} is empty")
    return content


def _fault(name: str, value: str, messages: list[str]) -> str:
    shown = "that value" if name in SECRETS else repr(value)
    return f"{PREFIX}{name} cannot be {shown}: {' '.join(messages)}"
