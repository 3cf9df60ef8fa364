"""`forward`: what a target gets, what its answers mean, and what it cannot do to anybody else."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from marshmallow import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from mo_gateway.errors import ConfigError, HandlerError, TryLater
from mo_gateway.handlers import answers
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.forward import Options, build, forward
from mo_gateway.handlers.gate import TargetFailed
from mo_gateway.handlers.signing import read_secrets, signed
from mo_gateway.message import Message, Question
from mo_gateway.plugin import keyword
from tests.handling import captured_log
from tests.listening import WHOLE, closed_port, drips, is_silent, listening, resets, resets_in_the_middle, says

from .received import message

LOOPBACK = (ip_network("127.0.0.0/8"),)
NOW = datetime(2026, 11, 22, 14, 2, 12, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

#: What must never stand in an error or in a log.
UNSAID = message(msisdn="32499999999", keyword="GEHEIM", parm="geheim & zeer\r\nX-Geheim: 1")

Handle = Callable[[Message], Any]


class Target:
    """A target that answers as a test says, and keeps the requests that came."""

    def __init__(self, server: HTTPServer) -> None:
        self.requests: list[Request] = []
        self.answer = Response("TRUE", content_type="text/plain")
        self.url = server.url_for("/sms.php")
        server.expect_request("/sms.php").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        request.get_data()
        self.requests.append(request)
        return self.answer

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of the last form, as an ISO-8859-1 script reads them."""
        request = self.requests[-1]
        raw = request.query_string or request.get_data()
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, encoding="iso-8859-1")


@pytest.fixture
def target(httpserver: HTTPServer) -> Target:
    return Target(httpserver)


def to(url: str, **options: Any) -> Handle:
    """Make a handler that may call this host, and whose clock stands still."""
    return forward(url, networks=LOOPBACK, clock=lambda: NOW, **options)


def quick(port: int, **options: Any) -> Handle:
    """Make a handler that gives up soon."""
    return to(f"http://127.0.0.1:{port}/?key=geheim", timeout=timedelta(seconds=1), **options)


# What the target gets


def test_json_has_all_of_a_message(target: Target) -> None:
    to(target.url)(message(attempt=3, marks=("clock-repeated",)))

    request = target.requests[0]
    assert (request.method, request.content_type) == ("POST", "application/json")
    assert json.loads(request.get_data()) == {
        "id": "mo_17",
        "attempt": 3,
        "provider": "spryng",
        "provider_id": None,
        "msisdn": "32412345678",
        "keyword": "WIN",
        "parm": "ON",
        "text": "WIN ON",
        "operator": "20601",
        "operator_defaulted": False,
        "timestamp": "20040208152544",
        "sent_at": "2004-02-08T14:25:44+00:00",
        "received_at": "2026-11-22T14:02:11.123456+00:00",
        "shortcode": "4414",
        "country": "BEL",
        "reference": "MARKETING_1",
        "charset": "iso-8859-1",
        "marks": ["clock-repeated"],
        "question": None,
        "is_test": False,
    }


def test_times_are_utc_whatever_zone_they_come_in(target: Target) -> None:
    sent_at = datetime(2026, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))

    to(target.url)(message(sent_at=sent_at))

    assert json.loads(target.requests[0].get_data())["sent_at"] == "2026-07-01T10:00:00+00:00"


def test_an_answer_to_a_question_names_it(target: Target) -> None:
    question = Question(expect="postcode", note="geheim", asked_at=NOW, message_id=16)

    to(target.url)(message(question=question))

    assert json.loads(target.requests[0].get_data())["question"] == "postcode"


@pytest.mark.parametrize("parm", ["é€ 🎉", 'a"b\\c\n', "half of one: \ud83c", "{{ 7*7 }}", "\x80"])
def test_json_brings_every_text_as_it_is(target: Target, parm: str) -> None:
    to(target.url)(message(parm=parm))

    assert json.loads(target.requests[0].get_data())["parm"] == parm


def test_a_form_has_the_same_fields_in_utf8(target: Target) -> None:
    to(target.url, body="form")(message(parm="é€", reference=None, marks=("a", "b"), is_test=True))

    request = target.requests[0]
    fields = dict(parse_qsl(request.get_data().decode(), keep_blank_values=True))
    assert (request.method, request.content_type) == ("POST", "application/x-www-form-urlencoded")
    assert (fields["id"], fields["parm"], fields["reference"]) == ("mo_17", "é€", "")
    assert (fields["marks"], fields["is_test"], fields["operator_defaulted"]) == ("a,b", "true", "false")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_script_made_for_spryng_gets_what_spryng_would_send(target: Target, method: str) -> None:
    to(target.url, body="spryng", method=method)(message(parm="Noël à 5%"))

    assert target.requests[0].method == method
    assert target.fields == [
        ("MSISDN", "32412345678"),
        ("KEYWORD", "WIN"),
        ("PARM", "Noël à 5%"),
        ("OPERATOR", "20601"),
        ("TIMESTAMP", "20040208152544"),
        ("SHORTCODE", "4414"),
        ("COUNTRY", "BEL"),
        ("REFERENCE", "MARKETING_1"),
    ]


