"""The wire: what was not sent, what may have been, and nothing that takes longer or says more than it should."""

import encodings.aliases
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from email.message import Message as Headers
from functools import cache
from ipaddress import IPv4Address
from threading import Event
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.results import believed, refusal, unreadable
from mo_gateway.wire import Answer, MaybeSent, NotSent, Wire, encoded, is_local

from .listening import (
    CERTIFICATE,
    WHOLE,
    Script,
    closed_port,
    drips,
    is_silent,
    listening,
    resets,
    resets_in_the_middle,
    says,
    tls_server,
)

QUICK = 1.0  # seconds, for those that never end
PATIENT = 20.0  # for the others, also on a machine that is busy
TRUSTED = cache(ssl.create_default_context)
LONG_ENOUGH = 15.0  # for a machine that is busy; each of these servers would keep a caller for good


def wire(seconds: float = PATIENT, *, tls: Callable[[], ssl.SSLContext] = TRUSTED) -> Wire:
    return Wire(timeout=timedelta(seconds=seconds), tls=tls)


def everything_said(exc: BaseException | None) -> str:
    """Give the words of an exception, and of those that a traceback would show with it."""
    said = []
    while exc:
        said += [str(exc), repr(exc)]
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    return " ".join(said)


def test_nothing_is_sent_where_nothing_listens() -> None:
    with pytest.raises(NotSent, match="Connection refused"):
        wire().get(f"http://127.0.0.1:{closed_port()}/")


def test_nothing_is_sent_once_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    real, is_late = socket.getaddrinfo, Event()

    def late(host: str, *args: object, **kwargs: object) -> object:
        is_late.wait(2 * QUICK)  # a name server that takes its time
        return real(host, *args, **kwargs)  # type: ignore[arg-type]

    requests = []

    def script(connection: socket.socket, end: Event) -> None:
        requests.append(connection.recv(65536))

    monkeypatch.setattr(socket, "getaddrinfo", late)

    with listening(script) as port, pytest.raises(NotSent, match="time-out"):
        wire(QUICK).get(f"http://127.0.0.1:{port}/")

    assert b"".join(requests) == b""


def test_nothing_is_sent_to_a_host_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_address(*_args: object, **_kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_address)

    with pytest.raises(NotSent, match="Name or service not known"):
        wire().get("https://api.spryng.example/")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "TLS: "),
        (says(), "no connection"),
        (is_silent, "time-out"),
        (resets, "no connection"),
        (drips(b"\x16\x03\x03\x40\x00", b"\x00"), "time-out"),
    ],
)
def test_nothing_is_sent_before_the_tls_handshake(script: Script, reason: str) -> None:
    begin = monotonic()

    with listening(script) as port, pytest.raises(NotSent, match=reason):
        wire(QUICK if reason == "time-out" else PATIENT).post_form(
            f"https://127.0.0.1:{port}/", [("password", "geheim")]
        )

    assert monotonic() - begin < LONG_ENOUGH


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


def test_a_call_by_tls_is_answered() -> None:
    with tls_server(says(WHOLE)) as port:
        assert wire(5, tls=trusting).get(f"https://localhost:{port}/").body == b"1"
        assert wire(5, tls=trusting).get(f"https://127.0.0.1:{port}/").body == b"1"


@pytest.mark.parametrize("drop", [b"1", b""])
def test_a_call_by_tls_has_one_time_limit_too(drop: bytes) -> None:
    script = drips(b"HTTP/1.1 200 OK\r\n\r\n1", drop)

    with tls_server(script) as port, pytest.raises(MaybeSent, match="time-out"):
        wire(QUICK, tls=trusting).get(f"https://localhost:{port}/")


def test_nothing_is_sent_to_who_has_no_certificate_that_is_trusted() -> None:
    with tls_server(says(WHOLE)) as port, pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
        wire(5).get(f"https://localhost:{port}/")


