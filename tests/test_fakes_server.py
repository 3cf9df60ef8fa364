"""The HTTP around a fake: what it takes and tells, and each of its troubles as a caller sees it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from mo_gateway.fakes.server import AFTER_TAKING, Call, FakeAnswer, Taken, Trouble, running
from mo_gateway.wire import Answer, MaybeSent, Wire

from .providers.examples import HASTY_WIRE, WIRE
from .waiting import until


class FakePost:
    """Takes what comes in the query's `text`, or in the form's."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._taken: list[Taken] = []

    @property
    def taken(self) -> Sequence[Taken]:
        return self._taken

    def answer(self, call: Call) -> FakeAnswer:
        self.calls.append(call)
        given = parse_qs(f"{call.query}&{call.body.decode()}")
        if "break" in given:
            raise KeyError("a fault of the fake")
        for text in given.get("text", []):
            self._taken.append(Taken(id=str(len(self._taken)), to="32470123456", sender="4414", text=text))
        return FakeAnswer(body=b"taken", status=201, headers=(("X-Fake", "yes"),))

    def report(self, taken: Taken, state: str) -> Call:
        return Call(method="GET", path="/post/dlr", query=f"id={taken.id}&state={state}", body=b"")


def send(wire: Wire, url: str, text: str = "Hallo") -> Answer:
    return wire.post_form(f"{url}/send", [("text", text)])


def test_a_fake_gets_the_call_and_its_answer_goes_back() -> None:
    fake = FakePost()
    with running(fake) as server:
        answer = WIRE.post_form(f"{server.url}/send?a=1", [("text", "né")])

    [call] = fake.calls
    assert (call.method, call.path, call.query, call.body) == ("POST", "/send", "a=1", b"text=n%C3%A9")
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (answer.status, answer.body, answer.headers["X-Fake"]) == (201, b"taken", "yes")
    assert [taken.text for taken in fake.taken] == ["né"]


def test_each_sms_is_told_once_however_many_callers_there_are() -> None:
    told = []
    with running(FakePost()) as server:
        server.on_taken = lambda taken: told.append(taken.id)
        with ThreadPoolExecutor(8) as callers:
            list(callers.map(lambda number: send(WIRE, server.url, str(number)), range(40)))

    assert sorted(told, key=int) == [str(number) for number in range(40)]


def test_a_fault_of_the_fake_does_not_stay_hidden() -> None:
    with (
        pytest.raises(KeyError, match="a fault of the fake"),
        running(FakePost()) as server,
        pytest.raises(MaybeSent),
    ):
        WIRE.get(f"{server.url}/", [("break", "1")])


@pytest.mark.parametrize("trouble", [Trouble.SLOW, Trouble.RESET, Trouble.CLOSE, Trouble.HUGE, Trouble.DRIP])
def test_some_troubles_leave_the_caller_without_an_answer(trouble: Trouble) -> None:
    with running(FakePost()) as server:
        server.troubles.append(trouble)
        with pytest.raises(MaybeSent):
            send(HASTY_WIRE if trouble in (Trouble.SLOW, Trouble.DRIP) else WIRE, server.url)
        if trouble in AFTER_TAKING:
            until(lambda: server.fake.taken, "the fake to take the SMS")  # a caller may have given up before

    assert len(server.fake.taken) == (1 if trouble in AFTER_TAKING else 0)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Trouble.HTML, 200),
        (Trouble.TOO_MANY, 429),
        (Trouble.ERROR, 500),
        (Trouble.BAD_GATEWAY, 502),
        (Trouble.UNAVAILABLE, 503),
    ],
)
def test_other_troubles_are_an_answer(trouble: Trouble, status: int) -> None:
    with running(FakePost()) as server:
        server.troubles.append(trouble)
        answer = send(WIRE, server.url)

    assert answer.status == status
    assert len(server.fake.taken) == (1 if trouble in AFTER_TAKING else 0)
    assert answer.headers["Retry-After"] == ("7" if trouble in (Trouble.TOO_MANY, Trouble.UNAVAILABLE) else None)


def test_a_page_in_place_of_an_answer_says_that_it_is_one() -> None:
    with running(FakePost()) as server:
        server.troubles.append(Trouble.HTML)
        answer = send(WIRE, server.url)

    assert answer.headers.get_content_type() == "text/html"
    assert answer.text().startswith("<!DOCTYPE html>")


def test_a_slow_answer_comes_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mo_gateway.fakes.server.MAKE_WAY", 0.05)
    with running(FakePost()) as server:
        server.troubles.append(Trouble.SLOW)

        assert send(WIRE, server.url).body == b"taken"


def test_each_trouble_is_for_one_call() -> None:
    with running(FakePost()) as server:
        server.troubles.extend([Trouble.ERROR, Trouble.UNAVAILABLE])

        assert [send(WIRE, server.url).status for _ in range(3)] == [500, 503, 201]


def test_every_trouble_is_tried_here() -> None:
    quiet = {Trouble.SLOW, Trouble.RESET, Trouble.CLOSE, Trouble.HUGE, Trouble.DRIP}
    spoken = {Trouble.HTML, Trouble.TOO_MANY, Trouble.ERROR, Trouble.BAD_GATEWAY, Trouble.UNAVAILABLE}

    assert quiet | spoken == set(Trouble)


def test_a_fake_ends_although_somebody_waits() -> None:
    wire = Wire(timeout=timedelta(seconds=20))
    with ThreadPoolExecutor(1) as callers:
        with running(FakePost()) as server:
            server.troubles.append(Trouble.DRIP)
            waiting = callers.submit(send, wire, server.url)
            until(lambda: server.fake.taken, "the fake to take the SMS")

        with pytest.raises(MaybeSent):
            waiting.result(timeout=10)
