"""What reads providers' callbacks: inbound messages and delivery reports."""

from collections.abc import Mapping

from mo_gateway.numbering import Numbering, load_numbering
from mo_gateway.providers import Inbound, Reader, Reporting
from mo_gateway.providers.intelecom import IntelecomInbound, IntelecomReports
from mo_gateway.providers.pswincom import PsWinComInbound, PsWinComReports
from mo_gateway.providers.sms1601 import Sms1601Reports
from mo_gateway.providers.spryng import Spryng, SpryngReports, callback_schema
from mo_gateway.settings import Settings


def open_spryng(settings: Settings, numbering: Numbering) -> Spryng:
    """Make the reader of Spryng's callbacks, with the operator tables it checks against."""
    return Spryng(
        schema=callback_schema(numbering, settings.operator_policy, settings.timezone),
        numbering=numbering,
        timezone=settings.timezone,
        charset=settings.charset,
    )


def open_inbound(settings: Settings, numbering: Numbering) -> dict[str, Inbound]:
    """Make the readers of the other providers' inbound messages."""
    zone, country = settings.timezone, settings.default_country
    return {
        "pswincom": PsWinComInbound(numbering=numbering, timezone=zone, country=country),
        "intelecom": IntelecomInbound(numbering=numbering, timezone=zone, country=country),
    }


def open_readers(settings: Settings) -> Mapping[str, Reader]:
    """Make the readers of every provider's inbound messages."""
    numbering = load_numbering(settings.operators_file)
    spryng = open_spryng(settings, numbering)
    return {spryng.name: spryng, **open_inbound(settings, numbering)}


def open_reporting(settings: Settings) -> dict[str, Reporting]:
    """Make the readers of delivery reports."""
    return {
        "spryng": SpryngReports(codes=settings.report_codes),
        "sms1601": Sms1601Reports(timezone=settings.timezone),
        "pswincom": PsWinComReports(timezone=settings.timezone),
        "intelecom": IntelecomReports(),
    }
