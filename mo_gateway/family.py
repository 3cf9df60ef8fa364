"""Processes of one `run`: how children notice that their parent is gone, and how they wake one another."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from threading import Thread
from time import sleep

GRACE = 10.0  # seconds between being asked to stop and being stopped


def stop_with_parent(pipe: int) -> None:
    """Send this process SIGTERM when the parent's end of `pipe` closes, however the parent ended."""

    def wait() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        sleep(GRACE)
        os._exit(1)

    Thread(target=wait, name="parent", daemon=True).start()


def bell(descriptor: int) -> Callable[[], None]:
    """Make the function that rings at the other end of a datagram socket; it never waits and never fails."""
    wire = socket.socket(fileno=descriptor)
    wire.setblocking(False)  # noqa: FBT003 - the name says it

    def ring() -> None:
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody is there to be woken
            wire.send(b"!")

    return ring


def answer(descriptor: int, on_ring: Callable[[], None]) -> None:
    """Call `on_ring` each time somebody rings."""
    wire = socket.socket(fileno=descriptor)

    def wait() -> None:
        while wire.recv(1):
            on_ring()

    Thread(target=wait, name="bell", daemon=True).start()
