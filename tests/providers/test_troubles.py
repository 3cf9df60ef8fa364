"""Every provider's client in every trouble: an SMS that was taken is never sent again by itself.

A provider is tried here as soon as `mo-gateway fake` has it, with the variables that this command prints.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import pytest

from mo_gateway.cli.fake import ROLES
from mo_gateway.fakes.server import AFTER_TAKING, FakeServer, Trouble, running
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.sending import open_senders, sender_with
from mo_gateway.metrics import Metrics
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.providers import Sending
from mo_gateway.reply import Reply, SendOutcome, SendResult
from mo_gateway.wire import MaybeSent, NotSent
from tests.conftest import settings_for
from tests.sending import make_replies_due, queue, send_all
from tests.stored import rows
from tests.waiting import until

from .examples import mt_message


class Case(NamedTuple):
    """A provider's client, and what it is set up with besides the address of the fake."""

    provider: str
    path: str
    variables: Mapping[str, str]


CASES = {name: Case(name, role.path, role.variables) for name, role in ROLES.items()} | {
    "spryng by send.php": Case("spryng", "/api/send.php", {**ROLES["spryng"].variables, "API": "send"}),
    "spryng by REST": Case("spryng", "/v1/messages", {"API": "rest", "TOKEN": "geheim-token"}),
}

#: What becomes of an SMS; the provider's other ones wait, whatever it is.
OUTCOMES = {
    Trouble.SLOW: SendOutcome.UNKNOWN,
    Trouble.RESET: SendOutcome.UNKNOWN,
    Trouble.CLOSE: SendOutcome.UNKNOWN,
    Trouble.HTML: SendOutcome.UNKNOWN,
    Trouble.HUGE: SendOutcome.UNKNOWN,
    Trouble.DRIP: SendOutcome.UNKNOWN,
    Trouble.TOO_MANY: SendOutcome.LATER,
    Trouble.ERROR: SendOutcome.LATER,
    Trouble.BAD_GATEWAY: SendOutcome.UNKNOWN,
    Trouble.UNAVAILABLE: SendOutcome.LATER,
}

#: Those in which a caller waits until it has had enough.
WITHOUT_END = (Trouble.SLOW, Trouble.DRIP)

#: Seconds: so soon gives up who waits in vain, and so late who gets an answer, also from a host that is busy.
SOON, LATE = "1", "20"

pytestmark = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def sender(case: Case, url: str, timeout: str = LATE) -> Sending:
    """Make a client as the gateway does."""
    prefix = f"{case.provider.upper()}_"
    variables = {prefix + name: value for name, value in {"URL": url + case.path, **case.variables}.items()}
    return open_senders(settings_for("sqlite:///unused.db", SEND_TIMEOUT=timeout, **variables))[case.provider]


@pytest.fixture
def sqlite_gateway(sqlite_url: str) -> Iterator[Gateway]:
    gateway = open_gateway(settings_for(sqlite_url))
    yield gateway
    gateway.close()


@contextmanager
def fake_and_sender(case: Case, timeout: str = LATE) -> Iterator[tuple[FakeServer, Sending]]:
    with running(ROLES[case.provider].make()) as server:
        yield server, sender(case, server.url, timeout)


def result_of(client: Sending) -> SendResult:
    """Send an SMS; what the wire raises becomes what the gateway makes of it."""
    try:
        return client.send(mt_message())
    except NotSent as exc:
        return SendResult(outcome=SendOutcome.LATER, text=f"{exc} {exc!r}", holds=True)
    except MaybeSent as exc:
        return SendResult(outcome=SendOutcome.UNKNOWN, text=f"{exc} {exc!r}", holds=True)


