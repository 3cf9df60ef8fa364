"""PSWinCom's inbound messages, with the rules of their fields.

From "Receive message request XML", and "Gateway HTTP API" for the form. What METADATA holds is known from LINK's
own receiver.
"""

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

from .document import CHARSET, NAME, UNREADABLE_ID, acknowledgement_of, fields_of, is_xml, pieces_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PsWinComInbound:
    """Reads inbound messages: XML with several, or a form with one."""

    numbering: Numbering
    timezone: ZoneInfo  #: the zone of TIMESTAMP; the pages name none
    country: str  #: where the network does not tell it

    name = NAME
    media_types = ("application/xml", "text/xml", wire.FORM, "")

    def split(self, request: WebhookRequest) -> Sequence[Piece]:
        """Take a request apart; or raise InvalidRequest where not even that can be done."""
        try:
            return pieces_of(request)
        except ValueError as exc:
            raise _no_document(str(exc)) from exc

    def parse(self, request: WebhookRequest, charset: str | None = None) -> Message:
        """Read one message, or raise InvalidRequest with every bad field; `charset` overrides the usual one."""
        if charset is not None:
            request = replace(request, content_type="")
        try:
            given = fields_of(request, charset or CHARSET)
        except ValueError as exc:
            raise _no_document(str(exc)) from exc
        text = "TEXT" if is_xml(request.raw) else "TXT"
        values = loaded(_schema(text, self.timezone), given.fields)
        mcc, _, mnc = values["NET"].partition(":")
        sms = Sms(
            msisdn=values["SND"],
            shortcode=values["RCV"],
            text=values[text],
            mcc=mcc,
            mnc=mnc,
            time=values["TIMESTAMP"],
            provider_id=values["REFERENCE"],
            reference=values["ID"],
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
        """Say OK or FAIL to each message by its ID; a form has its answer in the HTTP status."""
        if is_xml(request.raw):
            statuses = [(piece.id, "OK" if is_kept else "FAIL") for piece, is_kept in accepted]
            return acknowledgement_of(statuses or [(UNREADABLE_ID, "OK")])
        if all(is_kept for _, is_kept in accepted):
            return Acknowledgement(body=b"")
        return Acknowledgement(body=b"Not stored; send it again.\n", status=503)


class Network(Once):
    """MCC and MNC, such as `242:01`."""

    def read(self, value: str) -> str:
        mcc, colon, mnc = value.partition(":")
        is_right = colon and _are_digits(mcc, 3, 3) and _are_digits(mnc, 2, 3)
        if value and not is_right:
            raise ValidationError("must be MCC and MNC with a colon between them, such as 242:01")
        return value


@cache
def _schema(text: str, timezone: ZoneInfo) -> Schema:
    """Build the rules of an inbound message, whose text is called TEXT in XML and TXT in a form."""
    return Schema.from_dict(
        {
            "SND": Msisdn(required=True),
            "RCV": Shortcode(required=True),
            text: Text(0, None, CONTROL_BUT_LINES, required=True),
            "NET": Network(load_default=""),
            "TIMESTAMP": LocalTime(timezone, load_default=""),
            "REFERENCE": Text(0, 100, CONTROL, load_default=""),
            "ID": Text(0, 100, CONTROL, load_default=""),
        },
        name="PsWinComMessage",
    )(unknown=EXCLUDE)


def _no_document(reason: str) -> InvalidRequest:
    rule = f"must be a form, or an XML document as PSWinCom's pages have it: {reason}"
    return InvalidRequest([FieldError(field="(body)", value="", rule=rule)])


def _are_digits(value: str, fewest: int, most: int) -> bool:
    return fewest <= len(value) <= most and value.isascii() and value.isdigit()
