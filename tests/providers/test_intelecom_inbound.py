"""Intelecom's inbound messages: from the bytes of JSON, XML or a query to messages, and the one answer to all."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.errors import InvalidRequest
from mo_gateway.fakes.intelecom import FakeIntelecom
from mo_gateway.keys import message_key
from mo_gateway.message import Message, WebhookRequest
from mo_gateway.numbering import load_numbering
from mo_gateway.providers import Piece
from mo_gateway.providers.intelecom import IntelecomInbound
from tests.providers.examples import NOW, json_values, request_of, webhook_request

JSON, XML = "application/json", "application/xml"
INBOUND = IntelecomInbound(numbering=load_numbering(), timezone=ZoneInfo("Europe/Oslo"), country="NLD")
FAKE = FakeIntelecom(clock=lambda: NOW)

#: "REST API", receiving messages: its two examples of JSON and XML, in short.
FIRST = {
    "messageid": "7a02c0000f00",
    "serviceid": 123,
    "servicename": "Testtjeneste",
    "sno": "1960",
    "originator": "+4799999999",
    "mcc": 242,
    "mnc": 1,
    "content": "Kodeord Testmelding 1",
    "command": "Kodeord",
    "strippedcontent": "Testmelding 1",
    "type": 1,
    "timestamp": "20140206 11:45:33",
    "sctimestamp": "20140206 11:45:32",
    "sessionid": "1234567890",
}
SECOND = {**FIRST, "messageid": "7a02c0000g00", "originator": "+4744444444", "content": "Kodeord Testmelding 2"}
IN_JSON = json.dumps({"mo": [FIRST, SECOND]}, indent=3).encode()
IN_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<mo>
    <message>
        <messageid>7a02c0000f00</messageid>
        <serviceid>123</serviceid>
        <servicename>Testtjeneste</servicename>
        <sno>1960</sno>
        <originator>+4799999999</originator>
        <mcc>242</mcc>
        <mnc>1</mnc>
        <content>Kodeord Testmelding 1</content>
        <command>Kodeord</command>
        <strippedcontent>Testmelding 1</strippedcontent>
        <type>1</type>
        <timestamp>20140206 11:45:33</timestamp>
        <sctimestamp>20140206 11:45:32</sctimestamp>
        <sessionid/>
    </message>
    <message>
        <messageid>7a02c0000g00</messageid>
        <sno>1960</sno>
        <originator>+4744444444</originator>
        <mcc>242</mcc>
        <mnc>1</mnc>
        <content>Kodeord Testmelding 2</content>
        <timestamp>20140206 11:45:33</timestamp>
    </message>
</mo>
"""
#: "HTTP GET API": its template, filled in.
IN_QUERY = (
    b"messageid=7a02c0000f00&sno=1960&commandtype=1&command=Kodeord&content=Kodeord+Testmelding%201"
    b"&timestamp=20140206%2011:45:33&sctimestamp=20140206%2011:45:32&serviceid=123&originator=%2B4799999999"
    b"&mcc=242&mnc=1&sessionid=&type=1&servicename=Testtjeneste"
)
FORMS = {"json": (IN_JSON, JSON), "xml": (IN_XML, XML), "query": (IN_QUERY, "")}


def messages(request: WebhookRequest, charset: str | None = None) -> list[Message]:
    return [INBOUND.parse(piece.request, charset) for piece in INBOUND.split(request)]


def mo(**changes: Any) -> bytes:
    """Write a list with one message, some of its fields changed; one that is ... is left out."""
    fields = {name: value for name, value in (FIRST | changes).items() if value is not ...}
    return json.dumps({"mo": [fields]}).encode()


def one(**changes: Any) -> Message:
    [message] = messages(webhook_request(mo(**changes), JSON))
    return message


def faults(raw: bytes, content_type: str = JSON) -> dict[str, str]:
    """Give the bad fields of a request with one message, each with the rule it broke."""
    with pytest.raises(InvalidRequest) as refused:
        messages(webhook_request(raw, content_type))
    return {error.field: error.rule for error in refused.value.errors}


