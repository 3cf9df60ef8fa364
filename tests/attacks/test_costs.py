"""Who wants us to send without end: the limits of a person and the budget of a day hold, and loops end."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from mo_gateway import Message, Reply, keyword
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.store.tables import mt_message
from mo_gateway.store.types import database_now
from tests.conftest import MakeSettings
from tests.handling import dispatcher_of, handle_all
from tests.sending import Script, queue, send_all, sender_of
from tests.stored import rows, store

pytestmark = pytest.mark.attacks

TEXTS = 300  # 10,000 before a release: test_ten_thousand_texts.py
HOURS = 6
REPLY_LIMIT, LOOP_LIMIT = 30, 5  # as they are by default
BUDGET = 100  # parts


def answered(gateway: Gateway, provider: Script, replies: int) -> None:
    """Queue so many replies to one phone, each another text, and send what may be sent."""
    with gateway.engine.connect() as conn:
        before = conn.scalar(text("SELECT count(*) FROM mt_message")) or 0
    queue(gateway, *(Reply(f"You have {before + number} points.") for number in range(replies)))
    sender = sender_of(gateway, provider)
    while sender.has_work(provider.name):
        send_all(sender, provider)


def an_hour_passes(gateway: Gateway) -> None:
    """Let everything that was tried have been tried an hour ago."""
    with gateway.engine.begin() as conn:
        conn.execute(
            update(mt_message).values(tried_at=database_now(-timedelta(hours=1, seconds=1).total_seconds()))
        )


def outcomes(gateway: Gateway) -> dict[tuple[str, str | None], int]:
    """Count the replies by state and reason."""
    query = text("SELECT state, suppressed_reason, count(*) FROM mt_message GROUP BY state, suppressed_reason")
    with gateway.engine.connect() as conn:
        return {(row[0], row[1]): row[2] for row in conn.execute(query)}


def check_one_hour(gateway: Gateway, texts: int) -> None:
    """Answer so many texts of one phone within an hour, and see how many went out."""
    provider = Script()

    answered(gateway, provider, texts)

    assert len(provider.sent) == REPLY_LIMIT
    assert outcomes(gateway) == {("sent", None): REPLY_LIMIT, ("suppressed", "limit"): texts - REPLY_LIMIT}


@pytest.fixture
def gateway(sqlite_url: str, make_settings: MakeSettings) -> Iterator[Gateway]:
    """A gateway with the limits that are there by default."""
    gateway = open_gateway(make_settings(sqlite_url))
    yield gateway
    gateway.close()


def test_one_phone_that_sends_hundreds_of_texts_in_an_hour_gets_30_answers(gateway: Gateway) -> None:
    check_one_hour(gateway, TEXTS)


@pytest.mark.parametrize(
    ("budget", "found"),
    [
        ("0", {("sent", None): HOURS * REPLY_LIMIT, ("suppressed", "limit"): HOURS * 10}),
        (
            str(BUDGET),
            {
                ("sent", None): BUDGET,
                ("suppressed", "limit"): BUDGET // REPLY_LIMIT * 10,
                ("suppressed", "budget"): HOURS * 40 - BUDGET - BUDGET // REPLY_LIMIT * 10,
            },
        ),
    ],
)
def test_one_phone_that_never_tires_costs_no_more_than_its_limit_each_hour_and_the_budget_a_day(
    sqlite_url: str, make_settings: MakeSettings, budget: str, found: dict[tuple[str, str | None], int]
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, DAILY_BUDGET=budget))
    provider = Script()

    for _ in range(HOURS):
        answered(gateway, provider, REPLY_LIMIT + 10)
        an_hour_passes(gateway)

    counted = outcomes(gateway)
    gateway.close()
    assert counted == found
    assert len(provider.sent) == found["sent", None]


@keyword("*")
def say_the_same(_message: Message) -> str:
    return "Thank you for your message."


@keyword("*")
def say_more_each_time(message: Message) -> str:
    return f"Thank you for {len(message.parm)} letters. {'x' * (len(message.parm) % 100)}"


@dataclass
class Machine:
    """A gateway that answers everything."""

    gateway: Gateway
    answer: Callable[[Message], Any]
    provider: Script = field(default_factory=Script)

    def hears(self, text: str, *, moment: int) -> str | None:
        """Take an SMS of the other machine, and give the text that goes out for it, if one does."""
        before = len(self.provider.sent)
        store(self.gateway, KEYWORD="HI", PARM=text, TIMESTAMP=f"20040208{moment // 60:04}{moment % 60:02}")
        handle_all(dispatcher_of(self.gateway, self.answer))
        send_all(sender_of(self.gateway, self.provider), self.provider)
        return next((message.text for message in self.provider.sent[before:]), None)


@pytest.mark.parametrize(
    ("answer", "most", "reason"), [(say_the_same, LOOP_LIMIT, "loop"), (say_more_each_time, REPLY_LIMIT, "limit")]
)
def test_two_gateways_that_answer_each_other_fall_silent(
    sqlite_template: Path, tmp_path: Path, make_settings: MakeSettings, answer: Any, most: int, reason: str
) -> None:
    databases = [shutil.copy(sqlite_template, tmp_path / f"{name}.db") for name in ("one", "other")]
    gateways = [open_gateway(make_settings(f"sqlite:///{database}")) for database in databases]
    machines = [Machine(gateway, answer) for gateway in gateways]

    said: str | None = "hello"
    for moment, machine in enumerate(itertools.cycle(machines)):
        if said is None or moment > 10 * REPLY_LIMIT:
            break
        said = machine.hears(said, moment=moment)

    reasons = {row.suppressed_reason for gateway in gateways for row in rows(gateway.engine, "mt_message")}
    for gateway in gateways:
        gateway.close()
    assert [len(machine.provider.sent) for machine in machines] == [most, most]
    assert reasons == {None, reason}
