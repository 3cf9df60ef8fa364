"""Who guesses the secret learns nothing by it: the same answer byte for byte, and the same work, however near."""

import re
import socket
from collections import Counter
from collections.abc import Iterator
from hmac import compare_digest
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mo_gateway.gateway import open_gateway
from mo_gateway.web import access, callbacks
from mo_gateway.web.answers import Answer
from mo_gateway.web.callbacks import Call
from mo_gateway.web.endpoints import endpoints_of
from tests.conftest import settings_for
from tests.examples import FORM_TYPE, form
from tests.handling import captured_log
from tests.running import post, program

pytestmark = pytest.mark.attacks

NEW, OLD = "sesame-of-today-7f1c", "sesame-of-yesterday-9b2e"


def guesses(how_many: int) -> Iterator[str]:
    """Give wrong secrets: far from the right one, and in turn with as much of it as may be."""
    for number in range(how_many):
        yield f"{number:0{len(NEW)}}"
        yield f"{NEW[: number % len(NEW)]}{number}"


#: Whole requests that no secret stands in, or not where it should.
STRANGERS = [
    f"{method} {path} HTTP/1.1"
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS")
    for path in (
        "/spryng/mo/",
        "/spryng/mo",
        "/spryng",
        "/spryng/dlr/",
        "/spryng/nothing/",
        f"/spryng/nothing/{NEW}",
        f"/pswincom/mo/{NEW}x",
        f"/spryng/mo/{NEW[:-1]}",
        f"/spryng/mo/{NEW}x",
        f"/spryng/mo/{NEW}/",
        f"/spryng/mo/{NEW},{OLD}",
        f"/spryng/mo/{NEW.upper()}",
        f"/spryng/mo/x?secret={NEW}",
        "/spryng/mo/%E9%FF%00",
        f"/spryng/mo/{'x' * 4000}",
    )
]


def answer_to(url: str, line: str) -> bytes:
    """Make a request whose first line is given, and give the whole answer but for its date."""
    where = urlsplit(url)
    body = form().encode()
    head = (
        f"{line}\r\nHost: sms\r\nConnection: close\r\nContent-Type: {FORM_TYPE}\r\nContent-Length: {len(body)}\r\n"
    )
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as caller:
        caller.sendall(head.encode() + b"\r\n" + body)
        answer = b""
        while piece := caller.recv(65536):
            answer += piece
    return re.sub(rb"(?i)\r\ndate: [^\r]*", b"", answer)


@pytest.mark.parametrize("front", ["asgi", "flask"])
def test_every_stranger_gets_the_same_bytes_and_both_secrets_of_a_rotation_open(
    tmp_path: Path, sqlite_url: str, front: str
) -> None:
    near = [f"POST /spryng/mo/{guess} HTTP/1.1" for guess in guesses(20)]
    with program(tmp_path, sqlite_url, CALLBACK_SECRET=f"{NEW},{OLD}") as gateway:
        url = gateway.run("--front", front, "--no-work")
        answers = Counter(answer_to(url, line) for line in (*STRANGERS, *near))
        taken = [post(url.replace(NEW, secret), PARM=secret).body for secret in (NEW, OLD)]

    assert url.endswith(f"/spryng/mo/{NEW}")
    assert taken == ["TRUE", "TRUE"]
    (answer,) = answers
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"\r\n\r\nForbidden.\n")


def call(secret: str) -> Call:
    return Call(
        method="POST",
        path=f"/mo/{secret}",
        query=b"",
        remote_addr="192.0.2.1",
        content_type=FORM_TYPE,
        content_encoding="",
        is_test=False,
    )


def test_of_100_000_guesses_none_is_let_in_and_none_is_told_more(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = captured_log(monkeypatch, callbacks)
    gateway = open_gateway(settings_for(sqlite_url, CALLBACK_SECRET=f"{NEW},{OLD}"))
    endpoints = endpoints_of(gateway, "spryng")

    answers = Counter(callbacks.admitted(gateway, endpoints, call(guess)) for guess in guesses(50_000))
    let_in = callbacks.admitted(gateway, endpoints, call(NEW))
    gateway.close()

    assert list(answers.values()) == [100_000]
    assert [answer.status for answer in answers if isinstance(answer, Answer)] == [403]
    assert let_in is endpoints["mo"]
    assert len(log) == 100_000
    assert {tuple(sorted(entry)) for entry in log} == {("event", "log_level", "remote_addr")}


@pytest.mark.parametrize("given", [NEW, OLD, NEW[:-1], OLD[:-1], "", "é", "x" * 100_000])
def test_each_guess_is_compared_with_every_secret_and_by_nothing_that_stops_early(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr(access, "compare_digest", watched)

    is_known = access.has_secret(given.encode(), [NEW, OLD])

    assert is_known is (given in (NEW, OLD))
    assert compared == [(given.encode(), NEW.encode()), (given.encode(), OLD.encode())]
