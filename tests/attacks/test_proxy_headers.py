"""Headers by which a caller says that it is somebody else, or calls by another name: only a proxy is believed.

Callers are told apart by their own address: all of 127.0.0.0/8 is this host.
"""

import json
import secrets
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.examples import FORM_TYPE, form
from tests.proxies import PROXIES, Proxy

from .conftest import StartFront, StartProxy
from .fronts import Front

pytestmark = pytest.mark.attacks

PROVIDER, STRANGER = "127.0.0.2", "127.0.0.3"

#: One name several times stands for several lines.
Lines = Sequence[tuple[str, str]]

NONE: Lines = ()

SPOOFS: dict[str, Lines] = {
    **{
        f"{n} hops": [("X-Forwarded-For", ", ".join(f"198.51.100.{hop}" for hop in range(1, n + 1)))]
        for n in range(1, 6)
    },
    "hops on two lines": [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "198.51.100.2")],
    "an IPv6 address": [("X-Forwarded-For", "2001:db8::1")],
    "an address with a port": [("X-Forwarded-For", "198.51.100.1:80")],
    "a quoted address": [("X-Forwarded-For", '"198.51.100.1"')],
    "a word": [("X-Forwarded-For", "unknown")],
    "nothing": [("X-Forwarded-For", "")],
    "commas": [("X-Forwarded-For", ",,,")],
    "an underscore": [("X_Forwarded_For", "198.51.100.1")],
    "Forwarded": [("Forwarded", "for=198.51.100.1;proto=https;host=evil.example")],
    "names of others": [
        (name, "198.51.100.1") for name in ("X-Real-IP", "True-Client-IP", "Client-IP", "CF-Connecting-IP")
    ],
    "the server's own names": [("Remote-Addr", "198.51.100.1"), ("REMOTE_ADDR", "198.51.100.1")],
    "another place": [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Forwarded-Port", "1"),
    ],
    "TLS by other names": [("X-Forwarded-Ssl", "on"), ("X-Forwarded-Protocol", "ssl"), ("Front-End-Https", "on")],
    "SCRIPT_NAME": [("SCRIPT_NAME", "/spryng"), ("Script-Name", "/spryng")],
    "PATH_INFO": [("PATH_INFO", "/healthz"), ("X-Original-Url", "/healthz"), ("X-Rewrite-Url", "/healthz")],
    "another method": [("X-HTTP-Method-Override", "DELETE"), ("X-Http-Method", "PUT")],
}


