"""Credit: how we stand with a provider, asked of itself; nothing is sent to find out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from .masking import without_secrets
from .metrics import Metrics
from .reply import Standing
from .wire import MaybeSent, NotSent

EVERY = timedelta(minutes=15)

log = structlog.get_logger()


class Askable(Protocol):
    """A provider that can be asked how we stand with it."""

    def standing(self) -> Standing:
        """Ask, without sending an SMS; or raise NotSent or MaybeSent."""


def ask(sender: Askable, secrets: Collection[str]) -> Standing:
    """Find out how we stand with a provider, also where it does not answer."""
    try:
        standing = sender.standing()
    except (NotSent, MaybeSent) as exc:
        return Standing(is_right=False, text=f"it does not answer: {exc}")
    return replace(standing, text=without_secrets(standing.text, secrets))


@dataclass(frozen=True, slots=True)
class Credit:
    """Has a worker ask now and then, for the metrics; a provider that tells no credit is not asked again."""

    providers: Mapping[str, Askable]
    metrics: Metrics
    clock: Callable[[], datetime]
    _asked_at: dict[str, datetime] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)

    def look_after(self) -> None:
        """Ask those whose last answer is old."""
        now = self.clock()
        for name, provider in self.providers.items():
            asked_at = self._asked_at.get(name)
            if name not in self._silent and (asked_at is None or now - asked_at >= EVERY):
                self._asked_at[name] = now
                self._ask(name, provider)

    def _ask(self, name: str, provider: Askable) -> None:
        try:
            standing = provider.standing()
        except (NotSent, MaybeSent) as exc:
            log.warning("provider does not tell its credit", provider=name, error=str(exc))
            return
        if standing.credit is not None:
            self._tell(name, standing.credit)
        elif standing.is_right:
            self._silent.add(name)

    def _tell(self, name: str, credit: str) -> None:
        try:
            self.metrics.credit.labels(name).set(float(credit))
        except ValueError:
            log.warning("provider does not tell its credit", provider=name, error="its answer is no number")
