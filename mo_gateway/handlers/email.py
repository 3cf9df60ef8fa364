"""`email`: the message goes to somebody's mailbox.

A mail may go out twice, when the worker dies between sending and recording; its Message-ID is the same then. What
a phone sent cannot add a header: subjects are one line, and addresses come from the routes file only.
"""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

from marshmallow import ValidationError
from marshmallow.validate import Email

from mo_gateway.errors import ConfigError, HandlerError, TryLater
from mo_gateway.masking import one_line
from mo_gateway.message import Message
from mo_gateway.reply import Reply

from .building import Handling, OneOrMore, Surroundings
from .building import Options as BaseOptions
from .templates import Source, TemplateText, template_of

TIMEOUT = 10.0  # seconds for each answer of the mail server
AGAIN_AFTER = timedelta(minutes=1)
LONGEST_SUBJECT = 200  # characters
PORTS = {"smtp": 25, "starttls": 587, "smtps": 465}

SUBJECT = "{{ keyword }} to {{ shortcode }}"
BODY = "{{ text }}\n\nFrom +{{ msisdn }} to {{ shortcode }}, sent {{ sent_at }}.\n"


class Addresses(OneOrMore):
    """One mail address, or several."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        addresses = super()._deserialize(value, attr, data, **kwargs)
        for address in addresses:
            Email(error='a mail address, such as "desk@example.com", or a list of them')(address)
        return addresses


class Options(BaseOptions):
    """The keys of `[route.email]`."""

    to = Addresses(required=True)
    subject = TemplateText()
    body = TemplateText()
    text = TemplateText()


def email(
    to: Sequence[str],
    *,
    smtp_url: str,
    email_from: str,
    subject: Source = SUBJECT,
    body: Source = BODY,
    text: Source | None = None,
) -> Handling:
    """Make a handler that mails a message to `to`, and answers with `text`; or raise ValueError."""
    titled, written, answered = template_of(subject), template_of(body), template_of(text)

    def mail(message: Message) -> Reply | None:
        letter = EmailMessage()
        letter["From"] = email_from
        letter["To"] = ", ".join(to)
        letter["Subject"] = one_line(titled.render(message) if titled else "")[:LONGEST_SUBJECT]
        letter["Date"] = formatdate(message.received_at.timestamp())
        letter["Message-ID"] = f"<mo-{message.id}@{email_from.rpartition('@')[2]}>"
        letter.set_content(_mailable(written.render(message) if written else ""))
        _send(letter, smtp_url)
        said = answered.render(message).strip() if answered else ""
        return Reply(said) if said else None

    return mail


def build(options: Mapping[str, Any], surroundings: Surroundings) -> Handling:
    """Make the handler of a route; or raise ConfigError where there is no mail server."""
    if not surroundings.smtp_url or not surroundings.email_from:
        raise ConfigError("to send mails, set MO_GATEWAY_SMTP_URL and MO_GATEWAY_EMAIL_FROM")
    try:
        return email(**options, smtp_url=surroundings.smtp_url, email_from=surroundings.email_from)
    except ValueError as exc:
        raise ValidationError(str(exc)) from exc


def _send(letter: EmailMessage, url: str) -> None:
    """Hand a mail to the server; or raise TryLater where it is not to be had, HandlerError where it refuses."""
    try:
        with _connected(url) as server:
            # `send_message` would write >From where a line of the text begins so
            server.sendmail(letter["From"], letter["To"].split(", "), letter.as_bytes(policy=SMTP))
    except smtplib.SMTPRecipientsRefused as exc:
        codes = [code for code, _ in exc.recipients.values()]
        raise _refusal(min(codes), "every recipient") from None
    except smtplib.SMTPResponseException as exc:
        raise _refusal(exc.smtp_code, "the mail") from None
    except (OSError, smtplib.SMTPException) as exc:
        raise TryLater(f"the mail server is not to be had: {type(exc).__name__}", AGAIN_AFTER) from None


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    tls = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=tls)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "starttls" or (parts.scheme == "smtp" and server.has_extn("starttls")):
            server.starttls(context=tls)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _refusal(code: int, what: str) -> Exception:
    if 400 <= code < 500:
        return TryLater(f"the mail server cannot take {what} now: {code}", AGAIN_AFTER)
    return HandlerError(f"the mail server refused {what}: {code}")


def _mailable(body: str) -> str:
    """Give a text that a mail can hold: line ends of one kind, no other control characters, no halves of signs."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(one_line(line) for line in lines).encode("utf-8", "replace").decode() + "\n"
