"""The handler `forward`: each message goes to a URL as JSON, as a form, or in Spryng's own form.

A target gets a message at least once: again after every call that did not end with a whole answer of success,
under the same id. What fails by the target's fault, again and again, makes the gate before it close; from then on
no try counts until the target is well, however long that takes. Before that, a try counts where the target may
have got the message: it may be the message that it cannot digest. Where there was no connection, none counts.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError
from marshmallow.validate import Range

from mo_gateway.errors import ConfigError, HandlerError
from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.wire import FORM, Answer, MaybeSent, NotSent, Wire, encoded, retry_after

from . import building, signing
from .addresses import URL_RULE, Network, check_literal, checked_by, is_target
from .answers import replies_in
from .building import Choice, Count, Duration, Handling, Surroundings, Switch, Text
from .content import as_fields, as_json, as_spryng, id_of
from .gate import AT_ONCE, Gate, TargetFailed

SECONDS = timedelta(seconds=10)
LONGEST = timedelta(seconds=20)  #: a handler that takes 25 s is given up
AGENT = "mo_gateway"

#: Statuses below 500 that say something about the moment, and nothing about the message.
LATER = (408, 425, 429)

#: How a message is written, and what is said of that.
BODIES: dict[str, tuple[str, Callable[[Message], bytes]]] = {
    "json": ("application/json", as_json),
    "form": (FORM, lambda message: encoded(as_fields(message)).encode()),
    "spryng": (FORM, lambda message: encoded(as_spryng(message), "iso-8859-1").encode()),
}


def _check_url(url: str) -> None:
    if not is_target(url):
        raise ValidationError(URL_RULE)


class Options(building.Options):
    """The keys of `[route.forward]`."""

    url = Text(required=True, longest=2000, validate=[_check_url])
    body = Choice(*BODIES, load_default="json")
    method = Choice("POST", "GET", load_default="POST")
    secret_file = Text(load_default=None)
    timeout = Duration(load_default=SECONDS, validate=Range(max=LONGEST, error='at most "20s"'))
    at_once = Count(1, 8, load_default=AT_ONCE)
    answer_is_reply = Switch(load_default=False)


def build(options: dict[str, Any], surroundings: Surroundings) -> Handling:
    """Make the handler of a route; or raise ConfigError."""
    given = dict(options)
    file = given.pop("secret_file")
    secrets = tuple(surroundings.lines_of(file).values()) if file else ()
    return forward(**given, secrets=secrets, networks=surroundings.forward_networks)


def forward(
    url: str,
    *,
    body: str = "json",
    method: str = "POST",
    secrets: Sequence[str] = (),
    timeout: timedelta = SECONDS,
    at_once: int = AT_ONCE,
    answer_is_reply: bool = False,
    networks: Collection[Network] = (),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Handling:
    """Make a handler that sends each message to `url`; or raise ConfigError.

    `body` is json, form or spryng; `method` is POST or, with spryng, GET. With `secrets` (each whsec_…) a POST is
    signed. `networks` are private ones that may be called. With `answer_is_reply` what the target answers is sent
    to the sender. The handler raises TryLater where the target is down or busy, and HandlerError where it refuses.
    """
    if not is_target(url):
        raise ConfigError(f"forward needs {URL_RULE}")
    if body not in BODIES:
        raise ConfigError(f"forward knows no body {body!r}; there are {', '.join(BODIES)}")
    if method not in ("POST", "GET") or (method == "GET" and body != "spryng"):
        raise ConfigError('forward takes method "POST", or "GET" where body is "spryng"')
    if method == "GET" and secrets:
        raise ConfigError("forward cannot sign a GET: what a signature covers is the body, and a GET has none")
    try:
        check_literal(url, networks)
    except HandlerError as exc:
        raise ConfigError(f"forward: {exc}") from exc
    target = _Target(
        url=url,
        body=body,
        is_get=method == "GET",
        secrets=signing.read_secrets(secrets),
        wire=Wire(timeout=timeout, addresses=checked_by(networks), cuts=True),
        gate=Gate(urlsplit(url).hostname or "", at_once=at_once),
        clock=clock,
    )

    def handle(message: Message) -> list[Reply]:
        answer = target.send(message)
        return replies_in(answer, message) if answer_is_reply else []

    return handle


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where messages go, and how."""

    url: str
    body: str
    is_get: bool
    secrets: tuple[bytes, ...]
    wire: Wire
    gate: Gate
    clock: Callable[[], datetime]

    def send(self, message: Message) -> Answer:
        """Send one message, and give the answer of success; or raise TryLater, HandlerError or TargetFailed."""
        with self.gate.passage():
            answer = self._answer_to(message)
            status = answer.status
            if status in LATER or status >= 500:
                pause = retry_after(answer) if status in (429, 503) else None
                raise TargetFailed(f"the target answered HTTP {status}", pause=pause)
        if 300 <= status < 400:
            raise HandlerError(f"the target answered HTTP {status}, and redirects are not followed")
        if not 200 <= status < 300 or (self.body == "spryng" and status != 200):
            raise HandlerError(f"the target answered HTTP {status}")
        return answer

    def _answer_to(self, message: Message) -> Answer:
        content_type, write = BODIES[self.body]
        content = b"" if self.is_get else write(message)
        headers = {"User-Agent": AGENT, **signing.signed(self.secrets, id_of(message), self.clock(), content)}
        try:
            if self.is_get:
                query = write(message).decode()
                joined = f"{self.url}{'&' if '?' in self.url else '?'}{query}"
                return self.wire.call("GET", joined, headers=headers)
            return self.wire.call("POST", self.url, content, {"Content-Type": content_type, **headers})
        except NotSent as exc:
            raise TargetFailed(f"the target cannot be reached ({exc})", counts=False) from exc
        except MaybeSent as exc:
            raise TargetFailed(f"the target gave no whole answer ({exc})") from exc
