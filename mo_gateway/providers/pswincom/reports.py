"""PSWinCom's delivery reports, with the table of their states.

From "Receive delivery report request XML" and "Delivery Report Status", and "Gateway HTTP API" for the form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mo_gateway.masking import plain_word
from mo_gateway.message import WebhookRequest
from mo_gateway.mo_fields import moment, time_digits
from mo_gateway.providers import Acknowledgement
from mo_gateway.reply import Delivery, DeliveryReport

from .document import CHARSET, NAME, UNREADABLE_ID, acknowledgement_of, fields_of, is_xml, pieces_of


class State(NamedTuple):
    """One row of the states of a delivery report."""

    meaning: str
    delivery: Delivery


#: "Delivery Report Status", in its order.
STATES: Mapping[str, State] = {
    "DELIVRD": State("delivered", Delivery.DELIVERED),
    "EXPIRED": State("its validity has expired", Delivery.FAILED),
    "DELETED": State("it has been deleted", Delivery.FAILED),
    "UNDELIV": State("no valid number, or no route to it", Delivery.FAILED),
    "UNKNOWN": State("nothing is known of it", Delivery.UNKNOWN),
    "REJECTD": State("rejected", Delivery.FAILED),
    "FAILED": State("no operator took it, or the gateway failed", Delivery.FAILED),
    "NULL": State("the operator has reported nothing", Delivery.UNKNOWN),
    "BARRED": State("the number is barred or not in use: send nothing more to it", Delivery.FAILED),
    # of premium messages
    "BARREDA": State("the receiver is too young", Delivery.FAILED),
    "ZEROBAL": State("the receiver's prepaid account is empty", Delivery.FAILED),
    # on no page, but in clients that others wrote; their meaning is read from their names
    "ACCEPTD": State("accepted", Delivery.PENDING),
    "BARREDT": State("barred", Delivery.FAILED),
    "BARREDC": State("barred", Delivery.FAILED),
    "BARREDP": State("barred", Delivery.FAILED),
    "INV_NET": State("no valid network", Delivery.FAILED),
    "RETRIEV": State("retrieved", Delivery.UNKNOWN),
    "REJECTE": State("rejected", Delivery.FAILED),
    "FORWARD": State("forwarded", Delivery.UNKNOWN),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PsWinComReports:
    """Reads delivery reports: XML with several, or a form with one."""

    timezone: ZoneInfo  #: the zone of DELIVERYTIME; the pages name none

    name = NAME

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        """Read what came; what cannot be read is one report of status `unknown`."""
        try:
            pieces = pieces_of(request)
        except ValueError:
            return [_report(request.raw)]
        return [self._report(piece.request) for piece in pieces]

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        """Confirm each report by its ID; a form is answered by nothing but 200."""
        if not is_xml(request.raw):
            return Acknowledgement(body=b"")
        try:
            ids = [piece.id for piece in pieces_of(request)]
        except ValueError:
            ids = [UNREADABLE_ID]
        return acknowledgement_of([(name, "OK") for name in ids])

    def _report(self, request: WebhookRequest) -> DeliveryReport:
        try:
            given = fields_of(request, CHARSET).first
        except ValueError:
            return _report(request.raw)
        at = self._at(given.get("DELIVERYTIME", ""))
        return _report(request.raw, state=given.get("STATE", ""), ref=given.get("REF", ""), at=at)

    def _at(self, value: str) -> datetime | None:
        try:
            digits = time_digits(value)
            return moment(digits, self.timezone)[0] if digits else None
        except (ValueError, OverflowError):
            return None  # the report counts without it


def _report(raw: bytes, *, state: str = "", ref: str = "", at: datetime | None = None) -> DeliveryReport:
    row = STATES.get(state.upper())
    return DeliveryReport(
        provider=NAME,
        status=row.delivery if row else Delivery.UNKNOWN,
        provider_status=plain_word(state) or "unreadable",
        reference=None,
        provider_id=plain_word(ref) or None,
        reported_at=at,
        raw=raw,
    )
