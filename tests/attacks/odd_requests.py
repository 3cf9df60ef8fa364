"""Requests that are malformed, or odd, or two in one: what each may be answered.

XXXXXXXX in a request becomes a token of its own, so that what was stored of it can be found. The second message
that many of them hide would be stored as `hidden-XXXXXXXX`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.examples import FORM

BODY = urlencode(FORM | {"REFERENCE": "outer-XXXXXXXX"}).encode()
QUERY = BODY
HIDDEN_QUERY = urlencode(FORM | {"REFERENCE": "hidden-XXXXXXXX"}).encode()
CALLBACK = b"/spryng/mo/geheim"
TYPE = b"Content-Type: application/x-www-form-urlencoded"
HOST = b"Host: sms.example"
LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

Statuses = frozenset[int]

#: Refused before anything looks at what is asked; the server then closes the connection.
REFUSED = frozenset({400})
TAKEN = frozenset({200})
NOT_UNDERSTOOD = frozenset({400, 501})  # a transfer coding: RFC 9112 asks for 501
NOWHERE = frozenset({400, 403, 404, 405})
EITHER = TAKEN | REFUSED


@dataclass(frozen=True, slots=True)
class Odd:
    """A case: what is sent, and for each answer the statuses that it may have."""

    name: str
    raw: bytes
    answers: tuple[Statuses, ...]
    is_head: bool = False
    is_cut_off: bool = False  #: the last answer may be that nobody waits for the rest


def post(*headers: bytes, body: bytes = BODY, target: bytes = CALLBACK, version: bytes = b"HTTP/1.1") -> bytes:
    """Write a POST with its headers as they are given."""
    return b"\r\n".join([b"POST %s %s" % (target, version), HOST, TYPE, *headers, b"", body])


def get(line: bytes, *headers: bytes) -> bytes:
    """Write a request without a body."""
    return b"\r\n".join([line, HOST, *headers, b"", b""])


VALID = post(LENGTH)
HIDDEN = get(b"GET %s?%s HTTP/1.1" % (CALLBACK, HIDDEN_QUERY))
VALID_GET = b"GET %s?%s HTTP/1.1" % (CALLBACK, QUERY)


def _lengths() -> Iterator[Odd]:
    """Two lengths, or one that is no number."""
    yield Odd("a length and chunks", post(LENGTH, CHUNKED, body=CHUNKS), (REFUSED,))
    yield Odd("chunks and a length", post(CHUNKED, LENGTH, body=CHUNKS), (REFUSED,))
    yield Odd(
        "a length that hides a request behind the chunks",
        post(b"Content-Length: %d" % (len(HIDDEN) + 5), CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
        (REFUSED,),
    )
    yield Odd(
        "chunks that hide a request behind the length",
        post(b"Content-Length: 4", CHUNKED, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
        (REFUSED,),
    )
    yield Odd("the same length twice", post(LENGTH, LENGTH), (REFUSED,))
    yield Odd("two lengths", post(b"Content-Length: 0", LENGTH, body=HIDDEN), (REFUSED,))
    yield Odd("two lengths in one", post(b"Content-Length: 5, 5", body=b"KEYWO"), (REFUSED,))
    for length in (b"+5", b"-5", b"1_0", b"0x5", b"5.0", b"", b"five", b"\xb2", b"5 5", b"'5'", b"5;"):
        yield Odd(f"a length of {length!r}", post(b"Content-Length: " + length, body=b"KEYWO"), (REFUSED,))
    yield Odd("a length with a blank before the colon", post(b"Content-Length : 5", body=b"KEYWO"), (REFUSED,))
    yield Odd("a length with underscore", post(b"Content_Length: 5", LENGTH), (TAKEN,))
    yield Odd("a body longer than its length", VALID + b"GARBAGE\r\n\r\n", (TAKEN, REFUSED))
    yield Odd("a length that the connection is to drop", post(b"Connection: Content-Length", LENGTH), (TAKEN,))


def _codings() -> Iterator[Odd]:
    """Transfer codings that one server may see and another not."""
    for coding in (
        b"xchunked",
        b"chunked, identity",
        b"identity",
        b"\x0bchunked",
        b"chunked;q=1",
    ):
        yield Odd(f"a coding of {coding!r}", post(b"Transfer-Encoding: " + coding, body=CHUNKS), (NOT_UNDERSTOOD,))
        yield Odd(
            f"a coding of {coding!r} and a length",
            post(b"Transfer-Encoding: " + coding, b"Content-Length: 4", body=b"0\r\n\r\n" + HIDDEN),
            (NOT_UNDERSTOOD,),
        )
    yield Odd(
        "gzip and chunked, and only the second undone",
        post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS),
        (TAKEN | NOT_UNDERSTOOD,),
    )
    yield Odd("chunked twice", post(CHUNKED, CHUNKED, body=CHUNKS), (REFUSED,))
    yield Odd("chunked twice in one", post(b"Transfer-Encoding: chunked, chunked", body=CHUNKS), (REFUSED,))
    yield Odd("chunked with a blank before", post(b"Transfer-Encoding : chunked", body=CHUNKS), (REFUSED,))
    yield Odd("chunked on the next line", post(b"Transfer-Encoding:\r\n chunked", body=CHUNKS), (REFUSED,))
    yield Odd("chunked behind a bare CR", post(b"X: y\rTransfer-Encoding: chunked", body=CHUNKS), (REFUSED,))
    yield Odd("chunked behind a bare LF", post(b"X: y\nTransfer-Encoding: chunked", body=CHUNKS), (REFUSED,))
    yield Odd("chunked in HTTP/1.0", post(CHUNKED, body=CHUNKS, version=b"HTTP/1.0"), (REFUSED,))
    yield Odd("Chunked", post(b"Transfer-Encoding: Chunked", body=CHUNKS), (TAKEN,))
    yield Odd("chunked with underscore", post(b"Transfer_Encoding: chunked", LENGTH, body=BODY), (TAKEN,))


def _chunks() -> Iterator[Odd]:
    """Chunks that are not what they should be."""
    size = b"%x" % len(BODY)
    for bad in (b"0x" + size, b"+" + size, b"-1", b" " + size, size + b"_0", b"", b"zz", b"\xb2", size + b"\x00"):
        body = b"%s\r\n%s\r\n0\r\n\r\n" % (bad, BODY)
        yield Odd(f"a chunk of {bad!r}", post(CHUNKED, body=body), (REFUSED,))
    endless = b"f" * 17 + b"\r\n" + BODY
    yield Odd("a chunk of more than there is", post(CHUNKED, body=endless), (REFUSED | {413},), is_cut_off=True)
    yield Odd("a chunk without its end", post(CHUNKED, body=b"%s\r\n%s0\r\n\r\n" % (size, BODY)), (REFUSED,))
    yield Odd("chunks with bare LF", post(CHUNKED, body=CHUNKS.replace(b"\r\n", b"\n")), (REFUSED,))
    yield Odd("a chunk with an extension", post(CHUNKED, body=CHUNKS.replace(size, size + b";a=b", 1)), (TAKEN,))
    yield Odd(
        "an extension with a bare LF", post(CHUNKED, body=CHUNKS.replace(size, size + b";a\nb", 1)), (REFUSED,)
    )
    yield Odd("a trailer", post(CHUNKED, body=CHUNKS.replace(b"0\r\n", b"0\r\nContent-Length: 5\r\n")), (EITHER,))
    yield Odd(
        "a trailer that hides a request",
        post(CHUNKED, body=CHUNKS[:-2] + b"X: y\r\n\r\n" + HIDDEN),
        (TAKEN, TAKEN),
    )


def _headers() -> Iterator[Odd]:
    """Header fields that are none."""
    for field in (
        b"X: a\r\n b",
        b"X : y",
        b"X",
        b": y",
        b"X\x00: y",
        b"X: \x00",
        b"X: \x01",
        b"X: a\rb",
        b"\xe9: y",
    ):
        yield Odd(f"a field {field!r}", post(field, LENGTH), (REFUSED,))
    yield Odd("a field before the first name", VALID.replace(HOST, b" X: y\r\n" + HOST), (REFUSED,))
    yield Odd("bare LF throughout", VALID.replace(b"\r\n", b"\n"), (REFUSED,))
    yield Odd("two hosts", post(b"Host: evil.example", LENGTH), (REFUSED,))
    yield Odd("no host", VALID.replace(HOST + b"\r\n", b""), (EITHER,))
    yield Odd("a host that is none", VALID.replace(HOST, b"Host: a b/c@d"), (EITHER,))
    yield Odd("an evil host", VALID.replace(HOST, b"Host: evil.example"), (TAKEN,))
    yield Odd("two types", post(b"Content-Type: text/html", LENGTH), (EITHER | {415},))
    yield Odd("gzip", post(b"Content-Encoding: gzip", LENGTH), (frozenset({415}),))
    yield Odd("Expect: 100-continue", post(b"Expect: 100-continue", LENGTH), (TAKEN,))
    yield Odd("Expect: something", post(b"Expect: something", LENGTH), (EITHER | {417},))
    yield Odd("101 fields", post(*[b"X-%d: y" % n for n in range(101)], LENGTH), (frozenset({431}),))
    yield Odd("a long field", post(b"X: " + b"y" * 9000, LENGTH), (frozenset({431}),))
    yield Odd(
        "a WebSocket",
        get(
            VALID_GET,
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ),
        (NOWHERE | TAKEN,),
    )
    yield Odd("HTTP/2 by upgrade", get(VALID_GET, b"Connection: Upgrade", b"Upgrade: h2c"), (TAKEN,))


def _lines() -> Iterator[Odd]:
    """Request lines."""
    for line in (
        b"GET\t/\tHTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET /",
        b"GET",
        b"GET / x HTTP/1.1",
        b"GET / HTTP/1.2",
        b"GET / HTTP/11.1",
        b"GET / http/1.1",
        b"GET / HTTP/2.0",
        b"GET / FTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"G(T / HTTP/1.1",
        b"\xff\xfe / HTTP/1.1",
    ):
        yield Odd(f"a line {line!r}", get(line), (NOWHERE | {505},))
    yield Odd("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (REFUSED | {505},))
    yield Odd(
        "a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 32 + b"\r\n\r\n", (REFUSED,)
    )
    yield Odd("a long line", get(b"GET /%s HTTP/1.1" % (b"a" * 9000)), (frozenset({414}),))
    yield Odd("an empty line first", b"\r\n" + VALID, (EITHER,))
    yield Odd("the address of another host", post(LENGTH, target=b"http://evil.example" + CALLBACK), (TAKEN,))
    for line in (
        b"GET  / HTTP/1.1",
        b"GET /%s HTTP/1.1" % b"\xe9",
        b"GET /../../etc/passwd HTTP/1.1",
        b"GET /%2e%2e/%00 HTTP/1.1",
        b"GET /#f HTTP/1.1",
        b"GET //evil.example/ HTTP/1.1",
        b"GET \\ HTTP/1.1",
        b"get / HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT evil.example:443 HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"BREW / HTTP/1.1",
        b"GET /spryng/mo/%67eheim%0d%0aX:y HTTP/1.1",
    ):
        yield Odd(f"a line {line!r}", get(line), (NOWHERE,))


def _two_in_one() -> Iterator[Odd]:
    """Requests in requests."""
    inside = b"Content-Length: %d" % len(HIDDEN)
    yield Odd("two requests at once", VALID + HIDDEN, (TAKEN, TAKEN))
    yield Odd("a request as the body of a GET", get(VALID_GET, inside) + HIDDEN, (TAKEN,))
    yield Odd(
        "a request as the body of a HEAD",
        get(b"HEAD %s HTTP/1.1" % CALLBACK, inside) + HIDDEN,
        (TAKEN,),
        is_head=True,
    )
    yield Odd("a request as a form", post(inside, body=HIDDEN), (REFUSED,))
    yield Odd("a request to a stranger's path as a form", post(inside, body=HIDDEN, target=b"/x"), (NOWHERE,))
    yield Odd("a request in a field", post(b"X: y\r\n\r\n" + HIDDEN), (REFUSED, TAKEN, REFUSED))
    yield Odd("HTTP/1.0 with a second request", post(LENGTH, version=b"HTTP/1.0") + HIDDEN, (TAKEN,))
    yield Odd("half a request", VALID[:-5], (REFUSED,), is_cut_off=True)


ODD_REQUESTS = [*_lengths(), *_codings(), *_chunks(), *_headers(), *_lines(), *_two_in_one()]
