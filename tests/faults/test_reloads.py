"""Processes are exchanged and told to reload, again and again, while messages come in: nobody notices."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.postgres import free_port
from tests.running import Program, is_taken, program
from tests.waiting import until

from .crash_points import ROOT
from .trial import PACE, Trial

pytestmark = pytest.mark.long

SEED = 20261127
ROUTES = """
[[route]]
keyword = "WIN"
[route.reply]
text = "Thank you."
"""
#: A connection for each request: a kept one may be closed by a leaving process in the moment it is used again.
STEADY = replace(PACE, rate=40.0, keep_alive=False)


def results(trial: Trial) -> Counter[str]:
    """Count how tries have ended."""
    return Counter(str(line["result"]) for line in trial.lines() if line["type"] != "invoke")


def test_gunicorn_exchanges_its_processes_all_the_time(
    tmp_path: Path, sqlite_url: str, tmp_path_factory: pytest.TempPathFactory, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, sqlite_url, SEED, is_endless=True, pace=STEADY)
    address = f"127.0.0.1:{free_port()}"
    url = f"http://{address}/spryng/mo/geheim"
    options = [
        "-c",
        str(ROOT / "gunicorn.conf.py"),
        "--preload",
        "--max-requests",
        "5",
        "--max-requests-jitter",
        "3",
    ]
    with (
        program(tmp_path, sqlite_url) as gateway,
        program(tmp_path_factory.mktemp("worker"), sqlite_url) as worker,
    ):
        gateway.others = {"PYTHONPATH": str(ROOT)}
        gateway.start_program(
            str(Path(sys.executable).with_name("gunicorn")), *options, "--bind", address, "wsgi:app"
        )
        worker.start("mo_gateway", "work")
        until(lambda: is_taken(url), "a first TRUE", within=60)
        with trial.sending(url):
            trial.wait_for(200)
            old = gateway.process.pid
            os.kill(old, signal.SIGUSR2)
            until(lambda: gateway.log.count("Listening at") == 2, "a second gunicorn", within=60)
            os.kill(old, signal.SIGTERM)
            trial.broke("gunicorn upgraded by USR2")
            assert gateway.process.wait(30) == 0
            trial.wait_for(400)
        exchanged = gateway.log.count("Booting worker") - 2
        for _ in range(exchanged):
            trial.broke("process exchanged after max_requests")

        tell(f"{trial.verdict()}; {dict(results(trial))}")
        assert exchanged > 20
        assert results(trial).keys() == {"200 TRUE"}


def test_reloads_and_restarts_with_wrong_routes_among_them(
    tmp_path: Path, empty_url: str, tell: Callable[[str], None]
) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES)
    trial = Trial(tmp_path, empty_url, SEED, is_endless=True, pace=STEADY)
    with program(tmp_path, empty_url, HANDLERS="", ROUTES=str(routes), LEASE="5") as gateway:
        url = gateway.run()
        with trial.sending(url):
            until(lambda: "handled" in gateway.log, "the worker to be there", within=60)
            for n in range(4):
                routes.write_text("[[route]\n" if n % 2 else ROUTES)
                reload_routes(gateway)
                trial.broke("HUP with wrong routes" if n % 2 else "HUP")
                renew_those_that_serve(gateway)
                trial.broke("HUP of the server")
            before_the_restart = results(trial)
            routes.write_text(ROUTES)
            assert gateway.stop() == 0
            gateway.run(bind=urlsplit(url).netloc)
            trial.broke("TERM and start")

        tell(f"{trial.verdict()}; {dict(results(trial))}")
        assert "a part ended by itself" not in gateway.log
        assert before_the_restart.keys() == {"200 TRUE"}
        assert results(trial).keys() <= {
            "200 TRUE",
            "unreachable",
            "reset",
        }  # those that TERM found not yet accepted


def reload_routes(gateway: Program) -> None:
    """Have the worker load its routes, right or wrong, and wait until it has."""

    def told() -> int:
        return gateway.log.count("routes loaded") + gateway.log.count("routes are wrong")

    before = told()
    os.kill(gateway.process.pid, signal.SIGHUP)
    until(lambda: told() > before, "the worker to load its routes", within=60)


def renew_those_that_serve(gateway: Program) -> None:
    """Have gunicorn exchange all its processes, and wait until the old ones are gone."""
    old = set(gateway.serving())
    os.kill(until(lambda: gateway.child("server"), "the server"), signal.SIGHUP)
    until(lambda: not old & set(gateway.serving()), "new processes that serve", within=60)
