"""Inbound messages of providers that may send several at once: stored together, acknowledged one by one."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select, text
from werkzeug.test import TestResponse

from mo_gateway.cli.replay import replay
from mo_gateway.errors import FieldError, InvalidRequest
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Message, WebhookRequest
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.providers import Acknowledgement, Piece
from mo_gateway.store.tables import mo_rejection
from mo_gateway.web import answers, create_app

from .conftest import MakeSettings
from .examples import FORM_TYPE, NOW, form
from .replaying import environment
from .stored import rows

PSWINCOM, INTELECOM, CONNECTCALL = (f"/{name}/mo/geheim" for name in ("pswincom", "intelecom", "connectcall"))


@dataclass(frozen=True)
class Lines:
    """A provider whose messages are lines: number, text. It names those that it need not send again."""

    name: str = "connectcall"
    media_types: Sequence[str] = ("text/lines",)

    def split(self, request: WebhookRequest) -> Sequence[Piece]:
        if b"\0" in request.raw:
            raise InvalidRequest([FieldError(field="(body)", value="", rule="may hold no NUL")])
        lines = request.raw.split(b"\n") if request.raw else []
        return [Piece(id=str(n), request=replace(request, raw=line)) for n, line in enumerate(lines)]

    def parse(self, request: WebhookRequest, charset: str | None = None) -> Message:
        msisdn, _, words = request.raw.decode(charset or "utf-8", "replace").partition(" ")
        if not msisdn.isdecimal():
            raise InvalidRequest([FieldError(field="number", value=msisdn, rule="must be digits")])
        return Message(
            provider=self.name,
            msisdn=msisdn,
            keyword="WIN",
            parm=words,
            operator="",
            shortcode="4414",
            country="NLD",
            reference=None,
            timestamp_raw="20261122143000",
            sent_at=NOW,
            received_at=request.received_at,
            charset=charset or "utf-8",
            is_test=request.is_test,
        )

    def acknowledge(self, request: WebhookRequest, accepted: Sequence[tuple[Piece, bool]]) -> Acknowledgement:
        return Acknowledgement(body=",".join(piece.id for piece, is_kept in accepted if is_kept).encode())


@pytest.fixture
def client(gateway: Gateway) -> FlaskClient:
    """A client of a gateway on a fresh database, each kind in turn, that takes lines too."""
    return client_of(gateway)


def client_of(gateway: Gateway) -> FlaskClient:
    return create_app(replace(gateway, inbound={**gateway.inbound, "connectcall": Lines()})).test_client()


def post_lines(client: FlaskClient, *lines: str) -> TestResponse:
    return client.post(CONNECTCALL, data="\n".join(lines).encode(), content_type="text/lines")


def post_xml(client: FlaskClient, *msgs: str, content_type: str = "application/xml") -> TestResponse:
    body = "".join(f"<MSG><ID>{n}</ID>{msg}</MSG>" for n, msg in enumerate(msgs, start=1))
    return client.post(PSWINCOM, data=f"<MSGLST>{body}</MSGLST>".encode("latin-1"), content_type=content_type)


def xml_sms(words: str, *, reference: str, msisdn: str = "4712345678") -> str:
    data = f'<METADATA><DATA KEY="REFERENCE" VALUE="{reference}"/></METADATA>'
    return f"<SND>{msisdn}</SND><RCV>26112</RCV><TEXT>{words}</TEXT>{data}"


def json_sms(words: str, *, messageid: str, originator: str = "+4799999999") -> dict[str, Any]:
    return {
        "messageid": messageid,
        "sno": "1960",
        "originator": originator,
        "mcc": 242,
        "mnc": 1,
        "content": words,
    }


def post_json(client: FlaskClient, *messages: dict[str, Any]) -> TestResponse:
    return client.post(INTELECOM, json={"mo": messages})


def messages(gateway: Gateway) -> list[Any]:
    return rows(gateway.engine, "mo_message")


def rejections(gateway: Gateway) -> list[Any]:
    return rows(gateway.engine, "mo_rejection")


def receipts(answer: TestResponse) -> list[str]:
    return [receipt.split()[0] for receipt in answer.headers["MO-Gateway-Receipt"].split(", ")]


def run_replay(gateway: Gateway, *arguments: str) -> Any:
    return CliRunner().invoke(replay, arguments, env=environment(gateway))


@contextmanager
def refusing(engine: Engine) -> Iterator[None]:
    """Make the database refuse messages whose text is POISON."""
    make = (
        "CREATE TRIGGER poison BEFORE INSERT ON mo_message WHEN NEW.parm = 'POISON'"
        " BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    undo = "DROP TRIGGER poison"
    if engine.dialect.name == "postgresql":
        make = "ALTER TABLE mo_message ADD CONSTRAINT poison CHECK (parm <> 'POISON')"
        undo = "ALTER TABLE mo_message DROP CONSTRAINT poison"
    with engine.begin() as conn:
        conn.execute(text(make))
    yield
    with engine.begin() as conn:
        conn.execute(text(undo))


# Stored and acknowledged


def test_each_message_of_a_list_is_a_row_with_its_own_bytes_and_a_work_item(
    client: FlaskClient, gateway: Gateway
) -> None:
    answer = post_xml(client, xml_sms("WIN blue", reference="a"), xml_sms("WIN red", reference="b"))

    first, second = sorted(messages(gateway), key=lambda row: row.reference)
    assert answer.status_code == 200
    assert answer.text.count("<STATUS>OK</STATUS>") == 2
    assert (first.provider, first.keyword, first.parm, first.reference) == ("pswincom", "WIN", "blue", "a")
    assert b"WIN red" in bytes(second.raw)
    assert b"WIN blue" not in bytes(second.raw)
    assert {row.message_id for row in rows(gateway.engine, "mo_handling")} == {first.id, second.id}
    assert answer.headers["MO-Gateway-Receipt"] == f"stored {first.id}, stored {second.id}"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_messages_of_a_request_share_a_commit(client: FlaskClient, gateway: Gateway) -> None:
    post_lines(client, "32400000001 warm")
    commits: list[Any] = []
    event.listen(gateway.engine, "commit", commits.append)

    post_lines(client, *(f"324{number:08} blue" for number in range(100)))

    assert len(messages(gateway)) == 101
    assert 1 <= len(commits) <= 20  # the first is on its way before the last is in line


def test_a_list_that_comes_again_is_recognised_message_by_message(client: FlaskClient, gateway: Gateway) -> None:
    post_json(client, json_sms("WIN blue", messageid="a"))
    answer = post_json(client, json_sms("WIN blue", messageid="a"), json_sms("WIN red", messageid="b"))

    assert (answer.status_code, receipts(answer)) == (200, ["duplicate", "stored"])
    assert sorted((row.reference, row.deliveries) for row in messages(gateway)) == [("a", 2), ("b", 1)]
    counted = gateway.metrics.callbacks.labels
    assert counted("intelecom", "stored")._value.get() == 2
    assert counted("intelecom", "duplicate")._value.get() == 1


def test_copies_in_one_request_are_one_message(client: FlaskClient, gateway: Gateway) -> None:
    answer = post_lines(client, "32470000001 blue", "32470000001 blue")

    assert (answer.data, receipts(answer)) == (b"0,1", ["stored", "duplicate"])
    assert [row.deliveries for row in messages(gateway)] == [2]


def test_a_get_holds_one_message(client: FlaskClient, gateway: Gateway) -> None:
    answer = client.get(f"{INTELECOM}?originator=%2B4799999999&sno=1960&content=WIN+blue&messageid=a")

    assert (answer.status_code, receipts(answer)) == (200, ["stored"])
    assert messages(gateway)[0].method == "GET"


def test_a_test_message_is_marked_as_one(client: FlaskClient, gateway: Gateway) -> None:
    client.post(CONNECTCALL, data=b"32470000001 blue", content_type="text/lines", headers={"MO-Gateway-Test": "1"})

    assert messages(gateway)[0].is_test


def test_a_request_with_nothing_in_it_is_acknowledged(client: FlaskClient, gateway: Gateway) -> None:
    answer = post_lines(client)

    assert (answer.status_code, answer.data) == (200, b"")
    assert "MO-Gateway-Receipt" not in answer.headers
    assert messages(gateway) == []


def test_the_receipts_of_a_long_list_do_not_make_the_answer_too_long_for_a_proxy(client: FlaskClient) -> None:
    answer = post_lines(client, *(f"324{number:08} blue" for number in range(answers.MOST_RECEIPTS + 20)))

    assert len(receipts(answer)) == answers.MOST_RECEIPTS


# What is bad


def test_a_bad_message_is_kept_and_costs_the_others_nothing(client: FlaskClient, gateway: Gateway) -> None:
    answer = post_xml(client, xml_sms("WIN", reference="a"), xml_sms("WIN", reference="b", msisdn="0"))

    (rejection,) = rejections(gateway)
    assert [row.reference for row in messages(gateway)] == ["a"]
    assert (rejection.provider, rejection.status, rejection.deliveries) == ("pswincom", 400, 1)
    assert b"<SND>0</SND>" in bytes(rejection.raw)
    assert receipts(answer) == ["stored", "rejected"]
    assert (answer.text.count("OK"), answer.text.count("FAIL")) == (1, 1)


BAD_FORM = {"SND": "0", "RCV": "26112", "TXT": "WIN"}
BAD_QUERY = {"originator": "0", "sno": "1960", "content": "WIN"}


@pytest.mark.parametrize(
    ("path", "request_body", "fields"),
    [
        (PSWINCOM, {"data": BAD_FORM}, ["SND"]),
        (INTELECOM, {"data": BAD_QUERY}, ["originator"]),
        (INTELECOM, {"json": {"mo": [json_sms("WIN", messageid="a"), BAD_QUERY]}}, ["originator"]),
        (INTELECOM, {"json": {"mo": [BAD_QUERY, {**BAD_QUERY, "sno": "x"}]}}, ["originator", "originator", "sno"]),
    ],
)
def test_where_the_http_status_is_all_that_is_said_a_bad_message_that_is_kept_is_named(
    client: FlaskClient, gateway: Gateway, path: str, request_body: dict[str, Any], fields: list[str]
) -> None:
    answer = client.post(path, **request_body)

    problem = json.loads(answer.data)
    ids = ", ".join(str(row.id) for row in rejections(gateway))
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert [error["field"] for error in problem["errors"]] == fields
    assert problem["detail"].endswith((f"kept as rejection {ids}.", f"kept as rejections {ids}."))
    assert "Retry-After" not in answer.headers


def test_where_one_is_bad_and_another_is_not_stored_all_are_to_come_again(
    client: FlaskClient, gateway: Gateway
) -> None:
    good, bad = json_sms("WIN POISON", messageid="a"), json_sms("WIN", messageid="b", originator="0")
    with refusing(gateway.engine):
        answer = post_json(client, good, bad)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_a_bad_message_that_is_kept_need_not_come_again_where_the_operator_wants_that(
    database_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(database_url, REJECTED_ANSWER="200"))
    client = client_of(gateway)

    piece = post_lines(client, "32470000001 blue", "x blue")
    whole = post_lines(client, "\0")

    assert (piece.status_code, piece.data, receipts(piece)) == (200, b"0,1", ["stored", "rejected"])
    assert (whole.status_code, whole.data, receipts(whole)) == (200, b"1", ["rejected"])
    assert len(rejections(gateway)) == 2
    gateway.close()


def test_a_request_that_cannot_be_taken_apart_is_kept_as_a_whole(client: FlaskClient, gateway: Gateway) -> None:
    answer = client.post(PSWINCOM, data=b"<MSGLST><MSG>", content_type="text/xml")

    (rejection,) = rejections(gateway)
    with gateway.engine.begin() as conn:
        errors = conn.scalar(select(mo_rejection.c.errors))
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert json.loads(answer.data)["errors"] == errors
    assert (rejection.status, bytes(rejection.raw)) == (400, b"<MSGLST><MSG>")
    assert receipts(answer) == ["rejected"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "text/xml", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "text/xml"}, 413),
    ],
)
def test_what_cannot_be_read_is_kept_and_the_answer_says_why(
    client: FlaskClient, gateway: Gateway, headers: dict[str, str], status: int
) -> None:
    body = b"<MSGLST/>" if status == 415 else b"<" * 70_000

    answer = client.post(PSWINCOM, data=body, headers=headers)

    (rejection,) = rejections(gateway)
    assert (answer.status_code, answer.mimetype, rejection.status) == (status, "text/plain", status)
    assert bytes(rejection.raw) == body[: gateway.settings.max_body_bytes]
    if status == 415:
        assert answer.text.startswith("Send application/xml or text/xml or application/x-www-form-urlencoded,")


# What is not durable is not acknowledged


def test_a_message_that_could_not_be_stored_is_to_come_again_and_the_others_are_not(
    client: FlaskClient, gateway: Gateway
) -> None:
    pieces = [xml_sms("WIN blue", reference="a"), xml_sms("WIN POISON", reference="b")]
    with refusing(gateway.engine):
        first = post_xml(client, *pieces)
    second = post_xml(client, *pieces)

    assert (first.status_code, receipts(first)) == (200, ["stored"])
    assert (first.text.count("OK"), first.text.count("FAIL")) == (1, 1)
    assert (receipts(second), second.text.count("OK")) == (["duplicate", "stored"], 2)
    assert gateway.metrics.callbacks.labels("pswincom", "refused")._value.get() == 1


def test_a_provider_that_names_no_single_messages_is_to_send_all_again(
    client: FlaskClient, gateway: Gateway
) -> None:
    with refusing(gateway.engine):
        answer = post_json(client, json_sms("WIN blue", messageid="a"), json_sms("WIN POISON", messageid="b"))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert [row.reference for row in messages(gateway)] == ["a"]


def test_nothing_is_acknowledged_while_the_database_is_away(client: FlaskClient, gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mo_message RENAME TO mo_message_away"))
        conn.execute(text("ALTER TABLE mo_rejection RENAME TO mo_rejection_away"))

    spryngs = client.post("/spryng/mo/geheim", data=form(), content_type=FORM_TYPE)
    one_by_one = post_xml(client, xml_sms("WIN", reference="a"))
    together = post_json(client, json_sms("WIN", messageid="a"))
    whole = client.post(PSWINCOM, data=b"<MSGLST>", content_type="text/xml")

    assert "TRUE" not in spryngs.text
    assert (spryngs.status_code, spryngs.headers["Retry-After"]) == (503, "60")
    assert "OK" not in one_by_one.text
    assert together.status_code == 503
    assert (whole.status_code, whole.headers["Retry-After"]) == (503, "60")


# The way in


def test_head_stores_nothing_and_other_methods_are_refused(client: FlaskClient, gateway: Gateway) -> None:
    head = client.head(f"{INTELECOM}?originator=%2B4799999999&sno=1960&content=WIN")
    put = client.put(CONNECTCALL, data=b"32470000001 blue", content_type="text/lines")

    assert (head.status_code, head.data) == (200, b"")
    assert (put.status_code, put.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert messages(gateway) == []


def test_a_body_that_is_cut_short_is_not_stored(client: FlaskClient, gateway: Gateway) -> None:
    length = {"CONTENT_LENGTH": "1000"}
    answer = client.post(CONNECTCALL, data=b"324", content_type="text/lines", environ_overrides=length)

    assert answer.status_code == 400
    assert messages(gateway) + rejections(gateway) == []


@pytest.mark.parametrize("provider", SCHEMAS)
@pytest.mark.parametrize(
    "path", ["", "/", "/mo", "/dlr/", "/mo/wrong", "/dlr/wrong", "/mt/geheim", "/dlr/geheim/x"]
)
def test_a_stranger_gets_the_same_answer_everywhere(
    sqlite_url: str, make_settings: MakeSettings, provider: str, path: str
) -> None:
    gateway = open_gateway(make_settings(sqlite_url))
    client = client_of(gateway)
    usual = client.post("/spryng/mo/wrong")

    answer = client.post(f"/{provider}{path}")

    assert (answer.status_code, answer.data, list(answer.headers)) == (403, usual.data, list(usual.headers))
    gateway.close()


def test_a_path_that_a_provider_does_not_have_is_refused_with_the_secret_too(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url))
    client = create_app(gateway).test_client()

    assert client.post("/connectcall/mo/geheim").status_code == 403
    assert client.post("/connectcall/dlr/geheim").status_code == 403
    assert client.post("/sms1601/mo/geheim").status_code == 403
    gateway.close()


def test_without_a_secret_the_bare_paths_are_open(sqlite_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(sqlite_url, CALLBACK_SECRET="", ALLOW_ANONYMOUS="1"))
    client = client_of(gateway)

    assert client.post("/connectcall/mo", data=b"324 blue", content_type="text/lines").status_code == 200
    assert client.get("/spryng/dlr?REFERENCE=ours&STATUS=Delivered").status_code == 200
    assert client.post("/connectcall/mo/").status_code == 403
    assert client.post(CONNECTCALL).status_code == 403
    gateway.close()


def test_an_address_outside_the_allowed_networks_is_refused_everywhere(
    sqlite_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(sqlite_url, ALLOWED_NETWORKS="192.0.2.0/24"))
    client = client_of(gateway)

    assert post_lines(client, "32470000001 blue").status_code == 403
    assert client.get("/spryng/dlr/geheim?REFERENCE=ours").status_code == 403
    gateway.close()


# Read again


def test_a_list_of_the_wrong_media_type_becomes_its_messages(client: FlaskClient, gateway: Gateway) -> None:
    wrong = post_xml(
        client, xml_sms("WIN", reference="a"), xml_sms("WIN", reference="b"), content_type="text/plain"
    )
    post_xml(client, xml_sms("WIN", reference="b"))

    result = run_replay(gateway, "--rejected")
    again = run_replay(gateway, "--rejected")

    (rejection,) = rejections(gateway)
    assert wrong.status_code == 415
    assert result.stdout == "1 rejected request read again: 1 stored, 1 there already, 0 still bad.\n"
    assert again.stdout == "No rejected request is like that and can be read again.\n"
    assert [(row.reference, row.deliveries) for row in messages(gateway)] == [("b", 1), ("a", 1)]
    assert rejection.message_id == min(row.id for row in messages(gateway))


def test_what_is_bad_in_a_list_keeps_its_rejection_open(client: FlaskClient, gateway: Gateway) -> None:
    pieces = [xml_sms("WIN", reference="a"), xml_sms("WIN", reference="b", msisdn="0")]
    post_xml(client, *pieces, content_type="text/plain")

    foreseen = run_replay(gateway, "--rejected", "--dry-run")
    result = run_replay(gateway, "--rejected")
    again = run_replay(gateway, "--rejected")

    assert foreseen.stdout.startswith("1 rejected request read again: 1 would be stored, 0 there already, 1 still")
    assert result.stdout.startswith("1 rejected request read again: 1 stored, 0 there already, 1 still bad.\n")
    assert again.stdout.startswith("1 rejected request read again: 0 stored, 1 there already, 1 still bad.\n")
    assert [row.deliveries for row in messages(gateway)] == [1]
    assert rejections(gateway)[0].replayed_at is None


def test_one_message_that_was_bad_is_read_again_by_itself(client: FlaskClient, gateway: Gateway) -> None:
    post_xml(client, xml_sms("WIN", reference="a"), xml_sms("WIN", reference="b", msisdn="0"))

    result = run_replay(gateway, "--rejected")

    assert result.stdout.startswith("1 rejected request read again: 0 stored, 0 there already, 1 still bad.\n")
    assert "SND" in result.stdout


def test_rejections_of_a_provider_that_nobody_knows_are_left_out(client: FlaskClient, gateway: Gateway) -> None:
    post_lines(client, "x blue")
    (row,) = rejections(gateway)
    assert row.provider == "connectcall"  # which no reader is for outside of this test

    result = run_replay(gateway, "--rejected")

    assert result.stdout == "No rejected request is like that and can be read again.\n"


def test_a_text_that_is_put_right_keeps_the_key_that_recognises_a_retry(
    client: FlaskClient, gateway: Gateway
) -> None:
    sms = xml_sms("WIN caf\xe9 \x80", reference="a")
    post_xml(client, sms)

    result = run_replay(gateway, "--charset", "windows-1252", "--yes")
    post_xml(client, sms)

    (row,) = messages(gateway)
    assert result.stdout == "1 message put right and due again.\n"
    assert (row.parm, row.deliveries) == ("café €", 2)