def test_nothing_is_sent_to_who_has_the_certificate_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *args: real("127.0.0.1", *args))

    with tls_server(says(WHOLE)) as port, pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
        wire(5, tls=trusting).get(f"https://api.spryng.example:{port}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "geheim",
        "ftp://geheim/",
        "http://",
        "https:///geheim",
        "http://127.0.0.1:0/geheim",
        "http://127.0.0.1:99999/geheim",
        "http://127.0.0.1:geheim/",
        "http://[::1/geheim",
    ],
)
def test_what_is_no_url_is_not_called(url: str) -> None:
    with pytest.raises(NotSent) as caught:
        wire().get(url)

    assert "geheim" not in everything_said(caught.value)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/?password=geheim geheim", {}),
        ("/?password=geheimé", {}),
        ("/?password=geheim\x00", {}),
        ("/", {"Authorization": "Bearer geheim\r\nX: y"}),
        ("/", {"Authorization": "Bearer geheim€"}),
    ],
)
def test_a_request_that_cannot_be_written_is_not_sent(path: str, headers: dict[str, str]) -> None:
    with listening(says(WHOLE)) as port, pytest.raises(NotSent) as caught:
        wire().call("GET", f"http://127.0.0.1:{port}{path}", headers=headers)

    assert "geheim" not in everything_said(caught.value)


CUT = {
    "silent": is_silent,
    "reset": resets,
    "reset in the middle": resets_in_the_middle,
    "closed": says(),
    "closed in the status": says(b"HTTP/1.1 20"),
    "no HTTP": says(b"SMTP ready, geheim\r\n"),
    "cut to another code": says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1"),
    "cut before the body": says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"),
    "cut in a chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n1"),
    "cut before the last chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n"),
    "chunks of nonsense": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ngeheim\r\n"),
    "too many headers": says(b"HTTP/1.1 200 OK\r\n", b"X: geheim\r\n" * 200, b"\r\n"),
    "a long header": says(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 100_000, b"\r\n\r\n"),
    "huge": says(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", b"1" * 10_000_000),
    "huge without a length": says(b"HTTP/1.1 200 OK\r\n\r\n", b"1" * 10_000_000),
    "dripping status": drips(b"HTTP/1.1 200 O", b"K"),
    "dripping continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "dripping header": drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "dripping body": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "dripping body without a length": drips(b"HTTP/1.1 200 OK\r\n\r\n", b"1"),
    "open body without a length": drips(b"HTTP/1.1 200 OK\r\n\r\n1", b""),
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT.keys())
def test_without_a_whole_answer_it_may_have_been_sent(script: Script) -> None:
    begin = monotonic()

    with listening(script) as port, pytest.raises(MaybeSent) as caught:
        wire(QUICK).post_form(f"http://user:geheim@127.0.0.1:{port}/geheim?password=geheim", [("BODY", "geheim")])

    assert monotonic() - begin < LONG_ENOUGH
    assert "geheim" not in everything_said(caught.value)


@pytest.mark.parametrize("script", [drips(b"HTTP/1.1 200 OK\r\n\r\n", b"1"), is_silent])
def test_the_whole_call_has_one_time_limit(script: Script) -> None:
    with listening(script) as port, pytest.raises(MaybeSent, match="time-out"):
        wire(QUICK).get(f"http://127.0.0.1:{port}/")


def test_an_answer_of_the_greatest_length_is_read() -> None:
    body = b"1" * 65536

    with listening(says(b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + body)) as port:
        assert wire(5).get(f"http://127.0.0.1:{port}/").body == body


@pytest.mark.parametrize(
    "written",
    [
        WHOLE,
        b"HTTP/1.0 200 OK\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
    ],
)
def test_a_whole_answer_is_given(written: bytes) -> None:
    with listening(says(written)) as port:
        answer = wire(5).get(f"http://127.0.0.1:{port}/")

    assert (answer.status, answer.body) == (200, b"1")


