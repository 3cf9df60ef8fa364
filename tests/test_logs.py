"""Logs: one event is one line, nobody's secret, number or text is in it, and no stderr can stop a callback."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote_plus

import pytest
from sqlalchemy import create_engine, text

from mo_gateway.settings import PREFIX

from .examples import FORM_TYPE, form

SECRET = "canary-sesame"
MSISDN = "32498765432"
CANARIES = {"MSISDN": MSISDN, "KEYWORD": "CANARYWORD", "PARM": "canary text", "REFERENCE": "canary-reference"}
CALLBACK = f"/spryng/mo/{SECRET}"

#: A program of its own for each test: what `logs.configure` sets up is there until a process ends.
PROGRAM = """
import json, logging, os, sys
from mo_gateway import logs
from mo_gateway.gateway import open_gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.settings import load_settings
from mo_gateway.web import create_app

orders = json.load(sys.stdin)
settings = load_settings(os.environ)
logs.configure(settings.log_format, settings.secrets)

def clock():
    if order.get("breaks"):
        raise RuntimeError("the clock stands still")
    return utc_now()

gateway = open_gateway(settings, clock=clock)
client = create_app(gateway).test_client()
for order in orders:
    if "line" in order:
        logging.getLogger("gunicorn.error").error(order["line"])
        continue
    try:
        answer = client.open(order["path"], method=order["method"], data=order["body"].encode("latin-1"),
            query_string=order["query"], headers=order["headers"])
        print(answer.status_code)
    except Exception:  # as gunicorn does it
        uri = order["path"] + "?" + order["query"]
        logging.getLogger("gunicorn.error").exception("Error handling request %s", uri)
        print(500)
