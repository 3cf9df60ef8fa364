"""What is taken under a provider's paths: `mo`, inbound messages, and `dlr`, delivery reports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mo_gateway.errors import FieldError, InvalidRequest
from mo_gateway.gateway import Gateway
from mo_gateway.message import Outcome, Receipt, WebhookRequest
from mo_gateway.providers import Acknowledgement, Inbound, Piece, Provider, Reporting
from mo_gateway.settings import Settings

from . import answers
from .answers import Answer

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of a provider."""

    provider: Provider
    media_types: Sequence[str] | None  #: what may stand in Content-Type, empty for none; None = anything
    take: Callable[[WebhookRequest], Answer]  #: stores what came and gives the answer, or raises StorageError


def endpoints_of(gateway: Gateway, provider: str) -> dict[str, Endpoint]:
    """Give the endpoints of a provider by the word in the path; there may be none."""
    found = {}
    if provider == gateway.spryng.name:
        found["mo"] = _of_spryng(gateway)
    elif provider in gateway.inbound:
        found["mo"] = _of_messages(gateway, gateway.inbound[provider])
    if provider in gateway.reporting:
        found["dlr"] = _of_reports(gateway, gateway.reporting[provider])
    return found


def spryngs_answer(settings: Settings, receipt: Receipt) -> Answer:
    """Give Spryng's acknowledgement for what is stored, or say what is wrong with what is kept."""
    if _is_accepted(settings, receipt):
        return answers.plain(200, b"TRUE", "text/plain", answers.header_of([receipt]))
    return answers.with_receipts(answers.problem(receipt), [receipt])


def _of_spryng(gateway: Gateway) -> Endpoint:
    def take(request: WebhookRequest) -> Answer:
        return spryngs_answer(gateway.settings, gateway.receiver.receive(gateway.spryng, request))

    return Endpoint(gateway.spryng, ("", FORM), take)


def _of_messages(gateway: Gateway, provider: Inbound) -> Endpoint:
    def take(request: WebhookRequest) -> Answer:
        try:
            stored = gateway.receiver.receive_all(provider, request)
        except InvalidRequest as exc:
            return reject(request, exc.errors)
        accepted = [(piece, _is_accepted(gateway.settings, receipt)) for piece, receipt in stored]
        receipts = [receipt for _, receipt in stored if receipt]
        acknowledgement = provider.acknowledge(request, accepted)
        if acknowledgement.status == 503 and len(receipts) == len(stored):  # all are kept, and some are bad
            answer = answers.problem(*(receipt for receipt in receipts if receipt.outcome is Outcome.REJECTED))
        else:
            answer = _acknowledged(acknowledgement)
        return answers.with_receipts(answer, receipts)

    def reject(request: WebhookRequest, errors: tuple[FieldError, ...]) -> Answer:
        receipt = gateway.receiver.reject(provider, request, 400, errors)
        if not _is_accepted(gateway.settings, receipt):
            return answers.with_receipts(answers.problem(receipt), [receipt])
        whole = Piece(id="1", request=request)  # nobody knows what is in it, or how the provider would name that
        return answers.with_receipts(_acknowledged(provider.acknowledge(request, [(whole, True)])), [receipt])

    return Endpoint(provider, provider.media_types, take)


def _of_reports(gateway: Gateway, provider: Reporting) -> Endpoint:
    def take(request: WebhookRequest) -> Answer:
        return _acknowledged(gateway.reports.receive(provider, request))

    return Endpoint(provider, None, take)


def _is_accepted(settings: Settings, receipt: Receipt | None) -> bool:
    """Tell whether the provider need not send a message again."""
    if receipt is None:
        return False
    return receipt.outcome is not Outcome.REJECTED or settings.rejected_answer == 200


def _acknowledged(acknowledgement: Acknowledgement) -> Answer:
    return answers.plain(acknowledgement.status, acknowledgement.body, acknowledgement.content_type)
