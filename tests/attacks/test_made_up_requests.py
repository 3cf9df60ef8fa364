"""A hundred thousand requests that nobody would send: none is a failure of ours, and TRUE is only what is stored.

Most are given to the fronts in this process, many at once, so that they share their commits; some thousands go
through the real server, where they are not always HTTP.
"""

import os
import re
import selectors
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mo_gateway.gateway import open_gateway
from tests.conftest import settings_for
from tests.examples import FORM, FORM_TYPE, form
from tests.fronts import FRONTS, Answer, Request, calling_at_once

from .conftest import StartFront
from .fronts import Front

pytestmark = [pytest.mark.attacks, pytest.mark.timeout(400)]

CALLBACK = "/spryng/mo/geheim"
EXAMPLE = form().encode()
EXAMPLES = 1000  # of hypothesis, for each front; each becomes 50 requests

#: Method and Content-Type of the requests that take drawn bytes along; None = drawn too.
WAYS = [
    ("POST", FORM_TYPE),
    ("POST", f"{FORM_TYPE}; charset=utf-8"),
    ("POST", None),
    ("GET", ""),
    (None, None),
]

methods = st.one_of(
    st.sampled_from(["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "get"]),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_!#$%&'*+.^`|~", min_size=1, max_size=12),
)
content_types = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=255)),
    st.text(st.characters(min_codepoint=32, max_codepoint=255)).map(lambda text: f"{FORM_TYPE}; charset={text}"),
)
paths = st.one_of(
    st.just(CALLBACK),
    st.just(CALLBACK),
    st.binary(max_size=20).map(lambda raw: quote(b"/spryng/mo/" + raw)),
    st.binary(max_size=20).map(lambda raw: quote(b"/" + raw)),
)

field_names = st.sampled_from([*FORM, *map(str.lower, FORM), "X"]).map(str.encode)
field_values = st.one_of(st.binary(max_size=30), st.sampled_from([value.encode() for value in FORM.values()]))
quoted = st.one_of(field_values, field_values.map(lambda value: quote_from_bytes(value).encode()))
almost_forms = st.lists(st.tuples(field_names, quoted), max_size=12).map(
    lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
)
arbitrary_bytes = st.one_of(st.binary(), almost_forms, st.binary(min_size=100, max_size=2000))

Send = Callable[[Sequence[Request]], list[Answer]]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: a disk that waits for each commit is tried by the fault runs."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as made:
        yield Path(made)


@pytest.fixture(scope="module", params=FRONTS)
def made_up(
    request: pytest.FixtureRequest, sqlite_template: Path, folder: Path
) -> Iterator[tuple[Send, sqlite3.Connection]]:
    """Each front in turn on a database of its own, and a second connection that looks at what is there."""
    path = shutil.copy(sqlite_template, folder / f"{request.param}.db")
    settings = settings_for(f"sqlite:///{path}", OPERATOR_POLICY="any")
    with (
        closing(open_gateway(settings)) as gateway,
        calling_at_once(request.param, gateway) as send,
        closing(sqlite3.connect(path)) as database,
    ):
        yield send, database


