"""`fake NAME`: a provider's sending API on this host, to try replies without a contract or cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import sleep
from urllib.parse import quote

import click

from mo_gateway.errors import ConfigError
from mo_gateway.fakes.connectcall import FakeConnectCall
from mo_gateway.fakes.intelecom import FakeIntelecom
from mo_gateway.fakes.pswincom import FakePsWinCom
from mo_gateway.fakes.reporter import Reporter
from mo_gateway.fakes.server import Fake, FakeServer, Taken, Trouble
from mo_gateway.fakes.sms1601 import FakeSms1601
from mo_gateway.fakes.spryng import FakeSpryng
from mo_gateway.masking import one_line

from . import output, types
from .calling import ADDRESS_OF_RUN
from .setup import settings_from_environment

PASSWORD = "geheim-wachtwoord"  # noqa: S105 - made up


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A provider that can be played, and the settings that make a gateway send by it."""

    make: Callable[..., Fake]
    path: str  #: behind the address, in its URL
    variables: Mapping[str, str]  #: beside the URL
    ways: tuple[str, ...] = ()  #: what else it can be told: credit, error


ROLES: Mapping[str, Role] = {
    "spryng": Role(
        make=FakeSpryng,
        path="/api/simple/message",
        variables={"USERNAME": "user", "PASSWORD": PASSWORD},
        ways=("credit",),
    ),
    "connectcall": Role(
        make=FakeConnectCall,
        path="/api/",
        variables={"LOGIN": "user", "PASSWORD": PASSWORD},
        ways=("credit", "error"),
    ),
    "sms1601": Role(
        make=FakeSms1601,
        path="/module/",
        variables={"USERNAME": "user", "PASSWORD": PASSWORD},
        ways=("credit", "error"),
    ),
    "pswincom": Role(
        make=FakePsWinCom, path="/", variables={"USERNAME": "user", "PASSWORD": PASSWORD}, ways=("credit",)
    ),
    "intelecom": Role(
        make=FakeIntelecom,
        path="/gw/rs",
        variables={"SERVICE_ID": "1000", "USERNAME": "user", "PASSWORD": PASSWORD},
    ),
}


@click.command()
@click.argument("name", type=click.Choice(tuple(ROLES)), metavar="NAME")
@click.option(
    "--bind",
    type=types.address,
    default="127.0.0.1:9000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen.",
)
@click.option(
    "--gateway", metavar="URL", help="Who gets delivery reports.  [default: the gateway of these settings]"
)
@click.option("--reports/--no-reports", default=True, show_default=True, help="Bring delivery reports.")
@click.option("--state", default="", help="What they say, in the provider's own words.  [default: delivered]")
@click.option("--after", type=types.duration, default="1", show_default=True, help="How long after the SMS.")
@click.option(
    "--trouble",
    "troubles",
    multiple=True,
    type=click.Choice([trouble.value for trouble in Trouble]),
    help="Make trouble instead of answering: the first one at the first call, and so on.",
)
@click.option("--credit", type=click.IntRange(0), metavar="N", help="What is left in the account, in SMS.")
@click.option("--error", metavar="CODE", help="Answer every SMS with this code (connectcall, sms1601).")
@output.reveal_option
def fake(
    name: str,
    bind: tuple[str, int],
    gateway: str | None,
    reports: bool,
    state: str,
    after: timedelta,
    troubles: tuple[str, ...],
    credit: int | None,
    error: str | None,
    reveal: bool,
) -> None:
    """Behave like a provider: take SMS, answer as it documents, bring delivery reports to the gateway.

    NAME is spryng, connectcall, sms1601, pswincom or intelecom. Prints the variables that make a gateway send by
    it, then a line for each SMS. Start it in the directory of the gateway, whose secret the reports need. Ctrl-C
    ends it.

    \b
    mo-gateway fake spryng
    mo-gateway fake spryng --state "not delivered" --trouble 503 --trouble slow
    mo-gateway fake pswincom --credit 2
    """
    played = _made(name, credit=credit, error=error)
    if state:
        _try_state(played, state)
    destination = _destination(gateway) if reports else None
    server = _server(played, bind)
    server.troubles.extend(map(Trouble, troubles))
    reporter = None
    if destination:
        reporter = Reporter(server, *destination, state=state, after=after.total_seconds(), tell=_tell)

    def on_taken(taken: Taken) -> None:
        click.echo(_in_a_line(taken, reveal=reveal))
        if reporter:
            reporter.report(taken)

    server.on_taken = on_taken
    for variable, value in {"URL": server.url + ROLES[name].path, **ROLES[name].variables}.items():
        click.echo(f"MO_GATEWAY_{name.upper()}_{variable}={value}")
    click.echo("Set these where the gateway is started, and it sends by this fake.", err=True)
    _serve(server)


def _made(name: str, **ways: object) -> Fake:
    """Make a fake that behaves in these ways; raise BadParameter where it has not got one of them."""
    given = {way: value for way, value in ways.items() if value is not None}
    for way in given:
        if way not in ROLES[name].ways:
            raise click.BadParameter(f"the fake {name} has no such thing", param_hint=f"--{way}")
    return ROLES[name].make(**given)


def _serve(server: FakeServer) -> None:
    """Take SMS until somebody presses Ctrl-C."""
    server.start()
    try:
        while True:
            sleep(3600)
    except KeyboardInterrupt:
        click.echo(f"Took {len(server.fake.taken)} SMS.", err=True)
    finally:
        server.stop()


def _server(played: Fake, bind: tuple[str, int]) -> FakeServer:
    host, port = bind
    try:
        return FakeServer(played, host, port)
    except OSError as exc:
        raise ConfigError(f"--bind {host}:{port} is not to be had: {exc.strerror}") from exc


def _destination(gateway: str | None) -> tuple[str, str]:
    """Give the address of the gateway that gets reports, and its secret as it stands in a path."""
    settings = settings_from_environment()
    secret = quote(settings.callback_secret[0], safe="") if settings.callback_secret else ""
    return gateway or settings.public_url or ADDRESS_OF_RUN, secret


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def _try_state(played: Fake, state: str) -> None:
    """Raise BadParameter where a provider's report cannot say this."""
    try:
        played.report(Taken(id="0", to="32400000000", sender="4414"), state)
    except (ValueError, NotImplementedError) as exc:
        raise click.BadParameter(f"no report can say {state!r}: {exc}", param_hint="--state") from exc


def _in_a_line(taken: Taken, *, reveal: bool) -> str:
    """Show an SMS; its text comes from a handler, which may have it from a phone."""
    content = taken.text or f"udh {taken.udh} data {taken.data}"
    if not (taken.text or taken.data):
        content = ", ".join(f"{name} {value}" for name, value in taken.other)
    to = output.number(taken.to, reveal=reveal)
    return f"SMS {taken.id} to {to} from {one_line(taken.sender)}: {one_line(content)}"
