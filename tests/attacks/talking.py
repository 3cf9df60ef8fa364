"""HTTP as bytes: what is sent is sent as it is, and each answer is told from the next."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

CANARY = b"GET /healthz HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer on a connection."""

    status: int  #: 0 where it has no status line, as in HTTP/0.9
    headers: dict[str, str]
    body: bytes

    @property
    def receipt(self) -> str:
        return self.headers.get("mo-gateway-receipt", "")

    @property
    def is_last(self) -> bool:
        """Tell whether the other side closes the connection after it."""
        return self.headers.get("connection", "").lower() == "close" or "content-length" not in self.headers


def said_to(port: int, raw: bytes, *, is_head: bool = False) -> list[Answer]:
    """Give all answers to some bytes.

    Where the connection goes on after the first, a last request is sent on it: whatever the bytes left behind in
    somebody's buffer comes before the answer to that, which is the last one then.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with suppress(ConnectionError):  # it may have had enough before the end; there is an answer all the same
            connection.sendall(raw)
        with connection.makefile("rb") as file:
            first = next_answer(file, is_head=is_head)
            if first is None:
                return []
            if not first.is_last:
                with suppress(ConnectionError):
                    connection.sendall(CANARY)
            answers = [first]
            while answer := next_answer(file):
                answers.append(answer)
            return answers


def without_canary(answers: list[Answer]) -> list[Answer]:
    """Leave out the answer to the last request."""
    return answers[:-1] if answers and answers[-1].body == b"OK\n" else answers


def next_answer(file: BinaryIO, *, is_head: bool = False) -> Answer | None:
    """Read an answer, or give None at the end; what only says `go on` is none."""
    with suppress(ConnectionError):
        while line := file.readline():
            found = re.fullmatch(rb"HTTP/1\.[0-9] (\d\d\d) ?[^\r\n]*\r\n", line)
            if not found:
                return Answer(0, {}, line + file.read())
            headers = _headers(file)
            status = int(found[1])
            if status >= 200:
                return Answer(status, headers, b"" if is_head else _body(file, headers))
    return None


def _headers(file: BinaryIO) -> dict[str, str]:
    headers = {}
    while line := file.readline().rstrip(b"\r\n"):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return headers


def _body(file: BinaryIO, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length")
    return file.read() if length is None else file.read(int(length))