def variants(raw: bytes) -> list[bytes]:
    """Give what is sent of drawn bytes: as they are, cut, twice, behind a good form, and quoted."""
    return [raw, raw[: len(raw) // 2], raw + raw, EXAMPLE + b"&" + raw, quote_from_bytes(raw).encode()]


def requests_of(raw: bytes, path: str, other_method: str, other_type: str) -> Iterator[tuple[Request, bytes]]:
    """Give requests, and what the gateway reads of each."""
    for sent in variants(raw):
        for way_method, way_type in WAYS:
            method, content_type = way_method or other_method, other_type if way_type is None else way_type
            headers = {"Content-Type": content_type, "Content-Length": str(len(sent))}
            yield Request(method, path, body=sent, headers=headers), sent if method == "POST" else b""
            yield Request(method, path, query=sent, headers={"Content-Type": content_type}), sent


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(raw=arbitrary_bytes, path=paths, other_method=methods, other_type=content_types)
def test_a_hundred_thousand_made_up_requests_are_no_failure_and_true_only_with_a_row(
    made_up: tuple[Send, sqlite3.Connection], raw: bytes, path: str, other_method: str, other_type: str
) -> None:
    send, database = made_up
    requests, read = zip(*requests_of(raw, path, other_method, other_type), strict=True)

    answers = send(requests)

    rows = rows_of(database, [answer.receipt for answer in answers if answer.receipt])
    assert len(answers) == 50
    for answer, sent in zip(answers, read, strict=True):
        assert answer.status < 500
        assert b"Traceback" not in answer.body
        outcome = answer.receipt[0] if answer.receipt else "none"
        assert (answer.body == b"TRUE") is (outcome in ("stored", "duplicate"))
        if outcome in ("stored", "rejected"):
            assert rows[answer.receipt] == sent


def rows_of(
    database: sqlite3.Connection, receipts: Sequence[tuple[str, int]]
) -> dict[tuple[str, int] | None, bytes]:
    """Give the bytes that are kept with each receipt; a row that is not there is missing."""
    rows: dict[tuple[str, int] | None, bytes] = {}
    for outcome, table in (("stored", "mo_message"), ("rejected", "mo_rejection")):
        numbers = [number for word, number in receipts if word == outcome]
        marks = ",".join("?" * len(numbers))
        for number, raw in database.execute(f"SELECT id, raw FROM {table} WHERE id IN ({marks})", numbers):
            rows[outcome, number] = raw
    return rows


#: What is bent below: a form, a form in chunks, a query, and a page.
LINE = b"POST /spryng/mo/geheim HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
FORM_LINES = LINE + b"Content-Type: " + FORM_TYPE.encode() + b"\r\n"
WHOLE = [
    FORM_LINES + b"Content-Length: %d\r\n\r\n%s" % (len(EXAMPLE), EXAMPLE),
    FORM_LINES + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(EXAMPLE), EXAMPLE),
    b"GET /spryng/mo/geheim?%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % EXAMPLE,
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
]
LOADED = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b":",
    b" ",
    b"\t",
    b"%",
    b"chunked",
    b"Content-Length: 0\r\n",
    b"\xff",
    b"//",
]
AT_ONCE = 40
STILL = 0.2  # seconds in which nothing comes: the server waits for the rest of what is bent

edits = st.tuples(
    st.integers(0, max(map(len, WHOLE))),
    st.integers(0, 6),
    st.one_of(st.sampled_from(LOADED), st.binary(max_size=4)),
)
bent = st.tuples(st.sampled_from(WHOLE), st.lists(edits, min_size=1, max_size=3))


@pytest.mark.parametrize("front_name", FRONTS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
@given(made=st.lists(bent, min_size=AT_ONCE, max_size=AT_ONCE))
def test_three_thousand_bent_requests_to_the_real_server_are_no_failure_of_ours(
    start_front: StartFront, front_name: str, made: list[tuple[bytes, list[tuple[int, int, bytes]]]]
) -> None:
    front: Front = start_front(front_name)
    sent = [edited(*one) for one in made]

    for request, answer in zip(sent, answers_at_once(front.port, sent), strict=True):
        assert not re.search(rb"^HTTP/1\.[01] 50[024]", answer, re.MULTILINE), request
        assert b"Traceback" not in answer
        for number in re.findall(rb"MO-Gateway-Receipt: stored (\d+)", answer, re.IGNORECASE):
            assert front.rows("SELECT raw FROM mo_message WHERE id = ?", int(number))[0]["raw"] in request


def edited(whole: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    for place, left_out, put_in in changes:
        whole = whole[:place] + put_in + whole[place + left_out :]
    return whole


def answers_at_once(port: int, requests: Sequence[bytes]) -> list[bytes]:
    """Send each on a connection of its own, and give what came back until nothing more did."""
    answers = [b""] * len(requests)
    with selectors.DefaultSelector() as waiting:
        for number, request in enumerate(requests):
            connection = socket.create_connection(("127.0.0.1", port))
            with suppress(ConnectionError):
                connection.sendall(request)
            waiting.register(connection, selectors.EVENT_READ, number)
        while events := waiting.select(STILL) if waiting.get_map() else []:
            for key, _ in events:
                piece = read_from(key.fileobj)
                answers[key.data] += piece
                if not piece:
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr] # it is a socket
        for key in tuple(waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return answers


def read_from(connection: Any) -> bytes:
    with suppress(ConnectionError):
        return bytes(connection.recv(65536))
    return b""
