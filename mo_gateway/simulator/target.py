"""Where the provider calls: a callback URL in its pieces, and requests to it as bytes."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

PORTS = {"http": 80, "https": 443}
CALLBACK_PATH = "/spryng/mo"  # what may follow it is the secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The gateway as its provider sees it."""

    scheme: str
    netloc: str  #: as it stands in the URL, for the Host header
    host: str
    port: int
    path: str  #: with the secret

    @property
    def origin(self) -> str:
        """What may be shown: the URL without its path."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def shown_path(self) -> str:
        """The path without its secret."""
        before, known, _ = self.path.partition(CALLBACK_PATH)
        return before + known if known else "/"

    def request(self, method: str, form: bytes, *, keep_alive: bool) -> bytes:
        """Write the request that carries a form: a POST in its body, a GET in its query string."""
        head = (
            f"Host: {self.netloc}\r\nUser-Agent: mo-gateway-simulator\r\nMO-Gateway-Test: 1\r\n"
            f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n"
        )
        if method == "GET":
            return b"GET %b?%b HTTP/1.1\r\n%b\r\n" % (self.path.encode(), form, head.encode())
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
        return b"POST %b HTTP/1.1\r\n%b%b" % (self.path.encode(), head.encode(), form)


def read_target(url: str) -> Target:
    """Take a callback URL to pieces, or raise ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.query or not url.isascii():
        raise ValueError("a callback URL looks like http://127.0.0.1:8000/spryng/mo/SECRET")
    return Target(
        scheme=parts.scheme,
        netloc=parts.netloc.rpartition("@")[2],
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        path=quote(parts.path or "/", safe="/%:@!$&'()*+,;=~"),
    )