def test_redirects_are_not_followed() -> None:
    called = Event()

    with listening(lambda *_: called.set()) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere}/\r\n".encode()
        moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + location + b"\r\n"
        with listening(says(moved)) as port:
            answer = wire(5).get(f"http://127.0.0.1:{port}/")

    assert answer.status == 302
    assert not called.is_set()


def test_a_call_goes_to_the_address_that_is_chosen_and_names_the_host_all_the_same() -> None:
    asked, requests = [], []

    def script(connection: socket.socket, end: Event) -> None:
        requests.append(connection.recv(65536))
        connection.sendall(WHOLE)

    def addresses(host: str, port: int) -> list[IPv4Address]:
        asked.append((host, port))
        return [IPv4Address("127.0.0.2"), IPv4Address("127.0.0.1")]  # nobody is at the first

    with listening(script) as port:
        answer = replace(wire(5), addresses=addresses).get(f"http://www.spryng.example:{port}/")

    assert answer.body == b"1"
    assert asked == [("www.spryng.example", port)]
    assert f"\r\nHost: www.spryng.example:{port}\r\n".encode() in requests[0]


def test_the_certificate_must_be_that_of_the_host_whatever_address_is_chosen() -> None:
    chosen = replace(wire(5, tls=trusting), addresses=lambda _host, _port: [IPv4Address("127.0.0.1")])

    with tls_server(says(WHOLE)) as port:
        assert chosen.get(f"https://localhost:{port}/").body == b"1"
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            chosen.get(f"https://www.spryng.example:{port}/")


def test_nothing_is_sent_where_no_address_is_chosen() -> None:
    with pytest.raises(NotSent, match="no connection"):
        replace(wire(), addresses=lambda _host, _port: []).get("http://www.spryng.example/")


@pytest.mark.parametrize("script", ["huge", "huge without a length"])
def test_a_long_answer_is_cut_where_its_status_is_enough(script: str) -> None:
    with listening(CUT[script]) as port:
        answer = replace(wire(5), cuts=True).get(f"http://127.0.0.1:{port}/")

    assert (answer.status, answer.body) == (200, b"1" * 65536)


@pytest.mark.parametrize(
    "script", ["cut before the body", "cut in a chunk", "reset in the middle", "dripping body"]
)
def test_an_answer_that_ends_too_soon_is_none_all_the_same(script: str) -> None:
    with listening(CUT[script]) as port, pytest.raises(MaybeSent):
        replace(wire(QUICK), cuts=True).get(f"http://127.0.0.1:{port}/")


def request_of(call: Callable[[Wire, str], object]) -> bytes:
    """Give the bytes that a call writes."""
    requests = []

    def script(connection: socket.socket, end: Event) -> None:
        requests.append(connection.recv(65536))
        with suppress(TimeoutError):
            connection.settimeout(0.05)  # the body may come by itself
            requests.append(connection.recv(65536))
        connection.sendall(WHOLE)

    with listening(script) as port:
        call(wire(5), f"http://127.0.0.1:{port}")
    return b"".join(requests)


def test_a_get_has_its_fields_in_the_query() -> None:
    request = request_of(lambda wire, url: wire.get(f"{url}/a.ashx", [("to", "+31 6"), ("text", "né")]))

    assert request.startswith(b"GET /a.ashx?to=%2B31%206&text=n%C3%A9 HTTP/1.1\r\n")
    assert b"\r\nConnection: close\r\n" in request
    assert b"Content-Length" not in request


def test_a_get_adds_to_a_query_that_is_there() -> None:
    assert b"GET /?a=1&b=2 " in request_of(lambda wire, url: wire.get(f"{url}?a=1", [("b", "2")]))
    assert b"GET /?a=1 " in request_of(lambda wire, url: wire.get(f"{url}?a=1"))