def test_spryngs_form_leaves_out_a_reference_that_is_not_there(target: Target) -> None:
    to(target.url, body="spryng")(message(reference=None))

    assert "REFERENCE" not in dict(target.fields)


def test_spryngs_form_has_a_question_mark_for_what_is_not_latin(target: Target) -> None:
    to(target.url, body="spryng")(message(parm="5 € 🎉 Ж \ud83c"))

    assert dict(target.fields)["PARM"] == "5 ? ? ? ?"


def test_a_get_keeps_the_query_of_its_url(target: Target) -> None:
    to(f"{target.url}?key=1&x=%20", body="spryng", method="GET")(message())

    assert target.requests[0].query_string.startswith(b"key=1&x=%20&MSISDN=32412345678&KEYWORD=WIN&")


@pytest.mark.parametrize(
    "options", [{}, {"body": "form"}, {"body": "spryng"}, {"body": "spryng", "method": "GET"}]
)
@pytest.mark.parametrize(
    "parm",
    ["ON\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1", "&KEYWORD=LOSE&MSISDN=1", "a=b;c=d#e?f", "%0d%0aX-Evil: 1", "+ %20"],
)
def test_a_hostile_text_stays_inside_its_field(target: Target, options: dict[str, str], parm: str) -> None:
    to(target.url, **options)(message(parm=parm))

    request = target.requests[0]
    named = json.loads(request.get_data()) if not options else dict(target.fields)
    assert "X-Evil" not in request.headers
    assert named.get("PARM", named.get("parm")) == parm
    assert named.get("KEYWORD", named.get("keyword")) == "WIN"
    assert len(target.requests) == 1


# Signatures


def test_what_is_sent_is_signed_by_every_secret(target: Target) -> None:
    to(target.url, secrets=[SECRET, OLD_SECRET])(message())

    request = target.requests[0]
    expected = signed(read_secrets([SECRET, OLD_SECRET]), "mo_17", NOW, request.get_data())
    assert {name: request.headers[name] for name in expected} == expected
    assert len(request.headers["webhook-signature"].split(" ")) == 2


def test_a_message_has_the_same_id_at_every_try(target: Target) -> None:
    handle = to(target.url)

    handle(message(attempt=1))
    handle(message(attempt=2))

    assert [request.headers["webhook-id"] for request in target.requests] == ["mo_17", "mo_17"]
    assert "webhook-signature" not in target.requests[0].headers


# What its answers mean


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_success(target: Target, status: int) -> None:
    target.answer = Response("", status=status)

    assert to(target.url)(message()) == []


@pytest.mark.parametrize("body", ["TRUE", "", "OK", "<html>Bedankt</html>"])
def test_a_script_made_for_spryng_has_accepted_whatever_it_says_with_200(target: Target, body: str) -> None:
    target.answer = Response(body)

    assert to(target.url, body="spryng")(message()) == []


def test_for_a_script_made_for_spryng_only_200_is_success(target: Target) -> None:
    target.answer = Response("", status=202)

    with pytest.raises(HandlerError, match="HTTP 202"):
        to(target.url, body="spryng")(message())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
def test_a_refusal_is_named_and_says_nothing_against_the_target(target: Target, status: int) -> None:
    target.answer = Response("geheim", status=status)
    handle = to(target.url)

    for _ in range(10):
        with pytest.raises(HandlerError, match=f"^the target answered HTTP {status}$"):
            handle(message())


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_five_failures_in_a_row_and_the_target_is_left_alone(target: Target, status: int) -> None:
    target.answer = Response("", status=status)
    handle = to(target.url)

    for _ in range(4):
        with pytest.raises(TargetFailed, match=f"HTTP {status}"):
            handle(message())
    for _ in range(10):
        with pytest.raises(TryLater) as caught:
            handle(message())

    assert len(target.requests) == 5
    assert caught.value.after > timedelta(seconds=20)


@pytest.mark.parametrize("status", [429, 503])
def test_a_target_that_names_a_pause_gets_it(target: Target, status: int) -> None:
    target.answer = Response("", status=status, headers={"Retry-After": "600"})
    handle = to(target.url)

    for _ in range(3):
        with pytest.raises(TryLater) as caught:
            handle(message())

    assert timedelta(seconds=590) < caught.value.after < timedelta(seconds=602)
    assert len(target.requests) == 1


