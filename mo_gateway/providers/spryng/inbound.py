"""Spryng's MO callback: from the bytes of a request to a Message, by the rules of its own document.

The rules are those of Spryng's page "SMS ontvangen" (field tables and appendices A and B); where the page is
silent or contradicts itself, `docs/callback.md` says what was decided.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, ValidationError

from mo_gateway.form import Form, read_form
from mo_gateway.message import Message, WebhookRequest
from mo_gateway.mo_fields import CONTROL, CONTROL_BUT_LINES, Digits, Msisdn, Once, Text, loaded, moment
from mo_gateway.numbering import Numbering
from mo_gateway.providers import Piece

DEFAULT_OPERATOR = "20601"  # the document: "Default waarde OPERATOR=20601"

_TIMESTAMP = re.compile(r"[0-9]{14}")  # never \d: it takes the digits of every script


class Time(Once):
    """Appendix A "Time": YYYYMMDDHHMMSS, a time that the calendar has, here and in UTC."""

    def __init__(self, timezone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timezone = timezone

    def read(self, value: str) -> str:
        # strptime would take 13 digits too
        if not _TIMESTAMP.fullmatch(value):
            raise ValidationError("must be 14 digits, YYYYMMDDHHMMSS")
        try:
            moment(value, self.timezone)
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
            "KEYWORD": Text(2, 15, CONTROL, required=True),
            "PARM": Text(0, None, CONTROL_BUT_LINES, load_default=""),
            "OPERATOR": Operator(numbering, operator_policy, load_default=DEFAULT_OPERATOR),
            "TIMESTAMP": Time(timezone, required=True),
            "SHORTCODE": Digits(1, 20, required=True),
            "COUNTRY": Country(numbering.countries, required=True),
            "REFERENCE": Text(0, 100, CONTROL, load_default=""),
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

    def split(self, request: WebhookRequest) -> Sequence[Piece]:
        """Give the request as it is: it holds one message."""
        return [Piece(id="", request=request)]

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
        values = loaded(self.schema, given)
        sent_at, clock_marks = moment(values["TIMESTAMP"], self.timezone)
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


def _by_name(form: Form, known: Mapping[str, object]) -> dict[str, list[str]]:
    """Collect the values of each known parameter; a name counts as written, or wholly in lower case."""
    given: dict[str, list[str]] = {}
    for name, value in form.parameters:
        wire_name = name if name in known else name.upper() if name.islower() else ""
        if wire_name in known:
            given.setdefault(wire_name, []).append(value)
    return given