@pytest.mark.parametrize("form", FORMS)
def test_each_documented_form_is_the_same_message(form: str) -> None:
    message = messages(webhook_request(*FORMS[form]))[0]

    assert message == Message(
        provider="intelecom",
        provider_id="7a02c0000f00",
        msisdn="4799999999",
        keyword="Kodeord",
        parm="Testmelding 1",
        operator="24201",
        shortcode="1960",
        country="NOR",
        reference="7a02c0000f00",
        timestamp_raw="20140206114533",
        sent_at=datetime(2014, 2, 6, 10, 45, 33, tzinfo=UTC),
        received_at=NOW,
        charset="utf-8",
    )


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_list_has_a_message_for_each_of_its_items(form: str) -> None:
    raw, content_type = FORMS[form]
    request = webhook_request(raw, content_type)

    first, second = INBOUND.split(request)

    assert [INBOUND.parse(piece.request).msisdn for piece in (first, second)] == ["4799999999", "4744444444"]
    assert first.request.raw in raw
    assert second.request.raw in raw
    assert first.request.raw + second.request.raw != raw
    assert (first.id, second.id) == ("1", "2")


@pytest.mark.parametrize("form", FORMS)
def test_stored_bytes_are_read_again_without_their_content_type(form: str) -> None:
    piece = INBOUND.split(webhook_request(*FORMS[form]))[0]

    again = INBOUND.parse(replace(piece.request, content_type=""), "utf-8")

    assert again == INBOUND.parse(piece.request)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"mo":[{"content":"\xe9\\u20ac",%s}]}',
        b"<mo><message><content>\xe9&#8364;</content>%s</message></mo>",
        b"content=\xe9%%E2%%82%%AC&%s",
    ],
)
def test_a_wrong_charset_can_be_put_right_from_the_stored_bytes(raw: bytes) -> None:
    others = {
        123: b'"originator":"4799999999","sno":"1960"',
        60: b"<originator>4799999999</originator><sno>1960</sno>",
        99: b"originator=4799999999&sno=1960",
    }[raw[0]]
    [piece] = INBOUND.split(webhook_request(raw % others))

    assert "undecodable-bytes" in INBOUND.parse(piece.request).marks
    repaired = INBOUND.parse(replace(piece.request, content_type=""), "windows-1252")
    assert repaired.text in ("é€", "éâ‚¬")
    assert "undecodable-bytes" not in repaired.marks


@pytest.mark.parametrize(
    "text", ["één € 🎉", "Здравствуйте", "<b> & \"quoted\" \\ 'x'", "[{]}", "two lines\nhere"]
)
def test_a_text_comes_through_each_form(text: str) -> None:
    as_json = FAKE.inbound(text, "second")
    as_query = FAKE.inbound_query(text)

    first, second = messages(request_of(as_json))
    [asked] = messages(request_of(as_query))

    assert (first.text, second.text, asked.text) == (text, "second", text)
    assert len({first.provider_id, second.provider_id, asked.provider_id}) == 3
    assert (first.msisdn, first.shortcode, first.operator) == ("31612345678", "4414", "20408")
    assert first.timestamp_raw == "20261122150211"


def test_a_text_may_be_empty() -> None:
    assert (one(content="").keyword, one(content="").parm) == ("", "")


def test_half_of_a_surrogate_pair_is_marked_and_can_be_stored() -> None:
    message = one(content="a \ud83d b")

    assert message.text == "a \ufffd b"
    assert message.marks == ("undecodable-bytes",)


