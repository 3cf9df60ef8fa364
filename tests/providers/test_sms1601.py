"""1601SMS: its client against the fake over real HTTP, its reports, and answers that nobody documented."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.fakes.server import Call, FakeAnswer, FakeServer, running
from mo_gateway.fakes.sms1601 import FakeSms1601
from mo_gateway.message import WebhookRequest
from mo_gateway.providers.sms1601 import CODES, STATES, Sms1601Reports, Sms1601Sender, Told, read_result
from mo_gateway.reply import Delivery, SendOutcome, VCard
from mo_gateway.wire import Answer
from tests.providers.examples import WIRE, mt_message

USERNAME, PASSWORD = "our-name", "p&ss+wörd %41"
HASHED = sha1(PASSWORD.encode()).hexdigest()
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 9 o'clock in Amsterdam
MESSAGE = mt_message("You are in.", msisdn="32478123456", sender="Contest", reference="abc-1")


class Recording(FakeSms1601):
    """The fake at a time of ours, which keeps what it was called with."""

    def __init__(self) -> None:
        groups = {"members": ("32478123456", "31600123456"), "nobody": ()}
        super().__init__(username=USERNAME, password=PASSWORD, groups=groups, now=lambda: self.time)
        self.time = NOW
        self.calls: list[Call] = []

    def answer(self, call: Call) -> FakeAnswer:
        self.calls.append(call)
        return super().answer(call)

    @property
    def given(self) -> dict[str, str]:
        """The parameters of the last call."""
        return dict(parse_qsl(self.calls[-1].query, strict_parsing=True))


@pytest.fixture
def fake() -> Recording:
    return Recording()


@pytest.fixture
def server(fake: Recording) -> Iterator[FakeServer]:
    with running(fake) as server:
        yield server


@pytest.fixture
def sender(server: FakeServer) -> Sms1601Sender:
    return sender_to(f"{server.url}/module/")


def sender_to(url: str, **settings: Any) -> Sms1601Sender:
    usual = {
        "username": USERNAME,
        "password": PASSWORD,
        "hash_password": True,
        "test": False,
        "schedule": False,
        "logging": True,
        "e_mail": False,
        "poll": False,
        "rate": 600,
    }
    return Sms1601Sender(wire=WIRE, timezone=AMSTERDAM, url=url, **{**usual, **settings})


def answer_of(body: str, status: int = 200) -> Answer:
    return Answer(status=status, body=body.encode())


def pushed(query: str) -> WebhookRequest:
    return WebhookRequest(
        method="GET", raw=query.encode(), content_type="", remote_addr="192.0.2.1", received_at=NOW
    )


def test_a_text_is_sent_and_its_id_comes_back(sender: Sms1601Sender, fake: Recording) -> None:
    result = sender.send(MESSAGE)

    [taken] = fake.taken
    assert (result.outcome, result.provider_id) == (SendOutcome.SENT, taken.id)
    assert (taken.to, taken.sender, taken.text, taken.reference) == (
        "32478123456",
        "Contest",
        "You are in.",
        "abc-1",
    )
    assert taken.wants_report


@pytest.mark.parametrize(
    ("charset", "text", "written"),
    [
        ("utf-8", "één €", "%C3%A9%C3%A9n%20%E2%82%AC"),
        ("iso-8859-1", "één", "%E9%E9n"),
        ("windows-1252", "één €", "%E9%E9n%20%80"),
    ],
)
def test_a_text_is_written_by_the_charset_that_is_set(
    sender: Sms1601Sender, fake: Recording, charset: str, text: str, written: str
) -> None:
    replace(sender, charset=charset).send(replace(MESSAGE, text=text))

    assert f"bericht={written}" in fake.calls[-1].query.split("&")


def test_a_text_that_the_charset_cannot_write_is_not_sent_as_another(
    sender: Sms1601Sender, fake: Recording
) -> None:
    result = replace(sender, charset="iso-8859-1").send(replace(MESSAGE, text="5 €"))

    assert (result.outcome, result.was_asked) == (SendOutcome.FAILED, False)
    assert result.text == "iso-8859-1 (MO_GATEWAY_SMS1601_CHARSET) has no U+20AC"
    assert fake.calls == []


def test_a_request_has_the_documented_parameters(sender: Sms1601Sender, fake: Recording) -> None:
    sender.send(MESSAGE)

    [call] = fake.calls
    assert (call.method, call.path, call.body) == ("GET", "/module/gateway.php", b"")
    assert fake.given == {
        "klantuser": USERNAME,
        "klantpwd": HASHED,
        "bericht": "You are in.",
        "naar": "32478123456",
        "afzender": "Contest",
        "logging": "ja",
        "delivery": "ja",
        "referentie": "abc-1",
    }


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"hash_password": False}, "klantpwd", PASSWORD),
        ({"hash_password": True}, "klantpwd", HASHED),
        ({"logging": True}, "logging", "ja"),
        ({"logging": False}, "logging", "nee"),
        ({"test": True}, "test", "ja"),
    ],
)
def test_a_setting_is_a_parameter(
    server: FakeServer, fake: Recording, settings: dict[str, bool], name: str, value: str
) -> None:
    result = sender_to(server.url, **settings).send(MESSAGE)

    assert result.outcome is SendOutcome.SENT
    assert fake.given[name] == value


@pytest.mark.parametrize("text", ["a&b=c+d %41", "één €\nΔ ~[]", "x" * 160])
def test_a_text_arrives_as_it_was_written(sender: Sms1601Sender, fake: Recording, text: str) -> None:
    sender.send(replace(MESSAGE, text=text))

    assert fake.taken[0].text == text
    assert "type" not in fake.given


def test_text_and_sender_are_written_as_the_document_writes_them(sender: Sms1601Sender, fake: Recording) -> None:
    sender.send(replace(MESSAGE, text="this is a test", sender="Our shop"))

    assert "bericht=this%20is%20a%20test" in fake.calls[0].query.split("&")
    assert "afzender=Our%20shop" in fake.calls[0].query.split("&")
    assert fake.taken[0].sender == "Our shop"


def test_letters_and_accents_apart_are_sent_as_one(sender: Sms1601Sender, fake: Recording) -> None:
    sender.send(replace(MESSAGE, text="caf" + "e\u0301"))

    assert fake.taken[0].text == "café"


@pytest.mark.parametrize("text", ["x" * 161, "x" * 459, "€" * 81])
def test_a_text_over_160_is_marked_as_long(sender: Sms1601Sender, fake: Recording, text: str) -> None:
    result = sender.send(replace(MESSAGE, text=text))

    assert result.outcome is SendOutcome.SENT
    assert fake.given["type"] == "long"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"text": "x" * 460}, "459"),
        ({"text": "café ♥"}, "MO_GATEWAY_TRANSLITERATE=1"),
        ({"text": "", "vcard": VCard(name="Jan")}, "visiting cards"),
        ({"text": "", "data": "00FF"}, "binary"),
        ({"reference": "r" * 76}, "75"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_is_called(
    sender: Sms1601Sender, fake: Recording, change: dict[str, Any], word: str
) -> None:
    result = sender.send(replace(MESSAGE, **change))

    assert result.outcome is SendOutcome.FAILED
    assert word in result.text
    assert not fake.calls


def test_a_reference_of_75_characters_is_sent_whole(sender: Sms1601Sender, fake: Recording) -> None:
    sender.send(replace(MESSAGE, reference="r" * 75))

    assert fake.taken[0].reference == "r" * 75


@pytest.mark.parametrize(
    ("ours", "theirs"), [("Contest", "Contest"), ("32470000000", "+32470000000"), ("+32470000000", "+32470000000")]
)
def test_a_sender_that_is_a_number_gets_its_plus(
    sender: Sms1601Sender, fake: Recording, ours: str, theirs: str
) -> None:
    result = sender.send(replace(MESSAGE, sender=ours))

    assert result.outcome is SendOutcome.SENT
    assert fake.given["afzender"] == theirs


def test_a_group_gets_it_and_no_id_is_asked_for(sender: Sms1601Sender, fake: Recording) -> None:
    result = sender.send(replace(MESSAGE, msisdn="", group="members"))

    assert (result.outcome, result.provider_id) == (SendOutcome.SENT, None)
    assert (fake.given["naar"], fake.given["groep"], "delivery" in fake.given) == ("groep", "members", False)
    assert [taken.to for taken in fake.taken] == ["32478123456", "31600123456"]


@pytest.mark.parametrize("base", ["", "/", "/module", "/module/"])
def test_the_base_url_may_end_with_a_slash_or_not(server: FakeServer, fake: Recording, base: str) -> None:
    result = sender_to(f"{server.url}{base}").send(MESSAGE)

    assert result.outcome is SendOutcome.SENT


def test_test_mode_checks_everything_and_sends_nothing(server: FakeServer, fake: Recording) -> None:
    result = sender_to(server.url, test=True).send(MESSAGE)
    refused = sender_to(server.url, test=True).send(replace(MESSAGE, msisdn="0478123456"))

    assert (result.outcome, refused.code) == (SendOutcome.SENT, "106")
    assert (len(fake.taken), fake.credit) == (0, 100)


def test_a_later_message_goes_to_the_outbox_under_an_id_of_its_own(server: FakeServer, fake: Recording) -> None:
    result = sender_to(server.url, schedule=True).send(replace(MESSAGE, at=LATER))

    [outbox_id] = fake.outbox
    assert (result.outcome, result.provider_id) == (SendOutcome.SENT, f"outbox:{outbox_id}")
    assert (fake.given["datum"], fake.given["outboxid"], fake.given["emailen"]) == ("202611230900", "ja", "nee")
    assert not fake.taken


@pytest.mark.parametrize(
    ("at", "datum"),
    [
        (datetime(2027, 7, 1, 10, 0, tzinfo=UTC), "202707011200"),
        (datetime(2027, 7, 1, 10, 0, 1, tzinfo=UTC), "202707011201"),
        (datetime(2027, 7, 1, 10, 59, 59, 1, tzinfo=UTC), "202707011300"),
        (datetime(2027, 1, 1, 0, 0, tzinfo=ZoneInfo("America/New_York")), "202701010600"),
    ],
)
def test_a_moment_is_written_in_the_zone_and_never_before_itself(
    server: FakeServer, fake: Recording, at: datetime, datum: str
) -> None:
    sender_to(server.url, schedule=True).send(replace(MESSAGE, at=at))

    assert fake.given["datum"] == datum


def test_without_schedule_its_outbox_is_not_used(sender: Sms1601Sender, fake: Recording) -> None:
    sender.send(replace(MESSAGE, at=LATER))

    assert not {"datum", "outboxid", "emailen"} & fake.given.keys()


def test_the_confirmation_by_e_mail_can_be_had(server: FakeServer, fake: Recording) -> None:
    sender_to(server.url, schedule=True, e_mail=True).send(replace(MESSAGE, at=LATER))

    assert "emailen" not in fake.given


def test_a_scheduled_message_is_sent_in_its_time_by_the_fake(server: FakeServer, fake: Recording) -> None:
    sender = sender_to(server.url, schedule=True)
    sender.send(replace(MESSAGE, at=LATER))

    fake.time = LATER
    sender.credits()

    assert [taken.reference for taken in fake.taken] == ["abc-1"]
    assert not fake.outbox


def test_a_scheduled_message_is_removed_by_the_id_that_it_got(server: FakeServer, fake: Recording) -> None:
    sender = sender_to(server.url, schedule=True)
    kept, removed = (sender.send(replace(MESSAGE, at=LATER)).provider_id for _ in range(2))

    told = sender.remove_scheduled(str(removed))

    assert told == Told(is_done=True, text="removed")
    assert [f"outbox:{id_}" for id_ in fake.outbox] == [kept]


def test_all_scheduled_messages_to_one_number_are_removed(server: FakeServer, fake: Recording) -> None:
    sender = sender_to(server.url, schedule=True)
    for message in (MESSAGE, replace(MESSAGE, msisdn="31600123456"), replace(MESSAGE, msisdn="", group="members")):
        sender.send(replace(message, at=LATER))

    told = sender.remove_scheduled_to("32478123456")

    assert told.is_done
    assert [[taken.to for taken in kept.messages] for kept in fake.outbox.values()] == [["31600123456"]] * 2


def test_the_outbox_is_emptied(server: FakeServer, fake: Recording) -> None:
    sender = sender_to(server.url, schedule=True)
    sender.send(replace(MESSAGE, at=LATER))

    assert sender.empty_outbox().is_done
    assert not fake.outbox


def test_that_nothing_was_there_to_remove_is_no_error(sender: Sms1601Sender) -> None:
    told = (sender.remove_scheduled("1"), sender.remove_scheduled_to("32478123456"), sender.empty_outbox())

    assert told == (Told(is_done=True, code="122", text=CODES["122"].meaning),) * 3


@pytest.mark.parametrize("body", ["ERROR 104", "<html>", "12", ""])
def test_a_removal_that_was_refused_is_not_done(body: str) -> None:
    with running(Saying(body)) as server:
        assert not sender_to(server.url).empty_outbox().is_done


def test_credits_are_a_number(sender: Sms1601Sender, fake: Recording) -> None:
    fake.credit = 476

    assert sender.credits() == Told(is_done=True, text="476")
    assert fake.given == {"klantuser": USERNAME, "klantpwd": HASHED, "action": "credits"}


def test_how_we_stand_is_the_credit(sender: Sms1601Sender, fake: Recording) -> None:
    standing = sender.standing()

    assert (standing.is_right, standing.credit, standing.was_asked) == (True, "100", True)
    assert not fake.taken


def test_a_wrong_password_is_told_without_sending(server: FakeServer) -> None:
    standing = sender_to(server.url, password="wrong").standing()

    assert not standing.is_right
    assert standing.text == "1601SMS says 104: user name and password do not belong together"


@pytest.mark.parametrize(
    ("body", "status"), [("<html>476</html>", 200), ("OK", 200), ("", 200), ("4.5", 200), ("no", 503)]
)
def test_what_is_no_number_of_credits_is_no_standing(body: str, status: int) -> None:
    with running(Saying(body, status)) as server:
        standing = sender_to(server.url).standing()

    assert (standing.is_right, standing.credit) == (False, None)
    assert "credits" in standing.text or "trouble" in standing.text


def test_the_list_of_reports_is_given_as_it_came(sender: Sms1601Sender, fake: Recording) -> None:
    for _ in range(3):
        sender.send(MESSAGE)

    told = sender.report(2)

    assert told.is_done
    assert told.text.splitlines() == [
        f"{taken.id};32478123456;SUBMITTED;22/11/2026 15:30:00" for taken in reversed(fake.taken[1:])
    ]
    assert (fake.given["action"], fake.given["aantal"]) == ("rapport", "2")


def test_the_list_of_reports_is_freed_of_markup() -> None:
    with running(Saying("\ufeff 1;DELIVERED<br />2;NONE<BR>\r\n")) as server:
        assert sender_to(server.url).report(2).text == "1;DELIVERED\n2;NONE"


def test_no_list_of_reports_comes_for_a_number_that_is_none(sender: Sms1601Sender) -> None:
    assert sender.report(0) == Told(is_done=False, code="124", text=CODES["124"].meaning)


def test_no_list_of_reports_comes_with_an_http_error() -> None:
    with running(Saying("", 503)) as server:
        assert sender_to(server.url).report(1).code == "HTTP 503"


def test_a_report_can_be_asked_for(sender: Sms1601Sender, fake: Recording) -> None:
    provider_id = str(sender.send(MESSAGE).provider_id)
    fake.report(fake.taken[0], "DELIVERED")

    report = sender.poll_report(provider_id)

    assert report is not None
    assert (report.provider, report.status, report.provider_status) == (
        "sms1601",
        Delivery.DELIVERED,
        "DELIVERED",
    )
    assert (report.provider_id, report.reference, report.reported_at) == (provider_id, None, NOW)
    assert report.raw == b"DELIVERED 22/11/2026 15:30:00"
    assert fake.calls[-1].path == "/module/gatewayrapport.php"
    assert fake.given == {"smsid": provider_id, "datum": "ja"}


@pytest.mark.parametrize(
    ("body", "status", "reported_at"),
    [
        ("DELIVERED 01/02/2012 10:23:10", Delivery.DELIVERED, datetime(2012, 2, 1, 9, 23, 10, tzinfo=UTC)),
        ("NOT DELIVERED 01/07/2012 10:23:10", Delivery.FAILED, datetime(2012, 7, 1, 8, 23, 10, tzinfo=UTC)),
        ("NOT&nbsp;DELIVERED<br>", Delivery.FAILED, None),
        ("rejected", Delivery.FAILED, None),
        ("NONE", Delivery.UNKNOWN, None),
        ("BUFFERED 31/02/2012 10:23:10", Delivery.PENDING, None),
        ("SUBMITTED 01/01/0001 00:00:00", Delivery.PENDING, None),
    ],
)
def test_a_polled_answer_is_a_state_with_or_without_its_time(
    body: str, status: Delivery, reported_at: datetime | None
) -> None:
    with running(Saying(body)) as server:
        report = sender_to(server.url).poll_report("1234567")

    assert report is not None
    assert (report.status, report.reported_at) == (status, reported_at)


@pytest.mark.parametrize(
    ("body", "status"), [("", 200), ("ERROR 120", 200), ("OK 1", 200), ("<html>", 200), ("DELIVERED", 500)]
)
def test_a_polled_answer_that_is_no_state_is_no_report(body: str, status: int) -> None:
    with running(Saying(body, status)) as server:
        assert sender_to(server.url).poll_report("1234567") is None


def test_an_outbox_id_is_never_taken_for_the_id_of_an_sms(sender: Sms1601Sender, fake: Recording) -> None:
    assert sender.poll_report("outbox:1234567") is None
    assert not fake.calls


@pytest.mark.parametrize("error", CODES)
def test_each_row_of_the_table_of_errors(error: str) -> None:
    with running(FakeSms1601(username=USERNAME, password=PASSWORD, error=error)) as server:
        result = sender_to(server.url).send(MESSAGE)

    row = CODES[error]
    assert (result.outcome, result.code, result.text, result.holds) == (row.outcome, error, row.meaning, row.holds)


def test_the_table_of_errors_is_that_of_the_document() -> None:
    assert list(CODES) == [*map(str, range(100, 127)), "150"]
    account, trouble = ["100", "101", "104", "108", "115", "116"], ["120", "150"]
    assert [code for code, row in CODES.items() if row.outcome is SendOutcome.LATER] == [*account, *trouble]
    assert [code for code, row in CODES.items() if row.holds] == [*account, *trouble]
    assert {row.outcome for row in CODES.values()} == {SendOutcome.LATER, SendOutcome.FAILED}


@pytest.mark.parametrize(
    ("body", "outcome", "code", "provider_id"),
    [
        ("OK", SendOutcome.SENT, "", None),
        ("OK 1234567", SendOutcome.SENT, "", "1234567"),
        ("\ufeffok 1234567\r\n", SendOutcome.SENT, "", "1234567"),
        ("OK&nbsp;1234567<br/>", SendOutcome.SENT, "", "1234567"),
        ("ERROR 106", SendOutcome.FAILED, "106", None),
        ("error\t150\n", SendOutcome.LATER, "150", None),
        ("ERROR 131", SendOutcome.LATER, "131", None),
        ("ERROR", SendOutcome.LATER, "ERROR", None),
        ("", SendOutcome.UNKNOWN, "unreadable", None),
        ("OK 1 2", SendOutcome.UNKNOWN, "unreadable", None),
        ("OK ١٢٣", SendOutcome.UNKNOWN, "unreadable", None),
        ("OKAY", SendOutcome.UNKNOWN, "unreadable", None),
        ("<html>OK 1</html>", SendOutcome.UNKNOWN, "unreadable", None),
        ("476", SendOutcome.UNKNOWN, "unreadable", None),
    ],
)
def test_the_grammar_of_an_answer(body: str, outcome: SendOutcome, code: str, provider_id: str | None) -> None:
    result = read_result(answer_of(body))

    assert (result.outcome, result.code, result.provider_id) == (outcome, code, provider_id)


@pytest.mark.parametrize(
    ("body", "status", "outcome", "holds"),
    [
        ("ERROR 106", 500, SendOutcome.FAILED, False),
        ("ERROR 108", 500, SendOutcome.LATER, True),
        ("ERROR 131", 200, SendOutcome.LATER, True),
        ("ERROR", 200, SendOutcome.LATER, True),
        ("OK 1", 500, SendOutcome.UNKNOWN, True),
        ("Not found", 404, SendOutcome.LATER, True),
        ("Sorry", 503, SendOutcome.LATER, True),
        ("Sorry", 200, SendOutcome.UNKNOWN, True),
    ],
)
def test_an_http_status_counts_where_the_body_says_nothing(
    body: str, status: int, outcome: SendOutcome, holds: bool
) -> None:
    result = read_result(answer_of(body, status))

    assert (result.outcome, result.holds) == (outcome, holds)


@given(body=st.binary(), status=st.sampled_from([200, 302, 404, 500, 503]))
def test_no_answer_is_an_exception(body: bytes, status: int) -> None:
    result = read_result(Answer(status=status, body=body))

    assert isinstance(result.outcome, SendOutcome)


def test_neither_results_nor_reprs_hold_the_credentials(sender: Sms1601Sender, fake: Recording) -> None:
    refused = sender_to("http://127.0.0.1:1/", password="wrong")
    shown = repr([sender, sender.send(MESSAGE), sender.standing(), refused])

    assert not [secret for secret in (PASSWORD, HASHED, "wrong") if secret in shown]
    quoting = repr(read_result(answer_of(f"ERROR 104 {USERNAME} {PASSWORD} {HASHED}")))
    assert not [secret for secret in (USERNAME, PASSWORD, HASHED) if secret in quoting]


@pytest.mark.parametrize("word", STATES)
def test_each_row_of_the_table_of_states(word: str) -> None:
    [report] = Sms1601Reports(timezone=AMSTERDAM).reports(pushed(f"smsid=1&status={word.replace(' ', '+')}"))

    assert (report.status, report.provider_status) == (STATES[word], word)


def test_the_table_of_states_is_that_of_the_document_and_the_numbers_of_its_house() -> None:
    assert STATES == {
        "DELIVERED": Delivery.DELIVERED,
        "NOT DELIVERED": Delivery.FAILED,
        "BUFFERED": Delivery.PENDING,
        "SUBMITTED": Delivery.PENDING,
        "REJECTED": Delivery.FAILED,
        "NONE": Delivery.UNKNOWN,
        "0": Delivery.PENDING,
        "1": Delivery.DELIVERED,
        "2": Delivery.FAILED,
        "3": Delivery.PENDING,
        "4": Delivery.FAILED,
        "5": Delivery.FAILED,
        "9": Delivery.UNKNOWN,
    }


@pytest.mark.parametrize("status", ["NOT+DELIVERED", "NOT%20DELIVERED", "not%20delivered", "+NOT++DELIVERED+"])
def test_a_pushed_report_names_id_time_state_and_reference(status: str) -> None:
    query = f"smsid=1234567&datum=20120201102310&status={status}&referentie=abc-1"

    [report] = Sms1601Reports(timezone=AMSTERDAM).reports(pushed(query))

    assert (report.provider, report.status) == ("sms1601", Delivery.FAILED)
    assert (report.provider_id, report.reference) == ("1234567", "abc-1")
    assert report.reported_at == datetime(2012, 2, 1, 9, 23, 10, tzinfo=UTC)
    assert report.raw == query.encode()


def test_the_fake_pushes_what_is_read(sender: Sms1601Sender, fake: Recording) -> None:
    result = sender.send(MESSAGE)

    call = fake.report(fake.taken[0], "NOT DELIVERED")

    [report] = Sms1601Reports(timezone=AMSTERDAM).reports(pushed(call.query))
    assert (call.method, call.path) == ("GET", "/sms1601/dlr")
    assert (report.status, report.reported_at) == (Delivery.FAILED, NOW)
    assert (report.provider_id, report.reference) == (result.provider_id, "abc-1")


@pytest.mark.parametrize("datum", ["", "2012", "20120231102310", "00000000000000", "00010101000000", "tomorrow"])
def test_a_time_that_cannot_be_read_costs_no_report(datum: str) -> None:
    [report] = Sms1601Reports(timezone=AMSTERDAM).reports(pushed(f"smsid=1&datum={datum}&status=DELIVERED"))

    assert (report.status, report.reported_at) == (Delivery.DELIVERED, None)


@pytest.mark.parametrize("query", ["", "smsid=1", "smsid=1&status=LOST", "status=%00%FF&smsid=%00&referentie=%0a"])
def test_what_cannot_be_read_is_one_report_of_unknown(query: str) -> None:
    [report] = Sms1601Reports(timezone=AMSTERDAM).reports(pushed(query))

    assert report.status is Delivery.UNKNOWN
    assert "\0" not in f"{report.provider_status}{report.provider_id}{report.reference}"


@given(raw=st.one_of(st.binary(), st.binary().map(lambda raw: b"smsid=1&status=" + raw)))
def test_no_report_is_an_exception(raw: bytes) -> None:
    [report] = Sms1601Reports(timezone=AMSTERDAM).reports(replace(pushed(""), raw=raw))

    assert report.raw == raw


def test_a_report_is_acknowledged_with_ok() -> None:
    acknowledgement = Sms1601Reports(timezone=AMSTERDAM).acknowledge(pushed(""))

    assert (acknowledgement.status, acknowledgement.body) == (200, b"OK")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"klantuser": ""}, "100"),
        ({"klantpwd": ""}, "101"),
        ({"bericht": ""}, "102"),
        ({"naar": ""}, "103"),
        ({"klantuser": "other"}, "104"),
        ({"klantpwd": "other"}, "104"),
        ({"bericht": "x" * 161}, "105"),
        ({"naar": "0478123456"}, "106"),
        ({"naar": "+32478123456"}, "106"),
        ({"naar": "32478123456,12"}, "106"),
        ({"naar": "999478123456"}, "107"),
        ({"naar": ",".join(["32478123456"] * 101)}, "108"),
        ({"afzender": ""}, "109"),
        ({"afzender": "32478123456"}, "110"),
        ({"afzender": "thirteen-char"}, "111"),
        ({"afzender": "+32x"}, "111"),
        ({"afzender": "+999478123456"}, "112"),
        ({"afzender": "Café"}, "113"),
        ({"naar": "44700000000"}, "114"),
        ({"afzender": "Bank"}, "117"),
        ({"bericht": "x" * 460, "type": "long"}, "118"),
        ({"bericht": "x" * 161, "type": "long", "naar": "33600000000"}, "119"),
        ({"datum": "202611221529"}, "121"),
        ({"datum": "202613011200"}, "121"),
        ({"datum": "tomorrow"}, "121"),
        ({"action": "verwijderbericht", "id": "1"}, "122"),
        ({"action": "verwijderbericht", "naar": "32478123456"}, "122"),
        ({"action": "verwijderoutbox"}, "122"),
        ({"action": "rapport"}, "123"),
        ({"action": "rapport", "aantal": "many"}, "124"),
        ({"naar": "groep", "groep": "friends"}, "125"),
        ({"naar": "groep"}, "125"),
        ({"naar": "groep", "groep": "nobody"}, "126"),
    ],
)
def test_the_fake_checks_what_the_document_has_an_error_for(change: dict[str, str], error: str) -> None:
    fake = FakeSms1601(
        username=USERNAME,
        password=PASSWORD,
        groups={"nobody": ()},
        barred_countries=("44",),
        short_countries=("33",),
        barred_senders=("Bank",),
        now=lambda: NOW,
    )
    given = {"klantuser": USERNAME, "klantpwd": PASSWORD, "bericht": "x", "naar": "32478123456", "afzender": "x"}
    with running(fake) as server:
        answer = WIRE.get(f"{server.url}/gateway.php", {**given, **change}.items())

    assert answer.body == f"ERROR {error}".encode()
    assert (len(fake.taken), fake.credit) == (0, 100)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "OK"),
        ({"delivery": "ja"}, "OK 1234567"),
        ({"datum": "202611230900"}, "OK"),
        ({"datum": "202611230900", "outboxid": "ja"}, "OK 1234568"),
        ({"test": "ja"}, "OK"),
    ],
)
def test_the_fake_gives_the_id_that_is_asked_for(fake: Recording, change: dict[str, str], answer: str) -> None:
    given = {"klantuser": USERNAME, "klantpwd": PASSWORD, "bericht": "x", "naar": "32478123456", "afzender": "x"}
    with running(fake) as server:
        said = WIRE.get(f"{server.url}/gateway.php", {**given, **change}.items())

    assert said.text() == answer


def test_the_fake_sends_to_each_number_between_commas(fake: Recording) -> None:
    given = {"klantuser": USERNAME, "klantpwd": PASSWORD, "bericht": "x", "naar": "32478123456,31600123456"}
    with running(fake) as server:
        WIRE.get(f"{server.url}/gateway.php", {**given, "afzender": "x"}.items())

    assert [taken.to for taken in fake.taken] == ["32478123456", "31600123456"]
    assert fake.credit == 98


@pytest.mark.parametrize(("datum", "answer"), [("ja", "SUBMITTED 22/11/2026 15:30:00"), ("", "SUBMITTED")])
def test_the_fake_tells_the_time_of_a_state_to_who_asks_for_it(
    sender: Sms1601Sender, server: FakeServer, datum: str, answer: str
) -> None:
    result = sender.send(MESSAGE)

    asked = {"smsid": str(result.provider_id), "datum": datum}
    assert WIRE.get(f"{server.url}/gatewayrapport.php", asked.items()).text() == answer


@pytest.mark.parametrize(("page", "action"), [("other.php", ""), ("gateway.php", "other")])
def test_the_fake_knows_no_other_pages_and_actions(fake: Recording, page: str, action: str) -> None:
    query = f"klantuser={USERNAME}&klantpwd={HASHED}&action={action}"

    answer = fake.answer(Call(method="GET", path=f"/module/{page}", query=query, body=b""))

    assert answer.status == 404


def test_the_fake_has_no_state_of_an_sms_that_it_does_not_know(sender: Sms1601Sender) -> None:
    report = sender.poll_report("1")

    assert report is not None
    assert (report.provider_status, report.status) == ("NONE", Delivery.UNKNOWN)


def test_what_it_is_for_the_outbox(sender: Sms1601Sender) -> None:
    assert (sender.name, sender.rate, sender.most_parts) == ("sms1601", 600, 3)
    assert sender.repeats_safely_for == timedelta(0)
    assert sender.is_local
    assert not sender_to("http://217.19.227.48/module/").is_local


class Saying:
    """A provider that answers one thing to everybody."""

    taken = ()

    def __init__(self, body: str, status: int = 200) -> None:
        self.body, self.status = body.encode(), status

    def answer(self, call: Call) -> FakeAnswer:
        return FakeAnswer(body=self.body, status=self.status)

    def report(self, taken: object, state: str) -> Call:
        raise NotImplementedError
