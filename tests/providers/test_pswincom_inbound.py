"""PSWinCom's inbound messages: from the bytes of a list or a form to messages, and to the answer per message."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.errors import InvalidRequest
from mo_gateway.fakes.pswincom import FakePsWinCom
from mo_gateway.keys import message_key
from mo_gateway.message import Message, WebhookRequest
from mo_gateway.numbering import load_numbering
from mo_gateway.providers import Piece
from mo_gateway.providers.pswincom import PsWinComInbound
from mo_gateway.wire import FORM
from mo_gateway.xmltext import read_xml
from tests.providers.examples import NOW, request_of, webhook_request

XML = "application/xml"
INBOUND = PsWinComInbound(numbering=load_numbering(), timezone=ZoneInfo("Europe/Oslo"), country="NLD")
FAKE = FakePsWinCom(clock=lambda: NOW)

#: "Receive message request XML": its sample.
SAMPLE = b"""<?xml version="1.0"?>
<MSGLST>
<MSG>
<ID>1</ID>
<TEXT>Incoming message 1</TEXT>
<SND>4512345678</SND>
<RCV>4512345678</RCV>
</MSG>
</MSGLST>
"""
#: Version 2 of the protocol: another order, a network, METADATA, an address; and a document type.
VERSION_2 = b"""<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE MSGLST SYSTEM "http://192.0.2.1/pswincom_receive_request.dtd">
<MSGLST>
  <MSG>
    <ID>7</ID><SND>4712345678</SND><RCV>26112</RCV><TEXT>VOTE bl\xe5 &#8364; &amp; gr\xf8nn</TEXT>
    <NET>242:01</NET><ADDRESS>Kari;;Nordmann;Gata 1;0001;Oslo;3;301</ADDRESS>
    <METADATA>
      <DATA KEY="TIMESTAMP" VALUE="2026-11-22 15:02:09"/>
      <DATA KEY="REFERENCE" VALUE="36d9b9f4-3d8f-4b7e-9a53-6e8e4d5f0c11"/>
      <DATA KEY="OTHER" VALUE="x"/>
    </METADATA>
  </MSG>
  <MSG><ID>8</ID><TEXT/><SND>4712345679</SND><RCV>26112</RCV></MSG>
