"""Properties of the callback: whatever bytes are thrown at it, no 5xx, and TRUE only for what is stored."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import quote_from_bytes, urlencode
from wsgiref.types import WSGIApplication

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app

from mo_gateway.gateway import open_gateway
from mo_gateway.web import create_app

from .conftest import settings_for
from .examples import FORM, FORM_TYPE

CALLBACK = "/spryng/mo/geheim"

EXAMPLE = urlencode(FORM).encode()

#: For monitoring, and what leads on to the pages; hypothesis also tries words that it reads in the code.
PAGES = ("healthz", "readyz", "metrics", "dashboard")

#: Where a field of the wire is stored.
COLUMNS = {name: name.lower() for name in FORM} | {"TIMESTAMP": "timestamp_raw"}
FREE_TEXTS = {"KEYWORD", "PARM", "REFERENCE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    receipt: str


@dataclass(frozen=True, slots=True)
class World:
    """The real application on SQLite, and a second connection that looks at what is there."""

    app: WSGIApplication
    database: sqlite3.Connection

    def send(
        self,
        raw: bytes,
        *,
        method: str = "POST",
        content_type: str = FORM_TYPE,
        to: str = "body",
        path: str = CALLBACK,
    ) -> Answer:
        """Send bytes as the body or as the query, the way a server hands them over."""
        body, query = (raw, b"") if to == "body" else (b"", raw)
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query.decode("latin-1"),
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "192.0.2.1",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
        }
        chunks, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        return Answer(status=int(status[:3]), body=b"".join(chunks), receipt=headers.get("MO-Gateway-Receipt", ""))

    def row(self, receipt: str) -> dict[str, Any]:
        """Give the row that a receipt tells of."""
        outcome, _, number = receipt.partition(" ")
        table = "mo_rejection" if outcome == "rejected" else "mo_message"
        return dict(self.database.execute(f"SELECT * FROM {table} WHERE id = ?", [number]).fetchone())


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One gateway for all tests of this module: they only add to it."""
    path = copy(sqlite_template, tmp_path_factory.mktemp("properties"))
    gateway = open_gateway(settings_for(f"sqlite:///{path}", OPERATOR_POLICY="any"))
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        yield World(create_app(gateway), database)
    gateway.close()


def check(world: World, answer: Answer, read: bytes) -> None:
    """Check what must hold for every answer: no 5xx, no traceback, and TRUE or a rejection only with its row."""
    assert answer.status < 500
    assert b"Traceback" not in answer.body
    outcome = answer.receipt.partition(" ")[0]
    assert (answer.body == b"TRUE") is (outcome in ("stored", "duplicate"))
    if outcome in ("stored", "rejected"):
        assert world.row(answer.receipt)["raw"] == read
    elif outcome == "duplicate":
        assert world.row(answer.receipt)["deliveries"] > 1


paths = st.text(st.characters(max_codepoint=255)).filter(lambda path: path.lstrip("/") not in PAGES)


@settings(max_examples=500)
@given(path=paths, method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
def test_an_arbitrary_path_leads_nowhere(world: World, path: str, method: str) -> None:
    for prefix in ("/", "/spryng", "/spryng/", "/spryng/mo", "/spryng/mo/", f"{CALLBACK}/"):
        answer = world.send(EXAMPLE, method=method, path=prefix + path)

        assert answer.status in (403, 404, 405)
        assert answer.receipt == ""


#: A parameter of Content-Type, and the characters that its charset has bytes for.
CHARSETS = {
    "": st.characters(max_codepoint=255),
    "; charset=iso-8859-1": st.characters(max_codepoint=255),
    "; charset=utf-8": st.characters(codec="utf-8"),
    "; charset=windows-1252": st.characters(codec="windows-1252"),
}

#: What is nearly right somewhere, and often wholly.
near_misses = st.one_of(
    st.from_regex(r"[+ 0]?[0-9]{0,21}\n?", fullmatch=True),
    st.from_regex(r"[0-9]{4}(0[1-9]|1[0-3])[0-3][0-9][0-2][0-9][0-6][0-9]{3}", fullmatch=True),
    st.from_regex(r"[A-Za-z]{2,4} ?", fullmatch=True),
    st.sampled_from(["²0601", "NLD", "bel", "99999", "20240229000000", "20230229000000", "é" * 15, "x" * 101]),
)
foreign_digits = st.tuples(
    st.just("; charset=utf-8"), st.text(st.characters(categories=["Nd"]), min_size=1, max_size=20)
)
hostile_texts = st.one_of(
    st.sampled_from(sorted(CHARSETS)).flatmap(
        lambda parameter: st.tuples(st.just(parameter), st.one_of(st.text(CHARSETS[parameter]), near_misses))
    ),
    foreign_digits,
)


def encoded(text: str, parameter: str, *, escaped: bool) -> bytes:
    """Write a value as a client does that escapes everything, or only what it must."""
    raw = text.encode(parameter.partition("=")[2] or "iso-8859-1")
    if escaped:
        return quote_from_bytes(raw, safe="").encode()
    return b"".join(b"%%%02X" % byte if byte in b"%&+" else bytes([byte]) for byte in raw)


def as_stored(field: str, value: str) -> str | None:
    """Say what the document makes of a value: no + before the number, the default for what is empty."""
    if field == "MSISDN":
        return value[1:] if value[:1] in ("+", " ") else value
    if field == "OPERATOR":
        return value or "20601"
    return value or None if field == "REFERENCE" else value


@pytest.mark.parametrize("field", FORM)
@settings(max_examples=300)
@given(
    hostile=hostile_texts,
    escaped=st.booleans(),
    way=st.sampled_from([("POST", "body"), ("POST", "query"), ("GET", "query")]),
)
def test_what_is_stored_of_a_field_is_what_was_sent_or_it_is_rejected(
    world: World, field: str, hostile: tuple[str, str], escaped: bool, way: tuple[str, str]
) -> None:
    parameter, text = hostile
    values = {name: value.encode() for name, value in FORM.items()}
    values[field] = encoded(text, parameter, escaped=escaped)
    raw = b"&".join(name.encode() + b"=" + value for name, value in values.items())

    answer = world.send(raw, method=way[0], content_type=FORM_TYPE + parameter, to=way[1])

    check(world, answer, raw)
    row = world.row(answer.receipt)
    if answer.status == 200:
        columns = {name: row[COLUMNS[name]] for name in FORM}
        assert columns == FORM | {field: as_stored(field, text)}
        assert field in FREE_TEXTS or (columns[field].isascii() and columns[field].isalnum())
    else:
        assert answer.status == 400
        assert [error["field"] for error in json.loads(row["errors"])] == [field]
