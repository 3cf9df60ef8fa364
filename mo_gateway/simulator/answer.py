"""The gateway's answer: what it means to the provider, and how it is read from the bytes of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

WITHOUT_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]  #: names in lower case
    body: bytes

    @property
    def is_acknowledged(self) -> bool:
        """Only a 200 that says TRUE, and nothing more, ends the provider's tries."""
        return self.status == 200 and self.body == b"TRUE"

    @property
    def keeps_open(self) -> bool:
        """The server lets the connection be used again."""
        return self.headers.get("connection", "").lower() != "close"

    @property
    def word(self) -> str:
        """What it says to the provider: `200 TRUE`, `200 without TRUE`, `503`."""
        if self.status != 200:
            return str(self.status)
        return "200 TRUE" if self.is_acknowledged else "200 without TRUE"


def read_answer(received: bytes, *, ended: bool) -> Answer | None:
    """Read an answer from the bytes so far: None while it is not whole, ValueError where it is not HTTP.

    `ended` = the server closed the connection in order, which ends a body of unknown length.
    """
    head, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        return None
    status_line, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = status_line.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP status line: {status_line!r}")
    status = int(rest[:3])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    if status in WITHOUT_BODY:
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        whole = _joined_chunks(body)
        return None if whole is None else Answer(status, headers, whole)
    if "content-length" in headers:
        length = int(headers["content-length"])
        return Answer(status, headers, body[:length]) if len(body) >= length else None
    return Answer(status, headers, body) if ended else None


def _joined_chunks(body: bytes) -> bytes | None:
    whole = b""
    while True:
        size_line, end, body = body.partition(b"\r\n")
        if not end:
            return None
        size = int(size_line.partition(b";")[0], 16)
        if len(body) < size + 2:
            return None
        if not size:
            return whole
        whole, body = whole + body[:size], body[size + 2 :]
