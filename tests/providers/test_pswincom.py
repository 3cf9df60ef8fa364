"""PSWinCom: sending against the fake over real HTTP, and its delivery reports, as bytes that anyone may write."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.fakes.pswincom import FakePsWinCom
from mo_gateway.fakes.server import Call, FakeAnswer, FakeServer, Taken, Trouble, running
from mo_gateway.providers.pswincom import STATES, PsWinComReports, PsWinComSender
from mo_gateway.reply import Delivery, SendOutcome, SendResult, VCard
from mo_gateway.wire import FORM, MaybeSent, NotSent
from mo_gateway.xmltext import read_xml
from tests.providers.examples import HASTY_WIRE, WIRE, mt_message, request_of, webhook_request
from tests.waiting import until

USERNAME, PASSWORD = "our-user", "p<ss&wörd"
REPORTS = PsWinComReports(timezone=ZoneInfo("Europe/Oslo"))
DELIVERED_AT = datetime(2006, 2, 23, 14, 23, 23, tzinfo=UTC)

#: "Receive delivery report request XML", with a second report.
REPORT_LIST = b"""<?xml version="1.0"?>
<!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd">
<MSGLST>
  <MSG>
    <ID>1</ID>
    <REF>984342374</REF>
    <RCV>4512345678</RCV>
    <STATE>DELIVRD</STATE>
    <DELIVERYTIME>2006.02.23 15:23:23</DELIVERYTIME>
  </MSG>
  <MSG><ID>2</ID><STATE>EXPIRED</STATE><REF>984342375</REF><RCV>4512345679</RCV></MSG>
