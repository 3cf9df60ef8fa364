"""A standby is no place to decide anything: a gateway that is led to one refuses, and shows what is there."""

import json
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.running import get, is_taken, post, program
from tests.waiting import until

from .hosts import SETTINGS
from .machines import DATABASE, Machines

pytestmark = pytest.mark.storage


def test_a_gateway_that_is_led_to_a_standby_takes_and_handles_nothing_and_can_be_asked(
    tmp_path: Path, machines: Machines
) -> None:
    with program(tmp_path, machines.url, **SETTINGS) as gateway:
        url = gateway.run("--no-work")
        until(lambda: is_taken(url, PARM="for a worker"), "a first TRUE")
        gateway.stop()

    with program(tmp_path, machines.url_of_standby, **SETTINGS) as gateway:
        url = gateway.run()
        answer = post(url, PARM="for nobody")
        ready = get(urljoin(url, "/readyz"))
        until(lambda: "cannot record or take messages" in gateway.log, "the worker to be refused")
        gateway.close()
        gateway.start("mo_gateway", "messages")
        gateway.process.wait(60)

    assert "for a worker" in gateway.stdout  # what is there can be looked at
    assert answer.status == 503
    assert (ready.status, json.loads(ready.body)["reason"]) == (503, "the database is read-only: a standby?")
    assert machines.stored("for nobody") == 0
    assert machines.primary.execute("SELECT state, attempts FROM mo_handling", DATABASE) == [("pending", 0)]
