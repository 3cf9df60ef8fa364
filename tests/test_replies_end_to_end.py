"""The whole loop in real processes: a message, its reply at the provider, its report; STOP, and silence."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from mo_gateway.cli.fake import ROLES
from mo_gateway.fakes.connectcall import FakeConnectCall
from mo_gateway.fakes.intelecom import FakeIntelecom
from mo_gateway.fakes.pswincom import FakePsWinCom
from mo_gateway.fakes.reporter import Reporter
from mo_gateway.fakes.server import Call, Fake, FakeServer, running
from mo_gateway.fakes.sms1601 import FakeSms1601
from mo_gateway.fakes.spryng import FakeSpryng

from .conftest import engine_for
from .running import Program, post, program
from .stored import rows
from .waiting import until

pytestmark = pytest.mark.slow

PHONE = "32412345678"
CANARY = "canary-in-a-coal-mine"


@dataclass
class Loop:
    """A gateway and the provider that it sends by."""

    url: str
    gateway: Program
    provider: FakeServer
    engine: Engine

    def say(self, text: str, at: str) -> None:
        """Send a text as Spryng does."""
        word, _, parm = text.partition(" ")
        assert post(self.url, KEYWORD=word, PARM=parm, TIMESTAMP=f"200402081525{at}").body == "TRUE"

    def settled(self, how_many: int) -> list[Any]:
        """Wait until so many replies are neither queued nor being sent, and give them."""

        def look() -> list[Any] | None:
            table = rows(self.engine, "mt_message")
            is_settled = len(table) == how_many and all(row.due_at is None for row in table)
            return table if is_settled else None

        return until(look, f"{how_many} replies to be settled")


@contextmanager
def loop(folder: Path, database_url: str, fake: Fake, name: str, **environ: str) -> Iterator[Loop]:
    with running(fake) as provider:
        given = {"URL": provider.url + ROLES[name].path, **ROLES[name].variables}
        variables = {f"{name.upper()}_{variable}": value for variable, value in given.items()}
        with program(folder, database_url, **{"REPLY_PROVIDER": name, **variables, **environ}) as gateway:
            url = gateway.run()
            parts = urlsplit(url)
            address = f"{parts.scheme}://{parts.netloc}"
            reporter = Reporter(provider, address, "geheim", state="", after=0.0, tell=lambda _: None)
            provider.on_taken = reporter.report
            with engine_for(database_url) as engine:
                yield Loop(url, gateway, provider, engine)


def test_a_reply_reaches_the_phone_and_stop_brings_silence(tmp_path: Path, database_url: str) -> None:
    with loop(tmp_path, database_url, FakeSpryng(credit=Decimal(100)), "spryng") as both:
        both.say("WIN blue", at="44")
        (reply,) = both.settled(1)
        report = until(lambda: rows(both.engine, "mt_report"), "the delivery report")[0]
        both.say("STOP", at="45")
        both.settled(2)
        both.say("WIN red", at="46")
        states = [(row.state, row.suppressed_reason) for row in both.settled(3)]

    assert (reply.state, reply.msisdn, reply.body) == ("sent", PHONE, "Thank you for blue.")
    assert (report.mt_message_id, report.status) == (reply.id, "delivered")
    assert states == [("sent", None), ("sent", None), ("suppressed", "opt-out")]
    assert both.provider.fake.taken[0].text == "Thank you for blue."
    assert len(both.provider.fake.taken) == 2


@pytest.mark.parametrize(
    ("fake", "name"),
    [
        (FakeConnectCall(), "connectcall"),
        (FakeSms1601(), "sms1601"),
        (FakePsWinCom(), "pswincom"),
        (FakeIntelecom(), "intelecom"),
    ],
    ids=["connectcall", "sms1601", "pswincom", "intelecom"],
)
def test_every_provider_sends_and_most_report(tmp_path: Path, sqlite_url: str, fake: Fake, name: str) -> None:
    with loop(tmp_path, sqlite_url, fake, name) as both:
        both.say("WIN blue", at="44")
        (reply,) = both.settled(1)
        if name != "connectcall":  # which has no reports
            until(lambda: [row for row in rows(both.engine, "mt_report") if row.mt_message_id], "the report")

    assert (reply.state, reply.provider) == ("sent", name)
    assert [(sms.to, sms.text) for sms in fake.taken] == [(PHONE, "Thank you for blue.")]


@pytest.mark.parametrize(("fake", "name"), [(FakePsWinCom(), "pswincom"), (FakeIntelecom(), "intelecom")])
def test_an_inbound_message_of_another_provider_is_answered_by_it(
    tmp_path: Path, sqlite_url: str, fake: FakePsWinCom | FakeIntelecom, name: str
) -> None:
    with loop(tmp_path, sqlite_url, fake, name) as both:
        bring(both, fake.inbound("WIN blue"))
        (reply,) = both.settled(1)

    assert (reply.state, reply.provider, reply.shortcode) == ("sent", name, "4414")


def test_credentials_are_in_no_log_and_in_no_row(tmp_path: Path, sqlite_url: str) -> None:
    fake = FakeSpryng(password=CANARY)
    with loop(tmp_path, sqlite_url, fake, "spryng", SPRYNG_PASSWORD=CANARY) as both:
        both.say("WIN blue", at="44")
        both.settled(1)
        both.provider.stop()
        both.say("WIN red", at="45")
        until(lambda: '"not sent"' in both.gateway.log, "the failure")
        log = both.gateway.log

    files = [path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("mo-gateway.db")]
    assert CANARY not in log
    assert files
    assert not any(CANARY.encode() in content for content in files)


def bring(both: Loop, call: Call) -> None:
    """Post an inbound message as its provider does."""
    parts = urlsplit(both.url)
    headers = {name: value for name, value in call.headers.items() if name.lower() != "content-length"}
    query = f"?{call.query}" if call.query else ""
    url = f"{parts.scheme}://{parts.netloc}{call.path}/geheim{query}"
    request = urllib.request.Request(url, call.body or None, headers, method=call.method)
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200
