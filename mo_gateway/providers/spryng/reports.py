"""Spryng's delivery reports: a query or a form with REFERENCE and STATUS.

The words are those of Spryng's pages, and of the recipients of a message in its REST API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mo_gateway.form import read_form
from mo_gateway.message import WebhookRequest
from mo_gateway.providers import Acknowledgement
from mo_gateway.reply import Delivery, DeliveryReport

#: The words, in small letters.
REPORT_WORDS: Mapping[str, Delivery] = {
    # the page on delivery reports
    "delivered": Delivery.DELIVERED,
    "not delivered": Delivery.FAILED,
    "buffered": Delivery.PENDING,
    # the page on SMPP
    "enroute": Delivery.PENDING,
    "en_route": Delivery.PENDING,
    "expired": Delivery.FAILED,
    "undeliverable": Delivery.FAILED,
    # the recipients of a message in REST
    "pending": Delivery.PENDING,
    "sent": Delivery.PENDING,
    "failed": Delivery.FAILED,
}

LONGEST_KEPT = 256  # characters of what a stranger wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class SpryngReports:
    """Reads delivery reports, which say REFERENCE and STATUS and nothing else."""

    codes: Mapping[str, str] = field(default_factory=dict)  #: word → our class; goes before what is known

    name = "spryng"

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        """Read what came; what cannot be read is one report of status `unknown`."""
        form = read_form(request.raw, content_type=request.content_type, charset="iso-8859-1")
        given: dict[str, str] = {}
        for name, value in form.parameters:
            given.setdefault(name.upper(), _storable(value))
        word = given.get("STATUS", "")
        return [
            DeliveryReport(
                provider=self.name,
                status=self._status(word),
                provider_status=word,
                reference=given.get("REFERENCE") or None,
                provider_id=None,
                reported_at=None,
                raw=request.raw,
            )
        ]

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        """Answer as to an inbound message; no other answer is documented."""
        return Acknowledgement(body=b"TRUE")

    def _status(self, word: str) -> Delivery:
        own = {known.casefold(): Delivery(meaning) for known, meaning in self.codes.items()}
        return {**REPORT_WORDS, **own}.get(word.casefold(), Delivery.UNKNOWN)


def _storable(value: str) -> str:
    # NUL is the one character that PostgreSQL's text cannot hold; the raw bytes are kept as they came
    return value.strip()[:LONGEST_KEPT].replace("\0", "\ufffd")
