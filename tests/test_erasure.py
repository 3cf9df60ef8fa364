"""Erasure: a person is gone from every row and file, and every count stays what it was."""

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mo_gateway import Ask, Join, Message, Reply, Vote, answer, erasure, keys, keyword
from mo_gateway.erasure import Plan, Unfinished
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.housekeeping import Housekeeping
from mo_gateway.message import Outcome, WebhookRequest
from mo_gateway.recount import recount
from mo_gateway.reply import Delivery, DeliveryReport
from mo_gateway.routing import Routes
from mo_gateway.store import erasing, person
from mo_gateway.store.audit import Actor
from mo_gateway.store.report_tables import metadata
from mo_gateway.store.reports import new_report
from mo_gateway.store.tables import mo_attempt, mo_handling, mo_message, mt_message, mt_provider

from .commands import invoke
from .examples import FORM_TYPE, webhook
from .handling import consent_of, dispatcher_of, handle_all
from .postgres import PostgresServer
from .reporting import AMSTERDAM, DAY, NOON, Clock, read, store_at, tally_with
from .sending import Script, add_report, send_all, sender_of
from .stored import rows

CANARY = "32471112233"
TEXT = "kanariegeel"
WORD = "pimpelmees"  # a first word that no route takes
SECRET = b"test-person-secret"
SOMEBODY = Actor(name="cli:anna")
EARLIER = NOON - 3 * DAY

REPORTS = ("report_daily", "report_hourly", "report_vote_totals")


@keyword("WIN", shortcode="4414")
def enter(message: Message) -> list[Reply]:
    return [
        Reply(f"You are in, {message.text}."),
        Reply(f"{message.msisdn} wrote {message.text}", to="32499999999"),
    ]


@keyword("VOTE")
def vote(message: Message) -> Vote:
    return Vote(poll="song", option="Blue")


@keyword("NEWS")
def join(message: Message) -> Join:
    return Join("news")


@keyword("ASK")
def ask(message: Message) -> Ask:
    return Ask("name", note=message.text, timeout_text=message.text)


@answer("name")
def named(message: Message) -> str:
    return f"Hello, {message.text}."


HANDLERS = (enter, vote, join, ask, named)


def store_canary(gateway: Gateway) -> None:
    """Store what somebody can do here, each with the number and a text that are looked for afterwards."""
    for moment in (EARLIER, NOON):
        for word in ("WIN", "VOTE", "NEWS", "ASK", WORD, "STOP"):
            store_at(gateway, moment, MSISDN=CANARY, KEYWORD=word, PARM="" if word == "STOP" else TEXT)
            store_at(gateway, moment, MSISDN="32400000001", KEYWORD=word, PARM="" if word == "STOP" else "else")
    store_at(gateway, EARLIER, MSISDN=CANARY, KEYWORD=f"{WORD}alone", PARM=TEXT, REFERENCE=TEXT)
    spelt = "".join(f"%{ord(digit):x}" for digit in CANARY)
    for raw in (f"MSISDN={CANARY}&PARM={TEXT}", f"MSISDN={spelt}&PARM=x"):
        request = WebhookRequest(
            method="POST", raw=raw.encode(), content_type=FORM_TYPE, remote_addr="192.0.2.1", received_at=NOON
        )
        assert gateway.receiver.receive(gateway.spryng, request).outcome is Outcome.REJECTED


def work(gateway: Gateway) -> None:
    """Do what a worker does, until nothing waits."""
    consent_of(gateway, *HANDLERS).record()
    consent_of(gateway, *HANDLERS).record()
    handle_all(dispatcher_of(gateway, *HANDLERS))
    script = Script()
    send_all(sender_of(gateway, script), script)
    count(gateway)


def count(gateway: Gateway) -> None:
    counter = tally_with(gateway, *HANDLERS)
    for _ in range(3):
        counter.round()


