"""The demo: thirty days that add up, on both databases, of which nothing is ever sent."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from mo_gateway.cli.fake import ROLES
from mo_gateway.cli.first_files import DEMO_ROUTES, ROUTES
from mo_gateway.demo import filling, script
from mo_gateway.demo.people import COUNTRIES
from mo_gateway.fakes.server import running
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.routes import open_routes
from mo_gateway.gateway.upkeep import tally_of
from mo_gateway.recount import recount
from mo_gateway.settings import Settings
from mo_gateway.store.balance import answered, latest_dates
from mo_gateway.store.engine import open_engine
from mo_gateway.store.views import VIEWS

from .conftest import settings_for
from .postgres import PostgresServer
from .reporting import AMSTERDAM, read
from .running import post, program
from .stored import rows
from .waiting import until

pytestmark = pytest.mark.pages  # what the pages are filled with

FEW = 160  # messages that are drawn: enough for one of each kind
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A database with the demo in it."""

    engine: Engine
    settings: Settings
    now: datetime

    def table(self, name: str) -> list[Any]:
        return rows(self.engine, name)


def demo_routes(folder: Path, now: datetime) -> Path:
    """Write the routes of the demo, by the moments of its poll."""
    opens, closes = script.poll_times(now)
    text = (ROUTES + DEMO_ROUTES).replace("${opens}", f"opens = {opens.isoformat()}\n")
    path = folder / "routes.toml"
    path.write_text(text.replace("$closes", closes.isoformat()))
    return path


@contextmanager
def filled_in(
    folder: Path, database_url: str, *, now: datetime | None = None, messages: int = FEW
) -> Iterator[Filled]:
    """Fill a database of the current schema."""
    now = now or utc_now().replace(microsecond=0)
    settings = replace(settings_for(database_url), routes=demo_routes(folder, now))
    for _progress in filling.fill(settings, now, messages=messages):
        pass
    engine = open_engine(settings)
    try:
        yield Filled(engine=engine, settings=settings, now=now)
    finally:
        engine.pool.dispose()  # for good: who looks later leaves no connection open


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The demo on a database of each kind, filled once: these tests only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        url = f"sqlite:///{shutil.copy(template, folder / 'mo-gateway.db')}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.create_database("demo", request.getfixturevalue("postgres_template"))
        url = server.url("demo")
    with filled_in(folder, url) as made:
        yield made


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_every_view_has_rows(filled: Filled, view: str) -> None:
    assert read(filled.engine, view)


def test_every_state_of_a_message_occurs_and_few_of_them_wait(filled: Filled) -> None:
    states = Counter(row.state for row in filled.table("mo_handling"))

    assert states.keys() == {"pending", "done", "unrouted", "failed", "dead"}
    assert (states["pending"], states["failed"]) == (3, 3)
    assert states["done"] > states["unrouted"] + states["dead"]


def test_every_state_of_a_reply_occurs_and_none_of_them_is_ever_due(filled: Filled) -> None:
    replies = filled.table("mt_message")

    states = Counter(row.state for row in replies)

    assert states.keys() == {"queued", "sent", "failed", "unknown", "suppressed"}
    assert {row.suppressed_reason for row in replies} >= {None, "opt-out"}
    assert [row.id for row in replies if row.due_at] == []
    assert {row.parts for row in replies} == {1, 2}


def test_what_callers_were_told_is_what_is_stored(filled: Filled) -> None:
    with filled.engine.begin() as conn:
        days = answered(conn, filled.settings.timezone, latest_dates(filled.settings.timezone, filled.now, 32))
    messages, rejections = filled.table("mo_message"), filled.table("mo_rejection")

    assert sum(day.stored for day in days) == len(messages)
    assert sum(day.duplicates for day in days) == sum(row.deliveries - 1 for row in messages) > 0
    assert sum(day.rejected for day in days) == sum(row.deliveries for row in rejections) > len(rejections) > 0
    assert sum(day.refused for day in days) > 0
    assert [day.missing for day in days] == [0] * 32


def test_the_counts_of_each_date_add_up(filled: Filled) -> None:
    figures = read(filled.engine, "report_daily", "messages", "handled", "unrouted", "failed", "waiting")

    assert sum(row[0] for row in figures) == len(filled.table("mo_message"))
    assert all(messages == sum(became) for messages, *became in figures)


def test_the_poll_has_late_and_double_votes_and_a_recount_finds_nothing_wrong(filled: Filled) -> None:
    totals = read(filled.engine, "report_vote_totals", "votes", "rejected_late", "rejected_double", "unreadable")
    secret = filled.settings.person_secret

    found = recount(filled.engine, open_routes(filled.settings), "song", person_secret=secret)

    assert found.is_right
    assert [sum(column) > 0 for column in zip(*totals, strict=True)] == [True] * 4
    assert found.right == len(filled.table("mo_vote"))


def test_people_join_and_leave_and_say_stop_and_start(filled: Filled) -> None:
    lists, stops = filled.table("mo_subscription"), filled.table("opt_out")

    assert {row.until is None for row in lists} == {True, False}
    assert {row.until is None for row in stops} == {True, False}
    confirmed = [row.confirmed_at - row.since for row in _with_moments(stops) if row.confirmed_at]
    assert confirmed
    assert all(timedelta() < wait < timedelta(seconds=30) for wait in confirmed)


