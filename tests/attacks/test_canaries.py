"""Nobody's number, text or secret stands in any log, ours or PostgreSQL's, or on a page that a stranger gets."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import yaml

from mo_gateway.fakes.server import Call, FakeAnswer, Taken, running
from tests.examples import FORM_TYPE, form
from tests.postgres import PostgresServer, running_server
from tests.running import Program, program
from tests.waiting import until

pytestmark = pytest.mark.attacks

ROOT = Path(__file__).parent.parent.parent

#: The word that no log may have, and the number, with which those of several people begin.
CANARY = "kanarie"
NUMBER = "324987654"
MSISDN = f"{NUMBER}32"
SECRET = f"{CANARY}-sesame"

#: Ends a line, draws on a terminal, ends a string of JSON, begins an event of its own.
HOSTILE = f'{CANARY}\r\n{{"event": "forged"}}\x1b[2J\x9b\x85\u2028\u2029"}}\n{CANARY}'
PERCENT = quote(HOSTILE)

#: What of it an SMS may hold.
SPOKEN = quote(f'{CANARY}\u2028{{"event": "forged"}}\u202e"}} {CANARY}')

#: Handlers that fail with the message in their hands.
HANDLERS = """
from sqlalchemy import text

from mo_gateway import keyword

@keyword("RAISE")
def raise_it(message):
    whole = f"{message.msisdn} {message.text}"
    raise ValueError(f"{whole}\\n{whole}")

@keyword("WRONG")
def return_what_is_no_reply(message):
    return message

@keyword("CLASH", transaction=True)
def write_twice(message, conn):
    for _ in range(2):
        conn.execute(text("INSERT INTO guests VALUES (:number)"), {"number": message.msisdn})

@keyword("ECHO")
def echo(message):
    return message.parm
"""


@dataclass
class Echo:
    """A provider that quotes all that it gets, once with success and then with one error after another."""

    taken: list[Taken] = field(default_factory=list)
    calls: int = 0

    def answer(self, call: Call) -> FakeAnswer:
        self.calls += 1
        quoted = call.query.encode() + call.body + HOSTILE.encode()
        return FakeAnswer(body=quoted, status=(200, 400, 500)[self.calls % 3])

    def report(self, taken: Taken, state: str) -> Call:
        raise NotImplementedError


@pytest.fixture(scope="module")
def talkative_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that logs each statement and each connection, otherwise with what compose.yaml sets."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["postgres"]["command"]
    settings = dict(word.split("=") for word in compose if "=" in word)
    settings |= {"log_min_duration_statement": "0", "log_connections": "on", "log_disconnections": "on"}
    with running_server(durable=False, **settings) as server:
        yield server


def said_to(url: str, request: bytes) -> str:
    """Send these bytes, and give all that is answered."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as caller:
        caller.sendall(request)
        answer = b""
        while piece := caller.recv(65536):
            answer += piece
    return answer.decode("latin-1")


def called(url: str, target: str, body: str | None = None, *headers: str) -> str:
    """Make a whole request to a path of this gateway."""
    content = (body or "").encode("latin-1")
    lines = [f"{'GET' if body is None else 'POST'} {target} HTTP/1.1", "Host: sms", "Connection: close", *headers]
    lines += [f"Content-Type: {FORM_TYPE}", f"Content-Length: {len(content)}"] if body is not None else []
    return said_to(url, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)


def hostile(parm: str = SPOKEN, **changes: str) -> str:
    """Give the example as a form, with canaries in every field that takes a word."""
    canaries = {"MSISDN": MSISDN, "PARM": "", "REFERENCE": f"{CANARY}-reference"}
    return form(**canaries | changes).replace("PARM=", f"PARM={parm}")


def strangers(url: str) -> list[str]:
    """Call as those would who know no secret, and give what they are shown."""
    query = f"MSISDN={MSISDN}&PARM={PERCENT}"
    agent, hostile_agent = f'User-Agent: {CANARY} {MSISDN} "}}', f"User-Agent: {CANARY}\x1b[2J\x85"
    return [
        called(url, f"/spryng/mo/{SECRET}x", hostile(PERCENT), agent),
        called(url, f"/spryng/mo/{SECRET}x", hostile(PERCENT), hostile_agent),
        called(url, f"/spryng/mo/{PERCENT}", hostile(PERCENT), agent),
        called(url, f"/spryng/{PERCENT}/{SECRET}?{query}", None, agent),
        called(url, f"/pswincom/dlr/{PERCENT}?{query}", None, agent),
        called(url, f"/{PERCENT}/{MSISDN}?{query}", None, agent),
        called(url, f"/metrics/{PERCENT}?{query}", None, agent),
    ]


def garblers(url: str) -> None:
    """Call as those would who know no HTTP; gunicorn quotes to some what they wrote, and to nobody else."""
    query = f"MSISDN={MSISDN}&PARM={PERCENT}"
    broken = [
        f"GET /spryng/mo/{SECRET}?{query} HTTP/9.9\r\n\r\n",
        f"GET /spryng/mo/{SECRET}?PARM={CANARY} and more HTTP/1.1\r\n\r\n",
        f"{hostile(MSISDN=MSISDN)}\r\n\r\n",
        f"POST /spryng/mo/{SECRET} HTTP/1.1\r\nHost: sms\r\nMSISDN={MSISDN}&PARM={CANARY}\r\n\r\n",
        f"POST /spryng/mo/{SECRET} HTTP/1.1\r\nHost: sms\r\nContent-Length: {CANARY}\r\n\r\n",
        f"POST /spryng/mo/{SECRET} HTTP/1.1\r\nHost: sms\r\nTransfer-Encoding: {CANARY}\r\n\r\n",
        f"POST /spryng/mo/{SECRET} HTTP/1.1\r\nHost: sms\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
        f"GET /spryng/mo/{SECRET}?PARM={CANARY * 2000} HTTP/1.1\r\n\r\n",
    ]
    for text in broken:
        assert said_to(url, text.encode("latin-1")).startswith(("HTTP/1.1 4", "HTTP/1.1 501"))