def test_a_redirect_is_not_followed(target: Target, httpserver: HTTPServer) -> None:
    target.answer = Response("", status=302, headers={"Location": httpserver.url_for("/elsewhere")})

    with pytest.raises(HandlerError, match="redirects are not followed"):
        to(target.url)(message())

    assert len(httpserver.log) == 1


def test_where_nobody_listens_no_try_counts() -> None:
    handle = quick(closed_port())

    for _ in range(6):
        with pytest.raises(TryLater):
            handle(message())


CUT = {
    "silent": is_silent,
    "reset": resets,
    "reset in the middle": resets_in_the_middle,
    "closed": says(),
    "no HTTP": says(b"SMTP ready, geheim\r\n"),
    "cut short": says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1"),
    "dripping": drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT.keys())
def test_without_a_whole_answer_it_is_sent_again_and_nothing_is_said_of_the_message(script: Any) -> None:
    with listening(script) as port, pytest.raises(TargetFailed) as caught:
        quick(port, body="form")(UNSAID)

    said = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "geheim" not in said.lower()
    assert "32499999999" not in said


def test_an_answer_of_10_mb_is_an_answer() -> None:
    huge = says(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", b"1" * 10_000_000)

    with listening(huge) as port:
        assert to(f"http://127.0.0.1:{port}/")(message()) == []


def test_a_target_inside_is_not_called() -> None:
    requests = []

    with listening(lambda connection, _end: requests.append(connection)) as port:
        handle = forward(f"http://localhost:{port}/")
        with pytest.raises(HandlerError, match="no public address"):
            handle(message())

    assert requests == []


def test_a_slow_target_holds_back_its_own_messages_only() -> None:
    arrived, answer = Semaphore(0), Event()

    def slow(connection: socket.socket, end: Event) -> None:
        connection.recv(65536)
        arrived.release()
        answer.wait()
        connection.sendall(WHOLE)

    with listening(slow) as port, listening(says(WHOLE)) as another:
        handle = to(f"http://127.0.0.1:{port}/", at_once=1)
        first = Thread(target=handle, args=(message(),))
        first.start()
        arrived.acquire()
        with pytest.raises(TryLater, match="busy"):
            handle(message(id=18))
        to(f"http://127.0.0.1:{another}/")(message(id=19))
        answer.set()
        first.join()

        handle(message(id=18))


# Answers that become replies


def reply_texts(answer: Response, target: Target, **changes: Any) -> list[str]:
    target.answer = answer
    return [reply.text for reply in to(target.url, answer_is_reply=True)(message(**changes))]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Response("Bedankt!", content_type="text/plain"), ["Bedankt!"]),
        (Response(b"Caf\xe9", content_type="text/plain; charset=iso-8859-1"), ["Café"]),
        (Response(" a\r\nb\rc\x00\x1b[31m \n", content_type="text/plain"), ["a\nb\nc[31m"]),
        (Response("x" * 1000, content_type="text/plain"), ["x" * 1000]),
        (Response('{"reply": "Bedankt!"}', content_type="application/json"), ["Bedankt!"]),
        (Response('{"reply": ["een", "", "twee"]}', content_type="application/json"), ["een", "twee"]),
        (Response(r'{"reply": "half \ud83c"}', content_type="application/json"), ["half"]),
        (Response('{"reply": "👨‍👩‍👧"}', content_type="application/json"), ["👨‍👩‍👧"]),
    ],
)
def test_what_a_target_answers_is_the_reply(target: Target, answer: Response, expected: list[str]) -> None:
    assert reply_texts(answer, target) == expected


