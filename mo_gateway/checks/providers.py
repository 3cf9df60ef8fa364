"""Can replies go out: is there a provider, and does it know us? Nothing is sent to find out."""

from collections.abc import Collection, Iterator

from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.credit import ask
from mo_gateway.errors import ConfigError, SchemaError
from mo_gateway.gateway.sending import open_senders
from mo_gateway.settings import Settings
from mo_gateway.store import reading

from . import Finding, Verdict


def check_providers(settings: Settings) -> Iterator[Finding]:
    """Ask each provider that can send for our credit, or whatever else shows that it knows us."""
    senders = open_senders(settings)
    yield from check_choice(settings.reply_provider, senders, _who_brings_messages(settings))
    for name, sender in senders.items():
        standing = ask(sender, settings.secrets)
        verdict = Verdict.RIGHT if standing.is_right else Verdict.WRONG
        yield Finding("replies", verdict if standing.was_asked else Verdict.OPEN, f"{name}: {standing.text}")


def _who_brings_messages(settings: Settings) -> Collection[str]:
    """Name the providers of the latest messages; Spryng where there are none yet."""
    try:
        with reading.opened(settings) as engine, engine.begin() as conn:
            return reading.latest_providers(conn) or ["spryng"]
    except (ConfigError, SchemaError, SQLAlchemyError, OSError):  # `check_database` tells of it
        return ["spryng"]


def check_choice(wanted: str, senders: Collection[str], sources: Collection[str]) -> Iterator[Finding]:
    """Say what keeps replies waiting before any provider is asked; `sources` are who brings messages."""
    if not senders:
        text = "no provider is set to send by, so replies wait: docs/replies.md says how to set one"
        yield Finding("replies", Verdict.OPEN, text)
    elif wanted and wanted not in senders:
        text = f"MO_GATEWAY_REPLY_PROVIDER is {wanted}, and {wanted} has no settings to send by: replies wait"
        yield Finding("replies", Verdict.WRONG, text)
    else:
        other = next(iter(senders))
        for source in sources if not wanted else ():
            if source not in senders:
                text = (
                    f"replies to messages from {source} wait, as {source} has no settings to send by:"
                    f" MO_GATEWAY_REPLY_PROVIDER={other} sends them all by {other}"
                )
                yield Finding("replies", Verdict.OPEN, text)
