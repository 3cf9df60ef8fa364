"""1601SMS's delivery reports, which it pushes: a GET each; those that are asked for have the same states."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mo_gateway.form import read_form
from mo_gateway.masking import plain_word
from mo_gateway.message import WebhookRequest
from mo_gateway.providers import Acknowledgement
from mo_gateway.reply import Delivery, DeliveryReport

#: The document's table of states, then the numbers of Smstools for them.
STATES: Mapping[str, Delivery] = {
    "DELIVERED": Delivery.DELIVERED,
    "NOT DELIVERED": Delivery.FAILED,
    "BUFFERED": Delivery.PENDING,
    "SUBMITTED": Delivery.PENDING,
    "REJECTED": Delivery.FAILED,
    "NONE": Delivery.UNKNOWN,
    "0": Delivery.PENDING,
    "1": Delivery.DELIVERED,
    "2": Delivery.FAILED,
    "3": Delivery.PENDING,
    "4": Delivery.FAILED,
    "5": Delivery.FAILED,
    "9": Delivery.UNKNOWN,
}

_PUSHED_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms1601Reports:
    """Reads the delivery reports that are pushed."""

    timezone: ZoneInfo  #: of `datum`; the document names none

    name = "sms1601"

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        """Read the one report of a request."""
        form = read_form(request.raw, content_type=request.content_type, charset="utf-8")
        given = {name.lower(): value.strip() for name, value in reversed(form.parameters)}  # the first counts
        time = _PUSHED_TIME.fullmatch(given.get("datum", ""))
        report = report_of(
            status=given.get("status", ""),
            provider_id=given.get("smsid"),
            reference=given.get("referentie"),
            reported_at=moment_of(time.groups(), self.timezone) if time else None,
            raw=request.raw,
        )
        return [report]

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        """Give an answer; the document asks for none in particular."""
        return Acknowledgement(body=b"OK")


def report_of(
    *, status: str, provider_id: str | None, reference: str | None, reported_at: datetime | None, raw: bytes
) -> DeliveryReport:
    """Make a report of what was said of an SMS, in the words and numbers of the document."""
    return DeliveryReport(
        provider=Sms1601Reports.name,
        status=STATES.get(" ".join(status.upper().split()), Delivery.UNKNOWN),
        provider_status=plain_word(status),
        reference=plain_word(reference or "") or None,
        provider_id=plain_word(provider_id or "") or None,
        reported_at=reported_at,
        raw=raw,
    )


def moment_of(parts: Sequence[str], timezone: ZoneInfo) -> datetime | None:
    """Read year, month, day, hour, minute and second of a clock in a zone; None where no calendar has them."""
    year, month, day, hour, minute, second = map(int, parts)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
