"""gunicorn: its settings for this application, and the hooks around its processes.

`mo-gateway run` serves with these; `gunicorn wsgi:app` does so through the project's `gunicorn.conf.py`.
"""

import gc
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers import gasgi

from mo_gateway.gateway import Gateway

from . import EXTENSION
from .deadline import DeadlineProtocol, DeadlineWorker


class ForwardingLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """Hands gunicorn's lines to our logs, where secrets and numbers are taken out of them."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True


def commit_what_is_left(_server: object, worker: Any) -> None:
    """Let a leaving process commit what it still holds."""
    app = getattr(worker, "asgi", None) or getattr(worker, "wsgi", None)  # a process that failed to boot has none
    gateway: Gateway | None = getattr(app, "gateway", None) or getattr(app, "extensions", {}).get(EXTENSION)
    if gateway:
        gateway.close()


def leave_ctrl_c_to_parent(_process: object) -> None:
    """Ignore SIGINT: a terminal sends it to everybody, and gunicorn's processes would not end in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def choose_place(server: Any, worker: Any) -> None:
    """Give a process that is about to start the place that the fewest of its siblings have; in the master."""
    taken = [sibling.place for sibling in server.WORKERS.values()]
    worker.place = min(range(server.num_workers), key=taken.count)


def pin_to_cpu(_server: object, worker: Any) -> None:
    """Keep a new process on the CPU of its place: this nearly doubles the Flask front's rate; in the process."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[worker.place % len(cpus)]})


PINNING: dict[str, Any] = {"post_fork": pin_to_cpu}

OPTIONS: dict[str, Any] = {
    "worker_class": DeadlineWorker,
    "workers": 2,
    "threads": 32,  # at least as many as the provider has connections
    "limit_request_line": 8190,  # a ten-part SMS with accents, sent by GET
    "keepalive": 30,
    "graceful_timeout": 10,  # SIGTERM ends everything within 15 s
    "forwarded_allow_ips": "",  # not even loopback may say who called: MO_GATEWAY_TRUSTED_PROXIES decides
    "control_socket_disable": True,  # it would lie in the home folder, shared by all servers of one user
    "logger_class": ForwardingLogger,
    "pre_fork": choose_place,
    "worker_exit": commit_what_is_left,
}


class LoopWorker(gasgi.ASGIWorker):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's event loop, listening on a socket of its own where there are several.

    On one socket for all, the first process to wake up would take every connection of a provider that opens
    them at once.
    """

    sockets: list[Any]

    def init_process(self) -> None:
        self.connections: set[DeadlineProtocol] = set()
        super().init_process()

    def run(self) -> None:
        gasgi.ASGIProtocol = DeadlineProtocol  # gunicorn has no setting for it
        self.sockets = [self.sockets[self.place % len(self.sockets)]]
        gc.freeze()  # what is loaded by now stays; to look through it for garbage would cost each message a little
        super().run()

    async def _shutdown(self) -> None:
        """Answer what was asked, and part from the rest: gunicorn would wait its whole graceful time for them."""
        for server in self.servers:
            server.close()
        for connection in tuple(self.connections):
            connection.part_if_idle()
        await super()._shutdown()


#: What is different where callbacks are taken by an event loop.
ASGI_OPTIONS: dict[str, Any] = {
    "worker_class": LoopWorker,
    "threads": 1,  # it has threads of its own
    "asgi_lifespan": "off",
}


class Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn inside this program; `make_app` is called in each of its processes, after the fork.

    It makes a WSGI application, or an ASGI one with ASGI_OPTIONS.
    """

    def __init__(self, make_app: Callable[[], Any], options: Mapping[str, Any]) -> None:
        self._make_app = make_app
        self._options = {**OPTIONS, **options}
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make_app()
