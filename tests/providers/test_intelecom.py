"""Intelecom: sending against the fake over real HTTP, and its delivery reports, as bytes that anyone may write."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.fakes.intelecom import FakeIntelecom
from mo_gateway.fakes.server import Call, FakeAnswer, FakeServer, Taken, Trouble, running
from mo_gateway.masking import one_line
from mo_gateway.providers.intelecom import CODES, STATES, IntelecomReports, IntelecomSender
from mo_gateway.providers.intelecom.sending import MARGIN
from mo_gateway.reply import Delivery, SendOutcome, SendResult, VCard
from mo_gateway.wire import MaybeSent, NotSent
from tests.providers.examples import (
    HASTY_WIRE,
    NOW,
    WIRE,
    json_values,
    mt_message,
    request_of,
    webhook_request,
)
from tests.waiting import until

USERNAME, PASSWORD = "our-user", 'p"ss&wörd'
REPORTS = IntelecomReports()
TAKEN = Taken(id="6y034000cy00", to="4799999999", sender="1960", reference="MyRef123")

#: "Message Status", in the manual's order.
OUTCOMES = {
    1: SendOutcome.SENT,
    2: SendOutcome.LATER,
    3: SendOutcome.FAILED,
    4: SendOutcome.LATER,
    5: SendOutcome.FAILED,
    6: SendOutcome.LATER,
    24: SendOutcome.SENT,
    25: SendOutcome.SENT,
}
#: "Parameters for delivery reports", in the manual's order.
DELIVERED, OTHERS = (
    ("0", "390"),
    (
        *("350", "354", "355", "360", "361", "362", "363", "370", "371", "380", "368", "369", "351"),
        *("356", "357", "358", "359", "364", "385", "386", "650", "652", "651", "653", "654", "655"),
    ),
)

#: "REST API", receiving delivery reports.
REPORT_JSON = b"""
    {"dr":[
            {
            "messageid":"6y034000cy00",
            "customerbatchreference":"MyBatch001",
            "customermessagereference":"MyRef123",
            "serviceid":123,
            "servicename":"Testtjeneste",
            "mcc":242,
            "mnc":1,
            "type":6,
            "statuscode":0,
            "statusdescription":"OK. Message processed successfully.",
            "extstatuscode":"0",
            "extstatusdescription":"Delivered"
            },
            {"messageid":"6y034000dy00","customermessagereference":"MyRef124","statuscode":361}
    ]}
"""
REPORT_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<dr>
    <message>
        <messageid>6y034000cy00</messageid>
        <customerbatchreference>MyBatch001</customerbatchreference>
        <customermessagereference>MyRef123</customermessagereference>
        <serviceid>123</serviceid>
        <type>6</type>
        <statuscode>0</statuscode>
        <statusdescription>OK. Message processed successfully.</statusdescription>
    </message>
    <message>
        <messageid>6y034000dy00</messageid>
        <customermessagereference>MyRef124</customermessagereference>
        <statuscode>361</statuscode>
    </message>
</dr>
"""


class Recording(FakeIntelecom):
    """The fake, which keeps what it was called with, and may answer something else."""

    def __init__(self, instead: bytes | None = None, status: int = 200, **kwargs: Any) -> None:
        super().__init__(username=USERNAME, password=PASSWORD, **kwargs)
        self.calls: list[Call] = []
        self.instead, self.status = instead, status

    def answer(self, call: Call) -> FakeAnswer:
        self.calls.append(call)
        answer = super().answer(call)
        return answer if self.instead is None else FakeAnswer(body=self.instead, status=self.status)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def fake() -> Recording:
    return Recording()


@pytest.fixture
def server(fake: Recording) -> Iterator[FakeServer]:
    with running(fake) as server:
        yield server


@pytest.fixture
def sender(server: FakeServer) -> IntelecomSender:
    return sender_to(server.url)


