"""Workers that say they are there, and load their routes anew when they are asked to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mo_gateway.errors import ConfigError
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.handling import consent_with, dispatcher_with
from mo_gateway.gateway.routes import open_routes
from mo_gateway.metrics import Metrics
from mo_gateway.presence import Presence
from mo_gateway.routing import Routes
from mo_gateway.store import presence
from mo_gateway.store.engine import WRITABLE
from mo_gateway.store.presence import Loaded
from mo_gateway.terms import Sms

from .commands import invoke
from .conftest import MakeSettings
from .stored import audit_trail, rows
from .waiting import until

ROUTES = '[[route]]\nkeyword = "{word}"\n[route.store]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A routes file with one keyword."""
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES.format(word="WIN"))
    return path


@pytest.fixture
def gateway(database_url: str, make_settings: MakeSettings, file: Path) -> Iterator[Gateway]:
    """A gateway with that file."""
    gateway = open_gateway(make_settings(database_url, ROUTES=str(file)))
    yield gateway
    gateway.close()


@pytest.fixture
def worker(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Presence, Routes]]:
    """A worker that is there, and looks often."""
    monkeypatch.setattr("mo_gateway.presence.SAY_EVERY", 0.05)
    routes = open_routes(gateway.settings)
    there = Presence(gateway.engine, "host:1", routes, lambda: open_routes(gateway.settings))
    there.start()
    until(lambda: rows(gateway.engine, "mo_worker"), "the worker to be there")
    yield there, routes
    there.stop()


def leads(routes: Routes, word: str) -> bool:
    return routes.find(Sms(shortcode="4414", keyword=word)) is not None


def test_new_routes_are_in_force_for_dispatch_and_consent_when_they_are_asked_for(
    gateway: Gateway, worker: tuple[Presence, Routes], file: Path
) -> None:
    _, routes = worker
    dispatcher = dispatcher_with(routes, gateway.settings, gateway.engine)
    consent = consent_with(routes, gateway.settings, gateway.engine, metrics=Metrics())
    file.write_text(ROUTES.format(word="LOSE"))

    result = invoke(gateway, "reload", ROUTES=str(file))

    assert (result.stdout, result.exit_code) == ("host:1: 1 route\n", 0)
    assert [(row.action, row.details) for row in audit_trail(gateway.engine)] == [("reload", {"workers": 1})]
    assert all(leads(one, "LOSE") and not leads(one, "WIN") for one in (dispatcher.routes, consent.routes))


def test_a_file_with_a_fault_is_loaded_by_nobody(
    gateway: Gateway, worker: tuple[Presence, Routes], file: Path
) -> None:
    file.write_text(ROUTES.format(word="LOSE").replace("store", "stare"))

    result = invoke(gateway, "reload", ROUTES=str(file))

    assert result.exit_code == 4
    assert f"{file}:3: route.stare: there is no such key; store was meant" in result.stderr
    assert leads(worker[1], "WIN")


def test_a_worker_that_finds_its_file_wrong_keeps_the_old_routes_and_says_why(
    gateway: Gateway, worker: tuple[Presence, Routes], file: Path, tmp_path: Path
) -> None:
    file.write_text("[[route]]\n")  # of this host; the one who asks has another file
    other = tmp_path / "other.toml"
    other.write_text(ROUTES.format(word="LOSE"))

    result = invoke(gateway, "reload", ROUTES=str(other))

    assert result.exit_code == 7
    assert result.stdout.startswith(f"host:1: the old routes stay in force: {file}:1: route")
    assert leads(worker[1], "WIN")


def test_a_signal_has_the_routes_loaded_too(gateway: Gateway, worker: tuple[Presence, Routes], file: Path) -> None:
    there, routes = worker
    file.write_text(ROUTES.format(word="LOSE"))

    there.want_reload()

    until(lambda: leads(routes, "LOSE"), "the new routes")


def test_a_worker_that_stops_is_not_there_any_more(gateway: Gateway, worker: tuple[Presence, Routes]) -> None:
    worker[0].stop()

    result = invoke(gateway, "reload")

    assert result.exit_code == 1
    assert "no worker is there" in result.stderr
    assert rows(gateway.engine, "mo_audit") == []


def test_a_worker_that_was_killed_is_not_waited_for_and_forgotten_after_a_day(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        presence.arrive(conn, "host:1", Loaded(routes=1))
        conn.exec_driver_sql(
            "UPDATE mo_worker SET seen_at = '2026-01-01 00:00:00.000000+00'".replace(
                "+00", "" if conn.dialect.name == "sqlite" else "+00"
            )
        )
        asked = presence.ask_to_reload(conn)
        there = presence.workers(conn)
        presence.arrive(conn, "host:2", Loaded(routes=1))

    assert (asked, list(there)) == ([], [])
    assert [row.process for row in rows(gateway.engine, "mo_worker")] == ["host:2"]


def test_a_process_id_that_comes_again_begins_anew(gateway: Gateway) -> None:
    with gateway.engine.execution_options(**WRITABLE).begin() as conn:
        presence.arrive(conn, "host:1", Loaded(routes=1))
        presence.ask_to_reload(conn)
        presence.arrive(conn, "host:1", Loaded(routes=5))
        (there,) = presence.workers(conn)

    assert (there.routes, there.is_asked, there.error) == (5, False, None)


@pytest.mark.parametrize(
    ("exc", "error"), [(ConfigError("line 3 is wrong"), "line 3 is wrong"), (KeyError("x"), "KeyError: 'x'")]
)
def test_a_load_that_fails_changes_nothing(gateway: Gateway, exc: Exception, error: str) -> None:
    def fail() -> Routes:
        raise exc

    routes = open_routes(gateway.settings)

    loaded = Presence(gateway.engine, "host:1", routes, fail).reload()

    assert loaded == Loaded(routes=1, error=error)
    assert leads(routes, "WIN")


def test_whoever_asks_while_routes_are_being_loaded_is_not_forgotten(gateway: Gateway) -> None:
    with gateway.engine.begin() as conn:
        presence.arrive(conn, "host:1", Loaded(routes=1))
        presence.ask_to_reload(conn)
        asked_at = presence.asked_to_reload_at(conn, "host:1")
    with gateway.engine.begin() as conn:
        presence.ask_to_reload(conn)  # the worker has read the file already
        asked_again_at = presence.asked_to_reload_at(conn, "host:1")

    still_asked = []
    for at in (None, asked_at, asked_again_at):  # a signal, the first, the second
        with gateway.engine.begin() as conn:
            presence.loaded(conn, "host:1", Loaded(routes=1), asked_at=at)
            still_asked.append(presence.workers(conn)[0].is_asked)

    assert still_asked == [True, True, False]


def test_a_worker_that_was_forgotten_arrives_again(gateway: Gateway, worker: tuple[Presence, Routes]) -> None:
    with gateway.engine.begin() as conn:
        presence.leave(conn, "host:1")

    until(lambda: rows(gateway.engine, "mo_worker"), "the worker to be there again")


@pytest.mark.parametrize("broken", ["[[route]]\n", "route = [", "", "\x00", "a = " + "[" * 5000])
def test_whatever_is_written_over_the_file_the_old_routes_stay_unless_it_is_right(
    gateway: Gateway, file: Path, broken: str
) -> None:
    routes = open_routes(gateway.settings)
    file.write_text(broken)

    loaded = Presence(gateway.engine, "host:1", routes, lambda: open_routes(gateway.settings)).reload()

    assert leads(routes, "WIN") == (loaded.error is not None) == bool(broken)