@pytest.mark.parametrize(
    ("mcc", "mnc", "operator", "country", "marks"),
    [
        (242, 1, "24201", "NOR", ()),
        ("242", "01", "24201", "NOR", ()),
        (242, 14, "24214", "NOR", ()),
        (204, 8, "20408", "NLD", ()),
        (242, 98, "24298", "NOR", ("operator-unlisted",)),
        (302, 720, "", "CAN", ("operator-left-out",)),
        (270, 1, "27001", "NLD", ("country-assumed",)),
        (242, None, "", "NOR", ()),
        (0, 0, "", "NLD", ("country-assumed",)),
        (None, None, "", "NLD", ("country-assumed",)),
        (..., ..., "", "NLD", ("country-assumed",)),
        ("", "", "", "NLD", ("country-assumed",)),
    ],
)
def test_the_network_tells_the_operator_and_mostly_the_country(
    mcc: Any, mnc: Any, operator: str, country: str, marks: tuple[str, ...]
) -> None:
    message = one(mcc=mcc, mnc=mnc)

    assert (message.operator, message.country, message.marks) == (operator, country, marks)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"originator": "Telenor"}, ["originator"]),
        ({"originator": "+0479999999"}, ["originator"]),
        ({"originator": ...}, ["originator"]),
        ({"originator": None}, ["originator"]),
        ({"originator": ["+4799999999"]}, ["originator"]),
        ({"originator": True}, ["originator"]),
        ({"sno": "short"}, ["sno"]),
        ({"sno": ...}, ["sno"]),
        ({"content": ...}, ["content"]),
        ({"content": "a\u0000"}, ["content"]),
        ({"content": "a\u001b"}, ["content"]),
        ({"mcc": 24}, ["mcc"]),
        ({"mcc": 242.0}, ["mcc"]),
        ({"mnc": 1000}, ["mnc"]),
        ({"mnc": -1}, ["mnc"]),
        ({"timestamp": "20140231 11:45:33"}, ["timestamp"]),
        ({"timestamp": "20140206114533"}, ["timestamp"]),
        ({"timestamp": {}}, ["timestamp"]),
        ({"messageid": "i" * 101}, ["messageid"]),
        ({"messageid": "\u0000"}, ["messageid"]),
        ({"originator": "", "sno": "", "mcc": "x", "Content": "twice"}, ["content", "mcc", "originator", "sno"]),
    ],
)
def test_every_bad_field_is_named(changes: dict[str, Any], named: list[str]) -> None:
    assert sorted(faults(mo(**changes))) == named


def test_a_number_may_come_as_a_number() -> None:
    message = one(originator=4799999999, sno=1960, messageid=17)

    assert (message.msisdn, message.shortcode, message.provider_id) == ("4799999999", "1960", "17")


def test_a_field_of_a_query_may_come_once() -> None:
    assert faults(IN_QUERY + b"&sno=1961", "") == {"sno": "may be given once, not 2 times"}


def test_a_plus_that_was_not_escaped_is_no_part_of_the_number() -> None:
    [message] = messages(webhook_request(IN_QUERY.replace(b"%2B", b"+")))

    assert message.msisdn == "4799999999"


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"{}",
        b"[]",
        b'{"mo":[]}',
        b'{"mo":{}}',
        b'{"mo":[1]}',
        b'{"mo":[{},1]}',
        b'{"dr":[{"messageid":"1"}]}',
        b'{"mo":' + b"[" * 100_000,
        b"<mo/>",
        b"<mo>",
        b"<dr><message/></dr>",
        b'<!DOCTYPE mo [<!ENTITY x "y">]><mo><message/></mo>',
        b"<html><body>hello</body></html>",
    ],
)
def test_a_list_that_cannot_be_taken_apart_is_refused_as_a_whole(raw: bytes) -> None:
    assert list(faults(raw)) == ["(body)"]


def test_other_members_beside_the_list_are_not_looked_at() -> None:
    raw = b'{"a":[{"x":[1]}],"b":"mo","mo":[%s],"c":[{}]}' % json.dumps(FIRST).encode()

    [message] = messages(webhook_request(raw, JSON))

    assert message.provider_id == "7a02c0000f00"


def test_one_bad_message_does_not_spoil_its_neighbours() -> None:
    request = webhook_request(IN_JSON.replace(b"+4799999999", b"nobody"), JSON)

    first, second = INBOUND.split(request)

    with pytest.raises(InvalidRequest):
        INBOUND.parse(first.request)
    assert INBOUND.parse(second.request).msisdn == "4744444444"


