"""The settings of the providers that replies go out by: one schema each, under its name in capitals.

A provider is used as soon as one of its credentials is set; then all that it needs must be. `docs/settings.md`
explains the variables, and a page for each provider does; tests compare them with this module.
"""

from collections.abc import Collection, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load
from marshmallow.validate import OneOf, Range, Regexp

from .setting_types import SWITCH, Codes, FolderUrl, ProviderUrl, Words

MESSAGES_A_MINUTE = Range(1, 100_000)
CHARSETS = ("utf-8", "iso-8859-1", "windows-1252")
SERVICE = Regexp("[A-Za-z0-9]{0,10}\\Z", error="at most 10 letters and digits")


class SpryngSettings(Schema):
    """Spryng: by its old address, by its simple one, or by version 1 of its REST interface."""

    API = fields.String(load_default="", validate=OneOf(("send", "simple", "rest")))  # by what is set
    URL = ProviderUrl(load_default="")  # empty = the provider's own for this API
    USERNAME = fields.String(load_default="")
    PASSWORD = fields.String(load_default="")
    SECRET = fields.String(load_default="")  # API key, instead of the password
    TOKEN = fields.String(load_default="")  # of the REST interface
    ROUTE = fields.String(load_default="business")
    SERVICE = fields.String(load_default="", validate=SERVICE)
    RAW_ENCODING = fields.Boolean(load_default=False, error_messages=SWITCH)
    REPORT_CODES = Codes(load_default={})  # beside those that the client knows
    RATE = fields.Integer(load_default=1200, validate=MESSAGES_A_MINUTE)  # as its document names it

    @post_load
    def _choose_api(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        api = values["API"] or ("rest" if values["TOKEN"] else "simple")
        if (api == "rest") != bool(values["TOKEN"]):
            raise ValidationError("rest where a TOKEN is set, send or simple where a USERNAME is", "API")
        return {**values, "API": api}


class ConnectCallSettings(Schema):
    """Connect Call of Business-ISP."""

    URL = FolderUrl(load_default="https://portal.business-isp.nl/api/")
    LOGIN = fields.String(load_default="")
    PASSWORD = fields.String(load_default="")
    CHARSET = fields.String(load_default="utf-8", validate=OneOf(CHARSETS))  # of texts; no document says
    RATE = fields.Integer(load_default=600, validate=MESSAGES_A_MINUTE)


class Sms1601Settings(Schema):
    """1601SMS."""

    URL = FolderUrl(load_default="http://217.19.227.48/module/")
    USERNAME = fields.String(load_default="")
    PASSWORD = fields.String(load_default="")
    HASH_PASSWORD = fields.Boolean(load_default=True, error_messages=SWITCH)  # send its SHA-1 instead
    TEST = fields.Boolean(load_default=False, error_messages=SWITCH)
    SCHEDULE = fields.Boolean(load_default=False, error_messages=SWITCH)  # keep later ones in its outbox, not here
    LOGGING = fields.Boolean(load_default=True, error_messages=SWITCH)
    E_MAIL = fields.Boolean(load_default=False, error_messages=SWITCH)  # confirmation of scheduled ones
    POLL = fields.Boolean(load_default=False, error_messages=SWITCH)  # ask for reports that were not pushed
    CHARSET = fields.String(load_default="utf-8", validate=OneOf(CHARSETS))  # of texts; no document says
    RATE = fields.Integer(load_default=600, validate=MESSAGES_A_MINUTE)


class PsWinComSettings(Schema):
    """PSWinCom, now LINK Mobility."""

    URL = ProviderUrl(load_default="https://xml.pswin.com/")
    USERNAME = fields.String(load_default="")
    PASSWORD = fields.String(load_default="")
    REPORTS = fields.Boolean(load_default=True, error_messages=SWITCH)
    HOLD_WORDS = Words(load_default=("credit", "balance", "saldo"))  # of a refusal of every SMS
    RATE = fields.Integer(load_default=600, validate=MESSAGES_A_MINUTE)


class IntelecomSettings(Schema):
    """Intelecom, now Puzzel."""

    URL = FolderUrl(load_default="https://smsgw.puzzel.com/gw/rs")
    SERVICE_ID = fields.Integer(load_default=None, validate=Range(min=1))
    USERNAME = fields.String(load_default="")
    PASSWORD = fields.String(load_default="")
    PRIORITY = fields.Integer(load_default=2, validate=Range(1, 3))
    REPORTS = fields.Boolean(load_default=True, error_messages=SWITCH)
    UNIQUE_REFERENCES = fields.Boolean(load_default=False, error_messages=SWITCH)
    RATE = fields.Integer(load_default=600, validate=MESSAGES_A_MINUTE)


SCHEMAS: dict[str, type[Schema]] = {
    "spryng": SpryngSettings,
    "connectcall": ConnectCallSettings,
    "sms1601": Sms1601Settings,
    "pswincom": PsWinComSettings,
    "intelecom": IntelecomSettings,
}

#: What each provider needs, beside what has a default: one of these sets of variables.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "spryng": (("USERNAME", "PASSWORD"), ("USERNAME", "SECRET"), ("TOKEN",)),
    "connectcall": (("LOGIN", "PASSWORD"),),
    "sms1601": (("USERNAME", "PASSWORD"),),
    "pswincom": (("USERNAME", "PASSWORD"),),
    "intelecom": (("SERVICE_ID", "USERNAME", "PASSWORD"),),
}

#: Variables whose value must never be shown.
SECRETS = ("PASSWORD", "SECRET", "TOKEN")


def variables() -> dict[str, fields.Field[Any]]:
    """Give every variable of every provider, with the provider's name before it, as in `SPRYNG_TOKEN`."""
    return {
        f"{provider.upper()}_{name}": field
        for provider, schema in SCHEMAS.items()
        for name, field in schema().fields.items()
    }


def secret_variables() -> tuple[str, ...]:
    """Give the variables that hold secrets, with the provider's name before them."""
    return tuple(f"{provider.upper()}_{name}" for provider in SCHEMAS for name in SECRETS)


def of_provider(provider: str, given: Mapping[str, str]) -> dict[str, str]:
    """Pick what is given for one provider, the provider's name taken off."""
    prefix = f"{provider.upper()}_"
    return {name.removeprefix(prefix): given[name] for name in given if name.startswith(prefix)}


def is_wanted(provider: str, given: Collection[str]) -> bool:
    """Tell whether anything is set that only who wants to use the provider sets."""
    return any(name in given for needed in _needed(provider) for name in needed)


def missing(provider: str, given: Collection[str]) -> str:
    """Say what else must be set for a provider that is wanted; nothing where it is complete, or not wanted."""
    lacking = [[name for name in needed if name not in given] for needed in _needed(provider)]
    if not is_wanted(provider, given) or [] in lacking:
        return ""
    there = [name for needed in _needed(provider) for name in needed if name in given]
    shortest = [names for names in lacking if not any(set(other) < set(names) for other in lacking)]
    ways = dict.fromkeys(_listed(names) for names in shortest)
    return f"To send by {provider}, set {', or '.join(ways)}, beside {_listed(there)}."


def _needed(provider: str) -> list[list[str]]:
    return [[f"{provider.upper()}_{name}" for name in needed] for needed in NEEDED[provider]]


def _listed(names: Collection[str]) -> str:
    return " and ".join(f"MO_GATEWAY_{name}" for name in dict.fromkeys(names))
