"""What is the fast front's own: bodies that come in pieces, callers that leave, threads for what has to wait."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.web import access
from mo_gateway.web.asgi import Front

from .conftest import MakeSettings
from .examples import FORM_TYPE, form
from .fronts import calling
from .stored import rows
from .troubled import end_stalled, stall
from .waiting import until

CALLBACK = "/spryng/mo/geheim"
BODY = form().encode()
TAKEN = (200, b"TRUE")


@pytest.fixture
def front(gateway: Gateway) -> Front:
    """The fast front of a gateway on a fresh database, each kind in turn."""
    return Front(gateway, threads=2)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of a process."""
    with asyncio.Runner() as runner:
        yield runner


def scope(path: str = CALLBACK, headers: Sequence[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    """A POST as gunicorn tells of it."""
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", FORM_TYPE.encode()), *headers],
        "client": ("127.0.0.1", 50000),
    }


async def call(front: Front, *events: dict[str, Any], **of_scope: Any) -> tuple[int, bytes]:
    """Send a request whose body comes in these events, and give status and body of the answer."""
    left = list(events)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await front(scope(**of_scope), receive, send)
    return sent[0]["status"], b"".join(event.get("body", b"") for event in sent)


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_that_comes_byte_by_byte_is_read_as_it_was_sent(front: Front, runner: asyncio.Runner) -> None:
    pieces = [piece(bytes([byte]), more=True) for byte in BODY]

    assert runner.run(call(front, *pieces, piece(b""))) == (200, b"TRUE")

    assert [row.raw for row in rows(front.gateway.engine, "mo_message")] == [BODY]


def test_half_a_body_is_not_stored_as_a_message(front: Front, runner: asyncio.Runner) -> None:
    status, _ = runner.run(call(front, piece(BODY[:60], more=True)))

    assert status == 400
    assert rows(front.gateway.engine, "mo_message") == rows(front.gateway.engine, "mo_rejection") == []


def test_a_body_that_is_too_long_is_not_read_to_its_end(front: Front, runner: asyncio.Runner) -> None:
    unread = [piece(b"x" * 40_000, more=True) for _ in range(10)]

    async def send_it() -> int:
        status, _ = await call(front, *unread)
        return status

    assert runner.run(send_it()) == 413
    assert [len(row.raw) for row in rows(front.gateway.engine, "mo_rejection")] == [65_536]


def test_what_a_caller_that_left_had_sent_is_stored_and_counted(front: Front, runner: asyncio.Runner) -> None:
    async def leave_meanwhile() -> None:
        calling = asyncio.create_task(call(front, piece(BODY)))
        await asyncio.sleep(0)
        calling.cancel()
        await asyncio.wait([calling])
        await call(front, piece(BODY))

    runner.run(leave_meanwhile())

    (row,) = rows(front.gateway.engine, "mo_message")
    counted = front.gateway.metrics.callbacks.labels
    stored, repeated = (counted("spryng", outcome)._value.get() for outcome in ("stored", "duplicate"))
    assert (stored, repeated) == (1, row.deliveries - 1)


def test_a_commit_that_takes_too_long_is_answered_503_and_counted_once(
    postgres_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    with closing(open_gateway(make_settings(postgres_url, COMMIT_DEADLINE="0.4"))) as gateway:
        stall(gateway.engine)
        front = Front(gateway, threads=2)
        refused = gateway.metrics.callbacks.labels("spryng", "refused")._value
        until(lambda: runner.run(call(front, piece(form(PARM="warm").encode()))) == TAKEN, "a TRUE")
        before = refused.get()

        stalled = runner.run(call(front, piece(form(PARM="STALL").encode())))
        counted = refused.get() - before

        assert (stalled[0], counted) == (503, 1)
        until(lambda: runner.run(call(front, piece(BODY))) == TAKEN, "a TRUE afterwards")
        assert until(lambda: end_stalled(gateway.engine), "the commit to stall") == 1


def test_a_full_line_is_answered_503_and_the_rest_is_stored(
    database_url: str, make_settings: MakeSettings, runner: asyncio.Runner
) -> None:
    async def rush(front: Front) -> list[int]:
        calls = [call(front, piece(form(PARM=str(n)).encode())) for n in range(20)]
        return sorted(status for status, _ in await asyncio.gather(*calls))

    with closing(open_gateway(make_settings(database_url, MAX_WAITING="5"))) as gateway:
        statuses = runner.run(rush(Front(gateway, threads=2)))

        assert set(statuses) == {200, 503}
        assert len(rows(gateway.engine, "mo_message")) == statuses.count(200)


def test_reports_and_other_providers_messages_are_taken_too(gateway: Gateway) -> None:
    with calling("asgi", gateway) as send:
        message = send(
            "POST",
            "/intelecom/mo/geheim",
            body=b'<?xml version="1.0"?><message/>',
            headers={"Content-Type": "text/xml"},
        )
        report = send("GET", "/spryng/dlr/geheim", query=b"ref=%E9&status=1")

    assert message.status in (200, 400)
    assert report.status == 200


@pytest.mark.parametrize("path", ["/healthz", "/healthz?%FF", "/nothing%FF", "/", "*"])
def test_pages_are_flasks_and_no_address_makes_it_stumble(gateway: Gateway, path: str) -> None:
    address, _, query = path.partition("?")
    with calling("asgi", gateway) as send:
        answer = send("GET", address, query=b"\xff" if query else b"")

    assert answer.status == (200 if address == "/healthz" else 404)


def test_a_request_for_a_whole_url_is_one_for_its_path(gateway: Gateway) -> None:
    with calling("asgi", gateway) as send:
        answer = send("POST", f"http://evil.example{CALLBACK}", body=BODY, headers={"Content-Type": FORM_TYPE})

    assert answer.body == b"TRUE"


@given(
    forwarded_for=st.lists(st.sampled_from(["10.0.0.1", "203.0.113.9", "::1", "", '"a, b"', " x "]), max_size=5),
    trusted=st.integers(0, 4),
)
def test_who_called_is_told_by_the_same_rule_on_both_fronts(forwarded_for: list[str], trusted: int) -> None:
    header = ",".join(forwarded_for)
    fixed = ProxyFix(lambda environ, _: [environ["REMOTE_ADDR"].encode()], x_for=trusted, x_proto=0)
    by_flask = fixed({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": header}, lambda *_: lambda _: None)

    assert [access.caller("192.0.2.1", header, trusted).encode()] == by_flask
