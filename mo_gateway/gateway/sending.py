"""What sends replies, and looks after them at the providers."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from mo_gateway.metrics import Metrics
from mo_gateway.polling import Polling
from mo_gateway.providers import Sending
from mo_gateway.providers.connectcall import ConnectCallSender
from mo_gateway.providers.intelecom import IntelecomSender
from mo_gateway.providers.pswincom import PsWinComSender
from mo_gateway.providers.sms1601 import Sms1601Sender
from mo_gateway.providers.spryng import SpryngSender
from mo_gateway.send import Guards, Sender
from mo_gateway.settings import Settings
from mo_gateway.store.outbox import Rules
from mo_gateway.takeout import Takeout
from mo_gateway.wire import Wire

from .clock import utc_now


def open_senders(settings: Settings) -> dict[str, Sending]:
    """Make the clients of the providers that can send by these settings."""
    wire = Wire(timeout=settings.send_timeout)
    makers: dict[str, Callable[..., Sending]] = {
        "spryng": SpryngSender,
        "connectcall": ConnectCallSender,
        "sms1601": partial(Sms1601Sender, timezone=settings.timezone),
        "pswincom": PsWinComSender,
        "intelecom": IntelecomSender,
    }
    return {name: makers[name](wire=wire, **values) for name, values in settings.providers.items()}


def reply_rules(settings: Settings) -> Rules:
    """Say how replies are queued."""
    return Rules(
        person_secret=settings.person_secret,
        provider=settings.reply_provider,
        sender=settings.reply_sender,
        tries=settings.max_attempts,
        max_age=settings.reply_max_age,
        transliterate=settings.transliterate,
        keep_schedules=frozenset(name for name, values in settings.providers.items() if values.get("schedule")),
    )


def sender_with(
    providers: Mapping[str, Sending],
    settings: Settings,
    engine: Engine,
    *,
    metrics: Metrics,
    clock: Callable[[], datetime] = utc_now,
) -> Sender:
    """Put together what sends replies by these providers."""
    return Sender(
        engine=engine,
        providers=providers,
        guards=Guards(
            person_limit=settings.reply_limit,
            loop_limit=settings.loop_limit,
            daily_budget=settings.daily_budget,
            sends_test_replies=settings.send_test_replies,
        ),
        metrics=metrics,
        lease=settings.lease,
        send_timeout=settings.send_timeout,
        retry_delay=settings.retry_delay,
        secrets=settings.secrets,
        timezone=settings.timezone,
        clock=clock,
        random=random.random,
    )


def polling_with(
    providers: Mapping[str, Sending],
    engine: Engine,
    *,
    metrics: Metrics,
    clock: Callable[[], datetime] = utc_now,
) -> Polling:
    """Put together what looks after delivery reports that do not come by themselves."""
    asked = {
        name: sender for name, sender in providers.items() if isinstance(sender, Sms1601Sender) and sender.poll
    }
    return Polling(engine, asked, metrics, clock)


def takeouts_with(
    providers: Mapping[str, Sending], engine: Engine, *, clock: Callable[[], datetime] = utc_now
) -> list[Takeout]:
    """Put together what takes out of a provider's own outbox what nobody wants any more."""
    return [
        Takeout(engine=engine, sender=sender, clock=clock)
        for sender in providers.values()
        if isinstance(sender, Sms1601Sender) and sender.schedule
    ]