def sender_to(url: str, **changes: Any) -> IntelecomSender:
    usual = {
        "wire": WIRE,
        "url": f"{url}/gw/rs",
        "service_id": 1000,
        "username": USERNAME,
        "password": PASSWORD,
        "priority": 2,
        "reports": True,
        "unique_references": False,
        "rate": 600,
    }
    return IntelecomSender(**{**usual, **changes})


def result_of(document: Any, status: int = 200, **settings: Any) -> SendResult:
    """Give what the client makes of an answer, bytes or what JSON is written of."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with running(Recording(body, status)) as server:
        return sender_to(server.url, **settings).send(mt_message())


def status(code: Any = 1, **changes: Any) -> dict[str, Any]:
    usual = {"statusCode": code, "statusMessage": "", "messageId": "760081j1ll00", "sequenceIndex": 1}
    return {"batchReference": "b", "messageStatus": [{**usual, **changes}]}


@pytest.mark.parametrize("text", ["You are in.", "€ ^{}[]~|\\ ΔΣ", 'a"b\\c\n/d', "x" * 918])
def test_a_text_of_gsm_arrives_as_it_was_written(sender: IntelecomSender, fake: Recording, text: str) -> None:
    result = sender.send(mt_message(text))

    [taken] = fake.taken
    assert (result.outcome, result.code, result.provider_id) == (SendOutcome.SENT, "1", taken.id)
    assert (taken.to, taken.text, taken.reference) == ("32470123456", text, "9f86d081884c7d65")
    assert "parsing-type" not in dict(taken.other)


@pytest.mark.parametrize("text", ["één ë 🎉", "Здравствуйте", "ж" * 402])
def test_a_text_beyond_gsm_has_its_encoding_detected(sender: IntelecomSender, fake: Recording, text: str) -> None:
    result = sender.send(mt_message(text))

    assert result.outcome is SendOutcome.SENT
    assert (fake.taken[0].text, dict(fake.taken[0].other)["parsing-type"]) == (text, "AUTO_DETECT")


def test_a_binary_message_is_hex_with_its_header_and_coding(sender: IntelecomSender, fake: Recording) -> None:
    result = sender.send(mt_message("", udh="0B0504158200000023AB0201", data="424547494E"))

    assert result.outcome is SendOutcome.SENT
    [taken] = fake.taken
    assert (taken.udh, taken.data, taken.text) == ("0B0504158200000023AB0201", "424547494E", "")
    assert dict(taken.other)["dcs"] == "F5"


def test_a_request_is_written_as_the_manual_says(sender: IntelecomSender, fake: Recording) -> None:
    sender.send(mt_message("U doet mee."))

    [call] = fake.calls
    assert (call.method, call.path, call.query) == ("POST", "/gw/rs/sendMessages", "")
    assert (call.headers["Content-Type"], call.headers["Accept"]) == ("application/json", "application/json")
    assert json.loads(call.body) == {
        "serviceId": 1000,
        "username": USERNAME,
        "password": PASSWORD,
        "message": [
            {
                "recipient": "+32470123456",
                "content": "U doet mee.",
                "price": 0,
                "clientReference": "9f86d081884c7d65",
                "settings": {
                    "priority": 2,
                    "originatorSettings": {"originatorType": "NETWORK", "originator": "4414"},
                    "parameter": [],
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("sender_id", "kind", "originator"),
    [
        ("1960", "NETWORK", "1960"),
        ("26112", "NETWORK", "26112"),
        ("12345678", "NETWORK", "12345678"),
        ("4799999999", "INTERNATIONAL", "+4799999999"),
        ("+4799999999", "INTERNATIONAL", "+4799999999"),
        ("Contest", "ALPHANUMERIC", "Contest"),
        ("a %&+.,-1", "ALPHANUMERIC", "a %&+.,-1"),
    ],
)
def test_a_sender_is_a_short_number_a_long_one_or_a_name(
    sender: IntelecomSender, fake: Recording, sender_id: str, kind: str, originator: str
) -> None:
    result = sender.send(mt_message(sender=sender_id))

    assert result.outcome is SendOutcome.SENT
    assert (dict(fake.taken[0].other)["originatorType"], fake.taken[0].sender) == (kind, originator)


@pytest.mark.parametrize("priority", [1, 2, 3])
def test_a_priority_is_passed_on(server: FakeServer, fake: Recording, priority: int) -> None:
    sender_to(server.url, priority=priority).send(mt_message())

    assert dict(fake.taken[0].other)["priority"] == str(priority)


@pytest.mark.parametrize("reports", [True, False])
def test_reports_come_as_the_service_is_set_up_or_not_at_all(
    server: FakeServer, fake: Recording, reports: bool
) -> None:
    sender_to(server.url, reports=reports).send(mt_message())

    assert fake.taken[0].wants_report is reports


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "", "vcard": VCard(name="Jan")}, "visiting cards"),
        ({"msisdn": "", "group": "all"}, "groups"),
        ({"text": "x" * 919}, "6 parts"),
        ({"text": "ж" * 403}, "6 parts"),
    ],
)
def test_what_intelecom_cannot_send_is_not_tried(
    sender: IntelecomSender, fake: Recording, changes: dict[str, Any], said: str
) -> None:
    result = sender.send(mt_message(**changes))

    assert result.outcome is SendOutcome.FAILED
    assert said in result.text
    assert fake.calls == []


@pytest.mark.parametrize(("code", "outcome"), OUTCOMES.items())
def test_each_status_code_has_its_class(code: int, outcome: SendOutcome) -> None:
    result = result_of(status(code, statusMessage="some words"), unique_references=True)

    assert (result.outcome, result.code) == (outcome, str(code))
    assert result.text == f"{CODES[code].meaning}: some words"
    assert result.holds is (code in (2, 4, 6))


def test_the_table_has_the_documented_codes() -> None:
    assert list(CODES) == list(OUTCOMES)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"password": "wrong"}, "2"), ({"username": "wrong"}, "2"), ({"service_id": 1001}, "4")],
)
def test_with_wrong_credentials_a_message_waits_with_all_others(
    server: FakeServer, fake: Recording, changes: dict[str, Any], code: str
) -> None:
    result = sender_to(server.url, **changes).send(mt_message())

    assert (result.outcome, result.code, result.holds) == (SendOutcome.LATER, code, True)
    assert fake.taken == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"msisdn": "0470123456"}, "recipient"),
        ({"sender": "twelve-chars"}, "originator"),
        ({"sender": "Één"}, "originator"),
        ({"text": "", "data": "4"}, "content"),
    ],
)
def test_a_syntax_error_names_what_is_wrong(sender: IntelecomSender, changes: dict[str, Any], field: str) -> None:
    result = sender.send(mt_message(**changes))

    assert (result.outcome, result.code) == (SendOutcome.FAILED, "5")
    assert field in result.text


def test_an_internal_error_is_tried_again_later() -> None:
    with running(Recording(is_broken=True)) as server:
        result = sender_to(server.url).send(mt_message())

    assert (result.outcome, result.code, result.holds) == (SendOutcome.LATER, "6", True)


def test_a_message_over_the_quota_is_held_at_intelecom_and_not_sent_again() -> None:
    with running(Recording(quota=1)) as server:
        first, second = (sender_to(server.url).send(mt_message()) for _ in range(2))

    assert (first.code, second.code, second.outcome) == ("1", "24", SendOutcome.SENT)


def test_a_repeated_reference_goes_through_once() -> None:
    clock = Clock()
    fake = Recording(remembers_references=True, clock=clock)
    with running(fake) as server:
        sender = sender_to(server.url, unique_references=True)
        first, again = (sender.send(mt_message()) for _ in range(2))
        clock.now += sender.repeats_safely_for + MARGIN
        late = sender.send(mt_message())

    assert (first.code, again.code, late.code) == ("1", "25", "1")
    assert (again.outcome, again.provider_id) == (SendOutcome.SENT, None)
    assert len(fake.taken) == 2


def test_two_replies_with_one_reference_both_go_out_and_their_reports_find_them() -> None:
    fake = Recording(remembers_references=True)
    with running(fake) as server:
        sender = sender_to(server.url, unique_references=True)
        results = [sender.send(mt_message(id=number, reference="WIN")) for number in (1, 2)]

    sent = [taken.reference for taken in fake.taken]
    reports = [REPORTS.reports(request_of(fake.report(taken, "")))[0] for taken in fake.taken]
    assert [result.code for result in results] == ["1", "1"]
    assert sent == ["WIN#reply1", "WIN#reply2"]
    assert [report.reference for report in reports] == ["WIN", "WIN"]


def test_a_repeated_reference_that_may_be_another_replys_tells_nothing() -> None:
    with running(Recording(remembers_references=True)) as server:
        first, second = (sender_to(server.url).send(mt_message(id=number, reference="WIN")) for number in (1, 2))

    assert (first.outcome, second.outcome, second.code) == (SendOutcome.SENT, SendOutcome.UNKNOWN, "25")
    assert "UNIQUE_REFERENCES=1" in second.text
    assert not second.holds


@pytest.mark.parametrize("reference", ["order#5", "#reply", "WIN#reply1x", "a\n#b"])
def test_a_reference_that_a_handler_made_comes_back_as_it_is(fake: Recording, reference: str) -> None:
    [report] = REPORTS.reports(request_of(fake.report(replace(TAKEN, reference=reference), "")))

    assert report.reference == one_line(reference)


@pytest.mark.parametrize(("unique", "time"), [(True, timedelta(minutes=55)), (False, timedelta(0))])
def test_repeating_is_safe_only_where_intelecom_checks_references(unique: bool, time: timedelta) -> None:
    assert sender_to("http://localhost:1", unique_references=unique).repeats_safely_for == time


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"1",
        b"<html><body>1</body></html>",
        b'{"messageStatus":' * 2_000,
        b"[" * 60_000,
        b"\xff\xfe",
        [],
        {},
        {"messageStatus": []},
        {"messageStatus": {}},
        {"messageStatus": ["1"]},
        {"messageStatus": [{}]},
        {"messageStatus": [status()["messageStatus"][0]] * 2},
        status("1"),
        status(code=True),
        status(None),
        status(1.0),
        status([1]),
        status(7),
        status(10**30),
    ],
)
def test_an_answer_that_is_not_in_the_manual_leaves_it_unknown_and_the_others_wait(document: Any) -> None:
    result = result_of(document)

    assert (result.outcome, result.code, result.holds) == (SendOutcome.UNKNOWN, "unreadable", True)


@pytest.mark.parametrize(
    ("http_status", "outcome"),
    [
        (400, SendOutcome.FAILED),
        (401, SendOutcome.LATER),
        (429, SendOutcome.LATER),
        (503, SendOutcome.LATER),
        (504, SendOutcome.UNKNOWN),
    ],
)
def test_an_http_error_counts_where_nothing_else_is_said(http_status: int, outcome: SendOutcome) -> None:
    assert result_of({"title": "Unauthorized"}, http_status).outcome is outcome
    assert result_of(status(2), http_status).code == "2"


@pytest.mark.parametrize("code", [1, 24, 25])
@pytest.mark.parametrize("http_status", [302, 400, 401, 429, 500, 502, 999])
def test_a_success_with_the_http_status_of_an_error_leaves_it_unknown_and_the_others_wait(
    code: int, http_status: int
) -> None:
    result = result_of(status(code), http_status, unique_references=True)

    assert (result.outcome, result.code, result.holds) == (SendOutcome.UNKNOWN, str(code), True)
    assert result.text.startswith(CODES[code].meaning)
    assert result.text.endswith(f", but the status is HTTP {http_status}")


@pytest.mark.parametrize("http_status", [200, 201, 202])
def test_a_success_with_the_http_status_of_one_is_one(http_status: int) -> None:
    assert result_of(status(1), http_status).outcome is SendOutcome.SENT


@pytest.mark.parametrize("changes", [{"statusMessage": None}, {"messageId": None}, {"messageId": 17}, {"x": "y"}])
def test_a_field_that_is_not_as_it_should_be_costs_no_answer(changes: dict[str, Any]) -> None:
    assert result_of(status(1, **changes)).outcome is SendOutcome.SENT


def test_a_connection_that_ends_too_soon_is_told_to_the_caller(server: FakeServer, fake: Recording) -> None:
    server.troubles.append(Trouble.SLOW)
    with pytest.raises(MaybeSent):
        sender_to(server.url, wire=HASTY_WIRE).send(mt_message())
    until(lambda: len(fake.taken) == 1, "the fake to take the SMS")

    server.stop()
    with pytest.raises(NotSent):
        sender_to(server.url).send(mt_message())


def test_the_password_is_in_no_repr() -> None:
    assert PASSWORD not in repr(sender_to("http://localhost:1"))


def test_the_standing_is_asked_of_the_management_interface(sender: IntelecomSender, fake: Recording) -> None:
    standing = sender.standing()

    [call] = fake.calls
    assert (call.method, call.path) == ("GET", "/mgmt/rs/service/1000/batch/")
    assert (standing.is_right, standing.was_asked, standing.credit) == (True, True, None)
    assert fake.taken == []


def test_the_standing_tells_of_a_wrong_password(server: FakeServer) -> None:
    standing = sender_to(server.url, password="wrong").standing()

    assert (standing.is_right, standing.was_asked) == (False, True)
    assert "password" in standing.text


@pytest.mark.parametrize(
    ("body", "http_status"), [(b"", 404), (b"", 500), (b"<html/>", 200), (b'["messageBatch"]', 200), (b"{}", 200)]
)
def test_the_standing_is_not_known_where_there_is_no_such_interface(body: bytes, http_status: int) -> None:
    with running(Recording(body, http_status)) as server:
        standing = sender_to(server.url).standing()

    assert (standing.is_right, standing.was_asked) == (True, False)


def test_a_url_may_end_in_a_slash_or_have_no_path(server: FakeServer, fake: Recording) -> None:
    for url in (f"{server.url}/gw/rs/", server.url):
        sender = replace(sender_to(server.url), url=url)

        assert sender.send(mt_message()).outcome is SendOutcome.SENT
        assert sender.standing().was_asked


def test_it_is_known_whether_it_is_a_fake(sender: IntelecomSender) -> None:
    assert sender.is_local
    assert not replace(sender, url="https://smsgw.puzzel.com/gw/rs").is_local


class Answering:
    """A fake that answers what it is told, and a client of it."""

    def __init__(self, fake: Recording, sender: IntelecomSender) -> None:
        self.fake, self.sender = fake, sender


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    fake = Recording(b"")
    with running(fake) as server:
        yield Answering(fake, sender_to(server.url))


any_json = json_values(st.text())


@given(
    body=st.one_of(
        st.binary(),
        any_json.map(lambda value: json.dumps(value).encode()),
        any_json.map(lambda value: json.dumps({"messageStatus": [value]}).encode()),
        any_json.map(lambda value: json.dumps(status(statusMessage=value, messageId=value)).encode()),
    )
)
def test_any_answer_gives_a_result(answering: Answering, body: bytes) -> None:
    answering.fake.instead = body

    assert answering.sender.send(mt_message()).outcome in (SendOutcome.UNKNOWN, SendOutcome.SENT)


# delivery reports


@pytest.mark.parametrize(
    ("code", "delivery"),
    [
        *((code, Delivery.DELIVERED) for code in DELIVERED),
        *((code, Delivery.FAILED) for code in OTHERS),
        ("999", Delivery.UNKNOWN),
        ("-1", Delivery.UNKNOWN),
    ],
)
def test_each_status_code_of_a_report_has_its_class(code: str, delivery: Delivery) -> None:
    fake = FakeIntelecom()
    for call in (fake.report(TAKEN, code), fake.report_query(TAKEN, code)):
        [report] = REPORTS.reports(request_of(call))

        assert (report.status, report.provider_status) == (delivery, code)
        assert (report.provider_id, report.reference) == ("6y034000cy00", "MyRef123")
        assert report.reported_at is None


def test_the_table_has_the_documented_report_codes() -> None:
    assert set(STATES) == {*DELIVERED, *OTHERS}


@pytest.mark.parametrize(("raw", "content_type"), [(REPORT_JSON, "application/json"), (REPORT_XML, "text/xml")])
def test_the_documented_lists_are_read_report_by_report(raw: bytes, content_type: str) -> None:
    first, second = REPORTS.reports(webhook_request(raw, content_type))

    assert (first.status, first.provider_status) == (Delivery.DELIVERED, "0")
    assert (first.provider_id, first.reference) == ("6y034000cy00", "MyRef123")
    assert (second.status, second.provider_id, second.reference) == (
        Delivery.FAILED,
        "6y034000dy00",
        "MyRef124",
    )
    assert first.raw in raw
    assert second.raw in raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"dr":' + b"[" * 60_000,
        b'{"dr":[]}',
        b'{"dr":{}}',
        b'{"dr":[1]}',
        b'{"mo":[{"statuscode":0}]}',
        b'[{"statuscode":0}]',
        b"<dr/>",
        b"<dr><message/></dr>",
        b"<html>",
        b"\0\xff",
        b'{"dr":[{"statuscode":null}]}',
    ],
)
def test_what_cannot_be_read_is_kept_as_one_unknown_report(raw: bytes) -> None:
    [report] = REPORTS.reports(webhook_request(raw))

    assert (report.status, report.provider_status) == (Delivery.UNKNOWN, "unreadable")
    assert (report.provider_id, report.reference) == (None, None)
    assert report.raw in raw


def test_one_unreadable_report_does_not_spoil_its_neighbours() -> None:
    raw = b'<!DOCTYPE dr SYSTEM "x.dtd">' + REPORT_XML.partition(b"?>")[2].replace(b"MyRef124", b"&what;")

    reports = REPORTS.reports(webhook_request(raw))

    assert [report.status for report in reports] == [Delivery.DELIVERED, Delivery.UNKNOWN]


def test_the_names_of_a_query_may_be_in_capitals() -> None:
    raw = b"messageId=6y03&statusCode=361&customerMessageReference=MyRef123"

    [report] = REPORTS.reports(webhook_request(raw))

    assert (report.status, report.provider_id, report.reference) == (Delivery.FAILED, "6y03", "MyRef123")


def test_reports_are_acknowledged_by_200() -> None:
    answer = REPORTS.acknowledge(webhook_request(REPORT_JSON, "application/json"))

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("write", [FakeIntelecom.report, FakeIntelecom.report_query])
def test_the_report_of_an_sms_finds_its_reply(sender: IntelecomSender, fake: Recording, write: Any) -> None:
    result = sender.send(mt_message())

    [report] = REPORTS.reports(request_of(write(fake, fake.taken[0], "")))

    assert (report.provider_id, report.reference) == (result.provider_id, "9f86d081884c7d65")
    assert report.status is Delivery.DELIVERED


@given(
    raw=st.one_of(
        st.binary(),
        any_json.map(lambda value: json.dumps({"dr": [{"statuscode": value, "messageid": value}]}).encode()),
        any_json.map(lambda value: json.dumps({"dr": [value], "x": [[value]]}).encode()),
        st.text().map(lambda text: f"<dr><message><statuscode>{text}</statuscode></message></dr>".encode()),
    )
)
def test_any_bytes_are_reports_that_a_database_can_hold(raw: bytes) -> None:
    for report in REPORTS.reports(webhook_request(raw)):
        assert report.provider_status
        assert "\0" not in f"{report.provider_status}{report.provider_id}{report.reference}".encode().decode()