@pytest.fixture
def full(gateway: Gateway) -> Gateway:
    """A gateway with a person in every table that may hold one."""
    store_canary(gateway)
    work(gateway)
    with gateway.engine.begin() as conn:
        of_canary = conn.scalars(select(mt_message.c.id).where(mt_message.c.msisdn == CANARY)).all()
        of_other = select(mo_message.c.id).where(mo_message.c.msisdn != CANARY)
        quoting = update(mo_handling).where(mo_handling.c.message_id.in_(of_other))
        conn.execute(quoting.values(error=f"ValueError: {CANARY}"))
        conn.execute(update(mo_attempt).values(error=f"ValueError: {CANARY}"))
        conn.execute(update(mt_provider).values(error=f"no route to {CANARY}"))
        conn.execute(update(mt_message).where(mt_message.c.id == of_canary[0]).values(reference=f"x-{CANARY}"))
        conn.execute(
            update(mt_message).where(mt_message.c.id == of_canary[1]).values(reference="ours", attempts=1)
        )
    add_report(gateway, of_canary[0], raw=f"to={CANARY}".encode(), reference=f"x-{CANARY}", dedupe_key=b"1")
    add_report(gateway, None, raw=f"to={CANARY}".encode(), dedupe_key=b"2")
    count(gateway)
    return gateway


def erase(gateway: Gateway, **changes: Any) -> Plan:
    return erasure.erase(
        gateway.engine,
        CANARY,
        **{"person_secret": SECRET, "actor": SOMEBODY, "reason": "asked", "now": NOON, **changes},
    )


def everything(gateway: Gateway) -> str:
    """Give every value of every row of every table and view, in every form that a person may read."""
    found = []
    for name in (*metadata.tables, "report_messages", "report_people_private", "report_opt_outs"):
        for row in rows(gateway.engine, name):
            for value in row:
                found.append(str(value))
                if isinstance(value, bytes):
                    found.append(value.decode("latin-1"))
    return "\n".join(found)


def figures(gateway: Gateway) -> dict[str, list[Any]]:
    """Give what the reports count, the rare words together, the moments of counting aside."""
    found: dict[str, list[Any]] = {
        name: [row[:-1] for row in read(gateway.engine, name) if WORD not in str(row) and "*" not in row]
        for name in REPORTS
    }
    daily = read(gateway.engine, "report_daily", "local_date", "messages", "callbacks", "new_people", "stops")
    for local in {row[0] for row in daily}:
        found[str(local)] = [sum(row[n] or 0 for row in daily if row[0] == local) for n in range(1, 5)]
    people = read(gateway.engine, "report_people", "shortcode", "messages", "keywords", "first_at")
    found["people"] = [len(people), sum(row[1] for row in people)]
    found["replies"] = sorted(read(gateway.engine, "report_replies", "status", "parts", "handler"), key=str)
    return found


def test_nothing_of_a_person_is_left_in_any_row(full: Gateway) -> None:
    assert CANARY in everything(full)
    assert TEXT in everything(full)

    erase(full)

    left = everything(full)
    for name in metadata.tables:
        for row in rows(full.engine, name):
            assert CANARY not in str(row), (name, row)
            assert TEXT not in str(row), (name, row)
    key = keys.person_key(SECRET, CANARY)
    assert CANARY not in left
    assert TEXT not in left
    assert f"{WORD}alone" not in left
    for table in metadata.tables.values():
        for name in ("person_key",):
            if name in table.c and table.name not in ("mo_audit", "opt_out"):
                keys_left = [getattr(row, name) for row in rows(full.engine, table.name)]
                assert key not in keys_left, table.name
                assert key.hex() not in keys_left, table.name
    assert str(keys.line_of(key, "4414")) not in left


def test_the_counts_stay_also_when_they_are_counted_again(full: Gateway) -> None:
    before = figures(full)

    erase(full)
    at_once = figures(full)
    count(full)

    assert at_once["people"] == before["people"]
    after = figures(full)
    for name, counted in before.items():
        assert after[name] == counted, name


