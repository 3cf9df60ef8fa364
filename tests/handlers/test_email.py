"""`email`: one mail a message, whose headers nobody who sends an SMS can write."""

import base64
import email
import email.policy
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from threading import Event
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway.errors import ConfigError, HandlerError, TryLater
from mo_gateway.handlers import email as built_in
from mo_gateway.handlers import mailing
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.email import Options, build
from mo_gateway.reply import Reply
from tests.conftest import settings_for
from tests.handling import captured_log
from tests.listening import CERTIFICATE, listening
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


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Keep the mail server's talk out of the output, wherever another test has led the log."""
    logger = logging.getLogger("mail")
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Mailbox, str]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield mailbox, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@contextmanager
def tls_server(mailbox: Mailbox, scheme: str) -> Iterator[int]:
    """Serve a mailbox with TLS from the beginning, or once it is asked for; give the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    tls = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **tls)
    controller.start()
    try:
        yield controller.port
    finally:
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
    monkeypatch.setattr(mailing, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(TryLater, match="not to be had"):
            mail((Mailbox(), url))(message())


SILENCE = b""


class Script:
    """A mail server that says what a test wants it to say to a command, and keeps what it hears."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        usual = {"greeting": b"220 ready", "EHLO": b"250 hello", "QUIT": b"221 bye", "DATA": b"354 go on"}
        self.answers = {**usual, **answers}
        self.heard: list[bytes] = []

    def __call__(self, connection: socket.socket, end: Event) -> None:
        connection.sendall(self.answers["greeting"] + b"\r\n")
        is_in_mail = False
        for line in connection.makefile("rb"):
            self.heard.append(line.strip())
            if is_in_mail and line != b".\r\n":
                continue
            command = "the mail" if is_in_mail else line.split()[0].decode().upper()
            answer = self.answers.get(line.strip().decode(), self.answers.get(command, b"250 OK"))
            if answer == SILENCE:
                end.wait()
                return
            connection.sendall(answer + b"\r\n")
            is_in_mail = answer.startswith(b"354")
            if command == "QUIT":
                return


@pytest.mark.parametrize("said", [b"250 OK", b"421 closing", b"500 what?", b"nonsense", SILENCE])
def test_a_mail_that_was_taken_stays_sent_whatever_the_server_says_at_parting(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "TIMEOUT", 0.2)

    with listening(Script({"QUIT": said})) as port:
        answer = mail((Mailbox(), f"smtp://127.0.0.1:{port}"), text="We call you.")(message())

    assert answer == Reply("We call you.")


def test_a_server_that_does_not_say_whether_it_has_a_mail_gets_it_a_few_times_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mailing, "TIMEOUT", 0.2)

    with (
        listening(Script({"the mail": SILENCE})) as port,
        pytest.raises(HandlerError, match="did not say whether it has the mail"),  # it counts as a try
    ):
        mail((Mailbox(), f"smtp://127.0.0.1:{port}"))(message())


@pytest.mark.parametrize(
    ("answers", "error", "sentence"),
    [
        ({"greeting": b"554 no"}, HandlerError, "refused the mail: 554"),
        ({"greeting": b"HTTP/1.1 400"}, TryLater, "cannot take the mail now"),
        ({"MAIL": b"451 later"}, TryLater, "cannot take the mail now: 451"),
        ({"MAIL": b"550 not you"}, HandlerError, "refused the mail: 550"),
        ({"RCPT": b"550 32412345678"}, HandlerError, "refused every recipient: 550"),
        ({"RCPT": b"450 later"}, TryLater, "cannot take every recipient now: 450"),
        ({"DATA": b"452 full"}, TryLater, "cannot take the mail now: 452"),
        ({"the mail": b"554 spam"}, HandlerError, "refused the mail: 554"),
    ],
)
def test_each_step_that_is_refused_says_whether_to_try_again(
    answers: dict[str, bytes], error: type[Exception], sentence: str
) -> None:
    with listening(Script(answers)) as port, pytest.raises(error) as refused:
        mail((Mailbox(), f"smtp://127.0.0.1:{port}"))(message())

    assert sentence in str(refused.value)
    assert "32412345678" not in str(refused.value)