def test_an_entity_that_nobody_declared_spoils_its_own_message_only() -> None:
    raw = b'<!DOCTYPE mo SYSTEM "x.dtd">' + IN_XML.partition(b"?>")[2].replace(b"Testmelding 1", b"&what;")

    first, second = INBOUND.split(webhook_request(raw, XML))

    with pytest.raises(InvalidRequest, match="entity"):
        INBOUND.parse(first.request)
    assert INBOUND.parse(second.request).msisdn == "4744444444"


@pytest.mark.parametrize("raw", [IN_XML, b"<message>", b"{"])
def test_what_is_not_one_message_is_refused_when_it_is_read_again(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="body"):
        INBOUND.parse(webhook_request(raw))


@pytest.mark.parametrize(("kept", "status"), [((True, True), 200), ((True, False), 503), ((False, False), 503)])
def test_the_answer_is_200_only_where_all_are_kept(kept: tuple[bool, bool], status: int) -> None:
    request = webhook_request(IN_JSON, JSON)

    answer = INBOUND.acknowledge(request, list(zip(INBOUND.split(request), kept, strict=True)))

    assert (answer.status, answer.content_type) == (status, "text/plain")


def test_a_retry_is_recognised_by_its_id_in_whatever_form_and_whenever_it_comes() -> None:
    keys = {
        message_key(messages(webhook_request(*form, now=NOW + timedelta(days=days)))[0])
        for days, form in enumerate(FORMS.values())
    }

    assert len(keys) == 1


def test_the_same_text_with_another_id_is_another_message() -> None:
    assert message_key(one()) != message_key(one(messageid="7a02c0000h00"))


def test_an_id_without_a_time_recognises_a_retry_whenever_it_comes() -> None:
    raw = mo(timestamp=...)
    first, later = (messages(webhook_request(raw, JSON, now=NOW + timedelta(days=days)))[0] for days in (0, 9))

    assert message_key(first) == message_key(later)
    assert (first.timestamp_raw, first.sent_at, first.marks) == ("0" * 14, NOW, ("time-missing",))


def test_a_time_without_an_id_makes_the_key_of_all_fields() -> None:
    message = one(messageid=...)

    assert (message.provider_id, message.reference, message.marks) == (None, None, ())
    assert message_key(message) == message_key(one(messageid=None))
    assert message_key(message) != message_key(one(messageid="", content="Kodeord other"))


def test_a_time_that_a_clock_change_repeats_is_marked() -> None:
    assert one(timestamp="20261025 02:30:00").marks == ("clock-repeated",)


def test_the_documented_media_types_are_known() -> None:
    assert {JSON, XML, "text/xml", ""} <= set(INBOUND.media_types)


any_json = json_values(st.text())


@given(
    raw=st.one_of(
        st.binary(),
        st.text().map(lambda text: mo(content=text)),
        any_json.map(lambda value: mo(content=value, originator=value)),
        any_json.map(lambda value: json.dumps({"x": value, "mo": [value]}).encode()),
        st.binary().map(lambda inner: b'{"mo":[{"content":"' + inner + b'"}]}'),
        st.binary().map(lambda inner: b"<mo><message>" + inner + b"</message></mo>"),
        st.text().map(lambda text: f"originator=4799999999&sno=1960&content={text}".encode()),
    ),
    content_type=st.one_of(st.sampled_from([JSON, XML, "", f"{JSON}; charset=utf-16"]), st.text()),
    charset=st.sampled_from([None, "auto", "utf-8", "windows-1252", "iso-8859-1"]),
)
def test_any_bytes_are_messages_or_refused(raw: bytes, content_type: str, charset: str | None) -> None:
    request = webhook_request(raw, content_type)
    pieces: Sequence[Piece] = ()
    with suppress(InvalidRequest):
        pieces = INBOUND.split(request)
    for piece in pieces:
        with suppress(InvalidRequest):
            message = INBOUND.parse(piece.request, charset)
            assert "\0" not in message.text.encode().decode()
            message_key(message)
    assert INBOUND.acknowledge(request, [(piece, True) for piece in pieces]).status == 200
