"""Malformed requests, and two in one: on both fronts, bare and behind the documented proxies.

A gateway that sees other requests than the proxy before it would answer what nobody sent, or give somebody the
answer to another's. So answers, receipts and rows are counted against each other, for every case.
"""

import secrets

import pytest

from tests.proxies import Proxy

from .fronts import Front
from .odd_requests import ODD_REQUESTS, VALID, Odd
from .talking import Answer, said_to, without_canary

pytestmark = pytest.mark.attacks

#: What a proxy or a gateway says when it has lost its way; 501 and 505 say that it has not.
LOST = {500, 502, 504}


def test_there_are_many_cases_and_each_has_a_name_of_its_own() -> None:
    names = [odd.name for odd in ODD_REQUESTS]

    assert len(names) >= 87
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("odd", ODD_REQUESTS, ids=lambda odd: odd.name)
def test_an_odd_request_is_answered_as_it_may_be(front: Front, odd: Odd) -> None:
    answers = checked_answers(odd, front, front.port)

    statuses = [answer.status for answer in answers]
    assert len(odd.answers) - len(statuses) in ((0, 1) if odd.is_cut_off else (0,)), answers
    assert all(status in allowed for status, allowed in zip(statuses, odd.answers, strict=False)), answers


@pytest.mark.parametrize("odd", [odd for odd in ODD_REQUESTS if not odd.is_cut_off], ids=lambda odd: odd.name)
def test_a_proxy_and_the_gateway_see_the_same_requests(proxied_front: Front, proxy: Proxy, odd: Odd) -> None:
    answers = checked_answers(odd, proxied_front, proxy.port)
    honest = checked_answers(Odd("", VALID, ()), proxied_front, proxy.port)

    assert not LOST & {answer.status for answer in answers}, answers
    assert len(answers) <= len(odd.answers), answers
    assert [answer.body for answer in honest] == [b"TRUE"]


def checked_answers(odd: Odd, front: Front, port: int) -> list[Answer]:
    """Send a request, and check that there is a receipt for each thing kept, and for nothing else."""
    token = secrets.token_hex(4).encode()
    before = kept(front)
    answers = without_canary(said_to(port, odd.raw.replace(b"XXXXXXXX", token), is_head=odd.is_head))

    receipts = [answer.receipt for answer in answers if answer.receipt]
    stored = front.rows("SELECT id FROM mo_message WHERE instr(raw, ?)", token)
    assert kept(front) - before == len(receipts)
    assert {f"stored {row['id']}" for row in stored} == {word for word in receipts if word.startswith("stored")}
    assert all(answer.receipt for answer in answers if answer.body == b"TRUE")
    assert not any(b"Traceback" in answer.body for answer in answers)
    return answers


def kept(front: Front) -> int:
    """Count what the gateway has taken so far, messages and bad requests, each as often as it came."""
    tables = ("mo_message", "mo_rejection")
    return sum(front.rows(f"SELECT total(deliveries) AS n FROM {table}")[0]["n"] for table in tables)