gateway.close()
"""

Order = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a program answered and logged."""

    statuses: list[int]
    log: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log, where it is JSON."""
        return [json.loads(line) for line in self.log.splitlines()]


def call(body: str = "", *, method: str = "POST", path: str = CALLBACK, query: str = "", **headers: str) -> Order:
    usual = {"Content-Type": FORM_TYPE} if method == "POST" else {}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"method": method, "path": path, "query": query, "body": body, "headers": usual | named}


def said(*lines: str) -> list[Order]:
    """Have another library log these lines."""
    return [{"line": line} for line in lines]


def run_gateway(database_url: str, orders: Sequence[Order], *, stderr: str = "", **given: str) -> Run:
    """Run a gateway in a process of its own and send it these requests; `stderr` is a file, closed, or nothing."""
    usual = {
        "DATABASE_URL": database_url,
        "CALLBACK_SECRET": SECRET,
        "PERSON_SECRET": "canary-person",
        "ALLOW_UNSAFE_DATABASE": "1",
        "LOG_FORMAT": "json",
        "REFUSALS_FILE": f"{gettempdir()}/mo-gateway-{token_hex(8)}.refusing",
    }
    environ = {PREFIX + name: value for name, value in (usual | given).items()}
    command = ["sh", "-c", f'exec "$@" 2>{stderr}' if stderr else 'exec "$@"', "sh", sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, input=json.dumps(orders), capture_output=True, text=True, env=os.environ | environ, check=False
    )
    assert done.returncode in (0, 120), done.stderr  # 120: Python could not flush a full stderr at its end
    return Run([int(status) for status in done.stdout.split()], done.stderr)


def poison(database_url: str) -> None:
    """Make the database refuse messages whose text ends in POISON, and quote the row where it is PostgreSQL."""
    engine = create_engine(database_url)
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("ALTER TABLE mo_message ADD CHECK (parm NOT LIKE '%POISON')"))
        else:
            conn.execute(
                text(
                    "CREATE TRIGGER poison BEFORE INSERT ON mo_message WHEN NEW.parm LIKE '%POISON'"
                    " BEGIN SELECT RAISE(ABORT, 'poison'); END"
                )
            )
    engine.dispose()


@pytest.mark.parametrize("log_format", ["json", "human"])
def test_no_secret_number_or_text_is_logged_whatever_becomes_of_a_callback(
    database_url: str, log_format: str
) -> None:
    poison(database_url)
    good = form(**CANARIES)

    run = run_gateway(
        database_url,
        [
            call(good),
            call(good),
            call(method="GET", query=form(**CANARIES | {"PARM": "canary by GET"})),
            call(form(**CANARIES | {"MSISDN": f"{MSISDN}x", "COUNTRY": "CANARYLAND"})),
            call(good, Content_Type="text/canary"),
            call(good + "&PARM=" + "canary" * 20_000),
            call(good, path="/spryng/mo/canary-wrong"),
            call(method="GET", path="/spryng/canary/" + MSISDN, query=good),
            call(method="HEAD", query=good),
            call(good, method="PUT"),
            call(form(**CANARIES | {"PARM": "canary POISON"})),
            call("REFERENCE=canary-reference&STATUS=canary", path=f"/spryng/dlr/{SECRET}"),
            call(f"SND={MSISDN}&RCV=4414&TXT=canary+text", path=f"/pswincom/mo/{SECRET}"),
            call(f"RCV={MSISDN}&REF=canary", path="/pswincom/dlr/canary-wrong"),
            call(good) | {"breaks": True},
        ],
        LOG_FORMAT=log_format,
    )

    assert run.statuses == [200, 200, 200, 400, 415, 413, 403, 403, 200, 405, 503, 200, 200, 403, 500]
    for event in (
        "stored",
        "duplicate",
        "rejected",
        "forbidden",
        "refused",
        "delivery report",
        "the clock stands still",
    ):
        assert event in run.log
    assert "canary" not in run.log.lower()
    assert MSISDN not in run.log


#: How gunicorn, Flask and werkzeug quote a request.
QUOTED = [
    f"Invalid request from ip=192.0.2.1: Invalid version: 'GET {CALLBACK}?MSISDN={MSISDN}&PARM=canary HTTP/9'",
    f"Invalid HTTP request line: 'GET {CALLBACK}?PARM=canary text that nobody escaped, it's \"here\" HTTP/1.1'",
    f"Invalid HTTP method: 'MSISDN={MSISDN}&KEYWORD=CANARYWORD&PARM=canary text'",
    "Invalid request from ip=::1: Invalid chunk size: b'canary text'",
    "Invalid HTTP header: 'OPERATOR=20601&parm=canary text&reference=canary'",
    f"Error handling request {CALLBACK}?MSISDN={MSISDN}&KEYWORD=CANARYWORD&PARM=canary%20text",
    f'192.0.2.1 - - "POST {CALLBACK} HTTP/1.1" 200 4 "-" "curl"',
    "Exception on /spryng/mo/canary%2Dsesame [POST]",
    "Exception on /spryng/dlr/canary-other [GET]",
    f"Error handling request /pswincom/mo/canary-other?SND={MSISDN}&TXT=canary%20text",
    f"a secret alone: {SECRET}",
]


@pytest.mark.parametrize("log_format", ["json", "human"])
def test_what_other_libraries_log_is_cleaned(sqlite_url: str, log_format: str) -> None:
    run = run_gateway(sqlite_url, said(*QUOTED), LOG_FORMAT=log_format)

    lines = run.log.splitlines()
    assert len(lines) == len(QUOTED)
    assert "canary" not in run.log.lower()
    assert MSISDN not in run.log
    for line, quoted in zip(lines, QUOTED, strict=True):
        assert quoted[:12] in line


def test_what_a_log_line_is_for_is_still_there(sqlite_url: str) -> None:
    run = run_gateway(
        sqlite_url,
        [
            call(form(**CANARIES)),
            call(form(KEYWORD="W")),
            *said("Worker exiting (pid: 12345)"),
        ],
    )

    stored, rejected, other = run.events
    assert stored | {"timestamp": ""} == {
        "event": "stored",
        "level": "info",
        "id": 1,
        "shortcode": "4414",
        "msisdn": "324••••••32",
        "deliveries": 1,
        "timestamp": "",
    }
    assert (rejected["event"], rejected["fields"], rejected["status"]) == ("rejected", ["KEYWORD"], 400)
    assert (other["event"], other["level"]) == ("Worker exiting (pid: 12345)", "error")


#: What draws on a terminal, begins a new line somewhere, or ends a JSON string.
HOSTILE = 'a\r\nb\x0bc\x0cd\x1b[2Je\x85f\u2028g\u2029h"i\\j\x00\x9b'


def test_one_event_is_one_line_whatever_came_in(sqlite_url: str) -> None:
    orders = [
        call(f"{form()}&PARM={quote_plus(HOSTILE)}", X_Forwarded_For="\x1b[2J\x85"),
        call(HOSTILE.encode().decode("latin-1")),
        call(form(), Content_Type="text/\x1b[2J\x85", User_Agent="\x1b]0;x\x07"),
        call(form(), path="/spryng/%0D%0A%1B[2J%E2%80%A8", X_Forwarded_For="\x1b[2J\x85\x9b"),
        *said(HOSTILE, f"Invalid HTTP header: {HOSTILE!r}", f"%s %d {HOSTILE}"),
        call(form(), path=CALLBACK) | {"breaks": True},
    ]

    run = run_gateway(sqlite_url, orders, TRUSTED_PROXIES="1")

    assert len(run.events) == len(orders)
    assert all(character == "\n" or character.isprintable() for character in run.log)


def test_colours_are_for_terminals(sqlite_url: str) -> None:
    run = run_gateway(sqlite_url, [call(form())], LOG_FORMAT="human")

    assert "stored" in run.log
    assert "\x1b" not in run.log


@pytest.mark.parametrize("log_format", ["auto", "human"])
@pytest.mark.parametrize("stderr", ["/dev/full", "&-"])
def test_a_full_or_closed_stderr_stops_no_callback(sqlite_url: str, stderr: str, log_format: str) -> None:
    orders = [call(form(PARM=str(number))) for number in range(300)]

    run = run_gateway(sqlite_url, orders, stderr=stderr, LOG_FORMAT=log_format)

    assert run.statuses == [200] * 300
