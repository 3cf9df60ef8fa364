"""The fields of an inbound SMS: what may stand in them, whoever the provider is, and the Message they make.

A provider names its fields in a marshmallow schema of these types. The rules are those of Spryng's page, the
only one that has any. What a provider leaves out, such as a time or a network, costs a mark, never the SMS.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields

from .errors import FieldError, InvalidRequest
from .message import Message, WebhookRequest
from .numbering import Numbering

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONGEST_SHOWN_VALUE = 100

#: Stands for the time of an SMS that came with an id and no time: its id alone tells a retry.
NO_TIME = "0" * 14

_DIGITS = re.compile(r"[0-9]+")  # never \d: it takes the digits of every script
_MSISDN = re.compile(r"[+ ]?([1-9][0-9]{5,14})")
_SHORTCODE = re.compile(r"[+ ]?([0-9]{1,20})")
_TIME = re.compile(r"([0-9]{4})([-.]?)([0-9]{2})\2([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_TIME_PARTS = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_FIRST_WORD = re.compile(r"\s*(\S*) ?(.*)", re.DOTALL)

#: What came under each name, in order.
Given = Mapping[str, Sequence[str]]


class Once(fields.Field[Any]):
    """A parameter that may come once; the value to read holds all that came under its name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if len(value) > 1:
            raise ValidationError(f"may be given once, not {len(value)} times")
        return self.read(value[0])

    def read(self, value: str) -> str:
        """Give the value as it is stored, or raise ValidationError with the rule it broke."""
        raise NotImplementedError


