"""Intelecom's inbound messages, with the rules of their fields.

From "common", "interfaces/rest" and "interfaces/http-get".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from zoneinfo import ZoneInfo

from marshmallow import EXCLUDE, Schema, ValidationError

from mo_gateway import wire
from mo_gateway.errors import FieldError, InvalidRequest
from mo_gateway.message import Message, WebhookRequest
from mo_gateway.mo_fields import (
    CONTROL,
    CONTROL_BUT_LINES,
    LocalTime,
    Msisdn,
    Once,
    Shortcode,
    Sms,
    Text,
    loaded,
    to_message,
)
from mo_gateway.numbering import Numbering
from mo_gateway.providers import Acknowledgement, Piece

from .document import CHARSET, JSON, NAME, fields_of, pieces_of

_MCC = re.compile(r"[1-9][0-9]{2}")
_MNC = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntelecomInbound:
    """Reads inbound messages: JSON or XML with several, or a query with one."""

    numbering: Numbering
    timezone: ZoneInfo  #: the zone of `timestamp`; the manual names none
    country: str  #: where the network does not tell it

    name = NAME
    media_types = (JSON, "application/xml", "text/xml", wire.FORM, "")

    def split(self, request: WebhookRequest) -> Sequence[Piece]:
        """Take a request apart; or raise InvalidRequest where not even that can be done."""
        try:
            pieces = pieces_of(request, "mo")
        except ValueError as exc:
            raise _no_document(str(exc)) from exc
        return [Piece(id=str(number), request=piece) for number, piece in enumerate(pieces, start=1)]

    def parse(self, request: WebhookRequest, charset: str | None = None) -> Message:
        """Read one message, or raise InvalidRequest with every bad field; `charset` overrides the usual one."""
        if charset is not None:
            request = replace(request, content_type="")
        try:
            given = fields_of(request, charset or CHARSET)
        except ValueError as exc:
            raise _no_document(str(exc)) from exc
        values = loaded(_schema(self.timezone), given.fields)
        sms = Sms(
            msisdn=values["originator"],
            shortcode=values["sno"],
            text=values["content"],
            mcc=values["mcc"],
            mnc=values["mnc"],
            time=values["timestamp"],
            provider_id=values["messageid"],
            charset=given.charset,
            marks=given.marks,
        )
        return to_message(
            sms,
            request,
            provider=self.name,
            numbering=self.numbering,
            timezone=self.timezone,
            country=self.country,
        )

    def acknowledge(self, request: WebhookRequest, accepted: Sequence[tuple[Piece, bool]]) -> Acknowledgement:
        """Answer 200 where all are kept; anything else has them all sent again, by the same ids."""
        if all(is_kept for _, is_kept in accepted):
            return Acknowledgement(body=b"")
        return Acknowledgement(body=b"Not stored; send it again.\n", status=503)


class CountryCode(Once):
    """A mobile country code; 0 is none."""

    def read(self, value: str) -> str:
        if value in ("", "0"):
            return ""
        if not _MCC.fullmatch(value):
            raise ValidationError("must be a mobile country code, 3 digits 0-9, or 0")
        return value


class NetworkCode(Once):
    """A mobile network code; as a number it comes without its leading 0."""

    def read(self, value: str) -> str:
        if value and not _MNC.fullmatch(value):
            raise ValidationError("must be a mobile network code, 1 to 3 digits 0-9")
        return value.zfill(2) if value else ""


@cache
def _schema(timezone: ZoneInfo) -> Schema:
    return Schema.from_dict(
        {
            "originator": Msisdn(required=True),
            "sno": Shortcode(required=True),
            "content": Text(0, None, CONTROL_BUT_LINES, required=True),
            "mcc": CountryCode(load_default=""),
            "mnc": NetworkCode(load_default=""),
            "timestamp": LocalTime(timezone, load_default=""),
            "messageid": Text(0, 100, CONTROL, load_default=""),
        },
        name="IntelecomMessage",
    )(unknown=EXCLUDE)


def _no_document(reason: str) -> InvalidRequest:
    rule = f"must be JSON, XML or a query, as Intelecom's manual has it: {reason}"
    return InvalidRequest([FieldError(field="(body)", value="", rule=rule)])
