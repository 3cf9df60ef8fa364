"""No text of 10 kB keeps a reader busy: whatever reads what strangers wrote takes a time that grows with it alone.

Patterns of routes are RE2's, and templates are bounded: test_routing_terms.py and test_templates.py try those.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import pytest

from mo_gateway import gsm, masking, stop, words
from mo_gateway.errors import InvalidRequest
from mo_gateway.form import read_form
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.handlers import addresses
from mo_gateway.handlers.ballot import comparable
from mo_gateway.logs import _cleaned
from mo_gateway.message import WebhookRequest
from mo_gateway.mo_fields import first_word
from mo_gateway.xmltext import declared_charset
from tests.conftest import settings_for
from tests.examples import FORM_TYPE, NOW, form
from tests.handlers.received import message

pytestmark = pytest.mark.attacks

LENGTH = 10_000  # bytes
LONGEST_REPLY = 1600  # characters
LIMIT = 0.05  # seconds of this thread alone; what is quadratic in so many characters takes seconds

#: What goes back and forth in a pattern, or in a loop: repeated, alone and behind each other.
SIGNS = [*"?=&;:/\\\"'<>[]{}()%+-_.,!*#@~ \t\r\n0aEß\u0130\u200d\u0301\u202e\ufdfa\x1b", "😀", "e\u0301", "\ud83d"]
PAIRS = [
    '\\"',
    '" ',
    "? ",
    "=?",
    "?a",
    "/mo/",
    "&PARM=",
    "; charset",
    "charset=",
    "a_",
    " STOP",
    "STOP ",
    "%4",
    "&#",
]
ENDS = ["", "!", "=", "\x00"]


def long_texts() -> list[str]:
    """Give each sign and each pair, repeated."""
    return [sign * (LENGTH // len(sign.encode("utf-8", "surrogatepass"))) for sign in (*SIGNS, *PAIRS)]


def hostile_texts() -> Iterator[str]:
    """Give the same in more company: behind what begins a pattern, and before what keeps it from ending well."""
    for whole in long_texts():
        yield from (whole + end for end in ENDS)
        yield f'"{whole}'
        yield f"<?xml {whole}"
        yield f"/mo/x?{whole} ="


def no_surrogates(text: str) -> bytes:
    return text.encode("utf-8", "replace")


#: Whatever reads one text.
READERS: dict[str, Callable[[str], Any]] = {
    "a line of a log": lambda text: _cleaned(text, ["geheim-wachtwoord"]),
    "a text without secrets": lambda text: masking.without_secrets(text, ["geheim-wachtwoord", "aa"]),
    "a text in one line": masking.one_line,
    "a form": lambda text: read_form(no_surrogates(text), content_type="", charset="auto"),
    "a content type": lambda text: read_form(b"a=b", content_type=text, charset="auto"),
    "an XML declaration": lambda text: declared_charset(no_surrogates(text)),
    "a first word": first_word,
    "a keyword": words.fold,
    "a vote": comparable,
    "a STOP": lambda text: stop.might_be_wish(text, text),
    "a STOP in a country": lambda text: stop.read_wish(
        message(keyword=text[:15], parm=text), is_live=lambda word: word == "win", extra=("basta",)
    ),
    "a reply in letters that are not GSM": lambda text: gsm.transliterated(text[:LONGEST_REPLY]),
    "what makes a reply dear": lambda text: gsm.doubling(text[:LONGEST_REPLY]),
    "a URL": addresses.is_target,
}


def seconds_for(read: Callable[[str], Any], text: str) -> float:
    """Measure a reader on one text; more than once where it seems slow, since this machine may be busy."""
    best = float("inf")
    for _ in range(5):
        began = time.thread_time()
        read(text)
        best = min(best, time.thread_time() - began)
        if best < LIMIT:
            break
    return best


def too_slow(read: Callable[[str], Any]) -> list[str]:
    return [repr(text[:20]) for text in hostile_texts() if seconds_for(read, text) >= LIMIT]


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_no_text_keeps_a_reader_busy(read: Callable[[str], Any]) -> None:
    assert too_slow(read) == []


def test_a_reader_that_goes_back_and_forth_is_found_out() -> None:
    quadratic = re.compile(r"\?\S*=")

    assert seconds_for(quadratic.search, "?" * LENGTH) >= LIMIT


@pytest.fixture
def gateway(sqlite_url: str) -> Iterator[Gateway]:
    gateway = open_gateway(settings_for(sqlite_url))
    yield gateway
    gateway.close()


def requests_with(text: str) -> Iterator[WebhookRequest]:
    """Write a text as each kind of request that a provider makes, and as one that is none."""
    in_json = json.dumps({"mo": [{"content": text}], "dr": [{"status": text}]}).encode()
    in_form = form(PARM="", SHORTCODE="").encode() + b"&TXT=" + quote_plus(no_surrogates(text)).encode()
    for raw, content_type in (
        (in_form, FORM_TYPE),
        (in_json, "application/json"),
        (b"{" + no_surrogates(text), "application/json"),
        (b"<MSGLST><MSG>" + escape(text).encode("utf-8", "replace") + b"</MSG></MSGLST>", "text/xml"),
        (b"<" + no_surrogates(text), "text/xml"),
    ):
        yield WebhookRequest(
            method="POST", raw=raw, content_type=content_type, remote_addr="192.0.2.1", received_at=NOW
        )


def test_no_request_keeps_a_provider_s_reader_busy(gateway: Gateway) -> None:
    def read_all(text: str) -> None:
        for request in requests_with(text):
            gateway.receiver.prepare(gateway.spryng, request)
            for inbound in gateway.inbound.values():
                with suppress(InvalidRequest):
                    for piece in inbound.split(request):
                        gateway.receiver.prepare(inbound, piece.request)
            for reporting in gateway.reporting.values():
                reporting.reports(request)

    slow = [text[:20] for text in long_texts() if seconds_for(read_all, text) >= 10 * LIMIT]  # 35 readings of each
    assert slow == []
