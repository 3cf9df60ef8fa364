"""The provider's connections: prepared bytes out, a small answer in, one request at a time on each.

A general HTTP library costs several times more per request than the gateway that is measured with this one.
"""

import asyncio
import ssl
from datetime import timedelta
from typing import cast

from .answer import Answer, read_answer
from .target import Target


class NoAnswer(Exception):
    """No answer came; its text says why in a word or two. The gateway may have stored the message."""


class Line:
    """One of the provider's connections: opened when needed, kept between requests where both sides agree."""

    def __init__(self, target: Target, *, timeout: timedelta, keep_alive: bool) -> None:
        self._target = target
        self._timeout = timeout.total_seconds()
        self._keep_alive = keep_alive
        self._tls = ssl.create_default_context() if target.scheme == "https" else None
        self._connection: _Connection | None = None

    async def exchange(self, method: str, form: bytes) -> Answer:
        """Send a form and give the answer, or raise NoAnswer."""
        answer = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._send(method, form)
                answer = await connection.answer
        except TimeoutError as exc:
            raise NoAnswer("time-out") from exc
        finally:
            if answer is None or not (answer.keeps_open and self._keep_alive):
                self.close()
        return answer

    async def send_and_cut(self, method: str, form: bytes) -> None:
        """Send a form and hang up at once, or raise NoAnswer where it could not even be sent."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(method, form)
        except TimeoutError as exc:
            raise NoAnswer("time-out") from exc
        finally:
            self.close()

    def close(self) -> None:
        """Hang up; what was sent still goes out."""
        if self._connection:
            self._connection.close()
            self._connection = None

    async def _send(self, method: str, form: bytes) -> "_Connection":
        request = self._target.request(method, form, keep_alive=self._keep_alive)
        if not self._connection or not self._connection.is_open:
            self._connection = await self._connect()
        self._connection.send(request)
        return self._connection

    async def _connect(self) -> "_Connection":
        loop, target = asyncio.get_running_loop(), self._target
        try:
            _, connection = await loop.create_connection(_Connection, target.host, target.port, ssl=self._tls)
        except TimeoutError:
            raise
        except OSError as exc:
            raise NoAnswer("unreachable") from exc
        return connection


class _Connection(asyncio.Protocol):
    """The bytes of one connection; at most one request is under way."""

    answer: asyncio.Future[Answer]  #: to the request sent last

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.answer = asyncio.get_running_loop().create_future()
        self._received = b""

    def send(self, request: bytes) -> None:
        self.answer = asyncio.get_running_loop().create_future()
        self._received = b""
        self._transport.write(request)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._read(ended=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._read(ended=exc is None)
        if not self.answer.done():
            self.answer.set_exception(NoAnswer("reset"))
            self.answer.exception()  # seen, also where nobody waits for it any more

    def _read(self, *, ended: bool) -> None:
        if self.answer.done():
            return
        try:
            answer = read_answer(self._received, ended=ended)
        except ValueError:
            self.answer.set_exception(NoAnswer("not HTTP"))
            return
        if answer:
            self.answer.set_result(answer)