</MSGLST>
"""
#: "Gateway HTTP API", receiving a delivery report.
REPORT_FORM = (
    b"RCV=4712345678&REF=BB35EDF6-3D61-4DE5-9C95-C6E5E35D48EA&STATE=DELIVRD&DELIVERYTIME=2013.03.01+23%3a01%3a00"
)

#: An answer that takes the message, and one to a session without any.
TAKEN = (
    b"<SESSION><LOGON>OK</LOGON><REASON/><MSGLST><MSG><ID>1</ID><STATUS>OK</STATUS><REF>9843</REF></MSG></MSGLST>"
    b"</SESSION>"
)
LOGGED_ON = b"<SESSION><LOGON>OK</LOGON><REASON/></SESSION>"

#: "Delivery Report Status", in its order; from BARREDA on of premium messages, from ACCEPTD on of other clients.
CLASSES = {
    "DELIVRD": Delivery.DELIVERED,
    "EXPIRED": Delivery.FAILED,
    "DELETED": Delivery.FAILED,
    "UNDELIV": Delivery.FAILED,
    "UNKNOWN": Delivery.UNKNOWN,
    "REJECTD": Delivery.FAILED,
    "FAILED": Delivery.FAILED,
    "NULL": Delivery.UNKNOWN,
    "BARRED": Delivery.FAILED,
    "BARREDA": Delivery.FAILED,
    "ZEROBAL": Delivery.FAILED,
    "ACCEPTD": Delivery.PENDING,
    "BARREDT": Delivery.FAILED,
    "BARREDC": Delivery.FAILED,
    "BARREDP": Delivery.FAILED,
    "INV_NET": Delivery.FAILED,
    "RETRIEV": Delivery.UNKNOWN,
    "REJECTE": Delivery.FAILED,
    "FORWARD": Delivery.UNKNOWN,
}


class Recording(FakePsWinCom):
    """The fake, which keeps what it was called with, and may answer something else."""

    def __init__(self, instead: bytes | None = None, status: int = 200, **kwargs: Any) -> None:
        super().__init__(username=USERNAME, password=PASSWORD, **kwargs)
        self.calls: list[Call] = []
        self.instead, self.status = instead, status

    def answer(self, call: Call) -> FakeAnswer:
        self.calls.append(call)
        answer = super().answer(call)
        return answer if self.instead is None else FakeAnswer(body=self.instead, status=self.status)


@pytest.fixture
def fake() -> Recording:
    return Recording()


@pytest.fixture
def server(fake: Recording) -> Iterator[FakeServer]:
    with running(fake) as server:
        yield server


@pytest.fixture
def sender(server: FakeServer) -> PsWinComSender:
    return sender_to(server.url)


def sender_to(url: str, **changes: Any) -> PsWinComSender:
    usual = {"wire": WIRE, "username": USERNAME, "password": PASSWORD, "reports": True, "rate": 600}
    return PsWinComSender(**{**usual, "url": f"{url}/", **changes})


def result_of(body: bytes, status: int = 200) -> SendResult:
    """Give what the client makes of an answer."""
    with running(Recording(body, status)) as server:
        return sender_to(server.url).send(mt_message())


def session(inner: str) -> bytes:
    return f'<?xml version="1.0"?><SESSION>{inner}</SESSION>'.encode()


@pytest.mark.parametrize(
    "text",
    [
        "You are in.",
        "æøå ÆØÅ èé ñ ß",
        "€ ^{}[]~|\\",
        "ΔΦΓΛΩΠΨΣΘΞ",
        "a<b & c>d]]>\"'",
        "two\nlines\rand\r\nmore",
        "x" * 2144,
    ],
)
def test_a_text_of_gsm_arrives_as_it_was_written(sender: PsWinComSender, fake: Recording, text: str) -> None:
    result = sender.send(mt_message(text))

    [taken] = fake.taken
    assert (result.outcome, result.code, result.provider_id) == (SendOutcome.SENT, "OK", taken.id)
    assert (taken.to, taken.sender, taken.text) == ("32470123456", "4414", text)
    assert dict(taken.other) == {"OP": "1"}


@pytest.mark.parametrize("text", ["één ë 🎉", "ç", "Здравствуйте", "form\ffeed", "ж" * 1072])
def test_what_gsm_or_xml_cannot_hold_goes_as_hex_of_ucs2(
    sender: PsWinComSender, fake: Recording, text: str
) -> None:
    result = sender.send(mt_message(text))

    assert result.outcome is SendOutcome.SENT
    assert (fake.taken[0].text, dict(fake.taken[0].other)) == (text, {"OP": "9"})


def test_a_binary_message_is_its_header_and_its_data_in_hex(sender: PsWinComSender, fake: Recording) -> None:
    result = sender.send(mt_message("", udh="050003CC0201", data="424547494E"))

    assert result.outcome is SendOutcome.SENT
    [taken] = fake.taken
    assert (taken.udh, taken.data, taken.text) == ("050003CC0201", "424547494E", "")
    assert dict(taken.other) == {"OP": "8"}


def test_a_session_is_written_as_the_page_says(sender: PsWinComSender, fake: Recording) -> None:
    sender.send(mt_message("caf\u00e9 \u20ac"))

    [call] = fake.calls
    assert (call.method, call.path, call.query) == ("POST", "/", "")
    assert call.headers["Content-Type"] == "text/xml; charset=iso-8859-1"
    assert call.body == (
        b'<?xml version="1.0" encoding="iso-8859-1"?>\n'
        b"<SESSION><CLIENT>our-user</CLIENT><PW>p&lt;ss&amp;w\xf6rd</PW><MSGLST><MSG><ID>1</ID>"
        b"<TEXT>caf\xe9 &#8364;</TEXT><RCPREQ>Y</RCPREQ><SND>4414</SND><RCV>32470123456</RCV>"
        b"</MSG></MSGLST></SESSION>"
    )


@pytest.mark.parametrize("reports", [True, False])
def test_a_report_is_asked_for_or_not(server: FakeServer, fake: Recording, reports: bool) -> None:
    sender_to(server.url, reports=reports).send(mt_message())

    assert fake.taken[0].wants_report is reports


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "", "vcard": VCard(name="Jan")}, "visiting cards"),
        ({"msisdn": "", "group": "all"}, "groups"),
        ({"text": "", "data": "00"}, "header"),
        ({"text": "x" * 2145}, "after 2144 characters"),
        ({"text": "€" * 1073}, "after 2144 characters"),
        ({"text": "ж" * 1073}, "after 1072 characters"),
    ],
)
def test_what_pswincom_cannot_send_is_not_tried(
    sender: PsWinComSender, fake: Recording, changes: dict[str, Any], said: str
) -> None:
    result = sender.send(mt_message(**changes))

    assert result.outcome is SendOutcome.FAILED
    assert said in result.text
    assert fake.calls == []


def test_with_a_wrong_password_a_message_waits_with_all_others(server: FakeServer, fake: Recording) -> None:
    result = sender_to(server.url, password="wrong").send(mt_message())

    assert (result.outcome, result.code, result.holds) == (SendOutcome.LATER, "LOGON FAIL", True)
    assert result.text == "PSWinCom does not let us in: Invalid user name or password"
    assert fake.taken == []


@pytest.mark.parametrize(
    ("changes", "info"),
    [
        ({"msisdn": "32470123"}, "Invalid receiver number"),
        ({"sender": "Één naam"}, "Invalid sender number"),
        ({"sender": "twelve-chars"}, "Invalid sender number"),
    ],
)
def test_a_refused_message_has_failed_with_what_was_said(
    sender: PsWinComSender, changes: dict[str, Any], info: str
) -> None:
    result = sender.send(mt_message(**changes))

    assert (result.outcome, result.code) == (SendOutcome.FAILED, "FAIL")
    assert result.text == f"PSWinCom refuses the message: {info}"
    assert result.provider_id is None


@pytest.mark.parametrize(
    ("words", "outcome", "holds"),
    [(("saldo", "CREDIT"), SendOutcome.LATER, True), ((), SendOutcome.FAILED, False)],
)
def test_an_account_without_credit_holds_the_queue_where_its_words_are_known(
    words: tuple[str, ...], outcome: SendOutcome, holds: bool
) -> None:
    with running(Recording(credit=1)) as server:
        first, second = (sender_to(server.url, hold_words=words).send(mt_message()) for _ in range(2))

    assert first.outcome is SendOutcome.SENT
    assert (second.outcome, second.holds) == (outcome, holds)
    assert second.text == "PSWinCom refuses the message: No credit left"


def test_an_account_without_references_gives_no_id() -> None:
    with running(Recording(gives_references=False)) as server:
        result = sender_to(server.url).send(mt_message())

    assert (result.outcome, result.provider_id) == (SendOutcome.SENT, None)


@pytest.mark.parametrize(
    "msg",
    [
        "<ID>1</ID><REF>9843</REF><STATUS>OK</STATUS>",
        "<ID>1</ID><STATUS>OK</STATUS><INFO></INFO><REF>9843</REF>",
        "<STATUS> OK </STATUS><INFO/><REF>\n9843\n</REF>",
    ],
)
def test_the_order_of_children_is_of_no_matter(msg: str) -> None:
    result = result_of(session(f"<LOGON>OK</LOGON><REASON></REASON><MSGLST><MSG>{msg}</MSG></MSGLST>") + b"\n\0")

    assert (result.outcome, result.provider_id) == (SendOutcome.SENT, "9843")


def test_words_in_latin_1_are_read_without_a_declaration() -> None:
    result = result_of(session("<LOGON>FAIL</LOGON><REASON>utl\u00f8pt</REASON>").decode().encode("latin-1"))

    assert result.text == "PSWinCom does not let us in: utløpt"


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_documented_refusal_counts_whatever_the_http_status(status: int) -> None:
    result = result_of(session("<LOGON>FAIL</LOGON><REASON>expired</REASON>"), status)

    assert (result.outcome, result.code) == (SendOutcome.LATER, "LOGON FAIL")
    assert result_of(TAKEN.replace(b"<STATUS>OK", b"<STATUS>FAIL"), status).outcome is SendOutcome.FAILED


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500, 502, 999])
def test_an_ok_with_the_http_status_of_an_error_leaves_it_unknown_and_the_others_wait(status: int) -> None:
    text = f"taken, but the status is HTTP {status}"

    assert result_of(TAKEN, status) == SendResult(outcome=SendOutcome.UNKNOWN, code="OK", text=text, holds=True)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_ok_with_the_http_status_of_a_success_is_one(status: int) -> None:
    result = result_of(TAKEN, status)

    assert (result.outcome, result.provider_id) == (SendOutcome.SENT, "9843")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"<html><body>OK</body></html>",
        b'{"LOGON": "OK"}',
        session(""),
        session("<LOGON>OK</LOGON>"),
        session("<LOGON>OK</LOGON><MSGLST/>"),
        session("<LOGON>OK</LOGON><MSGLST><MSG><ID>1</ID></MSG></MSGLST>"),
        session("<LOGON>OK</LOGON><MSGLST><MSG><ID>1</ID><STATUS>PERHAPS</STATUS></MSG></MSGLST>"),
        session("<LOGON>PERHAPS</LOGON><MSGLST><MSG><ID>1</ID><STATUS>OK</STATUS></MSG></MSGLST>"),
        session("<LOGON>OK</LOGON>").removesuffix(b"</SESSION>"),
        b'<!DOCTYPE SESSION [<!ENTITY ok "OK">]><SESSION><LOGON>&ok;</LOGON></SESSION>',
    ],
)
def test_an_answer_that_no_page_describes_leaves_it_unknown_and_the_others_wait(body: bytes) -> None:
    result = result_of(body)

    assert (result.outcome, result.code, result.holds) == (SendOutcome.UNKNOWN, "unreadable", True)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(404, SendOutcome.LATER), (429, SendOutcome.LATER), (500, SendOutcome.LATER), (502, SendOutcome.UNKNOWN)],
)
def test_an_http_error_counts_where_nothing_else_is_said(status: int, outcome: SendOutcome) -> None:
    assert result_of(b"trouble", status).outcome is outcome


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


def test_the_standing_is_a_session_without_a_message(sender: PsWinComSender, fake: Recording) -> None:
    standing = sender.standing()

    assert (standing.is_right, standing.was_asked, standing.credit) == (True, True, None)
    assert b"<MSGLST />" in fake.calls[0].body
    assert fake.taken == []


def test_the_standing_tells_of_a_wrong_password(server: FakeServer) -> None:
    standing = sender_to(server.url, password="wrong").standing()

    assert not standing.is_right
    assert "Invalid user name or password" in standing.text


@pytest.mark.parametrize(("body", "status"), [(b"<html/>", 200), (b"", 503), (LOGGED_ON, 500)])
def test_the_standing_is_not_right_where_nothing_sensible_is_answered(body: bytes, status: int) -> None:
    with running(Recording(body, status)) as server:
        standing = sender_to(server.url).standing()

    assert not standing.is_right


def test_it_is_known_whether_it_is_a_fake(sender: PsWinComSender) -> None:
    assert sender.is_local
    assert not replace(sender, url="https://xml.pswin.com/").is_local


@given(body=st.one_of(st.binary(), st.binary().map(lambda inner: b"<SESSION>" + inner + b"</SESSION>")))
def test_any_answer_gives_a_result(answering: "Answering", body: bytes) -> None:
    answering.fake.instead = body

    result = answering.sender.send(mt_message())

    assert isinstance(result.outcome, SendOutcome)


class Answering:
    """A fake that answers what it is told, and a client of it."""

    def __init__(self, fake: Recording, sender: PsWinComSender) -> None:
        self.fake, self.sender = fake, sender


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    fake = Recording(b"")
    with running(fake) as server:
        yield Answering(fake, sender_to(server.url))


# delivery reports


@pytest.mark.parametrize(("state", "delivery"), [*CLASSES.items(), ("NEWWORD", Delivery.UNKNOWN)])
def test_each_state_has_its_class(state: str, delivery: Delivery) -> None:
    taken = Taken(id="9843", to="4512345678", sender="4414")

    [report] = REPORTS.reports(request_of(FakePsWinCom().report(taken, state)))

    assert (report.status, report.provider_status, report.provider_id) == (delivery, state, "9843")


def test_the_table_has_the_documented_states_and_those_of_other_clients() -> None:
    assert list(STATES) == list(CLASSES)


def test_the_documented_list_is_read_report_by_report() -> None:
    first, second = REPORTS.reports(webhook_request(REPORT_LIST, "application/xml"))

    assert (first.status, first.provider_id, first.reference) == (Delivery.DELIVERED, "984342374", None)
    assert first.reported_at == DELIVERED_AT
    assert first.raw.startswith(b"<MSG>\n    <ID>1</ID>")
    assert first.raw.endswith(b"</MSG>")
    assert (second.status, second.provider_id, second.reported_at) == (Delivery.FAILED, "984342375", None)


def test_the_documented_form_is_read() -> None:
    [report] = REPORTS.reports(webhook_request(REPORT_FORM, FORM))

    assert report.provider_id == "BB35EDF6-3D61-4DE5-9C95-C6E5E35D48EA"
    assert report.status is Delivery.DELIVERED
    assert report.reported_at == datetime(2013, 3, 1, 22, 1, tzinfo=UTC)
    assert report.raw == REPORT_FORM


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("2006.02.23 15:23", datetime(2006, 2, 23, 14, 23, tzinfo=UTC)),
        ("2006-02-23 15:23:23", DELIVERED_AT),
        ("2006.02.31 15:23:23", None),
        ("0001.01.01 00:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_time_that_cannot_be_read_costs_no_report(time: str, moment: datetime | None) -> None:
    [report] = REPORTS.reports(webhook_request(f"REF=1&STATE=DELIVRD&DELIVERYTIME={time}".encode(), FORM))

    assert (report.status, report.reported_at) == (Delivery.DELIVERED, moment)


@pytest.mark.parametrize("raw", [b"", b"<MSGLST/>", b"<html>", b"\0\xff", b"STATE=", b"<MSGLST><MSG/></MSGLST>"])
def test_what_cannot_be_read_is_kept_as_one_unknown_report(raw: bytes) -> None:
    [report] = REPORTS.reports(webhook_request(raw))

    assert (report.status, report.provider_status) == (Delivery.UNKNOWN, "unreadable")
    assert report.raw in raw


def test_one_unreadable_report_does_not_spoil_its_neighbours() -> None:
    raw = b"<MSGLST><MSG><REF>1</REF><STATE>DELIVRD</STATE></MSG><MSG>&what;</MSG></MSGLST>"

    reports = REPORTS.reports(webhook_request(b'<!DOCTYPE MSGLST SYSTEM "x.dtd">' + raw))

    assert [report.status for report in reports] == [Delivery.DELIVERED, Delivery.UNKNOWN]


def test_each_report_is_acknowledged_by_its_id() -> None:
    answer = REPORTS.acknowledge(webhook_request(REPORT_LIST, "application/xml"))

    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert statuses(answer.body) == [("1", "OK"), ("2", "OK")]


def test_a_form_is_acknowledged_by_200() -> None:
    answer = REPORTS.acknowledge(webhook_request(REPORT_FORM, FORM))

    assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"")


def test_xml_that_cannot_be_read_is_acknowledged_too() -> None:
    assert statuses(REPORTS.acknowledge(webhook_request(b"<MSGLST>")).body) == [("1", "OK")]


@pytest.mark.parametrize("write", [FakePsWinCom.report, FakePsWinCom.report_form])
def test_the_report_of_an_sms_finds_its_reply(sender: PsWinComSender, fake: Recording, write: Any) -> None:
    result = sender.send(mt_message())

    [report] = REPORTS.reports(request_of(write(fake, fake.taken[0], "")))

    assert report.provider_id == result.provider_id
    assert report.status is Delivery.DELIVERED
    assert report.reported_at is not None


@given(raw=st.one_of(st.binary(), st.text().map(lambda text: f"<MSGLST><MSG>{text}</MSG></MSGLST>".encode())))
def test_any_bytes_are_reports_that_a_database_can_hold(raw: bytes) -> None:
    request = webhook_request(raw)

    for report in REPORTS.reports(request):
        assert report.provider_status
        assert "\0" not in f"{report.provider_status}{report.provider_id}".encode().decode()
    assert REPORTS.acknowledge(request).status == 200


def statuses(body: bytes) -> list[tuple[str, str]]:
    """Read an acknowledgement: each ID with its status."""
    root: Element = read_xml(body)
    assert root.tag == "MSGLST"
    return [(msg.findtext("ID", ""), msg.findtext("STATUS", "")) for msg in root]
