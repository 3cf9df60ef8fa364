"""Every provider's client against answers that no provider documents: what may have gone out is not sent again.

What a provider does in trouble is tried in tests/providers/test_troubles.py, with what it has taken.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.sending import sender_with
from mo_gateway.metrics import Metrics
from mo_gateway.reply import Reply, SendOutcome
from tests.conftest import settings_for
from tests.listening import Script, drips, is_silent, listening, resets, resets_in_the_middle, says, tls_server
from tests.providers.test_troubles import CASES, LATE, SOON, Case, result_of, sender
from tests.sending import make_replies_due, queue, send_all
from tests.stored import rows

pytestmark = [
    pytest.mark.attacks,
    pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys()),
]


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/plain", more: str = "") -> Script:
    """Answer with all of this."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return says(head.encode() + body)


#: The SMS may be on its way, and nobody can tell.
MAYBE = {
    "an error in words, with 200": answer(b"Sorry, your message was not sent: out of credit."),
    "nothing, with 200": answer(b""),
    "nothing, with 204": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "accepted, without a word of its own": answer(b"Accepted", status="202 Accepted"),
    "a page to log in": answer(
        b"<!DOCTYPE html><html><body>Please log in: 1 OK 200</body></html>", kind="text/html"
    ),
    "a number that is none": answer("１".encode()),
    "half of a number": answer(b"1" * 400),
    "an object with nothing in it": answer(b"{}", kind="application/json"),
    "a list": answer(b"[]", kind="application/json"),
    "null": answer(b"null", kind="application/json"),
    "JSON without an end": answer(b'{"id": "1', kind="application/json"),
    "JSON a thousand deep": answer(b"[" * 60_000, kind="application/json"),
    "XML with nothing in it": answer(b"<a/>", kind="text/xml"),
    "XML without an end": answer(b"<response><sms_response_code>", kind="text/xml"),
    "XML that grows": answer(
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>', kind="text/xml"
    ),
    "what looks packed": answer(b"\x1f\x8b\x08\x00", more="Content-Encoding: gzip\r\n"),
    "UTF-16": answer("100".encode("utf-16")),
    "10 MB without a length": says(b"HTTP/1.1 200 OK\r\n\r\n", b"1" * 10_000_000),
    "chunks that never end": drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
    "a chunk of a size that is none": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nyes\r\n1\r\n"),
    "a head that never ends": drips(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    "100 Continue for ever": drips(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a length that is none": says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n1"),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 3\r\n\r\n1"),
    "less than it says": says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1"),
    "a status that is none": says(b"HTTP/1.1 999 Well\r\nContent-Length: 0\r\n\r\n"),
    "another protocol": says(b"220 mail.example.com ESMTP\r\n"),
    "a bad gateway": answer(b"trouble", status="502 Bad Gateway"),
    "a gateway that waited": answer(b"trouble", status="504 Gateway Timeout"),
    "an end at once": says(),
    "silence": is_silent,
    "a reset": resets,
    "a reset in the middle": resets_in_the_middle,
}

#: Those that end with the caller's patience.
WITHOUT_END = [
    MAYBE[name] for name in ("silence", *(each for each in MAYBE if "never end" in each or "for ever" in each))
]

#: It is not on its way, and is tried again.
LATER = {
    "too many": answer(b"slower", status="429 Too Many Requests"),
    "an error of its own": answer(b"trouble", status="500 Internal Server Error"),
    "out of service": answer(b"trouble", status="503 Service Unavailable"),
    "somewhere else": answer(b"", status="302 Found", more="Location: http://127.0.0.1:9/\r\n"),
    "no access": answer(b"no", status="401 Unauthorized"),
    "nothing there": answer(b"no", status="404 Not Found"),
}


@contextmanager
def counted(script: Script) -> Iterator[tuple[str, list[bytes]]]:
    """Give the URL where `script` answers, and the beginning of each request that came."""
    came: list[bytes] = []

    def counting(connection: socket.socket, end: Event) -> None:
        came.append(connection.recv(65536, socket.MSG_PEEK))
        script(connection, end)

    with listening(counting) as port:
        yield f"http://127.0.0.1:{port}", came


def patience_with(script: Script) -> str:
    """Give how long a caller waits: not for long where it waits in vain, and else longer than a host is busy."""
    return SOON if script is is_silent or script in WITHOUT_END else LATE


@pytest.fixture
def gateway(sqlite_url: str) -> Iterator[Gateway]:
    gateway = open_gateway(settings_for(sqlite_url))
    yield gateway
    gateway.close()


@pytest.mark.parametrize("script", MAYBE.values(), ids=MAYBE.keys())
def test_an_answer_that_says_nothing_is_no_success_and_no_reason_to_send_again(case: Case, script: Script) -> None:
    with counted(script) as (url, came):
        result = result_of(sender(case, url, patience_with(script)))

    assert result.outcome is SendOutcome.UNKNOWN
    assert result.holds
    assert len(came) == 1


@pytest.mark.parametrize("script", LATER.values(), ids=LATER.keys())
def test_a_refusal_is_tried_later_and_calls_nobody_else(case: Case, script: Script) -> None:
    with counted(script) as (url, came):
        result = result_of(sender(case, url))

    assert result.outcome is SendOutcome.LATER
    assert len(came) == 1


@pytest.mark.parametrize(
    "script", [is_silent, resets, says(b"HTTP/1.1 200 OK\r\n\r\n1"), says(b"\x15\x03\x03\0\x02\x02\x28")]
)
def test_without_a_handshake_nothing_was_sent(case: Case, script: Script) -> None:
    with counted(script) as (url, came):
        result = result_of(sender(case, url.replace("http:", "https:"), patience_with(script)))

    assert result.outcome is SendOutcome.LATER
    assert all(hello.startswith(b"\x16\x03") for hello in came)  # of TLS, and nothing behind it


def test_a_certificate_that_nobody_vouches_for_is_not_sent_to(case: Case) -> None:
    heard: list[bytes] = []

    with tls_server(lambda connection, _end: heard.append(connection.recv(65536))) as port:
        result = result_of(sender(case, f"https://localhost:{port}"))

    assert result.outcome is SendOutcome.LATER
    assert "TLS" in result.text
    assert heard == [] or heard == [b""]


@pytest.mark.parametrize(
    "lie", ["an error in words, with 200", "a reset", "chunks that never end", "a bad gateway"]
)
def test_a_reply_of_which_nobody_knows_is_unknown_for_good(gateway: Gateway, case: Case, lie: str) -> None:
    queue(gateway, Reply("hello", provider=case.provider))
    with counted(MAYBE[lie]) as (url, came):
        client = sender(case, url, patience_with(MAYBE[lie]))
        for _ in range(3):
            handing = sender_with({client.name: client}, gateway.settings, gateway.engine, metrics=Metrics())
            send_all(handing, client)
            make_replies_due(gateway)

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.state, row.due_at, row.attempts) == ("unknown", None, 1)
    assert len(came) == 1