def test_nothing_lies_in_the_future_and_nothing_happens_before_its_cause(filled: Filled) -> None:
    messages = {row.id: row for row in _with_moments(filled.table("mo_message"))}
    handlings = _with_moments(filled.table("mo_handling"))
    replies = _with_moments(filled.table("mt_message"))

    assert all(filled.now - 31 * DAY < row.received_at <= filled.now for row in messages.values())
    ended = [row for row in handlings if row.finished_at]
    assert all(messages[row.message_id].received_at < row.finished_at < filled.now + DAY for row in ended)
    sent = [row for row in replies if row.sent_at]
    assert all(messages[row.message_id].received_at < row.created_at < row.sent_at < filled.now for row in sent)


def test_no_number_can_be_somebodys(filled: Filled) -> None:
    prefixes = tuple(country.prefix for country in COUNTRIES)

    messages = filled.table("mo_message")

    assert [row.id for row in messages if not row.msisdn.startswith(prefixes)] == []
    assert {row.country for row in messages} == {country.code for country in COUNTRIES}
    assert not any(row.is_test for row in messages)


def test_texts_are_as_people_write_them_and_as_attackers_do(filled: Filled) -> None:
    texts = [f"{row.keyword} {row.parm}" for row in filled.table("mo_message")]

    for piece in ("<script>", "<b>WIN</b>", "=HYPERLINK", "\u202egnp", "😀", "été", "WINN"):
        assert any(piece in text for text in texts), piece
    assert "INFO " in texts  # nothing behind the word
    assert max(map(len, texts)) > 400


def test_the_worker_counts_the_same_as_the_demo_did(filled: Filled) -> None:
    before = read(filled.engine, "report_daily", "local_date", "keyword", "messages", "handled")
    routes = open_routes(filled.settings)

    tally_of(routes, filled.settings, filled.engine, clock=lambda: filled.now).round()

    assert read(filled.engine, "report_daily", "local_date", "keyword", "messages", "handled") == before


def test_one_seed_and_moment_give_the_same_demo(tmp_path: Path, sqlite_template: Path) -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    seen = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'mo-gateway.db')}"
        with filled_in(folder, url, now=now, messages=20) as made:
            seen.append(_without_chance(made))

    one, other = seen

    assert one == other
    assert len(one) > 100


def test_another_seed_gives_another_demo() -> None:
    zone, now = AMSTERDAM, datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    one, same, other = (script.write(now, zone, seed=seed, messages=20) for seed in (1, 1, 2))

    assert one == same
    assert one.history != other.history


@pytest.mark.slow
def test_a_worker_with_credentials_sends_nothing_of_the_demo(tmp_path: Path, database_url: str) -> None:
    with filled_in(tmp_path, database_url, messages=20) as made, running(FakeSpryng()) as provider:
        given = {"URL": provider.url + ROLES["spryng"].path, **ROLES["spryng"].variables}
        variables = {f"SPRYNG_{name}": value for name, value in given.items()}
        with program(
            tmp_path,
            database_url,
            HANDLERS="",
            ROUTES="routes.toml",
            PERSON_SECRET="test-person-secret",
            **variables,
        ) as run:
            url = run.run()
            assert post(url, KEYWORD="INFO", PARM="").body == "TRUE"  # a phone of today, which is answered
            until(lambda: provider.fake.taken, "the reply to somebody who is there")
            states = until(lambda: _once_nobody_waits(made), "the last messages of the demo to be handled")
        replies = Counter(row.state for row in made.table("mt_message"))

    assert [taken.to for taken in provider.fake.taken] == ["32412345678"]
    assert states["failed"] == 3  # its target is still down
    assert replies["queued"] == 4


def _once_nobody_waits(made: Filled) -> Counter[str] | None:
    states = Counter(row.state for row in made.table("mo_handling"))
    return None if states["pending"] else states


def _with_moments(table: list[Any]) -> list[Any]:
    """Give rows whose moments are aware, as both databases mean them."""
    return [SimpleNamespace(**{name: _moment(value) for name, value in row._mapping.items()}) for row in table]


def _moment(value: Any) -> Any:
    is_moment = isinstance(value, str) and re.fullmatch(r"[0-9-]{10} [0-9:]{8}\.[0-9]{6}", value)
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if is_moment else value


def _without_chance(made: Filled) -> list[tuple[Any, ...]]:
    """Give what must be the same: not references, which are secret, nor what the database's clock says."""
    return [
        *(
            (row.msisdn, row.keyword, row.parm, row.received_at, row.deliveries)
            for row in made.table("mo_message")
        ),
        *((row.message_id, row.state, row.handler, row.finished_at) for row in made.table("mo_handling")),
        *(
            (row.message_id, row.state, row.body, row.sent_at, row.suppressed_reason)
            for row in made.table("mt_message")
        ),
        *sorted((row.mt_message_id, row.status, row.received_at) for row in made.table("mt_report")),
        *((row.msisdn, row.since, row.until, row.confirmed_at) for row in made.table("opt_out")),
    ]
