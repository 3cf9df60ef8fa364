"""`fake`: a gateway that is set as it says sends by it, and gets its delivery reports."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from structlog.typing import EventDict

from mo_gateway import send
from mo_gateway.cli.fake import ROLES
from mo_gateway.fakes import reporter
from mo_gateway.fakes.reporter import Reporter
from mo_gateway.fakes.server import FakeServer, Taken, running
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.sending import open_senders, sender_with
from mo_gateway.metrics import Metrics
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.reply import Reply, SendOutcome

from .commands import HOSTILE, RAW_HOSTILE, interrupt, invoke
from .conftest import settings_for
from .handling import captured_log
from .postgres import free_port
from .providers.examples import WIRE
from .sending import make_replies_due, queue, send_all
from .serving import served
from .stored import rows
from .waiting import until

Play = Callable[..., Result]


@pytest.fixture(autouse=True)
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[EventDict]:
    """What the sender logs, so that it is not among what the fake prints."""
    return captured_log(monkeypatch, send)


@pytest.fixture
def gateway(sqlite_url: str) -> Iterator[Gateway]:
    """A gateway on SQLite: nothing here differs between databases."""
    gateway = open_gateway(settings_for(sqlite_url))
    yield gateway
    gateway.close()


@pytest.fixture
def play(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Play:
    """A function that runs `mo-gateway fake …`, does something while it plays, and presses Ctrl-C."""

    def play(*arguments: str, meanwhile: Callable[[], object] = lambda: None, **changes: str) -> Result:
        def act(_seconds: float) -> None:
            meanwhile()
            interrupt()

        monkeypatch.setattr("mo_gateway.cli.fake.sleep", act)
        return invoke(gateway, "fake", *arguments, "--after", "0.01", **changes)

    return play


def variables(name: str, port: int) -> dict[str, str]:
    """Give the settings that a fake prints."""
    role = ROLES[name]
    given = {"URL": f"http://127.0.0.1:{port}{role.path}", **role.variables}
    return {f"{name.upper()}_{variable}": value for variable, value in given.items()}


def send_by(gateway: Gateway, name: str, port: int, text: str = "hello") -> list[SendOutcome]:
    """Send a reply as a gateway with the printed settings does; give what became of each try."""
    settings = settings_for(str(gateway.settings.database_url), **variables(name, port))
    sender = sender_with(open_senders(settings), settings, gateway.engine, metrics=Metrics())
    queue(gateway, Reply(text, provider=name))
    return [tried.result.outcome for tried in send_all(sender, sender.providers[name])]


def reported(gateway: Gateway) -> list[tuple[int, str]]:
    """Give the replies that something was reported of, and what."""
    return [(row.mt_message_id, row.status) for row in rows(gateway.engine, "mt_report")]


def test_every_provider_can_be_played() -> None:
    assert ROLES.keys() == SCHEMAS.keys()


@pytest.mark.parametrize("name", ROLES)
def test_a_gateway_with_the_printed_settings_sends_by_it(gateway: Gateway, play: Play, name: str) -> None:
    port = free_port()
    sent = []

    result = play(
        name,
        "--bind",
        f"127.0.0.1:{port}",
        "--no-reports",
        meanwhile=lambda: sent.extend(send_by(gateway, name, port)),
    )

    printed = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
    assert printed == {f"MO_GATEWAY_{variable}": value for variable, value in variables(name, port).items()}
    assert sent == [SendOutcome.SENT]
    assert "to 324••••••78 from" in result.stdout
    assert result.stdout.endswith(": hello\n")
    assert result.stderr.endswith("Took 1 SMS.\n")
    assert result.exit_code == 0


@pytest.mark.parametrize("name", [name for name, role in ROLES.items() if "credit" in role.ways])
def test_its_credit_comes_to_an_end(gateway: Gateway, play: Play, name: str) -> None:
    port, sent = free_port(), []

    def send_two() -> None:
        sent.extend(send_by(gateway, name, port, "one"))
        make_replies_due(gateway)  # the rate of the provider, too
        sent.extend(send_by(gateway, name, port, "two"))

    play(name, "--bind", f"127.0.0.1:{port}", "--no-reports", "--credit", "1", meanwhile=send_two)

    assert sent == [SendOutcome.SENT, SendOutcome.LATER]


@pytest.mark.parametrize(("name", "code"), [("connectcall", "700"), ("sms1601", "115")])
def test_it_answers_the_error_that_it_is_told_to(gateway: Gateway, play: Play, name: str, code: str) -> None:
    port = free_port()

    play(
        *(name, "--bind", f"127.0.0.1:{port}", "--no-reports", "--error", code),
        meanwhile=lambda: send_by(gateway, name, port),
    )

    (row,) = rows(gateway.engine, "mt_message")
    assert (row.state, row.error_code) == ("queued", code)


@pytest.mark.parametrize("way", [("intelecom", "--credit", "1"), ("spryng", "--error", "203")])
def test_what_it_has_not_got_it_cannot_be_told(play: Play, way: tuple[str, ...]) -> None:
    result = play(*way)

    assert result.exit_code == 2
    assert f"the fake {way[0]} has no such thing" in result.stderr


@pytest.mark.parametrize("name", [name for name in ROLES if name != "connectcall"])
def test_its_delivery_report_reaches_the_gateway(gateway: Gateway, play: Play, name: str) -> None:
    port = free_port()

    def send_and_wait() -> None:
        send_by(gateway, name, port)
        until(lambda: reported(gateway), "the report")

    with served(gateway) as url:
        address = url.removesuffix("/spryng/mo")
        result = play(name, "--bind", f"127.0.0.1:{port}", "--gateway", address, meanwhile=send_and_wait)

    assert reported(gateway) == [(1, "delivered")]
    assert "geheim/" not in result.output


def test_reports_go_to_the_gateway_of_the_settings_and_say_what_they_are_told_to(
    gateway: Gateway, play: Play
) -> None:
    port = free_port()

    def send_and_wait() -> None:
        send_by(gateway, "sms1601", port)
        until(lambda: reported(gateway), "the report")

    with served(gateway) as url:
        address = url.removesuffix("/spryng/mo")
        options = ("--bind", f"127.0.0.1:{port}", "--state", "NOT DELIVERED")
        play("sms1601", *options, meanwhile=send_and_wait, PUBLIC_URL=address)

    assert reported(gateway) == [(1, "failed")]


def test_trouble_is_made_once_each_and_then_all_is_well(gateway: Gateway, play: Play) -> None:
    port = free_port()
    outcomes = []

    def try_thrice() -> None:
        for _ in range(3):
            outcomes.extend(send_by(gateway, "spryng", port))
            make_replies_due(gateway)

    play(
        "spryng",
        *("--bind", f"127.0.0.1:{port}", "--no-reports", "--trouble", "503", "--trouble", "html"),
        meanwhile=try_thrice,
    )

    assert outcomes[:2] == [SendOutcome.LATER, SendOutcome.UNKNOWN]
    assert set(outcomes[2:]) == {SendOutcome.SENT}


def test_numbers_are_whole_where_they_are_asked_for(gateway: Gateway, play: Play) -> None:
    port = free_port()

    result = play(
        *("spryng", "--bind", f"127.0.0.1:{port}", "--no-reports", "--reveal"),
        meanwhile=lambda: send_by(gateway, "spryng", port),
    )

    assert "to 32412345678 from 4414: hello" in result.stdout


def test_what_an_sms_holds_cannot_draw_on_the_terminal(play: Play) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/sendsms.ashx"
    login = {"login": "user", "pass": "geheim-wachtwoord", "to": "32412345678"}
    text, card = {"from": HOSTILE, "text": HOSTILE}, {"binary": "1", "special": "vcard", "vname": HOSTILE}

    def send_both() -> None:
        WIRE.get(url, {**login, **text}.items())
        WIRE.get(url, {**login, "from": "4414", **card}.items())

    result = play("connectcall", "--bind", f"127.0.0.1:{port}", "--no-reports", meanwhile=send_both)

    assert len([line for line in result.stdout.splitlines() if line.startswith("SMS ")]) == 2
    assert "vname" in result.stdout
    assert not [character for character in RAW_HOSTILE if character in result.output]


@pytest.mark.parametrize("bind", ["[::1]:0", "0.0.0.0:0", "[::]:0"])
def test_the_printed_url_can_be_called_wherever_it_listens(play: Play, bind: str) -> None:
    result = play("spryng", "--bind", bind, "--no-reports")

    url = urlsplit(result.stdout.splitlines()[0].partition("=")[2])
    assert url.hostname == ("127.0.0.1" if "." in bind else "::1")
    assert url.port


def test_a_port_that_is_taken_is_said_in_a_sentence(play: Play) -> None:
    with running(FakeSpryng()) as other:
        result = play("spryng", "--bind", other.url.removeprefix("http://"), "--no-reports")

    assert result.exit_code == 4
    assert "is not to be had: Address already in use" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody"],
        ["spryng", "--bind", "9000"],
        ["spryng", "--bind", "127.0.0.1:70000"],
        ["spryng", "--trouble", "flood"],
        ["intelecom", "--state", "delivered", "--bind", "127.0.0.1:0"],
        ["connectcall", "--state", "delivered", "--bind", "127.0.0.1:0"],
    ],
)
def test_what_it_cannot_play_is_a_usage_error(play: Play, arguments: list[str]) -> None:
    assert play(*arguments).exit_code == 2


# the reports of a fake


def report(
    server: FakeServer, gateway: str, told: list[str], *, secret: str = "geheim", wanted: bool = True
) -> None:
    """Have the report of an SMS brought to `gateway`."""
    taken = Taken(id="7", to="32412345678", sender="4414", text="hello", reference="r", wants_report=wanted)
    Reporter(server, gateway, secret, state="", after=0.01, tell=told.append).report(taken)


def test_a_report_that_is_not_taken_is_brought_again(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    monkeypatch.setattr(reporter, "AGAIN_AFTER", 0.01)
    port, told = free_port(), list[str]()

    with running(FakeSpryng()) as server:
        report(server, f"http://127.0.0.1:{port}", told)
        until(lambda: len(told) > 2, "some tries")

    assert set(told) == {"report of SMS 7 → no connection: Connection refused"}


def test_an_answer_that_is_no_200_is_explained(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "TRIES", 1)
    told: list[str] = []

    with running(FakeSpryng()) as server, served(gateway) as url:
        report(server, url.removesuffix("/spryng/mo"), told, secret="wrong")
        until(lambda: told, "the answer")

    assert told == ["report of SMS 7 → 403, the gateway there has another secret, or does not let this address in"]


def test_no_report_is_brought_that_was_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[object] = []
    monkeypatch.setattr(reporter, "Thread", lambda **about: threads.append(about))
    with running(FakeSpryng()) as server:
        report(server, "http://127.0.0.1:9", [], wanted=False)

    assert threads == []
