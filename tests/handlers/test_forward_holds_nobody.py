"""A target that does not answer: its own route waits, and every other message is handled meanwhile."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Event, Thread

import pytest

from mo_gateway import Message, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.handlers.forward import forward
from tests.handling import worker_of
from tests.stored import rows, store, store_senders
from tests.waiting import until


class Slow(ThreadingHTTPServer):
    """A server that answers when the test lets it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.may_answer = Event()
        self.asked = 0


class Answering(BaseHTTPRequestHandler):
    server: Slow

    def do_POST(self) -> None:
        self.server.asked += 1
        self.server.may_answer.wait(30)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None: ...


@pytest.fixture
def slow() -> Iterator[Slow]:
    with Slow() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


def test_a_target_that_does_not_answer_holds_back_its_own_route_only(gateway: Gateway, slow: Slow) -> None:
    url = f"http://127.0.0.1:{slow.server_address[1]}/sms"
    to_crm = keyword("CRM", name="crm")(forward(url, networks=(ip_network("127.0.0.0/8"),)))

    @keyword("WIN", name="win")
    def win(message: Message) -> str:
        return "You are in."

    store_senders(gateway, 12, KEYWORD="CRM")
    for number in range(20):  # of other people: the messages of one are handled in their order
        store(gateway, MSISDN=f"3250000{number:04}")
    worker = worker_of(gateway, to_crm, win, threads=4, limit=25.0)
    loop = Thread(target=worker.run)
    loop.start()

    def done(handler: str) -> int:
        found = rows(gateway.engine, "mo_handling")
        return sum(row.handler == handler and row.state == "done" for row in found)

    try:
        until(lambda: done("win") == 20, "the others to be handled")
        until(lambda: slow.asked, "the target to be asked")
        held_back = (done("crm"), slow.asked)
    finally:
        slow.may_answer.set()
        worker.stop()
        loop.join()

    assert held_back == (0, 2)
