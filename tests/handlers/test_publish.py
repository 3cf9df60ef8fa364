"""`publish`: a message is handled when its broker has confirmed it, and not before."""

import json
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from kombu import Connection
from marshmallow import ValidationError

from mo_gateway.errors import ConfigError, TryLater
from mo_gateway.handlers import publish as module
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.publish import Options, build, publish
from mo_gateway.plugin import keyword
from tests.listening import CERTIFICATE, closed_port, says, tls_server

from .amqp import amqp_broker
from .received import message


@pytest.fixture
def memory() -> Iterator[Callable[[], Any]]:
    """A queue `sms` in memory: a function that gives the next message in it."""
    with Connection("memory://") as connection, connection.SimpleQueue("sms") as queue:
        queue.clear()
        yield lambda: queue.get(block=False)


def pause_of(handle: Callable[[Any], Any]) -> timedelta:
    with pytest.raises(TryLater) as caught:
        handle(message())
    assert "geheim" not in f"{caught.value} {caught.value.__cause__}"
    return caught.value.after


def test_a_message_is_published_as_json(memory: Callable[[], Any]) -> None:
    assert publish("memory://", queue="sms")(message(parm="é€ \ud83c")) is None

    got = memory()
    assert got.content_type == "application/json"
    assert (got.properties["message_id"], got.headers["message_id"]) == ("mo_17", "mo_17")
    assert got.properties["delivery_mode"] == 2
    assert (got.payload["id"], got.payload["text"]) == ("mo_17", "WIN é€ \ud83c")


def test_a_broker_gets_it_persistent_and_must_have_a_queue_for_it() -> None:
    with amqp_broker() as broker:
        publish(broker.url, queue="sms")(message())

    (published,) = broker.published
    assert (published.exchange, published.routing_key, published.is_mandatory) == ("", "sms", True)
    assert (published.content_type, published.delivery_mode) == ("application/json", 2)
    assert published.message_id == "mo_17"
    assert json.loads(published.body)["msisdn"] == "32412345678"


def test_an_exchange_gets_it_with_its_routing_key() -> None:
    with amqp_broker() as broker:
        publish(broker.url, exchange="inbound", routing_key="sms.win")(message())

    assert broker.published[0][:2] == ("inbound", "sms.win")


@pytest.mark.parametrize("answer", ["nack", "return", "close", "vanish", "nothing"])
def test_what_a_broker_does_not_confirm_is_published_again_and_no_try_counts(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.2)
    with amqp_broker(answer) as broker:
        handle = publish(broker.url, queue="sms")
        assert pause_of(handle) > timedelta(seconds=1)
        handle(message())

    assert [one.message_id for one in broker.published] == ["mo_17", "mo_17"]


def test_a_broker_that_has_no_queue_for_it_says_so() -> None:
    with amqp_broker("return") as broker, pytest.raises(TryLater, match="NO_ROUTE"):
        publish(broker.url, queue="sms")(message())


def test_who_is_not_let_in_tries_later() -> None:
    with amqp_broker(lets_in=False) as broker:
        assert pause_of(publish(broker.url, queue="sms")) > timedelta(seconds=1)

    assert broker.published == []


def test_where_no_broker_is_it_tries_later_and_soon_leaves_it_alone() -> None:
    handle = publish(f"amqp://mo:geheim@127.0.0.1:{closed_port()}//", queue="sms")

    pauses = [pause_of(handle) for _ in range(6)]

    assert pauses[-1] > timedelta(seconds=20)


def test_a_connection_is_kept() -> None:
    with amqp_broker() as broker:
        handle = publish(broker.url, queue="sms")
        for _ in range(3):
            handle(message())

        assert len(broker.connections) == 1
    assert len(broker.published) == 3


def test_a_connection_that_was_closed_meanwhile_costs_no_try() -> None:
    with amqp_broker() as broker:
        handle = publish(broker.url, queue="sms")
        handle(message())
        broker.hang_up()
        handle(message(id=18))

        assert len(broker.connections) == 2
    assert [one.message_id for one in broker.published] == ["mo_17", "mo_18"]


def together(handle: Callable[[Any], Any], count: int) -> None:
    """Handle messages in as many threads, which begin at once."""
    begin = Barrier(count)

    def run(number: int) -> None:
        begin.wait()
        handle(message(id=number))

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_do_not_share_a_connection() -> None:
    with amqp_broker() as broker:
        handle = publish(broker.url, queue="sms", at_once=8)
        for _ in range(5):
            together(handle, 8)

        assert len(broker.connections) <= 8
    assert sorted(one.message_id for one in broker.published) == sorted(
        f"mo_{n}" for n in range(8) for _ in range(5)
    )


def test_nothing_is_connected_before_the_first_message() -> None:
    with amqp_broker() as broker:
        publish(broker.url, queue="sms")

        assert broker.connections == []


def test_a_broker_without_a_certificate_that_is_trusted_gets_nothing() -> None:
    with tls_server(says()) as port, pytest.raises(TryLater, match="CERTIFICATE_VERIFY_FAILED"):
        publish(f"amqps://mo:geheim@127.0.0.1:{port}//", queue="sms")(message())


def test_a_broker_with_the_certificate_of_somebody_else_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *args: real("127.0.0.1", *args))
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    with tls_server(says()) as port, pytest.raises(TryLater, match="Hostname mismatch"):
        publish(f"amqps://mo:geheim@mq.example:{port}//", queue="sms")(message())


@pytest.mark.parametrize(
    ("url", "options", "reason"),
    [
        ("memory://", {}, "either a queue or an exchange"),
        ("memory://", {"queue": "a", "exchange": "b"}, "either a queue or an exchange"),
        ("memory://", {"queue": "a", "routing_key": "b"}, "with an exchange only"),
        ("memory://", {"exchange": "b"}, "with an AMQP broker only"),
        ("carrier-pigeon://user:geheim@loft/", {"queue": "a"}, "no broker of the kind carrier-pigeon"),
        ("sqs://user:geheim@", {"queue": "a"}, "kombu\\[sqs\\]"),
    ],
)
def test_what_cannot_be_is_refused_at_load(url: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        publish(url, **options)

    assert "geheim" not in str(caught.value)


def test_without_kombu_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kombu", None)

    with pytest.raises(ConfigError, match=r"pip install 'mo_gateway\[publish\]'"):
        publish("memory://", queue="sms")


def built(broker_url: str, **options: Any) -> Any:
    surroundings = Surroundings(folder=Path(), timezone=ZoneInfo("UTC"), broker_url=broker_url)
    return build(Options().load(options), surroundings)


def test_a_route_publishes_as_its_table_says(memory: Callable[[], Any]) -> None:
    built("memory://", queue="sms", at_once=1)(message())

    assert memory().payload["id"] == "mo_17"


def test_a_route_without_a_broker_names_the_setting() -> None:
    with pytest.raises(ConfigError, match="MO_GATEWAY_BROKER_URL"):
        built("", queue="sms")


@pytest.mark.parametrize(
    "options", [{"queue": ""}, {"queue": 1}, {"queue": "x" * 256}, {"at_once": 0}, {"url": "x"}]
)
def test_a_key_that_is_wrong_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options().load(options)


def test_it_can_be_marked_in_python(memory: Callable[[], Any]) -> None:
    keyword("WIN", name="contest")(publish("memory://", queue="sms"))(message())

    assert memory().payload["keyword"] == "WIN"
