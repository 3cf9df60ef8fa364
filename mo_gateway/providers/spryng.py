"""Spryng's MO callback: from the bytes of a request to a Message, by the rules of its own document.

The rules are those of Spryng's page "SMS ontvangen" (field tables and appendices A and B); where the page is
silent or contradicts itself, `docs/callback.md` says what was decided.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from mo_gateway.errors import FieldError, InvalidRequest
from mo_gateway.form import Form, read_form
from mo_gateway.message import Message, WebhookRequest
from mo_gateway.numbering import Numbering

DEFAULT_OPERATOR = "20601"  # the document: "Default waarde OPERATOR=20601"
LONGEST_SHOWN_VALUE = 100

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MSISDN = re.compile(r"[+ ]?([1-9][0-9]{5,14})")
_TIME_PARTS = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_DIGITS = re.compile(r"[0-9]+")  # never \d: it takes the digits of every script


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
    """Appendix A "Alphanumeric": any character of the charset, control characters apart."""

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
    """Appendix A "Numeric": the characters 0 to 9."""

    def __init__(self, shortest: int, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shortest, self.longest = shortest, longest

    def read(self, value: str) -> str:
        if not _DIGITS.fullmatch(value) or not self.shortest <= len(value) <= self.longest:
            length = self.shortest if self.shortest == self.longest else f"{self.shortest} to {self.longest}"
            raise ValidationError(f"must be {length} digits 0-9")
        return value


class Msisdn(Once):
    """Appendix A "MSISDN-numeric": digits, one leading + allowed (unescaped it arrives as a space)."""

    def read(self, value: str) -> str:
        match = _MSISDN.fullmatch(value)
        if not match:
            raise ValidationError("must be 6 to 15 digits 0-9 that begin with the country code, not with 0")
        return match[1]


class Time(Once):
    """Appendix A "Time": YYYYMMDDHHMMSS, a time that the calendar has, here and in UTC."""

    def __init__(self, timezone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timezone = timezone

    def read(self, value: str) -> str:
        # strptime would take 13 digits too
        if not _DIGITS.fullmatch(value) or len(value) != 14:
            raise ValidationError("must be 14 digits, YYYYMMDDHHMMSS")
        try:
            _moment(value, self.timezone)
        except (ValueError, OverflowError) as exc:
            raise ValidationError(f"must be a time that exists, YYYYMMDDHHMMSS ({exc})") from exc
        return value


class Country(Once):
    """ISO 3166-1 alpha-3, officially assigned codes."""

    def __init__(self, countries: frozenset[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.countries = countries

    def read(self, value: str) -> str:
        if value not in self.countries:
            raise ValidationError("must be an assigned ISO 3166-1 alpha-3 code in capitals, such as BEL")
        return value


class Operator(Digits):
    """MCC and MNC; which codes are accepted is the operator policy's to say."""

    def __init__(self, numbering: Numbering, policy: str, **kwargs: Any) -> None:
        super().__init__(5, 5, **kwargs)
        self.numbering, self.policy = numbering, policy

    def read(self, value: str) -> str:
        if not value:
            return DEFAULT_OPERATOR
        code = super().read(value)
        if self.policy == "listed" and code not in self.numbering.operators:
            raise ValidationError(
                "must be in an operator table (MO_GATEWAY_OPERATORS_FILE adds codes,"
                " MO_GATEWAY_OPERATOR_POLICY accepts unlisted ones)"
            )
        if self.policy == "known-country" and code[:3] not in self.numbering.mcc_countries:
            raise ValidationError("must begin with an assigned mobile country code (MCC)")
        return code


