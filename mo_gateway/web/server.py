"""gunicorn: its settings for this application, and the hooks around its processes.

`mo-gateway run` serves with these; `gunicorn wsgi:app` does so through the project's `gunicorn.conf.py`.
"""

import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from mo_gateway.gateway import Gateway

from . import EXTENSION


class ForwardingLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """Hands gunicorn's lines to our logs, where secrets and numbers are taken out of them."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True


def commit_what_is_left(_server: object, worker: Any) -> None:
    """Let a leaving process commit what it still holds."""
    app = getattr(worker, "wsgi", None)  # a process that failed to boot has none
    gateway: Gateway | None = getattr(app, "extensions", {}).get(EXTENSION)
    if gateway:
        gateway.close()


def leave_ctrl_c_to_parent(_process: object) -> None:
    """Ignore SIGINT: a terminal sends it to everybody, and gunicorn's processes would not end in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def choose_cpu(server: Any, worker: Any) -> None:
    """Give a process that is about to start the CPU that the fewest of its siblings have; in the master."""
    taken = [sibling.cpu for sibling in server.WORKERS.values()]
    worker.cpu = min(sorted(os.sched_getaffinity(0)), key=taken.count)


def pin_to_chosen_cpu(_server: object, worker: Any) -> None:
    """Keep a new process on its CPU: with group commit this nearly doubles the rate; in the process itself."""
    os.sched_setaffinity(0, {worker.cpu})


PINNING: dict[str, Any] = {"pre_fork": choose_cpu, "post_fork": pin_to_chosen_cpu}

OPTIONS: dict[str, Any] = {
    "worker_class": "gthread",
    "workers": 2,
    "threads": 32,  # at least as many as the provider has connections
    "limit_request_line": 8190,  # a ten-part SMS with accents, sent by GET
    "keepalive": 30,
    "graceful_timeout": 10,  # SIGTERM ends everything within 15 s
    "forwarded_allow_ips": "",  # not even loopback may say who called: MO_GATEWAY_TRUSTED_PROXIES decides
    "control_socket_disable": True,  # it would lie in the home folder, shared by all servers of one user
    "logger_class": ForwardingLogger,
    "worker_exit": commit_what_is_left,
}


class Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn inside this program; `make_app` is called in each of its processes, after the fork."""

    def __init__(self, make_app: Callable[[], Flask], options: Mapping[str, Any]) -> None:
        self._make_app = make_app
        self._options = {**OPTIONS, **options}
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()