@pytest.mark.parametrize("trouble", list(Trouble))
def test_an_sms_that_was_taken_is_not_sent_again_and_no_credential_is_shown(case: Case, trouble: Trouble) -> None:
    with fake_and_sender(case, SOON if trouble in WITHOUT_END else LATE) as (server, client):
        server.troubles.append(trouble)
        result = result_of(client)
        if trouble in AFTER_TAKING:
            until(lambda: server.fake.taken, "the fake to take the SMS")  # a caller may have given up before

    assert result.outcome is OUTCOMES[trouble]
    assert result.holds
    assert len(server.fake.taken) == (1 if trouble in AFTER_TAKING else 0)
    assert not (server.fake.taken and result.outcome in (SendOutcome.LATER, SendOutcome.FAILED))
    assert any("geheim" in value for value in case.variables.values())
    assert "geheim" not in f"{result!r} {client!r}"


@pytest.mark.parametrize("trouble", [Trouble.TOO_MANY, Trouble.UNAVAILABLE])
def test_a_provider_that_names_a_pause_gets_it(case: Case, trouble: Trouble) -> None:
    with fake_and_sender(case) as (server, client):
        server.troubles.append(trouble)
        result = result_of(client)

    assert result.again_after == timedelta(seconds=7)
    assert result.holds


def test_after_the_trouble_all_is_well(case: Case) -> None:
    with fake_and_sender(case) as (server, client):
        server.troubles.append(Trouble.UNAVAILABLE)

        assert result_of(client).outcome is SendOutcome.LATER
        assert result_of(client).outcome is SendOutcome.SENT
        assert [taken.text for taken in server.fake.taken] == [mt_message().text]


def test_a_wrong_password_uses_up_no_reply_and_once_it_is_right_all_go_out(
    case: Case, sqlite_gateway: Gateway
) -> None:
    secret = "TOKEN" if "TOKEN" in case.variables else "PASSWORD"
    wrong = case._replace(variables={**case.variables, secret: "geheim-en-verkeerd"})
    queue(sqlite_gateway, *(Reply(f"reply {number}", provider=case.provider) for number in range(3)))
    with running(ROLES[case.provider].make()) as server:
        try_often(sqlite_gateway, sender(wrong, server.url))
        assert {row.state for row in rows(sqlite_gateway.engine, "mt_message")} == {"queued"}
        assert list(server.fake.taken) == []

        try_often(sqlite_gateway, sender(case, server.url))

    assert {row.state for row in rows(sqlite_gateway.engine, "mt_message")} == {"sent"}
    assert sorted(taken.text for taken in server.fake.taken) == ["reply 0", "reply 1", "reply 2"]


def try_often(gateway: Gateway, client: Sending) -> None:
    """Let all pauses be over, more often than a reply may be tried."""
    by_name = {client.name: client}
    handing = sender_with(by_name, gateway.settings, gateway.engine, metrics=Metrics())
    for _ in range(gateway.settings.max_attempts * 2):
        make_replies_due(gateway)
        send_all(handing, client)


def test_where_nobody_listens_nothing_was_sent(case: Case) -> None:
    with running(ROLES[case.provider].make()) as server:
        client = sender(case, server.url)

    with pytest.raises(NotSent):
        client.send(mt_message())


@pytest.mark.parametrize("trouble", list(Trouble))
def test_who_is_asked_how_we_stand_and_is_in_trouble_is_not_believed(case: Case, trouble: Trouble) -> None:
    with running(ROLES[case.provider].make()) as server:
        client = sender(case, server.url, "0.1" if trouble in WITHOUT_END else LATE)
        server.troubles.append(trouble)
        try:
            standing = client.standing()
        except (NotSent, MaybeSent):
            return

    assert not standing.is_right or not standing.was_asked
    assert "geheim" not in standing.text


def test_who_is_asked_how_we_stand_knows_us_and_sends_nothing(case: Case) -> None:
    with fake_and_sender(case) as (server, client):
        standing = client.standing()

    assert standing.is_right
    assert list(server.fake.taken) == []


def test_every_provider_has_a_fake(case: Case) -> None:
    assert case.provider in SCHEMAS
    assert ROLES.keys() == SCHEMAS.keys()
