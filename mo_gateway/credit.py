"""Credit: how we stand with a provider, asked of itself; nothing is sent to find out."""

from collections.abc import Collection
from dataclasses import replace

from .masking import without_secrets
from .providers import Sending
from .reply import Standing
from .wire import MaybeSent, NotSent


def ask(sender: Sending, secrets: Collection[str]) -> Standing:
    """Find out how we stand with a provider, also where it does not answer."""
    try:
        standing = sender.standing()
    except (NotSent, MaybeSent) as exc:
        return Standing(is_right=False, text=f"it does not answer: {exc}")
    return replace(standing, text=without_secrets(standing.text, secrets))