def provider_calls(url: str) -> None:
    """Call as the provider does, with what is good and with what is not."""
    mo, dlr = f"/spryng/mo/{SECRET}", f"/spryng/dlr/{SECRET}"
    for person, word in enumerate(("RAISE", "WRONG", "CLASH", "ECHO", "ECHO", "ECHO", CANARY)):
        for _ in range(2):
            called(url, mo, hostile(MSISDN=f"{NUMBER}{person:02}", KEYWORD=word))
    called(url, f"{mo}?{hostile(KEYWORD='GET')}")
    called(url, mo, hostile(PERCENT, MSISDN=f"{MSISDN}x", COUNTRY=CANARY))
    called(url, mo, hostile() + f"&PARM={CANARY * 20_000}")
    called(url, mo, hostile(), f"Content-Encoding: {CANARY}")
    called(url, f"{dlr}?REFERENCE={PERCENT}&STATUS={PERCENT}&MSISDN={MSISDN}")
    called(url, f"/pswincom/mo/{SECRET}", f"SND={MSISDN}&RCV=4414&TXT={SPOKEN}")
    called(url, f"/intelecom/mo/{SECRET}", f'{{"mo": [{{"content": "{CANARY}", "originator": "{MSISDN}"}}]}}')


def is_settled(gateway: Program) -> bool:
    """Tell whether every handler has failed or replied, and every reply has had its answer."""
    log = gateway.log
    return log.count("handler failed") >= 3 and log.count("whether it was sent") + log.count("not sent") >= 2


def leaks(text: str) -> list[str]:
    return [line for line in text.lower().splitlines() if CANARY in line or NUMBER in line]


def is_event(line: str, log_format: str) -> bool:
    """Tell whether a line is a whole event; in the form for people the lines of a traceback follow it."""
    if log_format == "json":
        return set(json.loads(line)) >= {"event", "level", "timestamp"}
    return bool(re.match(r"\d{4}-\d\d-\d\dT\S+ \[\w+ *\] \S", line))


@pytest.mark.parametrize(("front", "log_format"), [("asgi", "json"), ("flask", "human")])
def test_nobody_is_known_by_a_log(
    tmp_path: Path, talkative_server: PostgresServer, front: str, log_format: str
) -> None:
    name = f"of_{front}_{log_format}"
    talkative_server.create_database(name)
    with talkative_server.connect(name) as conn:
        conn.execute("CREATE TABLE guests (number text PRIMARY KEY)")
    database_url = talkative_server.url(name).replace("postgres@", f"postgres:{CANARY}@")
    with running(Echo()) as fake, program(tmp_path, database_url, **settings(fake.url, log_format)) as gateway:
        (tmp_path / "guestbook.py").write_text(HANDLERS)
        url = gateway.run("--front", front)
        pages = strangers(url)
        garblers(url)
        provider_calls(url)
        until(lambda: is_settled(gateway), "handlers to fail and replies to be answered")
        metrics = called(url, "/metrics")
        pages += without_database(url, name, talkative_server)
        gateway.stop()

    events = ["forbidden", "rejected", "duplicate", "stored", "refused", "not ready", "handler failed"]
    events += ["Invalid chunk size"] if front == "flask" else []  # the event loop closes without a word
    assert [event for event in events if event not in gateway.log] == []
    assert "violates unique constraint" in talkative_server.log.read_text()
    assert "INSERT INTO guests" in talkative_server.log.read_text()
    assert "mogateway_" in metrics
    assert all(pages)
    assert leaks(gateway.log) == []
    assert leaks(talkative_server.log.read_text()) == []
    assert leaks(metrics + "".join(pages)) == []
    assert all(character == "\n" or character.isprintable() for character in gateway.log)
    assert "forged" not in gateway.log
    first, *lines = gateway.log.splitlines()
    assert first == "Callback URL for the provider:"  # which itself is on stdout
    whole = [line for line in lines if is_event(line, log_format)]
    assert len(whole) > 30
    assert log_format == "human" or whole == lines


def settings(provider: str, log_format: str) -> dict[str, str]:
    """Give the settings, with a canary for each secret."""
    return {
        "CALLBACK_SECRET": SECRET,
        "PERSON_SECRET": f"{CANARY}-person",
        "HANDLERS": "guestbook",
        "LOG_FORMAT": log_format,
        "CHARSET": "auto",
        "OPERATOR_POLICY": "any",
        "MAX_ATTEMPTS": "1",
        "SPRYNG_URL": f"{provider}/api/simple/message",
        "SPRYNG_USERNAME": "user",
        "SPRYNG_PASSWORD": f"{CANARY}-password",
        "BROKER_URL": f"amqp://user:{CANARY}-broker@127.0.0.1/",
        "SMTP_URL": f"smtp://user:{CANARY}-smtp@127.0.0.1",
        "EMAIL_FROM": "sms@example.com",
    }


def without_database(url: str, database: str, server: PostgresServer) -> list[str]:
    """Call while the database lets nobody in, and give what strangers are shown."""
    server.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    until(lambda: " 503 " in called(url, f"/spryng/mo/{SECRET}", hostile(KEYWORD="LATE")), "a refusal")
    return [called(url, "/readyz"), called(url, f"/readyz?{PERCENT}"), called(url, f"/nothing/{PERCENT}")]
