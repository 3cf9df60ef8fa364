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
from time import monotonic, sleep

import structlog

from .errors import ConfigError

PATIENCE_FOR_PORT = 20.0  # seconds; what a killed gateway left behind is gone by then, also on a busy host
BACKLOG = 2048  # connections that wait to be accepted
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
    is_vital: bool  #: when it keeps ending, all is over; another one only is started less often
    reloads_on_hangup: bool = False  #: SIGHUP is for it, and it knows what to do


class Part:
    """A child while `run` lives: its process, and how often it has ended by itself."""

    def __init__(self, child: Child, start: Callable[[Child], subprocess.Popen[bytes]]) -> None:
        self.child = child
        self._start = start
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)
        self.process: subprocess.Popen[bytes] | None = start(child)

    def look(self) -> None:
        """Start it again where it has ended by itself, but not too often."""
        if self.process and self.process.poll() is not None:
            log.error("a part ended by itself", part=self.child.name, code=self.process.returncode)
            self._ends.append(monotonic())
            self.process = None
        if not self.process and not self.keeps_ending():
            self.process = self._start(self.child)

    def reload(self) -> None:
        """Have it load anew what it can."""
        if self.process and self.child.reloads_on_hangup:
            self.process.send_signal(signal.SIGHUP)

    def keeps_ending(self) -> bool:
        """Tell whether something is wrong with it that starting it again does not mend."""
        return len(self._ends) == MOST_ENDS and monotonic() - self._ends[0] < ENDS_WITHIN


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
        sleep(LOOK_EVERY)


def twin_of(listener: socket.socket) -> socket.socket:
    """Listen at the same address once more: the kernel spreads connections evenly over such sockets."""
    twin = socket.socket(listener.family)
    twin.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    twin.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    twin.bind(listener.getsockname())
    twin.listen(BACKLOG)
    return twin


def supervise(children: Sequence[Child], environ: Mapping[str, str], between_looks: Callable[[], None]) -> int:
    """Run the children until a signal comes, and give the exit code; SIGHUP is passed on to those that reload.

    A child that ends by itself is started again, so that neither is left alone. A worker that keeps ending,
    such as by a message that kills it, never takes the server along: what comes in is still stored.
    `between_looks` is called a few times a second.
    """
    signals: list[int] = []  # not an Event: its lock may be held by the very thread that the signal interrupts
    hangups: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: signals.append(number))
    signal.signal(signal.SIGHUP, lambda number, _frame: hangups.append(number))
    # Children read `theirs`. Its other end closes when we are gone, however we went, and they end themselves.
    theirs, ours = os.pipe()
    parts = [Part(child, lambda child: _start(child, theirs, environ)) for child in children]
    try:
        while not signals:
            sleep(LOOK_EVERY)
            between_looks()
            while hangups:
                hangups.pop()
                for part in parts:
                    part.reload()
            for part in parts:
                part.look()
                if part.child.is_vital and part.keeps_ending():
                    return 1
    finally:
        _stop([part.process for part in parts if part.process])
        os.close(ours)
        os.close(theirs)
    return 0


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # not before: a port in use is an error
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _start(child: Child, parent_pipe: int, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - ourselves, with arguments of our own
        [sys.executable, "-m", "mo_gateway", *child.arguments, "--parent-fd", str(parent_pipe)],
        pass_fds=(*child.descriptors, parent_pipe),
        env=dict(environ),
        preexec_fn=_ignore_signals_of_the_terminal,
    )


def _ignore_signals_of_the_terminal() -> None:
    """Let a child that is still starting not be ended by what reaches the whole family; it sets its own later."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


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
