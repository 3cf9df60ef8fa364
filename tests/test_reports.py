"""Delivery reports on their way in: kept, joined to their reply whatever came first, acknowledged when durable."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text, update
from structlog.typing import EventDict
from werkzeug.test import TestResponse

from mo_gateway import Reply
from mo_gateway import reports as step
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.sending import reply_rules
from mo_gateway.message import Outcome, WebhookRequest
from mo_gateway.providers import Acknowledgement
from mo_gateway.reply import Delivery, DeliveryReport, SendOutcome, SendResult
from mo_gateway.store import opt_outs, outbox, reports
from mo_gateway.store.outbox import Origin
from mo_gateway.store.reports import LONGEST_RAW, NewReport, add_reports, new_report
from mo_gateway.store.tables import mt_message, mt_report
from mo_gateway.store.types import database_now
from mo_gateway.web import create_app

from .conftest import MakeSettings
from .examples import FORM_TYPE, NOW, form
from .handling import captured_log
from .sending import Script, claimed, make_replies_due, queue, send_all, sender_of
from .stored import rows

SPRYNG, PSWINCOM, INTELECOM = (f"/{name}/dlr/geheim" for name in ("spryng", "pswincom", "intelecom"))
FAILED = SendResult(outcome=SendOutcome.FAILED, code="105", text="destination too short")


@dataclass(frozen=True)
class Told:
    """A provider that tells of deliveries what a test wants."""

    reports_: Sequence[DeliveryReport]
    name: str = "connectcall"

    def reports(self, request: WebhookRequest) -> Sequence[DeliveryReport]:
        return self.reports_

    def acknowledge(self, request: WebhookRequest) -> Acknowledgement:
        return Acknowledgement(body=b"thanks", content_type="text/x-thanks", status=202)


@pytest.fixture
def client(gateway: Gateway) -> FlaskClient:
    """A client of a gateway on a fresh database, each kind in turn."""
    return create_app(gateway).test_client()


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    return captured_log(monkeypatch, step)


def sent(
    gateway: Gateway, *, provider: str = "spryng", provider_id: str | None = None, reference: str = ""
) -> int:
    """Send a reply, and give its id."""
    script = Script([SendResult(outcome=SendOutcome.SENT, provider_id=provider_id)], name=provider)
    (mt_message_id,) = queue(gateway, Reply("hello", provider=provider, reference=reference))
    send_all(sender_of(gateway, script), script)
    return mt_message_id


def a_stop(gateway: Gateway) -> int:
    """Record a STOP of another person, and give its row."""
    with gateway.engine.begin() as conn:
        added = opt_outs.add(
            conn,
            person_key=b"somebody",
            msisdn="32412345678",
            shortcode="4414",
            keywords=(),
            word="STOP",
            now=NOW,
            message_id=None,
        )
    assert added is not None
    return added


def of_spryng(client: FlaskClient, reference: str, status: str = "Delivered") -> TestResponse:
    return client.get(f"{SPRYNG}?{urlencode({'REFERENCE': reference, 'STATUS': status})}")


def of_pswincom(client: FlaskClient, *refs: str, state: str = "DELIVRD") -> TestResponse:
    msgs = "".join(
        f"<MSG><ID>{n}</ID><REF>{ref}</REF><RCV>32412345678</RCV><STATE>{state}</STATE></MSG>"
        for n, ref in enumerate(refs, start=1)
    )
    return client.post(PSWINCOM, data=f"<MSGLST>{msgs}</MSGLST>", content_type="text/xml")


def report_of(**changes: Any) -> DeliveryReport:
    usual: dict[str, Any] = {
        "provider": "connectcall",
        "status": Delivery.DELIVERED,
        "provider_status": "OK",
        "reference": None,
        "provider_id": None,
        "reported_at": NOW,
        "raw": b"raw",
    }
    return DeliveryReport(**{**usual, **changes})


def a_request(**changes: Any) -> WebhookRequest:
    usual: dict[str, Any] = {"method": "GET", "raw": b"", "content_type": "", "remote_addr": "192.0.2.1"}
    return WebhookRequest(**{**usual, "received_at": NOW, **changes})


def new(**changes: Any) -> NewReport:
    return new_report(report_of(**changes), a_request(received_at=utc_now()))


def stored(gateway: Gateway) -> list[Any]:
    return rows(gateway.engine, "mt_report")


def reply(gateway: Gateway) -> Any:
    (row,) = rows(gateway.engine, "mt_message")
    return row


def taking(gateway: Gateway, *told: DeliveryReport) -> FlaskClient:
    """Give a client of the gateway when a provider tells of these reports."""
    return create_app(replace(gateway, reporting={"connectcall": Told(told)})).test_client()


@contextmanager
def refusing(engine: Engine, provider_id: str) -> Iterator[None]:
    """Make the database refuse the reports on one reply."""
    make = (
        f"CREATE TRIGGER poison BEFORE INSERT ON mt_report WHEN NEW.provider_id = '{provider_id}'"
        " BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    undo = "DROP TRIGGER poison"
    if engine.dialect.name == "postgresql":
        make = f"ALTER TABLE mt_report ADD CONSTRAINT poison CHECK (provider_id <> '{provider_id}')"
        undo = "ALTER TABLE mt_report DROP CONSTRAINT poison"
    with engine.begin() as conn:
        conn.execute(text(make))
    yield
    with engine.begin() as conn:
        conn.execute(text(undo))


# What is stored


def test_a_report_is_kept_with_the_providers_word_and_ours(client: FlaskClient, gateway: Gateway) -> None:
    answer = of_spryng(client, "nobody's")

    (row,) = stored(gateway)
    assert (answer.status_code, answer.data) == (200, b"TRUE")
    assert (row.provider, row.status, row.provider_status) == ("spryng", "delivered", "Delivered")
    assert (row.reference, row.provider_id, row.mt_message_id, row.deliveries) == ("nobody's", None, None, 1)
    assert bytes(row.raw) == b"REFERENCE=nobody%27s&STATUS=Delivered"
    assert row.remote_addr == "127.0.0.1"
    assert row.received_at == row.last_received_at


def test_each_report_of_a_list_is_a_row_and_the_answer_confirms_them_all(
    client: FlaskClient, gateway: Gateway
) -> None:
    answer = of_pswincom(client, "a", "b", "a")

    assert [(row.provider_id, row.deliveries) for row in stored(gateway)] in (
        [("a", 2), ("b", 1)],
        [("b", 1), ("a", 2)],
    )
    assert answer.status_code == 200
    assert answer.text.count("<STATUS>OK</STATUS>") == 3


@pytest.mark.parametrize("body", [b"", b"<MSGLST><MSG>", b"\x00\xff&STATE", b"{}"])
def test_what_cannot_be_read_is_kept_and_acknowledged(client: FlaskClient, gateway: Gateway, body: bytes) -> None:
    answer = client.post(PSWINCOM, data=body, content_type="application/octet-stream")

    (row,) = stored(gateway)
    assert answer.status_code == 200
    assert (row.status, bytes(row.raw), row.mt_message_id) == ("unknown", body, None)


def test_words_that_no_database_can_hold_cost_no_report(gateway: Gateway) -> None:
    hostile = {"reference": "a\0b\ud800", "provider_id": "\udfff\0", "provider_status": "\0" * 300}

    answer = taking(gateway, report_of(**hostile, raw=b"\0" * 50_000)).post("/connectcall/dlr/geheim")

    (row,) = stored(gateway)
    assert (answer.status_code, answer.data, answer.mimetype) == (202, b"thanks", "text/x-thanks")
    assert (row.reference, row.provider_id, row.provider_status) == ("a\ufffdb?", "?\ufffd", "\ufffd" * 100)
    assert bytes(row.raw) == b"\0" * LONGEST_RAW


def test_a_request_may_tell_of_nothing(gateway: Gateway) -> None:
    assert taking(gateway).post("/connectcall/dlr/geheim").status_code == 202
    assert stored(gateway) == []


# Which reply it is about


def test_a_report_is_joined_by_our_reference(client: FlaskClient, gateway: Gateway) -> None:
    sent(gateway)
    mt_message_id = sent(gateway, reference="ours")

    of_spryng(client, "ours")

    assert stored(gateway)[0].mt_message_id == mt_message_id


def test_a_report_is_joined_by_the_providers_own_id(client: FlaskClient, gateway: Gateway) -> None:
    mt_message_id = sent(gateway, provider="pswincom", provider_id="77")
    sent(gateway, provider="intelecom", provider_id="77")

    of_pswincom(client, "77")

    assert stored(gateway)[0].mt_message_id == mt_message_id


def test_the_providers_id_says_more_than_a_reference_that_was_given_twice(gateway: Gateway) -> None:
    first = sent(gateway, provider="connectcall", provider_id="77", reference="again")
    second = sent(gateway, provider="connectcall", provider_id="78", reference="again")

    with gateway.engine.begin() as conn:
        add_reports(
            conn,
            [new(reference="again", provider_id="77"), new(reference="again", provider_status="by reference")],
        )

    joined = {row.provider_status: row.mt_message_id for row in stored(gateway)}
    assert joined == {"OK": first, "by reference": second}


def test_a_report_that_overtakes_the_providers_answer_is_joined_when_that_is_recorded(
    client: FlaskClient, gateway: Gateway
) -> None:
    provider = Script([SendResult(outcome=SendOutcome.SENT, provider_id="77")], name="pswincom")
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("hello", provider="pswincom"))
    tried = sender.send(provider, claimed(sender, provider))

    of_pswincom(client, "77")
    before = stored(gateway)[0].mt_message_id
    sender.record(provider, tried)

    assert (before, stored(gateway)[0].mt_message_id) == (None, reply(gateway).id)


def test_a_report_stored_beside_an_answer_that_is_not_committed_is_joined_a_little_later(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    (mt_message_id,) = queue(gateway, Reply("hello", provider="pswincom"))

    with gateway.engine.begin() as recording:
        recording.execute(update(mt_message).values(state="sent", provider_id="77"))
        reports.join(recording, mt_message_id, "pswincom", "77")
        of_pswincom(create_app(gateway).test_client(), "77", "another's")
    with gateway.engine.begin() as conn:
        first, second = reports.join_crossed(conn), reports.join_crossed(conn)

    assert (first, second) == (1, 0)
    assert {row.provider_id: row.mt_message_id for row in stored(gateway)} == {
        "77": mt_message_id,
        "another's": None,
    }
    gateway.close()


def test_of_two_replies_with_one_reference_each_gets_the_report_with_its_id(gateway: Gateway) -> None:
    provider = Script(
        [SendResult(outcome=SendOutcome.SENT, provider_id=number) for number in ("77", "78")], name="connectcall"
    )
    sender = sender_of(gateway, provider)
    first, second = queue(gateway, *2 * [Reply("hello", provider="connectcall", reference="again")])
    tried = [sender.send(provider, claimed(sender, provider)) for _ in range(2)]

    with gateway.engine.begin() as conn:
        add_reports(conn, [new(reference="again", provider_id=number) for number in ("77", "78")])
    before = rows(gateway.engine, "mt_message")
    for one in tried:
        sender.record(provider, one)

    assert {row.state for row in before} == {"unknown"}  # of which it is true, nobody could tell
    assert {row.provider_id: row.mt_message_id for row in stored(gateway)} == {"77": first, "78": second}


def test_a_reference_is_its_providers_own(client: FlaskClient, gateway: Gateway) -> None:
    (mine,) = queue(gateway, Reply("hello", provider="spryng", reference="ours"))
    sender = sender_of(gateway, Script())
    claimed(sender, Script())

    with gateway.engine.begin() as conn:
        add_reports(conn, [new(provider="intelecom", reference="ours")])
    before = reply(gateway).state
    of_spryng(client, "ours")

    assert (before, reply(gateway).state) == ("unknown", "sent")
    assert {row.provider: row.mt_message_id for row in stored(gateway)} == {"intelecom": None, "spryng": mine}


def test_no_report_is_about_a_reply_that_was_never_tried(client: FlaskClient, gateway: Gateway) -> None:
    mt_message_id = sent(gateway, reference="again")
    queue(gateway, Reply("later", reference="again"))

    of_spryng(client, "again")

    assert stored(gateway)[0].mt_message_id == mt_message_id
    assert [row.state for row in rows(gateway.engine, "mt_message")] == ["sent", "queued"]


def test_crossed_reports_are_joined_by_their_providers_id_for_a_day(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        add_reports(conn, [new(provider_id=word) for word in ("77", "nobody's", "old")])
        others = new(provider="intelecom", provider_id="77")
        add_reports(conn, [others])
        conn.execute(update(mt_report).values(received_at=database_now()))
        old = update(mt_report).where(mt_report.c.provider_id == "old")
        conn.execute(old.values(received_at=database_now(-86_401.0)))
    mine, late = (sent(gateway, provider="connectcall") for _ in range(2))
    with gateway.engine.begin() as conn:
        for reply_id, provider_id in ((mine, "77"), (late, "old")):
            known = update(mt_message).where(mt_message.c.id == reply_id)
            conn.execute(known.values(provider_id=provider_id))
        before = reports.has_crossed(conn)

        assert reports.join_crossed(conn) == 1
        assert (before, reports.has_crossed(conn)) == (True, False)

    joined = {(row.provider, row.provider_id): row.mt_message_id for row in stored(gateway)}
    assert joined == {
        ("connectcall", "77"): mine,
        ("connectcall", "nobody's"): None,
        ("connectcall", "old"): None,
        ("intelecom", "77"): None,
    }


def test_joining_does_not_compare_each_strange_report_with_each_reply(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    gateway = open_gateway(make_settings(postgres_url))
    for_reports = (
        "INSERT INTO mt_report (dedupe_key, provider, status, provider_status, reference, provider_id,"
        " received_at, last_received_at, deliveries, raw, remote_addr) SELECT int4send(n), 'connectcall',"
        " 'delivered', 'OK', 'strange' || n, 'strange' || n, now(), now(), 1, '', ''"
        " FROM generate_series(1, 20000) AS n"
    )
    for_replies = (
        "INSERT INTO mt_message (provider, msisdn, person_key, sender, state, attempts, created_at, reference,"
        " provider_id) SELECT 'connectcall', '32412345678', '', '4414', 'sent', 1, now(), 'ours' || n, 'id' || n"
        " FROM generate_series(1, 2000) AS n"
    )
    with gateway.engine.begin() as conn:
        # compared one by one, forty million pairs would take longer than the statement may
        for statement in (for_reports, for_replies, "ANALYZE", "SET LOCAL statement_timeout = '10s'"):
            conn.exec_driver_sql(statement)

        assert reports.join_crossed(conn) == 0
    gateway.close()


# What a report proves


def test_a_report_proves_that_a_reply_went_out_of_which_nobody_knew(client: FlaskClient, gateway: Gateway) -> None:
    provider = Script()
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("hello", reference="ours"))
    task = claimed(sender, provider)

    of_spryng(client, "ours", status="Buffered")

    proven = reply(gateway)
    assert (proven.state, proven.due_at, proven.error) == ("sent", None, None)
    assert proven.sent_at
    sender.record(provider, sender.send(provider, task))
    assert reply(gateway).state == "sent"


def test_an_answer_that_says_otherwise_after_the_report_changes_nothing(
    client: FlaskClient, gateway: Gateway
) -> None:
    provider = Script([FAILED])
    sender = sender_of(gateway, provider)
    queue(gateway, Reply("hello", reference="ours"))
    task = claimed(sender, provider)

    of_spryng(client, "ours")
    sender.record(provider, sender.send(provider, task))

    assert (reply(gateway).state, reply(gateway).error) == ("sent", None)


@pytest.mark.parametrize("outcome", [SendOutcome.LATER, SendOutcome.FAILED])
def test_a_report_proves_sent_what_the_provider_said_it_had_not_taken(
    client: FlaskClient, gateway: Gateway, outcome: SendOutcome
) -> None:
    provider = Script([SendResult(outcome=outcome, code="500", text="the server failed")])
    sender = sender_of(gateway, provider)
    opt_out_id = a_stop(gateway)
    origin = Origin(shortcode="4414", opt_out_id=opt_out_id)
    with gateway.engine.begin() as conn:
        answer = Reply("you get no more", to="32412345678", provider="spryng", reference="ours")
        outbox.add(conn, [answer], origin, reply_rules(gateway.settings), now=NOW)
    sender.record(provider, sender.send(provider, claimed(sender, provider)))
    before = reply(gateway)

    of_spryng(client, "ours")
    make_replies_due(gateway)

    proven = reply(gateway)
    assert (before.state, bool(before.error)) == ("queued" if outcome is SendOutcome.LATER else "failed", True)
    assert (proven.state, proven.due_at, proven.error, proven.error_code) == ("sent", None, None, None)
    assert proven.sent_at
    assert rows(gateway.engine, "opt_out")[0].confirmed_at
    assert (send_all(sender, provider), len(provider.sent)) == ([], 1)


@pytest.mark.parametrize(
    ("attempts", "reason", "state"),
    [(0, "opt-out", "suppressed"), (1, "withdrawn", "suppressed"), (1, "opt-out", "sent"), (1, "expired", "sent")],
)
def test_a_report_on_a_suppressed_reply_proves_it_sent_where_it_was_tried_and_not_withdrawn(
    client: FlaskClient, gateway: Gateway, attempts: int, reason: str, state: str
) -> None:
    queue(gateway, Reply("hello", reference="ours"))
    with gateway.engine.begin() as conn:
        suppressed = {"state": "suppressed", "suppressed_reason": reason, "due_at": None}
        conn.execute(update(mt_message).values(attempts=attempts, **suppressed))

    of_spryng(client, "ours")

    row = reply(gateway)
    assert (row.state, row.suppressed_reason) == (state, None if state == "sent" else reason)


def test_a_reference_that_was_given_twice_proves_nothing(client: FlaskClient, gateway: Gateway) -> None:
    sent(gateway, reference="again")
    provider = Script([FAILED])
    (last,) = queue(gateway, Reply("hello", reference="again"))
    send_all(sender_of(gateway, provider), provider)

    of_spryng(client, "again")

    assert [row.state for row in rows(gateway.engine, "mt_message")] == ["sent", "failed"]
    assert stored(gateway)[0].mt_message_id == last


# The same report again


def test_a_report_that_comes_again_is_one_row_that_counts(
    client: FlaskClient, gateway: Gateway, log_lines: list[EventDict]
) -> None:
    mt_message_id = sent(gateway, reference="ours")

    first, second = of_spryng(client, "ours"), of_spryng(client, "ours")
    of_spryng(client, "ours", status="Buffered")

    assert first.data == second.data == b"TRUE"
    again, other = stored(gateway)
    assert (again.deliveries, other.deliveries) == (2, 1)
    assert again.last_received_at > again.received_at
    assert {again.mt_message_id, other.mt_message_id} == {mt_message_id}
    assert [line["deliveries"] for line in log_lines] == [1, 2, 1]
    counted = gateway.metrics.reports.labels
    assert counted("spryng", "delivered")._value.get() == 1
    assert counted("spryng", "pending")._value.get() == 1


def test_a_report_that_came_too_early_is_joined_when_it_comes_again(client: FlaskClient, gateway: Gateway) -> None:
    of_spryng(client, "ours")
    mt_message_id = sent(gateway, reference="ours")
    of_spryng(client, "ours")

    (row,) = stored(gateway)
    assert (row.mt_message_id, row.deliveries) == (mt_message_id, 2)


def test_reports_with_one_reference_are_as_many_rows_as_they_say_different_things(
    client: FlaskClient, gateway: Gateway
) -> None:
    for number in ("32412345678", "32498765432", "32412345678"):
        client.get(f"{SPRYNG}?REFERENCE=again&STATUS=Delivered&MSISDN={number}")

    assert sorted(row.deliveries for row in stored(gateway)) == [1, 2]


def test_a_report_with_the_providers_id_is_one_row_wherever_it_stands_in_a_list(
    client: FlaskClient, gateway: Gateway
) -> None:
    of_pswincom(client, "a", "b")
    of_pswincom(client, "b")

    assert sorted((row.provider_id, row.deliveries) for row in stored(gateway)) == [("a", 1), ("b", 2)]


def test_a_batch_with_copies_counts_them_and_tells_old_from_new(gateway: Gateway) -> None:
    batch = [new(provider_id=str(number % 150)) for number in range(200)]
    with gateway.engine.begin() as conn:
        first = add_reports(conn, batch)
        second = add_reports(conn, [*batch[:1], new(provider_id="new")])

    assert len(first) == len(stored(gateway)) - 1 == 150
    assert {receipt.outcome for receipt in first.values()} == {Outcome.STORED}
    assert sum(receipt.deliveries for receipt in first.values()) == 200
    assert [second[batch[0].key].outcome, second[batch[0].key].deliveries] == [Outcome.DUPLICATE, 3]
    assert second[new(provider_id="new").key].outcome is Outcome.STORED


def test_two_gateways_that_store_the_same_reports_in_opposite_orders_do_not_deadlock(
    postgres_url: str, make_settings: MakeSettings
) -> None:
    patient = make_settings(postgres_url, COMMIT_DEADLINE="60")  # a deadlock would show long before
    batch = [new(reference=str(number)) for number in range(200)] + [new(provider_id=str(n)) for n in range(200)]

    def store(gateway: Gateway, batch: list[NewReport]) -> None:
        with gateway.engine.begin() as conn:
            add_reports(conn, batch)
            reports.join_crossed(conn)

    with (
        closing(open_gateway(patient)) as one,
        closing(open_gateway(patient)) as two,
        ThreadPoolExecutor(2) as pool,
    ):
        queue(one, *(Reply("hello", provider="connectcall", reference=str(number)) for number in range(200)))
        for _ in range(5):
            with one.engine.begin() as conn:
                conn.execute(update(mt_message).values(state="unknown", attempts=1))
            both = [pool.submit(store, one, batch), pool.submit(store, two, batch[::-1])]
            for future in both:
                future.result(60)

        assert {row.deliveries for row in stored(one)} == {10}
        assert {row.state for row in rows(one.engine, "mt_message")} == {"sent"}


# What is not durable is not acknowledged


def test_nothing_is_acknowledged_while_the_database_is_away(client: FlaskClient, gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mt_report RENAME TO gone"))

    answer = of_spryng(client, "ours")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert b"TRUE" not in answer.data


def test_a_list_is_acknowledged_only_as_a_whole(
    client: FlaskClient, gateway: Gateway, log_lines: list[EventDict]
) -> None:
    with refusing(gateway.engine, "POISON"):
        first = of_pswincom(client, "good", "POISON", "good too")
    second = of_pswincom(client, "good", "POISON", "good too")

    assert (first.status_code, second.status_code) == (503, 200)
    assert b"OK" not in first.data
    assert sorted((row.provider_id, row.deliveries) for row in stored(gateway)) == [
        ("POISON", 1),
        ("good", 2),
        ("good too", 2),
    ]
    (refused,) = [line for line in log_lines if line["event"] == "refused"]
    assert (refused["provider"], refused["reports"]) == ("pswincom", 1)


def test_a_list_longer_than_the_line_is_stored_bit_by_bit(database_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(database_url, MAX_WAITING="3"))

    answer = of_pswincom(create_app(gateway).test_client(), *(str(number) for number in range(10)))

    assert (answer.status_code, len(stored(gateway))) == (200, 10)
    gateway.close()


def test_the_reports_of_one_request_share_a_commit(client: FlaskClient, gateway: Gateway) -> None:
    of_pswincom(client, "warm")
    commits: list[Any] = []
    event.listen(gateway.engine, "commit", commits.append)

    of_pswincom(client, *(str(number) for number in range(100)))

    assert len(stored(gateway)) == 101
    assert 1 <= len(commits) <= 20  # the first is on its way before the last is in line


def test_reports_that_cannot_be_stored_cost_no_message_its_acknowledgement(
    client: FlaskClient, gateway: Gateway
) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(text("ALTER TABLE mt_report RENAME TO gone"))

    assert of_spryng(client, "ours").status_code == 503
    assert client.post("/spryng/mo/geheim", data=form(), content_type=FORM_TYPE).data == b"TRUE"


def test_a_log_line_holds_no_number_and_no_raw_word(client: FlaskClient, log_lines: list[EventDict]) -> None:
    of_pswincom(client, "32498765432-ref")

    (line,) = log_lines
    assert line == {
        "event": "delivery report",
        "log_level": "info",
        "id": line["id"],
        "provider": "pswincom",
        "status": "delivered",
        "deliveries": 1,
    }


# The way in


def test_head_stores_nothing(client: FlaskClient, gateway: Gateway) -> None:
    answer = client.head(f"{SPRYNG}?REFERENCE=ours&STATUS=Delivered")

    assert (answer.status_code, answer.data) == (200, b"")
    assert stored(gateway) == []


def test_another_method_is_refused(client: FlaskClient, gateway: Gateway) -> None:
    answer = client.put(SPRYNG, data="REFERENCE=ours&STATUS=Delivered")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert stored(gateway) == []


def test_what_is_too_long_is_kept_as_a_rejection(client: FlaskClient, gateway: Gateway) -> None:
    answer = client.post(SPRYNG, data=b"REFERENCE=" + b"x" * 70_000)

    (row,) = rows(gateway.engine, "mo_rejection")
    assert answer.status_code == 413
    assert (row.provider, row.status, len(row.raw)) == ("spryng", 413, gateway.settings.max_body_bytes)
    assert stored(gateway) == []


def test_a_body_that_is_cut_short_is_not_stored(client: FlaskClient, gateway: Gateway) -> None:
    answer = client.post(SPRYNG, data=b"REFERENCE=ours", environ_overrides={"CONTENT_LENGTH": "1000"})

    assert answer.status_code == 400
    assert stored(gateway) == []


def test_no_answer_is_kept_by_anybody(client: FlaskClient) -> None:
    answer = of_spryng(client, "ours")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize("part", ["provider_status", "reference", "provider_id"])
def test_a_report_that_quotes_a_credential_is_kept_without_it(
    postgres_url: str, make_settings: MakeSettings, part: str
) -> None:
    gateway = open_gateway(
        make_settings(postgres_url, CONNECTCALL_LOGIN="u", CONNECTCALL_PASSWORD="geheim/wachtwoord")
    )
    told = replace(report_of(**{part: "says geheim/wachtwoord"}), raw=b"x=geheim%2fwachtwoord&y=geheim/wachtwoord")

    taking(gateway, told).post("/connectcall/dlr/geheim")

    (row,) = stored(gateway)
    gateway.close()
    assert getattr(row, part) == "says ***"
    assert bytes(row.raw) == b"x=***&y=***"
