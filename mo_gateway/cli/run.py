"""`run`, the main job, and what it is made of: `serve` takes messages, `work` handles them."""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import click
import structlog

from mo_gateway import family, scrape
from mo_gateway.credit import Credit
from mo_gateway.dispatch import Dispatcher
from mo_gateway.gateway import open_gateway
from mo_gateway.gateway.handling import consent_with, open_dispatcher, presence_of
from mo_gateway.gateway.routes import open_routes
from mo_gateway.gateway.sending import open_senders, polling_with, sender_with, takeouts_with
from mo_gateway.gateway.upkeep import housekeeping_of, tally_of
from mo_gateway.numbering import load_numbering
from mo_gateway.outbound import Outbound
from mo_gateway.preparation import Preparation
from mo_gateway.questions import Questions
from mo_gateway.settings import Settings
from mo_gateway.store.engine import open_engine
from mo_gateway.store.wake import Listener
from mo_gateway.supervisor import Child, bound_socket, supervise, twin_of
from mo_gateway.worker import Worker

from .setup import settings_from_environment

GIVING_WAY = 10  # of the 19 steps down that the kernel has

log = structlog.get_logger()

parent_fd = click.option("--parent-fd", type=int, hidden=True)
wake_fd = click.option("--wake-fd", type=int, hidden=True)


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", type=click.IntRange(1), help="Server processes.  [default: 2; 1 on SQLite]")
@click.option("--threads", type=click.IntRange(1), default=32, show_default=True, help="Threads of each.")
@click.option(
    "--front",
    type=click.Choice(["asgi", "flask"]),
    default="asgi",
    show_default=True,
    help="Take callbacks on an event loop, or on a thread each.",
)
@click.option(
    "--pin/--no-pin", default=None, help="Keep each process on one CPU.  [default: where there are enough]"
)
@click.option("--work/--no-work", "with_work", default=True, help="Run handlers too, or take messages only.")
def run(bind: str, workers: int | None, threads: int, front: str, pin: bool | None, with_work: bool) -> None:
    """Take messages and run their handlers on this host: the main job.

    Prints the callback URL, with its secret, on stdout. SIGTERM or Ctrl-C ends it within 15 seconds.
    """
    settings = settings_from_environment()
    if with_work:
        for sentence in open_routes(settings).shadowed():  # what is wrong is said before anything starts
            log.warning("route never wins", route=sentence)
    preparation = Preparation(open_engine(settings))
    listener = bound_socket(bind)
    preparation.go_on()
    processes = workers or (1 if settings.is_sqlite else 2)
    pinned = processes <= len(os.sched_getaffinity(0)) if pin is None else pin
    click.echo("Callback URL for the provider:", err=True)
    click.echo(_public_address(settings, listener) + settings.callback_path)
    bell, listening_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    more = processes - 1 if front == "asgi" else 0
    listeners = [listener, *(twin_of(listener) for _ in range(more))]
    serve_arguments = ["serve", "--wake-fd", bell.fileno()]
    for each in listeners:
        serve_arguments += ["--listen-fd", each.fileno()]
    serve_arguments += ["--workers", processes, "--threads", threads, "--front", front]
    serve_arguments += ["--pin" if pinned else "--no-pin"]
    children = [
        Child(
            name="server",
            arguments=tuple(str(argument) for argument in serve_arguments),
            descriptors=(*(each.fileno() for each in listeners), bell.fileno()),
            is_vital=True,
        )
    ]
    if with_work:
        arguments = ("work", "--wake-fd", str(listening_end.fileno()))
        descriptors = (listening_end.fileno(),)
        children.append(
            Child(
                name="worker", arguments=arguments, descriptors=descriptors, is_vital=False, reloads_on_hangup=True
            )
        )
    with TemporaryDirectory(prefix="mo-gateway-") as counters:
        environ = {"PROMETHEUS_MULTIPROC_DIR": counters, **os.environ}
        raise SystemExit(supervise(children, environ, between_looks=preparation.go_on))


