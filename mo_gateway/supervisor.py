"""`run`: a server and a worker as children, started together, stopped together, neither left alone."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic

import structlog

from .errors import ConfigError

PATIENCE_FOR_PORT = 12.0  # seconds; what a killed gateway left behind is gone by then
GRACE = 13.0  # seconds; the children take ten at most
LOOK_EVERY = 0.2  # seconds
MOST_ENDS = 5  # so many ends of children
ENDS_WITHIN = 60.0  # in so many seconds: something is wrong that starting again does not mend

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to start: the arguments of `mo-gateway`, and the descriptors that it is handed."""

    name: str
    arguments: tuple[str, ...]
    descriptors: tuple[int, ...]


def bound_socket(address: str) -> socket.socket:
    """Listen on HOST:PORT, or raise ConfigError; a predecessor that is still leaving gets time to."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"--bind must be HOST:PORT, such as 127.0.0.1:8000, not {address}")
    give_up = monotonic() + PATIENCE_FOR_PORT
    while True:
        try:
            return _listener(host.strip("[]"), int(port))
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or monotonic() > give_up:
                raise ConfigError(f"--bind {address} is not to be had: {exc.strerror}") from exc
        Event().wait(LOOK_EVERY)


def supervise(children: Sequence[Child], environ: Mapping[str, str], between_looks: Callable[[], None]) -> int:
    """Run the children until a signal comes, and give the exit code.

    A child that ends by itself is started again, so that neither is left alone; when they keep ending, all
    are stopped. `between_looks` is called a few times a second.
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Children read `theirs`. Its other end closes when we are gone, however we went, and they end themselves.
    theirs, ours = os.pipe()
    running = {child: _start(child, theirs, environ) for child in children}
    ends: deque[float] = deque(maxlen=MOST_ENDS)
    try:
        while not stop.wait(LOOK_EVERY):
            between_looks()
            for child in [child for child, process in running.items() if process.poll() is not None]:
                log.error("a part ended by itself", part=child.name, code=running[child].returncode)
                ends.append(monotonic())
                if len(ends) == MOST_ENDS and ends[-1] - ends[0] < ENDS_WITHIN:
                    return 1
                running[child] = _start(child, theirs, environ)
    finally:
        _stop(running.values())
        os.close(ours)
        os.close(theirs)
    return 0


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _start(child: Child, parent_pipe: int, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - ourselves, with arguments of our own
        [sys.executable, "-m", "mo_gateway", *child.arguments, "--parent-fd", str(parent_pipe)],
        pass_fds=(*child.descriptors, parent_pipe),
        env=dict(environ),
    )


def _stop(processes: Collection[subprocess.Popen[bytes]]) -> None:
    give_up = monotonic() + GRACE
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, give_up - monotonic()))
        if process.poll() is None:
            log.error("a part did not stop in time and is killed", pid=process.pid)
            process.kill()
            process.wait()