def test_a_form_is_posted_in_the_charset_that_is_asked_for() -> None:
    request = request_of(lambda wire, url: wire.post_form(f"{url}/x", [("BODY", "né & €")], "iso-8859-1"))

    head, body = request.split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /x HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in head + b"\r\n"
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"
    assert body == b"BODY=n%E9%20%26%20%3F"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")

    assert request_of(lambda wire, url: wire.get(url)).startswith(b"GET / HTTP/1.1\r\n")


def test_fields_keep_their_order_and_come_as_often_as_they_are_given() -> None:
    assert encoded([("b", "1"), ("a", "x&=y"), ("b", "2")]) == "b=1&a=x%26%3Dy&b=2"


@pytest.mark.parametrize(
    ("charset", "expected"),
    [("utf-8", "t=%C3%A9%E2%82%AC"), ("iso-8859-1", "t=%E9%3F"), ("windows-1252", "t=%E9%80")],
)
def test_a_character_that_a_charset_has_not_becomes_a_question_mark(charset: str, expected: str) -> None:
    assert encoded([("t", "é€")], charset) == expected


def test_half_a_character_does_not_stop_a_call() -> None:
    assert encoded([("t", "\ud83d")]) == "t=%3F"


def answer(body: bytes = b"", content_type: str = "", status: int = 200, **headers: str) -> Answer:
    given = Headers()
    if content_type:
        given["Content-Type"] = content_type
    for name, value in headers.items():
        given[name.replace("_", "-")] = value
    return Answer(status=status, body=body, headers=given)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("", "é".encode(), "é"),
        ("text/plain", "é".encode(), "é"),
        ("text/plain; charset=iso-8859-1", b"\xe9", "é"),
        ('text/xml; charset="UTF-8"', "é".encode(), "é"),
        ("text/plain; charset=windows-1252", b"\x80", "€"),
        ("text/plain; charset=utf-16", "é".encode("utf-16"), "é"),
        ("text/plain; charset=utf-8", b"\xe9!", "\ufffd!"),
        ("text/plain; charset=klingon", b"\xe9", "é"),
        ("text/plain; charset=hex", b"\xe9", "é"),
        ("text/plain; charset=idna", b"\xe9", "é"),
        ("text/plain; charset=undefined", b"\xe9", "é"),
        ("text/plain; charset=\0", b"\xe9", "é"),
        ("text/plain; charset=", "é".encode(), "é"),
    ],
)
def test_an_answer_is_read_in_the_charset_that_it_names(content_type: str, body: bytes, expected: str) -> None:
    assert answer(body, content_type).text() == expected


def test_an_answer_that_names_no_charset_is_read_in_that_of_the_provider() -> None:
    assert answer(b"\xe9").text("iso-8859-1") == "é"


@given(st.binary(), st.sampled_from(sorted(set(encodings.aliases.aliases.values()))) | st.text())
def test_an_answer_is_read_whatever_it_says_of_itself(body: bytes, charset: str) -> None:
    assert isinstance(Answer(status=200, body=body).text(charset), str)


@given(st.binary() | st.integers(0, 9).map(lambda depth: b"[" * depth + b"1" + b"]" * depth))
def test_an_answer_that_is_no_json_is_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        answer(body).json()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000, b"1" * 5000, b'{"a":' * 20_000])
def test_json_that_python_cannot_hold_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is Python's own
        answer(body).json()


@pytest.mark.parametrize(("code", "shown"), [("1", "1"), ("", "HTTP 503")])
def test_a_success_with_the_status_of_an_error_is_unknown(code: str, shown: str) -> None:
    said = SendResult(outcome=SendOutcome.SENT, code=code, text="taken", provider_id="77")

    result = believed(said, answer(status=503))

    assert result == SendResult(
        outcome=SendOutcome.UNKNOWN, code=shown, text="taken, but the status is HTTP 503", holds=True
    )
    assert believed(said, answer(status=200)) == said


def test_a_refusal_is_believed_whatever_the_status() -> None:
    said = SendResult(outcome=SendOutcome.FAILED, code="106", text="not valid")

    assert believed(said, answer(status=503)) == said


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_no_refusal(status: int) -> None:
    assert refusal(answer(status=status)) is None


