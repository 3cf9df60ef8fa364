"""`/metrics`, scraped: what the database says beside the counters, however it is, and of all processes."""

import re
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import event, text, update

from mo_gateway import Message, keyword, scrape
from mo_gateway.errors import ConfigError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.loss_clock import PATIENCE as A_DAY
from mo_gateway.reply import Reply, SendOutcome, SendResult
from mo_gateway.scrape import Glance, Scrape, Seen, serve
from mo_gateway.store import arrivals, presence
from mo_gateway.store.presence import Loaded
from mo_gateway.store.tables import mo_handling, mo_message, mo_worker
from mo_gateway.supervisor import bound_socket

from .commands import invoke
from .conftest import MakeSettings
from .examples import webhook
from .handling import captured_log
from .postgres import PostgresServer, free_port
from .reporting import DAY, NOON, store_at, tally_with
from .running import get, post, program
from .scraping import samples, scraped
from .sending import Script, queue, send_all, sender_of
from .stored import rows, store
from .waiting import until


@keyword("WIN", name="enter")
def enter(message: Message) -> str:
    return "You are in."


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy host answer late, where lateness is not what is tried."""
    monkeypatch.setattr(scrape, "PATIENCE", timedelta(seconds=30))


def test_an_empty_gateway_shows_noughts(gateway: Gateway) -> None:
    shown = scraped(gateway)

    noughts = [
        "mogateway_inbox_waiting",
        "mogateway_outbox_waiting",
        'mogateway_oldest_waiting_timestamp_seconds{queue="inbox"}',
        'mogateway_oldest_waiting_timestamp_seconds{queue="outbox"}',
        *(f'mogateway_problems_open{{kind="{kind}"}}' for kind in ("failed", "unrouted", "unreadable", "reply")),
        'mogateway_callbacks_total{outcome="refused",provider="spryng"}',
        'mogateway_delivery_reports_total{provider="sms1601",status="failed"}',
        "mogateway_first_loss_timestamp_seconds",
        "mogateway_workers",
        "mogateway_config_last_reload_timestamp_seconds",
    ]
    assert {name: shown.get(name) for name in noughts} == dict.fromkeys(noughts, 0)
    assert shown["mogateway_database_up"] == 1
    assert [value for name, value in shown.items() if name.startswith("mogateway_build_info{")] == [1]


def test_what_waits_and_what_went_wrong_is_what_status_says(gateway: Gateway) -> None:
    for number, state in enumerate(("pending", "pending", "failed", "dead", "dead", "unrouted", "done")):
        message_id = store_at(gateway, NOON + timedelta(minutes=number), MSISDN=f"3240000000{number}")
        with gateway.engine.begin() as conn:
            which = mo_handling.c.message_id == message_id
            conn.execute(update(mo_handling).where(which).values(state=state))
    gateway.receiver.receive(gateway.spryng, webhook(MSISDN="nonsense"))
    failed, unknown = (
        SendResult(outcome=outcome, text="no") for outcome in (SendOutcome.FAILED, SendOutcome.UNKNOWN)
    )
    provider = Script(answers=[failed, unknown])
    queue(gateway, Reply("one"), Reply("two"))
    send_all(sender_of(gateway, provider), provider)
    queue(gateway, Reply("waits"))

    shown = scraped(gateway)
    said = invoke(gateway, "status").stdout

    assert said.startswith("Waiting 2 (")
    assert (
        "failed 1 · dead 2 · unrouted 1 · rejected, not replayed 1 · replies queued 1, failed 1, unknown 1" in said
    )
    assert shown["mogateway_inbox_waiting"] == 2
    assert shown["mogateway_outbox_waiting"] == 1
    problems = [
        shown[f'mogateway_problems_open{{kind="{kind}"}}'] for kind in ("failed", "unrouted", "unreadable")
    ]
    assert problems == [2, 1, 1]
    assert shown['mogateway_problems_open{kind="reply"}'] == 2
    assert shown['mogateway_oldest_waiting_timestamp_seconds{queue="inbox"}'] == NOON.timestamp()
    oldest_reply = shown['mogateway_oldest_waiting_timestamp_seconds{queue="outbox"}']
    assert abs(gateway.clock().timestamp() - oldest_reply) < 60


def test_more_than_a_lot_is_counted_as_a_lot(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "MOST_COUNTED", 2)
    for number in range(3):
        store(gateway, MSISDN=f"3240000000{number}")

    assert scraped(gateway)["mogateway_inbox_waiting"] == 2


def test_no_figure_reads_a_whole_table_that_grows(sqlite_url: str, make_settings: MakeSettings) -> None:
    gateway = open_gateway(make_settings(sqlite_url, MAX_SILENCE="4414=6h"))
    store(gateway)
    asked: list[tuple[str, Any]] = []
    event.listen(
        gateway.engine,
        "before_cursor_execute",
        lambda _conn, _cursor, statement, values, *_: asked.append((statement, values)),
    )
    scraped(gateway)

    with gateway.engine.begin() as conn:
        plans = [
            row.detail
            for statement, values in [*asked]
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    tables = r"SCAN (mo_message|mo_handling|mt_message|report_day|report_hour)\b(?!.* USING )"
    whole = [step for step in plans if re.match(tables, step)]
    assert len(asked) > 10
    assert whole == ["SCAN mo_message"] * 2  # from its newest row on, and no further than RECENT
    gateway.close()


def test_a_reply_that_is_not_to_go_out_yet_is_not_late(gateway: Gateway) -> None:
    queue(gateway, Reply("tomorrow", at=gateway.clock() + DAY))

    shown = scraped(gateway)

    assert shown["mogateway_outbox_waiting"] == 1
    assert shown['mogateway_oldest_waiting_timestamp_seconds{queue="outbox"}'] == 0


def test_a_reply_that_is_tried_again_and_again_waits_since_its_first_try(gateway: Gateway) -> None:
    provider = Script(answers=[SendResult(outcome=SendOutcome.LATER, text="busy")])
    queue(gateway)
    send_all(sender_of(gateway, provider), provider)
    (reply,) = rows(gateway.engine, "mt_message")

    shown = scraped(gateway)

    assert shown['mogateway_oldest_waiting_timestamp_seconds{queue="outbox"}'] > 0
    assert reply.state == "queued"


# Last callbacks


def last_callbacks(gateway: Gateway) -> dict[str, float]:
    name = "mogateway_last_callback_timestamp_seconds"
    return {key.removeprefix(name): value for key, value in scraped(gateway).items() if key.startswith(name)}


def test_the_last_callback_of_each_shortcode_is_shown_with_its_provider(gateway: Gateway) -> None:
    store_at(gateway, NOON, SHORTCODE="4414")
    store_at(gateway, NOON + timedelta(minutes=3), SHORTCODE="4415")
    store_at(gateway, NOON + timedelta(minutes=5), SHORTCODE="4415", PARM="2")
    # a repeat is a callback too, and no message
    store_at(gateway, NOON + timedelta(minutes=9), SHORTCODE="4414", TIMESTAMP="20261122130000")

    assert last_callbacks(gateway) == {
        '{provider="spryng",shortcode="4414"}': (NOON + timedelta(minutes=9)).timestamp(),
        '{provider="spryng",shortcode="4415"}': (NOON + timedelta(minutes=5)).timestamp(),
    }


def test_a_shortcode_that_the_newest_messages_do_not_name_is_found_in_the_counts(
    database_url: str, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "RECENT", 1)
    gateway = open_gateway(make_settings(database_url), clock=lambda: NOON + timedelta(hours=1))
    store_at(gateway, NOON - 3 * DAY, SHORTCODE="4414")
    store_at(gateway, NOON - 2 * DAY, SHORTCODE="4414", PARM="2")
    store_at(gateway, NOON, SHORTCODE="4415")
    tally = tally_with(gateway, enter)
    for _ in range(4):
        tally.round()

    assert last_callbacks(gateway) == {
        '{provider="spryng",shortcode="4414"}': (NOON - 2 * DAY).timestamp(),
        '{provider="spryng",shortcode="4415"}': NOON.timestamp(),
    }
    gateway.close()


def test_of_more_shortcodes_than_anybody_has_the_latest_are_shown_and_those_that_must_not_be_silent(
    database_url: str, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_SHORTCODES", 2)
    gateway = open_gateway(make_settings(database_url, MAX_SILENCE="4414=6h,7777=2d"))
    for minute, shortcode in enumerate(("4414", "5001", "5002", "5003")):
        store_at(gateway, NOON + timedelta(minutes=minute), SHORTCODE=shortcode)

    shown = last_callbacks(gateway)

    assert sorted(shown) == [
        '{provider="spryng",shortcode="4414"}',
        '{provider="spryng",shortcode="5002"}',
        '{provider="spryng",shortcode="5003"}',
        '{provider="unknown",shortcode="7777"}',
    ]
    assert shown['{provider="unknown",shortcode="7777"}'] == 0
    assert scraped(gateway)['mogateway_max_silence_seconds{shortcode="4414"}'] == 6 * 3600
    gateway.close()


def test_a_test_message_does_not_break_a_silence(gateway: Gateway) -> None:
    store_at(gateway, NOON)
    with gateway.engine.begin() as conn:
        conn.execute(update(mo_message).values(is_test=True))

    assert last_callbacks(gateway) == {}


def test_the_skew_is_that_of_a_providers_newest_message(gateway: Gateway) -> None:
    store_at(gateway, NOON, PARM="1", TIMESTAMP="20261122125000")  # ten minutes before, in Amsterdam
    store_at(gateway, NOON, PARM="2", TIMESTAMP="20261122130002")

    assert scraped(gateway)['mogateway_clock_skew_seconds{provider="spryng"}'] == pytest.approx(-2)


def test_status_and_doctor_name_what_is_silent_for_too_long(gateway: Gateway) -> None:
    store_at(gateway, gateway.clock() - timedelta(hours=7), SHORTCODE="4414")
    store_at(gateway, gateway.clock() - timedelta(hours=7), SHORTCODE="4415")
    limits = "4414=6h,4415=2d,4416=90m"

    said = invoke(gateway, "status", MAX_SILENCE=limits).stdout.splitlines()[1:]
    found = invoke(gateway, "doctor", MAX_SILENCE=limits).stdout.splitlines()
    fine = invoke(gateway, "doctor", MAX_SILENCE="4415=2d").stdout.splitlines()

    silence, never = "othing has come to 4414 for 7 h, and 6 h are allowed", "othing has come to 4416 for a month"
    assert f"N{silence}. Next: mo-gateway doctor" in said
    assert f"N{never}, and 90 min are allowed. Next: mo-gateway doctor" in said
    assert [line for line in found if "silence" in line] == [
        f"✗ silence   n{silence}",
        f"✗ silence   n{never}, and 90 min are allowed",
    ]
    assert [line for line in fine if "silence" in line.lower()] == [
        "✓ silence   what MO_GATEWAY_MAX_SILENCE names was not silent for long: 4415"
    ]


# The other gauges


def test_the_worker_that_is_furthest_behind_says_when_routes_were_loaded(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        presence.arrive(conn, "one:1", Loaded(routes=2))
        presence.arrive(conn, "two:2", Loaded(routes=2))
        conn.execute(update(mo_worker).where(mo_worker.c.process == "two:2").values(routes_loaded_at=NOON))
    well = scraped(gateway)
    with gateway.engine.begin() as conn:
        presence.loaded(conn, "one:1", Loaded(routes=2, error="line 3"), asked_at=None)
    ill = scraped(gateway)

    assert well["mogateway_workers"] == 2
    assert well["mogateway_config_last_reload_timestamp_seconds"] == NOON.timestamp()
    assert (well["mogateway_config_last_reload_success"], ill["mogateway_config_last_reload_success"]) == (1, 0)


def test_while_callbacks_are_refused_it_is_shown_when_the_first_is_lost(gateway: Gateway) -> None:
    gateway.receiver.loss_clock.refused(NOON)

    assert scraped(gateway)["mogateway_first_loss_timestamp_seconds"] == (NOON + A_DAY).timestamp()


# A database that does not answer


def test_without_the_database_the_counters_are_shown_and_that_it_is_away(
    postgres_server: PostgresServer,
    postgres_url: str,
    make_settings: MakeSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = captured_log(monkeypatch, scrape)
    gateway = open_gateway(make_settings(postgres_url))
    name = postgres_url.rpartition("/")[2]
    store(gateway)

    postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    away = scraped(gateway)
    postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    back = scraped(gateway)

    assert (away["mogateway_database_up"], back["mogateway_database_up"]) == (0, 1)
    assert away['mogateway_callbacks_total{outcome="stored",provider="spryng"}'] == 1
    assert "mogateway_inbox_waiting" not in away
    assert "mogateway_first_loss_timestamp_seconds" in away
    assert [line["event"] for line in log] == ["metrics without the database"]
    gateway.close()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(
    postgres_url: str, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = open_gateway(make_settings(postgres_url, COMMIT_DEADLINE="60"))  # so long a lock is waited for
    looking = Scrape(gateway.settings, gateway.engine, gateway.metrics, gateway.clock)
    with gateway.engine.connect() as other, monkeypatch.context() as patch:
        other.execute(text("LOCK TABLE mo_handling IN ACCESS EXCLUSIVE MODE"))
        patch.setattr(scrape, "PATIENCE", timedelta(seconds=0.3))
        held = samples(looking.text().decode())
        until(lambda: looking._glance._answer.done(), "the end of the look")
    free = samples(looking.text().decode())

    assert (held["mogateway_database_up"], free["mogateway_database_up"]) == (0, 1)
    gateway.close()


class Hung:
    """A database that does not answer until the test lets it; it counts those who ask."""

    def __init__(self, answer: Seen) -> None:
        self.may_answer = Event()
        self.asked = 0
        self._answer = answer

    def __call__(self) -> Seen:
        self.asked += 1
        self.may_answer.wait()
        return self._answer


def test_a_database_that_hangs_takes_one_thread_however_often_it_is_asked(
    sqlite_url: str, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = open_gateway(make_settings(sqlite_url))
    seen = Scrape(gateway.settings, gateway.engine, gateway.metrics, gateway.clock)._glance()
    assert seen
    hung = Hung(seen)
    glance = Glance(hung)
    monkeypatch.setattr(scrape, "PATIENCE", timedelta(seconds=0.05))

    meanwhile = [glance() for _ in range(5)]
    asked = hung.asked
    hung.may_answer.set()
    later = until(glance, "an answer")

    assert meanwhile == [None] * 5
    assert asked == 1
    assert later is seen
    gateway.close()


# All processes


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "3"])
def test_under_run_every_process_shows_the_counters_of_all(
    tmp_path: Path, database_url: str, workers: str
) -> None:
    with program(tmp_path, database_url) as gateway:
        url = gateway.run("--workers", workers)
        for number in range(12):
            assert post(url, MSISDN=f"3240000{number:04}").status == 200
        page = f"http://{urlsplit(url).netloc}/metrics"
        until(
            lambda: _of(page, 'mogateway_messages_handled_total{handler="contest.thank",outcome="handled"}') == 12,
            "all",
        )
        several = [samples(get(page).body) for _ in range(8)]
        gateway.stop()

    stored = 'mogateway_callbacks_total{outcome="stored",provider="spryng"}'
    taken = 'mogateway_messages_total{keyword="win",provider="spryng",shortcode="4414"}'
    assert {(shown[stored], shown[taken]) for shown in several} == {(12, 12)}
    assert {shown['mogateway_replays_total{outcome="handled"}'] for shown in several} == {0}


def test_a_worker_of_its_own_shows_its_counters_where_it_is_told_to(tmp_path: Path, sqlite_url: str) -> None:
    port = free_port()
    with program(tmp_path, sqlite_url) as worker:
        worker.start("mo_gateway", "work", "--metrics", f"127.0.0.1:{port}")
        shown = until(lambda: _page(f"http://127.0.0.1:{port}/metrics"), "its counters", within=90)
        code = worker.stop()

    assert shown['mogateway_messages_handled_total{handler="contest.thank",outcome="handled"}'] == 0
    assert code == 0


@pytest.mark.parametrize("address", ["9464", "localhost:http", ":9464", "127.0.0.1:99999"])
def test_counters_are_not_shown_at_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigError, match=f"--metrics must be HOST:PORT, such as 127.0.0.1:9464, not {address}$"):
        serve(address, CollectorRegistry())


def test_an_address_that_is_taken_is_said_in_a_sentence() -> None:
    with bound_socket("127.0.0.1:0") as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(ConfigError, match=f"--metrics {address} is not to be had: Address already in use$"):
            serve(address, CollectorRegistry())


def _of(page: str, name: str) -> float | None:
    return samples(get(page).body).get(name)


def _page(url: str) -> dict[str, float] | None:
    try:
        return samples(get(url).body)
    except OSError:
        return None
