"""Requests that are huge, or say that they are: refused by their beginning, and never unpacked."""

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.examples import FORM_TYPE
from tests.running import children_of

from .fronts import Front
from .talking import Answer, next_answer

pytestmark = pytest.mark.attacks

MB = 1_000_000
MOST_GROWTH = 20 * MB  # of memory
BODY_LIMIT = 65_536  # bytes; the default

HEAD = b"POST /spryng/mo/geheim HTTP/1.1\r\nHost: sms.example\r\n"
FORM_HEAD = HEAD + b"Content-Type: " + FORM_TYPE.encode() + b"\r\n"


def many_fields() -> Iterator[bytes]:
    yield HEAD
    for _ in range(100_000):
        yield b"X-Field: y\r\n"


def huge_line() -> Iterator[bytes]:
    yield b"GET /spryng/mo/geheim?"
    for _ in range(1000):
        yield b"PARM=" + b"a" * 10_000


def huge_field() -> Iterator[bytes]:
    yield HEAD + b"X-Field: "
    for _ in range(1000):
        yield b"y" * 10_000


def huge_body() -> Iterator[bytes]:
    yield FORM_HEAD + b"Content-Length: %d\r\n\r\n" % (100 * MB)
    for _ in range(1000):
        yield b"a" * 100_000


def huge_chunks() -> Iterator[bytes]:
    yield FORM_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(1000):
        yield b"186a0\r\n" + b"a" * 100_000 + b"\r\n"


def one_huge_chunk() -> Iterator[bytes]:
    yield FORM_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5f5e100\r\n"
    for _ in range(1000):
        yield b"a" * 100_000


def a_million_ampersands() -> Iterator[bytes]:
    yield FORM_HEAD + b"Content-Length: %d\r\n\r\n" % MB + b"&" * MB


def as_many_ampersands_as_are_read() -> Iterator[bytes]:
    yield FORM_HEAD + b"Content-Length: %d\r\n\r\n" % BODY_LIMIT + b"&" * BODY_LIMIT


def as_many_fields_as_are_read() -> Iterator[bytes]:
    form = b"&".join(b"%d=" % n for n in range(BODY_LIMIT))[:BODY_LIMIT]
    yield FORM_HEAD + b"Content-Length: %d\r\n\r\n" % BODY_LIMIT + form


BOMB = gzip.compress(bytes(20 * MB))


def gzip_bomb() -> Iterator[bytes]:
    yield FORM_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB


def multipart_bomb() -> Iterator[bytes]:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 1000
    yield HEAD + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n" % len(body) + body


#: What is sent, and the statuses that it may be answered.
HUGE: dict[Callable[[], Iterator[bytes]], set[int]] = {
    many_fields: {400, 431},
    huge_line: {414, 431},
    huge_field: {431},
    huge_body: {413},
    huge_chunks: {413},
    one_huge_chunk: {413},
    a_million_ampersands: {413},
    as_many_ampersands_as_are_read: {400},
    as_many_fields_as_are_read: {400},
    gzip_bomb: {415},
    multipart_bomb: {415},
}


@pytest.mark.parametrize("huge", HUGE, ids=lambda huge: huge.__name__)
def test_a_huge_request_is_refused_by_its_beginning(front: Front, huge: Callable[[], Iterator[bytes]]) -> None:
    before = memory(front)

    answers = [answer_to(front, huge()) for _ in range(3)]

    assert {answer.status for answer in answers if answer} <= HUGE[huge]
    assert any(answers), "a reset may swallow an answer, but not all of them"
    assert most_memory(front) - before < MOST_GROWTH
    assert (
        front.rows("SELECT coalesce(max(length(raw)), 0) AS longest FROM mo_rejection")[0]["longest"] <= BODY_LIMIT
    )


@pytest.mark.parametrize("claimed", [100 * MB, 10**30])
def test_a_body_that_is_not_there_is_not_made_room_for(front: Front, claimed: int) -> None:
    before = memory(front)

    answer = answer_to(front, iter([FORM_HEAD + b"Content-Length: %d\r\n\r\nMSISDN=" % claimed]))

    assert answer is None or answer.status in (400, 413)
    assert most_memory(front) - before < MOST_GROWTH


def test_a_hundred_huge_requests_at_once_are_refused_too(front: Front) -> None:
    before = memory(front)

    connections = [front.connect() for _ in range(100)]
    for connection in connections:
        send(connection, iter([FORM_HEAD + b"Content-Length: %d\r\n\r\n" % MB + b"a" * MB]))
    statuses = {answer.status for connection in connections if (answer := answer_on(connection))}

    assert statuses == {413}
    assert most_memory(front) - before < 2 * MOST_GROWTH


def answer_to(front: Front, pieces: Iterator[bytes]) -> Answer | None:
    """Send pieces until the other side has had enough, and give its answer, or None where a reset swallowed it."""
    connection = front.connect()
    send(connection, pieces)
    return answer_on(connection)


def send(connection: socket.socket, pieces: Iterator[bytes]) -> None:
    with suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)


def answer_on(connection: socket.socket) -> Answer | None:
    with connection, connection.makefile("rb") as file:
        return next_answer(file)


def memory(front: Front) -> int:
    """Give the bytes of memory that the server's processes hold now, and begin to look at the most they do."""
    for pid in servers(front):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return sum(status_of(pid, "VmRSS") for pid in servers(front))


def most_memory(front: Front) -> int:
    """Give the most bytes of memory that they have held since."""
    return sum(status_of(pid, "VmHWM") for pid in servers(front))


def servers(front: Front) -> list[int]:
    server = front.program.child("server")
    assert server
    return [server, *children_of(server)]


def status_of(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