@pytest.mark.parametrize(
    "answer",
    [
        Response("TRUE", content_type="text/plain"),
        Response("TRUE\n", content_type="text/html"),
        Response("", content_type="text/html"),
        Response("\x00", content_type="text/plain"),
        Response("{}", content_type="application/json"),
        Response('{"reply": null}', content_type="application/json"),
        Response('{"reply": ""}', content_type="application/json"),
        Response('{"reply": []}', content_type="application/json"),
        Response(status=204),
    ],
)
def test_a_target_may_have_nothing_to_say(
    target: Target, answer: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = captured_log(monkeypatch, answers)

    assert reply_texts(answer, target) == []
    assert log == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response("<b>geheim</b>", content_type="text/html"), "neither text/plain nor application/json"),
        (Response("geheim" * 200, content_type="text/plain"), "longer than 1000 characters"),
        (Response("geheim", content_type="application/json"), "Expecting value"),
        (Response('"geheim"', content_type="application/json"), "it is not"),
        (Response('["geheim"]', content_type="application/json"), "it is not"),
        (Response('{"reply": {"text": "geheim"}}', content_type="application/json"), "it is not"),
        (Response('{"reply": ["geheim", 1]}', content_type="application/json"), "no text"),
        (Response(json.dumps({"reply": ["geheim"] * 11}), content_type="application/json"), "at most 10"),
        (Response("[" * 60_000, content_type="application/json"), "nested too deeply"),
        (Response(b'{"reply": "\xff"}', content_type="application/json"), "codec"),
    ],
)
def test_an_answer_that_is_no_reply_is_logged_and_not_quoted(
    target: Target, answer: Response, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = captured_log(monkeypatch, answers)

    assert reply_texts(answer, target) == []
    assert [(entry["event"], entry["id"]) for entry in log] == [("answer is no reply", 17)]
    assert reason in log[0]["reason"]
    assert "geheim" not in str(log)


def test_nothing_is_replied_unless_it_is_asked_for(target: Target) -> None:
    target.answer = Response("Bedankt!", content_type="text/plain")

    assert to(target.url)(message()) == []


# Routes files and Python


def built(folder: Path, **options: Any) -> Handle:
    surroundings = Surroundings(folder=folder, timezone=ZoneInfo("UTC"), forward_networks=LOOPBACK)
    return build(Options().load(options), surroundings)


def test_a_route_forwards_as_its_table_says(target: Target, tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text(f"# newest first\n{SECRET}\n\n{OLD_SECRET}\n")
    target.answer = Response("Bedankt!", content_type="text/plain")

    replies = built(
        tmp_path,
        url=target.url,
        body="form",
        secret_file="secrets",
        timeout="5s",
        at_once=1,
        answer_is_reply=True,
    )(message())

    request = target.requests[0]
    assert [reply.text for reply in replies] == ["Bedankt!"]
    assert request.content_type == "application/x-www-form-urlencoded"
    assert len(request.headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("url", "https://user:geheim@example.com/", "without a user name"),
        ("url", "ftp://example.com/", "a URL such as"),
        ("url", "http://2130706433/", "a URL such as"),
        ("url", "", "1 to 2000"),
        ("url", "https://example.com/" + "x" * 2000, "1 to 2000"),
        ("url", 1, "in quotes"),
        ("body", "xml", '"json" or "form" or "spryng"'),
        ("method", "PUT", '"POST" or "GET"'),
        ("secret_file", "", "1 to 1000"),
        ("timeout", "21s", 'at most "20s"'),
        ("timeout", 5, "a duration"),
        ("at_once", 0, "a whole number from 1 to 8"),
        ("at_once", 9, "a whole number from 1 to 8"),
        ("at_once", True, "a whole number from 1 to 8"),
        ("at_once", "2", "a whole number from 1 to 8"),
        ("answer_is_reply", "yes", "true or false"),
        ("secrets", ["geheim"], "no such key"),
    ],
)
def test_a_key_that_is_wrong_is_told_what_would_be_right(key: str, value: object, rule: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options().load({"url": "https://example.com/", key: value})

    assert rule in str(caught.value.messages_dict[key])


def test_a_url_is_needed() -> None:
    with pytest.raises(ValidationError, match="url"):
        Options().load({})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"url": "https://user:geheim@example.com/"}, "without a user name"),
        ({"url": "http://169.254.169.254/"}, "MO_GATEWAY_FORWARD_NETWORKS"),
        ({"url": "https://example.com/", "body": "xml"}, "no body 'xml'"),
        ({"url": "https://example.com/", "method": "GET"}, 'where body is "spryng"'),
        ({"url": "https://example.com/", "method": "PUT"}, 'where body is "spryng"'),
        (
            {"url": "https://example.com/", "method": "GET", "body": "spryng", "secrets": [SECRET]},
            "cannot sign a GET",
        ),
        ({"url": "https://example.com/", "secrets": ["geheim"]}, "a secret is whsec_"),
    ],
)
def test_what_cannot_be_is_refused_at_load(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        forward(**options)

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "# none yet\n", "geheim\n"])
def test_a_file_without_secrets_is_refused_at_load(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "secrets").write_text(content)

    with pytest.raises(ConfigError) as caught:
        built(tmp_path, url="https://example.com/", secret_file="secrets")

    assert "geheim" not in str(caught.value)


def test_it_can_be_marked_in_python(target: Target) -> None:
    handle = keyword("WIN", name="contest")(to(target.url))

    assert handle(message()) == []
