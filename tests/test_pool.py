"""The pool: whoever comes late for its end leaves no connection open."""

import logging
import sqlite3
import threading
from typing import Any

import pytest
from sqlalchemy import Connection

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.settings import Settings
from mo_gateway.store.engine import open_engine

from .stored import rows, store


def is_open(driver: Any) -> bool:
    """Tell whether a driver's own connection is open."""
    try:
        return not driver.closed
    except AttributeError:
        pass
    try:
        driver.total_changes  # noqa: B018 - it is asked whether it can be
    except sqlite3.ProgrammingError:
        return False
    return True


def driver_of(conn: Connection) -> Any:
    return conn.connection.driver_connection


def test_a_connection_is_kept_for_the_next_one(settings: Settings) -> None:
    engine = open_engine(settings)

    drivers = []
    for _ in range(2):
        with engine.connect() as conn:
            drivers.append(driver_of(conn))

    assert drivers[0] is drivers[1]
    assert is_open(drivers[0])
    engine.dispose()
    assert not is_open(drivers[0])


def test_what_is_handed_back_after_the_end_is_closed(settings: Settings) -> None:
    engine = open_engine(settings)
    late = engine.connect()
    driver = driver_of(late)

    engine.dispose()
    with engine.connect() as conn:
        next_driver = driver_of(conn)
    late.close()

    assert (is_open(driver), is_open(next_driver)) == (False, True)
    engine.dispose()


def test_who_comes_after_a_gateway_is_closed_is_served_and_leaves_nothing_open(gateway: Gateway) -> None:
    store(gateway)
    gateway.close()

    assert len(rows(gateway.engine, "mo_message")) == 1
    with gateway.engine.connect() as conn:
        driver = driver_of(conn)
    assert not is_open(driver)


def test_nothing_of_it_is_told(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine = open_engine(settings)
    with engine.connect():
        engine.dispose()
    engine.dispose()

    assert caplog.messages == []


@pytest.mark.parametrize("how_many", [1, 7])
def test_threads_that_outlive_a_gateway_leave_nothing_open(settings: Settings, how_many: int) -> None:
    gateway = open_gateway(settings)
    drivers: list[Any] = []
    all_there, closed = threading.Barrier(how_many + 1), threading.Event()

    def work() -> None:
        with gateway.engine.connect() as conn:
            drivers.append(driver_of(conn))
            all_there.wait(20)
            closed.wait(20)

    threads = [threading.Thread(target=work) for _ in range(how_many)]
    for thread in threads:
        thread.start()
    all_there.wait(20)
    gateway.close()
    closed.set()
    for thread in threads:
        thread.join()

    assert [is_open(driver) for driver in drivers] == [False] * how_many
