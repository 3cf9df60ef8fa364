"""Asking PostgreSQL from an event loop, without a thread: the loop goes on until the answer is there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that is asked again and again; its values are written `$1`, `$2`."""

    name: str  #: by which the server knows it once it is prepared
    text: str

    def prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Have the server plan it; where a pooler does not allow that, it is planned each time."""
        if connection.prepare_threshold is not None:
            answer = connection.pgconn.prepare(self.name.encode(), self.text.encode())
            if answer.status != ExecStatus.COMMAND_OK:
                raise error_from_result(answer)

    def send(self, connection: psycopg.Connection[Any], values: Sequence[bytes]) -> None:
        """Begin to send it, each value in the server's text form."""
        if connection.prepare_threshold is None:
            connection.pgconn.send_query_params(self.text.encode(), values)
        else:
            connection.pgconn.send_query_prepared(self.name.encode(), values)


async def answer_to(
    statement: Statement, values: Sequence[bytes], connection: psycopg.Connection[Any]
) -> PGresult:
    """Ask on a connection in autocommit, where the statement is prepared; gives rows, or raises psycopg.Error."""
    with DefaultSelector() as news:  # first: without a descriptor for it nothing is asked
        statement.send(connection, values)
        (result,) = await _Answer(connection, news).whole()
    if result.status != ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    return result


class _Answer:
    """What the server answers on one connection; the rest of the question is sent meanwhile.

    The loop watches a selector that watches the connection. Where a server's last words and a reset come together,
    uvloop tells of the words and never of the end; and when the driver has closed a descriptor, it may be another
    caller's before the loop has let go of it. With a selector neither happens.
    """

    def __init__(self, connection: psycopg.Connection[Any], news: DefaultSelector) -> None:
        self._pgconn = connection.pgconn
        self._news = news
        self._results: list[PGresult] = []
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def whole(self) -> list[PGresult]:
        """Wait for the last of it; or raise psycopg.OperationalError where the connection is lost."""
        loop = asyncio.get_running_loop()
        self._news.register(self._pgconn.socket, EVENT_READ | EVENT_WRITE)
        loop.add_reader(self._news, self._go_on)
        try:
            await self._ended
        finally:
            loop.remove_reader(self._news)
        return self._results

    def _go_on(self) -> None:
        try:
            if self._pgconn.flush() == 0:
                self._news.modify(self._pgconn.socket, EVENT_READ)
            self._read()
        except psycopg.Error as exc:
            if not self._ended.done():
                self._ended.set_exception(exc)

    def _read(self) -> None:
        self._pgconn.consume_input()
        while not self._ended.done() and not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is None:
                self._ended.set_result(None)
            else:
                self._results.append(result)
