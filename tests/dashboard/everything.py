"""A gateway with a bit of everything in its database, put there by the steps themselves."""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import select

from mo_gateway.gateway import Gateway
from mo_gateway.gateway.handling import consent_with, dispatcher_with
from mo_gateway.gateway.routes import open_routes
from mo_gateway.gateway.upkeep import tally_of
from mo_gateway.message import Receipt, WebhookRequest
from mo_gateway.metrics import Metrics
from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.store import audit
from mo_gateway.store.audit import Actor, Deed
from mo_gateway.store.tables import mt_message
from mo_gateway.wire import NotSent
from tests.examples import FORM, FORM_TYPE
from tests.handling import handle_all
from tests.sending import Script, add_report, send_all, sender_of

#: The settings that it needs, beside a routes file.
SETTINGS = {"CHARSET": "utf-8", "HANDLERS": "tests.dashboard.happenings", "MAX_ATTEMPTS": "1"}

#: Who sent which texts, so many hours ago.
SENT = (
    (50, "32400000001", "WIN blue"),
    (30, "32400000002", "VOTE blue"),
    (29, "32400000003", "Vote red, and greetings to everybody in the studio!"),
    (28, "32400000003", "vote b"),
    (27, "32400000004", "VOTE purple"),
    (26, "32400000005", "NEWS"),
    (25, "32400000006", "NEWS"),
    (24, "32400000006", "NEWS OFF"),
    (6, "32400000007", "WIN twee kaartjes s'il vous plaît"),
    (5, "32400000008", "WINNN red"),
    (4, "32400000009", "FAIL this"),
    (4, "32400000010", "FAIL that"),
    (
        3,
        "32400000011",
        "hallo, is daar iemand? 👋 Wij zitten hier al een uur te wachten en horen niets van jullie",
    ),
    (2, "32400000001", "STOP"),
    (1, "32400000012", ""),
)
ANSWERS: list[SendResult | Exception] = [
    SendResult(outcome=SendOutcome.SENT, provider_id="a1"),
    SendResult(outcome=SendOutcome.FAILED, code="104", text="the number is not in use"),
    NotSent("it does not answer"),
    SendResult(outcome=SendOutcome.SENT, provider_id="a2"),
]

#: Who joined, left, joined again and said STOP, and got every answer.
PROVEN = "32400000014"
SAID = ("NEWS", "NEWS OFF", "News", "Stop aub, ik wil dit niet meer krijgen. Bedankt en nog een fijne dag! 👋")


def fill(gateway: Gateway) -> None:
    """Let some days happen: messages, votes, a list, a STOP, replies of each kind, refusals, deeds."""
    for words in SAID:
        answer(gateway, words)
    for hours, msisdn, words in SENT:
        send(gateway, words, at=gateway.clock() - timedelta(hours=hours), MSISDN=msisdn)
    send(gateway, "WIN blue", at=gateway.clock() - timedelta(hours=50), MSISDN="32400000001")  # once more
    send(gateway, "WIN x", at=gateway.clock() - timedelta(hours=1), COUNTRY="Belgium", MSISDN="no number")
    work(gateway)
    provider = Script(list(ANSWERS))
    send_all(sender_of(gateway, provider, clock=gateway.clock), provider)
    now = gateway.clock()
    with gateway.engine.begin() as conn:
        an = Actor(name="an", role="compliance", remote_addr="192.0.2.7")
        reveal = Deed(action="reveal", subject="message 1", reason="a complaint", details={"seconds": 60})
        audit.add(conn, an, reveal, now)
        audit.add(conn, Actor(name="cli:bob"), Deed(action="replay", subject="message 11"), now)
    send(gateway, "VOTE red", at=now, MSISDN="32400000013")  # waits
    count(gateway)


def answer(gateway: Gateway, words: str) -> None:
    """Let a message come, and its answer arrive."""
    message_id = send(gateway, words, at=gateway.clock(), MSISDN=PROVEN).id
    work(gateway)
    provider = Script()
    send_all(sender_of(gateway, provider, clock=gateway.clock), provider)
    now = gateway.clock()
    for reply_id in replies_to(gateway, message_id):
        add_report(gateway, reply_id, received_at=now, last_received_at=now)


def replies_to(gateway: Gateway, message_id: int) -> list[int]:
    """Give the replies to a message."""
    with gateway.engine.connect() as conn:
        return list(conn.scalars(select(mt_message.c.id).where(mt_message.c.message_id == message_id)))


def send(gateway: Gateway, words: str, *, at: datetime, **fields: str) -> Receipt:
    """Store an SMS as the provider delivers it, in UTF-8."""
    keyword, _, parm = words.partition(" ")
    local = at.astimezone(gateway.settings.timezone)
    form = {**FORM, "KEYWORD": keyword, "PARM": parm, "TIMESTAMP": f"{local:%Y%m%d%H%M%S}", **fields}
    request = WebhookRequest(
        method="POST",
        raw=urlencode(form).encode(),
        content_type=FORM_TYPE,
        remote_addr="192.0.2.1",
        received_at=at,
    )
    return gateway.receiver.receive(gateway.spryng, request)


def work(gateway: Gateway) -> None:
    """Do what a worker does, once."""
    routes = open_routes(gateway.settings)
    consent_with(routes, gateway.settings, gateway.engine, metrics=Metrics()).record()
    handle_all(dispatcher_with(routes, gateway.settings, gateway.engine))


def count(gateway: Gateway) -> None:
    """Count for the reports, and commit the figures of the intake."""
    gateway.writer.close()
    tally_of(open_routes(gateway.settings), gateway.settings, gateway.engine).round()
