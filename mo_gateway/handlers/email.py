"""`email`: the message goes to somebody's mailbox.

A mail may go out twice, when the worker dies between sending and recording; its Message-ID is the same then. What
a phone sent cannot add a header: subjects are one line, and addresses come from the routes file only.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any

import structlog
from marshmallow import ValidationError
from marshmallow.validate import Email

from mo_gateway.errors import ConfigError
from mo_gateway.masking import one_line
from mo_gateway.message import Message
from mo_gateway.reply import Reply

from . import building, mailing
from .building import Handling, OneOrMore, Surroundings
from .templates import Source, Template, TemplateText, answer_with, template_of

LONGEST_SUBJECT = 200  # characters
ADDRESSES = 'a mail address, such as "desk@example.com", or a list of them'

SUBJECT = "{{ keyword }} to {{ shortcode }}"
BODY = "{{ text }}\n\nFrom +{{ msisdn }} to {{ shortcode }}, sent {{ sent_at }}.\n"

log = structlog.get_logger()


class Addresses(OneOrMore):
    """One mail address, or several."""

    rule = ADDRESSES

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        addresses = super()._deserialize(value, attr, data, **kwargs)
        if not all(map(_is_address, addresses)):
            raise ValidationError(ADDRESSES)
        return addresses


class Options(building.Options):
    """The keys of `[route.email]`."""

    to = Addresses(required=True)
    subject = TemplateText()
    body = TemplateText()
    text = TemplateText()


def email(
    to: str | Sequence[str],
    *,
    smtp_url: str,
    email_from: str,
    subject: Source = SUBJECT,
    body: Source = BODY,
    text: Source | None = None,
) -> Handling:
    """Make a handler that mails a message to `to`, and answers with `text`; or raise ValueError.

    The handler raises TryLater where the mail server is down or busy, and HandlerError where it refuses the mail
    or does not say whether it has it.
    """
    addresses = (to,) if isinstance(to, str) else tuple(to)
    if not addresses or not all(map(_is_address, (*addresses, email_from))):
        raise ValueError(f"email goes from one mail address to others: {ADDRESSES}")
    mailing.check_url(smtp_url)
    titled, written, answered = template_of(subject), template_of(body), template_of(text)

    def mail(message: Message) -> Reply | None:
        answer = answer_with(answered, message)  # it may fail, and then the mail is not sent with each try
        letter = EmailMessage()
        letter["From"] = email_from
        letter["To"] = ", ".join(addresses)
        letter["Subject"] = one_line(_filled(titled, message))[:LONGEST_SUBJECT]
        letter["Date"] = formatdate(message.received_at.timestamp())
        letter["Message-ID"] = f"<mo-{message.id}@{email_from.rpartition('@')[2]}>"
        letter.set_content(_mailable(_filled(written, message)), cte="quoted-printable")
        content = letter.as_bytes(
            policy=SMTP
        )  # `send_message` would write >From where a line of the text begins so
        refused = mailing.send(content, sender=email_from, to=addresses, url=smtp_url)
        if refused:
            log.warning(
                "mail not sent to all", id=message.id, refused=len(refused), codes=sorted(refused.values())
            )
        return answer

    return mail


def build(options: Mapping[str, Any], surroundings: Surroundings) -> Handling:
    """Make the handler of a route; or raise ConfigError where there is no mail server."""
    if not surroundings.smtp_url or not surroundings.email_from:
        raise ConfigError("to send mails, set MO_GATEWAY_SMTP_URL and MO_GATEWAY_EMAIL_FROM")
    return email(**options, smtp_url=surroundings.smtp_url, email_from=surroundings.email_from)


def _is_address(address: str) -> bool:
    """Tell whether a text is a mail address that every server takes: ASCII."""
    try:
        Email()(address)
    except ValidationError:
        return False
    return address.isascii() and address.isprintable()


def _filled(template: Template | None, message: Message) -> str:
    return template.render(message) if template else ""


def _mailable(body: str) -> str:
    """Give a text that a mail can hold: line ends of one kind, no other control characters, no halves of signs."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) != "Cc")
    return kept.encode("utf-8", "replace").decode() + "\n"
