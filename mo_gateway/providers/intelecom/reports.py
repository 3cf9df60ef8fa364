"""Intelecom's delivery reports, with the manual's table of their codes.

From "common", "interfaces/rest" and "interfaces/http-get".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mo_gateway.masking import plain_word
from mo_gateway.message import WebhookRequest
from mo_gateway.providers import Acknowledgement
from mo_gateway.reply import Delivery, DeliveryReport

from .document import CHARSET, NAME, REPLY, fields_of, pieces_of

_UNIQUE = re.compile(rf"(.*){REPLY}[0-9]{{1,19}}", re.DOTALL)


class State(NamedTuple):
    """One row of the codes of a delivery report."""

    meaning: str
    delivery: Delivery


#: "Parameters for delivery reports": `statuscode`, in the manual's order.
STATES: Mapping[str, State] = {
    "0": State("delivered", Delivery.DELIVERED),
    "350": State("no such network", Delivery.FAILED),
    "354": State("the account may not send in bulk", Delivery.FAILED),
    "355": State("tariff missing or not allowed", Delivery.FAILED),
    "360": State("syntax error, says the operator", Delivery.FAILED),
    "361": State("its validity has expired", Delivery.FAILED),
    "362": State("timed out at the operator's SMS centre", Delivery.FAILED),
    "363": State("the operator's SMS centre failed", Delivery.FAILED),
    "370": State("unspecified error", Delivery.FAILED),
    "371": State("cancelled for transmit errors", Delivery.FAILED),
    "380": State("login to the operator refused", Delivery.FAILED),
    "368": State("not connected to the SMS centre", Delivery.FAILED),
    "369": State("an error of the SMS centre", Delivery.FAILED),
    "351": State("the number is unknown", Delivery.FAILED),
    "356": State("the number is barred for now", Delivery.FAILED),
    "357": State("the number is barred for good: send nothing more to it", Delivery.FAILED),
    "358": State("the number is barred for premium messages", Delivery.FAILED),
    "359": State("the receiver is too young", Delivery.FAILED),
    "364": State("the number cannot be reached for now", Delivery.FAILED),
    "390": State("sent, but not billed", Delivery.DELIVERED),
    "385": State("a function that needs an agreement", Delivery.FAILED),
    "386": State("billed, but not sent", Delivery.FAILED),
    "650": State("database trouble at Intelecom", Delivery.FAILED),
    "652": State("data missing at Intelecom", Delivery.FAILED),
    "651": State("no route to the number", Delivery.FAILED),
    "653": State("unexpected data", Delivery.FAILED),
    "654": State("no valid number", Delivery.FAILED),
    "655": State("the service is inactive", Delivery.FAILED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntelecomReports:
    """Reads delivery reports: JSON or XML with several, or a query with one. None of them tells a time."""

    name = NAME

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        """Read what came; what cannot be read is one report of status `unknown`."""
        try:
            pieces = pieces_of(request, "dr")
        except ValueError:
            return [_report(request.raw, {})]
        return [self._report(piece) for piece in pieces]

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        """Answer 200; nothing else counts."""
        return Acknowledgement(body=b"")

    def _report(self, piece: WebhookRequest) -> DeliveryReport:
        try:
            given = fields_of(piece, CHARSET).fields
        except ValueError:
            given = {}
        return _report(piece.raw, {name: values[0].strip() for name, values in given.items()})


def _report(raw: bytes, said: Mapping[str, str]) -> DeliveryReport:
    code = said.get("statuscode", "")
    row = STATES.get(code)
    return DeliveryReport(
        provider=NAME,
        status=row.delivery if row else Delivery.UNKNOWN,
        provider_status=plain_word(code) or "unreadable",
        reference=plain_word(_reference(said.get("customermessagereference", ""))) or None,
        provider_id=plain_word(said.get("messageid", "")) or None,
        reported_at=None,
        raw=raw,
    )


def _reference(sent: str) -> str:
    """Give a reply's reference, as it was before it was made unique."""
    unique = _UNIQUE.fullmatch(sent)
    return unique[1] if unique else sent
