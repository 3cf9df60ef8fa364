"""The dashboard takes little of what the intake needs, and can be served by a server of its own."""

from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from mo_gateway.errors import TooSlow
from mo_gateway.gateway import Gateway
from mo_gateway.store.patience import looking
from mo_gateway.web import EXTENSION, create_app, create_dashboard
from mo_gateway.web.dashboard.desk import Desk
from mo_gateway.web.dashboard.session import COOKIE
from mo_gateway.web.source import AT_ONCE
from tests.postgres import free_port
from tests.running import Program
from tests.waiting import until

from .visiting import log_in, visitor

PATIENCE = timedelta(seconds=0.2)

#: Counts so far that no machine is done in time.
LONG = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n
"""


def test_a_question_that_takes_too_long_is_given_up_and_the_next_is_answered(gateway: Gateway) -> None:
    with pytest.raises(TooSlow, match=r"needs more than 0\.2 s"), looking(gateway.engine, PATIENCE) as conn:
        conn.execute(text(LONG))

    with looking(gateway.engine, 100 * PATIENCE) as conn:
        assert conn.scalar(text("SELECT 1")) == 1
    with gateway.engine.begin() as conn:  # the same connection, and nobody is in a hurry
        assert conn.scalar(text(LONG.replace("1000000000", "3000000"))) == 3_000_000


def test_only_some_pages_are_made_at_a_time(gateway: Gateway) -> None:
    somebody = visitor(gateway)
    desk = somebody.client.application.extensions["mo_gateway_dashboard"]
    assert isinstance(desk, Desk)

    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(desk.places)
        busy = somebody.get("/audit")

    assert (busy.status_code, "Try again in a few seconds" in busy.text) == (503, True)
    assert somebody.get("/audit").status_code == 200


def test_callbacks_are_answered_while_all_places_for_pages_are_taken(gateway: Gateway) -> None:
    app = create_app(gateway)
    desk = app.extensions["mo_gateway_dashboard"]

    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(desk.places)
        status = app.test_client().get("/spryng/mo/geheim").status_code

    assert (status, EXTENSION in app.extensions) == (400, True)


def test_the_dashboard_is_served_apart_without_taking_callbacks(gateway: Gateway, tmp_path: Path) -> None:
    token = log_in(gateway.engine, "an", "admin", at=datetime.now(UTC))
    url = gateway.settings.database_url.render_as_string(hide_password=False)
    served = Program(tmp_path, {"DATABASE_URL": url, "ALLOW_UNSAFE_DATABASE": "1"})
    base = f"http://127.0.0.1:{free_port()}"
    with closing(served), PoolManager() as http:
        served.start("gunicorn", "-b", base.removeprefix("http://"), "mo_gateway.web:create_dashboard()")

        def status(path: str) -> int | None:
            try:
                answer = http.request(
                    "GET", base + path, headers={"Cookie": f"{COOKIE}={token}"}, redirect=False, retries=False
                )
            except HTTPError:
                return None
            return answer.status

        page = until(lambda: status("/dashboard/audit"), "the server")
        others = [status("/spryng/mo/geheim"), status("/metrics")]

    assert (page, others) == (200, [404, 404])


def test_settings_that_are_wrong_end_it_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MO_GATEWAY_TIMEZONE", "Mars")

    with pytest.raises(SystemExit) as ended:
        create_dashboard()

    assert ended.value.code == 4
    assert capsys.readouterr().err.startswith("MO_GATEWAY_TIMEZONE cannot be 'Mars'")
