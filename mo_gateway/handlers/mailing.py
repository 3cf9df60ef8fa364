"""Handing a mail to a mail server, and telling from what it says whether to come again.

Nothing is sent twice that need not be: a server that has said that it has a mail has it, whatever it says at
parting; and where it may have it, the tries are limited.
"""

import smtplib
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from mo_gateway.errors import HandlerError, TryLater

TIMEOUT = 10.0  # seconds for each answer of the mail server
AGAIN_AFTER = timedelta(minutes=1)
PORTS = {"smtp": 25, "starttls": 587, "smtps": 465}
URL_RULE = "smtp://HOST:PORT, starttls://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST"


def check_url(url: str) -> None:
    """Raise ValueError, which does not quote it, where a URL is none of a mail server."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"a mail server is {URL_RULE}")
    if not unquote(f"{parts.username}{parts.password}").isascii():
        raise ValueError("the user and the password of a mail server are ASCII")


def send(content: bytes, *, sender: str, to: Sequence[str], url: str) -> dict[str, int]:
    """Hand a mail to the server; give the addresses that it refused, if it took others, each with its code.

    Or raise TryLater where the server is not to be had, HandlerError where it refuses or may have the mail.
    """
    try:
        with closing(_connected(url)) as server:
            refused = server.sendmail(sender, to, content)
            with suppress(OSError):  # it has the mail
                server.quit()
    except smtplib.SMTPRecipientsRefused as exc:
        codes = [code for code, _ in exc.recipients.values()]
        raise _refusal(min(codes), "every recipient") from None
    except smtplib.SMTPAuthenticationError as exc:
        raise _refusal(exc.smtp_code, "the user and password") from None
    except smtplib.SMTPResponseException as exc:
        raise _refusal(exc.smtp_code, "the mail") from None
    except smtplib.SMTPNotSupportedError:
        raise TryLater(
            "the mail server does not offer the TLS or the login that is asked for", AGAIN_AFTER
        ) from None
    except OSError as exc:
        raise TryLater(f"the mail server is not to be had: {type(exc).__name__}", AGAIN_AFTER) from None
    return {address: code for address, (code, _) in refused.items()}


class _Server(smtplib.SMTP):
    def data(self, msg: Any) -> tuple[int, bytes]:
        return _heard(super().data, msg)


class _ServerWithTls(smtplib.SMTP_SSL):
    def data(self, msg: Any) -> tuple[int, bytes]:
        return _heard(super().data, msg)


def _heard(data: Callable[[Any], tuple[int, bytes]], content: Any) -> tuple[int, bytes]:
    """Send the mail itself; or raise HandlerError where nobody can know whether it arrived."""
    try:
        return data(content)
    except smtplib.SMTPResponseException:
        raise
    except OSError as exc:
        raise HandlerError(f"the mail server did not say whether it has the mail: {type(exc).__name__}") from None


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    tls = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = _ServerWithTls(host, port, timeout=TIMEOUT, context=tls)
    else:
        server = _Server(host, port, timeout=TIMEOUT)
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
    if 500 <= code < 600:
        return HandlerError(f"the mail server refused {what}: {code}")
    return TryLater(f"the mail server cannot take {what} now: {code}", AGAIN_AFTER)