@click.command(hidden=True)
@click.option("--listen-fd", "listen_fds", type=int, required=True, multiple=True)
@click.option("--workers", type=int, required=True)
@click.option("--threads", type=int, required=True)
@click.option("--front", required=True)
@click.option("--pin/--no-pin", required=True)
@wake_fd
@parent_fd
def serve(
    listen_fds: Sequence[int],
    workers: int,
    threads: int,
    front: str,
    pin: bool,
    wake_fd: int | None,
    parent_fd: int | None,
) -> None:
    """Take messages on the sockets that `run` has opened."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole family; `run` stops us in order
    from mo_gateway.web import create_app
    from mo_gateway.web.asgi import Front
    from mo_gateway.web.server import ASGI_OPTIONS, PINNING, Server, leave_ctrl_c_to_parent

    settings = settings_from_environment()
    numbering = load_numbering(settings.operators_file)  # now: that file may be broken when a process is exchanged
    ring = family.bell(wake_fd) if wake_fd is not None else lambda: None
    if parent_fd is not None:
        family.stop_with_parent(parent_fd)
    binds = [f"fd://{listen_fd}" for listen_fd in listen_fds]
    options: dict[str, Any] = {"bind": binds, "workers": workers, "threads": threads}
    options |= {"when_ready": leave_ctrl_c_to_parent, "post_worker_init": leave_ctrl_c_to_parent}
    options |= PINNING if pin else {}
    open_ = partial(open_gateway, settings, ring=ring, numbering=numbering)
    if front == "asgi":
        options |= ASGI_OPTIONS
        Server(lambda: Front(open_(), threads=threads), options).run()
    else:
        Server(lambda: create_app(open_()), options).run()


@click.command()
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True, help="Handlers at a time.")
@click.option(
    "--metrics", "metrics_at", metavar="HOST:PORT", help="Show this worker's counters to Prometheus here."
)
@wake_fd
@parent_fd
def work(threads: int, metrics_at: str | None, wake_fd: int | None, parent_fd: int | None) -> None:
    """Run the handlers of stored messages; as many of these as you like, on any host."""
    settings = settings_from_environment()
    hangups: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _frame: hangups.append(number))  # the routes may be read by then
    dispatcher = open_dispatcher(settings, threads=threads)
    outbound = open_outbound(settings, dispatcher)
    worker = Worker(
        dispatcher,
        consent_with(dispatcher.routes, settings, dispatcher.engine, metrics=dispatcher.metrics),
        threads=threads,
        limit=settings.handler_limit.total_seconds(),
        on_replies=outbound.wake,
        on_stopping=outbound.ask_to_stop,
    )
    Listener(dispatcher.engine, worker.wake)
    presence = presence_of(dispatcher, settings)
    tally = tally_of(dispatcher.routes, settings, dispatcher.engine)
    housekeeping = housekeeping_of(settings, dispatcher.engine)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    signal.signal(signal.SIGHUP, lambda *_: presence.want_reload())
    if hangups:
        presence.want_reload()
    if metrics_at:
        scrape.serve(metrics_at, scrape.counters(dispatcher.metrics, settings.metrics_folder))
    if wake_fd is not None:
        family.answer(wake_fd, worker.wake)
    if parent_fd is not None:
        family.stop_with_parent(parent_fd)
        os.nice(GIVING_WAY)  # to the server beside us: in a rush each message is taken first, and handled later
    outbound.start()
    presence.start()
    tally.start()
    housekeeping.start()
    is_stuck = worker.run()
    tally.stop()
    housekeeping.stop()
    outbound.join()
    presence.stop()
    if is_stuck:
        log.error("half of the handlers are stuck: beginning anew")
        os.execv(sys.executable, [sys.executable, "-m", "mo_gateway", *sys.argv[1:]])  # noqa: S606 - ourselves


def open_outbound(settings: Settings, dispatcher: Dispatcher) -> Outbound:
    """Put together what sends replies, beside a dispatcher."""
    engine, metrics, providers = dispatcher.engine, dispatcher.metrics, open_senders(settings)
    sender = sender_with(providers, settings, engine, metrics=metrics)
    polling = polling_with(providers, engine, metrics=metrics)
    questions = Questions(engine=engine, reply_rules=dispatcher.reply_rules, clock=dispatcher.clock)
    takeouts = [takeout.look_after for takeout in takeouts_with(providers, engine)]
    credit = Credit(providers, metrics, dispatcher.clock)
    chores = [sender.look_after, polling.look_after, questions.look_after, *takeouts, credit.look_after]
    return Outbound(sender, threads=settings.send_threads, chores=chores)


def _public_address(settings: Settings, listener: socket.socket) -> str:
    if settings.public_url:
        return settings.public_url
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - to be recognised, not to be bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