</MSGLST>
"""
SAMPLE_FORM = b"ID=1&SND=4712345678&RCV=26112&TXT=Test message"


def messages(request: WebhookRequest, charset: str | None = None) -> list[Message]:
    return [INBOUND.parse(piece.request, charset) for piece in INBOUND.split(request)]


def msg(**fields: str) -> bytes:
    """Write a list with one message, some of its fields changed; one that is empty is left out."""
    usual = {"ID": "1", "TEXT": "WIN blue", "SND": "4712345678", "RCV": "26112"}
    children = "".join(f"<{name}>{value}</{name}>" for name, value in (usual | fields).items() if value)
    return f"<MSGLST><MSG>{children}</MSG></MSGLST>".encode()


def metadata(**fields: str) -> str:
    return "".join(f'<DATA KEY="{key}" VALUE="{value}"/>' for key, value in fields.items())


def faults(raw: bytes, content_type: str = XML) -> dict[str, str]:
    """Give the bad fields of a request with one message, each with the rule it broke."""
    with pytest.raises(InvalidRequest) as refused:
        messages(webhook_request(raw, content_type))
    return {error.field: error.rule for error in refused.value.errors}


def test_the_sample_of_the_page_is_a_message_without_a_time_and_a_network() -> None:
    [message] = messages(webhook_request(SAMPLE, XML))

    assert message == Message(
        provider="pswincom",
        provider_id=None,
        msisdn="4512345678",
        keyword="Incoming",
        parm="message 1",
        operator="",
        shortcode="4512345678",
        country="NLD",
        reference="1",
        timestamp_raw="20261122150000",
        sent_at=NOW,
        received_at=NOW,
        charset="iso-8859-1",
        marks=("time-missing", "country-assumed"),
    )


def test_version_2_tells_network_time_and_reference() -> None:
    first, second = messages(webhook_request(VERSION_2, XML))

    assert (first.keyword, first.parm) == ("VOTE", "blå € & grønn")
    assert (first.msisdn, first.shortcode) == ("4712345678", "26112")
    assert (first.operator, first.country, first.marks) == ("24201", "NOR", ())
    assert first.provider_id == first.reference == "36d9b9f4-3d8f-4b7e-9a53-6e8e4d5f0c11"
    assert first.timestamp_raw == "20261122150209"
    assert first.sent_at == datetime(2026, 11, 22, 14, 2, 9, tzinfo=UTC)
    assert (second.msisdn, second.keyword, second.parm) == ("4712345679", "", "")


def test_the_form_of_the_page_is_a_message() -> None:
    [message] = messages(webhook_request(SAMPLE_FORM, FORM))

    assert (message.msisdn, message.shortcode, message.text) == ("4712345678", "26112", "Test message")
    assert (message.provider_id, message.reference) == (None, "1")
    assert message.marks == ("time-missing", "country-assumed")


def test_each_piece_keeps_its_own_bytes() -> None:
    request = webhook_request(VERSION_2, "text/xml", now=NOW)

    first, second = INBOUND.split(request)

    assert first.request.raw.startswith(b"<MSG>\n    <ID>7</ID>")
    assert first.request.raw in VERSION_2
    assert second.request.raw == b"<MSG><ID>8</ID><TEXT/><SND>4712345679</SND><RCV>26112</RCV></MSG>"
    assert (first.id, second.id) == ("7", "8")
    assert first.request == replace(
        request, raw=first.request.raw, content_type="application/xml; charset=iso-8859-1"
    )


def test_stored_bytes_are_read_again_without_their_content_type() -> None:
    request = replace(webhook_request(VERSION_2, XML))
    [piece, _] = INBOUND.split(request)
    stored = replace(piece.request, content_type="")

    assert INBOUND.parse(stored, "iso-8859-1") == INBOUND.parse(piece.request)
    assert INBOUND.parse(stored, "auto").text == "VOTE blå € & grønn"
    assert "undecodable-bytes" in INBOUND.parse(stored, "utf-8").marks


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert len(messages(webhook_request(b"\xef\xbb\xbf" + SAMPLE, XML))) == 1


@pytest.mark.parametrize("end", [b"\0", b"\r\n\0", b"\0\0\n"])
def test_a_nul_at_the_end_is_no_part_of_the_document(end: bytes) -> None:
    assert len(messages(webhook_request(SAMPLE + end, XML))) == 1


@pytest.mark.parametrize(
    ("text", "content_type", "declaration", "charset"),
    [
        ("blå".encode("latin-1"), XML, b"", "iso-8859-1"),
        ("blå".encode("latin-1"), XML, b'<?xml version="1.0"?>', "iso-8859-1"),
        ("blå".encode(), XML, b'<?xml version="1.0" encoding="UTF-8"?>', "utf-8"),
        ("blå".encode(), f"{XML}; charset=utf-8", b"", "utf-8"),
        # LINK's own client of 2024 declares the one and sends the other
        ("blå".encode(), "text/xml; charset=utf-8", b'<?xml version="1.0" encoding="iso-8859-1"?>', "utf-8"),
        (b"bl\xe5", XML, b'<?xml version="1.0" encoding="windows-1252"?>', "windows-1252"),
        (b"bl&#229;", XML, b'<?xml version="1.0" encoding="us-ascii"?>', "iso-8859-1"),
    ],
)
def test_a_charset_is_that_of_http_else_the_declared_one_else_latin_1(
    text: bytes, content_type: str, declaration: bytes, charset: str
) -> None:
    raw = declaration + msg(TEXT="@").replace(b"@", text)

    [message] = messages(webhook_request(raw, content_type))

    assert (message.text, message.charset) == ("blå", charset)


def test_a_charset_that_nobody_knows_is_marked() -> None:
    raw = b'<?xml version="1.0" encoding="klingon"?>' + msg()

    [message] = messages(webhook_request(raw, XML))

    assert (message.charset, message.marks[0]) == ("iso-8859-1", "charset-unknown")


@pytest.mark.parametrize(
    ("network", "operator", "country", "marks"),
    [
        ("242:01", "24201", "NOR", ()),
        ("204:08", "20408", "NLD", ()),
        ("206:10", "20610", "BEL", ()),
        ("242:98", "24298", "NOR", ("operator-unlisted",)),
        ("302:720", "", "CAN", ("operator-left-out",)),
        ("310:410", "", "NLD", ("operator-left-out", "country-assumed")),
        ("270:01", "27001", "NLD", ("country-assumed",)),
        ("", "", "NLD", ("country-assumed",)),
    ],
)
def test_the_network_tells_the_operator_and_mostly_the_country(
    network: str, operator: str, country: str, marks: tuple[str, ...]
) -> None:
    raw = msg(NET=network, METADATA=metadata(TIMESTAMP="2026-11-22 15:02:09", REFERENCE="r"))

    [message] = messages(webhook_request(raw, XML))

    assert (message.operator, message.country, message.marks) == (operator, country, marks)


@pytest.mark.parametrize(
    ("text", "keyword", "parm"),
    [
        ("WIN", "WIN", ""),
        ("WIN blue", "WIN", "blue"),
        ("WIN  blue ", "WIN", " blue "),
        ("WIN\nblue", "WIN", "\nblue"),
        ("  win", "win", ""),
        ("a-word-of-more-than-fifteen-characters x", "a-word-of-more-than-fifteen-characters", "x"),
        ("A", "A", ""),
        ("", "", ""),
        ("   ", "", ""),
        ("one\ttwo\r\nthree", "one", "\ttwo\r\nthree"),
    ],
)
def test_the_first_word_is_the_keyword_and_the_rest_stays_as_it_is(text: str, keyword: str, parm: str) -> None:
    raw = f"ID=1&SND=4712345678&RCV=26112&TXT={text}".encode()

    [message] = messages(webhook_request(raw, FORM))

    assert (message.keyword, message.parm) == (keyword, parm)


def test_elements_within_a_text_are_text() -> None:
    [message] = messages(webhook_request(msg(TEXT="a <b>bold</b> <![CDATA[<word>]]>"), XML))

    assert message.text == "a bold <word>"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"SND": "Telenor"}, ["SND"]),
        ({"SND": "12345"}, ["SND"]),
        ({"SND": "0471234567"}, ["SND"]),
        ({"SND": "1" * 16}, ["SND"]),
        ({"SND": "٤٧١٢٣٤٥٦٧٨"}, ["SND"]),
        ({"SND": ""}, ["SND"]),
        ({"RCV": "4" * 21}, ["RCV"]),
        ({"RCV": "short"}, ["RCV"]),
        ({"TEXT": "a\x7f"}, ["TEXT"]),
        ({"TEXT": ""}, ["TEXT"]),
        ({"NET": "24201"}, ["NET"]),
        ({"NET": "242:1"}, ["NET"]),
        ({"NET": "242:0१"}, ["NET"]),
        ({"METADATA": metadata(TIMESTAMP="2026-02-30 10:00:00")}, ["TIMESTAMP"]),
        ({"METADATA": metadata(TIMESTAMP="22-11-2026 10:00")}, ["TIMESTAMP"]),
        ({"METADATA": metadata(TIMESTAMP="9999-12-31 23:59:60")}, ["TIMESTAMP"]),
        ({"METADATA": metadata(REFERENCE="r" * 101)}, ["REFERENCE"]),
        ({"SND": "x", "RCV": "", "NET": "1"}, ["NET", "RCV", "SND"]),
    ],
)
def test_every_bad_field_is_named(fields: dict[str, str], named: list[str]) -> None:
    assert sorted(faults(msg(**fields))) == named


@pytest.mark.parametrize("name", ["SND", "RCV", "TXT"])
def test_a_form_must_have_each_of_its_fields(name: str) -> None:
    raw = b"&".join(part for part in SAMPLE_FORM.split(b"&") if not part.startswith(name.encode()))

    assert faults(raw, FORM) == {name: "is required and did not come"}


def test_a_field_may_come_once() -> None:
    assert faults(SAMPLE_FORM + b"&SND=4712345679", FORM) == {"SND": "may be given once, not 2 times"}
    assert list(faults(msg(TEXT="a</TEXT><TEXT>b"))) == ["TEXT"]


@pytest.mark.parametrize("control", ["%00", "%07", "%1B", "%7F"])
def test_a_text_may_hold_no_control_characters(control: str) -> None:
    assert faults(f"ID=1&SND=4712345678&RCV=26112&TXT=a{control}".encode(), FORM) == {
        "TXT": "may hold no control characters"
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"<MSGLST>",
        b"<MSGLST></MSGLST>",
        b"<SESSION><MSGLST><MSG/></MSGLST></SESSION>",
        b"<html><body>hello</body></html>",
        b'<!DOCTYPE MSGLST [<!ENTITY x "y">]>' + SAMPLE.partition(b"?>")[2],
        SAMPLE.replace(b"1", b"\x01"),
    ],
)
def test_a_list_that_cannot_be_taken_apart_is_refused_as_a_whole(raw: bytes) -> None:
    assert list(faults(raw)) == ["(body)"]


@pytest.mark.parametrize("raw", [SAMPLE, b"<MSG>"])
def test_what_is_not_one_message_is_refused_when_it_is_read_again(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="body"):
        INBOUND.parse(webhook_request(raw))


def test_one_bad_message_does_not_spoil_its_neighbours() -> None:
    raw = VERSION_2.replace(b"4712345678", b"nobody").replace(b"&#8364;", b"&eacute;")

    first, second = INBOUND.split(webhook_request(raw, XML))

    with pytest.raises(InvalidRequest):
        INBOUND.parse(first.request)
    assert INBOUND.parse(second.request).msisdn == "4712345679"


def test_each_message_is_answered_by_its_id() -> None:
    request = webhook_request(VERSION_2, XML)
    first, second = INBOUND.split(request)

    answer = INBOUND.acknowledge(request, [(first, True), (second, False)])

    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert statuses(answer.body) == [("7", "OK"), ("8", "FAIL")]


def test_a_message_without_an_id_is_answered_by_its_number() -> None:
    raw = msg(ID="").replace(b"</MSGLST>", b"<MSG>&what;</MSG></MSGLST>")
    request = webhook_request(b'<!DOCTYPE MSGLST SYSTEM "x.dtd">' + raw, XML)

    answer = INBOUND.acknowledge(request, [(piece, True) for piece in INBOUND.split(request)])

    assert statuses(answer.body) == [("1", "OK"), ("2", "OK")]


def test_an_id_comes_back_as_it_was() -> None:
    request = webhook_request(msg(ID="a&lt;b &amp; &#8364;"), XML)

    answer = INBOUND.acknowledge(request, [(piece, True) for piece in INBOUND.split(request)])

    assert statuses(answer.body) == [("a<b & €", "OK")]


def test_a_document_that_is_kept_but_cannot_be_read_is_answered_too() -> None:
    answer = INBOUND.acknowledge(webhook_request(b"<MSGLST>", XML), [])

    assert statuses(answer.body) == [("1", "OK")]


@pytest.mark.parametrize(("is_kept", "status"), [(True, 200), (False, 503)])
def test_a_form_is_answered_by_the_http_status(is_kept: bool, status: int) -> None:
    request = webhook_request(SAMPLE_FORM, FORM)

    answer = INBOUND.acknowledge(request, [(piece, is_kept) for piece in INBOUND.split(request)])

    assert (answer.status, answer.content_type) == (status, "text/plain")


def keys(request: WebhookRequest) -> list[bytes]:
    return [message_key(message) for message in messages(request)]


def test_a_retry_is_recognised_by_its_reference_whatever_else_has_changed() -> None:
    raw = msg(METADATA=metadata(TIMESTAMP="2026-11-22 15:02:09", REFERENCE="r-1"))
    later = webhook_request(raw.replace(b"<ID>1", b"<ID>4"), XML, now=NOW + timedelta(days=2))

    assert keys(webhook_request(raw, XML)) == keys(later)


def test_the_same_text_with_another_reference_is_another_message() -> None:
    one, other = (
        msg(METADATA=metadata(TIMESTAMP="2026-11-22 15:02:09", REFERENCE=reference)) for reference in ("a", "b")
    )

    assert keys(webhook_request(one, XML)) != keys(webhook_request(other, XML))


def test_a_reference_without_a_time_recognises_a_retry_whenever_it_comes() -> None:
    raw = msg(METADATA=metadata(REFERENCE="r-1"))
    first, later = (webhook_request(raw, XML, now=NOW + timedelta(days=days)) for days in (0, 9))

    assert keys(first) == keys(later)
    [message] = messages(first)
    assert (message.timestamp_raw, message.sent_at) == ("0" * 14, NOW)
    assert "time-missing" in message.marks


@pytest.mark.parametrize(("raw", "content_type"), [(SAMPLE, XML), (SAMPLE_FORM, FORM)])
def test_without_an_id_and_a_time_the_hour_tells_a_retry_from_a_second_message(
    raw: bytes, content_type: str
) -> None:
    first, retry, next_hour = (
        keys(webhook_request(raw, content_type, now=NOW + timedelta(minutes=minutes))) for minutes in (0, 50, 60)
    )

    assert first == retry
    assert first != next_hour


def test_equal_messages_of_one_list_are_several() -> None:
    raw = msg().replace(b"</MSGLST>", msg(ID="2").removeprefix(b"<MSGLST>"))

    assert len(set(keys(webhook_request(raw, XML)))) == 2


def test_a_time_that_a_clock_change_skips_is_marked() -> None:
    raw = msg(METADATA=metadata(TIMESTAMP="2026-03-29 02:30:00", REFERENCE="r"))

    assert "clock-skipped" in messages(webhook_request(raw, XML))[0].marks


@pytest.mark.parametrize("text", ["WIN blue", "één € & <b> 🎉", "", "Δ Σ\nΣ"])
def test_the_fake_writes_what_is_read(text: str) -> None:
    call = FAKE.inbound(text, "second", sender="31612345678", receiver="4414", network="204:08")

    first, second = messages(request_of(call))

    assert (call.path, call.headers["PSW-Message-version"]) == ("/pswincom/mo", "2")
    assert first.text == text
    assert (first.msisdn, first.shortcode, first.operator, first.country) == (
        "31612345678",
        "4414",
        "20408",
        "NLD",
    )
    assert first.provider_id != second.provider_id
    assert first.timestamp_raw == "20261122150211"


def test_the_fake_writes_forms_too() -> None:
    [message] = messages(request_of(FAKE.inbound_form("WIN blå")))

    assert message.text == "WIN blå"


def test_the_documented_media_types_are_known() -> None:
    assert set(INBOUND.media_types) == {"application/xml", "text/xml", FORM, ""}


@given(
    raw=st.one_of(
        st.binary(),
        st.binary().map(lambda inner: b"<MSGLST><MSG>" + inner + b"</MSG></MSGLST>"),
        st.text().map(lambda text: msg(TEXT=text)),
        st.text().map(lambda text: f"SND=4712345678&RCV=26112&TXT={text}".encode()),
    ),
    content_type=st.one_of(st.sampled_from([XML, FORM, "text/xml; charset=utf-8"]), st.text()),
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


def statuses(body: bytes) -> list[tuple[str, str]]:
    """Read an acknowledgement: each ID with its status."""
    return [(msg.findtext("ID", ""), msg.findtext("STATUS", "")) for msg in read_xml(body)]