def test_who_is_refused_alone_is_logged_and_the_others_have_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    log = captured_log(monkeypatch, built_in)
    script = Script({"rcpt TO:<boss@example.com>": b"550 no"})

    with listening(script) as port:
        mail((Mailbox(), f"smtp://127.0.0.1:{port}"))(message())

    (entry,) = log
    assert (entry["event"], entry["id"], entry["codes"]) == ("mail not sent to all", 17, [550])
    assert b"." in script.heard


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (b"535 wrong", HandlerError, "refused the user and password: 535"),
        (b"454 later", TryLater, "cannot take the user and password now: 454"),
    ],
)
def test_a_login_that_is_refused_quotes_no_password(answer: bytes, error: type[Exception], sentence: str) -> None:
    script = Script({"EHLO": b"250-hello\r\n250 AUTH PLAIN", "AUTH": answer})

    with listening(script) as port, pytest.raises(error, match=sentence) as refused:
        mail((Mailbox(), f"smtp://user:geheim%2B1@127.0.0.1:{port}"))(message())

    assert "geheim" not in str(refused.value)
    assert b"AUTH PLAIN " + base64.b64encode(b"\0user\0geheim+1") in script.heard


def test_a_login_that_is_not_offered_waits_for_the_operator() -> None:
    with (
        listening(Script({})) as port,
        pytest.raises(TryLater, match="does not offer the TLS or the login"),
    ):
        mail((Mailbox(), f"smtp://user:geheim@127.0.0.1:{port}"))(message())


def test_an_answer_that_cannot_be_filled_in_sends_no_mail(server: tuple[Mailbox, str], mailbox: Mailbox) -> None:
    with pytest.raises(HandlerError):
        mail(server, text="{{ words[0] }}")(message(parm=""))

    assert mailbox.mails == []


@pytest.mark.parametrize(
    "text", ["👨‍👩‍👧 family", "سلام‌ها", "one\ttab", "From here\n.\n..\nFrom there", "=E9 = é"]
)
def test_a_mail_holds_what_was_sent(server: tuple[Mailbox, str], mailbox: Mailbox, text: str) -> None:
    mail(server, body="{{ parm }}")(message(parm=text))

    (found,) = mailbox.mails
    assert found.get_content().replace("\r\n", "\n") == f"{text}\n"


def test_one_address_is_enough(server: tuple[Mailbox, str], mailbox: Mailbox) -> None:
    mail(server, to="desk@example.com")(message())

    assert [found["To"] for found in mailbox.mails] == ["desk@example.com"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"to": ()}, "a mail address"),
        ({"to": "desk"}, "a mail address"),
        ({"to": ["x\r\nBcc: v@example.com"]}, "a mail address"),
        ({"email_from": "sms"}, "a mail address"),
        ({"smtp_url": "http://geheim@mail.example.com"}, "a mail server is smtp://HOST:PORT"),
        ({"smtp_url": "smtp://user:géheim@mail.example.com"}, "are ASCII"),
        ({"subject": "{{ nobody }}"}, "a template has no nobody"),
    ],
)
def test_what_could_never_be_mailed_is_refused_where_it_is_made(wrong: dict[str, Any], complaint: str) -> None:
    usual = {"to": "desk@example.com", "smtp_url": "smtp://mail", "email_from": "sms@example.org"}

    with pytest.raises(ValueError, match=complaint) as refused:
        built_in.email(**{**usual, **wrong})

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["smtp", "starttls", "smtps"])
def test_a_mail_goes_by_tls_to_a_server_whose_certificate_is_known(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    mailbox = Mailbox()
    with tls_server(mailbox, scheme) as port:
        mail((mailbox, f"{scheme}://localhost:{port}"))(message())

    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("scheme", ["smtp", "starttls", "smtps"])
def test_a_server_whose_certificate_is_unknown_gets_no_mail(scheme: str) -> None:
    mailbox = Mailbox()
    with (
        tls_server(mailbox, scheme) as port,
        pytest.raises(TryLater, match="not to be had: SSLCertVerificationError"),
    ):
        mail((mailbox, f"{scheme}://localhost:{port}"))(message())

    assert mailbox.mails == []


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


@pytest.mark.parametrize(
    "to",
    [
        "desk@exämple.com",
        '"a\x01b"@example.com',
        "desk",
        ["desk@example.com", "x\n@example.com"],
        "a@b.c, d@e.f",
        [],
        7,
        None,
    ],
)
def test_an_address_that_is_none_is_named(to: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Options().load({"to": to})

    assert list(refused.value.messages_dict) == ["to"]
