"""Delivery reports of a fake, brought to the gateway as the provider would bring them: until they are taken."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from threading import Event, Thread

from mo_gateway.wire import MaybeSent, NotSent, Wire

from .server import Call, FakeServer, Taken

TIMEOUT = timedelta(seconds=10)
AGAIN_AFTER = 5.0  # seconds
TRIES = 12
MEANINGS: Mapping[int, str] = {
    200: "200",
    403: "403, the gateway there has another secret, or does not let this address in",
    404: "404, no gateway is there, or it knows no reports of this provider",
    503: "503, the gateway cannot store it now",
}


class Reporter:
    """Tells a gateway of every SMS that a fake takes and that a report was asked for."""

    def __init__(
        self,
        server: FakeServer,
        gateway: str,
        secret: str,
        *,
        state: str,
        after: float,
        tell: Callable[[str], None],
    ) -> None:
        """Report to `gateway`, the beginning of a URL; `state` is the provider's own word, empty = delivered."""
        self._server = server
        self._gateway = gateway.rstrip("/")
        self._secret = secret
        self._state = state
        self._after = after
        self._tell = tell
        self._wire = Wire(timeout=TIMEOUT)

    def report(self, taken: Taken) -> None:
        """Bring the report of one SMS, later and in a thread of its own."""
        if taken.wants_report:
            Thread(target=self._bring, args=[taken], daemon=True).start()

    def _bring(self, taken: Taken) -> None:
        ending: Event = self._server.ending
        if ending.wait(self._after):
            return
        call = self._server.fake.report(taken, self._state)
        for _ in range(TRIES):
            is_taken, said = self._try(call)
            self._tell(f"report of SMS {taken.id} → {said}")
            if is_taken or ending.wait(AGAIN_AFTER):
                return

    def _try(self, call: Call) -> tuple[bool, str]:
        """Make the call once; say whether the gateway took it, and what it answered."""
        path = f"{call.path}/{self._secret}" if self._secret else call.path
        url = f"{self._gateway}{path}{'?' + call.query if call.query else ''}"
        headers = {name: value for name, value in call.headers.items() if name.lower() != "content-length"}
        try:
            status = self._wire.call(call.method, url, call.body, headers).status
        except (NotSent, MaybeSent) as exc:
            return False, str(exc)
        return status == 200, MEANINGS.get(status, str(status))