def test_a_stop_is_in_force_as_a_keyed_hash_that_leads_to_no_message(full: Gateway) -> None:
    erase(full)

    mine = [row for row in rows(full.engine, "opt_out") if row.person_key == keys.person_key(SECRET, CANARY)]
    assert [(row.msisdn, row.until, row.message_id) for row in mine] == [("", None, None)]
    store_at(full, NOON, MSISDN=CANARY, PARM="back again")
    work(full)
    reply = rows(full.engine, "mt_message")[-2]
    assert (reply.msisdn, reply.state, reply.suppressed_reason) == (CANARY, "suppressed", "opt-out")


def test_a_retry_of_the_provider_is_recognised_and_stores_nothing(full: Gateway) -> None:
    erase(full)

    stored = len(rows(full.engine, "mo_message"))
    again = [
        full.receiver.receive(
            full.spryng,
            webhook(
                now=NOON,
                MSISDN=CANARY,
                KEYWORD="WIN",
                PARM=TEXT,
                TIMESTAMP=f"{NOON.astimezone(AMSTERDAM):%Y%m%d%H%M%S}",
            ),
        ),
        full.receiver.receive(
            full.spryng,
            WebhookRequest(
                method="POST",
                raw=f"MSISDN={CANARY}&PARM={TEXT}".encode(),
                content_type=FORM_TYPE,
                remote_addr="192.0.2.1",
                received_at=NOON,
            ),
        ),
    ]

    assert [one.outcome for one in again] == [Outcome.DUPLICATE, Outcome.REJECTED]
    assert len(rows(full.engine, "mo_message")) == stored
    assert CANARY not in everything(full)


def keys_of(gateway: Gateway, ids: set[int]) -> dict[int, bytes]:
    return {row.id: row.dedupe_key for row in rows(gateway.engine, "mo_message") if row.id in ids}


def test_a_day_later_the_worker_makes_the_dedupe_keys_random(full: Gateway) -> None:
    erase(full)
    waiting = {row.row_id for row in rows(full.engine, "mo_erased_key") if row.table_name == "mo_message"}
    fresh = keys_of(full, waiting)
    clock = Clock(NOON + timedelta(hours=24))
    housekeeping = Housekeeping(full.engine, {}, zone=AMSTERDAM, clock=clock)

    housekeeping.round()
    too_early = keys_of(full, waiting)
    clock.now += timedelta(hours=4)
    housekeeping.round()

    assert len(fresh) == 6
    assert too_early == fresh
    assert not set(keys_of(full, waiting).values()) & set(fresh.values())
    assert rows(full.engine, "mo_erased_key") == []


def test_a_delivery_report_that_comes_later_is_kept_without_the_number(full: Gateway) -> None:
    erase(full)
    reply = next(row for row in rows(full.engine, "mt_message") if row.reference == "ours")

    report = DeliveryReport(
        provider=reply.provider,
        status=Delivery.DELIVERED,
        provider_status="10",
        reference=reply.reference,
        provider_id=None,
        reported_at=None,
        raw=f"to={CANARY}".encode(),
    )
    full.writer.store(new_report(report, webhook()))

    assert rows(full.engine, "mt_report")[-1].mt_message_id == reply.id
    assert CANARY not in everything(full)


def test_an_erased_message_is_neither_replayed_nor_read_again(full: Gateway) -> None:
    erase(full)

    of_others = [row for row in rows(full.engine, "mo_message") if row.msisdn]
    states = ("--state", "done", "--state", "unrouted", "--since", "2026-11-01")
    again = json.loads(invoke(full, "replay", *states, "--dry-run", "--json").stdout)
    read = json.loads(invoke(full, "replay", "--charset", "utf-8", "--dry-run", "--json").stdout)

    assert again["would_run_again"] == len(of_others)
    assert read["read"] == len(of_others)