@pytest.mark.parametrize(
    ("status", "outcome", "holds"),
    [
        (102, SendOutcome.UNKNOWN, True),
        (301, SendOutcome.LATER, True),
        (307, SendOutcome.LATER, True),
        (400, SendOutcome.FAILED, False),
        (401, SendOutcome.LATER, True),
        (402, SendOutcome.LATER, True),
        (403, SendOutcome.LATER, True),
        (404, SendOutcome.LATER, True),
        (405, SendOutcome.LATER, True),
        (407, SendOutcome.LATER, True),
        (408, SendOutcome.LATER, True),
        (422, SendOutcome.FAILED, False),
        (425, SendOutcome.LATER, True),
        (429, SendOutcome.LATER, True),
        (500, SendOutcome.LATER, True),
        (502, SendOutcome.UNKNOWN, True),
        (503, SendOutcome.LATER, True),
        (504, SendOutcome.UNKNOWN, True),
        (599, SendOutcome.LATER, True),
        (600, SendOutcome.UNKNOWN, True),
        (999, SendOutcome.UNKNOWN, True),
    ],
)
def test_every_other_status_has_its_class(status: int, outcome: SendOutcome, holds: bool) -> None:
    result = refusal(answer(status=status))

    assert result
    assert (result.outcome, result.holds) == (outcome, holds)
    assert result.text


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("86400", 3600),
        ("9" * 5000, 3600),
        ("-1", None),
        ("soon", None),
        ("²", None),
        ("", None),
    ],
)
def test_the_pause_that_a_provider_asks_for_is_kept_within_reason(
    status: int, retry_after: str, seconds: int | None
) -> None:
    result = refusal(answer(status=status, Retry_After=retry_after))

    assert result
    assert result.again_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("Fri, 27 Nov 2026 20:00:30 GMT", "Fri, 27 Nov 2026 20:00:00 GMT", 30),
        ("Fri, 27 Nov 2026 20:00:30 GMT", "Fri, 27 Nov 2026 21:00:00 +0100", 30),
        ("Sat, 28 Nov 2026 20:00:00 GMT", "Fri, 27 Nov 2026 20:00:00 GMT", 3600),
        ("Fri, 27 Nov 2026 19:00:00 GMT", "Fri, 27 Nov 2026 20:00:00 GMT", 0),
        ("Fri, 27 Nov 2026 20:00:30", "Fri, 27 Nov 2026 20:00:00 GMT", None),
        ("Fri, 27 Nov 2026 20:00:30 GMT", "", None),
        ("Fri, 99 Nov 2026 20:00:30 GMT", "Fri, 27 Nov 2026 20:00:00 GMT", None),
        ("soon", "Fri, 27 Nov 2026 20:00:00 GMT", None),
    ],
)
def test_a_pause_until_a_moment_is_counted_by_the_providers_own_clock(
    retry_after: str, date: str, seconds: int | None
) -> None:
    result = refusal(answer(status=503, Retry_After=retry_after, Date=date))

    assert result
    assert result.again_after == (None if seconds is None else timedelta(seconds=seconds))


def test_an_answer_that_is_not_what_is_documented_may_mean_that_it_was_taken_and_the_next_waits() -> None:
    result = unreadable("return code")

    assert (result.outcome, result.holds) == (SendOutcome.UNKNOWN, True)
    assert result.text == "its answer is no return code"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9000", True),
        ("http://127.8.8.8/x", True),
        ("http://[::1]:9000/", True),
        ("https://localhost/", True),
        ("https://rest.spryngsms.com/v1/messages", False),
        ("http://217.19.227.48/module/", False),
        ("http://127.0.0.1.example/", False),
        ("", False),
    ],
)
def test_a_fake_on_this_host_is_local(url: str, expected: bool) -> None:
    assert is_local(url) is expected