def callback_schema(numbering: Numbering, operator_policy: str, timezone: ZoneInfo) -> Schema:
    """Build the schema of the callback: its one and only set of field rules."""
    return Schema.from_dict(
        {
            "MSISDN": Msisdn(required=True),
            "KEYWORD": Text(2, 15, _CONTROL, required=True),
            "PARM": Text(0, None, _CONTROL_BUT_LINES, load_default=""),
            "OPERATOR": Operator(numbering, operator_policy, load_default=DEFAULT_OPERATOR),
            "TIMESTAMP": Time(timezone, required=True),
            "SHORTCODE": Digits(1, 20, required=True),
            "COUNTRY": Country(numbering.countries, required=True),
            "REFERENCE": Text(0, 100, _CONTROL, load_default=""),
        },
        name="Callback",
    )(unknown=EXCLUDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spryng:
    """Reads what Spryng sends."""

    schema: Schema
    numbering: Numbering
    timezone: ZoneInfo  #: the zone that TIMESTAMP is read in; the document names none
    charset: str

    name = "spryng"

    def parse(self, request: WebhookRequest, charset: str | None = None) -> Message:
        """Read one callback, or raise InvalidRequest with every bad field, its value and the rule it broke.

        `charset` overrides both the request's and the configured one: for reading stored bytes again.
        """
        form = read_form(
            request.raw,
            content_type=request.content_type if charset is None else "",
            charset=charset or self.charset,
        )
        given = _by_name(form, self.schema.fields)
        try:
            values = self.schema.load(given)
        except ValidationError as exc:
            raise InvalidRequest(_field_errors(exc, given)) from exc
        sent_at, clock_marks = _moment(values["TIMESTAMP"], self.timezone)
        defaulted = not given.get("OPERATOR", [""])[0]
        return Message(
            provider=self.name,
            msisdn=values["MSISDN"],
            keyword=values["KEYWORD"],
            parm=values["PARM"],
            operator=values["OPERATOR"],
            operator_defaulted=defaulted,
            shortcode=values["SHORTCODE"],
            country=values["COUNTRY"],
            reference=values["REFERENCE"] or None,
            timestamp_raw=values["TIMESTAMP"],
            sent_at=sent_at,
            received_at=request.received_at,
            charset=form.charset,
            marks=(
                *form.marks,
                *clock_marks,
                *(() if defaulted else self._operator_marks(values["OPERATOR"], values["COUNTRY"])),
            ),
            is_test=request.is_test,
        )

    def _operator_marks(self, operator: str, country: str) -> list[str]:
        """Name what is odd about an operator that really came."""
        marks = [] if operator in self.numbering.operators else ["operator-unlisted"]
        if self.numbering.country_differs(operator, country):
            marks.append("operator-country-differs")
        return marks


def _moment(digits: str, timezone: ZoneInfo) -> tuple[datetime, list[str]]:
    """Read YYYYMMDDHHMMSS in a zone: the moment in UTC and the marks of a clock change.

    Raises ValueError for what no calendar has, OverflowError for what UTC has not in the years 1 to 9999.
    """
    year, month, day, hour, minute, second = (int(digits[start:end]) for start, end in _TIME_PARTS)
    local = datetime(year, month, day, hour, minute, second, tzinfo=timezone)  # fold=0: the first of two
    moment = local.astimezone(UTC)
    if local.utcoffset() == local.replace(fold=1).utcoffset():
        return moment, []
    is_skipped = moment.astimezone(timezone).replace(tzinfo=None) != local.replace(tzinfo=None)
    return moment, ["clock-skipped" if is_skipped else "clock-repeated"]


def _by_name(form: Form, known: Mapping[str, object]) -> dict[str, list[str]]:
    """Collect the values of each known parameter; a name counts as written, or wholly in lower case."""
    given: dict[str, list[str]] = {}
    for name, value in form.parameters:
        wire_name = name if name in known else name.upper() if name.islower() else ""
        if wire_name in known:
            given.setdefault(wire_name, []).append(value)
    return given


def _field_errors(exc: ValidationError, given: Mapping[str, Sequence[str]]) -> list[FieldError]:
    return [
        FieldError(
            field=name,
            value=_shown(given.get(name, ())),
            rule=" ".join(rules) if name in given else "is required and did not come",
        )
        for name, rules in sorted(exc.messages_dict.items())
    ]


def _shown(values: Sequence[str]) -> str:
    # NUL is the one character that PostgreSQL's jsonb cannot hold; the raw bytes are kept as they came
    return ", ".join(values)[:LONGEST_SHOWN_VALUE].replace("\0", "\ufffd")