def test_a_recount_leaves_the_vote_of_an_erased_person(full: Gateway) -> None:
    erase(full)
    routes = Routes(handler for function in HANDLERS for handler in handlers_in(function))

    found = recount(full.engine, routes, "song", person_secret=SECRET, mend=True)

    assert found.surplus == 2  # those of the other person, since no route of today is a ballot
    assert len(rows(full.engine, "mo_vote")) == 2


def test_who_has_something_unfinished_is_not_erased(gateway: Gateway) -> None:
    store_at(gateway, NOON, MSISDN=CANARY)

    with pytest.raises(Unfinished, match="message 1 is still to be handled: say it again when that is done"):
        erase(gateway)

    assert CANARY in everything(gateway)
    assert rows(gateway.engine, "mo_audit") == []


@pytest.mark.parametrize(
    "step", ["empty_messages", "empty_replies", "empty_opt_outs", "empty_the_rest", "queue_keys"]
)
def test_who_is_killed_between_two_steps_has_erased_nothing(
    full: Gateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = everything(full)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(erasing, step, killed)
    with pytest.raises(KeyboardInterrupt):
        erase(full)

    assert everything(full) == before


def test_the_erasure_is_in_the_audit_trail_without_the_number(full: Gateway) -> None:
    erase(full)

    (entry,) = rows(full.engine, "mo_audit")
    assert (entry.actor, entry.action, entry.reason) == ("cli:anna", "forget", "asked")
    assert entry.person_key == keys.person_key(SECRET, CANARY)


def test_erased_twice_there_is_nothing_left(full: Gateway) -> None:
    erase(full)

    assert erasure.plan(full.engine, CANARY, person_secret=SECRET).is_nothing


def test_every_table_that_may_hold_a_person_is_known_to_the_dossier() -> None:
    personal = {"msisdn", "person_key", "raw"}

    holding = {table.name for table in metadata.tables.values() if personal & set(table.c.keys())}

    assert holding <= {table.name for table in person.NAMES.values()}


def test_nothing_is_left_in_the_files_of_sqlite(tmp_path: Path, sqlite_url: str, make_settings: Any) -> None:
    with closing(open_gateway(make_settings(sqlite_url))) as gateway:
        store_canary(gateway)
        work(gateway)
        erase(gateway)

        assert erasure.sweep(gateway.engine, timedelta(seconds=5)) == []

        files = sorted(tmp_path.glob("mo-gateway.db*"))
        assert [file.name for file in files if file.read_bytes().find(CANARY.encode()) >= 0] == []
        assert [file.name for file in files if file.read_bytes().find(TEXT.encode()) >= 0] == []


def test_files_that_somebody_reads_are_said_to_hold_traces(sqlite_url: str, make_settings: Any) -> None:
    with closing(open_gateway(make_settings(sqlite_url, COMMIT_DEADLINE="0.2"))) as gateway:
        store_at(gateway, NOON)
        reading = gateway.engine.execution_options(mo_gateway_read_only=True)
        with reading.begin() as conn:
            conn.execute(select(mo_message)).all()

            (left,) = erasure.sweep(gateway.engine, timedelta(seconds=5))

    assert "may hold traces still" in left


def test_nothing_is_left_in_the_files_of_postgresql_once_they_are_written_anew(
    postgres_server: PostgresServer, postgres_url: str, make_settings: Any
) -> None:
    with closing(open_gateway(make_settings(postgres_url))) as gateway:
        store_canary(gateway)
        work(gateway)
        erase(gateway)
        assert erasure.sweep(gateway.engine, timedelta(seconds=5)) == []

    database = postgres_url.rpartition("/")[2]
    postgres_server.execute("VACUUM FULL", database)
    postgres_server.execute("CHECKPOINT", database)
    paths = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    found = [row[0] for row in postgres_server.execute(paths, database) if row[0]]
    contents = {path: (postgres_server.data / path).read_bytes() for path in found}
    assert len(contents) > 40
    assert [
        path for path, content in contents.items() if CANARY.encode() in content or TEXT.encode() in content
    ] == []
