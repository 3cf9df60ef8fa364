"""`email`: one mail a message, whose headers nobody who sends an SMS can write."""

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway.errors import ConfigError, HandlerError, TryLater
from mo_gateway.handlers import email as built_in
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.email import Options, build
from mo_gateway.reply import Reply
from tests.conftest import settings_for
from tests.postgres import free_port

from .received import message

HEADERS = {
    *("from", "to", "subject", "date", "message-id"),
    *("mime-version", "content-type", "content-transfer-encoding"),
}


class Mailbox:
    """A mail server that keeps what it gets, or refuses it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("2"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        return self.answer


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Mailbox, str]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield mailbox, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
def mailbox(server: tuple[Mailbox, str]) -> Mailbox:
    server[0].mails.clear()
    server[0].answer = "250 OK"
    return server[0]


def mail(server: tuple[Mailbox, str], **options: Any) -> Any:
    usual = {"to": ("desk@example.com", "boss@example.com")}
    return built_in.email(**{**usual, **options}, smtp_url=server[1], email_from="sms@example.org")


def test_a_message_is_mailed_with_its_sender_and_the_same_id_each_time(
    server: tuple[Mailbox, str], mailbox: Mailbox
) -> None:
    handler = mail(server, text="We call you.")

    assert handler(message(parm="été")) == handler(message(parm="été")) == Reply("We call you.")

    first, second = mailbox.mails
    assert (first["From"], first["To"]) == ("sms@example.org", "desk@example.com, boss@example.com")
    assert first["Subject"] == "WIN to 4414"
    assert first["Message-ID"] == second["Message-ID"] == "<mo-17@example.org>"
    assert first.get_content().replace("\r", "").startswith("WIN été\n\nFrom +32412345678 to 4414")


@given(st.text(st.characters(exclude_characters="\0"), max_size=80))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_writes_a_header_or_a_second_mail(
    server: tuple[Mailbox, str], mailbox: Mailbox, text: str
) -> None:
    mailbox.mails.clear()
    handler = mail(server, subject="Help: {{ parm }}", body="{{ parm }}")

    handler(message(parm=text))

    (found,) = mailbox.mails
    of_the_server = {"x-peer", "x-mailfrom", "x-rcptto"}
    assert {name.lower() for name, _ in found.items()} - of_the_server == HEADERS
    assert len(found.keys()) == len(set(found.keys()))


@pytest.mark.parametrize(
    "hostile",
    ["x\r\nBcc: victim@example.com", "x\nTo: v@example.com\n\nbody", "\r\n.\r\nMAIL FROM:<a@b>", "\x1b[2J"],
)
def test_line_breaks_in_a_subject_are_shown_and_not_obeyed(
    server: tuple[Mailbox, str], mailbox: Mailbox, hostile: str
) -> None:
    mail(server, subject="{{ parm }}")(message(parm=hostile))

    (found,) = mailbox.mails
    assert found["Bcc"] is None
    assert found["To"] == "desk@example.com, boss@example.com"
    assert "\\" in found["Subject"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 later", TryLater), ("421 closing", TryLater), ("554 spam", HandlerError), ("550 no", HandlerError)],
)
def test_a_refusal_says_whether_to_try_again_and_quotes_nothing(
    server: tuple[Mailbox, str], mailbox: Mailbox, answer: str, error: type[Exception]
) -> None:
    mailbox.answer = answer

    with pytest.raises(error) as refused:
        mail(server)(message(parm="secret"))

    assert answer[:3] in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "32412345678" not in str(refused.value)


def test_a_server_that_is_down_takes_no_try_away() -> None:
    nobody = (Mailbox(), f"smtp://user:geheim@127.0.0.1:{free_port()}")

    with pytest.raises(TryLater, match="not to be had: ConnectionRefusedError") as refused:
        mail(nobody)(message())

    assert "geheim" not in str(refused.value)


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built_in, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(TryLater, match="not to be had"):
            mail((Mailbox(), url))(message())


@pytest.mark.parametrize("scheme", ["starttls", "smtps"])
def test_a_server_without_tls_gets_no_mail_where_tls_is_asked_for(
    server: tuple[Mailbox, str], mailbox: Mailbox, scheme: str
) -> None:
    with pytest.raises(TryLater):
        mail((mailbox, server[1].replace("smtp:", f"{scheme}:")))(message())

    assert mailbox.mails == []


def test_without_a_mail_server_the_setting_is_named(tmp_path: Any, sqlite_url: str) -> None:
    zone = settings_for(sqlite_url).timezone

    with pytest.raises(ConfigError, match="set MO_GATEWAY_SMTP_URL and MO_GATEWAY_EMAIL_FROM"):
        build({"to": ("desk@example.com",)}, Surroundings(folder=tmp_path, timezone=zone))


@pytest.mark.parametrize("to", ["desk", ["desk@example.com", "x\n@example.com"], "a@b.c, d@e.f", [], 7, None])
def test_an_address_that_is_none_is_named(to: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Options().load({"to": to})

    assert list(refused.value.messages_dict) == ["to"]