class Text(Once):
    """Any character of the charset, control characters apart."""

    def __init__(self, shortest: int, longest: int | None, control: re.Pattern[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shortest, self.longest, self.control = shortest, longest, control

    def read(self, value: str) -> str:
        if len(value) < self.shortest or (self.longest is not None and len(value) > self.longest):
            raise ValidationError(f"must be {self.shortest} to {self.longest} characters long, not {len(value)}")
        if self.control.search(value):
            raise ValidationError("may hold no control characters")
        return value


class Digits(Once):
    """The characters 0 to 9."""

    def __init__(self, shortest: int, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shortest, self.longest = shortest, longest

    def read(self, value: str) -> str:
        if not _DIGITS.fullmatch(value) or not self.shortest <= len(value) <= self.longest:
            length = self.shortest if self.shortest == self.longest else f"{self.shortest} to {self.longest}"
            raise ValidationError(f"must be {length} digits 0-9")
        return value


class Msisdn(Once):
    """Digits; one leading + is left out (unescaped it arrives as a space)."""

    def read(self, value: str) -> str:
        match = _MSISDN.fullmatch(value)
        if not match:
            raise ValidationError("must be 6 to 15 digits 0-9 that begin with the country code, not with 0")
        return match[1]


class Shortcode(Once):
    """Digits; a long number in its place may have a leading +, which is left out."""

    def read(self, value: str) -> str:
        match = _SHORTCODE.fullmatch(value)
        if not match:
            raise ValidationError("must be 1 to 20 digits 0-9")
        return match[1]


class LocalTime(Once):
    """A date and a time, such as `2014-02-06 11:45:33`, that the calendar has, here and in UTC; 14 digits."""

    def __init__(self, timezone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timezone = timezone

    def read(self, value: str) -> str:
        try:
            digits = time_digits(value)
            if digits:
                moment(digits, self.timezone)
        except (ValueError, OverflowError) as exc:
            raise ValidationError(f"must be a time that exists, such as 2014-02-06 11:45:33 ({exc})") from exc
        return digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """An inbound SMS as a provider tells it, each field by the rules; empty where it does not say."""

    msisdn: str
    shortcode: str
    text: str
    mcc: str = ""
    mnc: str = ""
    time: str = ""  #: 14 digits, in the provider's zone
    provider_id: str = ""  #: its own id, the same in a retry
    reference: str = ""  #: where there is no id: what else tells it from its like
    charset: str  #: how the bytes were read
    marks: tuple[str, ...] = ()


def loaded(schema: Schema, given: Given) -> dict[str, str]:
    """Read fields by a schema; or raise InvalidRequest with every bad field, its value and the rule it broke."""
    right = _read_by_each_field(schema, given)
    if right is not None:
        return right
    try:
        values: dict[str, str] = schema.load(given)
    except ValidationError as exc:
        raise InvalidRequest(
            [
                FieldError(
                    field=name,
                    value=_shown(given.get(name, ())),
                    rule=" ".join(rules) if name in given else "is required and did not come",
                )
                for name, rules in sorted(exc.messages_dict.items())
            ]
        ) from exc
    return values


def _read_by_each_field(schema: Schema, given: Given) -> dict[str, str] | None:
    """Do what `schema.load` does, by the same fields, where everything is right; None where something is wrong.

    It is three times as quick, and nearly all that comes is right. What is wrong the schema then names.
    """
    read = {}
    try:
        for name, field in schema.fields.items():
            values = given.get(name)
            if values is None and not field.required:
                read[name] = field.load_default
            elif values is None or len(values) > 1 or not isinstance(field, Once):
                return None
            else:
                read[name] = field.read(values[0])
    except ValidationError:
        return None
    return read


def to_message(
    sms: Sms, request: WebhookRequest, *, provider: str, numbering: Numbering, timezone: ZoneInfo, country: str
) -> Message:
    """Make the Message of an SMS; `country` is that of one whose network does not tell it."""
    digits, sent_at, time_marks = _time(sms, request.received_at, timezone)
    operator, operator_marks = _operator(sms, numbering)
    countries = numbering.mcc_countries.get(sms.mcc, frozenset())
    known = next(iter(countries)) if len(countries) == 1 else ""
    keyword, parm = first_word(sms.text)
    return Message(
        provider=provider,
        provider_id=sms.provider_id or None,
        msisdn=sms.msisdn,
        keyword=keyword,
        parm=parm,
        operator=operator,
        shortcode=sms.shortcode,
        country=known or country,
        reference=sms.provider_id or sms.reference or None,
        timestamp_raw=digits,
        sent_at=sent_at,
        received_at=request.received_at,
        charset=sms.charset,
        marks=(*sms.marks, *time_marks, *operator_marks, *(() if known else ("country-assumed",))),
        is_test=request.is_test,
    )


def first_word(text: str) -> tuple[str, str]:
    """Split a text into its first word, which may be empty, and the rest; one space between them is left out."""
    match = _FIRST_WORD.fullmatch(text)
    assert match  # each of its parts may be empty
    return match[1], match[2]


def time_digits(value: str) -> str:
    """Read a date and a time, seconds or not, as 14 digits; nothing is no digits. Raise ValueError otherwise."""
    if not value:
        return ""
    match = _TIME.fullmatch(value)
    if not match:
        raise ValueError("it is written otherwise")
    year, _, *rest = match.groups(default="00")
    return year + "".join(rest)


@lru_cache(maxsize=1024)  # in a rush many messages carry the same second, and each is read twice
def moment(digits: str, timezone: ZoneInfo) -> tuple[datetime, tuple[str, ...]]:
    """Read YYYYMMDDHHMMSS in a zone: the moment in UTC and the marks of a clock change.

    Raises ValueError for what no calendar has, OverflowError for what UTC has not in the years 1 to 9999.
    """
    year, month, day, hour, minute, second = (int(digits[start:end]) for start, end in _TIME_PARTS)
    local = datetime(year, month, day, hour, minute, second, tzinfo=timezone)  # fold=0: the first of two
    in_utc = local.astimezone(UTC)
    if local.utcoffset() == local.replace(fold=1).utcoffset():
        return in_utc, ()
    is_skipped = in_utc.astimezone(timezone).replace(tzinfo=None) != local.replace(tzinfo=None)
    return in_utc, ("clock-skipped" if is_skipped else "clock-repeated",)


def _time(sms: Sms, received_at: datetime, timezone: ZoneInfo) -> tuple[str, datetime, tuple[str, ...]]:
    """Give the 14 digits that go into the dedupe key, the moment that they mean, and marks."""
    if sms.time:
        return sms.time, *moment(sms.time, timezone)
    if sms.provider_id:
        return NO_TIME, received_at, ("time-missing",)
    # without an id too, the hour has to tell a retry from a second SMS with the same text
    return received_at.astimezone(timezone).strftime("%Y%m%d%H0000"), received_at, ("time-missing",)


def _operator(sms: Sms, numbering: Numbering) -> tuple[str, list[str]]:
    """Give the five digits of a network, or none, and marks."""
    if not (sms.mcc and sms.mnc):
        return "", []
    code = sms.mcc + sms.mnc
    if len(code) != 5:
        return "", ["operator-left-out"]
    return code, [] if code in numbering.operators else ["operator-unlisted"]


def _shown(values: Sequence[str]) -> str:
    # NUL is the one character that PostgreSQL's jsonb cannot hold; the raw bytes are kept as they came
    return ", ".join(values)[:LONGEST_SHOWN_VALUE].replace("\0", "\ufffd")
