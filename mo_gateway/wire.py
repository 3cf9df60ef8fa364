"""HTTP calls: bounded in time and size, and honest about what may have gone through.

`NotSent` is raised while nothing was written yet, so trying again is safe. From the first byte on it is
`MaybeSent`: a provider that says nothing, or not all of it, may have taken the SMS all the same. Every call has
a connection of its own: a kept one that the provider closes in the same moment would look like `MaybeSent`.
Finding a host's address can take longer than the time of a call; nothing is written after that time.
Neither error ever quotes the URL, which may hold a password.
"""

import functools
import json
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message as Headers
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Timer
from typing import Any, Self
from urllib.parse import SplitResult, quote, urlsplit

from .errors import MoGatewayError

FORM = "application/x-www-form-urlencoded"
LONGEST_ANSWER = 65536  # bytes
LONGEST_PAUSE = 3600  # seconds of a Retry-After that are believed
PORTS = {"http": 80, "https": 443}

Address = IPv4Address | IPv6Address


class NotSent(MoGatewayError):
    """Nothing of the request was written: it may be sent again."""


class MaybeSent(MoGatewayError):
    """The request, or a part of it, was written, and no whole answer came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer that came whole."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=Headers)

    def text(self, default: str = "utf-8") -> str:
        """Decode the body by the charset that it names, or else by `default`; whatever came, without an error."""
        charset = self.headers.get_content_charset() or default
        try:
            return self.body.decode(charset, "replace")
        except (LookupError, ValueError):  # no charset of that name, or none that can replace
            return self.body.decode("latin-1")

    def json(self) -> Any:
        """Read the body as JSON; or raise ValueError, whatever came."""
        try:
            return json.loads(self.body)
        except RecursionError as exc:
            raise ValueError("it is nested too deeply") from exc


def _trusted_by_this_host() -> Callable[[], ssl.SSLContext]:
    """Give what reads this host's certificates at its first call, and only then: there are many to read."""
    return functools.cache(ssl.create_default_context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Calls URLs that the operator wrote, and no other; redirects are not followed."""

    timeout: timedelta  #: for a whole call
    tls: Callable[[], ssl.SSLContext] = field(
        default_factory=_trusted_by_this_host
    )  #: whom to trust; asked when needed
    addresses: Callable[[str, int], Sequence[Address]] | None = None  #: of a host and port; None = all it has
    cuts: bool = False  #: an answer that is too long is cut; False = it is `MaybeSent`

    def get(self, url: str, fields: Iterable[tuple[str, str]] = (), charset: str = "utf-8") -> Answer:
        """GET with fields in the query; or raise NotSent or MaybeSent."""
        query = encoded(fields, charset)
        return self.call("GET", f"{url}{'&' if '?' in url else '?'}{query}" if query else url)

    def post_form(self, url: str, fields: Iterable[tuple[str, str]], charset: str = "utf-8") -> Answer:
        """POST fields as a form; or raise NotSent or MaybeSent."""
        return self.call("POST", url, encoded(fields, charset).encode(), {"Content-Type": FORM})

    def call(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Make one call; or raise NotSent or MaybeSent."""
        parts = _parts(url)
        seconds = self.timeout.total_seconds()
        port = parts.port or PORTS[parts.scheme]
        connection = (
            HTTPSConnection(parts.hostname or "", port, timeout=seconds, context=self.tls())
            if parts.scheme == "https"
            else HTTPConnection(parts.hostname or "", port, timeout=seconds)
        )
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        with closing(connection), _TimeLimit(seconds) as limit:
            with _failing_as(NotSent, "no connection", limit):
                self._connect(connection, limit)
                _prepare(connection, method, target, body, headers or {})
            with _failing_as(MaybeSent, "no whole answer", limit):
                connection.endheaders(body or None)
                return self._read(connection)

    def _connect(self, connection: HTTPConnection, limit: "_TimeLimit") -> None:
        if self.addresses:
            addresses = self.addresses(connection.host, connection.port)
            connection.sock = _connected(addresses, connection.port, self.timeout.total_seconds())
        else:
            # an HTTPSConnection's own would shake hands where nothing can end it
            HTTPConnection.connect(connection)
        limit.watch(connection.sock)
        if isinstance(connection, HTTPSConnection):
            connection.sock = tls = self.tls().wrap_socket(
                connection.sock, server_hostname=connection.host, do_handshake_on_connect=False
            )
            limit.watch(tls)
            tls.do_handshake()

    def _read(self, connection: HTTPConnection) -> Answer:
        with connection.getresponse() as response:
            if not _is_number(response.headers.get("Content-Length", "0")):
                # the library would read until the end of the connection, which may come early
                raise MaybeSent("no whole answer: its length is no number")
            content = response.read(LONGEST_ANSWER + 1)
        is_too_long = len(content) > LONGEST_ANSWER
        if is_too_long and not self.cuts:
            raise MaybeSent(f"no whole answer: it is longer than {LONGEST_ANSWER} bytes")
        if response.length and not is_too_long:
            # `read` does not mind; a return code of 100 could become 1, which is success
            raise MaybeSent("no whole answer: it was cut short")
        return Answer(status=response.status, body=content[:LONGEST_ANSWER], headers=response.headers)


def encoded(fields: Iterable[tuple[str, str]], charset: str = "utf-8") -> str:
    """Write fields as a query string, each character by `charset`; one that it has not becomes `?`."""
    return "&".join(
        f"{quote(name, safe='')}={quote(value.encode(charset, 'replace'), safe='')}" for name, value in fields
    )


def foreign_to(charset: str, text: str) -> str:
    """Name the first character that a charset does not have; empty where it has all."""
    try:
        text.encode(charset)
    except UnicodeEncodeError as exc:
        return f"U+{ord(text[exc.start]):04X}"
    return ""


def is_local(url: str) -> bool:
    """Tell whether a URL leads to this host itself, as that of a fake does."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(answer: Answer) -> timedelta | None:
    """Read the pause that an answer asks for, within reason; None where it names none.

    It names seconds, or a moment: by the clock of whoever answers, which its Date tells.
    """
    value = answer.headers.get("Retry-After", "")
    if _is_number(value):
        return timedelta(seconds=min(int(value[:6]), LONGEST_PAUSE))
    try:
        pause = parsedate_to_datetime(value) - parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):  # no date, or one with a zone and one without
        return None
    return min(max(pause, timedelta()), timedelta(seconds=LONGEST_PAUSE))


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _parts(url: str) -> SplitResult:
    """Take a URL apart; or raise NotSent where it is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in PORTS and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # its text quotes the URL
        pass
    raise NotSent("no connection: what should be called is no URL that begins with https:// or http://")


class _TimeLimit:
    """Ends a socket when the time of the call is up; its own time-out is one for each wait."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._sock: socket.socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._timer.cancel()

    def watch(self, sock: socket.socket) -> None:
        """Take the socket to end; a connection forgets its own as soon as an answer begins."""
        self._sock = sock
        if self.is_over:  # it may have come while there was no socket to end
            raise TimeoutError

    def _end(self) -> None:
        self.is_over = True  # before the end itself, which wakes whoever reads: that is not the end of an answer
        if self._sock:
            with suppress(OSError):
                # a TLS socket's own `shutdown` would drop the encryption first
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


@contextmanager
def _failing_as(error: type[MoGatewayError], what: str, limit: _TimeLimit) -> Iterator[None]:
    """Turn what goes wrong, a late end included, into `error`; the cause may quote the URL, and is dropped."""
    try:
        yield
    except (OSError, HTTPException, ValueError) as exc:
        raise error(f"{what}: {'time-out' if limit.is_over else _reason(exc)}") from None
    if limit.is_over:
        raise error(f"{what}: time-out")


def _connected(addresses: Sequence[Address], port: int, seconds: float) -> socket.socket:
    """Connect to the first address that takes it, within `seconds` for all; no name is looked up for it."""
    failure = OSError("no address")
    for address in addresses:
        sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
        sock.settimeout(seconds / len(addresses))
        try:
            sock.connect((str(address), port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as exc:
            sock.close()
            failure = exc
            continue
        sock.settimeout(seconds)
        return sock
    raise failure


def _prepare(
    connection: HTTPConnection, method: str, target: str, body: bytes, headers: Mapping[str, str]
) -> None:
    """Put a request together, and check it; nothing of it is written yet."""
    connection.putrequest(method, target)
    length = {} if method == "GET" else {"Content-Length": str(len(body))}
    for name, value in {"Connection": "close", **length, **headers}.items():
        connection.putheader(name, value)


def _reason(exc: Exception) -> str:
    """Name an error without quoting what it was about."""
    if isinstance(exc, TimeoutError):
        return "time-out"
    if isinstance(exc, ssl.SSLError):
        return f"TLS: {exc.reason or type(exc).__name__}"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return type(exc).__name__