def call(port: int, path: str, *, caller: str, headers: Lines = NONE, **changes: str) -> tuple[int, str, str]:
    """Send the example from an address, and give status, body and receipt."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20, source_address=(caller, 0))
    body = form(**changes).encode()
    connection.putrequest("POST", path)
    for name, value in [*headers, ("Content-Type", FORM_TYPE), ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    assert "Location" not in answer.headers
    assert "evil" not in content
    return answer.status, content, answer.headers.get("MO-Gateway-Receipt", "")


def row_of(front: Front, receipt: str) -> dict[str, Any]:
    outcome, number = receipt.split()
    table = {"stored": "mo_message", "rejected": "mo_rejection"}[outcome]
    return front.rows(f"SELECT * FROM {table} WHERE id = ?", number)[0]


def addresses(front: Front, port: int, headers: Lines) -> set[str]:
    """Give the addresses that are kept of a good request and of a bad one from the provider."""
    kept = set()
    for status, msisdn in ((200, "32412345678"), (400, "none")):
        changes = {"MSISDN": msisdn, "REFERENCE": secrets.token_hex(8)}
        found, _, receipt = call(port, front.path, caller=PROVIDER, headers=headers, **changes)
        assert found == status
        kept.add(row_of(front, receipt)["remote_addr"])
    return kept


@pytest.mark.parametrize("spoof", SPOOFS)
def test_a_caller_is_not_believed_about_itself(front: Front, spoof: str) -> None:
    assert addresses(front, front.port, SPOOFS[spoof]) == {PROVIDER}


@pytest.mark.parametrize("spoof", SPOOFS)
def test_nor_is_it_behind_a_proxy(proxied_front: Front, proxy: Proxy, spoof: str) -> None:
    assert addresses(proxied_front, proxy.port, SPOOFS[spoof]) == {PROVIDER}


@pytest.mark.parametrize("proxies", [1, 3])
@pytest.mark.parametrize("hops", range(6))
@pytest.mark.parametrize("on_lines", [False, True])
def test_of_several_hops_that_of_the_outermost_trusted_proxy_counts(
    front_name: str, start_front: StartFront, proxies: int, hops: int, on_lines: bool
) -> None:
    front = start_front(front_name, TRUSTED_PROXIES=str(proxies))
    written = [f"198.51.100.{hop}" for hop in range(hops)]
    lines = written if on_lines else [", ".join(written)] * bool(written)

    kept = addresses(front, front.port, [("X-Forwarded-For", line) for line in lines])

    assert kept == {written[-proxies] if hops >= proxies else PROVIDER}


@pytest.fixture
def guarded(front_name: str, start_front: StartFront) -> Front:
    """A gateway that lets in the provider alone, and trusts no proxy."""
    return start_front(front_name, ALLOWED_NETWORKS=PROVIDER, METRICS_NETWORKS=PROVIDER)


@pytest.fixture
def proxied(front_name: str, start_front: StartFront) -> Front:
    """The same behind a proxy."""
    return start_front(front_name, ALLOWED_NETWORKS=PROVIDER, METRICS_NETWORKS=PROVIDER, TRUSTED_PROXIES="1")


CLAIMS = {
    name: [(name, PROVIDER)] for name in ("X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "REMOTE_ADDR")
} | {"Forwarded": [("Forwarded", f"for={PROVIDER}")]}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_stranger_that_says_it_is_the_provider_is_let_in_nowhere(guarded: Front, claim: str) -> None:
    status, _, _ = call(guarded.port, guarded.path, caller=STRANGER, headers=CLAIMS[claim])

    assert status == 403
    assert who_was_forbidden(guarded) == STRANGER
    assert status_of_metrics(guarded.port, STRANGER, CLAIMS[claim]) == 403
    assert call(guarded.port, guarded.path, caller=PROVIDER, headers=[("X-Forwarded-For", STRANGER)])[0] == 200
    assert status_of_metrics(guarded.port, PROVIDER, [("X-Forwarded-For", STRANGER)]) == 200


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("proxy_name", PROXIES)
def test_nor_is_it_let_in_by_a_proxy(proxied: Front, start_proxy: StartProxy, proxy_name: str, claim: str) -> None:
    proxy = start_proxy(proxy_name, proxied.port)

    status, _, _ = call(proxy.port, proxied.path, caller=STRANGER, headers=CLAIMS[claim])

    assert status == 403
    assert who_was_forbidden(proxied) == STRANGER
    assert status_of_metrics(proxy.port, STRANGER, CLAIMS[claim]) == 403
    assert call(proxy.port, proxied.path, caller=PROVIDER, headers=[("X-Forwarded-For", STRANGER)])[0] == 200
    assert status_of_metrics(proxy.port, PROVIDER, [("X-Forwarded-For", STRANGER)]) == 200


def test_a_prefix_leads_nowhere(front: Front) -> None:
    prefix = [("X-Forwarded-Prefix", "/evil"), ("SCRIPT_NAME", "/evil")]

    assert call(front.port, f"/evil{front.path}", caller=PROVIDER, headers=prefix)[0] == 404


def who_was_forbidden(front: Front) -> str:
    lines = [json.loads(line) for line in front.program.log.splitlines() if '"forbidden"' in line]
    return str(lines[-1]["remote_addr"])


def status_of_metrics(port: int, caller: str, headers: Lines) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20, source_address=(caller, 0))
    connection.request("GET", "/metrics", headers=dict(headers))
    status = connection.getresponse().status
    connection.close()
    return status
