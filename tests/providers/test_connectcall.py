"""Connect Call: its client against the fake over real HTTP, and against answers that nobody documented."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import Message as Headers
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.fakes.connectcall import FakeConnectCall
from mo_gateway.fakes.server import Call, FakeAnswer, FakeServer, running
from mo_gateway.providers.connectcall import CODES, ConnectCallSender, read_result
from mo_gateway.reply import SendOutcome, VCard
from mo_gateway.wire import Answer
from tests.providers.examples import WIRE, mt_message

LOGIN, PASSWORD = "our-login", "p&ss+wörd %41"
MESSAGE = mt_message("You are in.", msisdn="31612345678", sender="Contest")
CARD = VCard(
    name="Jan & Co",
    mobile="+31201234567",
    phone="+31201234500",
    email="jan+work@example.com",
    fax="+31201234599",
)


class Recording(FakeConnectCall):
    """The fake, which keeps what it was called with."""

    def __init__(self) -> None:
        super().__init__(login=LOGIN, password=PASSWORD)
        self.calls: list[Call] = []

    def answer(self, call: Call) -> FakeAnswer:
        self.calls.append(call)
        return super().answer(call)


@pytest.fixture
def fake() -> Recording:
    return Recording()


@pytest.fixture
def server(fake: Recording) -> Iterator[FakeServer]:
    with running(fake) as server:
        yield server


@pytest.fixture
def sender(server: FakeServer) -> ConnectCallSender:
    return sender_to(f"{server.url}/api/")


def sender_to(url: str, password: str = PASSWORD) -> ConnectCallSender:
    return ConnectCallSender(wire=WIRE, url=url, login=LOGIN, password=password, rate=600)


def answer_of(body: str | bytes, *, status: int = 200, content_type: str = "text/xml") -> Answer:
    headers = Headers()
    headers["Content-Type"] = content_type
    return Answer(status=status, body=body.encode() if isinstance(body, str) else body, headers=headers)


def document(code: str) -> str:
    return (
        f"<response><sms_response_code>{code}</sms_response_code><sms_response_text>SMS message sent."
        "</sms_response_text><sms_response_destination>31612345678</sms_response_destination></response>"
    )


@pytest.mark.parametrize("text", ["You are in.", "a&b=c+d %41", "één € 🎉", "x" * 160, "ж" * 70])
def test_a_text_arrives_as_it_was_written(sender: ConnectCallSender, fake: Recording, text: str) -> None:
    result = sender.send(replace(MESSAGE, text=text))

    assert (result.outcome, result.code, result.provider_id) == (SendOutcome.SENT, "200", None)
    [taken] = fake.taken
    assert (taken.to, taken.sender, taken.text) == ("31612345678", "Contest", text)


@pytest.mark.parametrize(
    ("charset", "text", "written"),
    [
        ("utf-8", "één €", "%C3%A9%C3%A9n%20%E2%82%AC"),
        ("iso-8859-1", "één", "%E9%E9n"),
        ("windows-1252", "één €", "%E9%E9n%20%80"),
    ],
)
def test_a_text_is_written_by_the_charset_that_is_set(
    sender: ConnectCallSender, fake: Recording, charset: str, text: str, written: str
) -> None:
    replace(sender, charset=charset).send(replace(MESSAGE, text=text))

    assert f"text={written}" in fake.calls[-1].query.split("&")


def test_a_text_that_the_charset_cannot_write_is_not_sent_as_another(
    sender: ConnectCallSender, fake: Recording
) -> None:
    result = replace(sender, charset="iso-8859-1").send(replace(MESSAGE, text="5 €"))

    assert (result.outcome, result.was_asked) == (SendOutcome.FAILED, False)
    assert result.text == "iso-8859-1 (MO_GATEWAY_CONNECTCALL_CHARSET) has no U+20AC"
    assert fake.calls == []


def test_a_request_has_the_five_parameters_and_no_other(sender: ConnectCallSender, fake: Recording) -> None:
    sender.send(MESSAGE)

    [call] = fake.calls
    assert (call.method, call.path, call.body) == ("GET", "/api/sendsms.ashx", b"")
    assert parse_qsl(call.query, strict_parsing=True) == [
        ("login", LOGIN),
        ("pass", PASSWORD),
        ("from", "Contest"),
        ("to", "31612345678"),
        ("text", "You are in."),
    ]


def test_a_visiting_card_is_binary_and_keeps_its_plus_signs(sender: ConnectCallSender, fake: Recording) -> None:
    result = sender.send(replace(MESSAGE, text="", vcard=CARD))

    assert result.outcome is SendOutcome.SENT
    [taken] = fake.taken
    assert dict(taken.other) == {
        "binary": "1",
        "special": "vcard",
        "vname": "Jan & Co",
        "vmobile": "+31201234567",
        "vphone": "+31201234500",
        "vemail": "jan+work@example.com",
        "vfax": "+31201234599",
    }


def test_lines_that_a_visiting_card_has_not_are_left_out(sender: ConnectCallSender, fake: Recording) -> None:
    sender.send(replace(MESSAGE, text="", vcard=VCard(name="Jan")))

    assert dict(fake.taken[0].other) == {"binary": "1", "special": "vcard", "vname": "Jan"}


@pytest.mark.parametrize("udh", ["06050415811581", ""])
def test_a_binary_message_has_its_bytes_instead_of_a_text(
    sender: ConnectCallSender, fake: Recording, udh: str
) -> None:
    data = "024A3A51D195CDD004001B20550590610560558550548540820849900000"

    result = sender.send(replace(MESSAGE, text="", udh=udh, data=data))

    assert result.outcome is SendOutcome.SENT
    [taken] = fake.taken
    assert (taken.text, taken.udh, taken.data, dict(taken.other)) == ("", udh, data, {"binary": "1"})


@pytest.mark.parametrize("base", ["", "/", "/api", "/api/", "/our/own/api/"])
def test_the_base_url_may_be_any_with_or_without_a_slash(server: FakeServer, fake: Recording, base: str) -> None:
    result = sender_to(f"{server.url}{base}").send(MESSAGE)

    assert result.outcome is SendOutcome.SENT
    assert len(fake.taken) == 1


@pytest.mark.parametrize(
    ("status", "outcome"), [(404, SendOutcome.LATER), (502, SendOutcome.UNKNOWN), (503, SendOutcome.LATER)]
)
def test_a_page_with_an_http_error_is_read_by_its_status(status: int, outcome: SendOutcome) -> None:
    result = read_result(answer_of("<html>Sorry</html>", status=status, content_type="text/html"))

    assert (result.outcome, result.code) == (outcome, f"HTTP {status}")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"msisdn": "", "group": "members"}, "groups"),
        ({"text": "x" * 161}, "one part"),
        ({"text": "ж" * 71}, "one part"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_is_called(
    sender: ConnectCallSender, fake: Recording, change: dict[str, Any], word: str
) -> None:
    result = sender.send(replace(MESSAGE, **change))

    assert result.outcome is SendOutcome.FAILED
    assert word in result.text
    assert not fake.calls


@pytest.mark.parametrize(
    ("charset", "declared"),
    [
        ("utf-8", "utf-16"),
        ("utf-8", ""),
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-16"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", ""),
    ],
)
def test_an_answer_is_read_whatever_its_declaration_says(charset: str, declared: str) -> None:
    fake = FakeConnectCall(login=LOGIN, password=PASSWORD, charset=charset, declared=declared)
    with running(fake) as server:
        result = sender_to(server.url).send(MESSAGE)

    assert (result.outcome, result.code) == (SendOutcome.SENT, "200")


@pytest.mark.parametrize(
    "content_type", ["text/xml; charset=utf-16", "text/xml; charset=nonsense", "", "text/html"]
)
def test_an_answer_is_read_whatever_its_content_type_says(content_type: str) -> None:
    body = f'\r\n<?xml version="1.0" encoding="utf-16"?>\r\n{document("200")}'

    assert read_result(answer_of(body, content_type=content_type)).outcome is SendOutcome.SENT


@pytest.mark.parametrize(
    ("code", "row", "outcome", "holds"),
    [
        ("200", "200", SendOutcome.SENT, False),
        ("401", "40x", SendOutcome.LATER, True),
        ("402", "40x", SendOutcome.LATER, True),
        ("409", "40x", SendOutcome.LATER, True),
        ("500", "50x", SendOutcome.LATER, True),
        ("503", "50x", SendOutcome.LATER, True),
        ("600", "60x", SendOutcome.LATER, False),
        ("607", "60x", SendOutcome.LATER, False),
        ("700", "70x", SendOutcome.LATER, True),
        ("701", "70x", SendOutcome.LATER, True),
    ],
)
def test_each_row_of_the_table_of_codes(code: str, row: str, outcome: SendOutcome, holds: bool) -> None:
    fake = FakeConnectCall(login=LOGIN, password=PASSWORD, error=code)
    with running(fake) as server:
        result = sender_to(server.url).send(MESSAGE)

    assert (result.outcome, result.code, result.holds) == (outcome, code, holds)
    assert result.text == CODES[row].meaning


@pytest.mark.parametrize("code", ["201", "209", "300", "410", "800", "000"])
def test_a_code_that_is_not_documented_may_have_gone_through_and_the_others_wait(code: str) -> None:
    result = read_result(answer_of(document(code)))

    assert (result.outcome, result.code, result.holds) == (SendOutcome.UNKNOWN, code, True)


def test_a_documented_error_counts_whatever_the_http_status() -> None:
    result = read_result(answer_of(document("402"), status=500))

    assert (result.outcome, result.code) == (SendOutcome.LATER, "402")


def test_sent_with_an_http_error_may_have_gone_through_and_the_others_wait() -> None:
    result = read_result(answer_of(document("200"), status=500))

    assert (result.outcome, result.holds) == (SendOutcome.UNKNOWN, True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "200",
        '{"sms_response_code": 200}',
        "<html>200</html>",
        "<response/>",
        "<response><sms_response_code/></response>",
        "<answer><sms_response_code>200</sms_response_code></answer>",
        document("²00"),
        document("2000"),
        document("200")[:-1],
        '<!DOCTYPE r [<!ENTITY c "200">]>' + document("&c;"),
    ],
)
def test_an_answer_that_is_not_the_documented_xml_may_have_gone_through(body: str) -> None:
    result = read_result(answer_of(body))

    assert (result.outcome, result.code, result.holds) == (SendOutcome.UNKNOWN, "unreadable", True)


@given(
    body=st.one_of(st.binary(), st.binary().map(lambda raw: document("200").encode() + raw)),
    content_type=st.sampled_from(["text/xml; charset=utf-16", "text/xml; charset=idna", "text/xml"]),
    status=st.sampled_from([200, 204, 302, 404, 500, 503]),
)
def test_no_answer_is_an_exception(body: bytes, content_type: str, status: int) -> None:
    result = read_result(answer_of(body, status=status, content_type=content_type))

    assert isinstance(result.outcome, SendOutcome)


@pytest.mark.parametrize("code", ["200", "401", "500", "999"])
def test_neither_results_nor_reprs_hold_the_credentials(code: str) -> None:
    sender = sender_to("http://127.0.0.1:1/", PASSWORD)
    quoting = document(code).replace("SMS message sent.", f"login {LOGIN} pass {PASSWORD}".replace("&", "&amp;"))

    result = read_result(answer_of(quoting))

    assert PASSWORD not in repr(sender)
    assert LOGIN not in repr(result)
    assert PASSWORD not in repr(result)


def test_with_a_wrong_password_a_message_waits_with_all_others(server: FakeServer, fake: Recording) -> None:
    result = sender_to(server.url, "wrong").send(MESSAGE)

    assert (result.outcome, result.code, result.holds) == (SendOutcome.LATER, "401", True)
    assert not fake.taken


def test_the_fake_takes_a_credit_for_each_sms_until_none_is_left(
    sender: ConnectCallSender, fake: Recording
) -> None:
    fake.credit = 2

    codes = [sender.send(MESSAGE).code for _ in range(3)]

    assert codes == ["200", "200", "402"]
    assert fake.credit == 0


def test_the_fake_cuts_a_long_text_into_parts_of_160(server: FakeServer, fake: Recording) -> None:
    fields = {"login": LOGIN, "pass": PASSWORD, "from": "a", "to": "31612345678", "text": "x" * 321}

    WIRE.get(f"{server.url}/sendsms.ashx", fields.items())

    assert [len(taken.text) for taken in fake.taken] == [160, 160, 1]
    assert fake.credit == 97


def test_the_fake_says_when_the_reseller_has_no_funds() -> None:
    with running(FakeConnectCall(login=LOGIN, password=PASSWORD, reseller_credit=0)) as server:
        assert sender_to(server.url).send(MESSAGE).code == "700"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=a&to=31612345678&text=x", "200"),
        ("from=a&to=%2B31612345678&text=x", "200"),
        ("from=a&to=+31612345678&text=x", "200"),
        ("from=a&to=0612345678&text=x", "600"),
        ("from=a&to=abc&text=x", "600"),
        ("to=31612345678&text=x", "500"),
        ("from=a&text=x", "500"),
        ("from=a&to=31612345678", "500"),
        ("from=a&to=31612345678&special=vcard&vname=x", "500"),
        ("from=a&to=31612345678&special=vcard&binary=1", "500"),
        ("from=a&to=31612345678&special=other&binary=1&vname=x", "500"),
        ("from=a&to=31612345678&binary=1&data=0", "500"),
        ("from=a&to=31612345678&binary=1&udh=0g&data=00", "500"),
        ("from=a&to=31612345678&binary=1&udh=00", "500"),
    ],
)
def test_the_fake_checks_what_the_document_asks_for(fake: Recording, query: str, code: str) -> None:
    fake.login, fake.password = "a", "b"

    answer = fake.answer(Call(method="GET", path="/sendsms.ashx", query=f"login=a&pass=b&{query}", body=b""))

    assert f"<sms_response_code>{code}<".encode() in answer.body


def test_the_fake_has_no_other_pages(fake: Recording) -> None:
    assert fake.answer(Call(method="GET", path="/api/balance.ashx", query="", body=b"")).status == 404


def test_the_fake_has_no_delivery_reports(sender: ConnectCallSender, fake: Recording) -> None:
    sender.send(MESSAGE)

    assert not fake.taken[0].wants_report
    with pytest.raises(NotImplementedError):
        fake.report(fake.taken[0], "")


def test_it_cannot_be_asked_how_we_stand(sender: ConnectCallSender) -> None:
    standing = sender.standing()

    assert not standing.was_asked
    assert standing.credit is None


def test_what_it_is_for_the_outbox(sender: ConnectCallSender) -> None:
    assert (sender.name, sender.rate, sender.most_parts) == ("connectcall", 600, 1)
    assert sender.repeats_safely_for == timedelta(0)
    assert sender.is_local
    assert not sender_to("https://portal.business-isp.nl/api/").is_local
