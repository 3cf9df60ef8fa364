"""All settings, read once at start from the environment, and nowhere else.

Each variable is a field's name in capitals behind `MO_GATEWAY_`; each may also be given as `…_FILE`, the
path of a file that holds the value. `docs/settings.md` explains them; a test compares it with this module.
"""

import contextlib
import functools
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha1
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load
from marshmallow.validate import OneOf, Range, Regexp
from sqlalchemy import URL, make_url

from . import provider_settings
from .errors import ConfigError
from .setting_types import (
    SWITCH,
    BrokerUrl,
    DatabaseUrl,
    ExistingFile,
    FilePath,
    Networks,
    PublicUrl,
    Retention,
    Seconds,
    Silences,
    SmtpUrl,
    StopReply,
    Words,
    Zone,
)

PREFIX = "MO_GATEWAY_"
SECRET_FILE = "mo-gateway.secret"  # noqa: S105 - the name of a file
PERSON_SECRET_FILE = "mo-gateway.person-secret"  # noqa: S105 - the name of a file
CHARSETS = ("iso-8859-1", "windows-1252", "utf-8", "auto")

SENDER = r"(?:[0-9]{1,15}|[ -~]{1,11})\Z"
SENDER_RULE = "a number of at most 15 digits, or at most 11 letters, digits and signs"

#: Settings whose value must never be shown, not even when it is wrong.
SECRETS = (
    "DATABASE_URL",
    "CALLBACK_SECRET",
    "PERSON_SECRET",
    "BROKER_URL",
    "SMTP_URL",
    *provider_settings.secret_variables(),
)

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided; checked, with every default in place."""

    database_url: URL = field(repr=False)
    callback_secret: tuple[str, ...] = field(repr=False)  #: any of these opens the callback; empty = none does
    person_secret: bytes = field(repr=False)  #: key of the HMAC that makes `person_key` from an MSISDN
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
    retention: Mapping[
        str, int
    ]  #: shortcode, or * for all others → days that its messages are kept; empty = for ever
    commit_deadline: timedelta
    max_waiting: int
    allow_unsafe_database: bool
    prepare_statements: bool
    handlers: tuple[str, ...]  #: modules to import
    routes: Path | None  #: a TOML file with routes
    forward_networks: tuple[Network, ...]  #: private networks that `forward` may call
    broker_url: str = field(repr=False)  #: where `publish` publishes; empty = nowhere
    smtp_url: str = field(repr=False)  #: how `email` sends; empty = not at all
    email_from: str  #: the sender of mails
    lease: timedelta
    retry_delay: timedelta
    max_attempts: int
    refusals_file: Path  #: keeps when the first callback was refused, while they are
    metrics_networks: tuple[Network, ...]
    max_silence: Mapping[str, timedelta]  #: shortcode → how long nothing may come to it
    reply_provider: str  #: who sends replies; empty = the provider that the message came from
    reply_sender: str  #: what the handset shows; empty = the shortcode that the message came to
    reply_limit: int  #: replies to one person on one shortcode in an hour
    loop_limit: int  #: times that the same text goes to one person within ten minutes
    daily_budget: int  #: parts a day; 0 = no limit
    reply_max_age: timedelta  #: a reply that could not be sent for so long is not sent any more
    send_timeout: timedelta  #: for one call of a provider's API
    send_threads: int  #: calls at a time, for each provider
    send_test_replies: bool  #: send the answers to test messages by real providers too
    transliterate: bool  #: replace letters that are not GSM by those that look like them
    stop_words: tuple[str, ...]  #: beside those of `stop.py`
    stop_reply: str  #: auto, none or the text of the confirmation
    default_country: str  #: of messages whose provider names none
    providers: Mapping[str, Mapping[str, Any]] = field(repr=False)  #: provider → its settings, where it can send
    report_codes: Mapping[str, str]  #: what Spryng's words in delivery reports mean, beside those that are known
    log_format: str  #: auto, human or json
    metrics_folder: Path | None  #: where the processes of one `run` share their counters

    @property
    def handler_limit(self) -> timedelta:
        """How long one try of a handler may take: 25 s of a 30 s lease, so that the lease outlives it."""
        return self.lease * 5 / 6

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown: callback secrets, all credentials and passwords."""
        credentials = [
            str(values[name])
            for values in self.providers.values()
            for name in map(str.lower, provider_settings.SECRETS)
            if values.get(name)
        ]
        # 1601SMS takes the SHA-1 of a password for the password itself
        hashes = [sha1(secret.encode(), usedforsecurity=False).hexdigest() for secret in credentials]
        passwords = [urlsplit(url).password for url in (self.broker_url, self.smtp_url)]
        return (*self.callback_secret, *credentials, *hashes, *(unquote(word) for word in passwords if word))

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.get_backend_name() == "sqlite"

    @property
    def callback_path(self) -> str:
        """The path that Spryng is to call, with the newest secret in it."""
        if not self.callback_secret:
            return "/spryng/mo"
        return f"/spryng/mo/{quote(self.callback_secret[0], safe='')}"


