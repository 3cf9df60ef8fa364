"""The handler `publish`: each message goes to a broker, and is handled when the broker has confirmed it.

Through kombu, so to RabbitMQ, Redis, Amazon SQS and others. A broker gets a message at least once: again, under
the same id, when it did not confirm. What a broker refuses says nothing about a message, so no try ever counts.
"""

import ssl
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mo_gateway.errors import ConfigError
from mo_gateway.masking import without_secrets
from mo_gateway.message import Message

from . import building
from .building import Count, Handling, Surroundings, Text
from .content import as_json, id_of
from .gate import AT_ONCE, Gate, TargetFailed

if TYPE_CHECKING:
    from kombu import Connection

SECONDS = 5.0  # for each step: connecting, opening a channel, publishing; a handler that takes 25 s is given up
PERSISTENT = 2

#: How each kind of broker is told of time limits, and AMQP that it is to confirm.
TRANSPORT_OPTIONS: dict[str, dict[str, Any]] = {
    "amqp": {"confirm_publish": True, "read_timeout": SECONDS, "write_timeout": SECONDS},
    "redis": {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS},
}

#: What makes kombu look whether a broker is who it says; by itself it does not.
TLS: dict[str, dict[str, Any]] = {
    "amqps": {"server_hostname": None, "cert_reqs": ssl.CERT_REQUIRED},  # None = that of the URL
    "rediss": {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True},
}


class Options(building.Options):
    """The keys of `[route.publish]`."""

    queue = Text(load_default="", longest=255)
    exchange = Text(load_default="", longest=255)
    routing_key = Text(load_default="", longest=255)
    at_once = Count(1, 8, load_default=AT_ONCE)


def build(options: dict[str, Any], surroundings: Surroundings) -> Handling:
    """Make the handler of a route; or raise ConfigError."""
    if not surroundings.broker_url:
        raise ConfigError("publish needs a broker: set MO_GATEWAY_BROKER_URL")
    return publish(surroundings.broker_url, **options)


def publish(
    broker_url: str, *, queue: str = "", exchange: str = "", routing_key: str = "", at_once: int = AT_ONCE
) -> Handling:
    """Make a handler that publishes each message as JSON; or raise ConfigError. Nothing is connected yet.

    It goes into `queue`; or, with AMQP, to `exchange` with `routing_key`. An AMQP broker must have them already.
    The handler raises TryLater where the broker is down, busy, or has no queue for the message.
    """
    if bool(queue) == bool(exchange):
        raise ConfigError("publish needs either a queue or an exchange")
    if routing_key and queue:
        raise ConfigError("publish takes a routing_key with an exchange only")
    client = _client(broker_url)
    if exchange and client.transport.driver_type != "amqp":
        raise ConfigError("publish takes an exchange with an AMQP broker only; give it a queue")
    broker = _Broker(
        make=lambda: _client(broker_url),
        errors=_errors(client),
        password=unquote(urlsplit(broker_url).password or ""),
        exchange=exchange,
        routing_key=queue or routing_key,
    )
    gate = Gate("the broker", at_once=at_once)

    def handle(message: Message) -> None:
        with gate.passage():
            broker.send(message)

    # other routes may take its place; at the end of the process the sockets are closed anyway
    weakref.finalize(handle, broker.close).atexit = False
    return handle


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broker:
    """Where messages go, and the connections that nobody uses at the moment."""

    make: "Callable[[], Connection]"
    errors: tuple[type[Exception], ...]  #: that say that something is wrong with the broker
    password: str = field(repr=False)
    exchange: str
    routing_key: str
    lock: Lock = field(default_factory=Lock)
    idle: "list[Connection]" = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Publish a message and wait until it is confirmed; or raise TargetFailed."""
        while connection := self._idle_one():
            try:
                return self._publish(connection, message)
            except TimeoutError as exc:
                raise self._failure(exc) from exc
            except self.errors:
                continue  # it was closed while nobody used it, or so it seems
        try:
            return self._publish(self.make(), message)
        except self.errors as exc:
            raise self._failure(exc) from exc

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while connection := self._idle_one():
            connection.collect()

    def _publish(self, connection: "Connection", message: Message) -> None:
        with self._kept(connection):
            connection.ensure_connection(max_retries=0)
            connection.Producer(connection.default_channel).publish(
                as_json(message),
                exchange=self.exchange,
                routing_key=self.routing_key,
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=PERSISTENT,
                mandatory=True,  # no queue for it is an error; without that it would be confirmed and dropped
                message_id=id_of(message),
                headers={"message_id": id_of(message)},
                timeout=SECONDS,
                confirm_timeout=SECONDS,
            )

    @contextmanager
    def _kept(self, connection: "Connection") -> Iterator[None]:
        """Keep a connection for the next message, unless something went wrong with it."""
        try:
            yield
        except BaseException:
            connection.collect()  # `release` would say goodbye, and wait for an answer
            raise
        with self.lock:
            self.idle.append(connection)

    def _idle_one(self) -> "Connection | None":
        with self.lock:
            return self.idle.pop() if self.idle else None

    def _failure(self, exc: Exception) -> TargetFailed:
        said = without_secrets(str(exc), [self.password] if self.password else [])
        return TargetFailed(f"the broker did not take it ({said or type(exc).__name__})", counts=False)


def _client(broker_url: str) -> "Connection":
    """Make a client that connects when it is used; or raise ConfigError."""
    try:
        from kombu import Connection
    except ImportError as exc:
        raise ConfigError("publish needs kombu: pip install 'mo_gateway[publish]'") from exc
    scheme, _, rest = broker_url.partition("://")
    # kombu takes another client for `amqp` where there is one, which cannot confirm
    url = f"pyamqp://{rest}" if scheme == "amqp" else broker_url
    try:
        # copies: kombu writes the name of the first host that it connects to into them
        client = Connection(url, connect_timeout=SECONDS, ssl={**TLS.get(scheme, {})})
        client.transport_options = {**TRANSPORT_OPTIONS.get(client.transport.driver_type, {})}
    except (ImportError, AttributeError) as exc:  # of Redis it says no more than that None has no such attribute
        raise ConfigError(f"{scheme} needs another package: try pip install 'kombu[{scheme}]'") from exc
    except (KeyError, ValueError) as exc:
        raise ConfigError(f"kombu knows no broker of the kind {scheme}, or cannot read its URL") from exc
    return client


def _errors(client: "Connection") -> tuple[type[Exception], ...]:
    from kombu.exceptions import KombuError

    return (*client.connection_errors, *client.recoverable_connection_errors, *client.channel_errors, KombuError)
