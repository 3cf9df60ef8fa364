"""Spryng's sending side: its client against the fake over real HTTP, every code, every word of a report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from json import dumps, loads
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.errors import ConfigError
from mo_gateway.fakes.server import Call, FakeAnswer, FakeServer, Taken, running
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.form import read_form
from mo_gateway.message import WebhookRequest
from mo_gateway.providers.spryng import CODES, REPORT_WORDS, SpryngReports, SpryngSender
from mo_gateway.providers.spryng.sending import ADDRESSES, read_code, read_document
from mo_gateway.reply import Delivery, SendOutcome, SendResult, VCard
from mo_gateway.wire import Answer, NotSent
from tests.examples import FORM_TYPE, NOW
from tests.providers.examples import WIRE, json_values, mt_message

APIS = ("send", "simple", "rest")
FORM_APIS = ("send", "simple")
PATHS = {"send": "/api/send.php", "simple": "/api/simple/message", "rest": "/v1/messages"}
PASSWORD, SECRET, TOKEN = "geheim-wachtwoord", "geheime-sleutel", "geheim-token"
NAMES = ("body", "originator", "recipients", "encoding", "route", "reference")

#: OpenWave's page on Spryng, in its own words, with what becomes of the SMS.
RETURN_CODES = [
    ("1", "Succesvol ontvangen", SendOutcome.SENT),
    ("100", "Missende parameter", SendOutcome.FAILED),
    ("101", "Gebruikersnaam te lang", SendOutcome.LATER),
    ("102", "Gebruikersnaam te kort", SendOutcome.LATER),
    ("103", "Wachtwoord te kort", SendOutcome.LATER),
    ("104", "Wachtwoord te lang", SendOutcome.LATER),
    ("105", "Bestemming te kort", SendOutcome.FAILED),
    ("106", "Bestemming te lang", SendOutcome.FAILED),
    ("107", "Afzender te lang", SendOutcome.FAILED),
    ("108", "Afzender te kort", SendOutcome.FAILED),
    ("109", "Inhoud te lang", SendOutcome.FAILED),
    ("110", "Inhoud te kort", SendOutcome.FAILED),
    ("200", "Veiligheidsfout", SendOutcome.LATER),
    ("201", "Onbekende route", SendOutcome.LATER),
    ("202", "Route toegang overtreding", SendOutcome.LATER),
    ("203", "Onvoldoende credits", SendOutcome.LATER),
    ("800", "Technische fout", SendOutcome.LATER),
]


class Recording(FakeSpryng):
    """The fake, which keeps what it was called with."""

    def __init__(self, **switches: Any) -> None:
        super().__init__(**switches)
        self.calls: list[Call] = []

    def answer(self, call: Call) -> FakeAnswer:
        self.calls.append(call)
        return super().answer(call)


def sender(api: str = "simple", server: FakeServer | None = None, /, **changes: Any) -> SpryngSender:
    """Make a client with the credentials that the fake knows."""
    usual = {
        "wire": WIRE,
        "api": api,
        "url": f"{server.url}{PATHS[api]}" if server else "",
        "username": "user",
        "password": PASSWORD,
        "secret": "",
        "token": TOKEN,
        "route": "business",
        "service": "",
        "raw_encoding": False,
        "report_codes": {},
        "rate": 1200,
    }
    return SpryngSender(**{**usual, **changes})


@contextmanager
def spryng(api: str = "simple", fake: FakeSpryng | None = None, **changes: Any) -> Iterator[SpryngSender]:
    """Give a client of a fake that is there."""
    with running(fake or FakeSpryng()) as server:
        yield sender(api, server, **changes)


def failed(code: str, text: str) -> SendResult:
    return SendResult(outcome=SendOutcome.FAILED, code=code, text=text)


def later(code: str, text: str) -> SendResult:
    return SendResult(outcome=SendOutcome.LATER, code=code, text=text, holds=True)


def fields_of(call: Call, charset: str) -> dict[str, str]:
    return dict(read_form(call.body, content_type="", charset=charset).parameters)


def other(taken: Taken) -> dict[str, str]:
    return dict(taken.other)


@pytest.mark.parametrize("api", APIS)
def test_a_reply_arrives_as_it_was_written(api: str) -> None:
    fake = FakeSpryng()
    with spryng(api, fake) as client:
        result = client.send(mt_message("Leuk! {1} [2] ~ U doet mee."))

    assert result.outcome is SendOutcome.SENT
    [taken] = fake.taken
    assert taken.to == "32470123456"
    assert taken.sender == "4414"
    assert taken.text == "Leuk! {1} [2] ~ U doet mee."
    assert taken.reference == "9f86d081884c7d65"
    assert taken.wants_report


def test_rest_gives_the_id_of_a_message_and_forms_give_none() -> None:
    fake = FakeSpryng()
    with spryng("rest", fake) as client:
        result = client.send(mt_message())
    with spryng("send") as client:
        assert client.send(mt_message()).provider_id is None

    assert result.provider_id == fake.taken[0].id
    assert len(result.provider_id) == 36


@pytest.mark.parametrize("proof", [{"password": PASSWORD}, {"password": "", "secret": SECRET}, {"secret": SECRET}])
@pytest.mark.parametrize("api", FORM_APIS)
def test_a_form_is_proven_by_the_secret_or_else_by_the_password(api: str, proof: dict[str, str]) -> None:
    fake = Recording()
    with spryng(api, fake, **proof) as client:
        assert client.send(mt_message()).outcome is SendOutcome.SENT

    names = {name.upper() for name in fields_of(fake.calls[0], "utf-8")}
    assert names & {"PASSWORD", "SECRET"} == ({"SECRET"} if "secret" in proof else {"PASSWORD"})


def test_send_gets_the_parameters_of_its_page_and_simple_those_of_its_client() -> None:
    old, new = Recording(), Recording()
    with spryng("send", old, service="contest") as client:
        client.send(mt_message())
    with spryng("simple", new, service="contest") as client:
        client.send(mt_message())

    assert fields_of(old.calls[0], "utf-8") == {
        "OPERATION": "send",
        "USERNAME": "user",
        "PASSWORD": PASSWORD,
        "DESTINATION": "32470123456",
        "SENDER": "4414",
        "BODY": "U doet mee.",
        "ROUTE": "BUSINESS",
        "REFERENCE": "9f86d081884c7d65",
        "SERVICE": "contest",
    }
    assert fields_of(new.calls[0], "utf-8") == {
        "username": "user",
        "password": PASSWORD,
        "destination": "32470123456",
        "sender": "4414",
        "body": "U doet mee.",
        "route": "business",
        "reference": "9f86d081884c7d65",
        "service": "contest",
    }


def test_rest_gets_a_document_and_the_token() -> None:
    fake = Recording()
    with spryng("rest", fake) as client:
        client.send(mt_message("Café €"))

    [call] = fake.calls
    assert call.headers["Authorization"] == f"Bearer {TOKEN}"
    assert call.headers["Content-Type"] == call.headers["Accept"] == "application/json"
    assert loads(call.body) == {
        "body": "Café €",
        "originator": "4414",
        "recipients": ["32470123456"],
        "encoding": "plain",
        "route": "business",
        "reference": "9f86d081884c7d65",
    }


@pytest.mark.parametrize(("route", "written"), [("business", "BUSINESS"), ("economy", "ECONOMY"), ("4", "4")])
def test_send_writes_routes_as_its_page_does(route: str, written: str) -> None:
    fake = FakeSpryng()
    with spryng("send", fake, route=route) as client:
        client.send(mt_message())

    assert other(fake.taken[0])["ROUTE"] == written


@pytest.mark.parametrize(
    ("text", "raw_encoding", "flags", "in_bytes"),
    [
        ("Hallo", False, {}, b"Hallo"),
        ("Café à 5 £", False, {}, b"Caf%E9%20%E0%205%20%A3"),
        ("Café", True, {"RAWENCODING": "1"}, b"Caf%C3%A9"),
        ("5 €", False, {"RAWENCODING": "1"}, b"5%20%E2%82%AC"),
        ("Ω", False, {"RAWENCODING": "1"}, b"%CE%A9"),
        ("België", False, {"RAWENCODING": "1", "UNICODE": "1"}, b"Belgi%C3%AB"),
        ("👍", True, {"RAWENCODING": "1", "UNICODE": "1"}, b"%F0%9F%91%8D"),
    ],
)
@pytest.mark.parametrize("api", FORM_APIS)
def test_a_form_is_latin_1_where_that_has_all_characters(
    api: str, text: str, raw_encoding: bool, flags: dict[str, str], in_bytes: bytes
) -> None:
    fake = Recording()
    with spryng(api, fake, raw_encoding=raw_encoding) as client:
        client.send(mt_message(text))

    assert b"=" + in_bytes + b"&" in fake.calls[0].body
    assert fake.taken[0].text == text
    sent = other(fake.taken[0])
    assert {name: sent[name] for name in ("RAWENCODING", "UNICODE") if name in sent} == flags


@pytest.mark.parametrize(("text", "encoding"), [("Café €", "plain"), ("België", "unicode"), ("👍", "unicode")])
def test_rest_is_told_the_alphabet(text: str, encoding: str) -> None:
    fake = FakeSpryng()
    with spryng("rest", fake) as client:
        client.send(mt_message(text))

    assert fake.taken[0].text == text
    assert other(fake.taken[0])["encoding"] == encoding


@pytest.mark.parametrize("api", APIS)
def test_a_text_is_sent_as_it_was_measured(api: str) -> None:
    fake = FakeSpryng()
    with spryng(api, fake) as client:
        client.send(mt_message("cafe\u0301"))

    assert fake.taken[0].text == "café"


@pytest.mark.parametrize(
    ("text", "is_long"),
    [
        ("a" * 160, False),
        ("a" * 161, True),
        ("€" * 80, False),
        ("€" * 81, True),
        ("a" * 612, True),
        ("ë" * 70, False),
        ("ë" * 71, True),
        ("ë" * 268, True),
    ],
)
@pytest.mark.parametrize("api", FORM_APIS)
def test_more_than_one_part_is_allowed_where_it_takes_them(api: str, text: str, is_long: bool) -> None:
    fake = FakeSpryng()
    with spryng(api, fake) as client:
        assert client.send(mt_message(text)).outcome is SendOutcome.SENT

    assert fake.taken[0].text == text
    assert ("ALLOWLONG" in other(fake.taken[0])) is is_long


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": "a" * 613}, "the text has 5 parts, and Spryng takes 4"),
        ({"text": "ë" * 269}, "the text has 5 parts, and Spryng takes 4"),
        ({"text": "", "vcard": VCard(name="Jan")}, "Spryng sends texts only"),
        ({"text": "", "data": "00ff", "udh": "050003010201"}, "Spryng sends texts only"),
        ({"msisdn": "", "group": "members"}, "Spryng has no groups"),
        ({"sender": ""}, "a sender has at most"),
        ({"sender": "123456789012345"}, "a sender has at most"),
        ({"sender": "twelve chars"}, "a sender has at most"),
        ({"sender": "café"}, "a sender has at most"),
        ({"sender": "1234567890a1"}, "a sender has at most"),
        ({"sender": "line\nfeed"}, "a sender has at most"),
        ({"sender": "٤٤١٤"}, "a sender has at most"),
        ({"reference": "r" * 257}, "a reference has at most 256"),
    ],
)
def test_what_spryng_cannot_send_is_not_tried(api: str, changes: dict[str, Any], sentence: str) -> None:
    fake = Recording()
    with spryng(api, fake) as client:
        result = client.send(mt_message(**changes))

    assert result.outcome is SendOutcome.FAILED
    assert result.text.startswith(sentence)
    assert fake.calls == []


@pytest.mark.parametrize("name", ["4", "4414", "12345678901234", "0031641041106", "beheer OW", "elevenchars", "a"])
@pytest.mark.parametrize("api", APIS)
def test_a_sender_of_eleven_characters_or_fourteen_digits_is_sent(api: str, name: str) -> None:
    fake = FakeSpryng()
    with spryng(api, fake) as client:
        assert client.send(mt_message(sender=name)).outcome is SendOutcome.SENT

    assert fake.taken[0].sender == name


@pytest.mark.parametrize(("code", "in_dutch", "outcome"), RETURN_CODES, ids=[row[1] for row in RETURN_CODES])
@pytest.mark.parametrize("status", [200, 400, 422])
def test_every_return_code_has_its_class(code: str, in_dutch: str, outcome: SendOutcome, status: int) -> None:
    result = read_code(Answer(status=status, body=f" {code}\r\n".encode()))

    expected = SendOutcome.UNKNOWN if code == "1" and status != 200 else outcome
    assert result.outcome is expected
    assert result.code == code
    assert CODES[code].meaning in result.text


def test_no_return_code_is_missing_and_they_have_the_order_of_the_page() -> None:
    assert list(CODES) == [code for code, _, _ in RETURN_CODES]


@pytest.mark.parametrize("pair", [("101", "102"), ("109", "110")])
def test_codes_whose_order_is_in_doubt_mean_the_same(pair: tuple[str, str]) -> None:
    assert CODES[pair[0]] == CODES[pair[1]]


@pytest.mark.parametrize("code", ["101", "102", "103", "104", "200", "201", "202", "203", "800"])
def test_what_is_wrong_with_the_account_uses_up_no_message_and_holds_the_others(code: str) -> None:
    result = read_code(Answer(status=200, body=code.encode()))

    assert (result.outcome, result.holds) == (SendOutcome.LATER, True)


@pytest.mark.parametrize("code", ["100", "105", "106", "107", "108", "109", "110"])
def test_what_is_wrong_with_a_message_holds_no_other(code: str) -> None:
    result = read_code(Answer(status=200, body=code.encode()))

    assert (result.outcome, result.holds) == (SendOutcome.FAILED, False)


@pytest.mark.parametrize(("status", "body"), [(200, b"999"), (200, b"<html>"), (422, b"1"), (502, b"")])
def test_an_answer_that_may_mean_anything_holds_the_other_messages(status: int, body: bytes) -> None:
    result = read_code(Answer(status=status, body=body))

    assert (result.outcome, result.holds) == (SendOutcome.UNKNOWN, True)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (200, b"01", SendOutcome.SENT, "1"),
        (200, b"", SendOutcome.UNKNOWN, "unreadable"),
        (200, b"OK", SendOutcome.UNKNOWN, "unreadable"),
        (200, b"1 200", SendOutcome.UNKNOWN, "unreadable"),
        (200, b"<html>1</html>", SendOutcome.UNKNOWN, "unreadable"),
        (200, "１".encode(), SendOutcome.UNKNOWN, "unreadable"),
        (200, b"0", SendOutcome.UNKNOWN, "0"),
        (200, b"999", SendOutcome.UNKNOWN, "999"),
        (200, b"-1", SendOutcome.UNKNOWN, "unreadable"),
        (204, b"", SendOutcome.UNKNOWN, "unreadable"),
        (401, b"", SendOutcome.LATER, "HTTP 401"),
        (404, b"<html>", SendOutcome.LATER, "HTTP 404"),
        (405, b"", SendOutcome.LATER, "HTTP 405"),
        (422, b"{}", SendOutcome.FAILED, "HTTP 422"),
        (429, b"", SendOutcome.LATER, "HTTP 429"),
        (500, b"", SendOutcome.LATER, "HTTP 500"),
        (500, b"1", SendOutcome.UNKNOWN, "1"),
        (502, b"", SendOutcome.UNKNOWN, "HTTP 502"),
        (503, b"203", SendOutcome.LATER, "203"),
    ],
)
def test_any_other_answer_to_a_form_has_its_class_too(
    status: int, body: bytes, outcome: SendOutcome, code: str
) -> None:
    result = read_code(Answer(status=status, body=body))

    assert (result.outcome, result.code) == (outcome, code)


@given(st.integers(100, 999), st.binary() | st.sampled_from([*CODES, "01", "2"]).map(str.encode))
def test_only_the_code_for_it_is_taken_for_success(status: int, body: bytes) -> None:
    result = read_code(Answer(status=status, body=body))

    is_success = 200 <= status < 300 and body.strip() in (b"1", b"01")
    assert (result.outcome is SendOutcome.SENT) is is_success


@pytest.mark.parametrize("api", FORM_APIS)
@pytest.mark.parametrize(
    ("switches", "changes", "message", "code"),
    [
        ({}, {}, {"msisdn": ""}, "100"),
        ({}, {"username": "u" * 33}, {}, "101"),
        ({}, {"username": "u"}, {}, "102"),
        ({"is_swapped": True}, {"username": "u"}, {}, "101"),
        ({}, {"password": "kort"}, {}, "103"),
        ({}, {"password": "p" * 33}, {}, "104"),
        ({}, {}, {"msisdn": "324"}, "105"),
        ({}, {}, {"msisdn": "3247012345678901"}, "106"),
        ({}, {"password": "verkeerd-wachtwoord"}, {}, "200"),
        ({}, {"secret": "verkeerde-sleutel"}, {}, "200"),
        ({}, {"username": "User"}, {}, "200"),
        ({}, {"route": "9999"}, {}, "201"),
        ({"closed_routes": ["business"]}, {}, {}, "202"),
        ({"credit": Decimal("0.5")}, {}, {}, "203"),
        ({"is_broken": True}, {}, {}, "800"),
    ],
)
@pytest.mark.parametrize("status", [200, 422])
def test_what_spryng_refuses_is_told_by_its_code(
    api: str, switches: Any, changes: Any, message: Any, code: str, status: int
) -> None:
    fake = FakeSpryng(status_of_errors=status, **switches)
    with spryng(api, fake, **changes) as client:
        result = client.send(mt_message(**message))

    assert result == SendResult(
        outcome=CODES[code].outcome, code=code, text=CODES[code].meaning, holds=CODES[code].holds
    )
    assert fake.taken == []


def form_code(fake: FakeSpryng, query: str = "", /, **changes: str | None) -> str:
    """Post a form to the fake, as other clients than ours would, and give its code."""
    usual = {
        "USERNAME": "user",
        "PASSWORD": PASSWORD,
        "DESTINATION": "32470123456",
        "SENDER": "4414",
        "BODY": "Hallo",
    }
    fields = [(name, value) for name, value in {**usual, **changes}.items() if value is not None]
    with running(fake) as server:
        return WIRE.post_form(f"{server.url}/api/send.php{query}", fields).text()


@pytest.mark.parametrize("name", ["USERNAME", "PASSWORD", "DESTINATION", "SENDER", "BODY"])
def test_the_fake_misses_each_parameter_that_is_required(name: str) -> None:
    assert form_code(FakeSpryng(), **{name: None}) == "100"


@pytest.mark.parametrize(
    ("changes", "code", "swapped"),
    [
        ({"USERNAME": ""}, "102", "101"),
        ({"SENDER": "123456789012345"}, "107", "107"),
        ({"SENDER": "twelve chars"}, "107", "107"),
        ({"SENDER": ""}, "108", "108"),
        ({"BODY": "a" * 161}, "109", "110"),
        ({"BODY": "a" * 161, "ALLOWLONG": ""}, "109", "110"),
        ({"BODY": "a" * 613, "ALLOWLONG": "1"}, "109", "110"),
        ({"BODY": "ë" * 71, "UNICODE": "1", "RAWENCODING": "1"}, "109", "110"),
        ({"BODY": ""}, "110", "109"),
        ({"DESTINATION": "0032470123456"}, "105", "105"),
        ({"DESTINATION": "+32470123456"}, "105", "105"),
        ({"DESTINATION": "32470123456,"}, "105", "105"),
        ({"DESTINATION": ",".join(["32470123456"] * 1001)}, "106", "106"),
        ({"BODY": "a" * 612, "ALLOWLONG": "1"}, "1", "1"),
        ({"DESTINATION": "32470123456, 32470123457"}, "1", "1"),
        ({"OPERATION": "send", "ROUTE": "BUSINESS", "ALLOWLONG": "", "RAWENCODING": ""}, "1", "1"),
    ],
)
def test_the_fake_looks_at_what_is_documented(changes: dict[str, str], code: str, swapped: str) -> None:
    assert form_code(FakeSpryng(), **changes) == code
    assert form_code(FakeSpryng(is_swapped=True), **changes) == swapped


def test_the_fake_takes_names_in_any_case_from_the_query_too() -> None:
    fake = FakeSpryng()

    assert form_code(fake, "?password=geheim-wachtwoord&body=caf%E9", PASSWORD=None, BODY=None) == "1"
    assert fake.taken[0].text == "café"


def test_the_fake_loses_what_gsm_has_not_where_unicode_is_not_asked_for() -> None:
    fake = FakeSpryng()

    assert form_code(fake, BODY="België €", RAWENCODING="1") == "1"
    assert fake.taken[0].text == "Belgi? €"


def test_the_fake_charges_each_part_to_each_number() -> None:
    fake = FakeSpryng(credit=Decimal("10.5"))

    assert form_code(fake, BODY="a" * 161, ALLOWLONG="1", DESTINATION="32470123456,32470123457") == "1"
    assert fake.credit == Decimal("6.5")
    assert [taken.to for taken in fake.taken] == ["32470123456", "32470123457"]


@pytest.mark.parametrize(
    ("switches", "changes", "message", "expected"),
    [
        ({}, {"token": "verkeerd-geheim"}, {}, later("HTTP 401", "the token or the password is wrong")),
        ({}, {}, {"msisdn": "324"}, failed("HTTP 422", "a parameter is missing or wrong: recipients")),
        ({}, {"route": "9999"}, {}, failed("HTTP 422", "a parameter is missing or wrong: route")),
        ({"credit": Decimal(0)}, {}, {}, later("HTTP 422", "not enough credits")),
    ],
)
def test_what_rest_refuses_is_told_in_words_of_ours(
    switches: Any, changes: Any, message: Any, expected: SendResult
) -> None:
    fake = FakeSpryng(**switches)
    with spryng("rest", fake, **changes) as client:
        result = client.send(mt_message(**message))

    assert result == expected
    assert fake.taken == []


def test_rest_in_trouble_is_tried_later() -> None:
    with spryng("rest", FakeSpryng(is_broken=True)) as client:
        result = client.send(mt_message())

    assert (result.outcome, result.code, result.holds) == (SendOutcome.LATER, "HTTP 500", True)


@pytest.mark.parametrize("change", NAMES)
def test_the_fake_names_each_field_of_rest_that_is_wrong(change: str) -> None:
    right = {"body": "Hallo", "originator": "4414", "recipients": ["32470123456"], "reference": "r"}
    with running(FakeSpryng()) as server:
        answer = WIRE.call(
            "POST",
            f"{server.url}/v1/messages",
            dumps({**right, change: ["x"]}).encode(),
            {"Authorization": f"Bearer {TOKEN}"},
        )

    assert answer.status == 422
    assert list(answer.json()["errors"]) == [change]
    result = read_document(answer)
    assert result.outcome is SendOutcome.FAILED
    assert result.text == f"a parameter is missing or wrong: {change}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/messages", 405), ("POST", "/v1/balance", 405), ("GET", "/v2/messages", 404)],
)
def test_the_fake_has_only_the_pages_that_are_documented(method: str, path: str, status: int) -> None:
    with running(FakeSpryng()) as server:
        assert WIRE.call(method, f"{server.url}{path}").status == status


ID = "5b8a1f0e-6c2f-4f6e-9d3e-2b8f7c1a0d4e"


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_with_an_id_is_one(status: int) -> None:
    result = read_document(Answer(status=status, body=dumps({"id": ID, "more": [1]}).encode()))

    assert result == SendResult(outcome=SendOutcome.SENT, provider_id=ID)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"1",
        b"null",
        b"[]",
        b"{}",
        b'{"id": null}',
        b'{"id": ""}',
        b'{"id": 7}',
        b'{"id": ["7"]}',
        b'{"id": "\\u0000"}',
        b'{"id": "\\ud83d"}',
        b'{"id": "' + b"7" * 1000 + b'"}',
        b'{"data": {"id": "7"}}',
        b"[" * 60_000,
        b"<html>",
    ],
)
def test_success_without_an_id_may_be_one(document: bytes) -> None:
    assert read_document(Answer(status=200, body=document)).outcome is SendOutcome.UNKNOWN


any_json = json_values(st.sampled_from(["id", "errors", "credits", "body"]))


@given(st.integers(100, 999), any_json.map(lambda value: dumps(value).encode()) | st.binary())
def test_whatever_rest_answers_is_a_result(status: int, body: bytes) -> None:
    result = read_document(Answer(status=status, body=body))

    assert result.outcome is not SendOutcome.SENT or (result.provider_id and 200 <= status < 300)
    assert "\0" not in f"{result.provider_id}{result.code}{result.text}"


@pytest.mark.parametrize("api", APIS)
def test_the_credit_is_asked_for_without_sending(api: str) -> None:
    fake = FakeSpryng(credit=Decimal("123.4"))
    with spryng(api, fake) as client:
        standing = client.standing()

    assert standing.is_right
    assert standing.was_asked
    assert standing.credit == "123.4"
    assert standing.text == "Spryng has 123.4 credits for us"
    assert fake.taken == []


@pytest.mark.parametrize("api", APIS)
def test_wrong_credentials_are_found_out(api: str) -> None:
    with spryng(api, password="verkeerd-geheim", token="verkeerd-geheim") as client:
        standing = client.standing()

    assert not standing.is_right
    assert "geheim" not in standing.text


def test_the_secret_is_enough_for_the_credit_of_simple() -> None:
    with spryng("simple", password="", secret=SECRET) as client:
        assert client.standing().credit == "100.5"


def test_the_secret_is_not_enough_for_the_credit_of_send() -> None:
    fake = Recording()
    with spryng("send", fake, password="", secret=SECRET) as client:
        standing = client.standing()

    assert not standing.was_asked
    assert fake.calls == []


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("simple", b""),
        ("simple", b"-1"),
        ("simple", b"<html>"),
        ("send", b"1,5"),
        ("rest", b""),
        ("rest", b"7"),
        ("rest", b'{"amount": null}'),
        ("rest", b'{"amount": true}'),
        ("rest", b'{"amount": NaN}'),
        ("rest", b'{"amount": "much"}'),
    ],
)
def test_an_answer_that_is_no_credit_is_not_right(api: str, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSpryng, "answer", lambda *_: FakeAnswer(body=body))
    with spryng(api) as client:
        standing = client.standing()

    assert not standing.is_right
    assert standing.credit is None


@pytest.mark.parametrize(
    ("api", "credit_page"),
    [
        ("send", "https://api.spryngsms.com/api/check.php"),
        ("simple", "https://rest.spryngsms.com/api/simple/balance"),
        ("rest", "https://rest.spryngsms.com/v1/balance"),
    ],
)
def test_without_a_url_spryng_itself_is_called(
    api: str, credit_page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = []

    def call(_wire: object, _method: str, url: str, *_args: object, **_kwargs: object) -> Answer:
        called.append(url)
        return Answer(status=500, body=b"")

    monkeypatch.setattr("mo_gateway.wire.Wire.call", call)
    client = sender(api)
    client.send(mt_message())
    client.standing()

    assert called == [ADDRESSES[api], credit_page]
    assert not client.is_local


def test_a_fake_is_local() -> None:
    with spryng() as client:
        assert client.is_local


def test_what_spryng_keeps_and_takes_is_said() -> None:
    client = sender()

    assert (client.name, client.rate, client.most_parts) == ("spryng", 1200, 4)
    assert client.repeats_safely_for == timedelta(0)


@pytest.mark.parametrize(
    ("api", "changes", "variable"),
    [
        ("rest", {"token": ""}, "MO_GATEWAY_SPRYNG_TOKEN"),
        ("simple", {"username": ""}, "MO_GATEWAY_SPRYNG_USERNAME"),
        ("simple", {"password": ""}, "MO_GATEWAY_SPRYNG_PASSWORD"),
        ("send", {"password": ""}, "MO_GATEWAY_SPRYNG_SECRET"),
    ],
)
def test_an_api_without_its_credentials_is_a_wrong_setting(
    api: str, changes: dict[str, str], variable: str
) -> None:
    with pytest.raises(ConfigError, match=variable):
        sender(api, **changes)


@pytest.mark.parametrize("api", APIS)
def test_credentials_are_shown_nowhere(api: str) -> None:
    client = sender(api, secret=SECRET, url="http://127.0.0.1:1/x")
    with pytest.raises(NotSent) as caught:
        client.send(mt_message())

    shown = f"{client!r} {caught.value!r} {caught.value.__cause__!r}"
    assert "geheim" not in shown


def report(raw: bytes, *, method: str = "GET", codes: dict[str, str] | None = None) -> Any:
    request = WebhookRequest(
        method=method,
        raw=raw,
        content_type=FORM_TYPE if method == "POST" else "",
        remote_addr="192.0.2.1",
        received_at=NOW,
    )
    [read] = SpryngReports(codes=codes or {}).reports(request)
    return read


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Delivered", Delivery.DELIVERED),
        ("Not Delivered", Delivery.FAILED),
        ("Buffered", Delivery.PENDING),
        ("ENROUTE", Delivery.PENDING),
        ("EN_ROUTE", Delivery.PENDING),
        ("DELIVERED", Delivery.DELIVERED),
        ("EXPIRED", Delivery.FAILED),
        ("UNDELIVERABLE", Delivery.FAILED),
        ("pending", Delivery.PENDING),
        ("sent", Delivery.PENDING),
        ("delivered", Delivery.DELIVERED),
        ("failed", Delivery.FAILED),
        ("10", Delivery.UNKNOWN),
        ("", Delivery.UNKNOWN),
    ],
)
def test_every_word_of_a_report_has_its_class(word: str, status: Delivery) -> None:
    read = report(f"REFERENCE=1&STATUS={word.replace(' ', '+')}".encode())

    assert (read.status, read.provider_status, read.reference) == (status, word, "1")


def test_no_word_of_a_report_is_missing() -> None:
    words = {"delivered", "not delivered", "buffered", "enroute", "en_route", "expired", "undeliverable"}

    assert set(REPORT_WORDS) == words | {"pending", "sent", "failed"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("raw", [b"REFERENCE=r1&STATUS=Delivered", b"status=delivered&Reference=r1&extra=x"])
def test_a_report_is_read_from_a_query_or_a_form_whatever_the_case(method: str, raw: bytes) -> None:
    read = report(raw, method=method)

    assert read.provider == "spryng"
    assert read.status is Delivery.DELIVERED
    assert (read.reference, read.provider_id, read.reported_at) == ("r1", None, None)
    assert read.raw == raw


def test_words_of_the_settings_go_before_those_that_are_known() -> None:
    codes = {"10": "delivered", "Zugestellt": "delivered", "BUFFERED": "failed"}

    assert report(b"STATUS=10", codes=codes).status is Delivery.DELIVERED
    assert report(b"STATUS=zugestellt", codes=codes).status is Delivery.DELIVERED
    assert report(b"STATUS=Buffered", codes=codes).status is Delivery.FAILED
    assert report(b"STATUS=20", codes=codes).status is Delivery.UNKNOWN


@pytest.mark.parametrize("raw", [b"", b"STATUS=Delivered", b"REFERENCE=r1", b"{}", b"STATUS=%00&REFERENCE=%00"])
def test_half_a_report_is_kept(raw: bytes) -> None:
    assert report(raw).raw == raw


@pytest.mark.parametrize("raw", [b"REFERENCE=a&REFERENCE=b&STATUS=Delivered&STATUS=failed"])
def test_of_a_name_that_comes_twice_the_first_counts(raw: bytes) -> None:
    assert (report(raw).reference, report(raw).status) == ("a", Delivery.DELIVERED)


@given(st.binary(), st.sampled_from(["GET", "POST"]))
def test_whatever_comes_is_a_report_that_can_be_stored(raw: bytes, method: str) -> None:
    read = report(b"STATUS=" + raw + b"&REFERENCE=" + raw, method=method)

    kept = f"{read.provider_status}{read.reference or ''}"
    assert "\0" not in kept
    assert len(kept) <= 512
    kept.encode()


@pytest.mark.parametrize(("state", "status"), [("", Delivery.DELIVERED), ("Not Delivered", Delivery.FAILED)])
@pytest.mark.parametrize("api", APIS)
def test_the_report_of_the_fake_is_read(api: str, state: str, status: Delivery) -> None:
    fake = FakeSpryng()
    with spryng(api, fake) as client:
        client.send(mt_message())

    call = fake.report(fake.taken[0], state)

    assert (call.method, call.path) == ("GET", "/spryng/dlr")
    read = report(call.query.encode())
    assert (read.status, read.reference) == (status, mt_message().reference)


def test_a_report_is_answered_as_a_message_is() -> None:
    request = WebhookRequest(method="GET", raw=b"", content_type="", remote_addr="192.0.2.1", received_at=NOW)

    acknowledgement = SpryngReports().acknowledge(request)

    assert (acknowledgement.status, acknowledgement.body) == (200, b"TRUE")