class SettingsSchema(Schema):
    """One field a variable, with its default and what would be right."""

    class Meta:
        unknown = EXCLUDE  # the providers'

    DATABASE_URL = DatabaseUrl(load_default=make_url("sqlite:///mo-gateway.db"))
    CALLBACK_SECRET = Words(load_default=())
    ALLOW_ANONYMOUS = fields.Boolean(load_default=False, error_messages=SWITCH)
    PERSON_SECRET = fields.String(load_default="")
    ALLOWED_NETWORKS = Networks(load_default=())
    TRUSTED_PROXIES = fields.Integer(load_default=0, validate=Range(0, 10))
    PUBLIC_URL = PublicUrl(load_default="")
    TIMEZONE = Zone(load_default=ZoneInfo("Europe/Amsterdam"))
    CHARSET = fields.String(load_default="iso-8859-1", validate=OneOf(CHARSETS))
    OPERATOR_POLICY = fields.String(load_default="listed", validate=OneOf(("listed", "known-country", "any")))
    OPERATORS_FILE = ExistingFile(load_default=None)
    REJECTED_ANSWER = fields.Integer(load_default=400, validate=OneOf((400, 200)))
    MAX_BODY_BYTES = fields.Integer(load_default=65536, validate=Range(1024, 16 * 1024 * 1024))
    MAX_REJECTIONS = fields.Integer(load_default=100_000, validate=Range(min=1))
    RETENTION = Retention(load_default={})
    COMMIT_DEADLINE = Seconds(load_default=timedelta(seconds=5))
    MAX_WAITING = fields.Integer(load_default=1000, validate=Range(min=1))
    ALLOW_UNSAFE_DATABASE = fields.Boolean(load_default=False, error_messages=SWITCH)
    PREPARE_STATEMENTS = fields.Boolean(load_default=True, error_messages=SWITCH)
    HANDLERS = Words(load_default=())
    ROUTES = ExistingFile(load_default=None)
    FORWARD_NETWORKS = Networks(load_default=())
    BROKER_URL = BrokerUrl(load_default="")
    SMTP_URL = SmtpUrl(load_default="")
    EMAIL_FROM = fields.Email(load_default="", error_messages={"invalid": "an address such as sms@example.com"})
    LEASE = Seconds(load_default=timedelta(seconds=30))
    RETRY_DELAY = Seconds(load_default=timedelta(seconds=5))
    MAX_ATTEMPTS = fields.Integer(load_default=12, validate=Range(1, 1000))
    REPLY_PROVIDER = fields.String(load_default="", validate=OneOf(tuple(provider_settings.SCHEMAS)))
    REPLY_SENDER = fields.String(load_default="", validate=Regexp(SENDER, error=SENDER_RULE))
    REPLY_LIMIT = fields.Integer(load_default=30, validate=Range(min=1))
    LOOP_LIMIT = fields.Integer(load_default=5, validate=Range(min=1))
    DAILY_BUDGET = fields.Integer(load_default=0, validate=Range(min=0))
    REPLY_MAX_AGE = Seconds(load_default=timedelta(days=1))
    SEND_TIMEOUT = Seconds(load_default=None)  # a third of the lease
    SEND_THREADS = fields.Integer(load_default=4, validate=Range(1, 64))
    SEND_TEST_REPLIES = fields.Boolean(load_default=False, error_messages=SWITCH)
    TRANSLITERATE = fields.Boolean(load_default=False, error_messages=SWITCH)
    STOP_WORDS = Words(load_default=())
    STOP_REPLY = StopReply(load_default="auto")
    DEFAULT_COUNTRY = fields.String(load_default="NLD", validate=Regexp("[A-Z]{3}\\Z", error="three capitals"))
    REFUSALS_FILE = FilePath(load_default=Path("mo-gateway.refusing"))
    METRICS_NETWORKS = Networks(load_default=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
    MAX_SILENCE = Silences(load_default={})
    LOG_FORMAT = fields.String(load_default="auto", validate=OneOf(("auto", "human", "json")))

    @post_load
    def _end_calls_within_the_lease(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        lease, timeout = values["LEASE"], values["SEND_TIMEOUT"] or values["LEASE"] / 3
        if timeout >= lease:
            rule = f"less than {PREFIX}LEASE, which is {lease.total_seconds():g}: a call ends within it"
            raise ValidationError(rule, "SEND_TIMEOUT")
        return {**values, "SEND_TIMEOUT": timeout}


def load_settings(environ: Mapping[str, str], folder: Path | None = None) -> Settings:
    """Read and check every setting, or raise one ConfigError that names all the bad ones.

    Where no callback secret or person secret is given, one is made, kept in `folder` (default: the working
    directory; mode 0600) and used again.
    """
    given, faults = _given(environ)
    values = _loaded(SettingsSchema(), "", given, faults)
    providers = _providers(given, faults)
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
    values["REPORT_CODES"] = providers["spryng"]["report_codes"]
    values["PROVIDERS"] = {name: providers[name] for name in providers if provider_settings.is_wanted(name, given)}
    return Settings(**{name.lower(): value for name, value in values.items()})


@functools.cache
def names() -> tuple[str, ...]:
    """Give the name of every setting, the providers' included, without the prefix."""
    return (*SettingsSchema().fields, *provider_settings.variables())


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Name the variables that look like settings and are none: most often a slip of the pen."""
    known = {PREFIX + name + suffix for name in names() for suffix in ("", "_FILE")}
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
    for name in names():
        value, path = environ.get(PREFIX + name, ""), environ.get(f"{PREFIX}{name}_FILE", "")
        if value and path:
            faults[name] = f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set: only one may be."
        elif value.encode(errors="replace").decode() != value:
            faults[name] = f"{PREFIX}{name} is not UTF-8."
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


def _loaded(schema: Schema, prefix: str, given: Mapping[str, str], faults: dict[str, str]) -> dict[str, Any]:
    """Load what is given with a schema; what is wrong is added to `faults`, and then there is nothing."""
    try:
        values: dict[str, Any] = schema.load(given)
    except ValidationError as exc:
        for name, messages in exc.messages_dict.items():
            faults[prefix + name] = _fault(prefix + name, given.get(name, ""), messages)
        return {}
    return values


def _providers(given: Mapping[str, str], faults: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Load every provider's settings; who is to be used must have all that it needs."""
    providers = {}
    is_set = {*given, *faults}  # what cannot be read is set all the same
    for provider, schema in provider_settings.SCHEMAS.items():
        prefix = f"{provider.upper()}_"
        values = _loaded(schema(), prefix, provider_settings.of_provider(provider, given), faults)
        providers[provider] = {name.lower(): value for name, value in values.items()}
        if sentence := provider_settings.missing(provider, is_set):
            faults[prefix] = sentence
    return providers


def _fault(name: str, value: str, messages: list[str]) -> str:
    is_secret = name in SECRETS or "@" in value  # a URL may hold a password
    return f"{PREFIX}{name} cannot be {'that value' if is_secret else repr(value)}: {' '.join(messages)}"
