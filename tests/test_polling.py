"""Delivery reports that are asked for: less and less often, until there is a final one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from structlog.typing import EventDict

from mo_gateway import polling
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.sending import open_senders, polling_with
from mo_gateway.metrics import Metrics
from mo_gateway.polling import Polling
from mo_gateway.reply import Delivery, DeliveryReport, SendOutcome, SendResult
from mo_gateway.wire import NotSent

from .conftest import MakeSettings
from .handling import captured_log
from .sending import Script, add_report, queue, send_all, sender_of
from .stored import rows

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Office:
    """A provider that is asked, and knows nothing yet."""

    status: Delivery | None = None
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def poll_report(self, provider_id: str) -> DeliveryReport | None:
        self.asked.append(provider_id)
        if self.error:
            raise self.error
        if self.status is None:
            return None
        return DeliveryReport(
            provider="sms1601",
            status=self.status,
            provider_status=self.status.value.upper(),
            reference=None,
            provider_id=provider_id,
            reported_at=None,
            raw=b"",
        )


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    return captured_log(monkeypatch, polling)


def polling_of(gateway: Gateway, office: Office, clock: Clock) -> Polling:
    return Polling(gateway.engine, {"sms1601": office}, Metrics(), clock)


def send_one(gateway: Gateway, provider_id: str = "77") -> None:
    provider = Script([SendResult(outcome=SendOutcome.SENT, provider_id=provider_id)], name="sms1601")
    (reply,) = queue(gateway)
    with gateway.engine.begin() as conn:
        conn.exec_driver_sql(f"UPDATE mt_message SET provider = 'sms1601' WHERE id = {reply}")
    send_all(sender_of(gateway, provider), provider)


def test_a_report_that_is_asked_for_is_stored_and_joined(gateway: Gateway) -> None:
    office = Office(Delivery.DELIVERED)
    send_one(gateway)

    polling_of(gateway, office, Clock()).look_after()

    (report,) = rows(gateway.engine, "mt_report")
    assert (report.mt_message_id, report.status, report.provider_status) == (1, "delivered", "DELIVERED")
    assert office.asked == ["77"]


@pytest.mark.parametrize("final", [Delivery.DELIVERED, Delivery.FAILED])
def test_nobody_is_asked_once_there_is_a_final_report(gateway: Gateway, final: Delivery) -> None:
    office, clock = Office(final), Clock()
    send_one(gateway)
    polls = polling_of(gateway, office, clock)
    polls.look_after()

    clock.now += timedelta(hours=2)
    polls.look_after()

    assert office.asked == ["77"]


def test_questions_come_less_and_less_often(gateway: Gateway) -> None:
    office, clock = Office(Delivery.PENDING), Clock()
    send_one(gateway)
    polls = polling_of(gateway, office, clock)

    times = []
    for _ in range(60):
        before = len(office.asked)
        polls.look_after()
        if len(office.asked) > before:
            times.append((clock.now - START).total_seconds())
        clock.now += timedelta(seconds=15)

    assert times == [0, 30, 90, 210, 450]


def test_an_answer_that_is_the_same_again_is_counted_once(gateway: Gateway) -> None:
    office, clock = Office(Delivery.PENDING), Clock()
    send_one(gateway)
    polls = polling_of(gateway, office, clock)
    for _ in range(3):
        polls.look_after()
        clock.now += timedelta(minutes=5)

    (report,) = rows(gateway.engine, "mt_report")
    assert (len(office.asked), report.deliveries) == (3, 3)
    assert polls.metrics.reports.labels("sms1601", "pending")._value.get() == 1


def test_workers_ask_as_often_together_as_one_alone(gateway: Gateway) -> None:
    office, clock = Office(Delivery.PENDING), Clock()
    send_one(gateway)
    workers = [polling_of(gateway, office, clock) for _ in range(3)]

    times = []
    for _ in range(60):
        for worker in workers:
            before = len(office.asked)
            worker.look_after()
            times += (len(office.asked) - before) * [(clock.now - START).total_seconds()]
        clock.now += timedelta(seconds=15)

    assert times == [0, 30, 90, 210, 450]


def test_a_report_that_crossed_its_reply_is_joined(gateway: Gateway) -> None:
    send_one(gateway)
    add_report(gateway, None, provider="sms1601", provider_id="77", received_at=utc_now())

    polling_of(gateway, Office(), Clock()).look_after()

    assert [row.mt_message_id for row in rows(gateway.engine, "mt_report")] == [1]


def test_a_provider_that_does_not_answer_is_asked_again_later(
    gateway: Gateway, log_lines: list[EventDict]
) -> None:
    office, clock = Office(error=NotSent("no connection: Connection refused")), Clock()
    send_one(gateway)
    polls = polling_of(gateway, office, clock)
    polls.look_after()

    clock.now += timedelta(seconds=31)
    polls.look_after()

    assert len(office.asked) == 2
    assert [line["event"] for line in log_lines] == ["provider does not tell of deliveries"] * 2


def test_nobody_is_asked_for_what_was_not_sent(gateway: Gateway) -> None:
    office = Office()
    queue(gateway)

    polling_of(gateway, office, Clock()).look_after()

    assert office.asked == []


@pytest.mark.parametrize(("setting", "asked"), [("0", []), ("1", ["sms1601"])])
def test_asking_is_a_setting(sqlite_url: str, make_settings: MakeSettings, setting: str, asked: list[str]) -> None:
    given = {"SMS1601_USERNAME": "user", "SMS1601_PASSWORD": "hush", "SMS1601_POLL": setting}
    settings = make_settings(sqlite_url, **given)

    polls = polling_with(open_senders(settings), None, metrics=Metrics())  # type: ignore[arg-type] # not used

    assert list(polls.providers) == asked
